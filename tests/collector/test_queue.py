"""What the gateway has acknowledged is on its disk: it outlives kill -9 and a backend's absence."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from tests.collector.running import free_ports, gateway, wait_until
from tests.collector.sending import logs, post, record, span, traces
from tests.support.otlp_grpc_sink import otlp_grpc_sink
from tests.support.otlp_sink import Answer, otlp_sink

pytestmark = pytest.mark.backends
_REQUESTS, _EACH = 40, 25


def test_all_that_was_acknowledged_arrives_after_kill_9(tmp_path: Path) -> None:
    """Backends are away, the gateway is killed twice with its queues full: nothing is missing."""
    (port,) = free_ports(1)
    with otlp_sink() as http:
        http.answer = lambda request: Answer(status=503)
        sent_spans, sent_lines = set(), set()
        with gateway(
            tmp_path, jaeger=f"127.0.0.1:{port}", loki=http.url, prometheus=http.url
        ) as it:
            for number in range(_REQUESTS):
                spans = [span() for _ in range(_EACH)]
                lines = [f"line {number}-{each}" for each in range(_EACH)]
                assert post(f"{it.http}/v1/traces", traces(spans)) == 200
                assert post(f"{it.http}/v1/logs", logs([record(line) for line in lines])) == 200
                sent_spans |= {each["spanId"] for each in spans}
                sent_lines |= set(lines)
                if number in (_REQUESTS // 2, _REQUESTS - 1):
                    it.end(signal.SIGKILL)
                    it.start()
            http.reset()
            with otlp_grpc_sink(port) as grpc:
                wait_until(lambda: len({s.data.span_id for s in grpc.spans()}) == len(sent_spans))
                wait_until(lambda: len({r.data.body.string_value for r in http.logs()}) == 1000)
                assert {s.data.span_id.hex() for s in grpc.spans()} == sent_spans
                assert {r.data.body.string_value for r in http.logs()} == sent_lines


def test_a_full_queue_is_a_refusal_that_may_be_retried(tmp_path: Path) -> None:
    """Beyond the bound the sender keeps its data: 503; nothing answered with 200 is lost."""
    (port,) = free_ports(1)
    with (
        otlp_sink() as http,
        gateway(
            tmp_path,
            jaeger=f"127.0.0.1:{port}",
            loki=http.url,
            prometheus=http.url,
            CLEW_COLLECTOR_QUEUE_BYTES="1200000",
        ) as it,
    ):
        taken, refused = set(), []
        for _ in range(100):
            one = span(attributes={"padding": "x" * 40_000})
            status = post(f"{it.http}/v1/traces", traces([one]))
            if status == 200:
                taken.add(one["spanId"])
            else:
                refused.append(status)
        assert refused and set(refused) == {503}
        assert taken
        with otlp_grpc_sink(port) as grpc:
            wait_until(lambda: {s.data.span_id.hex() for s in grpc.spans()} == taken)
