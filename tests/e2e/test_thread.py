"""One known request, found again in every signal of every service it went through."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import pytest

from clew.readers import Span, TraceId
from tests.e2e.services import SERVICES, Service
from tests.e2e.shop import Sent, Shop
from tests.e2e.wait import wait_until

CHAIN = (("gateway", "SERVER"), ("gateway", "CLIENT"), ("users", "SERVER"))
"""The known request's spans, each the parent of the next."""

LINES = 2
"""Log lines that each service writes for it: one of its own and the access line."""

BUCKETS = "http_server_request_duration_seconds_bucket"


def check_traces(shop: Shop, sent: Sent, service: Service) -> None:
    """A SERVER span with the route and the correlation id."""
    [span] = [
        span
        for span in shop.spans(sent.trace_id, len(CHAIN))
        if (span.service, span.kind) == (service.name, "SERVER")
    ]
    assert span.name == f"GET {service.route}"
    assert span.attributes["http.request.method"] == "GET"
    assert span.attributes["http.route"] == service.route
    assert span.attributes["http.response.status_code"] == 200
    assert span.attributes["correlation_id"] == sent.correlation_id.value
    assert span.status == "UNSET"


def check_logs(shop: Shop, sent: Sent, service: Service) -> None:
    """Its lines carry the trace id, the correlation id and the id of its own span."""
    lines = shop.lines(sent.correlation_id, service.name, LINES)
    own = {span.span_id for span in shop.spans(sent.trace_id, 3) if span.service == service.name}
    assert len(lines) == LINES
    assert {line.trace_id for line in lines} == {sent.trace_id.value}
    assert {line.span_id for line in lines} <= own
    assert shop.lines(sent.trace_id, service.name, LINES) == lines
    assert [line.logger for line in lines][-1] == "clew.access"


def check_stdout(shop: Shop, sent: Sent, service: Service) -> None:
    """What is stored is what it printed: the same lines, ids and times."""
    stored = shop.lines(sent.correlation_id, service.name, LINES)
    printed = shop.services[service.name].lines(sent.correlation_id.value)
    assert [
        (line["message"], line["level"], line["logger"], line["trace_id"], line["span_id"])
        for line in printed
    ] == [
        (line.message, line.severity, line.logger, line.trace_id, line.span_id) for line in stored
    ]
    assert {line["service.name"] for line in printed} == {service.name}
    for line, other in zip(printed, stored, strict=True):
        written = datetime.fromisoformat(line["timestamp"].replace("Z", "+00:00"))
        assert abs(written.timestamp() * 1e6 - other.time_ns / 1e3) <= 2


def check_metrics(shop: Shop, sent: Sent, service: Service) -> None:
    """The route's histogram has an exemplar that leads to a trace with this service in it."""
    labels = {"service_name": service.name, "http_route": service.route}

    def led_to() -> tuple[Span, ...]:
        for exemplar in shop.reader.exemplars(BUCKETS, labels, shop.window()):
            spans = shop.reader.trace(TraceId(exemplar.trace_id))
            if any(span.span_id == exemplar.span_id for span in spans):
                return tuple(span for span in spans if span.service == service.name)
        return ()

    assert wait_until(led_to, f"an exemplar of {service.name} whose trace is there")


SIGNALS: dict[str, Callable[[Shop, Sent, Service], None]] = {
    "traces": check_traces,
    "logs": check_logs,
    "stdout": check_stdout,
    "metrics": check_metrics,
}


@pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.name)
@pytest.mark.parametrize("signal", SIGNALS)
def test_the_request_is_seen(shop: Shop, found: Sent, signal: str, service: Service) -> None:
    """Every signal of every service tells of the known request."""
    SIGNALS[signal](shop, found, service)


def test_the_request_is_one_trace(shop: Shop, found: Sent) -> None:
    """The caller's trace goes on through all services, span under span, the id on each."""
    spans = shop.spans(found.trace_id, len(CHAIN))
    assert len(spans) == len(CHAIN)
    parent = found.parent_id
    for service, kind in CHAIN:
        [span] = [one for one in spans if one.parent_id == parent]
        assert (span.service, span.kind) == (service, kind)
        assert span.attributes["correlation_id"] == found.correlation_id.value
        parent = span.span_id


def test_the_correlation_id_leads_to_the_trace(shop: Shop, found: Sent) -> None:
    """The one trace of that id."""
    shop.spans(found.trace_id, len(CHAIN))
    ids = shop.reader.trace_ids(found.correlation_id, shop.window())
    assert ids == (found.trace_id.value,)


def test_the_answer_carries_the_id(found: Sent) -> None:
    """The caller's own id comes back."""
    assert found.status == 200
    assert found.headers["x-correlation-id"] == found.correlation_id.value
