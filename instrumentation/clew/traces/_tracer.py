"""The tracer and its provider, subclasses of the SDK's, so that what checks for those still works.

A processor that somebody adds is called as ever, with ordinary ReadableSpans. clew itself needs
none: an ended span goes into the buffer.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from time import time_ns
from typing import Any

from opentelemetry import trace as trace_api
from opentelemetry.attributes import BoundedAttributes
from opentelemetry.context import Context
from opentelemetry.sdk import trace as sdk_trace
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import sampling
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import (
    DEFAULT_TRACE_STATE,
    Link,
    NonRecordingSpan,
    SpanContext,
    SpanKind,
    TraceFlags,
)
from opentelemetry.trace.propagation import _SPAN_KEY

from clew import _context, _ids, _names, correlation
from clew.export._buffer import Buffer
from clew.traces._shared import Shared
from clew.traces._span import ClewSpan, own_attributes

_new = tuple.__new__
# Level 2 of W3C Trace Context: bit 0 is "sampled", bit 1 says that the id is random.
SAMPLED_RANDOM = TraceFlags(0x03)
_RANDOM = TraceFlags(0x02)
_SAMPLED = TraceFlags(0x01)
_NONE = TraceFlags(0x00)
# By the two lowest bits of the flags.
FLAGS = (_NONE, _SAMPLED, _RANDOM, SAMPLED_RANDOM)


class ClewTracer(sdk_trace.Tracer):
    """Makes spans that end in `buffer`."""

    def __init__(self, provider: ClewTracerProvider, scope: InstrumentationScope) -> None:
        # Not super().__init__: it makes the SDK's own tracer metrics, which clew has no use for.
        self.sampler = provider.sampler
        self.resource = provider.resource
        self.span_processor = provider._active_span_processor
        self.id_generator = provider.id_generator
        self.instrumentation_info = None  # type: ignore[assignment]
        self._span_limits = provider._span_limits
        self._instrumentation_scope = scope
        self._tracer_config = provider._apply_tracer_configurator(scope)
        self._put = provider.buffer.put
        self._new_trace_id = self.id_generator.generate_trace_id
        self._new_span_id = self.id_generator.generate_span_id
        self._root_flags = SAMPLED_RANDOM if self.id_generator.is_trace_id_random() else _SAMPLED
        # The default sampler's whole decision: as the parent; without one, yes.
        self.follows_parent = self.sampler is sampling.DEFAULT_ON

    def start_span(
        self,
        name: str,
        context: Context | None = None,
        kind: SpanKind = SpanKind.INTERNAL,
        attributes: Mapping[str, Any] | None = None,
        links: Sequence[Link] | None = (),
        start_time: int | None = None,
        record_exception: bool = True,
        set_status_on_exception: bool = True,
    ) -> trace_api.Span:
        if context is None:
            context = _context.current()
        active = context.get(_SPAN_KEY)
        parent = active.get_span_context() if isinstance(active, trace_api.Span) else None
        if not self._is_enabled():
            return NonRecordingSpan(parent or trace_api.INVALID_SPAN_CONTEXT)
        if parent is not None and not parent.is_valid:
            parent = None
        decided = self.decide(parent, context, name, kind, attributes, links)
        own, recording, attributes = decided
        if not recording:
            return NonRecordingSpan(own)
        limits = self._span_limits
        mine, dropped = own_attributes(
            attributes, limits.max_span_attributes, limits.max_span_attribute_length
        )
        start = time_ns() if start_time is None else start_time
        span = ClewSpan(self, name, own, parent, kind, mine, start)
        span._dropped_attributes = dropped
        thread = correlation.get(context)
        if thread is not None:
            span._put(_names.CORRELATION_ID, thread, limits.max_span_attributes)
        if links:
            self._link(span, links)
        if not record_exception:
            span._record_exception = False
        if not set_status_on_exception:
            span._set_status_on_exception = False
        self.started(span, context)
        return span

    def begin(
        self,
        name: str,
        parent: SpanContext | None,
        kind: SpanKind,
        attributes: dict[str, Any],
        start: int,
        shared: Shared | None,
        values: Mapping[str, Any],
    ) -> ClewSpan | NonRecordingSpan:
        """Start the span of an HTTP request, `start` ns since the epoch.

        `attributes` becomes its own and begins with those of `shared`. `values` are those of the
        context that it is begun in; a server's need not hold `parent`.
        """
        if self.follows_parent and not self.span_processor._span_processors:
            own = self._follow(parent)
            if own[3] & 1:
                return ClewSpan(self, name, own, parent, kind, attributes, start, shared)
            return NonRecordingSpan(own)
        if kind is SpanKind.SERVER and parent is not None:
            values = {**values, _SPAN_KEY: NonRecordingSpan(parent)}
        context = Context(values)
        own, recording, sampled = self.decide(parent, context, name, kind, attributes)
        if not recording:
            return NonRecordingSpan(own)
        if sampled is not attributes:
            attributes, shared = dict(sampled or ()), None
        span = ClewSpan(self, name, own, parent, kind, attributes, start, shared)
        self.started(span, context)
        return span

    def _follow(self, parent: SpanContext | None) -> SpanContext:
        """A local, valid span context, sampled as its parent is; without one, sampled."""
        if parent is None:
            return _new(
                SpanContext,
                (
                    self._new_trace_id(),
                    self._new_span_id(),
                    False,
                    self._root_flags,
                    DEFAULT_TRACE_STATE,
                    True,
                ),
            )
        trace_id, _, _, flags, state, _ = parent
        return _new(
            SpanContext, (trace_id, self._new_span_id(), False, FLAGS[flags & 3], state, True)
        )

    def decide(
        self,
        parent: SpanContext | None,
        context: Context,
        name: str,
        kind: SpanKind,
        attributes: Mapping[str, Any] | None,
        links: Sequence[Link] | None = (),
    ) -> tuple[SpanContext, bool, Mapping[str, Any] | None]:
        """The new span's context, whether it records, and its attributes after sampling."""
        if self.follows_parent:
            own = self._follow(parent)
            return own, bool(own[3] & 1), attributes
        return self._ask_sampler(parent, context, name, kind, attributes, links)

    def _ask_sampler(
        self,
        parent: SpanContext | None,
        context: Context,
        name: str,
        kind: SpanKind,
        attributes: Any,
        links: Sequence[Link] | None,
    ) -> tuple[SpanContext, bool, Mapping[str, Any] | None]:
        trace_id = parent.trace_id if parent else self._new_trace_id()
        result = self.sampler.should_sample(context, trace_id, name, kind, attributes, links or ())
        is_random = (
            bool(parent.trace_flags & 2) if parent else self.id_generator.is_trace_id_random()
        )
        sampled = result.decision is sampling.Decision.RECORD_AND_SAMPLE
        flags = FLAGS[int(sampled) | 2 * is_random]
        state = result.trace_state
        # Without the checks that its own constructor makes.
        own = _new(
            SpanContext,
            (
                trace_id,
                self._new_span_id(),
                False,
                flags,
                DEFAULT_TRACE_STATE if state is None else state,
                True,
            ),
        )
        recording = result.decision is not sampling.Decision.DROP
        return own, recording, result.attributes

    def _link(self, span: ClewSpan, links: Sequence[Link]) -> None:
        limits = self._span_limits
        kept: list[Link] = []
        for link in links:
            context = link.context if link else None
            if not context:
                continue
            if not (context.is_valid or link.attributes or context.trace_state):
                continue
            clean = BoundedAttributes(
                limits.max_link_attributes,
                link.attributes,
                max_value_len=limits.max_attribute_length,
                immutable=True,
            )
            kept.append(Link(context, clean))
        if limits.max_links is not None and len(kept) > limits.max_links:
            span._dropped_links = len(kept) - limits.max_links
            kept = kept[span._dropped_links :]
        span._links = kept

    def started(self, span: ClewSpan, context: Context) -> None:
        """Tell the processors, if somebody added one."""
        if self.span_processor._span_processors:
            self.span_processor.on_start(span, parent_context=context)  # type: ignore[arg-type]

    def finish(self, span: ClewSpan, end_time: int) -> None:
        """End `span` at `end_time` (ns since the epoch) and hand it over."""
        processors = self.span_processor
        if processors._span_processors:
            on_ending = getattr(processors, "_on_ending", None)
            if on_ending is not None:
                on_ending(span)
            span._end_time = end_time
            processors.on_end(span._readable_span())
        else:
            span._end_time = end_time
        self._put(span)


