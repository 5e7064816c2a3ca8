"""What all HTTP clients share: clean URLs, bounded memory, and URLs that are none."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import clew as public
from clew._http_client import HttpClient
from clew._urls import clean_url
from tests.instrumentation.telemetry import Telemetry

DURATION = "http.client.request.duration"


_SECRET = "s3cret"


@pytest.mark.parametrize(
    "url",
    [
        "http://me:s3cret@h/x",
        "http://s3cret@h/x",
        "http://me:s3cret%40@h/x?y=1",
        "http://me:s3cret@[::1]:8080/x",
        "https://h/x?sig=s3cret",
        "https://h/x?a=1&X-Amz-Signature=s3cret&X-Amz-Credential=s3cret",
        "https://me:s3cret@h/x?Signature=s3cret",
        "http://me:s3cret@h:99999/",
        "http://me:s3cret@[bad/",
    ],
)
def test_secrets_are_not_recorded(url: str) -> None:
    """Neither user, password nor signature of a URL is in `url.full`."""
    assert _SECRET not in clean_url(url)
    assert "me:" not in clean_url(url)


@given(
    url=st.one_of(
        st.text(max_size=30),
        st.sampled_from(
            ["http://[", "http://u@[::1", "http://h:port/", "", "//", "http://", "a@b?c@d"]
        ),
    ),
    method=st.sampled_from(["GET", "", "BREW", "get"]),
)
def test_any_url_begins_and_ends(client: HttpClient, url: str, method: str) -> None:
    """Whatever the URL is, clew lets the library say what is wrong with it."""
    headers: dict[str, Any] = {}
    call = client.begin(method, url, headers)
    assert call is not None
    call.end(200)
    assert headers["traceparent"]


@pytest.fixture
def client(clew: Telemetry) -> HttpClient:
    return HttpClient(clew.runtime)


def test_many_hosts_do_not_fill_the_memory(client: HttpClient, clew: Telemetry) -> None:
    """What is remembered of hosts is bounded, and so are the series."""
    for number in range(2_500):
        call = client.begin("GET", f"http://h{number}.example/", {})
        assert call is not None
        call.end(200)
    assert len(client._places) <= 1_000
    points = clew.points(DURATION)
    assert len(points) == 2_000
    (overflow,) = (point for point in points if "otel.metric.overflow" in point.attributes)
    assert overflow.data.count == 501


def test_other_propagators(make: Callable[..., Telemetry]) -> None:
    """With only tracecontext configured, no baggage is sent; the id's own header is."""
    clew = make(OTEL_PROPAGATORS="tracecontext")
    headers: dict[str, str] = {}
    with public.bind_correlation_id("t"):
        call = HttpClient(clew.runtime).begin("GET", "http://h/", headers)
    assert call is not None
    call.end(200)
    assert headers["x-correlation-id"] == "t"
    assert "traceparent" in headers
    assert "baggage" not in headers
