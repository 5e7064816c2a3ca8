"""What `clew follow` makes of what people type."""

from __future__ import annotations

import pytest

from clew import correlation
from clew.cli._follow_target import parse
from clew.readers import CorrelationId, InvalidId, TraceId
from clew.readers._ids import CORRELATION_ID_MAX

HEX = "4bf92f3577b34da6a3ce929d0e0e4736"


@pytest.mark.parametrize(
    "text",
    [
        "order-7",
        "  order-7\n",
        "X-Correlation-ID: order-7",
        "x-request-id:order-7",
        "correlation_id=order-7",
        "'X-Correlation-ID: order-7'",
        '{"message": "hello", "correlation_id": "order-7", "trace_id": "' + HEX + '"}',
    ],
)
def test_each_way_to_write_a_correlation_id_is_understood(text: str) -> None:
    """A bare id, a header line, an attribute and a JSON log line mean the same id."""
    assert parse(text).ids == (CorrelationId("order-7"),)


@pytest.mark.parametrize(
    "text",
    [
        f"00-{HEX}-00f067aa0ba902b7-01",
        f"traceparent: 00-{HEX}-00f067aa0ba902b7-01",
        f"trace_id={HEX}",
        f"trace_id: {HEX.upper()}",
        f'{{"trace_id": "{HEX}"}}',
    ],
)
def test_each_way_to_write_a_trace_id_is_understood(text: str) -> None:
    """A traceparent, an attribute and a JSON log line mean the same trace."""
    assert parse(text).ids == (TraceId(HEX),)


def test_bare_hex_digits_may_be_either_id() -> None:
    """32 hex digits are looked for as a trace id first, then as a generated correlation id."""
    assert parse(HEX).ids == (TraceId(HEX), CorrelationId(HEX))


def test_a_correlation_id_may_hold_a_colon_and_quotes() -> None:
    """Only known header names are taken off the front."""
    assert parse('order:7 "x"').ids == (CorrelationId('order:7 "x'),)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   ",
        "naïve",
        "a\x1b[31mb",
        "x" * 129,
        "traceparent: 00-123-456-01",
        f"trace_id: {'0' * 32}",
        '{"correlation_id": ',
        '{"message": "no ids"}',
    ],
)
def test_what_is_no_id_is_refused(text: str) -> None:
    """Empty, not printable, too long or torn input raises InvalidId with a reason."""
    with pytest.raises(InvalidId, match=r"\w"):
        parse(text)


def test_the_longest_id_is_as_the_middleware_has_it() -> None:
    """What a service accepts as a correlation id can be followed."""
    assert CORRELATION_ID_MAX == correlation.MAX_LENGTH
    assert parse("x" * correlation.MAX_LENGTH).ids == (CorrelationId("x" * 128),)
