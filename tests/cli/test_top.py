"""`clew top`: the routes of all services as a table."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import time
from collections.abc import Iterator
from typing import Any

import pytest
from click.testing import CliRunner, Result

from clew.cli import main
from clew.cli._follow_style import Style
from clew.cli.top import text
from clew.readers import NativeReader, ReaderSettings, RouteStats, Window
from tests.lens import otlp_json
from tests.lens.process import LensProcess
from tests.readers.fake_backend import FakeBackend, fake_backend
from tests.support.processes import BIN, environ

NOWHERE = "http://127.0.0.1:9"
BUSY = RouteStats("users", "GET /users/{user_id}", 300, 0, 1.0, 0.003, 0.005)
FAILING = RouteStats("payments", "POST /charges", 60, 15, 0.2, 0.010, 1.5)


def run(*words: str, **own: str) -> Result:
    return CliRunner().invoke(main, ["top", *words], env=own)


def test_the_table() -> None:
    """Aligned columns, milliseconds, the share of errors only where there are some."""
    assert text((BUSY, FAILING), 300, Style()) == (
        "the last 5 m: 360 requests\n"
        "\n"
        "service   route                 req/s  errors  p50 ms  p95 ms\n"
        "users     GET /users/{user_id}   1.00             3.0     5.0\n"
        "payments  POST /charges          0.20  25.0 %    10.0  1500.0"
    )


def test_on_a_terminal_failing_routes_are_red_and_lines_are_cut() -> None:
    """No line is wider than the terminal."""
    shown = text((BUSY, FAILING), 300, Style(color=True, width=40))
    assert "\x1b[31mpayments" in shown and "\x1b[31musers" not in shown
    assert all(len(line) <= 40 for line in text((BUSY, FAILING), 300, Style(width=40)).splitlines())


@pytest.fixture(scope="module")
def lens() -> Iterator[LensProcess]:
    """A lens that knows two routes."""
    now = time.time_ns() - 10**9
    with LensProcess() as running:
        for service, name, length, error in (
            ("users", "GET /users", 2, ""),
            ("users", "GET /users", 4, ""),
            ("payments", "POST /charges", 100, "boom"),
        ):
            span = otlp_json.span(
                f"{length:032x}", f"{length:016x}", name, start=now, length=length * 10**6,
                error=error,
            )  # fmt: skip
            scope = {"scope": {"name": "t"}, "spans": [span]}
            whole = {"resource": otlp_json.resource(service), "scopeSpans": [scope]}
            running.send("/v1/traces", {"resourceSpans": [whole]})
        running.wait_until(lambda: running.get("/status")["spans"] == 3)
        yield running


def test_from_the_lens(lens: LensProcess) -> None:
    """Busiest first; piped, it prints once and ends."""
    ended = run(CLEW_LENS_URL=lens.page)
    assert ended.exit_code == 0, ended.output
    rows = ended.stdout.splitlines()[3:]
    assert [row.split()[0] for row in rows] == ["users", "payments"]
    assert "100.0 %" in rows[1]
    assert "\x1b" not in ended.stdout


def test_json_sorting_and_one_service(lens: LensProcess) -> None:
    """Latencies in seconds; the order and the service as asked for."""
    found = json.loads(run("--json", "--sort", "errors", CLEW_LENS_URL=lens.page).stdout)
    assert [one["service"] for one in found["routes"]] == ["payments", "users"]
    assert found["routes"][0]["p95_s"] == 0.1
    only = json.loads(run("--json", "--service", "users", CLEW_LENS_URL=lens.page).stdout)
    assert [one["requests"] for one in only["routes"]] == [2]


def test_on_a_terminal_it_goes_on_until_ctrl_c(lens: LensProcess) -> None:
    """It draws on a screen of its own, and leaves the last table on the one that was there."""
    primary, secondary = pty.openpty()
    process = subprocess.Popen(
        [str(BIN / "clew"), "top", "--every", "1s"],
        env={**environ({"CLEW_LENS_URL": lens.page}), "TERM": "xterm"},
        stdin=secondary, stdout=secondary, stderr=secondary, start_new_session=True,
    )  # fmt: skip
    os.close(secondary)
    shown = ""
    while "Ctrl-C ends it" not in shown:
        shown += os.read(primary, 65536).decode()
    process.send_signal(signal.SIGINT)
    after = ""
    while True:
        try:
            after += os.read(primary, 65536).decode()
        except OSError:  # the terminal's other end is closed: the program has ended
            break
    os.close(primary)
    assert process.wait(30) == 0
    assert "\x1b[?1049h" in shown and "\x1b[31m" in shown
    left = after.rpartition("\x1b[?1049l")[2]
    assert "payments" in left and "Traceback" not in left


def test_no_requests(lens: LensProcess) -> None:
    """Exit code 1, and what to try."""
    ended = run("--service", "nobody", CLEW_LENS_URL=lens.page)
    assert (ended.exit_code, ended.stdout) == (1, "")
    assert "No requests of nobody in the last 5 m" in ended.stderr


def test_no_answer() -> None:
    """Exit code 3, with the variable that says where to look."""
    ended = run(CLEW_PROMETHEUS_URL=NOWHERE)
    assert ended.exit_code == 3
    assert "set CLEW_PROMETHEUS_URL" in ended.stderr


def series(value: str, **labels: str) -> dict[str, Any]:
    return {"metric": labels, "value": [1_796_000_000, value]}


@pytest.fixture
def prometheus() -> Iterator[FakeBackend]:
    """A Prometheus that answers every query with the same series."""
    route = {
        "service_name": "users",
        "http_request_method": "GET",
        "http_route": "/users/{user_id}",
    }
    found = [series("30.4", **route), series("NaN", **{**route, "http_route": "/idle"})]
    with fake_backend() as backend:
        backend.answer("/api/v1/query", json.dumps({"data": {"result": found}}))
        yield backend


def test_from_prometheus(prometheus: FakeBackend) -> None:
    """Routes are named as their spans are; the window goes into the query; NaN is no number."""
    address = prometheus.address
    reader = NativeReader.from_settings(ReaderSettings(address, address, address, address))
    window = Window.back_from(1_796_000_000 * 10**9, 60)
    [route] = reader.routes(window, 'us"ers')
    assert (route.service, route.name, route.requests) == ("users", "GET /users/{user_id}", 30)
    queries = [params["query"] for _, params in prometheus.asked]
    assert len(queries) == 4
    assert all('service_name="us\\"ers"' in query and "[60s]" in query for query in queries)
    assert sum('http_response_status_code=~"5.."' in query for query in queries) == 1
    assert {params["time"] for _, params in prometheus.asked} == {"1796000000.000"}
