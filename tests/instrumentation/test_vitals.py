"""What a process tells of itself: the system's numbers and the garbage collector's."""

from __future__ import annotations

import gc
import threading
from pathlib import Path
from typing import Any

import pytest
from anyio import CapacityLimiter
from opentelemetry.proto.metrics.v1.metrics_pb2 import ScopeMetrics

from clew import _names
from clew._config import Settings
from clew.vitals._collector import Collector
from clew.vitals._pools import Pool, of_anyio, of_asyncio
from clew.vitals._process import ProcessNumbers
from tests.instrumentation.conftest import Script
from tests.support.otlp_sink import plain_attributes
from tests.support.processes import DEADLINE_S

# Name → (unit, number of data points) of what every Linux process has.
EVERY = {
    "process.cpu.time": ("s", 2),
    "process.memory.usage": ("By", 1),
    "process.memory.virtual": ("By", 1),
    "process.thread.count": ("{thread}", 1),
    "process.unix.file_descriptor.count": ("{file_descriptor}", 1),
    "process.context_switches": ("{context_switch}", 2),
    "process.uptime": ("s", 1),
    "cpython.gc.collections": ("{collection}", 3),
    "cpython.gc.collected_objects": ("{object}", 3),
    "cpython.gc.uncollectable_objects": ("{object}", 3),
}


def decoded(encoded: list[bytes]) -> dict[str, Any]:
    """{name: Metric}"""
    scope = ScopeMetrics.FromString(b"".join(encoded))
    return {metric.name: metric for metric in scope.metrics}


def number(metric: Any, **attributes: Any) -> float:
    """The value of the only data point, or of the one with these attributes (dots as _)."""
    points = getattr(metric, metric.WhichOneof("data")).data_points
    for point in points:
        given = {k.replace(".", "_"): v for k, v in plain_attributes(point.attributes).items()}
        if given == attributes:
            value: float = getattr(point, point.WhichOneof("value"))
            return value
    raise AssertionError(f"{metric.name} has no point with {attributes}")


GROW = """
import os, threading
from clew.vitals._process import ProcessNumbers
numbers, gate = ProcessNumbers(), threading.Event()
print(b"".join(numbers.metrics(1, 2)).hex())
threading.Thread(target=gate.wait).start()
files = [os.open(os.devnull, os.O_RDONLY) for _ in range(3)]
print(b"".join(numbers.metrics(1, 2)).hex())
gate.set()
"""


def test_the_numbers_are_this_process_s(script: Script) -> None:
    """Files, threads and memory are those that the process has, and grow with them."""
    before, after = (decoded([bytes.fromhex(line)]) for line in script(GROW))
    grown = {
        name: number(after[name]) - number(before[name])
        for name in (_names.PROCESS_FILE_DESCRIPTORS, _names.PROCESS_THREAD_COUNT)
    }
    assert grown == {_names.PROCESS_FILE_DESCRIPTORS: 3, _names.PROCESS_THREAD_COUNT: 1}
    resident = number(after[_names.PROCESS_MEMORY_USAGE])
    assert 1 << 20 < resident < number(after[_names.PROCESS_MEMORY_VIRTUAL])
    assert number(after[_names.PROCESS_CPU_TIME], cpu_mode="user") > 0
    assert 0 < number(after[_names.PROCESS_UPTIME]) < DEADLINE_S
    assert number(after[_names.PROCESS_CONTEXT_SWITCHES], process_context_switch_type="voluntary")


def test_without_proc_the_rest_is_told(tmp_path: Path) -> None:
    """Where the system has no /proc, what the standard library knows still leaves."""
    found = decoded(ProcessNumbers(tmp_path).metrics(1, 2))
    assert set(found) == {_names.PROCESS_CPU_TIME, _names.PROCESS_CONTEXT_SWITCHES}


def test_a_command_with_any_name(tmp_path: Path) -> None:
    """Spaces and parentheses in the command's name do not shift the fields."""
    (tmp_path / "self").mkdir()
    fields = ["S", *("0" for _ in range(16)), "7", "0", "0", "0"]
    (tmp_path / "self" / "stat").write_text(f"1 (a) b) {' '.join(fields)}\n")
    found = decoded(ProcessNumbers(tmp_path).metrics(1, 2))
    assert number(found[_names.PROCESS_THREAD_COUNT]) == 7


def test_a_collection_is_timed() -> None:
    """Each collection is one measurement of its generation, in the bucket of its seconds."""
    now = [10.0]
    collector = Collector(clock=lambda: now[0])
    for generation, seconds in ((0, 0.0002), (2, 0.03), (2, 2.0)):
        collector.notice("start", {"generation": generation})
        now[0] += seconds
        collector.notice("stop", {"generation": generation})
    metric = decoded(collector.metrics(1, 2))[_names.GC_PAUSE]
    points = {
        plain_attributes(point.attributes)[_names.GC_GENERATION]: point
        for point in metric.histogram.data_points
    }
    assert {generation: point.count for generation, point in points.items()} == {0: 1, 2: 2}
    assert points[2].sum == pytest.approx(2.03)
    assert list(points[0].bucket_counts)[1] == 1
    assert list(points[2].bucket_counts)[-1] == 1


