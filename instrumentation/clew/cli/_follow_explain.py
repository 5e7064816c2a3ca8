"""The cause section in words: the same sentences for the terminal and for the page."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

from clew import _names
from clew.cli import _follow_cause, _follow_usual
from clew.cli._follow_cause import MAX_CAUSES, Cause
from clew.cli._follow_gather import Found, Trace
from clew.cli._follow_usual import Slow
from clew.readers import Reader, Span

_MOST_USUAL = 5  # traces
_LONGEST = 240  # characters of a line of the section

HEAD, PROBLEM, PLACE, LINE, MORE = "head", "problem", "place", "line", "more"
CAUSE, ON_THE_WAY, SLOW = "cause", "on the way", "slow"


@dataclass(frozen=True)
class Explanation:
    """Why one trace went as it did; empty where nothing failed and nothing was slow."""

    causes: tuple[Cause, ...] = ()
    slow: tuple[Slow, ...] = ()
    made_good: bool = False


@dataclass(frozen=True)
class Part:
    """One line of the section: its `kind` (HEAD, …) and its text. `title` only on a HEAD."""

    kind: str
    text: str
    title: str = ""


def explain(reader: Reader, found: Found) -> tuple[Explanation, ...]:
    """One explanation for each trace that was found, in their order.

    What is usual is asked for the first few only: each trace needs several questions.
    """
    return tuple(
        _of_trace(trace, _follow_usual.slow(reader, trace) if number < _MOST_USUAL else ())
        for number, trace in enumerate(found.traces)
    )


def parts(explanation: Explanation) -> Iterator[Part]:
    """The section's lines, the deepest cause first."""
    title = ON_THE_WAY if explanation.made_good else CAUSE
    for cause in explanation.causes[:MAX_CAUSES]:
        yield from _of_cause(cause, title)
    left_out = len(explanation.causes) - MAX_CAUSES
    if left_out > 0:
        yield Part(MORE, f"{left_out} other failures stand in the timeline")
    alike: dict[tuple[str, str], list[Slow]] = {}
    for slow in explanation.slow:
        # Who only waited for a slow one says nothing new.
        if slow.of_its_own:
            alike.setdefault((slow.span.service, slow.span.name), []).append(slow)
    for group in alike.values():
        yield Part(HEAD, f"{span_text(group[0].span)}  {slow_words(group[0])}", SLOW)
        if len(group) > 1:
            yield Part(MORE, f"and {len(group) - 1} more like it")


def span_text(span: Span) -> str:
    """Service, name, status code and, for calls and messages, the kind."""
    words = [span.service, _name(span)]
    status = span.attributes.get(_names.HTTP_RESPONSE_STATUS_CODE)
    if status is not None:
        words.append(str(status))
    if span.kind in ("CLIENT", "PRODUCER", "CONSUMER"):
        words.append(f"({span.kind.lower()})")
    return "  ".join(words)


def _name(span: Span) -> str:
    """The span's name, with the path where the name has none: calls, and requests unrouted."""
    path = str(span.attributes.get(_names.URL_PATH, ""))
    if not path:
        path = urlsplit(str(span.attributes.get(_names.URL_FULL, ""))).path
    return f"{span.name} {path}" if path and "/" not in span.name else span.name


def slow_words(slow: Slow) -> str:
    """How long it took, and how long is usual."""
    assert slow.usual.p95_s is not None
    return (
        f"took {slow.span.duration_s * 1000:.1f} ms; usually 95 of 100 take at most "
        f"{slow.usual.p95_s * 1000:.1f} ms ({slow.usual.requests} requests in the hour before)"
    )


def _of_trace(trace: Trace, slow: tuple[Slow, ...]) -> Explanation:
    causes = _follow_cause.causes(trace)
    return Explanation(causes, slow, bool(causes) and _follow_cause.made_good(trace))


def _of_cause(cause: Cause, title: str) -> Iterator[Part]:
    line = cause.line
    head = cause.service if cause.span is None else span_text(cause.span)
    if cause.waited_ms is not None and cause.span is not None:
        took = cause.span.duration_s * 1000
        head += f"  took {took:.1f} ms; {cause.caller} gave up after {cause.waited_ms:.1f} ms"
    yield Part(HEAD, head, title)
    if cause.problem is not None:
        what = ": ".join(part for part in (cause.problem.type, cause.problem.message) if part)
        yield Part(PROBLEM, _short(what))
        if cause.problem.place:
            yield Part(PLACE, f"at {cause.problem.place}")
    if line is not None:
        logger = f"{line.logger}: " if line.logger else ""
        where = "" if line.service == cause.service else f"{line.service} "
        yield Part(LINE, _short(f"{where}{line.severity} {logger}{line.message}"))
    if cause.alike:
        yield Part(MORE, f"and {cause.alike} more like it")


def _short(text: str) -> str:
    # Some exceptions bring pages; the timeline below has all of it.
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."
