"""The sink, over HTTP."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from urllib.request import Request, urlopen

import pytest

from benchmarks.overhead.sink import Sink
from tests.benchmarks.test_evidence import spans


@pytest.fixture
def sink() -> Iterator[str]:
    """The address of a running sink."""
    server = Sink(0)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


def counts(sink: str, name: str) -> dict[str, int]:
    with urlopen(f"{sink}/{name}", timeout=10) as answer:
        found: dict[str, int] = json.load(answer)
        return found


def test_collections_are_apart(sink: str) -> None:
    """A request counts in the collection of its path, and nowhere else."""
    urlopen(Request(f"{sink}/7/v1/traces", data=spans(1, 2)), timeout=10).close()
    assert counts(sink, "8")["server_spans"] == 0
    assert counts(sink, "7")["server_spans"] == 2


def test_a_counted_collection_is_forgotten(sink: str) -> None:
    """A long run does not fill the memory with what was counted."""
    urlopen(Request(f"{sink}/7/v1/traces", data=spans(1)), timeout=10).close()
    assert counts(sink, "7")["requests"] == 1
    assert counts(sink, "7")["requests"] == 0


def test_chunked_requests_count(sink: str) -> None:
    """A body without a length, in chunks, is read to its end."""
    body = spans(1, 2, 3)
    request = Request(f"{sink}/7/v1/traces", data=iter([body[:9], body[9:]]), method="POST")
    request.add_header("Content-Type", "application/x-protobuf")
    urlopen(request, timeout=10).close()
    assert counts(sink, "7")["server_spans"] == 3
