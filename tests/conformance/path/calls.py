"""Calls of a client library, and what they are made within."""

from __future__ import annotations

import http
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from hypothesis import strategies as st
from opentelemetry import baggage, trace
from opentelemetry import context as context_api
from opentelemetry.context import Context
from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags, TraceState
from requests.structures import CaseInsensitiveDict

from clew import correlation
from clew._context import SUPPRESS, SUPPRESS_ALL
from clew._http_client import HttpClient
from clew._runtime import Runtime
from tests.conformance.path.sides import (
    PARENT,
    Side,
)


def in_handler(runtime: Runtime, thread: Any = "Abc123", parent: Any = None) -> Context:
    """The context of a request that is being handled."""
    current = correlation.with_id(thread, Context()) if thread else Context()
    if parent is not None:
        current = trace.set_span_in_context(NonRecordingSpan(parent), current)
    span = runtime.tracer.start_span("handler", current)
    return trace.set_span_in_context(span, current)


_STATEFUL = SpanContext(*PARENT[:4], TraceState([("a", "1")]))
_UNSAMPLED = SpanContext(*PARENT[:3], TraceFlags(2))
AROUND: list[Callable[[Runtime], Context]] = [
    in_handler,
    lambda runtime: in_handler(runtime, parent=PARENT),
    lambda runtime: in_handler(runtime, parent=SpanContext(*PARENT[:3], TraceFlags(0xFF))),
    lambda runtime: in_handler(runtime, thread="x" * 128),
    lambda runtime: Context(),
    lambda runtime: correlation.with_id("Abc123", Context()),
    lambda runtime: in_handler(runtime, thread=None),
    lambda runtime: in_handler(runtime, thread="a b"),
    lambda runtime: in_handler(runtime, thread="é²"),
    lambda runtime: in_handler(runtime, thread="x" * 129),
    lambda runtime: in_handler(runtime, parent=_STATEFUL),
    lambda runtime: in_handler(runtime, parent=_UNSAMPLED),
    lambda runtime: baggage.set_baggage("a", "b", in_handler(runtime)),
    lambda runtime: baggage.set_baggage("correlation_id", "other", in_handler(runtime)),
    lambda runtime: baggage.clear(in_handler(runtime)),
    lambda runtime: Context({**in_handler(runtime), SUPPRESS: True}),
    lambda runtime: Context({**in_handler(runtime), SUPPRESS: False}),
    lambda runtime: Context({**in_handler(runtime), SUPPRESS_ALL: True}),
    lambda runtime: Context({**in_handler(runtime), "mine": 1}),
    lambda runtime: trace.set_span_in_context(NonRecordingSpan(PARENT), in_handler(runtime)),
]
_HOST = st.sampled_from(["h", "h:8080", "u:s3cret@h", "[::1]:80", "h:x", "h:99999", "é", ""])
URLS = st.one_of(
    st.builds(
        "{}://{}{}".format,
        st.sampled_from(["http", "https", "HTTP", "ws"]),
        _HOST,
        st.sampled_from(["", "/", "/a?b=1", "/?sig=s3cret", "?q", "/@", "/é", "/a:b://c", "#f"]),
    ),
    st.sampled_from(["", ":", "://", "//h", "h", "http:", "http:/", "http:/h", "a:b://c", "h?a://b"]),
    st.text(max_size=8),
)  # fmt: skip


class Refusing(dict[str, str]):
    """Headers that take no baggage."""

    def __setitem__(self, key: str, value: str) -> None:
        if key == "baggage":
            raise LookupError("full")
        super().__setitem__(key, value)


CARRIERS: list[Callable[[], Any]] = [
    dict,
    CaseInsensitiveDict,
    lambda: {"accept": "*/*", "baggage": "a=b", "traceparent": "00"},
    lambda: CaseInsensitiveDict({"TraceParent": "00"}),
    Refusing,
    list,
]
ENDS = st.one_of(
    st.sampled_from([{"status": 200}, {"status": 304}, {"status": 404}, {"status": 500}]),
    st.sampled_from([{}, {"status": True}, {"status": 1 << 70}, {"status": http.HTTPStatus.OK}]),
    st.sampled_from([{"error": LookupError("gone")}, {"status": 200, "error": OSError()}]),
)


def _call(side: Side, client: HttpClient, around: Any, asked: Any, end: Any) -> Any:
    """All that can be told of one call."""
    method, url, carrier = asked
    current, headers = around(side.runtime), carrier()
    names = side.names(asked, this=client, headers=headers)
    yield names(current)
    token = context_api.attach(current)
    try:
        call = client.begin(method, url, headers)
    except Exception as error:
        yield names(error)
        call = None
    finally:
        context_api.detach(token)
    yield names(list(headers.items()) if isinstance(headers, Mapping) else list(headers))
    yield call is None or names.slots(call)
    if call is not None:
        assert type(call.context) is Context
        call.end(**end)
        yield names.slots(call)
    yield side.counted()
    yield from [names(item) for item in side.runtime.pipeline.spans.take()]


def served_calls(side: Side, calls: Any) -> Iterator[Any]:
    client = side.client()
    for around, asked, end in calls:
        for _ in range(2):
            yield from _call(side, client, around, asked, end)
