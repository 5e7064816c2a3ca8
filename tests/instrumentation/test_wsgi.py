"""WSGI requests: as ASGI's, with what WSGI alone has, such as bodies that are closed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from wsgiref.util import setup_testing_defaults
from wsgiref.validate import validator

import pytest
from hypothesis import given
from hypothesis import strategies as st

import clew as public
from clew import correlation
from clew.wsgi import ClewWsgiMiddleware
from tests.instrumentation.telemetry import Telemetry
from tests.instrumentation.wsgi import call, ok

DURATION = "http.server.request.duration"
ACTIVE = "http.server.active_requests"


def test_all_signals_of_one_request(clew: Telemetry, wrap: Callable[[Any], Any]) -> None:
    """Span, metric and access line tell the same request."""
    response = call(
        wrap(ok), REQUEST_METHOD="POST", SCRIPT_NAME="/app", PATH_INFO="/users/7",
        QUERY_STRING="q=1&sig=s3cret", HTTP_HOST="shop.example:8080", REMOTE_ADDR="192.0.2.7",
        HTTP_USER_AGENT="curl/8", HTTP_X_CORRELATION_ID="t", SERVER_PROTOCOL="HTTP/1.1",
    )  # fmt: skip
    assert (response.body, response.correlation_id) == (b"ok", "t")
    span = clew.span()
    assert span.data.name == "POST"
    assert span.attributes == {
        "http.request.method": "POST",
        "http.response.status_code": 200,
        "url.scheme": "http",
        "url.path": "/app/users/7",
        "url.query": "q=1&sig=REDACTED",
        "server.address": "shop.example",
        "server.port": 8080,
        "client.address": "192.0.2.7",
        "network.peer.address": "192.0.2.7",
        "network.protocol.version": "1.1",
        "user_agent.original": "curl/8",
        "correlation_id": "t",
    }
    (point,) = clew.points(DURATION)
    assert point.attributes == {
        "http.request.method": "POST",
        "url.scheme": "http",
        "http.response.status_code": 200,
    }
    (line,) = clew.access()
    assert (line["message"], line["correlation_id"]) == ("POST /app/users/7 200", "t")
    assert line["trace_id"] == span.data.trace_id.hex()


def test_parent_and_id_of_the_caller(clew: Telemetry, wrap: Callable[[Any], Any]) -> None:
    """The span continues the caller's trace; the id is read as with ASGI."""
    response = call(
        wrap(ok), HTTP_TRACEPARENT=f"00-{'a' * 32}-{'b' * 16}-01", HTTP_BAGGAGE="correlation_id=c"
    )
    assert response.correlation_id == "c"
    assert clew.span().data.parent_span_id.hex() == "b" * 16


def test_wsgi_is_kept_to(wrap: Callable[[Any], Any]) -> None:
    """Between a strict server and a strict application the middleware breaks no rule of WSGI."""
    response = call(validator(wrap(validator(ok))), QUERY_STRING="")
    assert response.raised is None
    assert response.body == b"ok"


def test_unhandled_exception_is_a_500(clew: Telemetry, wrap: Callable[[Any], Any]) -> None:
    """The server will answer 500, so that is what span, metric and line say."""

    def app(environ: Any, start_response: Any) -> Any:
        raise LookupError("gone")

    response = call(wrap(app))
    assert isinstance(response.raised, LookupError)
    span = clew.span()
    assert span.attributes["error.type"] == "LookupError"
    assert span.attributes["http.response.status_code"] == 500
    assert (span.data.status.code, span.data.events[0].name) == (2, "exception")
    (point,) = clew.points(DURATION)
    assert point.attributes["http.response.status_code"] == 500
    (line,) = clew.access()
    assert (line["message"], line["level"]) == ("GET / 500", "ERROR")