def test_real_collections_are_seen() -> None:
    """The interpreter calls `notice`; what it collected is counted as `gc` counts it."""
    collector = Collector()
    gc.callbacks.append(collector.notice)
    try:
        gc.collect()
    finally:
        gc.callbacks.remove(collector.notice)
    found = decoded(collector.metrics(1, 2))
    assert sum(p.count for p in found[_names.GC_PAUSE].histogram.data_points) >= 1
    stats = gc.get_stats()
    for generation in range(3):
        counted = number(found[_names.GC_COLLECTIONS], cpython_gc_generation=generation)
        assert 0 <= stats[generation]["collections"] - counted <= 5


def test_a_child_s_collections_are_its_own() -> None:
    """After a fork the counts begin at zero."""
    collector = Collector()
    gc.collect()
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        collector.forget_parent()
        found = decoded(collector.metrics(1, 2))
    finally:
        if was_enabled:
            gc.enable()
    assert _names.GC_PAUSE not in found
    for generation in range(3):
        assert number(found[_names.GC_COLLECTIONS], cpython_gc_generation=generation) == 0


def test_pools_at_their_limit() -> None:
    """A pool with all threads busy and more asked for says so: asyncio's and anyio's."""
    import asyncio

    import anyio
    import anyio.to_thread

    gate = threading.Event()
    entered = threading.Barrier(3)

    def hold(meet: bool) -> None:
        if meet:
            entered.wait(60)
        gate.wait(60)

    async def main() -> tuple[Pool | None, Pool | None, Pool | None]:
        loop = asyncio.get_running_loop()
        from concurrent.futures import ThreadPoolExecutor

        none = of_anyio(loop) or of_asyncio(loop)
        loop.set_default_executor(ThreadPoolExecutor(2))
        jobs = [loop.run_in_executor(None, hold, n < 2) for n in range(3)]
        anyio.to_thread.current_default_thread_limiter().total_tokens = 1
        async with anyio.create_task_group() as group:
            for _ in range(2):
                group.start_soon(anyio.to_thread.run_sync, hold, False)
            while anyio.to_thread.current_default_thread_limiter().statistics().tasks_waiting < 1:
                await asyncio.sleep(0)
            await asyncio.get_running_loop().run_in_executor(ThreadPoolExecutor(1), entered.wait)
            found = of_anyio(loop), of_asyncio(loop)
            gate.set()
        await asyncio.gather(*jobs)
        return none, *found

    none, of_limiter, of_executor = asyncio.run(main())
    assert none is None, "nothing is told of pools that were never used"
    assert of_limiter == Pool(usage=1, limit=1, waiting=1)
    assert of_executor == Pool(usage=2, limit=2, waiting=1)


def test_anyio_keeps_its_limiter_where_it_is_looked_for() -> None:
    """The private place in this release of anyio holds what the public function returns."""
    import asyncio

    import anyio.lowlevel
    import anyio.to_thread

    async def main() -> bool:
        limiter = anyio.to_thread.current_default_thread_limiter()
        kept = anyio.lowlevel._run_vars[asyncio.get_running_loop()]
        return isinstance(limiter, CapacityLimiter) and limiter in kept.values()

    assert asyncio.run(main())


@pytest.mark.parametrize("engine", ["clew", "sdk"])
def test_both_engines_export_them(engine: str, script: Script) -> None:
    """The numbers leave by the push of the other metrics, with OpenTelemetry's names and units."""
    script("import clew.auto, clew, gc; gc.collect(); assert clew.flush(20)", CLEW_ENGINE=engine)
    metrics = {item.data.name: item for item in script.sink.metrics()}
    for name, (unit, points) in EVERY.items():
        assert metrics[name].data.unit == unit, name
        assert len(script.sink.points(name)) == points, name
    assert metrics["process.uptime"].data.WhichOneof("data") == "gauge"
    assert script.sink.points(_names.GC_PAUSE)
    assert not script.sink.points(_names.LOOP_BLOCKS), "nothing is told of loops where none ran"


@pytest.mark.parametrize(
    "settings",
    [
        {"OTEL_PYTHON_DISABLED_INSTRUMENTATIONS": "x,system_metrics"},
        {"OTEL_METRICS_EXPORTER": "none"},
    ],
)
def test_switched_off(settings: dict[str, str], script: Script) -> None:
    """Switched off, nothing is measured, hooked into or started."""
    code = """
import asyncio, gc, threading
import clew.auto, clew
async def main():
    print(sorted(t.name for t in threading.enumerate() if t.name == "clew-loops"), gc.callbacks)
asyncio.run(main())
"""
    assert script(code, **settings) == ["[] []"]
    names = {item.data.name for item in script.sink.metrics()}
    assert not names & {*EVERY, _names.GC_PAUSE, _names.LOOP_LAG}


def test_the_setting() -> None:
    """The name of the contributed instrumentation that clew stands in for switches it off."""
    assert Settings.from_environ({}).vitals
    off = {"OTEL_PYTHON_DISABLED_INSTRUMENTATIONS": "redis,system_metrics"}
    assert not Settings.from_environ(off).vitals


def test_children_have_vitals_of_their_own(script: Script) -> None:
    """After a fork each process tells its own uptime, memory and collections."""
    code = """
import gc, os
import clew.auto, clew
gc.collect()
gc.disable()
if not os.fork():
    gc.collect()
    assert clew.flush(20)
    os._exit(0)
os.wait()
assert clew.flush(20)
"""
    script(code)
    for name, (_, points) in EVERY.items():
        assert len(script.sink.points(name)) == 2 * points, name
    counts = sorted(
        point.number
        for point in script.sink.points(_names.GC_COLLECTIONS)
        if point.attributes[_names.GC_GENERATION] == 2
    )
    assert counts[0] == 1, "the child's only one"
