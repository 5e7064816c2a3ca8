"""CLEW_LOGS=files: what the agent reads from files is what clew would have sent by OTLP."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.collector.running import agent, free_ports, wait_until
from tests.collector.sending import logs, post, record
from tests.support.otlp_grpc_sink import otlp_grpc_sink
from tests.support.otlp_sink import Item, otlp_sink, plain

pytestmark = pytest.mark.backends

# Everything that a line can have: levels, extras, unicode, an exception, a dict as message, ids.
_SERVICE = """
import logging, clew.auto
from opentelemetry import trace
log = logging.getLogger("shop.orders")
log.setLevel(logging.DEBUG)
log.debug("quiet")
log.info("größe %s ✓", 12, extra={"order": 7, "ratio": 0.5, "paid": True, "tags": ["a", "b"]})
with trace.get_tracer("shop").start_as_current_span("work"):
    log.warning("inside", extra={"user": {"id": 1}})
    try:
        {}["missing"]
    except KeyError:
        log.exception("it broke")
    logging.getLogger("other").critical("the end")
log.info({"message": "as a dict", "step": 3})
"""


def _key(item: Item) -> tuple[Any, ...]:
    """Everything of a record that both ways carry. Their times are compared apart."""
    data = item.data
    attributes = {k: v for k, v in item.attributes.items() if not k.startswith("log.file")}
    return (
        plain(data.body),
        item.scope,
        data.severity_number,
        data.severity_text,
        data.trace_id.hex(),
        data.span_id.hex(),
        repr(sorted(attributes.items())),
        item.resource["service.name"],
    )


def _run(log: Path, endpoint: str, **environ: str) -> None:
    with log.open("ab") as out:
        subprocess.run(
            [sys.executable, "-c", _SERVICE],
            env={
                "PATH": "",
                "OTEL_SERVICE_NAME": "orders",
                "OTEL_EXPORTER_OTLP_ENDPOINT": endpoint,
                "CLEW_SPOOL_DIR": "off",
                **environ,
            },
            stdout=out,
            check=True,
            timeout=60,
        )


def test_a_line_from_a_file_is_the_record_of_otlp(tmp_path: Path) -> None:
    """Field by field, for the same run of the same service."""
    with otlp_sink() as direct, otlp_grpc_sink() as gateway:
        log = tmp_path / "orders.log"
        _run(log, direct.url)  # sends by OTLP, and writes the same lines
        by_otlp = sorted(map(_key, direct.logs()), key=str)
        assert len(by_otlp) == 6
        with agent(
            tmp_path / "agent",
            "options/logs_files.yaml",
            gateway=gateway.url,
            CLEW_LOG_FILES=str(tmp_path / "*.log"),
        ):
            wait_until(lambda: len(gateway.logs()) >= 6)
        assert sorted(map(_key, gateway.logs()), key=str) == by_otlp
        times = [sorted(r.data.time_unix_nano for r in sink.logs()) for sink in (direct, gateway)]
        for exact, from_line in zip(*times, strict=True):
            assert abs(exact - from_line) <= 1000  # a line's time has microseconds


def test_each_line_arrives_once_by_one_way(tmp_path: Path) -> None:
    """With CLEW_LOGS=files a service sends none by OTLP, and the agent takes none by OTLP."""
    with otlp_grpc_sink() as gateway:
        log = tmp_path / "orders.log"
        with agent(
            tmp_path / "agent",
            "options/logs_files.yaml",
            gateway=gateway.url,
            CLEW_LOG_FILES=str(tmp_path / "*.log"),
        ) as it:
            _run(log, it.http, CLEW_LOGS="files")
            assert post(f"{it.http}/v1/logs", logs([record("by otlp")])) == 404
            wait_until(lambda: len(gateway.logs()) >= 6 and len(gateway.spans()) >= 1)
            it.end()
        assert len(gateway.logs()) == 6
        assert len(gateway.spans()) == 1


def test_no_line_is_lost_or_doubled_by_kill_9_and_rotation(tmp_path: Path) -> None:
    """The place in each file outlives the agent; the gateway is away for a while."""
    (port,) = free_ports(1)
    log = tmp_path / "orders.log"
    line = (
        '{{"timestamp":"2026-11-24T05:00:00.{0:06d}Z","level":"INFO","logger":"l","message":"{0}"}}'
    )
    wanted = [str(number) for number in range(900)]

    def write(start: int) -> None:
        with log.open("a") as out:
            out.writelines(line.format(number) + "\n" for number in range(start, start + 300))

    write(0)
    with agent(
        tmp_path / "agent",
        "options/logs_files.yaml",
        gateway=f"127.0.0.1:{port}",
        CLEW_LOG_FILES=str(tmp_path / "*.log"),
    ) as it:
        write(300)
        it.end(signal.SIGKILL)
        log.rename(tmp_path / "orders.1.log")
        write(600)
        it.start()
        with otlp_grpc_sink(port) as gateway:
            wait_until(lambda: {plain(r.data.body) for r in gateway.logs()} == set(wanted))


def test_other_lines_are_kept_as_they_are(tmp_path: Path) -> None:
    """Text, broken JSON, JSON of others; and a container runtime's wrapping is taken off."""
    lines = [
        "Traceback (most recent call last):",
        '{"timestamp":"2026-11-24T05:00:00.000001Z","level":"INFO","mess',
        '{"event": "not clew"}',
        '2026-11-24T05:00:00.000001Z stdout F {"timestamp":"2026-11-24T05:00:00.000001Z",'
        '"level":"INFO","logger":"l","message":"wrapped","service.name":"orders"}',
    ]
    (tmp_path / "a.log").write_text("\n".join(lines) + "\n")
    with otlp_grpc_sink() as gateway:
        with agent(
            tmp_path / "agent",
            "options/logs_files.yaml",
            gateway=gateway.url,
            CLEW_LOG_FILES=str(tmp_path / "*.log"),
        ):
            wait_until(lambda: len(gateway.logs()) >= 4)
        assert {plain(r.data.body) for r in gateway.logs()} == {*lines[:3], "wrapped"}
        (wrapped,) = [r for r in gateway.logs() if plain(r.data.body) == "wrapped"]
        assert wrapped.resource["service.name"] == "orders"
