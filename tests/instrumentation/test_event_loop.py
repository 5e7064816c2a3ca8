"""Event loops: their lag, their blocks with the stack that blocks, and what watching costs."""

from __future__ import annotations

import asyncio
import selectors
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanContext

from clew import _names
from clew.vitals._blocks import BlockReporter
from clew.vitals._loops import PERIOD, LoopWatch, Watched, watch_class
from tests.e2e.wait import wait_until
from tests.instrumentation.conftest import Script
from tests.support.processes import DEADLINE_S


class Running:
    """A loop in a thread of its own, which can be blocked."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self.thread = threading.Thread(target=loop.run_forever, daemon=True)
        self.thread.start()
        self.do(asyncio.sleep(0))
        assert self.thread.ident is not None
        self.watched = Watched(loop, self.thread.ident)
        self._gates: list[threading.Event] = []

    def do(self, work: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(DEADLINE_S)

    def block(self, span: Any = None) -> Callable[[], None]:
        """Have a task block until the function that is returned is called."""
        gate, entered = threading.Event(), threading.Event()
        self._gates.append(gate)

        async def blocking() -> None:
            if span is None:
                hold()
            else:
                with span:
                    hold()

        def hold() -> None:
            entered.set()
            gate.wait(DEADLINE_S)

        future = asyncio.run_coroutine_threadsafe(blocking(), self.loop)
        assert entered.wait(DEADLINE_S)

        def release() -> None:
            gate.set()
            future.result(DEADLINE_S)

        return release

    def end(self) -> None:
        for gate in self._gates:
            gate.set()
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(DEADLINE_S)
        self.loop.close()


@contextmanager
def running_loop(loop: asyncio.AbstractEventLoop | None = None) -> Iterator[Running]:
    one = Running(loop or asyncio.new_event_loop())
    try:
        yield one
    finally:
        one.end()


@pytest.fixture
def loop() -> Iterator[Running]:
    """A loop that runs in another thread."""
    with running_loop() as one:
        yield one


def quiet(loop: Any, thread: int) -> None:
    """Reports nothing."""


def _ask(watch: LoopWatch, loop: Running) -> list[tuple[float, int, SpanContext | None]]:
    watch.round([loop.watched])
    return watch.take()


def test_lag_is_measured(loop: Running) -> None:
    """Each round gives one measurement of a loop that answers, and no block."""
    loop.loop.slow_callback_duration = DEADLINE_S
    watch = LoopWatch(quiet)
    lags = [lag for _ in range(3) for lag, _, _ in _ask(watch, loop)]
    assert len(lags) == 3
    assert all(0 <= lag < DEADLINE_S for lag in lags)
    assert watch.blocks == 0


def test_a_block_is_counted_once(loop: Running) -> None:
    """A block that lasts for several rounds is one, and one measurement, taken at its end."""
    reports: list[Any] = []
    loop.loop.slow_callback_duration = 0.001
    watch = LoopWatch(lambda loop, thread: reports.append(loop))
    release = loop.block()
    for _ in range(3):
        assert _ask(watch, loop) == []
    assert watch.blocks == 1
    assert reports == [loop.loop]
    release()
    loop.loop.slow_callback_duration = DEADLINE_S
    loop.do(asyncio.sleep(0))
    assert len(_ask(watch, loop)) == 2  # the block's, and one after it
    assert watch.blocks == 1


def test_the_stack_is_an_event_of_the_active_span(loop: Running) -> None:
    """Whoever opens the blocked trace sees the line that blocks, in a child task too."""
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    tracer = provider.get_tracer("test")
    loop.loop.slow_callback_duration = 0.001
    watch = LoopWatch(BlockReporter())
    release = loop.block(tracer.start_as_current_span("slow"))
    watch.round([loop.watched])
    release()
    loop.do(asyncio.sleep(0))
    (lag,) = [one for one in _ask(watch, loop) if one[2] is not None]
    (span,) = exporter.get_finished_spans()
    assert lag[2] == span.context, "the lag's exemplar is the blocked trace"
    (event,) = span.events
    assert event.name == _names.LOOP_BLOCKED_EVENT
    assert event.attributes is not None
    stack = str(event.attributes[_names.CODE_STACKTRACE])
    assert "gate.wait(DEADLINE_S)" in stack
    assert stack.index("in blocking") < stack.index("in hold"), "the newest call stands last"
    assert "run_forever" not in stack


def test_without_a_span_it_is_logged(loop: Running, caplog: pytest.LogCaptureFixture) -> None:
    """A block outside of any span is a warning with the place; once, not at each round."""
    now = [0.0]
    reporter = BlockReporter(clock=lambda: now[0])
    release = loop.block()
    thread = loop.watched.thread
    for _ in range(2):
        assert reporter(loop.loop, thread) is None
    assert len(caplog.records) == 1
    assert "The event loop is blocked at" in caplog.text
    assert "gate.wait" in caplog.records[0].__dict__[_names.CODE_STACKTRACE]
    now[0] = 3_600.0
    reporter(loop.loop, thread)
    assert len(caplog.records) == 2, "an hour later it is news again"
    release()


def test_a_sleeping_loop_is_not_blocked(loop: Running) -> None:
    """Where the process was stopped, or starved, the loop is found waiting: that is no block."""
    loop.do(asyncio.sleep(0))
    thread = loop.watched.thread
    wait_until(lambda: sys._current_frames()[thread].f_globals["__name__"] == "selectors", "sleep")
    assert BlockReporter()(loop.loop, thread) is False


def test_an_idle_loop_wakes_once_a_round() -> None:
    """Watching wakes a loop with nothing to do at most four times a second."""
    selected = []

    class Counting(selectors.DefaultSelector):
        def select(self, timeout: float | None = None) -> Any:
            selected.append(timeout)
            return super().select(timeout)

    with running_loop(asyncio.SelectorEventLoop(Counting())) as loop:
        loop.loop.slow_callback_duration = DEADLINE_S
        watch = LoopWatch(quiet)
        _ask(watch, loop)
        before = len(selected)
        rounds = 20
        for _ in range(rounds):
            _ask(watch, loop)
        # A wake is one return of select: what it found is run, and it is called again.
        assert len(selected) - before <= rounds + 1
    assert PERIOD >= 0.25


def test_the_thread_waits_out_the_period(loop: Running) -> None:
    """A round that was answered at once leaves the rest of the period to sleep."""
    loop.loop.slow_callback_duration = DEADLINE_S
    watch = LoopWatch(quiet, clock=lambda: 7.0)
    assert watch.round([loop.watched]) == PERIOD


def test_loops_come_and_go() -> None:
    """A class that is watched tells of each loop that runs, and that it has stopped."""

    class Loop(asyncio.SelectorEventLoop):
        pass

    watch = LoopWatch(quiet)
    watch_class(Loop, watch)
    seen = []

    async def look() -> None:
        seen.extend(watch.loops())
        await asyncio.to_thread(wait_until, lambda: bool(watch._lags), "a measurement")

    loop = Loop()
    loop.run_until_complete(look())
    loop.close()
    assert seen == [loop]
    assert watch.loops() == []
    watch.stop()


def test_a_closed_loop_is_no_fault() -> None:
    """A loop that was closed in the meantime is passed over."""
    loop = asyncio.new_event_loop()
    loop.close()
    watch = LoopWatch(quiet)
    watch.round([Watched(loop, 0)])
    assert watch.take() == []


MEASURED = """
import asyncio, time
import clew.auto, clew
from clew import _start
from opentelemetry import trace

