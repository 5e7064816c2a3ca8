"""Says what blocks an event loop: the stack of its thread, on the span that was active there.

Runs in the watching thread, while the loop's thread is still in the callback that blocks.
"""

from __future__ import annotations

import gc
import logging
import sys
import traceback
from collections.abc import Callable
from contextvars import Context as Variables
from time import monotonic
from types import FrameType
from typing import Any

from opentelemetry.context import Context
from opentelemetry.trace import Span, SpanContext
from opentelemetry.trace.propagation import _SPAN_KEY

from clew import _context, _names, correlation
from clew._fork_gate import ForkGate
from clew.logs import ORIGIN

_logger = logging.getLogger("clew.event_loop")
_INNERMOST = 40  # frames of a stack that are kept
# A service that always blocks at the same place says so once in so many seconds.
_QUIET = 60.0
_PLACES = 256
# Where an idle loop is.
_IDLE = ("asyncio.", "selectors", "uvloop")


class BlockReporter:
    """See `clew.vitals._loops.Report`."""

    def __init__(self, gate: ForkGate, clock: Callable[[], float] = monotonic) -> None:
        """`gate` keeps forks off while a stack is written, for which modules may be imported."""
        self._gate = gate
        self._clock = clock
        self._said: dict[str, float] = {}

    def __call__(self, loop: Any, thread: int) -> SpanContext | None | bool:
        innermost = sys._current_frames().get(thread)
        frames, handle = _callback_frames(innermost)
        if handle is None and (not frames or _module(frames[0]).startswith(_IDLE)):
            return False
        with self._gate:
            stack = _text(frames)
        context = _telemetry(_variables(loop, handle))
        span = context.get(_SPAN_KEY)
        ids = span.get_span_context() if isinstance(span, Span) else None
        ids = ids if ids is not None and ids.is_valid else None
        if isinstance(span, Span) and span.is_recording():
            span.add_event(_names.LOOP_BLOCKED_EVENT, {_names.CODE_STACKTRACE: stack})
        else:
            self._log(stack, frames, ids, correlation.get(context))
        return ids if ids is not None and ids.trace_flags & 1 else None

    def _log(
        self, stack: str, frames: list[FrameType], ids: SpanContext | None, thread: str | None
    ) -> None:
        innermost = frames[0] if frames else None
        place = f"{innermost.f_code.co_filename}:{innermost.f_lineno}" if innermost else "C code"
        now = self._clock()
        if now - self._said.get(place, -_QUIET) < _QUIET:
            return
        if len(self._said) >= _PLACES:
            self._said.clear()
        self._said[place] = now
        _logger.warning(
            "The event loop is blocked at %s.", place,
            extra={ORIGIN: (ids, thread), _names.CODE_STACKTRACE: stack},
        )  # fmt: skip


def _callback_frames(innermost: FrameType | None) -> tuple[list[FrameType], FrameType | None]:
    """The frames of the callback that runs, innermost first, and asyncio's frame that called it.

    The latter is None in a loop written in C, whose frames end at `run_forever`.
    """
    frames: list[FrameType] = []
    frame = innermost
    while frame is not None:
        name = frame.f_code.co_name
        if name == "_run" and _module(frame) == "asyncio.events":
            return frames, frame
        if name == "run_forever" and _module(frame) == "clew.vitals._loops":
            break
        frames.append(frame)
        frame = frame.f_back
    return frames, None


def _module(frame: FrameType) -> str:
    return str(frame.f_globals.get("__name__", ""))


def _text(frames: list[FrameType]) -> str:
    """As Python prints a stack: the newest call last."""
    newest = ((frame, frame.f_lineno) for frame in frames[:_INNERMOST])
    summary = traceback.StackSummary.extract(newest)
    summary.reverse()
    return "".join(traceback.format_list(summary))


def _variables(loop: Any, handle: FrameType | None) -> Variables | None:
    """The context variables of the callback that runs."""
    import asyncio  # not above: a program without an event loop need not load it

    task = asyncio.current_task(loop)
    if task is not None:
        if hasattr(task, "get_context"):  # Python 3.12
            return task.get_context()  # type: ignore[no-any-return]
        # A task written in C keeps its context to itself, save from the garbage collector.
        held = [one for one in gc.get_referents(task) if type(one) is Variables]
        return held[0] if held else getattr(task, "_context", None)
    callback = handle.f_locals.get("self") if handle is not None else None
    return getattr(callback, "_context", None)


def _telemetry(variables: Variables | None) -> Context:
    """OpenTelemetry's context among `variables`."""
    if variables is None or _context.variable is None:
        return Context()
    found = variables.get(_context.variable)
    return found if isinstance(found, Context) else Context()
