"""What a process tells of itself: the operating system's numbers, the collector's, the loops'.

Nothing here is on the path of a request. The numbers are read when metrics are exported; event
loops are watched by a thread of clew's own.
"""

from __future__ import annotations

import gc
import sys
from typing import TYPE_CHECKING, Any

from clew.vitals._blocks import BlockReporter
from clew.vitals._collector import Collector
from clew.vitals._loops import LoopWatch, watch_class
from clew.vitals._process import ProcessNumbers
from clew.vitals._source import VitalsSource

if TYPE_CHECKING:
    from clew._runtime import Runtime


def install(runtime: Runtime) -> None:
    """Measure this process, and export with the other metrics of `runtime`."""
    from clew import _hooks

    collector = Collector()
    watch = LoopWatch(BlockReporter())
    gc.callbacks.append(collector.notice)
    runtime.pipeline.collect.append(VitalsSource(ProcessNumbers(), collector, watch))
    runtime.forgetting.extend((collector.forget_parent, watch.forget_parent))
    runtime.stopping.append(lambda timeout: watch.stop())
    _hooks.when("asyncio.base_events", lambda module: watch_class(module.BaseEventLoop, watch))
    _hooks.when("uvloop", lambda module: watch_class(module.Loop, watch))
    _watch_running(watch)


def _watch_running(watch: LoopWatch) -> None:
    """Watch the loop that runs already, where a server imports the application inside of it."""
    asyncio: Any = sys.modules.get("asyncio")
    running = getattr(asyncio, "_get_running_loop", lambda: None)()
    if running is not None:
        watch.entered(running)
