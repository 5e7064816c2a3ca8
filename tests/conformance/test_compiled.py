"""Compiled or in Python: the same bytes. And clew works where nothing could be compiled."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from opentelemetry.trace import SpanContext, SpanKind, TraceFlags

from clew.export._logs import LogEncoder, LogItem
from clew.export._spans import SpanEncoder
from clew.traces import Shared
from tests.conformance import programs, values
from tests.conformance.interpreter import Run
from tests.conformance.twins import RESOURCE, SAMPLED, ClewTwin

_native = pytest.importorskip("clew.export._native", reason="clew was installed without a compiler")
_CONTEXT = SpanContext((1 << 128) - 2, (1 << 64) - 3, False, TraceFlags(3))
_ATTRIBUTES: dict[str, Any] = {
    "text": "ok", "empty": "", "ключ": "слово", "long": "x" * 10_000, "yes": True, "no": False,
    "zero": 0, "least": -(1 << 63), "most": (1 << 63) - 1, "half": 0.5, "none": None,
}  # fmt: skip


def _nothing(*given: Any) -> None:
    """The answer where nothing is compiled."""


def _python_only() -> tuple[SpanEncoder, LogEncoder]:
    return SpanEncoder(RESOURCE, _nothing), LogEncoder(RESOURCE, _nothing)


@given(programs.PROGRAMS)
def test_any_span_that_it_takes_has_the_same_bytes(program: list[programs.Start]) -> None:
    """Whatever a program does with its spans."""
    twin, python = ClewTwin(), _python_only()[0]
    Run(twin.provider, lambda given: given).run(program)
    for span in twin.buffer.take():
        if span._context.trace_flags & SAMPLED:
            assert _native.span(span) in (None, python._span(span))


def _server_span(attributes: dict[str, Any], parent: SpanContext | None, shared: bool) -> Any:
    twin = ClewTwin()
    tracer: Any = twin.provider.get_tracer("clew")
    common = Shared({"http.request.method": "GET", "server.port": 80})
    span = tracer.begin(
        "GET /users/{id}",
        parent,
        SpanKind.SERVER,
        {**(common.attributes if shared else {}), **attributes},
        1_700_000_000_000_000_000,
        common if shared else None,
        {},
    )
    span.end()
    _python_only()[0]._span(span)  # the first of its kind makes the shared part's encoding
    return span


@pytest.mark.parametrize("shared", [False, True])
@pytest.mark.parametrize("parent", [None, _CONTEXT, SpanContext(5, 6, True, TraceFlags(1))])
def test_a_requests_span_is_a_common_case(parent: SpanContext | None, shared: bool) -> None:
    """It is taken, with every kind of plain value, and so is compared at all."""
    span = _server_span(_ATTRIBUTES, parent, shared)
    assert _native.span(span) == _python_only()[0]._span(span)


@pytest.mark.parametrize("value", [(1, 2), b"x", 1 << 63, -(1 << 63) - 1, "\ud800", values.NAMED])
def test_what_is_no_plain_value_is_left_to_python(value: Any) -> None:
    """None is the answer, not a wrong encoding, and not an error."""
    assert _native.span(_server_span({"a": value}, None, True)) is None


_ITEMS = st.builds(
    LogItem,
    st.integers(-1, 1 << 64),
    st.integers(0, 1 << 64),
    st.integers(0, 24),
    values.CLEAN_TEXT,
    st.one_of(values.TEXT, st.integers(), st.none()),
    values.ODD_ATTRIBUTES,
    st.sampled_from([None, _CONTEXT]),
    st.just("shop"),
    st.sampled_from(["", "event"]),
    st.integers(0, 1),
)


@given(_ITEMS)
@example(LogItem(1, 2, 9, "INFO", "x" * 200, _ATTRIBUTES, _CONTEXT, "shop"))
def test_any_record_that_it_takes_has_the_same_bytes(item: LogItem) -> None:
    """With a context and without. The first attributes stand elsewhere in the record."""
    skipped = 5 if item.context is None else 7
    assert _native.record(item, skipped) in (None, _python_only()[1]._record(item))


def test_a_log_line_is_a_common_case() -> None:
    """It is taken, and so is compared at all."""
    fields = dict.fromkeys(["a", "b", "c", "d", "e", "f", "g"], "elsewhere") | _ATTRIBUTES
    item = LogItem(1, 2, 9, "INFO", "a message", fields, _CONTEXT, "shop")
    assert _native.record(item, 7) == _python_only()[1]._record(item)


def test_without_the_compiled_module_all_is_python() -> None:
    """As where clew was installed without a compiler."""
    code = (
        "import sys; sys.modules['clew.export._native'] = None\n"
        "from clew.export import _plain; import clew.auto\n"
        "print(_plain.span(None), _plain.record(None, 0))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={"OTEL_SDK_DISABLED": "true"},
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert (done.stdout.strip(), done.returncode) == ("None None", 0), done.stderr
