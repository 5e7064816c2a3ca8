"""Several gateways: Kafka between agents and gateways, and traces balanced by their id.

The collector is `otelcol-fleet`, which `python -m stack fetch otelcol-fleet` builds; Kafka is real.
"""

from __future__ import annotations

import secrets
import signal
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from stack._settings import ROOT
from tests.backends.own_stack import binary
from tests.collector.running import (
    KAFKA_GROUP,
    KAFKA_TOPICS,
    Collector,
    agent,
    free_ports,
    gateway,
    wait_until,
)
from tests.collector.sending import logs, post, record, span, traces
from tests.compose.probe import METRIC, Probe
from tests.support.kafka import Broker, NoKafka, broker
from tests.support.otlp_grpc_sink import otlp_grpc_sink
from tests.support.otlp_sink import Sink, otlp_sink

pytestmark = pytest.mark.backends

TOPICS = tuple(KAFKA_TOPICS.values())
_BALANCING = ROOT / "deploy" / "kubernetes" / "balancing" / "agent_balancing.yaml"
_ADDRESSES = """\
exporters:
  load_balancing:
    resolver:
      dns: null
      static: {{hostnames: ["{first}", "{second}"]}}
  otlp_grpc/gateway:
    endpoint: "{first}"
"""


@pytest.fixture(scope="module")
def fleet() -> str:
    """The program's name; skips where it was not built, since `fetch` alone does not build it."""
    try:
        binary("otelcol-fleet")
    except AssertionError as missing:
        pytest.skip(str(missing))
    return "otelcol-fleet"


@dataclass(frozen=True)
class Buffer:
    """Agents and gateways around one broker."""

    kafka: Broker
    folder: Path
    program: str

    def agent(self, *files: str) -> AbstractContextManager[Collector]:
        """An agent that writes there. Its own metrics go nowhere."""
        own = {"program": self.program, "CLEW_KAFKA_ADDRESS": self.kafka.address}
        folder = self.folder / "agent"
        return agent(folder, "options/agent_to_kafka.yaml", *files, gateway="127.0.0.1:1", **own)

    def gateway(self, name: str, sinks: Sinks) -> AbstractContextManager[Collector]:
        """A gateway that reads from there."""
        own = {"program": self.program, "CLEW_KAFKA_ADDRESS": self.kafka.address}
        to = {"jaeger": sinks.grpc.url, "loki": sinks.http.url, "prometheus": sinks.http.url}
        return gateway(self.folder / name, "options/gateway_from_kafka.yaml", **to, **own)


@dataclass(frozen=True)
class Sinks:
    """What stands in for the stores of one gateway."""

    grpc: Sink
    http: Sink

    def span_ids(self) -> set[str]:
        return {one.data.span_id.hex() for one in self.grpc.spans()}

    def trace_ids(self) -> set[str]:
        return {one.data.trace_id.hex() for one in self.grpc.spans()}


@contextmanager
def sinks() -> Iterator[Sinks]:
    with otlp_grpc_sink() as grpc, otlp_sink() as http:
        yield Sinks(grpc, http)


@pytest.fixture
def buffer(fleet: str, tmp_path: Path) -> Iterator[Buffer]:
    """A broker with the three topics."""
    with ExitStack() as stack:
        try:
            running = stack.enter_context(broker(tmp_path / "kafka", free_ports(2)))
        except NoKafka as reason:
            pytest.skip(str(reason))
        running.make_topics(TOPICS, 4)
        yield Buffer(running, tmp_path, fleet)


def send_traces(it: Collector, count: int, trace_ids: Sequence[str] = ()) -> set[str]:
    """Post spans one by one, each of a trace of its own unless given; their ids."""
    ids = trace_ids or [secrets.token_hex(16) for _ in range(count)]
    made = [span(traceId=each) for each in ids]
    for one in made:
        assert post(f"{it.http}/v1/traces", traces([one])) == 200
    return {one["spanId"] for one in made}


