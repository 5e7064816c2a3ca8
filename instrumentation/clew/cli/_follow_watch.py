"""Looking again and again at a request that still runs."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from clew.cli._follow_gather import Found, gather
from clew.cli._follow_target import Target
from clew.readers import Reader, Window

EVERY_S = 1.0

Size = tuple[tuple[int, int], ...]


def looks(
    reader: Reader,
    target: Target,
    since_s: float,
    now_ns: Callable[[], int],
    pause: Callable[[float], None],
) -> Iterator[Found]:
    """What is there now, and again whenever there is more; without an end."""
    before: Size | None = None
    while True:
        found = gather(reader, target, Window.back_from(now_ns(), since_s))
        now = size(found)
        if now != before:
            yield found
        before = now
        pause(EVERY_S)


def size(found: Found) -> Size:
    """Spans and lines of each trace, and the lines outside of any: by these it grows."""
    traces = tuple((len(trace.spans), len(trace.lines)) for trace in found.traces)
    return (*traces, (0, len(found.loose_lines)))


def unfinished(found: Found) -> int:
    """How many spans are known only by their children: they have not ended, or will never arrive.

    A span is sent when it ends, so a request that runs shows what it has done, not itself.
    """
    return sum(
        len({s.parent_id for s in trace.spans if s.parent_id} - {s.span_id for s in trace.spans})
        for trace in found.traces
    )
