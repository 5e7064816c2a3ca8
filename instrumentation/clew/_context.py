"""The current OpenTelemetry context, without the API's own function around each access.

`opentelemetry.context` keeps it in a ContextVar; another implementation (chosen by
OTEL_PYTHON_CONTEXT) is asked by its methods.
"""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

from opentelemetry.context import (
    _RUNTIME_CONTEXT,
    _SUPPRESS_HTTP_INSTRUMENTATION_KEY,
    _SUPPRESS_INSTRUMENTATION_KEY,
    Context,
)

# Set in a context in which another instrumentation sees to HTTP calls, or to everything.
SUPPRESS = _SUPPRESS_HTTP_INSTRUMENTATION_KEY
SUPPRESS_ALL = _SUPPRESS_INSTRUMENTATION_KEY

attach: Callable[[Context], Any]
detach: Callable[[Any], None]
current: Callable[[], Context]

# Where the context is kept; None where another implementation keeps it.
variable: ContextVar[Context] | None = None

_found = getattr(_RUNTIME_CONTEXT, "_current_context", None)
if isinstance(_found, ContextVar):
    variable = _found
    attach, detach, current = _found.set, _found.reset, _found.get
else:
    attach, detach = _RUNTIME_CONTEXT.attach, _RUNTIME_CONTEXT.detach
    current = _RUNTIME_CONTEXT.get_current
