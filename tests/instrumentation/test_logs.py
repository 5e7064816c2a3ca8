"""Log lines: one JSON object each, and the same data by OTLP."""

from __future__ import annotations

import io
import json
import logging
import math
import re
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.trace import use_span

import clew as public
from clew.logs import ClewHandler, JsonFormatter, severity
from tests.instrumentation.telemetry import SERVICE, Telemetry

logger = logging.getLogger("shop")
STANDARD = {"timestamp", "level", "logger", "message", "service.name"}


class Unprintable:
    def __str__(self) -> str:
        raise RuntimeError("no text")

    def __repr__(self) -> str:
        return "Unprintable()"


def _line(clew: Telemetry) -> dict[str, Any]:
    (line,) = clew.lines()
    return line


def test_fields(clew: Telemetry) -> None:
    """A line outside a request has the standard fields, and nothing else."""
    logger.warning("%d users", 3)
    line = _line(clew)
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
    line, context = _line(clew), span.get_span_context()
    assert line["trace_id"] == f"{context.trace_id:032x}"
    assert line["span_id"] == f"{context.span_id:016x}"
    assert line["correlation_id"] == "t-1"


def test_extras(clew: Telemetry) -> None:
    """What a call adds stands flat in the line; what clew keeps for itself does not."""
    logger.info("x", extra={"user_id": 7, "tags": ["a"], "nested": {"k": 1}, "_private": 1})
    line = _line(clew)
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
    line = _line(clew)
    assert (line["message"], line["amount"]) == ("paid", 9.5)


def test_exception(clew: Telemetry) -> None:
    """An exception is three fields, with its type as on the span."""
    try:
        raise LookupError("gone")
    except LookupError:
        logger.exception("failed")
    line = _line(clew)
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
    assert _line(clew)["exception.type"] == event["exception.type"] == "json.decoder.JSONDecodeError"


def test_exc_info_without_an_exception(clew: Telemetry) -> None:
    """exc_info=True outside an exception adds nothing."""
    logger.error("x", exc_info=True)
    assert set(_line(clew)) == STANDARD


def test_stack_info(clew: Telemetry) -> None:
    """stack_info=True adds the stack."""
    logger.info("x", stack_info=True)
    assert "test_stack_info" in _line(clew)["stack_info"]


def _cyclic() -> dict[str, Any]:
    cyclic: dict[str, Any] = {}
    cyclic["self"] = cyclic
    return cyclic


def _deep() -> list[Any]:
    deep: list[Any] = []
    for _ in range(100_000):
        deep = [deep]
    return deep


