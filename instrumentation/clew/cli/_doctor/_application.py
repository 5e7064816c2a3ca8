"""What was seen of an application while it ran."""

from __future__ import annotations

from collections.abc import Iterator

from clew.cli._doctor import _variables
from clew.cli._doctor._report import Report
from clew.cli._doctor._result import Result, good, problem, skipped
from clew.cli._doctor._surroundings import Surroundings
from clew.cli._doctor._variables import DOUBLE

CONTEXT, LOGGING = "context", "logging"

_NEEDED = "needs the application: clew doctor module:app, or clew doctor -- CMD..."
_UNSEEN = "the application made no telemetry while it was watched"


def check(around: Surroundings) -> Iterator[Result]:
    """Context lost on threads, what is instrumented twice, logging that was taken over."""
    upstream = _variables.upstream(around)
    reports = around.reports
    if reports is None or not reports:
        reason = _NEEDED if reports is None else _UNSEEN
        yield skipped(CONTEXT, reason)
        yield upstream or skipped(DOUBLE, reason)
        yield skipped(LOGGING, reason)
        return
    requests = sum(report.requests for report in reports)
    yield _context(reports, requests)
    yield upstream or _double(reports, requests)
    yield _logging(reports)


def _context(reports: tuple[Report, ...], requests: int) -> Result:
    lost = list(dict.fromkeys(name for report in reports for name in report.lost))
    if not lost:
        if not requests:
            return skipped(CONTEXT, "no request came while it was watched")
        return good(CONTEXT, f"kept in all threads that {requests} requests started")
    return problem(
        CONTEXT,
        f"lost on another thread: {', '.join(lost[:4])}",
        "Its spans begin traces of their own, and its log lines carry no ids: they are not found "
        "from the request.",
        "Take the context along: executor.submit(contextvars.copy_context().run, work), or "
        "asyncio.to_thread, which does so; or install opentelemetry-instrumentation-threading and "
        "call ThreadingInstrumentor().instrument().",
    )


def _double(reports: tuple[Report, ...], requests: int) -> Result:
    pairs = list(dict.fromkeys(pair for report in reports for pair in report.double))
    if not pairs:
        if not requests:
            return skipped(DOUBLE, "no request came while it was watched")
        return good(DOUBLE, "no request or call made two spans of a kind")
    return problem(
        DOUBLE,
        f"the same was told by {'; by '.join(pairs[:3])}",
        "Each request makes two spans and is counted twice.",
        "Remove the application's own instrumentor (FastAPIInstrumentor and the like), or switch "
        "clew's off with OTEL_PYTHON_DISABLED_INSTRUMENTATIONS.",
    )


def _logging(reports: tuple[Report, ...]) -> Result:
    without = [report for report in reports if not report.clew_handles]
    if not without:
        return good(LOGGING, "clew's handler is on the root logger")
    left = ", ".join(without[0].handlers) or "none"
    return problem(
        LOGGING,
        f"clew's handler was taken off the root logger; there are: {left}",
        "Log lines have no ids on stdout and do not go out by OTLP: a trace has no lines.",
        "Configure logging by logging.basicConfig, dictConfig or fileConfig, after which clew puts "
        "its handler back; do not empty logging.root.handlers.",
    )
