"""Which span of a trace is told as the cause, on fixed data."""

from __future__ import annotations

from dataclasses import replace

from clew.cli._follow_cause import causes, made_good
from clew.cli._follow_explain import Explanation, parts
from clew.cli._follow_gather import Trace
from clew.cli._follow_usual import LEAST_REQUESTS, slow
from clew.readers import Event, LogLine, RouteStats, Span
from tests.readers.memory import CALL, ENTRY, LOOKUP, MOMENT, MS, TRACE, MemoryReader

BOOM = Event(MOMENT + 6 * MS, "exception", {"exception.type": "E", "exception.message": "boom"})


def trace(*spans: Span, lines: tuple[LogLine, ...] = ()) -> Trace:
    return Trace(TRACE, spans, lines, ())


def answered(span: Span, code: int, **changes: object) -> Span:
    attributes = {**span.attributes, "http.response.status_code": code}
    return replace(span, attributes=attributes, **changes)  # type: ignore[arg-type]


def line(span: Span, severity: str, message: str, logger: str = "app") -> LogLine:
    return LogLine(MOMENT + 7 * MS, span.service, severity, logger, message, TRACE, span.span_id)


FAILED = (
    answered(ENTRY, 500, status="ERROR"),
    answered(CALL, 500, status="ERROR"),
    answered(LOOKUP, 500, status="ERROR", events=(BOOM,)),
)


def test_the_deepest_failure_is_the_cause() -> None:
    """Those above only passed it on."""
    [cause] = causes(trace(*FAILED))
    assert (cause.service, cause.span) == ("users", FAILED[2])
    assert cause.problem and (cause.problem.type, cause.problem.message) == ("E", "boom")


def test_the_worst_line_of_that_span_is_told() -> None:
    """Errors before warnings, and an access line only where there is no other."""
    access = line(LOOKUP, "ERROR", "GET 500", "clew.access")
    warned, failed = line(LOOKUP, "WARN", "hm"), line(LOOKUP, "ERROR", "it broke")
    [cause] = causes(trace(*FAILED, lines=(access, warned, failed)))
    assert cause.line == failed
    [cause] = causes(trace(*FAILED, lines=(access, line(ENTRY, "ERROR", "users failed"))))
    assert cause.line == access


def test_a_line_of_the_caller_stands_in_for_a_span_that_logged_nothing() -> None:
    """The nearest above that has one."""
    [cause] = causes(trace(*FAILED, lines=(line(ENTRY, "ERROR", "users failed"),)))
    assert cause.line and cause.line.message == "users failed"


def test_a_refused_call_leads_to_who_refused() -> None:
    """A 4xx is an error of the client's span alone; the reason stands in the server's."""
    refused = (answered(ENTRY, 402), answered(CALL, 402, status="ERROR"), answered(LOOKUP, 402))
    [cause] = causes(trace(*refused, lines=(line(LOOKUP, "WARN", "declined"),)))
    assert (cause.service, cause.line and cause.line.message) == ("users", "declined")


def test_a_call_that_gave_up_leads_to_who_was_slow() -> None:
    """The callee went on after the caller had gone; nothing in it failed."""
    gone = replace(CALL, status="ERROR", events=(BOOM,), attributes={})
    late = replace(LOOKUP, end_ns=CALL.end_ns + 500 * MS)
    [cause] = causes(trace(answered(ENTRY, 503, status="ERROR"), gone, late))
    assert (cause.service, cause.caller, cause.waited_ms) == ("users", "gateway", 8.0)
    assert cause.problem and cause.problem.message == "boom"


def test_where_nobody_saw_the_request_the_caller_has_the_cause() -> None:
    """A connection that was refused has no other side."""
    [cause] = causes(trace(answered(ENTRY, 503), replace(CALL, status="ERROR", events=(BOOM,))))
    assert (cause.service, cause.span and cause.span.kind) == ("gateway", "CLIENT")


def test_an_exception_beneath_a_failure_counts_without_a_status() -> None:
    """gRPC servers record it and leave the status; without a failure above it was handled."""
    quiet = replace(LOOKUP, status="UNSET", events=(BOOM,))
    [cause] = causes(trace(ENTRY, replace(CALL, status="ERROR"), quiet))
    assert cause.service == "users"
    assert causes(trace(ENTRY, CALL, quiet)) == ()