@pytest.mark.parametrize(
    "value",
    [
        math.nan, math.inf, 10**30, 10**5_000, "\ud800", b"\xff", {1: 2, None: 3, (1,): 4}, {1, 2},
        object(), Unprintable(), {"k": Unprintable()}, Unprintable, range(3), _cyclic(), _deep(),
        1 + 2j, {"\ud800": "\udfff"}, float, ValueError("x"),
    ],
    ids=lambda value: type(value).__name__,
)  # fmt: skip
def test_odd_extras(
    value: Any, clew: Telemetry, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whatever the value, there is a line of strict JSON, an OTLP record, and no complaint."""
    logger.info("before")
    logger.info("odd", extra={"value": value, "other": 1})
    logger.info("after")
    lines = [
        json.loads(line, parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))
        for line in clew._stdout.getvalue().split("\n")[:-1]
    ]
    assert [line["message"] for line in lines] == ["before", "odd", "after"]
    assert lines[1]["other"] == 1
    assert "value" in lines[1]
    records = clew.logs()
    assert [one.data.body.string_value for one in records] == ["before", "odd", "after"]
    assert records[1].attributes["other"] == 1
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    "message",
    [{1: "x"}, {None: 1}, {"k": Unprintable()}, {"message": {"a": [1]}}, {"message": None}, {}],
    ids=["int key", "no key", "unprintable", "message in message", "no message", "empty"],
)
def test_odd_dict_messages(message: Any, clew: Telemetry) -> None:
    """Whatever a dict message holds, there is a line and a record."""
    logger.info(message)
    logger.info("after")
    assert [line["level"] for line in clew.lines()] == ["INFO", "INFO"]
    assert len(clew.logs()) == 2


def test_exception_without_a_text(clew: Telemetry) -> None:
    """An exception whose text fails is logged all the same."""

    class Broken(Exception):
        __str__ = Unprintable.__str__

    try:
        raise Broken
    except Broken:
        logger.exception("failed")
    line = _line(clew)
    assert line["message"] == "failed"
    assert line["exception.type"].endswith("Broken")


def test_record_is_what_the_line_was(clew: Telemetry) -> None:
    """What changes after the call changes neither line nor record."""
    state: dict[str, Any] = {"step": 1, "inner": [1]}
    logger.info("x", extra={"state": state})
    state["step"] = 2
    state["inner"].append(2)
    (record,) = clew.logs()
    assert _line(clew)["state"] == record.attributes["state"] == {"step": 1, "inner": [1]}


_JSON = st.recursive(
    st.one_of(
        st.none(), st.booleans(), st.integers(-(1 << 63), (1 << 63) - 1),
        st.floats(allow_nan=False, allow_infinity=False), st.text(max_size=10),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=5,
)  # fmt: skip
_NAMES = st.text("abcxyz.", min_size=3, max_size=8).filter(lambda name: name not in STANDARD)


@given(
    message=st.text(max_size=20),
    extras=st.dictionaries(_NAMES, _JSON, max_size=4),
    level=st.sampled_from([logging.DEBUG, logging.INFO, logging.ERROR, 25]),
)
def test_otlp_record_is_the_line(
    message: str, extras: dict[str, Any], level: int, clew: Telemetry
) -> None:
    """Body, time, level and every attribute of the record are the line's."""
    clew.sink.clear()
    clew._stdout.truncate(0)
    clew._stdout.seek(0)
    with public.bind_correlation_id("t-3"):
        logger.log(level, "%s", message, extra=extras)
    line = _line(clew)
    (record,) = clew.logs()
    assert record.data.body.string_value == line["message"] == message
    assert record.attributes == {k: v for k, v in line.items() if k not in STANDARD}
    assert record.scope == line["logger"]
    assert record.resource["service.name"] == line["service.name"]
    micros = int(line["timestamp"][-7:-1])
    assert abs(record.data.time_unix_nano // 1_000 % 1_000_000 - micros) % 999_999 <= 1
    assert record.data.severity_number == severity(level, "")[0]


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


@pytest.fixture(params=["orjson", "standard library"])
def encode(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The JSON encoder, with orjson and as it is without."""
    from clew import _json

    if request.param == "standard library":
        monkeypatch.setitem(__import__("sys").modules, "orjson", None)
    yield _json.encoder()


@given(
    st.dictionaries(
        st.one_of(st.text(st.characters(codec=None), max_size=4), st.integers(), st.none()),
        st.recursive(
            st.one_of(
                st.floats(), st.integers(), st.text(st.characters(codec=None), max_size=5),
                st.binary(max_size=3), st.just(Unprintable()), st.just(object()),
            ),
            lambda inner: st.one_of(
                st.lists(inner, max_size=3),
                st.frozensets(st.integers(), max_size=2),
                st.dictionaries(st.integers(), inner, max_size=2),
            ),
            max_leaves=4,
        ),
        max_size=4,
    )
)  # fmt: skip
def test_any_fields_are_one_line_of_json(encode: Any, fields: dict[Any, Any]) -> None:
    """Both encoders make strict JSON in one line, whatever the fields are."""
    text = encode(fields)
    assert "\n" not in text
    read = json.loads(text, parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))
    assert len(read) <= len(fields)
    text.encode()
