"""Whatever a caller sends, the application is served as without clew, and nothing is made up."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clew import correlation
from tests.instrumentation.asgi import exchange, get, scope
from tests.instrumentation.telemetry import Telemetry

DURATION = "http.server.request.duration"
ACTIVE = "http.server.active_requests"


async def _ok(scope: Any, receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"ok"})


@pytest.mark.parametrize(
    ("host", "address", "port"),
    [
        ("shop.example", "shop.example", 80),
        ("shop.example:8080", "shop.example", 8080),
        ("[::1]:9", "::1", 9),
        ("[::1", None, None),
        ("h:99999", None, None),
        ("h:port", None, None),
        ("a@b:1", "b", 1),
        ("", "127.0.0.1", 8000),
        ("\xff\xfe", None, None),
        ("h/path?x#y", "h", 80),
        ("x" * 70_000, "x" * 70_000, 80),
    ],
)
def test_host_header(host: str, address: str | None, port: int | None, clew: Telemetry) -> None:
    """A Host that is no host gives no address; the request is served and measured."""
    request = scope(headers=[(b"host", host.encode("latin-1"))])
    response = asyncio.run(exchange(clew.wrap(_ok), request))
    assert response.body == b"ok"
    attributes = clew.span().attributes
    if address is not None:
        assert attributes["server.address"] == address
        assert attributes["server.port"] == port
    assert "host" not in str(clew.points(DURATION)[0].attributes)


_HEADER_NAMES = st.sampled_from(
    [
        b"host", b"traceparent", b"tracestate", b"baggage", b"x-correlation-id", b"x-request-id",
        b"user-agent", b"forwarded", b"x-forwarded-for", b"content-length",
    ]
)  # fmt: skip
_HEX = st.sampled_from(
    [
        b"00-" + b"a" * 32 + b"-" + b"b" * 16 + b"-01",
        b"00-" + b"0" * 32 + b"-" + b"b" * 16 + b"-01",
        b"00-" + b"a" * 32 + b"-" + b"0" * 16 + b"-01",
        b"cc-" + b"a" * 32 + b"-" + b"b" * 16 + b"-01-what",
        b"ff-" + b"a" * 32 + b"-" + b"b" * 16 + b"-01",
        b"00-" + b"A" * 32 + b"-" + b"b" * 16 + b"-ff",
        b"correlation_id=a,correlation_id=b",
        b"correlation_id=%0d%0aevil",
        b"a=1," * 200,
        b"v=" + b"x" * 600,
    ]
)
_HEADERS = st.lists(
    st.tuples(
        st.one_of(_HEADER_NAMES, st.binary(max_size=8)), st.one_of(_HEX, st.binary(max_size=60))
    ),
    max_size=6,
)
_SCOPES = st.fixed_dictionaries(
    {"headers": _HEADERS},
    optional={
        "method": st.text(max_size=8),
        "scheme": st.sampled_from(["http", "https", "", "gopher"]),
        "http_version": st.sampled_from(["1.0", "2", "3", ""]),
        "path": st.text(st.characters(codec=None), max_size=20),
        "query_string": st.binary(max_size=30),
        "client": st.sampled_from([None, ("::1", 0), ["10.0.0.1", 5], ("unix", None)]),
        "server": st.sampled_from([None, ("/run/app.sock", None), ["::", 1]]),
        "root_path": st.text(max_size=5),
    },
)


@given(own=_SCOPES)
def test_any_request_is_served(own: dict[str, Any], clew: Telemetry) -> None:
    """Any scope: the application's answer, a valid id on it, and one more request counted."""
    before = sum(point.data.count for point in clew.points(DURATION))
    clew.sink.clear()
    response = asyncio.run(exchange(clew.wrap(_ok), scope(**own)))
    assert response.raised is None
    assert (response.status, response.body) == (200, b"ok")
    assert correlation.is_valid(response.correlation_id)
    assert sum(point.data.count for point in clew.points(DURATION)) == before + 1
    assert all(point.number == 0 for point in clew.points(ACTIVE))


@pytest.mark.parametrize(
    "broken",
    [
        {"headers": [(b"host",)]},
        {"headers": None},
        {"query_string": "text"},
        {"client": ("only address",)},
        {"client": 7},
        {"server": ("only address",), "headers": []},
        {"method": None},
        {"method": ["unhashable"]},
    ],
    ids=str,
)
def test_scope_that_breaks_the_specification(broken: dict[str, Any], clew: Telemetry) -> None:
    """A scope that clew cannot read is served by the application, and leaves no count behind."""
    response = asyncio.run(exchange(clew.wrap(_ok), scope(**broken)))
    assert response.raised is None
    assert response.body == b"ok"
    assert all(point.number == 0 for point in clew.points(ACTIVE))


def test_missing_keys_of_the_scope(clew: Telemetry) -> None:
    """Only what the specification requires is needed."""
    least = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "GET",
        "path": "/", "query_string": b"", "headers": [],
    }  # fmt: skip
    assert asyncio.run(exchange(clew.wrap(_ok), least)).body == b"ok"
    assert clew.span().attributes["url.path"] == "/"


@pytest.mark.parametrize(
    "line",
    [
        "00-" + "a" * 32 + "-" + "b" * 16 + "-01-extra",
        "00-" + "g" * 32 + "-" + "b" * 16 + "-01",
        "00-" + "a" * 31 + "-" + "b" * 16 + "-01",
        "00-" + "0" * 32 + "-" + "b" * 16 + "-01",
        "00-" + "a" * 32 + "-" + "0" * 16 + "-01",
        "ff-" + "a" * 32 + "-" + "b" * 16 + "-01",
        "",
    ],
)
def test_traceparent_that_is_none(line: str, clew: Telemetry) -> None:
    """A traceparent that the specification calls invalid starts a new trace."""
    get(clew.wrap(_ok), headers={"traceparent": line})
    span = clew.span().data
    assert span.parent_span_id == b""
    assert span.trace_id.hex() != "a" * 32


def test_traceparent_of_a_later_version(clew: Telemetry) -> None:
    """A version that is still to come is read as far as this one goes (section 3.2.4)."""
    get(clew.wrap(_ok), headers={"traceparent": f"cc-{'a' * 32}-{'b' * 16}-01-more"})
    assert clew.span().data.trace_id.hex() == "a" * 32


def test_many_hosts_do_not_fill_the_memory(clew: Telemetry) -> None:
    """What is remembered of hosts and methods, which callers choose, is bounded."""
    app = clew.wrap(_ok)

    async def main() -> None:
        for number in range(2_500):
            await exchange(app, scope(headers=[(b"host", f"h{number}".encode())]))

    asyncio.run(main())
    assert 1 < len(app._callers.known) <= 1_000
    (point,) = clew.points(DURATION)
    assert point.data.count == 2_500
