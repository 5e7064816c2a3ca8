"""Log lines: search, over time, and the tail."""

from __future__ import annotations

import pytest

from tests.lens import otlp_json as otlp
from tests.lens.bench import SECOND, Bench

TRACE = "a" * 32


@pytest.fixture
def lines(lens: Bench) -> Bench:
    """Four lines of two services."""
    send = [
        ("users", otlp.log("User 7 Found", time=lens.now - 4 * SECOND, trace_id=TRACE)),
        ("users", otlp.log("cache at 100% full", time=lens.now - 3 * SECOND, severity=13)),
        ("orders", otlp.log("broken", time=lens.now - 2 * SECOND, severity=17,
                            attrs={"exception.type": "ValueError",
                                   "exception.message": "no such order",
                                   "exception.stacktrace": "Traceback…", "user.id": "u-7"})),
        ("orders", otlp.log("noise", time=lens.now - SECOND, severity=5)),
    ]  # fmt: skip
    for service, record in send:
        lens.send("/v1/logs", otlp.logs(service, record))
    return lens


def messages(lens: Bench, **params: object) -> list[str]:
    """Messages of the lines that fit."""
    return [line["message"] for line in lens.get("/logs", **params)["logs"]]


@pytest.mark.parametrize(
    "params, found",
    [
        ({}, ["noise", "broken", "cache at 100% full", "User 7 Found"]),
        ({"order": "oldest", "limit": 2}, ["User 7 Found", "cache at 100% full"]),
        ({"text": "user 7"}, ["User 7 Found"]),
        ({"text": "100%"}, ["cache at 100% full"]),
        ({"text": "%"}, ["cache at 100% full"]),
        ({"text": "_"}, []),
        ({"text": "\\"}, []),
        ({"text": "no such ORDER"}, ["broken"]),
        ({"service": "users"}, ["cache at 100% full", "User 7 Found"]),
        ({"level": "warn"}, ["broken", "cache at 100% full"]),
        ({"level": "error"}, ["broken"]),
        ({"trace_id": TRACE}, ["User 7 Found"]),
        ({"attribute": "user.id=u-7"}, ["broken"]),
        ({"attribute": "service.name=orders"}, ["noise", "broken"]),
        ({"logger": "orders"}, ["noise", "broken"]),
        ({"limit": 1}, ["noise"]),
    ],
)
def test_lines_are_searched(lines: Bench, params: dict[str, object], found: list[str]) -> None:
    """Each filter keeps what fits, newest first; wildcards are taken literally."""
    assert messages(lines, **params) == found


def test_an_exception_comes_with_its_line(lines: Bench) -> None:
    """Type and message in one line, the stack trace whole."""
    [line] = lines.get("/logs", level="error")["logs"]
    assert line["exception"] == "ValueError: no such order"
    assert line["stacktrace"] == "Traceback…"


def test_the_tail_gives_each_line_once(lines: Bench) -> None:
    """From the last number seen, in order of arrival, also lines with an older time."""
    last = lines.get("/logs")["last_seq"]
    lines.send("/v1/logs", otlp.logs("users", otlp.log("late", time=lines.now - 900 * SECOND)))
    found = lines.get("/logs", after_seq=last)
    assert [line["message"] for line in found["logs"]] == ["late"]
    assert lines.get("/logs", after_seq=found["last_seq"])["logs"] == []


def test_a_tail_that_is_behind_catches_up(lines: Bench) -> None:
    """More lines than the limit come in several answers, none left out."""
    seen, last = [], 1
    while found := lines.get("/logs", after_seq=last, limit=1):
        if not found["logs"]:
            break
        seen += [line["message"] for line in found["logs"]]
        last = found["last_seq"]
    assert seen == ["cache at 100% full", "broken", "noise"]


def test_lines_over_time(lines: Bench) -> None:
    """All lines, and those of level error and above within."""
    found = lines.get("/logs/histogram")
    assert (sum(found["lines"]), sum(found["errors"])) == (4, 1)


@pytest.mark.parametrize("text, level", [("CRITICAL", "fatal"), ("WARNING", "warn"), ("", "info")])
def test_severity_from_its_text(lens: Bench, text: str, level: str) -> None:
    """A sender that gives only the text is understood."""
    record = otlp.log("x", time=lens.now, severity=0)
    lens.send("/v1/logs", otlp.logs("users", {**record, "severityText": text}))
    assert lens.get("/logs")["logs"][0]["level"] == level


def test_a_body_that_is_not_text(lens: Bench) -> None:
    """A structured body is shown as JSON."""
    record = otlp.log("x", time=lens.now)
    record["body"] = {"kvlistValue": {"values": otlp.attributes({"event": "paid", "amount": 3})}}
    lens.send("/v1/logs", otlp.logs("users", record))
    assert messages(lens) == ['{"event":"paid","amount":3}']