async def measured(of_span=False):
    (watch,) = [one._watch for one in _start.current().pipeline.collect if hasattr(one, "_watch")]
    deadline = time.monotonic() + 60
    while not any(lag[2] or not of_span for lag in list(watch._lags)):
        assert time.monotonic() < deadline
        await asyncio.sleep(0.01)
"""
PROGRAM = f"""
{MEASURED}

async def main():
    loop = asyncio.get_running_loop()
    loop.slow_callback_duration = 0.02
    tracer = trace.get_tracer("t")
    def block():
        deadline = time.monotonic() + 60
        while not (span.events if hasattr(span, "events") else span._events):
            assert time.monotonic() < deadline
    with tracer.start_as_current_span("blocking") as span:
        await asyncio.sleep(0)
        block()
    import anyio.to_thread
    await anyio.to_thread.run_sync(lambda: None)
    await loop.run_in_executor(None, lambda: None)
    await measured(of_span=True)
    assert await asyncio.to_thread(clew.flush, 20)
"""


@pytest.mark.parametrize("engine", ["clew", "sdk"])
@pytest.mark.parametrize("kind", ["asyncio", "uvloop"])
def test_in_a_program(engine: str, kind: str, script: Script) -> None:
    """Both engines export lag, blocks and pools by the same push, under both loops."""
    run = "asyncio.run(main())"
    if kind == "uvloop":
        pytest.importorskip("uvloop", reason="uvloop is not installed")
        run = "import uvloop; uvloop.run(main())"
    script(f"{PROGRAM}\n{run}", CLEW_ENGINE=engine)
    sink = script.sink
    (lag,) = sink.points(_names.LOOP_LAG)
    assert lag.data.count > 0
    assert tuple(lag.data.explicit_bounds) == _names.LOOP_LAG_BOUNDS
    (blocks,) = sink.points(_names.LOOP_BLOCKS)
    assert blocks.number >= 1
    (span,) = (one for one in sink.spans() if one.data.name == "blocking")
    assert {event.name for event in span.data.events} == {_names.LOOP_BLOCKED_EVENT}
    assert "in block" in span.data.events[0].attributes[0].value.string_value
    trace_ids = {one.trace_id for one in sink.exemplars(_names.LOOP_LAG)}
    assert span.data.trace_id in trace_ids
    limits = {
        p.attributes[_names.THREAD_POOL_NAME]: p.number
        for p in sink.points(_names.THREAD_POOL_LIMIT)
    }
    assert limits["anyio"] == 40
    # The executor of uvloop is not to be seen from Python.
    assert ("asyncio" in limits) == (kind == "asyncio")
    used = [p.number for p in sink.points(_names.THREAD_POOL_USAGE)]
    assert all(0 <= number <= 40 for number in used)


def test_a_fork_forgets_the_loop(script: Script) -> None:
    """A child that was forked inside a running loop has its own loop watched, and no other."""
    code = f"""
{MEASURED}
import os
async def main():
    await measured()
    pid = os.fork()
    if not pid:
        asyncio.events._set_running_loop(None)
        asyncio.run(measured())
        assert clew.flush(20)
        os._exit(0)
    assert os.waitpid(pid, 0)[1] == 0
asyncio.run(main())
"""
    script(code)
    points = script.sink.points(_names.LOOP_LAG)
    assert len({point.resource["service.instance.id"] for point in points}) == 2
    assert all(point.data.count >= 1 for point in points)
