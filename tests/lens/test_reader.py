"""The adapter by which `clew follow` and the end-to-end tests read a lens."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from clew.readers import BackendRefused, BackendUnavailable, CorrelationId, Reader, TraceId, Window
from clew.readers.lens import LensReader
from tests.lens.process import LensProcess
from tests.lens.story import Story

COUNT = "http_server_request_duration_seconds_count"
BUCKET = "http_server_request_duration_seconds_bucket"


@pytest.fixture(scope="module")
def told() -> Iterator[tuple[LensReader, Story, Window]]:
    """A reader of a lens that knows the shop's story."""
    story = Story(time.time_ns())
    with LensProcess() as lens:
        story.tell(lens.send, minutes=4, rate=0.5)
        lens.wait_until(lambda: lens.get("/status")["waiting_bytes"] == 0)
        lens.wait_until(lambda: lens.get("/status")["points"] > 0)
        yield LensReader.at(lens.page), story, Window.back_from(time.time_ns(), 3600)


def test_it_is_a_reader(told: tuple[LensReader, Story, Window]) -> None:
    """It has what the protocol asks for, and says where it looks."""
    reader: Reader = told[0]
    assert reader.places[0].startswith("clew lens at http://127.0.0.1:")


def test_from_correlation_id_to_spans(told: tuple[LensReader, Story, Window]) -> None:
    """Trace ids, then spans with exact times, status and events."""
    reader, story, window = told
    [trace_id] = reader.trace_ids(CorrelationId(story.failed[-1]), window)
    spans = reader.trace(TraceId(trace_id))
    assert [span.start_ns for span in spans] == sorted(span.start_ns for span in spans)
    charge = next(span for span in spans if span.name == "POST /charge")
    assert (charge.kind, charge.status, charge.service) == ("SERVER", "ERROR", "payments")
    assert charge.end_ns - charge.start_ns == 2_020_000_000
    assert "line 88" in str(charge.events[0].attributes["exception.stacktrace"])
    assert charge.attributes["http.response.status_code"] == 500


def test_log_lines_by_either_id(told: tuple[LensReader, Story, Window]) -> None:
    """Oldest first, with ids, and names as Loki has them."""
    reader, story, window = told
    of = CorrelationId(story.failed[-1])
    lines = reader.log_lines(of, window)
    assert [line.time_ns for line in lines] == sorted(line.time_ns for line in lines)
    [line] = [line for line in lines if "exception_stacktrace" in line.attributes]
    assert line.attributes["exception_type"] == "payments.cards.CardGatewayTimeout"
    assert (line.severity, line.correlation_id) == ("ERROR", of.value)
    [trace_id] = reader.trace_ids(of, window)
    assert len(reader.log_lines(TraceId(trace_id), window)) == len(lines)
    assert reader.log_lines(of, window, limit=1) == lines[:1]


def test_samples_by_prometheus_names(told: tuple[LensReader, Story, Window]) -> None:
    """Count, buckets and gauges, under the names and labels that Prometheus would give them."""
    reader, _, _ = told
    [sample] = reader.samples(COUNT, {"service_name": "users", "http_route": "/users/{user_id}"})
    assert sample.value == 120
    assert sample.labels["http_response_status_code"] == "200"
    buckets = reader.samples(BUCKET, {"service_name": "users"})
    assert [b.labels["le"] for b in buckets][-2:] == ["10", "+Inf"]
    assert buckets[-1].value == 120
    assert len(reader.samples("process_memory_usage_bytes", {})) == 4
    assert reader.samples("no_such_metric", {}) == ()
    with pytest.raises(ValueError, match="name of a metric"):
        reader.samples("no such metric", {})


def test_exemplars_lead_to_traces(told: tuple[LensReader, Story, Window]) -> None:
    """Oldest first, each with a trace that is there."""
    reader, _, window = told
    found = reader.exemplars(BUCKET, {"service_name": "payments"}, window)
    assert found and [e.time_ns for e in found] == sorted(e.time_ns for e in found)
    assert reader.trace(TraceId(found[0].trace_id))


def test_what_is_not_there_is_empty(told: tuple[LensReader, Story, Window]) -> None:
    """Unknown ids are no error."""
    reader, _, window = told
    assert reader.trace_ids(CorrelationId("nobody"), window) == ()
    assert reader.trace(TraceId("f" * 32)) == ()
    assert reader.log_lines(CorrelationId("nobody"), window) == ()


def test_the_link_opens_the_page(told: tuple[LensReader, Story, Window]) -> None:
    """The lens's own page of the trace."""
    [link] = told[0].links(TraceId("f" * 32))
    assert link.url.endswith("/follow/" + "f" * 32)


def test_no_lens_and_no_token() -> None:
    """Nobody there is unavailable, naming the variable; a missing token is refused."""
    with pytest.raises(BackendUnavailable, match="CLEW_LENS_URL"):
        LensReader.at("http://127.0.0.1:9").samples(COUNT, {})
    with LensProcess("--token", "secret") as lens:
        address = lens.page.split("/?")[0]
        with pytest.raises(BackendRefused, match="token"):
            LensReader.at(address).samples(COUNT, {})
        assert LensReader.at(address, token="secret").samples(COUNT, {}) == ()
