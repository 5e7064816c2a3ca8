"""Whatever a store returns, `follow` explains and shows it: broken trees, loops, odd values."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as some

from clew.cli._follow_cause import causes
from clew.cli._follow_explain import explain, parts
from clew.cli._follow_gather import Found, Trace
from clew.cli._follow_html import as_html
from clew.cli._follow_json import as_json
from clew.cli._follow_render import render
from clew.cli._follow_style import Style
from clew.readers import Event, LogLine, RouteStats, Span, TraceId
from tests.readers.memory import MOMENT, MS, TRACE, MemoryReader
from tests.support import examples

examples.load_profile()

_IDS = some.sampled_from([f"{number:016x}" for number in range(1, 7)])
_CODES = some.sampled_from([None, 0, 200, 402, 404, 500, "500", 2.5])
_EVENTS = some.sampled_from([(), (Event(MOMENT, "exception", {"exception.type": "E"}),)])


@some.composite
def spans(draw: some.DrawFn) -> Span:
    start = MOMENT + draw(some.integers(0, 50)) * MS
    code = draw(_CODES)
    return Span(
        TRACE,
        draw(_IDS),
        draw(some.one_of(some.just(""), _IDS)),
        draw(some.sampled_from(["gateway", "users"])),
        draw(some.sampled_from(["GET", "GET /users"])),
        draw(some.sampled_from(["SERVER", "CLIENT", "INTERNAL", "PRODUCER", "CONSUMER"])),
        start,
        start + draw(some.integers(-1, 50)) * MS,  # clocks go back, too
        draw(some.sampled_from(["UNSET", "ERROR", "OK"])),
        attributes={} if code is None else {"http.response.status_code": code},
        events=draw(_EVENTS),
    )


@some.composite
def lines(draw: some.DrawFn) -> LogLine:
    severity = draw(some.sampled_from(["", "INFO", "WARN", "ERROR", "FATAL", "odd"]))
    at = MOMENT + draw(some.integers(-5, 60)) * MS
    return LogLine(at, "users", severity, "app", draw(some.text(max_size=8)), TRACE, draw(_IDS))


@given(some.lists(spans(), max_size=8), some.lists(lines(), max_size=4))
def test_any_trace_is_told(made: list[Span], said: list[LogLine]) -> None:
    """Nothing fails; where a span failed, there is a cause, of which a span or a line tells."""
    if not made and not said:
        return
    unique = tuple({span.span_id: span for span in made}.values())
    trace = Trace(TRACE, unique, tuple(said), ())
    stats = tuple(
        RouteStats(service, name, 100, 0, 1.0, 0.001, 0.002)
        for service in ("gateway", "users")
        for name in ("GET", "GET /users")
    )
    found = Found(TraceId(TRACE), (trace,))
    why = explain(MemoryReader(stats=stats), found)
    text = render(found, Style(width=80), why)
    assert as_html(found, why) and as_json(found, why)
    told = causes(trace)
    assert all(one.span is not None or one.line is not None for one in told)
    if any(span.status == "ERROR" for span in unique):
        assert told
        assert next(parts(why[0])).text.split()[0] in text
