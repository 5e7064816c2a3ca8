"""Whatever a program does with spans, clew sends what the SDK would have sent."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.sdk.trace import SpanLimits, sampling
from opentelemetry.trace import TraceState

from tests.conformance import programs
from tests.conformance.compare import same_spans
from tests.conformance.interpreter import Run
from tests.conformance.twins import twins
from tests.conformance.values import encodable


class ByName(sampling.Sampler):
    """Decides by the name's length, and answers with attributes and a trace state."""

    def should_sample(
        self,
        parent_context: Any,
        trace_id: int,
        name: str,
        kind: Any = None,
        attributes: Any = None,
        links: Any = None,
        trace_state: Any = None,
    ) -> sampling.SamplingResult:
        decision = list(sampling.Decision)[len(name) % 3]
        state = TraceState([("sampler", str(len(links or ())))]) if len(name) % 2 else None
        own = {**(attributes or {}), "sampler.rule": "by name"}
        return sampling.SamplingResult(decision, own, state)

    def get_description(self) -> str:
        return "ByName"


SAMPLERS = st.sampled_from(
    [
        None,
        sampling.ALWAYS_ON,
        sampling.ALWAYS_OFF,
        sampling.DEFAULT_OFF,
        sampling.TraceIdRatioBased(0.5),
        sampling.ParentBasedTraceIdRatio(0.5),
        ByName(),
        sampling.ParentBased(ByName()),
    ]
)
_COUNTS = st.one_of(st.none(), st.integers(0, 4), st.just(SpanLimits.UNSET))
_LENGTHS = st.one_of(st.none(), st.integers(0, 4))
LIMITS = st.one_of(
    st.none(),
    st.builds(
        SpanLimits,
        max_attributes=_COUNTS,
        max_events=_COUNTS,
        max_links=_COUNTS,
        max_span_attributes=_COUNTS,
        max_event_attributes=_COUNTS,
        max_link_attributes=_COUNTS,
        max_attribute_length=_LENGTHS,
        max_span_attribute_length=_LENGTHS,
    ),
)


@given(programs.PROGRAMS, SAMPLERS, LIMITS, st.booleans())
def test_any_program_gives_the_same_spans(
    program: list[programs.Start],
    sampler: sampling.Sampler | None,
    limits: SpanLimits | None,
    random: bool,
) -> None:
    """Every field of every exported span is the SDK's, and so is every context on the way."""
    sdk, clew = twins(sampler, limits, random=random)
    by_sdk = Run(sdk.provider, encodable)
    by_clew = Run(clew.provider, lambda given: given)
    by_sdk.run(program)
    by_clew.run(program)
    assert by_clew.answers == by_sdk.answers
    same_spans(_without_link_states(sdk.exported()), _without_link_states(clew.exported()))


def _without_link_states(request: Any) -> Any:
    """See DIFFERENCES: "a link's trace state"."""
    for resource in request.resource_spans:
        for scope in resource.scope_spans:
            for span in scope.spans:
                for link in span.links:
                    link.trace_state = ""
    return request
