"""What callers send: headers, queries, settings, contexts."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st
from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace import INVALID_SPAN, NonRecordingSpan

from clew import correlation
from clew._context import SUPPRESS
from tests.conformance.path.sides import (
    PARENT,
    SPAN,
    TRACE,
)

_ODD_TRACEPARENTS = [
    "", "00", f"00-{TRACE}-{SPAN}-1", f"00-{TRACE}-{SPAN}-01-", f"00-{TRACE}-{SPAN}-01\n",
    f"00-{TRACE.upper()}-{SPAN}-01", f"00-{TRACE}-{SPAN.upper()}-01",
    f"00-{'0' * 32}-{SPAN}-01", f"00-{TRACE}-{'0' * 16}-01", f"ff-{TRACE}-{SPAN}-01",
    f"01-{TRACE}-{SPAN}-01", f"01-{TRACE}-{SPAN}-01-more", f"00_{TRACE}-{SPAN}-01",
    f"00-{TRACE}_{SPAN}-01", f"00-{TRACE}-{SPAN}_01", f"00-{TRACE}-{SPAN}-0A",
    f"00-{TRACE}-{SPAN}-0g", f"00-{TRACE[:-1]}g-{SPAN}-01", f"00-{TRACE}-{SPAN[:-1]}:-01",
    f" 00-{TRACE}-{SPAN}-01", f"00-{TRACE}-{SPAN}-0é", f"00-{TRACE}-{SPAN[:-2]}éé-01",
    f"00-{'0' * 31}1-{'0' * 15}1-01", f"00-{'f' * 32}-{'f' * 16}-01",
]  # fmt: skip
_TRACEPARENTS = st.one_of(
    st.integers(0, 255).map(lambda flags: f"00-{TRACE}-{SPAN}-{flags:02x}"),
    st.sampled_from(_ODD_TRACEPARENTS),
)
_THREADS = st.one_of(
    st.sampled_from(["abc-1", "a b", "~", " ", "x" * 128, "Az09"]),
    st.sampled_from(["", "x" * 129, "a\x00b", "\t", "\x7f", "café", "\x80", "\r\n"]),
    st.text(st.characters(max_codepoint=255), max_size=5),
)
_BAGGAGE = st.sampled_from(["", "a=b", "correlation_id=theirs", "correlation_id=x%20y,a=b", ";;="])
QUERIES = st.sampled_from(
    ["", "a=1", "sig=s3cret", "a=1&X-Amz-Signature=s3cret&b=", "q=é", "q=%C3%A9", "&=&", "sigma"]
)
METHODS = st.sampled_from(["GET", "GET", "POST", "QUERY", "get", "BREW", "HTTP", "_OTHER", ""])
_HOSTS = st.sampled_from(["shop.example:8080", "[::1]:80", "", "h:x", "h:99999", "é", "a,b"])
_AGENTS = st.sampled_from(["curl/8", "", "café"])
_STATES = st.sampled_from(["", "a=1", "a=1,b=2", "=", "é"])
_PAIRS = st.one_of(
    *(
        st.tuples(st.just(name), values)
        for name, values in {
            "host": _HOSTS,
            "user-agent": _AGENTS,
            "traceparent": _TRACEPARENTS,
            "x-correlation-id": _THREADS,
            "x-request-id": _THREADS,
            "accept": st.just("*/*"),
            "X-Correlation-ID": _THREADS,  # not as a server would keep it
        }.items()
    )
)
_RARE_PAIRS = st.one_of(
    st.tuples(st.just("tracestate"), _STATES), st.tuples(st.just("baggage"), _BAGGAGE)
)
HEADERS = st.builds(
    lambda often, seldom: [*often, *seldom],
    st.lists(_PAIRS, max_size=5),
    st.one_of(st.just([]), st.lists(_RARE_PAIRS, max_size=2)),
).flatmap(st.permutations)
SETTINGS = st.sampled_from(
    [
        {},
        {"CLEW_ACCESS_LOG": "false"},
        {"CLEW_ACCESS_LOG": "false", "CLEW_CORRELATION_HEADERS": "x-request-id,x-correlation-id"},
        {"CLEW_ACCESS_LOG": "false", "CLEW_TRUSTED_NETWORKS": "192.0.2.0/24"},
        {"CLEW_TRUSTED_NETWORKS": "10.0.0.0/8"},
        {"OTEL_PROPAGATORS": "tracecontext"},
        {"OTEL_TRACES_SAMPLER": "always_off"},
    ]
)
SELDOM = st.sampled_from([False] * 7 + [True])
CONTEXTS = st.one_of(
    st.just(Context()),
    st.sampled_from(
        [
            Context({"a": 1}),
            trace.set_span_in_context(NonRecordingSpan(PARENT), Context()),
            trace.set_span_in_context(INVALID_SPAN, Context()),
            correlation.with_id("outer", Context()),
            Context({SUPPRESS: True}),
        ]
    ),
)


# ---- ASGI ----


def left_out(keys: tuple[str, ...]) -> Any:
    return st.one_of(st.just(()), st.lists(st.sampled_from(keys), max_size=2))
