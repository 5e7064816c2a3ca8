"""The two engines say the same of the same requests: clew's own, and the SDK as reference."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from clew import _names
from tests.support.otlp_sink import Item, Sink, otlp_sink
from tests.support.processes import BIN, DEADLINE_S, free_port, running

SERVICE = """
import logging
import requests
from fastapi import APIRouter, FastAPI, HTTPException

app = FastAPI()
router = APIRouter(prefix="/shelves")


@app.get("/users/{user_id}")
async def user(user_id: int):
    logging.getLogger("shop").info("looking for %d", user_id)
    if user_id > 2:
        raise HTTPException(404, "User not found")
    return {"id": user_id}


@router.get("/{shelf}/books")
def books(shelf: str):
    return shelf


@app.get("/relay/{port}")
def relay(port: int):
    return requests.get(f"http://127.0.0.1:{port}/users/1", timeout=5).json()


@app.get("/fail")
async def fail():
    raise ValueError("broken")


app.include_router(router, prefix="/library")
"""
TRACE = "0af7651916cd43dd8448eb211c80319c"
PARENT = "b7ad6b7169203331"
# What both must say of a server span and of a client span. Not server.address of a server span:
# the upstream instrumentation leaves the port in it ("127.0.0.1:8000"), the convention does not.
SERVER = (
    _names.HTTP_REQUEST_METHOD, _names.HTTP_ROUTE, _names.HTTP_RESPONSE_STATUS_CODE,
    _names.URL_SCHEME, _names.URL_PATH, _names.SERVER_PORT,
    _names.CORRELATION_ID,
)  # fmt: skip
CLIENT = (
    _names.HTTP_REQUEST_METHOD, _names.HTTP_RESPONSE_STATUS_CODE, _names.URL_FULL,
    _names.SERVER_ADDRESS, _names.SERVER_PORT, _names.CORRELATION_ID,
)  # fmt: skip
PATHS = ("/users/1", "/users/9", "/library/shelves/a/books", "/relay/{port}", "/fail")


@dataclass
class Run:
    """What one engine made of the requests."""

    sink: Sink
    answers: dict[str, tuple[int, str | None]]
    lines: list[dict[str, object]]

    def spans(self, kind: int) -> dict[str, Item]:
        """Spans of the kind (2 server, 3 client) by the path they were of."""
        key = _names.URL_PATH if kind == 2 else _names.URL_FULL
        return {item.attributes[key]: item for item in self.sink.spans() if item.data.kind == kind}


def ask(url: str, headers: Mapping[str, str]) -> tuple[int, str | None]:
    request = urllib.request.Request(url, headers=dict(headers))
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, answer.headers["X-Correlation-ID"]
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.headers["X-Correlation-ID"]


def wait_for(url: str) -> None:
    deadline = time.monotonic() + DEADLINE_S
    while True:
        try:
            urllib.request.urlopen(url, timeout=1).close()
            return
        except OSError:
            assert time.monotonic() < deadline, f"{url} did not come up"
            time.sleep(0.05)


def run(engine: str, folder: Path) -> Iterator[Run]:
    (folder / "shop.py").write_text(SERVICE)
    port = free_port()
    command = [str(BIN / "clew"), "run", "uvicorn", "shop:app", "--port", str(port)]
    command += ["--app-dir", str(folder)]
    with otlp_sink() as sink:
        own = {
            "CLEW_ENGINE": engine,
            "CLEW_SPOOL_DIR": "off",
            "OTEL_SERVICE_NAME": "shop",
            "OTEL_EXPORTER_OTLP_ENDPOINT": sink.url,
        }
        with running(command, own, folder) as stdout:
            base = f"http://127.0.0.1:{port}"
            wait_for(f"{base}/openapi.json")
            answers = {}
            for number, path in enumerate(PATHS):
                path = path.format(port=port)
                headers = {
                    "X-Correlation-ID": f"thread-{number}",
                    "traceparent": f"00-{TRACE}-{PARENT}-01",
                }
                answers[path.replace(str(port), "PORT")] = ask(base + path, headers)
        lines = [json.loads(line) for line in stdout.read_text().splitlines()]
        yield Run(sink, answers, lines)


@pytest.fixture(scope="module")
def clew_run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    yield from run("clew", tmp_path_factory.mktemp("clew"))


@pytest.fixture(scope="module")
def sdk_run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    yield from run("sdk", tmp_path_factory.mktemp("sdk"))


def events(item: Item) -> list[str]:
    """By name, save those of a loop that a busy machine held up, in one run or in the other."""
    return [one.name for one in item.data.events if one.name != _names.LOOP_BLOCKED_EVENT]


def comparable(item: Item, names: tuple[str, ...]) -> dict[str, object]:
    """What must be alike; ports of the two runs differ, and are only there or not."""
    said = {name: item.attributes.get(name) for name in names}
    for name in (_names.SERVER_PORT,):
        said[name] = said[name] is not None
    said["name"] = item.data.name.partition("PORT")[0]
    said["error"] = item.data.status.code == 2
    said["events"] = events(item)
    return said


def test_both_answer_alike(clew_run: Run, sdk_run: Run) -> None:
    """Status and correlation id on the response are the same, on a 404 and a 500 too."""
    assert clew_run.answers == sdk_run.answers
    assert clew_run.answers["/fail"] == (500, "thread-4")
    assert {status for status, _ in clew_run.answers.values()} == {200, 404, 500}


def test_server_spans_say_the_same(clew_run: Run, sdk_run: Run) -> None:
    """Name, attributes, status, trace and parent of each server span are alike."""
    ours, theirs = clew_run.spans(2), sdk_run.spans(2)
    for path in ("/users/1", "/users/9", "/library/shelves/a/books"):
        assert comparable(ours[path], SERVER) == comparable(theirs[path], SERVER), path
    for spans in (ours, theirs):
        assert spans["/users/9"].data.trace_id.hex() == TRACE
        assert spans["/users/9"].data.parent_span_id.hex() == PARENT
        failed = spans["/fail"].data
        assert failed.status.code == 2
        assert events(spans["/fail"]) == ["exception"]


def test_client_spans_say_the_same(clew_run: Run, sdk_run: Run) -> None:
    """The call to the next service is one client span between two server spans, in both."""
    for got in (clew_run, sdk_run):
        (call,) = got.spans(3).values()
        by_id = {item.data.span_id: item for item in got.sink.spans()}
        assert by_id[call.data.parent_span_id].attributes[_names.HTTP_ROUTE] == "/relay/{port}"
        (child,) = (i for i in by_id.values() if i.data.parent_span_id == call.data.span_id)
        assert child.attributes[_names.CORRELATION_ID] == "thread-3"
        assert {name for name in CLIENT if name in call.attributes} == set(CLIENT)
        assert call.data.name == "GET"


def test_durations_are_counted_alike(clew_run: Run, sdk_run: Run) -> None:
    """The duration histogram has the same count for each route and status, and exemplars."""

    def counts(got: Run) -> dict[tuple[object, object], int]:
        points = got.sink.points(_names.HTTP_SERVER_REQUEST_DURATION)
        return {
            (p.attributes.get(_names.HTTP_ROUTE), p.attributes[_names.HTTP_RESPONSE_STATUS_CODE]):
            p.data.count for p in points
        }  # fmt: skip

    ours, theirs = counts(clew_run), counts(sdk_run)
    for key in (("/users/{user_id}", 200), ("/users/{user_id}", 404), ("/fail", 500)):
        assert ours[key] == theirs[key], key
    assert ours["/users/{user_id}", 200] == 2, "one of the test's, one of the relay's"
    bounds = _names.HTTP_DURATION_BOUNDS
    for got in (clew_run, sdk_run):
        points = got.sink.points(_names.HTTP_SERVER_REQUEST_DURATION)
        assert {tuple(point.data.explicit_bounds) for point in points} == {bounds}
        exemplars = got.sink.exemplars(_names.HTTP_SERVER_REQUEST_DURATION)
        assert TRACE in {exemplar.trace_id.hex() for exemplar in exemplars}


def test_log_lines_carry_the_ids_in_both(clew_run: Run, sdk_run: Run) -> None:
    """A line that the service logs has trace id, span id and correlation id, on stdout and OTLP."""
    for got in (clew_run, sdk_run):
        line = next(one for one in got.lines if one["message"] == "looking for 9")
        assert line["trace_id"] == TRACE
        assert line["correlation_id"] == "thread-1"
        record = next(
            i.data for i in got.sink.logs() if i.data.body.string_value == line["message"]
        )
        assert record.trace_id.hex() == TRACE
        assert record.span_id.hex() == line["span_id"]
        assert record.span_id.hex() == got.spans(2)["/users/9"].data.span_id.hex()
