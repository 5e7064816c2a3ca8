"""The requests library: one CLIENT span a call, the thread in its headers, and no secrets."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import requests
from opentelemetry import baggage, context, trace
from opentelemetry.instrumentation.utils import suppress_http_instrumentation
from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags, TraceState

import clew as public
from clew import _requests
from tests.instrumentation.telemetry import Telemetry
from tests.support.otlp_sink import Answer, Sink, otlp_sink
from tests.support.processes import free_port

DURATION = "http.client.request.duration"


@pytest.fixture
def site() -> Iterator[Sink]:
    """A site that keeps the requests it gets; its `answer` may be set."""
    with otlp_sink() as server:
        yield server


@pytest.fixture(autouse=True)
def watched(clew: Telemetry) -> Iterator[None]:
    """`requests` instrumented with this test's telemetry, and plain again after it."""
    original = requests.sessions.Session.send
    _requests.watch(requests.sessions, clew.runtime)
    yield
    requests.sessions.Session.send = original  # type: ignore[method-assign]


def _post(site: Sink, path: str = "/", **more: Any) -> requests.Response:
    return requests.post(site.url + path, timeout=20, **more)


def test_call(clew: Telemetry, site: Sink) -> None:
    """Span and metric of a call within a request: child of it, with its id."""
    parent = clew.runtime.tracer.start_span("handler")
    with public.bind_correlation_id("t"), trace.use_span(parent):
        assert _post(site, "/items/7?q=1").status_code == 200
    span = clew.span()
    port = int(site.url.rpartition(":")[2])
    assert (span.data.name, span.data.kind) == ("POST", 3)
    assert span.data.parent_span_id == parent.get_span_context().span_id.to_bytes(8, "big")
    assert span.attributes == {
        "http.request.method": "POST",
        "http.response.status_code": 200,
        "url.full": f"{site.url}/items/7?q=1",
        "server.address": "127.0.0.1",
        "server.port": port,
        "correlation_id": "t",
    }
    (point,) = clew.points(DURATION)
    assert point.attributes == {
        "http.request.method": "POST",
        "server.address": "127.0.0.1",
        "server.port": port,
        "http.response.status_code": 200,
    }


def test_headers_carry_the_thread(clew: Telemetry, site: Sink) -> None:
    """The next service gets the call's span as parent, the id in its header and in baggage."""
    with public.bind_correlation_id("a b"):
        _post(site)
    headers, span = site.received[0].headers, clew.span().data
    assert headers["traceparent"] == f"00-{span.trace_id.hex()}-{span.span_id.hex()}-03"
    assert headers["x-correlation-id"] == "a b"
    assert headers["baggage"] == "correlation_id=a+b"


def test_baggage_and_trace_state_travel_on(clew: Telemetry, site: Sink) -> None:
    """What the caller's caller put there arrives as well."""
    remote = SpanContext(1, 2, True, TraceFlags(1), TraceState([("vendor", "x")]))
    token = context.attach(
        baggage.set_baggage("tenant", "acme", trace.set_span_in_context(NonRecordingSpan(remote)))
    )
    try:
        with public.bind_correlation_id("t"):
            _post(site)
    finally:
        context.detach(token)
    headers = site.received[0].headers
    assert set(headers["baggage"].split(",")) == {"tenant=acme", "correlation_id=t"}
    assert headers["tracestate"] == "vendor=x"
    assert headers["traceparent"].startswith(f"00-{1:032x}-")


def test_without_an_id(clew: Telemetry, site: Sink) -> None:
    """A call outside any request starts a trace, and makes up no id."""
    _post(site)
    headers = site.received[0].headers
    assert "traceparent" in headers
    assert "x-correlation-id" not in headers
    assert "baggage" not in headers


def test_unsampled_parent(clew: Telemetry, site: Sink) -> None:
    """The decision of the caller travels on; the call is measured all the same."""
    remote = NonRecordingSpan(SpanContext(1, 2, True, TraceFlags(0)))
    with trace.use_span(remote):
        _post(site)
    assert site.received[0].headers["traceparent"].endswith("-00")
    assert clew.spans() == []
    (point,) = clew.points(DURATION)
    assert point.data.count == 1


def test_redirects_are_one_call(clew: Telemetry, site: Sink) -> None:
    """A call that is redirected is one span, with the status that the caller gets."""
    site.answer = lambda request: (
        Answer(307, {"Location": "/b"}) if request.path == "/a" else Answer(201)
    )
    assert _post(site, "/a").status_code == 201
    assert [request.path for request in site.received] == ["/a", "/b"]
    assert clew.span().attributes["http.response.status_code"] == 201


