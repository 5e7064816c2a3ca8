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
        "x-request-id=order-7",
        "-H 'X-Correlation-ID: order-7'",
        "< x-correlation-id: order-7",
        '"x-correlation-id": "order-7",',
        "HTTP/1.1 500 Internal Server Error\ncontent-length: 21\nx-correlation-id: order-7\n",
        "http://127.0.0.1:4319/follow/order-7",
        'level=error correlation_id=order-7 msg="it broke"',
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
        f"b3: {HEX}-00f067aa0ba902b7-1",
        f"X-B3-TraceId: {HEX}",
        f"uber-trace-id: {HEX}:00f067aa0ba902b7:0:1",
        f"2026-11-24 12:00:01 ERROR [shop] it broke trace_id={HEX} span_id=00f067aa0ba902b7",
    ],
)
def test_each_way_to_write_a_trace_id_is_understood(text: str) -> None:
    """A traceparent, an attribute and a JSON log line mean the same trace."""
    assert parse(text).ids == (TraceId(HEX),)


def test_bare_hex_digits_may_be_either_id() -> None:
    """32 hex digits are looked for as a trace id first, then as a generated correlation id."""
    assert parse(HEX).ids == (TraceId(HEX), CorrelationId(HEX))


def test_a_short_trace_id_of_b3_is_padded() -> None:
    """64 bits are the lower half of W3C's 128."""
    assert parse("b3: a3ce929d0e0e4736-00f067aa0ba902b7").ids == (
        TraceId("0" * 16 + "a3ce929d0e0e4736"),
    )


def test_a_link_to_a_trace_is_understood() -> None:
    """As Jaeger and the lens have it in the address bar."""
    for link in (f"http://localhost:16686/trace/{HEX}?uiFind=x", f"http://lens/follow/{HEX}"):
        assert parse(link).ids[0] == TraceId(HEX)


def test_an_installation_has_headers_of_its_own() -> None:
    """CLEW_CORRELATION_HEADERS names them; an unknown one may be a header or an id as a whole."""
    assert parse("X-Order: 7", ["X-Order"]).ids == (CorrelationId("7"),)
    assert parse("X-Ticket-ID: 7").ids == (CorrelationId("7"), CorrelationId("X-Ticket-ID: 7"))


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
