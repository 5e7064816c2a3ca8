"""What is too much, too long or absurd is clipped, and the rest is kept."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

import pytest

from tests.lens import otlp_json as otlp
from tests.lens.bench import SECOND, Bench

TRACE, SPAN = "a" * 32, "b" * 16


def stored(lens: Bench, **span: Any) -> dict[str, Any]:
    """A span with these fields, as it is read back."""
    made = otlp.span(TRACE, SPAN, "x", **{"start": lens.now, **span})
    lens.send("/v1/traces", otlp.traces("users", made))
    found: dict[str, Any] = lens.get("/trace", id=TRACE)["spans"][0]
    return found


def nanoseconds(year: int) -> int:
    """The start of a year."""
    return int(datetime(year, 1, 1, tzinfo=timezone.utc).timestamp()) * SECOND


@pytest.mark.parametrize("start", [0, nanoseconds(2500), (1 << 64) - 1])
def test_absurd_start_times_become_the_time_of_arrival(lens: Bench, start: int) -> None:
    """The span stays findable, keeps its duration, and says what was sent."""
    made = otlp.span(TRACE, SPAN, "x", start=start, length=0)
    lens.send("/v1/traces", otlp.traces("users", made))
    span = lens.get("/trace", id=TRACE)["spans"][0]
    assert abs(int(span["time_ns"]) - lens.now) < 60 * SECOND
    assert span["attributes"]["lens.original_start_unix_nano"] == str(start)


def test_an_old_time_is_kept(lens: Bench) -> None:
    """The past is possible: telemetry can be replayed."""
    assert stored(lens, start=nanoseconds(1999))["time_us"] == nanoseconds(1999) // 1000


def test_an_end_before_the_start_is_no_duration(lens: Bench) -> None:
    """Clocks step back; a duration can't be negative."""
    assert stored(lens, length=-5_000_000)["duration_ns"] == 0


def test_a_span_that_never_seems_to_end(lens: Bench) -> None:
    """A duration of centuries fits the table."""
    assert stored(lens, length=(1 << 64) - 1 - lens.now)["duration_ns"] > 0
    assert lens.get("/overview")["services"][0]["requests"] == 1


def test_ten_thousand_attributes(lens: Bench) -> None:
    """The first 128 are kept, the rest counted."""
    span = stored(lens, attrs={f"key{i}": i for i in range(10_000)})
    assert len(span["attributes"]) == 128
    assert span["dropped_attributes"] == 10_000 - 128


def test_long_values_are_cut_with_a_mark(lens: Bench) -> None:
    """A megabyte in one attribute becomes 8 KiB and an ellipsis."""
    value = stored(lens, attrs={"big": "x" * (1 << 20)})["attributes"]["big"]
    assert len(value) == (8 << 10) + 1 and value.endswith("…")


def test_long_names_are_cut(lens: Bench) -> None:
    """Names of spans and services are at most 512 characters."""
    made = otlp.span(TRACE, SPAN, "n" * 10_000, start=lens.now)
    lens.send("/v1/traces", otlp.traces("s" * 10_000, made))
    span = lens.get("/trace", id=TRACE)["spans"][0]
    assert (len(span["name"]), len(span["service"])) == (512, 512)


def test_numbers_that_json_or_javascript_can_not_hold(lens: Bench) -> None:
    """Not-a-number, infinity and integers over 2**53 come back as text, exactly."""
    attrs = {"nan": float("nan"), "inf": float("inf"), "big": 2**63 - 1, "small": 7}
    found = stored(lens, attrs=attrs)["attributes"]
    assert found == {"nan": "nan", "inf": "inf", "big": str(2**63 - 1), "small": 7}


def test_control_characters_and_markup_are_kept_as_they_are(lens: Bench) -> None:
    """The store keeps what was sent, NUL included; making it harmless is the page's part."""
    text = "<script>alert(1)</script>\x00\x1b[31m\u202e"
    assert stored(lens, attrs={"evil": text})["attributes"]["evil"] == text
    assert lens.get("/follow", id=f"evil={text}")["kind"] == "attribute"


def test_nested_values(lens: Bench) -> None:
    """Lists stay lists."""
    assert stored(lens, attrs={"list": [1, "two", [True]]})["attributes"]["list"] == [
        1,
        "two",
        [True],
    ]


def test_the_last_events_are_kept(lens: Bench) -> None:
    """Of too many events the last stay: the exception is among them."""
    events = [{"timeUnixNano": str(lens.now), "name": f"e{i}"} for i in range(1000)]
    found = stored(lens, events=events)["events"]
    assert len(found) == 128 and found[-1]["name"] == "e999"


def test_attributes_without_a_value_and_without_a_service(lens: Bench) -> None:
    """A key without a value is null; a resource without a name is unknown_service."""
    made = otlp.span(TRACE, SPAN, "x", start=lens.now)
    made["attributes"] = [{"key": "nothing"}]
    message = {"resourceSpans": [{"scopeSpans": [{"spans": [made]}]}]}
    lens.send("/v1/traces", message)
    span = lens.get("/trace", id=TRACE)["spans"][0]
    assert (span["attributes"], span["service"]) == ({"nothing": None}, "unknown_service")


def test_strange_enums_and_codes(lens: Bench) -> None:
    """A kind, a status and an HTTP code out of range are kept as unknown."""
    made = otlp.span(TRACE, SPAN, "x", start=lens.now)
    made.update(kind=77, status={"code": 99})
    made["attributes"] = otlp.attributes({"http.response.status_code": 99_999_999})
    lens.send("/v1/traces", otlp.traces("users", made))
    span = lens.get("/trace", id=TRACE)["spans"][0]
    assert (span["kind"], span["status"], span["code"]) == ("unspecified", "unset", 0)


def test_a_trace_thousands_of_spans_deep(lens: Bench) -> None:
    """A chain without end neither breaks the critical path nor the answer."""
    spans = [
        otlp.span(TRACE, f"{i + 1:016x}", f"s{i}", parent=f"{i:016x}" if i else "",
                  start=lens.now + i, length=10_000_000 - 2 * i)
        for i in range(3000)
    ]  # fmt: skip
    lens.send("/v1/traces", otlp.traces("users", *spans))
    assert len(lens.get("/follow", id=TRACE)["traces"][0]["spans"]) == 3000


def test_a_span_that_is_its_own_parent(lens: Bench) -> None:
    """A circle of parents ends."""
    own = otlp.span(TRACE, SPAN, "x", parent=SPAN, start=lens.now)
    a = otlp.span(TRACE, "c" * 16, "a", parent="d" * 16, start=lens.now)
    b = otlp.span(TRACE, "d" * 16, "b", parent="c" * 16, start=lens.now)
    lens.send("/v1/traces", otlp.traces("users", own, a, b))
    assert len(lens.get("/follow", id=TRACE)["traces"][0]["spans"]) == 3
