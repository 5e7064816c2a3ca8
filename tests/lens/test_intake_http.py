"""OTLP over HTTP: what is taken, what is refused, and how the sender hears of it."""

from __future__ import annotations

import asyncio
import gzip
import json
import zlib
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)

from clew_lens._errors import TooLarge
from clew_lens.otlp.body import read
from clew_lens.otlp.limits import Limits
from clew_lens.store import Busy
from tests.lens import otlp_json as otlp
from tests.lens.bench import JSON, PROTOBUF, Bench

TRACE, SPAN = "a" * 32, "b" * 16


def protobuf(now: int, trace_id: bytes = bytes.fromhex(TRACE)) -> bytes:
    """An encoded request with one span."""
    request = ExportTraceServiceRequest()
    request.resource_spans.add().scope_spans.add().spans.add(
        trace_id=trace_id, span_id=bytes.fromhex(SPAN), name="GET /", start_time_unix_nano=now
    )
    return request.SerializeToString()


def test_protobuf_is_stored(lens: Bench) -> None:
    """A protobuf request is answered with an empty protobuf response and can be read back."""
    answer = lens.post("/v1/traces", protobuf(lens.now))
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["content-type"] == "application/x-protobuf"
    lens.writer.flush()
    assert lens.get("/trace", id=TRACE)["spans"][0]["name"] == "GET /"


def test_json_is_stored(lens: Bench) -> None:
    """JSON carries ids in hexadecimal, and the answer is JSON."""
    span = otlp.span(TRACE, SPAN, "GET /", start=lens.now)
    assert lens.send("/v1/traces", otlp.traces("users", span)) == {}
    assert lens.get("/trace", id=TRACE)["spans"][0]["service"] == "users"


@pytest.mark.parametrize("encoding, pack", [("gzip", gzip.compress), ("deflate", zlib.compress)])
def test_compressed_bodies_are_stored(lens: Bench, encoding: str, pack: object) -> None:
    """gzip and deflate are undone."""
    body = pack(protobuf(lens.now))  # type: ignore[operator]
    assert lens.post("/v1/traces", body, content_encoding=encoding).status_code == 200
    lens.writer.flush()
    assert lens.count("spans") == 1


@pytest.mark.parametrize("path", ["/v1/traces", "/v1/logs", "/v1/metrics"])
def test_an_empty_request_is_fine(lens: Bench, path: str) -> None:
    """A request with nothing in it succeeds, as the protocol asks."""
    assert lens.post(path, b"").status_code == 200


def test_ids_of_wrong_length_are_a_partial_success(lens: Bench) -> None:
    """The good span is kept, the bad one is counted, and the reason is given."""
    good = otlp.span(TRACE, SPAN, "good", start=lens.now)
    short = otlp.span("abcd", SPAN, "short", start=lens.now)
    zero = otlp.span("0" * 32, SPAN, "zero", start=lens.now)
    partial = lens.send("/v1/traces", otlp.traces("users", good, short, zero))["partialSuccess"]
    assert partial["rejectedSpans"] == "2"
    assert "wrong length" in partial["errorMessage"] and "zeros" in partial["errorMessage"]
    assert lens.count("spans") == 1


def test_log_ids_of_wrong_length_are_a_partial_success(lens: Bench) -> None:
    """The same for log records."""
    bad = otlp.log("x", time=lens.now, trace_id="abcd")
    good = otlp.log("y", time=lens.now)
    partial = lens.send("/v1/logs", otlp.logs("users", bad, good))["partialSuccess"]
    assert partial["rejectedLogRecords"] == "1"
    assert lens.get("/logs")["logs"][0]["message"] == "y"


@pytest.mark.parametrize(
    "headers, status, reason",
    [
        ({"content-type": "text/plain"}, 415, b"content-type"),
        ({"content-type": ""}, 415, b"content-type"),
        ({**PROTOBUF, "content-encoding": "zstd"}, 415, b"content-encoding"),
        ({**PROTOBUF, "content-encoding": "gzip"}, 400, b"valid gzip"),
    ],
)
def test_unknown_types_and_encodings_are_refused(
    lens: Bench, headers: dict[str, str], status: int, reason: bytes
) -> None:
    """What isn't known gets a 4xx with its reason."""
    answer = lens.receiver.post("/v1/traces", content=b"x" * 20, headers=headers)
    assert answer.status_code == status
    assert reason in answer.content


def test_every_truncation_of_a_request_is_answered(lens: Bench) -> None:
    """Cut anywhere, a protobuf body is either refused with 400 or is itself a message."""
    whole = protobuf(lens.now)
    statuses = {lens.post("/v1/traces", whole[:cut]).status_code for cut in range(len(whole))}
    assert statuses <= {200, 400} and 400 in statuses