def test_start_response_again_with_an_error(clew: Telemetry, wrap: Callable[[Any], Any]) -> None:
    """An application that replaces its status by an error's is measured by the latter."""
    import sys

    def app(environ: Any, start_response: Any) -> list[bytes]:
        start_response("200 OK", [])
        try:
            raise ValueError
        except ValueError:
            start_response("502 Bad Gateway", [], sys.exc_info())
        return [b""]

    assert call(wrap(app)).status == "502 Bad Gateway"
    assert clew.span().attributes["error.type"] == "502"


def test_headers_of_the_application_are_not_changed(wrap: Callable[[Any], Any]) -> None:
    """The id is added to a copy: an application may use the same list twice."""
    own = [("Content-Type", "text/plain")]

    def app(environ: Any, start_response: Any) -> list[bytes]:
        start_response("200 OK", own)
        return []

    call(wrap(app))
    assert own == [("Content-Type", "text/plain")]


def test_requests_of_one_thread_do_not_leak(clew: Telemetry, wrap: Callable[[Any], Any]) -> None:
    """The next request on a worker's thread inherits nothing, though the last was never closed."""
    environ: dict[str, Any] = {"HTTP_X_CORRELATION_ID": "first"}
    setup_testing_defaults(environ)
    app = wrap(ok)
    abandoned = app(environ, lambda status, headers: None)
    assert call(app).correlation_id != "first"
    second = clew.spans()[0]
    assert second.data.parent_span_id == b""
    abandoned.close()


def test_nested_middleware_counts_once(clew: Telemetry, wrap: Callable[[Any], Any]) -> None:
    """An application that is wrapped twice is measured once."""
    call(wrap(wrap(ok)))
    assert len(clew.spans()) == 1


def test_excluded_urls(make: Callable[..., Telemetry]) -> None:
    """An excluded path gives nothing."""
    clew = make(OTEL_PYTHON_EXCLUDED_URLS="health")
    app = ClewWsgiMiddleware(ok, clew.runtime)
    assert "X-Correlation-ID" not in dict(call(app, PATH_INFO="/health").headers)
    assert clew.spans() == []
    assert clew.points(ACTIVE) == []


_LATIN = st.text(st.characters(max_codepoint=255), max_size=20)


@given(
    environ=st.fixed_dictionaries(
        {},
        optional={
            "REQUEST_METHOD": st.sampled_from(["GET", "BREW", "", "get"]),
            "SCRIPT_NAME": _LATIN, "PATH_INFO": _LATIN, "QUERY_STRING": _LATIN,
            "HTTP_HOST": _LATIN, "HTTP_TRACEPARENT": _LATIN, "HTTP_BAGGAGE": _LATIN,
            "HTTP_X_CORRELATION_ID": _LATIN, "HTTP_TRACESTATE": _LATIN, "HTTP_USER_AGENT": _LATIN,
            "REMOTE_ADDR": _LATIN, "SERVER_PROTOCOL": _LATIN, "wsgi.url_scheme": _LATIN,
        },
    )
)  # fmt: skip
def test_any_request_is_served(environ: dict[str, Any], clew: Telemetry) -> None:
    """Any environ: the application's answer with a valid id, and one more request counted."""
    before = sum(point.data.count for point in clew.points(DURATION))
    clew.sink.clear()
    response = call(ClewWsgiMiddleware(ok, clew.runtime), **environ)
    assert (response.raised, response.body) == (None, b"ok")
    assert correlation.is_valid(response.correlation_id)
    assert sum(point.data.count for point in clew.points(DURATION)) == before + 1


@pytest.mark.parametrize("broken", [{"REQUEST_METHOD": None}, {"PATH_INFO": None}], ids=str)
def test_environ_that_breaks_the_specification(
    broken: dict[str, Any], clew: Telemetry, wrap: Callable[[Any], Any]
) -> None:
    """An environ that clew cannot read is served by the application, and leaves no count behind."""
    assert call(wrap(ok), **broken).body == b"ok"
    assert all(point.number == 0 for point in clew.points(ACTIVE))
    assert public.correlation_id() is None
