"""CLEW_SAMPLING=tail: what is remarkable is stored, of the rest a share; metrics see everything."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.collector.running import Collector, gateway, wait_until
from tests.collector.sending import post, span, traces
from tests.support.otlp_grpc_sink import otlp_grpc_sink
from tests.support.otlp_sink import Sink, otlp_sink

pytestmark = pytest.mark.backends

_PLAIN = 400
_SECOND = 1_000_000_000


def _stored(sink: Sink) -> set[str]:
    return {s.data.span_id.hex() for s in sink.spans()}


def _calls(sink: Sink) -> dict[Any, float]:
    """The newest count by service that span metrics have."""
    return {
        p.resource.get("service.name", p.attributes.get("service.name")): p.number
        for p in sink.points("traces.span.metrics.calls")
    }


@pytest.fixture(scope="module")
def sampled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Collector, Sink, Sink]]:
    """A gateway that keeps 10 of 100, and its trace and metric sinks."""
    folder = tmp_path_factory.mktemp("gateway")
    often = folder / "often.yaml"
    often.write_text("connectors::span_metrics::metrics_flush_interval: 1s\n")
    with (
        otlp_sink() as http,
        otlp_grpc_sink() as grpc,
        gateway(
            folder,
            "options/sampling_tail.yaml",
            often,
            jaeger=grpc.url,
            loki=http.url,
            prometheus=http.url,
            CLEW_SAMPLING_WAIT="1s",
            CLEW_FOLLOWED_IDS="^ticket-77$|^follow-",
        ) as it,
    ):
        yield it, grpc, http


def test_remarkable_traces_are_all_stored(sampled: tuple[Collector, Sink, Sink]) -> None:
    """Errors anywhere in the trace, slow ones, followed ids: each whole. Of the rest a share."""
    it, grpc, http = sampled
    failed, slow, followed, plain = [], [], [], []
    for _ in range(50):
        root = span("root")
        child = span("child", traceId=root["traceId"], parentSpanId=root["spanId"])
        child["status"] = {"code": 2}
        failed += [root, child]
        long = span("long")
        long["startTimeUnixNano"] = str(int(long["endTimeUnixNano"]) - 2 * _SECOND)
        slow.append(long)
        thread = span("followed", attributes={"correlation_id": "follow-me"})
        followed += [thread, span("below", traceId=thread["traceId"])]
        followed.append(span("ticket", attributes={"correlation_id": "ticket-77"}))
    plain = [span("plain", attributes={"correlation_id": f"c-{n}"}) for n in range(_PLAIN)]
    remarkable = [*failed, *slow, *followed]
    # Children and roots of a trace come in requests of their own, as from different services.
    assert post(f"{it.http}/v1/traces", traces([*remarkable[::2], *plain])) == 200
    assert post(f"{it.http}/v1/traces", traces(remarkable[1::2])) == 200
    wanted = {each["spanId"] for each in remarkable}
    wait_until(lambda: wanted <= _stored(grpc))
    of_plain = len(_stored(grpc) & {each["spanId"] for each in plain})
    assert 10 <= of_plain <= 80  # 40 expected of 400; beyond 5 standard deviations either way

    # What was measured is everything, whatever was stored.
    wait_until(lambda: _calls(http).get("by-hand") is not None)
    wait_until(
        lambda: (
            sum(p.number for p in http.points("traces.span.metrics.calls"))
            == len(remarkable) + _PLAIN
        )
    )


def test_services_that_measure_themselves_are_not_measured_again(
    sampled: tuple[Collector, Sink, Sink],
) -> None:
    """A service with clew has its own request metrics; one without gets them from its spans."""
    it, grpc, http = sampled
    distro = {"service.name": "with-clew", "telemetry.distro.name": "clew"}
    slow = span("s", status={"code": 2})
    other = span("o", status={"code": 2})
    assert post(f"{it.http}/v1/traces", traces([slow], **distro)) == 200
    assert post(f"{it.http}/v1/traces", traces([other], **{"service.name": "without"})) == 200
    wait_until(lambda: {slow["spanId"], other["spanId"]} <= _stored(grpc))
    wait_until(lambda: "without" in _calls(http))
    assert "with-clew" not in _calls(http)


def test_what_waits_for_its_decision_is_decided_at_the_end(tmp_path: Path) -> None:
    """SIGTERM loses no remarkable trace, though the wait has not passed."""
    with (
        otlp_sink() as http,
        otlp_grpc_sink() as grpc,
        gateway(
            tmp_path,
            "options/sampling_tail.yaml",
            jaeger=grpc.url,
            loki=http.url,
            prometheus=http.url,
            CLEW_SAMPLING_WAIT="1h",
        ) as it,
    ):
        failed = [span("failed", status={"code": 2}) for _ in range(100)]
        assert post(f"{it.http}/v1/traces", traces(failed)) == 200
        it.end()
        it.start()  # what didn't go out before the end waits on the disk
        wait_until(lambda: _stored(grpc) == {each["spanId"] for each in failed})
