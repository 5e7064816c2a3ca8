"""How a process ends: all handed over where the way is open, in time where it is shut."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import textwrap
from collections.abc import Iterator

import pytest

from tests.instrumentation.conftest import Script
from tests.support.processes import environ, free_port, run_python
from tests.support.raw_server import RawServer, raw_server

# Many times CLEW_SHUTDOWN_TIMEOUT in these tests: reached only where a process hangs.
HANGS_S = 30.0
_WORK = """
    import clew.auto, logging
    from opentelemetry import trace, metrics
    for n in range(10):
        trace.get_tracer("t").start_span(str(n)).end()
    metrics.get_meter("m").create_counter("c").add(3)
    logging.getLogger("shop").info("worked")
"""


@pytest.fixture
def silent() -> Iterator[RawServer]:
    """An endpoint that takes requests and never answers."""
    with raw_server() as server:
        server.go_on.clear()
        yield server


def _own(port: int, **more: str) -> dict[str, str]:
    return {
        "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{port}",
        "CLEW_SHUTDOWN_TIMEOUT": "0.5",
        **more,
    }


def test_all_is_handed_over(script: Script) -> None:
    """A program that just ends has sent its spans, metrics and log lines, without a flush."""
    script(_WORK, OTEL_BSP_SCHEDULE_DELAY="600000", OTEL_METRIC_EXPORT_INTERVAL="600000")
    assert len(script.sink.spans()) == 10
    assert [point.number for point in script.sink.points("c")] == [3]
    assert [record.data.body.string_value for record in script.sink.logs()] == ["worked"]
    assert script.stderr == ""


@pytest.mark.parametrize(
    ("ending", "code"),
    [
        ("raise SystemExit(3)", 3),
        ("raise ValueError", 1),
        ("import threading; threading.Thread(target=lambda: None).start()", 0),
    ],
)
def test_exit_codes_stay(ending: str, code: int, script: Script) -> None:
    """However a program ends, it is with its own code, and with everything sent."""
    ended = run_python(
        textwrap.dedent(_WORK) + ending, {"OTEL_EXPORTER_OTLP_ENDPOINT": script.sink.url}
    )
    assert ended.returncode == code
    assert len(script.sink.spans()) == 10


def test_endpoint_that_hangs(silent: RawServer) -> None:
    """A black hole holds the process no longer than CLEW_SHUTDOWN_TIMEOUT; the loss is told."""
    ended = run_python(_WORK, _own(silent.port), timeout=HANGS_S)
    assert ended.returncode == 0
    assert "worked" in ended.stdout
    assert "Lost at exit" in ended.stdout


def test_endpoint_that_never_accepts() -> None:
    """So does one whose connections are never accepted."""
    with socket.create_server(("127.0.0.1", 0), backlog=1) as listener:
        ended = run_python(_WORK, _own(listener.getsockname()[1]), timeout=HANGS_S)
    assert ended.returncode == 0


def test_endpoint_that_is_away() -> None:
    """An endpoint that refuses is tried, not waited for."""
    ended = run_python(_WORK, _own(free_port(), CLEW_SHUTDOWN_TIMEOUT="25"), timeout=20)
    assert ended.returncode == 0
    assert "Lost at exit" in ended.stdout


def test_metric_callback_that_hangs(script: Script) -> None:
    """An observable instrument that hangs at the end holds nobody up."""
    code = """
        import clew.auto, threading
        from opentelemetry import metrics, trace
        def hangs(options):
            threading.Event().wait()
        metrics.get_meter("m").create_observable_gauge("g", [hangs])
        trace.get_tracer("t").start_span("s").end()
    """
    script(code, CLEW_SHUTDOWN_TIMEOUT="0.5")
    assert [span.data.name for span in script.sink.spans()] == ["s"]


def test_no_time_at_all(script: Script) -> None:
    """CLEW_SHUTDOWN_TIMEOUT=0 ends at once, without an error."""
    script(_WORK, CLEW_SHUTDOWN_TIMEOUT="0")
    assert "Traceback" not in script.stderr


def test_request_is_not_held_up_by_a_black_hole(silent: RawServer) -> None:
    """While the endpoint hangs, the application answers, and what it makes is bounded."""
    code = """
        import warnings; warnings.simplefilter("ignore")
        import clew.auto
        from fastapi import FastAPI
        from fastapi.testclient import TestClient
        client = TestClient(FastAPI())
        print([client.get("/openapi.json").status_code for _ in range(200)].count(200))
    """
    own = _own(silent.port, OTEL_BSP_MAX_QUEUE_SIZE="50", CLEW_ACCESS_LOG="false")
    ended = run_python(code, own, timeout=HANGS_S)
    assert "200" in ended.stdout.splitlines()


@pytest.mark.parametrize("handler", ["", "signal.signal(signal.SIGTERM, lambda *_: sys.exit(7))"])
def test_sigterm(handler: str, script: Script) -> None:
    """SIGTERM hands over what there is, and ends the process as it would have without clew."""
    code = f"""
        import signal, sys, threading
        import clew.auto
        from opentelemetry import trace
        {handler}
        trace.get_tracer("t").start_span("s").end()
        print("ready", flush=True)
        threading.Event().wait()
    """
    own = {
        "OTEL_EXPORTER_OTLP_ENDPOINT": script.sink.url,
        "OTEL_BSP_SCHEDULE_DELAY": "600000",
    }
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code)], env=environ(own), stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"ready\n"
    process.send_signal(signal.SIGTERM)
    assert process.wait(HANGS_S) == (7 if handler else -signal.SIGTERM)
    process.stdout.close()
    assert [span.data.name for span in script.sink.spans()] == ["s"]


def test_sigterm_while_the_endpoint_hangs(silent: RawServer) -> None:
    """Also with a black hole, SIGTERM ends the process in time."""
    code = """
        import threading
        import clew.auto
        from opentelemetry import trace
        trace.get_tracer("t").start_span("s").end()
        print("ready", flush=True)
        threading.Event().wait()
    """
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code)],
        env=environ(_own(silent.port)), stdout=subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stdout.readline() == b"ready\n"
    os.kill(process.pid, signal.SIGTERM)
    assert process.wait(HANGS_S) == -signal.SIGTERM
    process.stdout.close()
