"""Whatever a call to the logger holds: a line of strict JSON, and a record of the same data."""

from __future__ import annotations

import json
import logging
import math
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import clew as public
from clew.logs import severity
from tests.instrumentation.log_lines import STANDARD, Unprintable, logger, only_line
from tests.instrumentation.telemetry import Telemetry


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
def test_odd_extras(value: Any, clew: Telemetry, capsys: pytest.CaptureFixture[str]) -> None:
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
    line = only_line(clew)
    assert line["message"] == "failed"
    assert line["exception.type"].endswith("Broken")


def test_record_is_what_the_line_was(clew: Telemetry) -> None:
    """What changes after the call changes neither line nor record."""
    state: dict[str, Any] = {"step": 1, "inner": [1]}
    logger.info("x", extra={"state": state})
    state["step"] = 2
    state["inner"].append(2)
    (record,) = clew.logs()
    assert only_line(clew)["state"] == record.attributes["state"] == {"step": 1, "inner": [1]}


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
    line = only_line(clew)
    (record,) = clew.logs()
    assert record.data.body.string_value == line["message"] == message
    assert record.attributes == {k: v for k, v in line.items() if k not in STANDARD}
    assert record.scope == line["logger"]
    assert record.resource["service.name"] == line["service.name"]
    micros = int(line["timestamp"][-7:-1])
    assert abs(record.data.time_unix_nano // 1_000 % 1_000_000 - micros) % 999_999 <= 1
    assert record.data.severity_number == severity(level, "")[0]


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
