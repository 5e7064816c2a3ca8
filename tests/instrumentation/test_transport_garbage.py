"""Answers that are none: an Answer all the same, and never an exception."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTracePartialSuccess,
    ExportTraceServiceResponse,
)

from clew.export._answer import Answer, rejected_items
from clew.export._transport import HttpTransport
from tests.instrumentation.endpoints import BODY, LONG, endpoint
from tests.support.raw_server import RawServer


@given(st.integers(0, 1 << 62), st.text())
def test_any_partial_success_is_read(rejected: int, message: str) -> None:
    """The number of any partial success is read, with or without a message."""
    partial = ExportTracePartialSuccess(rejected_spans=rejected, error_message=message)
    response = ExportTraceServiceResponse(partial_success=partial)
    assert rejected_items(response.SerializeToString()) == rejected


@given(st.one_of(st.binary(max_size=40), st.binary(max_size=30).map(lambda b: b"\x0a\x20\x08" + b)))
@example(b"\n  <html>")
@example(b"\x0a" + b"\xff" * 60_000)
@example(b"\x0a\x7f\x08" + b"\xff" * 60_000)
@example(b"\x0a\x0b\x08" + b"\xff" * 9 + b"\x01")
@example(b'{"partialSuccess":{"rejectedSpans":"3"}}')
def test_any_other_body_of_a_2xx(body: bytes) -> None:
    """A body that is no response at all is no loss: a number of 64 bits at most, never an error."""
    assert 0 <= rejected_items(body) < 1 << 63


@pytest.mark.parametrize(
    "reply",
    [
        b"",
        b"\x00\x01\x02\x03",
        b"SSH-2.0-OpenSSH_9.6\r\n",
        b"HTTP/1.1\r\n\r\n",
        b"HTTP/1.1 abc OK\r\n\r\n",
        b"HTTP/1.1 99999 OK\r\n\r\n",
        b"HTTP/9.9 200 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nshort",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 300 + b"\r\n",
        b"HTTP/1.1 200 OK\r\nA: " + b"b" * 70_000 + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 0",
    ],
    ids=lambda reply: repr(reply[:40]),
)
def test_answer_that_is_no_http(reply: bytes, raw: RawServer) -> None:
    """Nonsense is an endpoint that is away, or took the request: never an exception."""
    raw.reply = lambda: reply
    transport = HttpTransport(endpoint(raw.url))
    for _ in range(2):
        answer = transport.send(BODY, LONG)
        assert answer == Answer() or answer.reason
    transport.close()


@pytest.mark.parametrize("body", [b"", b"short"])
def test_an_answer_cut_short_is_no_answer(body: bytes, raw: RawServer) -> None:
    """A 200 whose body ends too early may be a proxy's whose endpoint went away: sent again."""
    raw.reply = lambda: b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n" + body
    transport = HttpTransport(endpoint(raw.url))
    answer = transport.send(BODY, LONG)
    assert answer.retry
    assert answer.reason == "unreachable"
    transport.close()


_STATUS_LINES = st.one_of(
    st.binary(max_size=30),
    st.integers(0, 999).map(lambda code: b"HTTP/1.1 %d x" % code),
)
_HEADERS = st.lists(
    st.one_of(
        st.binary(max_size=20),
        st.sampled_from(
            [
                b"Content-Length: 3", b"Content-Length: -1", b"Content-Length: x",
                b"Transfer-Encoding: chunked", b"Connection: keep-alive", b"Connection: close",
                b"Retry-After: 1", b"Retry-After: " + b"9" * 400, b"Content-Encoding: gzip",
                b" folded", b"No colon",
            ]
        ),
    ),
    max_size=4,
)  # fmt: skip


def test_any_bytes_as_an_answer(raw: RawServer) -> None:
    """Whatever bytes come back: an Answer, and the next request is sent all the same."""
    transport = HttpTransport(endpoint(raw.url))

    @given(_STATUS_LINES, _HEADERS, st.binary(max_size=20))
    def answers(status: bytes, headers: list[bytes], body: bytes) -> None:
        raw.reply = lambda: b"\r\n".join([status, *headers, b"", body])
        answer = transport.send(BODY, LONG)
        assert isinstance(answer, Answer)
        assert answer.rejected >= 0
        assert not answer.retry or answer.reason

    answers()
    raw.reply = lambda: b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
    assert transport.send(BODY, LONG) == Answer()