def test_attempts_that_failed_alike_are_told_once() -> None:
    """The first, with the number of the others; another failure stands by itself."""
    again = replace(FAILED[2], span_id="5555555555555555", start_ns=MOMENT + 9 * MS)
    other = replace(again, span_id="6666666666666666", name="POST /else")
    found = causes(trace(*FAILED, again, other))
    assert [(one.span and one.span.name, one.alike) for one in found] == [
        (LOOKUP.name, 1),
        ("POST /else", 0),
    ]


def test_a_plain_refusal_has_a_cause() -> None:
    """404 of a server is no error of its span; it is told all the same."""
    [cause] = causes(trace(answered(ENTRY, 404), lines=(line(ENTRY, "WARN", "no such user"),)))
    assert cause.line and cause.line.message == "no such user"


def test_an_error_that_was_only_logged_is_a_cause() -> None:
    """With the span that it was logged in."""
    [cause] = causes(trace(ENTRY, lines=(line(ENTRY, "ERROR", "the broker is away"),)))
    assert cause.span == ENTRY
    assert causes(trace(ENTRY, lines=(line(ENTRY, "WARN", "hm"),))) == ()


def test_what_was_made_good_is_not_called_the_cause() -> None:
    """The request was answered well after a failed attempt; 202 is only a promise."""
    failed = replace(CALL, status="ERROR")
    for code, good in ((200, True), (202, False), (503, False)):
        whole = trace(answered(ENTRY, code), failed)
        assert made_good(whole) is good
        heads = [p.title for p in parts(Explanation(causes(whole), (), made_good(whole)))]
        assert heads[0] == ("on the way" if good else "cause")


USUAL = RouteStats("users", LOOKUP.name, LEAST_REQUESTS, 0, 1.0, 0.001, 0.002)


def test_slow_is_what_takes_longer_than_usual() -> None:
    """Against the route's own p95; a request that is as ever is not told."""
    found = slow(MemoryReader(stats=(USUAL,)), trace(ENTRY, CALL, LOOKUP))
    assert [(one.span, one.usual) for one in found] == [(LOOKUP, USUAL)]
    assert slow(MemoryReader(stats=(replace(USUAL, p95_s=0.004),)), trace(LOOKUP)) == ()


def test_too_few_requests_say_nothing_of_the_usual() -> None:
    """A p95 of a handful is a coincidence."""
    few = replace(USUAL, requests=LEAST_REQUESTS - 1)
    assert slow(MemoryReader(stats=(few,)), trace(LOOKUP)) == ()


def test_who_waited_for_a_slow_one_is_not_slow_itself() -> None:
    """Only the deepest is told in words."""
    gateway = replace(USUAL, service="gateway", name=ENTRY.name)
    quick = replace(ENTRY, end_ns=ENTRY.start_ns + 6 * MS)
    found = slow(MemoryReader(stats=(USUAL, gateway)), trace(quick, CALL, LOOKUP))
    assert [(one.span.service, one.of_its_own) for one in found] == [
        ("users", True),
        ("gateway", False),
    ]
    told = [part.text for part in parts(Explanation(slow=found))]
    assert len(told) == 1 and told[0].startswith("users")
    assert "took 4.0 ms; usually 95 of 100 take at most 2.0 ms (20 requests" in told[0]


def test_a_store_of_metrics_that_is_down_spoils_nothing() -> None:
    """What is usual is an extra."""
    assert slow(MemoryReader(stats=(USUAL,), down=frozenset({"metrics"})), trace(LOOKUP)) == ()


def test_a_call_that_was_answered_did_not_give_up() -> None:
    """Clocks differ: a callee that seems to end later is not blamed for its time."""
    answered_500 = answered(CALL, 500, status="ERROR")
    skewed = replace(LOOKUP, end_ns=CALL.end_ns + 500 * MS)
    [cause] = causes(trace(answered(ENTRY, 502, status="ERROR"), answered_500, skewed))
    assert (cause.service, cause.caller) == ("gateway", "")
