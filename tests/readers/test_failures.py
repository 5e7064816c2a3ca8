"""Backends that are down, slow, refusing, or not what they seem."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator

import pytest

from clew._exceptions import ConfigurationError
from clew.readers import (
    BackendRefused,
    BackendUnavailable,
    CorrelationId,
    NativeReader,
    ReaderSettings,
    TraceId,
    Window,
    reader_from_environ,
)
from tests.readers.fake_backend import FakeBackend

TRACE = TraceId("4bf92f3577b34da6a3ce929d0e0e4736")
ID = CorrelationId("order-7")
WINDOW = Window(0, 10**18)

QUESTIONS: dict[str, tuple[Callable[[NativeReader], object], str, str]] = {
    "trace_ids": (lambda r: r.trace_ids(ID, WINDOW), "Jaeger", "CLEW_JAEGER_URL"),
    "trace": (lambda r: r.trace(TRACE), "Jaeger", "CLEW_JAEGER_URL"),
    "log_lines": (lambda r: r.log_lines(ID, WINDOW), "Loki", "CLEW_LOKI_URL"),
    "samples": (lambda r: r.samples("up", {}), "Prometheus", "CLEW_PROMETHEUS_URL"),
    "exemplars": (lambda r: r.exemplars("up", {}, WINDOW), "Prometheus", "CLEW_PROMETHEUS_URL"),
}
PATHS = (
    "/api/services",
    "/api/traces",
    f"/api/v3/traces/{TRACE.value}",
    "/loki/api/v1/query_range",
    "/api/v1/query",
    "/api/v1/query_exemplars",
)

each_question = pytest.mark.parametrize("question", QUESTIONS)


@pytest.fixture
def silent_address() -> Iterator[str]:
    """Accepts connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


def at(address: str, timeout_s: float = 5.0) -> NativeReader:
    return NativeReader.from_settings(ReaderSettings(address, address, address, address, timeout_s))


@each_question
def test_a_closed_port_is_named(question: str) -> None:
    """The error says which backend, where, why, and what to set."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"http://127.0.0.1:{server.getsockname()[1]}"
    ask, backend, variable = QUESTIONS[question]
    with pytest.raises(BackendUnavailable) as caught:
        ask(at(address))
    assert str(caught.value) == (
        f"{backend} did not answer at {address} (connection refused). "
        f"Start it, or set {variable} to where it is."
    )


@each_question
def test_silence_ends_in_an_error(question: str, silent_address: str) -> None:
    """A backend that hangs is given up after the timeout."""
    with pytest.raises(BackendUnavailable, match="timed out"):
        QUESTIONS[question][0](at(silent_address, timeout_s=0.05))


@each_question
@pytest.mark.parametrize("status", [500, 503])
def test_a_failing_backend_is_unavailable(
    question: str, status: int, reader: NativeReader, backend: FakeBackend
) -> None:
    """A 5xx counts as no answer, and its text is passed on."""
    for path in PATHS:
        backend.answer(path, "ingester not ready", status)
    with pytest.raises(BackendUnavailable, match=f"HTTP {status}: ingester not ready"):
        QUESTIONS[question][0](reader)


@each_question
def test_a_refused_question_says_why(
    question: str, reader: NativeReader, backend: FakeBackend
) -> None:
    """A 4xx is not worth repeating; its text tells why."""
    for path in PATHS:
        backend.answer(path, "parse error at line 1", 400)
    with pytest.raises(BackendRefused, match="HTTP 400: parse error at line 1"):
        QUESTIONS[question][0](reader)


@each_question
@pytest.mark.parametrize("body", ["<html>hello</html>", "[]", "{}", '{"data": 7, "result": 7}', ""])
def test_another_program_at_the_address_is_noticed(
    question: str, body: str, reader: NativeReader, backend: FakeBackend
) -> None:
    """Whatever a stranger answers, it ends in BackendRefused and never in another error."""
    for path in PATHS:
        backend.answer(path, body)
    with pytest.raises(BackendRefused):
        QUESTIONS[question][0](reader)


@pytest.mark.parametrize("question", ["trace_ids", "log_lines", "samples", "exemplars"])
def test_a_missing_page_is_another_program(question: str, backend: FakeBackend) -> None:
    """A 404 for what every version has means that the address is wrong."""
    backend.answers.clear()
    with pytest.raises(BackendRefused):
        QUESTIONS[question][0](at(backend.address))


@pytest.mark.parametrize("value", ["localhost:3100", "ftp://x", "http://", "http://x:99999"])
def test_a_bad_address_is_named(value: str) -> None:
    """The error names the variable and the value."""
    with pytest.raises(ConfigurationError) as caught:
        reader_from_environ({"CLEW_LOKI_URL": value})
    assert "CLEW_LOKI_URL" in str(caught.value) and value in str(caught.value)


def test_addresses_come_from_the_environment() -> None:
    """Each variable moves its backend; a slash at the end makes no difference."""
    reader = reader_from_environ({"CLEW_JAEGER_URL": "https://jaeger.example/base/"})
    assert reader.places == (
        "Jaeger at https://jaeger.example/base",
        "Loki at http://localhost:3100",
        "Prometheus at http://localhost:9090",
    )


def test_a_lens_is_read_where_one_is_named() -> None:
    """CLEW_LENS_URL wins over the backends; empty counts as not set."""
    assert reader_from_environ({"CLEW_LENS_URL": "http://lens:4319/"}).places == (
        "clew lens at http://lens:4319",
    )
    assert len(reader_from_environ({"CLEW_LENS_URL": ""}).places) == 3
    with pytest.raises(ConfigurationError, match="CLEW_LENS_URL"):
        reader_from_environ({"CLEW_LENS_URL": "lens:4319"})