def test_all_signals_go_through_kafka(buffer: Buffer) -> None:
    """Spans, points and lines that the agent took come out behind the gateway, masked there."""
    with sinks() as behind, buffer.agent() as near, buffer.gateway("gateway", behind):
        sent = send_traces(near, 20)
        line = record("a card: 4111 1111 1111 1111", attributes={"n": 1})
        assert post(f"{near.http}/v1/logs", logs([line])) == 200
        probe = Probe.new()
        probe.send(near.http)
        wait_until(lambda: behind.span_ids() >= sent)
        wait_until(
            lambda: "a card: ****" in {log.data.body.string_value for log in behind.http.logs()}
        )
        wait_until(lambda: behind.http.points(METRIC))


def test_what_is_in_kafka_waits_for_a_gateway(buffer: Buffer) -> None:
    """With no gateway nothing is lost, and one that was killed reads on where it was."""
    with sinks() as behind, buffer.agent() as near:
        sent = send_traces(near, 10)
        with buffer.gateway("gateway", behind) as far:
            wait_until(lambda: behind.span_ids() >= sent)
            far.end(signal.SIGKILL)
            sent |= send_traces(near, 10)
        with buffer.gateway("gateway", behind):
            wait_until(lambda: behind.span_ids() >= sent)
            wait_until(lambda: buffer.kafka.waiting(KAFKA_GROUP, TOPICS) == 0)


def test_what_the_agent_took_waits_for_kafka(buffer: Buffer) -> None:
    """While the broker is away the agent answers, and what it has taken is on its disk.

    It is killed: while the broker is away its exporter waits for an answer, and SIGTERM waits too.
    """
    with sinks() as behind, buffer.agent() as near, buffer.gateway("gateway", behind):
        sent = send_traces(near, 5)
        wait_until(lambda: behind.span_ids() >= sent)
        buffer.kafka.stop()
        sent |= send_traces(near, 5)
        near.end(signal.SIGKILL)
        near.start()
        buffer.kafka.start()
        wait_until(lambda: behind.span_ids() >= sent, 120.0)


def test_one_gateway_gets_all_spans_of_a_trace(buffer: Buffer) -> None:
    """With agent_to_kafka_by_trace.yaml, whatever batch a span was in. Both have work."""
    trace_ids = [secrets.token_hex(16) for _ in range(40)]
    by_trace = "options/agent_to_kafka_by_trace.yaml"
    with (
        sinks() as one, sinks() as two, buffer.agent(by_trace) as near,
        buffer.gateway("one", one), buffer.gateway("two", two),
    ):  # fmt: skip
        # Each gateway reads three topics, each as a member of its own.
        wait_until(lambda: buffer.kafka.members(KAFKA_GROUP) == 2 * len(TOPICS))
        sent = send_traces(near, 40, trace_ids)
        wait_until(lambda: one.span_ids() | two.span_ids() >= sent)
        sent |= send_traces(near, 40, trace_ids)
        wait_until(lambda: one.span_ids() | two.span_ids() >= sent)
        assert one.trace_ids() | two.trace_ids() == set(trace_ids)
        assert not one.trace_ids() & two.trace_ids()
        assert one.trace_ids()
        assert two.trace_ids()


def test_the_balancer_sends_each_trace_to_one_gateway(fleet: str, tmp_path: Path) -> None:
    """agent_balancing.yaml, with gateways by address in the place of Kubernetes's names."""
    trace_ids = [secrets.token_hex(16) for _ in range(40)]
    with (
        sinks() as one, sinks() as two,
        _plain_gateway(tmp_path / "one", one) as first,
        _plain_gateway(tmp_path / "two", two) as second,
    ):  # fmt: skip
        addresses = tmp_path / "addresses.yaml"
        addresses.write_text(_ADDRESSES.format(first=first.grpc, second=second.grpc))
        with agent(
            tmp_path / "agent", _BALANCING, addresses,
            gateway=first.grpc, program=fleet, CLEW_OTLP_TOKEN="",
        ) as near:  # fmt: skip
            sent = send_traces(near, 40, trace_ids) | send_traces(near, 40, trace_ids)
            wait_until(lambda: one.span_ids() | two.span_ids() >= sent)
            assert not one.trace_ids() & two.trace_ids()
            assert one.trace_ids()
            assert two.trace_ids()


def _plain_gateway(folder: Path, to: Sinks) -> AbstractContextManager[Collector]:
    return gateway(folder, jaeger=to.grpc.url, loki=to.http.url, prometheus=to.http.url)
