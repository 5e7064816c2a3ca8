"""What was found, as one page without scripts and without anything from elsewhere, for a ticket."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape
from pathlib import Path

from clew.cli import _follow_tree as tree
from clew.cli._follow_explain import CAUSE, HEAD, Explanation, parts, span_text
from clew.cli._follow_gather import Found, Trace
from clew.cli._follow_render import headline
from clew.cli._follow_style import clean, milliseconds, moment
from clew.readers import Link, LogLine, Span

_STYLE = Path(__file__).with_name("_follow_page.css")
# Nothing may load and no script may run, whatever a service has logged.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"


def as_html(found: Found, why: Sequence[Explanation]) -> str:
    """The whole page."""
    return "\n".join(_page(found, why)) + "\n"


def _page(found: Found, why: Sequence[Explanation]) -> Iterator[str]:
    title = _text(headline(found))
    yield '<!doctype html><html lang="en"><head><meta charset="utf-8">'
    yield f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
    yield '<meta name="viewport" content="width=device-width">'
    yield f"<title>{_text(found.id.value)}</title>"
    yield f"<style>{_STYLE.read_text(encoding='utf-8')}</style></head><body>"
    yield f"<h1>{title}</h1>"
    for trace, explanation in zip(found.traces, why, strict=True):
        yield from _section(trace, explanation)
    if found.loose_lines:
        yield "<h2>log lines outside of any trace</h2><table>"
        for line in found.loose_lines:
            words = f"{line.service} {_line_text(line)}"
            yield f"<tr><td class=number>{moment(line.time_ns)}<td>{_text(words)}"
        yield "</table>"
    for note in (*found.notes, *found.problems):
        yield f"<p class=note>{_text(note)}</p>"
    yield "</body></html>"


def _section(trace: Trace, why: Explanation) -> Iterator[str]:
    start, end = tree.start_ns(trace), tree.end_ns(trace)
    took = milliseconds(end - start).strip()
    yield f"<h2>trace <code>{trace.trace_id}</code> <small>{moment(start)}, {took} ms</small></h2>"
    yield from _cause(why)
    yield "<table class=timeline><tr><th>start ms<th>took ms<th class=time><th>"
    for row in tree.rows(trace):
        yield from _row(row, start, max(1, end - start))
    yield "</table>"
    yield from _links(trace.links)


def _cause(why: Explanation) -> Iterator[str]:
    told = list(parts(why))
    if not told:
        return
    yield "<div class=why>"
    for part in told:
        if part.kind == HEAD:
            failed = " class=failed" if part.title == CAUSE else ""
            yield f"<p class=head><b{failed}>{part.title}</b> {_text(part.text)}</p>"
        else:
            yield f"<p class={part.kind}>{_text(part.text)}</p>"
    yield "</div>"


def _row(row: tree.Row, start: int, length: int) -> Iterator[str]:
    item = row.item
    left = (row.time_ns - start) / length * 100
    indent = f'style="padding-left:{row.depth * 1.2:.1f}em"'
    begin = milliseconds(row.time_ns - start)
    if isinstance(item, LogLine):
        bad = " class=failed" if item.severity in ("ERROR", "FATAL", "CRITICAL") else ""
        yield f"<tr{bad}><td class=number>{begin}<td><td class=time>"
        yield f'<div class=lane><i class=tick style="left:{left:.2f}%"></i></div>'
        yield f"<td {indent} class=log>{_text(_line_text(item))}"
    else:
        failed = " class=failed" if item.status == "ERROR" else ""
        width = max(0.3, (item.end_ns - item.start_ns) / length * 100)
        took = milliseconds(item.end_ns - item.start_ns)
        yield f"<tr{failed}><td class=number>{begin}<td class=number>{took}<td class=time>"
        bar = f'<i class=bar style="left:{left:.2f}%;width:{width:.2f}%"></i>'
        yield f"<div class=lane>{bar}</div>"
        yield f"<td {indent}><details><summary>{_text(span_text(item))}</summary>"
        yield from _detail(item)
        yield "</details>"
    problem = tree.problem(item)
    if problem is not None:
        what = ": ".join(part for part in (problem.type, problem.message) if part)
        yield f"<p class=problem>{_text(what)}</p>"
        if problem.stack:
            stack = "\n".join(clean(line) for line in problem.stack.splitlines())
            yield f"<details><summary>stack</summary><pre>{escape(stack)}</pre></details>"


def _detail(span: Span) -> Iterator[str]:
    yield "<dl>"
    for key, value in sorted(span.attributes.items()):
        yield f"<dt>{_text(key)}<dd>{_text(str(value))}"
    yield "</dl>"


def _links(links: Sequence[Link]) -> Iterator[str]:
    if links:
        made = (f'<a href="{escape(link.url)}">{_text(link.title)}</a>' for link in links)
        yield f"<p>{', '.join(made)}</p>"


def _line_text(line: LogLine) -> str:
    logger = f"{line.logger}: " if line.logger else ""
    return f"{line.severity or 'LOG'} {logger}{line.message}"


def _text(text: str) -> str:
    return escape(clean(text))
