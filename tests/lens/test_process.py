"""A lens as a process: kill -9, restart, memory, ports, the end."""

from __future__ import annotations

import http.client
import random
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from tests.lens import otlp_json as otlp
from tests.lens.process import LensProcess

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")


def spans(first: int, count: int, text: str = "x" * 200) -> dict[str, object]:
    """A request of that many spans, named by their number."""
    now = time.time_ns()
    return otlp.traces(
        "users",
        *(otlp.span(f"{i + 1:032x}", f"{i + 1:016x}", f"n{i}", start=now, attrs={"t": f"{i}{text}"})
          for i in range(first, first + count)),
    )  # fmt: skip


def stream(lens: LensProcess, stopping: threading.Event) -> None:
    """Send one request after the other until the lens is gone."""
    sent = 0
    while not stopping.is_set():
        try:
            lens.send("/v1/traces", spans(sent, 200))
        except (OSError, http.client.HTTPException):
            return
        sent += 200


def killed_while_writing(store: str, more: int) -> tuple[int, int]:
    """How many spans there were at the start, and were visible just before the kill."""
    stopping = threading.Event()
    with LensProcess("--store", store) as lens:
        before = lens.get("/status")["spans"]
        sender = threading.Thread(target=stream, args=(lens, stopping))
        sender.start()
        lens.wait_until(lambda: lens.get("/status")["spans"] >= before + more)
        known = lens.get("/status")["spans"]
        lens.kill()
        stopping.set()
        sender.join()
    return before, known


@pytest.mark.long
def test_killed_at_any_moment_it_opens_again(tmp_path: Path) -> None:
    """After kill -9 in the middle of writing, all that was visible is there, and it goes on."""
    store = str(tmp_path / "lens.duckdb")
    known = 0
    for more in (2000, 4000, 6000):
        before, then_known = killed_while_writing(store, more)
        assert before >= known, "what was visible before the kill is gone"
        known = then_known
    with LensProcess("--store", store) as lens:
        assert lens.get("/status")["spans"] >= known
        lens.send("/v1/traces", spans(10**6, 1))
        lens.wait_until(lambda: lens.get("/status")["spans"] > known)


def test_what_was_accepted_is_committed_soon(tmp_path: Path) -> None:
    """Rows become visible by themselves, without more coming in."""
    with LensProcess("--store", str(tmp_path / "lens.duckdb")) as lens:
        lens.send("/v1/traces", spans(0, 10))
        lens.wait_until(lambda: lens.get("/status")["spans"] == 10)


@pytest.mark.long
def test_memory_stays_bounded(tmp_path: Path) -> None:
    """Far more than fits comes in; the process stays within its limit and a fixed part beside it.

    240 MB of text that doesn't compress, in a store of at most 58 MB.
    """
    limit = 96 << 20
    with LensProcess("--memory-limit", "96M") as lens:
        at_rest = lens.peak_memory()
        sent = 0
        for index in range(60):
            lens.send("/v1/traces", spans(index * 1000, 1000, text=random.randbytes(2000).hex()))
            sent += 1000
        lens.wait_until(lambda: lens.get("/status")["received"]["spans"] == sent)
        status = lens.get("/status")
        assert status["lost_rows"] == 0
        # Beside the database: one request being decoded and the queue of those that wait.
        assert lens.peak_memory() < at_rest + limit + (192 << 20)


def test_stopping_keeps_everything(tmp_path: Path) -> None:
    """Ctrl-C right after a send: it is stored, nothing is complained about."""
    store = str(tmp_path / "lens.duckdb")
    with LensProcess("--store", store) as lens:
        lens.send("/v1/traces", spans(0, 7))
        assert lens.stop() == ""
        assert lens.process.returncode == 0
    with LensProcess("--store", store) as lens:
        assert lens.get("/status")["spans"] == 7


def test_nothing_is_left_in_the_folder_it_was_started_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A store in memory that has to spill leaves no file behind."""
    monkeypatch.chdir(tmp_path)
    with LensProcess("--memory-limit", "64M") as lens:
        for index in range(30):
            lens.send("/v1/traces", spans(index * 500, 500, text=random.randbytes(2000).hex()))
        lens.wait_until(lambda: lens.get("/status")["received"]["spans"] == 15_000)
        assert list(tmp_path.iterdir()) == []
        assert lens.stop() == ""
    assert list(tmp_path.iterdir()) == []


def run(*words: str) -> subprocess.CompletedProcess[str]:
    """A lens that ends by itself."""
    command = [sys.executable, "-m", "clew_lens", *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=60)


@pytest.mark.parametrize("option", ["--port", "--otlp-http-port", "--otlp-grpc-port"])
def test_a_taken_port_is_told_with_its_option(option: str) -> None:
    """Exit status 1; the message says which option chooses another."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        ports = {"--port": "0", "--otlp-http-port": "0", "--otlp-grpc-port": "0"}
        ports[option] = str(other.getsockname()[1])
        ended = run(*(word for pair in ports.items() for word in pair))
    assert ended.returncode == 1
    assert option in ended.stderr and "Traceback" not in ended.stderr


def test_a_file_of_another_kind_is_told(tmp_path: Path) -> None:
    """A file that isn't a store is left alone, with a message."""
    other = tmp_path / "notes.txt"
    other.write_text("not a database\n" * 1000)
    ended = run("--store", str(other), "--port", "0", "--otlp-http-port", "0")
    assert ended.returncode == 1
    assert "--store" in ended.stderr and "Traceback" not in ended.stderr
    assert other.read_text().startswith("not a database")


def test_two_lenses_can_not_share_a_file(tmp_path: Path) -> None:
    """The second one says so and ends; the first goes on."""
    store = str(tmp_path / "lens.duckdb")
    with LensProcess("--store", store) as lens:
        ended = run("--store", store, "--port", "0", "--otlp-http-port", "0")
        assert ended.returncode == 1 and "another lens" in ended.stderr
        assert lens.get("/status")["spans"] == 0


def test_a_token_is_asked_for_everywhere() -> None:
    """Page, API and receiver answer 401 without it."""
    with LensProcess("--token", "secret") as lens:
        page = lens.page.split("/?")[0]
        for address in (page, f"{page}/api/v1/status", f"{lens.otlp_http}/v1/traces"):
            with pytest.raises(urllib.error.HTTPError) as refused:
                urllib.request.urlopen(address, timeout=30)
            assert refused.value.code == 401
            refused.value.close()
        headers = {"Authorization": "Bearer secret"}
        request = urllib.request.Request(f"{page}/api/v1/status", headers=headers)
        with urllib.request.urlopen(request, timeout=30) as answer:
            assert answer.status == 200


def test_a_host_name_of_elsewhere_is_refused_by_the_receiver_too() -> None:
    """A web page can't make a browser send telemetry here."""
    with LensProcess() as lens:
        headers = {"Host": "evil.example", "Content-Type": "application/json"}
        request = urllib.request.Request(f"{lens.otlp_http}/v1/traces", b"{}", headers)
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(request, timeout=30)
        assert refused.value.code == 403
        refused.value.close()
