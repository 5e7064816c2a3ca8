"""A request that finds nothing, and one that breaks."""

from __future__ import annotations

import pytest

from tests.e2e.services import SERVICES
from tests.e2e.shop import Sent, Shop


def test_a_404_is_one_trace_and_no_error_of_the_servers(shop: Shop, missing: Sent) -> None:
    """Both services answer 404; by convention that is an error for the caller only.

    https://opentelemetry.io/docs/specs/semconv/http/http-spans/#status
    """
    spans = shop.spans(missing.trace_id, 3)
    assert missing.status == 404
    assert [span.attributes["http.response.status_code"] for span in spans] == [404, 404, 404]
    assert [(span.kind, span.status) for span in spans] == [
        ("SERVER", "UNSET"),
        ("CLIENT", "ERROR"),
        ("SERVER", "UNSET"),
    ]


@pytest.mark.parametrize("service", [service.name for service in SERVICES])
def test_a_404_is_logged_with_its_ids(shop: Shop, missing: Sent, service: str) -> None:
    """The lines of both services are found by the id; so is the answer's header."""
    lines = shop.lines(missing.correlation_id, service, 2)
    assert {line.trace_id for line in lines} == {missing.trace_id.value}
    assert missing.headers["x-correlation-id"] == missing.correlation_id.value
    if service == "users":
        # OpenTelemetry's SDK shortens Python's WARNING to the specification's short name.
        assert (lines[0].severity, lines[0].message) == ("WARN", "no user 999")


def test_an_unhandled_error_is_answered_with_its_id(failed: Sent) -> None:
    """The 500 carries the id by which the caller can report it."""
    assert failed.status == 500
    assert failed.headers["x-correlation-id"] == failed.correlation_id.value


def test_an_unhandled_error_is_on_its_span(shop: Shop, failed: Sent) -> None:
    """Status ERROR, and an exception event with type, message and stack trace."""
    [span] = shop.spans(failed.trace_id, 1)
    assert (span.service, span.name, span.status) == ("gateway", "GET /fail", "ERROR")
    assert span.attributes["http.response.status_code"] == 500
    assert span.attributes["error.type"] == "RuntimeError"
    assert span.attributes["correlation_id"] == failed.correlation_id.value
    [event] = [event for event in span.events if event.name == "exception"]
    assert event.attributes["exception.type"] == "RuntimeError"
    assert "nobody handles this" in str(event.attributes["exception.message"])
    assert "in fail\n" in str(event.attributes["exception.stacktrace"])


def test_an_unhandled_error_is_logged_with_its_stack(shop: Shop, failed: Sent) -> None:
    """One line, stored and printed, has the stack trace and the ids."""
    lines = shop.lines(failed.correlation_id, "gateway", 3)
    [line] = [line for line in lines if "exception_stacktrace" in line.attributes]
    assert (line.severity, line.trace_id) == ("ERROR", failed.trace_id.value)
    assert line.attributes["exception_type"] == "RuntimeError"
    assert "in fail\n" in line.attributes["exception_stacktrace"]

    printed = shop.services["gateway"].lines(failed.correlation_id.value)
    [same] = [one for one in printed if "exception.stacktrace" in one]
    assert (same["message"], same["span_id"]) == (line.message, line.span_id)
    assert same["exception.stacktrace"] == line.attributes["exception_stacktrace"]
