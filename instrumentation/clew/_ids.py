"""Random ids from a generator of clew's own.

Not the module-level `random`: an application that calls `random.seed(1)` in each of its workers
would make them all draw the same trace ids.
"""

from __future__ import annotations

import os
import random
from functools import partial

from opentelemetry.sdk.trace.id_generator import IdGenerator

_random = random.Random()
_getrandbits = _random.getrandbits
# The bits alone: 0, which is no id, once in 584 years at a thousand million a second.
trace_bits = partial(_getrandbits, 128)
span_bits = partial(_getrandbits, 64)

if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_random.seed)


def span_id() -> int:
    """A span id: 64 random bits, not 0 (W3C Trace Context, section 3.2.2.4)."""
    return _getrandbits(64) or span_id()


def trace_id() -> int:
    """A trace id: 128 random bits, not 0 (W3C Trace Context, section 3.2.2.3)."""
    return _getrandbits(128) or trace_id()


def hex_id() -> str:
    """128 random bits as 32 hexadecimal digits."""
    return f"{_getrandbits(128):032x}"


class ClewIdGenerator(IdGenerator):
    """The same ids, in the shape that the SDK takes them."""

    generate_span_id = staticmethod(span_id)  # type: ignore[assignment]
    generate_trace_id = staticmethod(trace_id)  # type: ignore[assignment]

    def is_trace_id_random(self) -> bool:
        return True
