"""Counts what the interpreter does: bytecode instructions, and calls of functions in C.

Unlike time, the count is the same on every machine and on each run. Unlike a processor's count of
instructions it is no matter of compiler, C library or processor. It knows nothing of how long a
function in C takes: a call of `re.fullmatch` and one of `len` weigh alike.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import FrameType
from typing import Any


class Operations:
    """Counts within a `with` block, in this thread only. `total` is known after it."""

    def __init__(self) -> None:
        self.total = 0

    def __enter__(self) -> Operations:
        total = 0

        def trace(frame: FrameType, event: str, argument: Any) -> Callable[..., Any]:
            nonlocal total
            if event == "opcode":
                total += 1
            elif event == "call":
                frame.f_trace_opcodes = True
                frame.f_trace_lines = False
            return trace

        def profile(frame: FrameType, event: str, argument: Any) -> None:
            nonlocal total
            if event == "c_call":
                total += 1

        self._read: Callable[[], int] = lambda: total
        # Python 3.12 counts only if a frame asks for it before the tracing begins.
        sys._getframe().f_trace_opcodes = True
        sys.setprofile(profile)
        sys.settrace(trace)
        return self

    def __exit__(self, *error: object) -> None:
        sys.settrace(None)
        sys.setprofile(None)
        self.total = self._read()
