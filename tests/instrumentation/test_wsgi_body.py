"""WSGI bodies: part of the request, closed once, and left to the server where they are files."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from typing import Any
from wsgiref.util import FileWrapper, setup_testing_defaults

from opentelemetry import trace

import clew as public
from tests.instrumentation.telemetry import Telemetry
from tests.instrumentation.wsgi import call

ACTIVE = "http.server.active_requests"


def test_body_is_part_of_the_request(clew: Telemetry, wrap: Callable[[Any], Any]) -> None:
    """A generator runs within the request, and its close is the request's end."""
    seen: list[Any] = []

    def parts() -> Iterator[bytes]:
        seen.append((public.correlation_id(), trace.get_current_span().is_recording()))
        yield b"a"
        yield b"b"
        seen.append(clew.runtime.pipeline.http.active.values()[0][1])

    def app(environ: Any, start_response: Any) -> Iterator[bytes]:
        start_response("200 OK", [])
        return parts()

    assert call(wrap(app), HTTP_X_REQUEST_ID="t").body == b"ab"
    assert seen == [("t", True), 1]
    assert public.correlation_id() is None
    (active,) = clew.points(ACTIVE)
    assert active.number == 0


def test_close_of_the_body_is_called(wrap: Callable[[Any], Any]) -> None:
    """The application's body is closed once, also where it fails."""
    closed: list[str] = []

    class Body:
        def __init__(self, fails: bool) -> None:
            self.fails = fails

        def __iter__(self) -> Iterator[bytes]:
            yield b"a"
            if self.fails:
                raise OSError("disk")

        def close(self) -> None:
            closed.append("closed")

    for fails in (False, True):

        def app(environ: Any, start_response: Any, fails: bool = fails) -> Body:
            start_response("200 OK", [])
            return Body(fails)

        assert isinstance(call(wrap(app)).raised, OSError if fails else type(None))
    assert closed == ["closed", "closed"]


def test_file_wrapper_reaches_the_server(clew: Telemetry, wrap: Callable[[Any], Any]) -> None:
    """A file for the server to send is handed on as it is, so that sendfile still works."""

    def app(environ: Any, start_response: Any) -> Any:
        start_response("200 OK", [])
        return environ["wsgi.file_wrapper"](io.BytesIO(b"file"))

    environ: dict[str, Any] = {"wsgi.file_wrapper": FileWrapper}
    setup_testing_defaults(environ)
    body = wrap(app)(environ, lambda status, headers: None)
    assert isinstance(body, FileWrapper)
    assert clew.span().attributes["http.response.status_code"] == 200
    assert public.correlation_id() is None


def test_exception_in_the_body(clew: Telemetry, wrap: Callable[[Any], Any]) -> None:
    """After the first byte the status stands; the error is told all the same."""

    def app(environ: Any, start_response: Any) -> Iterator[bytes]:
        start_response("200 OK", [])
        yield b"a"
        raise OSError("disk")

    response = call(wrap(app))
    assert (response.body, type(response.raised)) == (b"a", OSError)
    attributes = clew.span().attributes
    assert (attributes["error.type"], attributes["http.response.status_code"]) == ("OSError", 200)


def test_exception_before_the_first_byte(clew: Telemetry, wrap: Callable[[Any], Any]) -> None:
    """Before the first byte the server can still answer 500, and does (PEP 3333)."""

    def app(environ: Any, start_response: Any) -> Iterator[bytes]:
        start_response("200 OK", [])
        raise OSError("disk")
        yield b""

    call(wrap(app))
    assert clew.span().attributes["http.response.status_code"] == 500


def test_application_that_returns_nothing(clew: Telemetry, wrap: Callable[[Any], Any]) -> None:
    """What is no body is the server's error to raise; the request is over all the same."""
    response = call(wrap(lambda environ, start_response: None))
    assert isinstance(response.raised, TypeError)
    assert len(clew.spans()) == 1
    assert [point.number for point in clew.points(ACTIVE)] == [0]


def test_write_callable(wrap: Callable[[Any], Any]) -> None:
    """The old way to write, through what start_response returns, works."""

    def app(environ: Any, start_response: Any) -> list[bytes]:
        start_response("200 OK", [])(b"written ")
        return [b"returned"]

    assert call(wrap(app)).body == b"written returned"