@pytest.mark.parametrize(("status", "error"), [(404, "404"), (503, "503"), (399, None)])
def test_error_statuses(status: int, error: str | None, clew: Telemetry, site: Sink) -> None:
    """To a client every 4xx and 5xx is an error (HTTP conventions, "Status")."""
    site.answer = lambda request: Answer(status)
    _post(site)
    span = clew.span()
    assert span.attributes.get("error.type") == error
    assert span.data.status.code == (2 if error else 0)


def test_connection_refused(clew: Telemetry) -> None:
    """The caller gets requests' own exception; span and metric name its type."""
    with pytest.raises(requests.ConnectionError):
        requests.get(f"http://127.0.0.1:{free_port()}/", timeout=20)
    span = clew.span()
    assert span.attributes["error.type"] == "requests.exceptions.ConnectionError"
    assert (span.data.status.code, span.data.events[0].name) == (2, "exception")
    (point,) = clew.points(DURATION)
    assert point.attributes["error.type"] == "requests.exceptions.ConnectionError"


def test_exception_that_cannot_be_told(clew: Telemetry) -> None:
    """The caller gets the library's exception, also where its text fails."""

    class Broken(Exception):
        def __str__(self) -> str:
            raise RuntimeError("no text")

    class Adapter(requests.adapters.BaseAdapter):
        def send(self, *args: Any, **kwargs: Any) -> Any:
            raise Broken

        def close(self) -> None: ...

    session = requests.Session()
    session.mount("http://", Adapter())
    with pytest.raises(Broken):
        session.get("http://h/", timeout=20)
    assert clew.span().attributes["error.type"].endswith("Broken")


def test_context_is_left_as_it_was(clew: Telemetry, site: Sink) -> None:
    """After a call, whether it succeeds or not, the current span is what it was before."""
    before = context.get_current()
    _post(site)
    with pytest.raises(requests.RequestException):
        requests.get("http://nowhere.invalid/", timeout=20)
    assert context.get_current() == before


def test_suppressed_by_another_instrumentation(clew: Telemetry, site: Sink) -> None:
    """Where another instrumentation makes the span, clew makes none."""
    with suppress_http_instrumentation():
        _post(site)
    assert clew.spans() == []


@pytest.mark.parametrize("first", ["clew", "upstream"])
def test_beside_the_upstream_instrumentation(first: str, clew: Telemetry, site: Sink) -> None:
    """With opentelemetry-instrumentation-requests active too, a call is one span, either way."""
    from opentelemetry.instrumentation.requests import RequestsInstrumentor

    sessions = requests.sessions
    if first == "upstream":  # then clew's hook goes around it
        sessions.Session.send = sessions.Session.send.__clew__  # type: ignore[attr-defined, method-assign]
    upstream = RequestsInstrumentor()
    upstream.instrument(tracer_provider=clew.runtime.tracer_provider)
    try:
        if first == "upstream":
            _requests.watch(sessions, clew.runtime)
        with public.bind_correlation_id("t"):
            _post(site)
    finally:
        upstream.uninstrument()
    assert len(clew.spans()) == 1
    assert len(site.received) == 1


def test_password_in_a_url_stays_out_of_everything(clew: Telemetry, site: Sink) -> None:
    """User and password of a called URL are in no span, metric or log line."""
    requests.get(site.url.replace("//", "//me:s3cret@"), timeout=20)
    with pytest.raises(requests.RequestException):
        requests.get(f"http://me:s3cret@127.0.0.1:{free_port()}/", timeout=20)
    clew.flush()
    sent = b"".join(request.body for request in clew.sink.received)
    assert b"127.0.0.1" in sent
    assert b"s3cret" not in sent


def test_streamed_answers(clew: Telemetry, site: Sink) -> None:
    """A streamed answer is the library's own, to be read after the call's span has ended."""
    site.answer = lambda request: Answer(body=b"x" * 1_000)
    with _post(site, stream=True) as response:
        assert len(clew.spans()) == 1
        assert len(response.content) == 1_000


def test_instrumenting_twice(clew: Telemetry, site: Sink) -> None:
    """Watching the library again changes nothing."""
    _requests.watch(requests.sessions, clew.runtime)
    _post(site)
    assert len(clew.spans()) == 1