class ClewTracerProvider(sdk_trace.TracerProvider):
    """The SDK's provider, whose tracers are clew's."""

    def __init__(self, resource: Resource, buffer: Buffer, **options: Any) -> None:
        """`buffer` gets every ended span. `options` are those of the SDK's TracerProvider."""
        self.buffer = buffer
        # Exports everything made so far, for at most so many seconds; the runtime's, once it is.
        self.flush: Callable[[float], bool] | None = None
        options.setdefault("id_generator", _ids.ClewIdGenerator())
        super().__init__(resource=resource, shutdown_on_exit=False, **options)

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Flush the processors that somebody added, and clew's own export."""
        flushed = super().force_flush(timeout_millis)
        return (self.flush is None or self.flush(timeout_millis / 1000)) and flushed

    def shutdown(self) -> None:
        """Shut down the processors; clew itself exports on until the process ends."""
        super().shutdown()
        self.force_flush()

    def get_tracer(
        self,
        instrumenting_module_name: str,
        instrumenting_library_version: str | None = None,
        schema_url: str | None = None,
        attributes: Any = None,
    ) -> trace_api.Tracer:
        if self._disabled:
            return trace_api.NoOpTracer()
        scope = InstrumentationScope(
            instrumenting_module_name or "",
            instrumenting_library_version or "",
            schema_url,
            attributes,
        )
        with self._tracers_lock:
            tracer = self._tracers.get(scope)
            if tracer is None:
                tracer = self._tracers[scope] = ClewTracer(self, scope)
            return tracer