def test_a_truncated_gzip_body_is_refused(lens: Bench) -> None:
    """Half a gzip stream isn't taken for a whole one."""
    packed = gzip.compress(protobuf(lens.now) * 50)
    answer = lens.post("/v1/traces", packed[: len(packed) // 2], content_encoding="gzip")
    assert answer.status_code == 400


@pytest.mark.parametrize(
    "body",
    [
        b"[]",
        b"{",
        b"null",
        b"\xff\xfe",
        b'{"resourceSpans": 7}',
        b'{"resourceSpans": [{"scopeSpans": [{"spans": [{"traceId": "zz"}]}]}]}',
        b'{"resourceSpans": [{"scopeSpans": [{"spans": [{"traceId": 12}]}]}]}',
        b'{"resourceSpans": [{"scopeSpans": [{"spans": [{"name": "\\ud800"}]}]}]}',
        b'{"a":' * 100_000,
        b"[" * 100_000,
    ],
)
def test_bad_json_is_refused(lens: Bench, body: bytes) -> None:
    """Whatever is wrong with the JSON, the answer is a 400 that says so."""
    answer = lens.receiver.post("/v1/traces", content=body, headers=JSON)
    assert answer.status_code == 400
    assert "JSON" in answer.json()["message"] or "hexadecimal" in answer.json()["message"]


def test_unknown_json_fields_are_ignored(lens: Bench) -> None:
    """Newer senders may say more than this lens knows."""
    message = otlp.traces("users", otlp.span(TRACE, SPAN, "x", start=lens.now))
    lens.send("/v1/traces", {**message, "fieldOfTheFuture": {"a": 1}})
    assert lens.count("spans") == 1


def test_a_gzip_bomb_costs_no_more_than_the_limit() -> None:
    """A body that unpacks to a hundred times the limit is refused with 413."""
    lens = Bench(limits=Limits(body=1 << 20))
    bomb = gzip.compress(bytes(100 << 20))
    answer = lens.post("/v1/traces", bomb, content_encoding="gzip")
    assert answer.status_code == 413 and b"unpacks to over" in answer.content
    lens.close()


def test_a_body_over_the_limit_is_not_read_whole() -> None:
    """Of a hundred megabytes only as much as the limit is taken in."""
    handed_over = 0

    async def chunks() -> AsyncIterator[bytes]:
        nonlocal handed_over
        for _ in range(100):
            handed_over += 1
            yield bytes(1 << 20)

    with ThreadPoolExecutor() as elsewhere:  # this thread may have a loop that runs
        reading = elsewhere.submit(lambda: asyncio.run(read(chunks(), 2 << 20)))
        with pytest.raises(TooLarge, match="send smaller batches"):
            reading.result()
    assert handed_over == 3


def test_a_body_of_a_hundred_megabytes_is_refused(lens: Bench) -> None:
    """413, with the limit in its reason."""
    answer = lens.post("/v1/traces", bytes(100 << 20))
    assert answer.status_code == 413 and b"16777216" in answer.content


def test_a_full_queue_tells_the_sender_to_try_again(
    lens: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """503 with Retry-After, which senders honour: nothing is lost."""

    def full(batch: object) -> None:
        raise Busy("full")

    monkeypatch.setattr(lens.writer, "put", full)
    answer = lens.post("/v1/traces", protobuf(lens.now))
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")


def test_only_post_is_taken(lens: Bench) -> None:
    """A GET of the receiver is 405, another path is 404."""
    assert lens.receiver.get("/v1/traces").status_code == 405
    assert lens.receiver.post("/v1/other").status_code == 404


def test_the_answer_of_a_partial_success_in_protobuf(lens: Bench) -> None:
    """The rejected count stands in the protobuf answer too."""
    answer = lens.post("/v1/traces", protobuf(lens.now, trace_id=b"short"))
    decoded = ExportTraceServiceResponse.FromString(answer.content)
    assert decoded.partial_success.rejected_spans == 1


def test_json_numbers_for_times_and_enums_are_read(lens: Bench) -> None:
    """OTLP's JSON allows 64-bit numbers as numbers or text."""
    span = otlp.span(TRACE, SPAN, "x", start=lens.now)
    span["startTimeUnixNano"] = lens.now
    answer = lens.receiver.post(
        "/v1/traces", content=json.dumps(otlp.traces("users", span)), headers=JSON
    )
    assert answer.status_code == 200
