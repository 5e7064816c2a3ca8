"""One program, run against both providers and compared."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from opentelemetry.sdk.trace import TracerProvider

from tests.conformance.compare import same_spans
from tests.conformance.twins import twins

Program = Callable[[TracerProvider], Any]


def run_both(program: Program, **options: Any) -> Any:
    """Run `program` on both, compare, and return what clew exported."""
    sdk, clew = twins(**options)
    assert program(clew.provider) == program(sdk.provider)
    exported = clew.exported()
    same_spans(sdk.exported(), exported)
    return exported


def spans_of(exported: Any) -> list[Any]:
    """All spans of a request, in their order."""
    return [s for r in exported.resource_spans for scope in r.scope_spans for s in scope.spans]
