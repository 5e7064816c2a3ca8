"""Log lines: one JSON object each, and the same data by OTLP."""

from __future__ import annotations

import io
import json
import logging
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.trace import use_span

import clew as public
from clew.logs import ClewHandler, JsonFormatter, severity
from tests.instrumentation.log_lines import STANDARD, logger, only_line
from tests.instrumentation.telemetry import SERVICE, Telemetry


def test_fields(clew: Telemetry) -> None:
    """A line outside a request has the standard fields, and nothing else."""
    logger.warning("%d users", 3)
    line = only_line(clew)
    assert set(line) == STANDARD
    assert (line["level"], line["logger"]) == ("WARNING", "shop")
    assert (line["message"], line["service.name"]) == ("3 users", SERVICE)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", line["timestamp"])


@pytest.mark.parametrize(
    ("created", "text"),
    [
        (0.0, "1970-01-01T00:00:00.000000Z"),
        (1_795_437_023.000001, "2026-11-23T12:30:23.000001Z"),
        (1_795_437_023.999999, "2026-11-23T12:30:23.999999Z"),
        (1_709_164_800.5, "2024-02-29T00:00:00.500000Z"),
    ],
)
def test_timestamp(created: float, text: str) -> None:
    """The record's time in UTC with microseconds (RFC 3339)."""
    record = logging.LogRecord("shop", logging.INFO, "", 0, "m", None, None)
    record.created = created
    assert json.loads(JsonFormatter("s").format(record))["timestamp"] == text


def test_ids_inside_a_request(clew: Telemetry) -> None:
    """Within a span and a bound id, a line has all three ids."""
    span = clew.runtime.tracer.start_span("work")
    with public.bind_correlation_id("t-1"), use_span(span):
        logger.info("inside")
    line, context = only_line(clew), span.get_span_context()
    assert line["trace_id"] == f"{context.trace_id:032x}"
    assert line["span_id"] == f"{context.span_id:016x}"
    assert line["correlation_id"] == "t-1"


def test_extras(clew: Telemetry) -> None:
    """What a call adds stands flat in the line; what clew keeps for itself does not."""
    logger.info("x", extra={"user_id": 7, "tags": ["a"], "nested": {"k": 1}, "_private": 1})
    line = only_line(clew)
    assert {key: line[key] for key in set(line) - STANDARD} == {
        "user_id": 7,
        "tags": ["a"],
        "nested": {"k": 1},
    }


def test_extras_do_not_replace_what_identifies_a_line(clew: Telemetry) -> None:
    """An extra or a dict message cannot change whose line it is, or when it was written."""
    forged = {key: "forged" for key in (*STANDARD - {"message"}, "trace_id", "correlation_id")}
    span = clew.runtime.tracer.start_span("work")
    with public.bind_correlation_id("t-2"), use_span(span):
        logger.info("x", extra=forged)
        logger.info(forged)
    for line in clew.lines():
        assert "forged" not in [line[key] for key in forged]
        assert line["correlation_id"] == "t-2"


def test_dict_message(clew: Telemetry) -> None:
    """A dict as message is spread over the line; its `message` is the line's."""
    logger.info({"message": "paid", "amount": 9.5})
    line = only_line(clew)
    assert (line["message"], line["amount"]) == ("paid", 9.5)


def test_exception(clew: Telemetry) -> None:
    """An exception is three fields, with its type as on the span."""
    try:
        raise LookupError("gone")
    except LookupError:
        logger.exception("failed")
    line = only_line(clew)
    assert (line["exception.type"], line["exception.message"]) == ("LookupError", "gone")
    assert line["exception.stacktrace"].splitlines()[-1] == "LookupError: gone"
    assert "\n" not in clew._stdout.getvalue()[:-1]


def test_exception_type_is_the_spans(clew: Telemetry) -> None:
    """A type of a module is named alike in log lines and span events."""
    error = json.JSONDecodeError("m", "doc", 0)
    span = clew.runtime.tracer.start_span("work")
    span.record_exception(error)
    span.end()
    logger.error("failed", exc_info=error)
    event = {a.key: a.value.string_value for a in clew.span().data.events[0].attributes}
    assert event["exception.type"] == "json.decoder.JSONDecodeError"
    assert only_line(clew)["exception.type"] == event["exception.type"]


def test_exc_info_without_an_exception(clew: Telemetry) -> None:
    """exc_info=True outside an exception adds nothing."""
    logger.error("x", exc_info=True)
    assert set(only_line(clew)) == STANDARD


def test_stack_info(clew: Telemetry) -> None:
    """stack_info=True adds the stack."""
    logger.info("x", stack_info=True)
    assert "test_stack_info" in only_line(clew)["stack_info"]


@pytest.mark.parametrize(
    ("level", "number"),
    [(1, 1), (10, 5), (15, 7), (20, 9), (25, 11), (30, 13), (40, 17), (50, 21), (60, 24), (0, 1)],
)
def test_severities(level: int, number: int) -> None:
    """Standard levels have the numbers of the logs data model; others lie between them."""
    assert severity(level, "own")[0] == number


@given(st.integers(-10, 200), st.integers(-10, 200))
def test_severity_keeps_the_order(one: int, other: int) -> None:
    """A higher level never has a lower number, and every number is a valid one."""
    low, high = sorted((one, other))
    assert 1 <= severity(low, "")[0] <= severity(high, "")[0] <= 24


def test_stdout_that_fails_loses_no_record(clew: Telemetry) -> None:
    """Where the line cannot be written, the record is exported all the same."""

    class Broken(io.StringIO):
        def write(self, text: str) -> int:
            raise OSError("no space left")

    handler = ClewHandler(JsonFormatter(SERVICE), clew.runtime.pipeline.logs, Broken())
    handler.handleError = lambda record: None  # type: ignore[method-assign]
    logger.removeHandler(clew.handler)
    logger.addHandler(handler)
    try:
        logger.info("kept")
    finally:
        logger.removeHandler(handler)
    assert [one.data.body.string_value for one in clew.logs()] == ["kept"]


def test_line_is_one_write(clew: Telemetry) -> None:
    """A line is handed over whole, so that processes that share a stream do not mix theirs."""
    writes: list[str] = []

    class Stream(io.StringIO):
        def write(self, text: str) -> int:
            writes.append(text)
            return len(text)

    handler = ClewHandler(JsonFormatter(SERVICE), None, Stream())
    handler.emit(logging.LogRecord("shop", 20, "", 0, "two\nlines", None, None))
    (written,) = writes
    assert written.endswith("}\n")
    assert written.count("\n") == 1


def test_process_without_stdout(clew: Telemetry, monkeypatch: pytest.MonkeyPatch) -> None:
    """A process may have no standard output (pythonw, daemons): records are still exported."""
    monkeypatch.setattr("sys.stdout", None)
    handler = ClewHandler(JsonFormatter(SERVICE), clew.runtime.pipeline.logs)
    handler.emit(logging.LogRecord("shop", 20, "", 0, "m", None, None))
    monkeypatch.undo()
    assert len(clew.logs()) == 1
