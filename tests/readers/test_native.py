"""What the native reader makes of recorded answers, and how it asks."""

from __future__ import annotations

import json

import pytest

from clew.readers import CorrelationId, NativeReader, TraceId, Window
from tests.readers.fake_backend import FakeBackend

TRACE = TraceId("4bf92f3577b34da6a3ce929d0e0e4736")
ID = CorrelationId('order-"7" \\ {x}')
WINDOW = Window(1_795_436_000_000_000_001, 1_795_437_000_000_000_999)
START = 1_795_436_153_848_820_575


def test_a_correlation_id_is_found_once_though_two_services_have_it(
    reader: NativeReader, backend: FakeBackend
) -> None:
    """Each service is searched; the trace that several of them took part in comes once."""
    assert reader.trace_ids(ID, WINDOW) == (TRACE.value,)
    searched = [params["service"] for path, params in backend.asked if path == "/api/traces"]
    assert sorted(searched) == ["gateway", "users"]


def test_the_search_goes_by_tag_and_time(reader: NativeReader, backend: FakeBackend) -> None:
    """The id travels as JSON, the window in microseconds that hold all of it."""
    reader.trace_ids(ID, WINDOW)
    params = backend.params("/api/traces")
    assert json.loads(params["tags"]) == {"correlation_id": ID.value}
    assert int(params["start"]) * 1000 <= WINDOW.start_ns
    assert int(params["end"]) * 1000 >= WINDOW.end_ns


def test_a_trace_that_only_looks_alike_is_left_out(reader: NativeReader) -> None:
    """What a store finds is checked: the recorded trace has another id than the one asked for."""
    assert reader.trace_ids(CorrelationId("order-8"), WINDOW) == ()


def test_a_short_trace_id_is_padded(reader: NativeReader, backend: FakeBackend) -> None:
    """Jaeger's older API drops leading zeros; a reader's ids always have 32 digits."""
    body = backend.answers["/api/traces"][1].replace(TRACE.value, "a3ce929d0e0e4736")
    backend.answer("/api/traces", body)
    assert reader.trace_ids(ID, WINDOW) == ("0" * 16 + "a3ce929d0e0e4736",)


def test_a_trace_has_its_spans_in_order(reader: NativeReader) -> None:
    """Tree, services, kinds, status, times in nanoseconds and typed attributes."""
    entry, call, lookup = reader.trace(TRACE)
    assert [span.service for span in (entry, call, lookup)] == ["gateway", "gateway", "users"]
    assert [span.kind for span in (entry, call, lookup)] == ["SERVER", "CLIENT", "SERVER"]
    assert [span.status for span in (entry, call, lookup)] == ["ERROR", "UNSET", "OK"]
    assert (entry.parent_id, call.parent_id, lookup.parent_id) == (
        "",
        entry.span_id,
        call.span_id,
    )
    assert (entry.start_ns, entry.duration_s) == (START, 0.012)
    assert call.attributes["http.response.status_code"] == 200
    assert call.attributes["ok"] is True
    assert call.attributes["ratio"] == 0.5
    assert entry.attributes["correlation_id"] == ID.value
    [event] = entry.events
    assert (event.name, event.attributes["exception.type"]) == ("exception", "RuntimeError")
    assert event.time_ns == START + 7_000_000


def test_an_unknown_trace_is_empty(reader: NativeReader) -> None:
    """Jaeger's 404 for a trace that it doesn't have is no error."""
    assert reader.trace(TraceId("ab" * 16)) == ()


def test_log_lines_come_oldest_first_with_their_ids(reader: NativeReader) -> None:
    """Lines of both services, merged by time, with logger and severity."""
    lines = reader.log_lines(ID, WINDOW)
    assert [line.message for line in lines] == ["asking users", "found user 1", "unhandled"]
    assert [line.service for line in lines] == ["gateway", "users", "gateway"]
    assert [line.logger for line in lines] == ["gateway.app", "users.app", "gateway.app"]
    assert [line.severity for line in lines] == ["INFO", "INFO", "ERROR"]
    assert {line.trace_id for line in lines} == {TRACE.value}
    assert {line.correlation_id for line in lines} == {ID.value}
    assert lines[1].span_id == "3333333333333333"
    assert lines[2].attributes["exception_type"] == "RuntimeError"
    assert lines[0].time_ns == START + 1_000_000


