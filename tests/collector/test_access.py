"""CLEW_OTLP_TOKEN and CLEW_OTLP_TLS_DIR: from a service with clew by way of agent and gateway."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.collector.running import Collector, agent, gateway, wait_until
from tests.collector.sending import post, span, traces
from tests.support.otlp_grpc_sink import otlp_grpc_sink
from tests.support.otlp_sink import Sink, otlp_sink
from tests.support.tls import make_authority

pytestmark = pytest.mark.backends
_TOKEN = "s3cret.of-the-test~1"
_SERVICE = """
import clew.auto, logging
from opentelemetry import trace
with trace.get_tracer("shop").start_as_current_span("work"):
    logging.getLogger("shop").warning("inside")
"""


def run_service(spool: Path, **environ: str) -> str:
    """Run a service that makes one span and one log line; return what it wrote to stderr."""
    done = subprocess.run(
        [sys.executable, "-c", _SERVICE],
        env={"PATH": "", "OTEL_SERVICE_NAME": "shop", "CLEW_SPOOL_DIR": str(spool), **environ},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return done.stdout + done.stderr


@contextmanager
def _guarded(folder: Path) -> Iterator[tuple[Sink, Sink, Collector, Collector]]:
    """An agent and a gateway that want the token; behind them what stands for Loki and Jaeger."""
    with (
        otlp_sink() as http,
        otlp_grpc_sink() as grpc,
        gateway(
            folder / "gateway",
            "options/access_token.yaml",
            jaeger=grpc.url,
            loki=http.url,
            prometheus=http.url,
            CLEW_OTLP_TOKEN=_TOKEN,
        ) as front,
        agent(
            folder / "agent",
            "options/access_token.yaml",
            "options/agent_to_gateway_token.yaml",
            gateway=front.grpc,
            CLEW_OTLP_TOKEN=_TOKEN,
        ) as near,
    ):
        yield http, grpc, front, near


@pytest.mark.parametrize("protocol", ["http/protobuf", "grpc"])
def test_a_token_is_asked_for_at_each_step(tmp_path: Path, protocol: str) -> None:
    """Without it, or with a wrong one, nothing is taken and clew keeps what it has; then it comes.

    From the service to the agent, and from the agent to the gateway, the same token.
    """
    with _guarded(tmp_path) as (http, grpc, front, near):
        assert post(f"{front.http}/v1/traces", traces([span()])) == 401
        wrong = {"Authorization": "Bearer wrong"}
        assert post(f"{front.http}/v1/traces", traces([span()]), wrong) == 401
        endpoint = near.http if protocol != "grpc" else f"http://{near.grpc}"
        service = {
            "OTEL_EXPORTER_OTLP_ENDPOINT": endpoint,
            "OTEL_EXPORTER_OTLP_PROTOCOL": protocol,
            "CLEW_SHUTDOWN_TIMEOUT": "2",
        }
        spool = tmp_path / "spool"
        said = run_service(spool, **service)  # no token
        assert "401" in said or "unauthenticated" in said.lower()
        run_service(spool, **service, OTEL_EXPORTER_OTLP_HEADERS="Authorization=Bearer%20no")
        assert not grpc.spans() and not http.logs()
        run_service(spool, **service, OTEL_EXPORTER_OTLP_HEADERS=f"Authorization=Bearer%20{_TOKEN}")
        _runs_arrive(3, grpc, http)


def _runs_arrive(count: int, grpc: Sink, http: Sink) -> None:
    """The span and the line of each run, none twice."""
    wait_until(lambda: len(_lines(http)) == len(grpc.spans()) == count)
    assert len({s.data.span_id for s in grpc.spans()}) == count


def _lines(http: Sink) -> list[object]:
    return [r for r in http.logs() if r.data.body.string_value == "inside"]


@pytest.mark.parametrize("protocol", ["http/protobuf", "grpc"])
def test_tls_at_each_step(tmp_path: Path, protocol: str) -> None:
    """With certificates of an authority that the test makes; one that is not known is refused."""
    made = make_authority(tmp_path)
    stranger = tmp_path / "stranger"
    stranger.mkdir()
    make_authority(stranger)
    tls = tmp_path / "tls"
    tls.mkdir()
    names = {"server.pem": "server.crt", "server.key": "server.key", "ca.pem": "ca.crt"}
    for theirs, ours in names.items():
        shutil.copy(made / theirs, tls / ours)
    with (
        otlp_sink() as http,
        otlp_grpc_sink() as grpc,
        gateway(
            tmp_path / "gateway",
            "options/transport_tls.yaml",
            jaeger=grpc.url,
            loki=http.url,
            prometheus=http.url,
            CLEW_OTLP_TLS_DIR=str(tls),
        ) as front,
        agent(
            tmp_path / "agent",
            "options/transport_tls.yaml",
            "options/agent_to_gateway_tls.yaml",
            gateway=front.grpc,
            CLEW_OTLP_TLS_DIR=str(tls),
        ) as near,
    ):
        port = near.ports["grpc" if protocol == "grpc" else "http"]
        service = {
            "OTEL_EXPORTER_OTLP_ENDPOINT": f"https://127.0.0.1:{port}",
            "OTEL_EXPORTER_OTLP_PROTOCOL": protocol,
            "CLEW_SHUTDOWN_TIMEOUT": "2",
        }
        spool = tmp_path / "spool"
        run_service(spool, **service, OTEL_EXPORTER_OTLP_CERTIFICATE=str(stranger / "ca.pem"))
        assert not grpc.spans() and not http.logs()
        run_service(spool, **service, OTEL_EXPORTER_OTLP_CERTIFICATE=str(tls / "ca.crt"))
        _runs_arrive(2, grpc, http)


def test_the_agents_own_metrics_have_the_token_too(tmp_path: Path) -> None:
    """What an agent tells of itself is not what a guarded gateway refuses."""
    with _guarded(tmp_path) as (http, _, _, near):
        near.end()  # it hands over what it has measured
        wait_until(
            lambda: any(
                item.resource.get("service.name") == "clew-agent" for item in http.metrics()
            )
        )
