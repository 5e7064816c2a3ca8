"""OTLP over gRPC."""

from __future__ import annotations

import time
from collections.abc import Iterator

import grpc
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)

from clew_lens.otlp import grpc as receiver
from clew_lens.otlp.signals import SIGNALS, Signal
from tests.lens.bench import Bench


def request(trace_id: bytes = b"\xaa" * 16) -> bytes:
    """One span."""
    message = ExportTraceServiceRequest()
    message.resource_spans.add().scope_spans.add().spans.add(
        trace_id=trace_id, span_id=b"\xbb" * 8, name="x", start_time_unix_nano=time.time_ns()
    )
    return message.SerializeToString()


@pytest.fixture(params=["", "secret"])
def channel(lens: Bench, request: pytest.FixtureRequest) -> Iterator[grpc.Channel]:
    """A channel to a receiver without, and with, a token."""
    server = receiver.server(lens.intake, request.param)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    with grpc.insecure_channel(f"127.0.0.1:{port}") as made:
        yield made
    server.stop(None).wait(5)


def export(
    channel: grpc.Channel, body: bytes, signal: Signal = SIGNALS[0], token: str = "secret"
) -> bytes:
    """Call Export with raw bytes."""
    call = channel.unary_unary(f"/{signal.service}/Export")
    answer: bytes = call(body, timeout=30, metadata=[("authorization", f"Bearer {token}")])
    return answer


def test_spans_are_stored(lens: Bench, channel: grpc.Channel) -> None:
    """An Export of spans is answered and can be read back."""
    assert export(channel, request()) == b""
    lens.writer.flush()
    assert lens.get("/trace", id="aa" * 16)["spans"][0]["name"] == "x"


@pytest.mark.parametrize("signal", SIGNALS, ids=lambda signal: signal.path)
def test_all_signals_are_served(channel: grpc.Channel, signal: Signal) -> None:
    """Traces, logs and metrics each have their service."""
    assert export(channel, b"", signal) == b""


def test_a_bad_body_is_an_invalid_argument(channel: grpc.Channel) -> None:
    """The status tells the sender not to retry, and why."""
    with pytest.raises(grpc.RpcError) as refused:
        export(channel, b"\xff\xff\xff")
    assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert "protobuf" in refused.value.details()


def test_a_bad_id_is_a_partial_success(channel: grpc.Channel) -> None:
    """The same answer as over HTTP."""
    answer = ExportTraceServiceResponse.FromString(export(channel, request(b"short")))
    assert answer.partial_success.rejected_spans == 1


def test_a_body_over_the_limit_is_refused(lens: Bench, channel: grpc.Channel) -> None:
    """RESOURCE_EXHAUSTED, before it is decoded."""
    with pytest.raises(grpc.RpcError) as refused:
        export(channel, bytes(lens.intake.limits.body + 1))
    assert refused.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED


@pytest.mark.parametrize("channel", ["secret"], indirect=True)
def test_a_wrong_token_is_refused(lens: Bench, channel: grpc.Channel) -> None:
    """UNAUTHENTICATED, and nothing is stored."""
    with pytest.raises(grpc.RpcError) as refused:
        export(channel, request(), token="wrong")
    assert refused.value.code() is grpc.StatusCode.UNAUTHENTICATED
    lens.writer.flush()
    assert lens.count("spans") == 0