def test_an_id_with_quotes_stays_text(reader: NativeReader, backend: FakeBackend) -> None:
    """Quotes and backslashes of an id can't end the string that they stand in."""
    reader.log_lines(CorrelationId('x" or trace_id!="\\'), WINDOW)
    assert backend.params("/loki/api/v1/query_range")["query"] == (
        '{service_name=~".+"} | correlation_id="x\\" or trace_id!=\\"\\\\"'
    )


def test_log_lines_of_a_trace_are_asked_for_by_its_id(
    reader: NativeReader, backend: FakeBackend
) -> None:
    """The kind of id decides which label is compared; both ends of the window count."""
    reader.log_lines(TRACE, WINDOW, limit=7)
    params = backend.params("/loki/api/v1/query_range")
    assert params["query"] == f'{{service_name=~".+"}} | trace_id="{TRACE.value}"'
    assert (params["start"], params["limit"]) == (str(WINDOW.start_ns), "7")
    assert int(params["end"]) > WINDOW.end_ns


def test_samples_have_name_labels_and_value(reader: NativeReader, backend: FakeBackend) -> None:
    """An instant query by name and labels."""
    name = "http_server_request_duration_seconds_count"
    [sample] = reader.samples(name, {"service_name": "gateway", "http_route": 'a"b'})
    assert backend.params("/api/v1/query")["query"] == (
        f'{name}{{http_route="a\\"b",service_name="gateway"}}'
    )
    assert (sample.name, sample.value) == (name, 1.0)
    assert sample.labels["http_route"] == "/users/{user_id}"
    assert "__name__" not in sample.labels


def test_exemplars_lead_to_traces(reader: NativeReader, backend: FakeBackend) -> None:
    """Value, trace and the series' labels."""
    name = "http_server_request_duration_seconds_bucket"
    [exemplar] = reader.exemplars(name, {"http_request_method": "GET"}, WINDOW)
    assert (exemplar.trace_id, exemplar.span_id) == (TRACE.value, "1111111111111111")
    assert exemplar.value == 0.012
    assert exemplar.labels["http_route"] == "/users/{user_id}"
    assert abs(exemplar.time_ns - START) < 2_000_000
    assert backend.params("/api/v1/query_exemplars")["start"] == "1795436000.000"


@pytest.mark.parametrize(
    ("name", "labels"),
    [("up or vector(1)", {}), ("up", {'a="b"} or up{c': "d"}), ("", {}), ("up", {"": "x"})],
)
def test_names_that_would_be_code_are_refused(
    reader: NativeReader, backend: FakeBackend, name: str, labels: dict[str, str]
) -> None:
    """Metric and label names are checked before anything is asked."""
    with pytest.raises(ValueError, match="can't be the name"):
        reader.samples(name, labels)
    assert backend.asked == []


def test_grafana_is_linked_only_where_it_answers(
    reader: NativeReader, backend: FakeBackend
) -> None:
    """Grafana is optional, and a link to nowhere helps nobody."""
    assert [link.title for link in reader.links(TRACE)] == ["Jaeger"]
    backend.answer("/api/health", '{"database": "ok"}')
    links = reader.links(TRACE)
    assert [link.title for link in links] == ["Jaeger", "Grafana, trace", "Grafana, logs"]
    assert links[0].url == f"{backend.address}/trace/{TRACE.value}"
    assert all(TRACE.value in link.url for link in links)


def test_places_say_where_it_looks(reader: NativeReader, backend: FakeBackend) -> None:
    """Name and address of each backend."""
    assert reader.places[0] == f"Jaeger at {backend.address}"
    assert len(reader.places) == 3
