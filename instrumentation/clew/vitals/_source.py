"""The vitals as a source of metrics for the pipeline."""

from __future__ import annotations

from time import time_ns
from typing import Any

from clew import _names
from clew._version import __version__
from clew.export import _metrics as encode
from clew.metrics import DurationHistogram
from clew.vitals._collector import Collector
from clew.vitals._loops import LoopWatch
from clew.vitals._pools import pools
from clew.vitals._process import ProcessNumbers

SCOPE = "clew.vitals"


class VitalsSource:
    """Called on the export thread, or whichever flushes."""

    def __init__(self, process: ProcessNumbers, collector: Collector, watch: LoopWatch) -> None:
        self._process = process
        self._collector = collector
        self._watch = watch
        self._begin()
        watch.on_forget = self._begin

    def _begin(self) -> None:
        self._start = time_ns()
        about = "How long what is ready waits until the event loop runs it."
        self._lag = DurationHistogram(_names.LOOP_LAG, about, bounds=_names.LOOP_LAG_BOUNDS)

    def __call__(self) -> list[bytes]:
        """Encoded `ScopeMetrics`."""
        start, now = self._start, time_ns()
        encoded = [
            *self._process.metrics(start, now),
            *self._collector.metrics(start, now),
            *self._loops(start, now),
        ]
        return [encode.scope_metrics(SCOPE, __version__, encoded)]

    def _loops(self, start: int, now: int) -> list[bytes]:
        for seconds, time, context in self._watch.take():
            self._lag.record((), seconds, time, context)
        blocks: list[tuple[dict[str, Any], int]] = []
        if self._watch.began:
            blocks.append(({}, self._watch.blocks))
        about = "Times the event loop was blocked for longer than its slow_callback_duration."
        return [
            encode.duration(self._lag, start, now),
            encode.sum_of(_names.LOOP_BLOCKS, about, "{block}", blocks, start, now, monotonic=True),
            *pools(self._watch.loops(), start, now),
        ]
