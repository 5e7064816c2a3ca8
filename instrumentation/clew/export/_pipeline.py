"""The export thread: drains the buffers, measures, encodes, and hands parcels to the sender."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from time import monotonic, sleep, time_ns
from typing import Any

from opentelemetry.sdk.resources import Resource

from clew import _faults, _names, metrics
from clew._config import SIGNALS, Settings
from clew._fork_gate import ForkGate
from clew._version import __version__
from clew.export import _metrics as encode_metrics
from clew.export._buffer import Buffer
from clew.export._health import health_metrics
from clew.export._logs import LogEncoder
from clew.export._parcel import Parcel
from clew.export._sender import Sender
from clew.export._spans import SpanEncoder
from clew.export._spool import open_spools
from clew.export._tally import Tally
from clew.export._thread import start_thread

_logger = logging.getLogger(__name__)
# How many are encoded, or measured, which is quicker, before the interpreter is given back to the
# request threads. Longer runs would hold it for the whole switch interval (5 ms) and show in the
# service's latency.
_ENCODED_RUN, _MEASURED_RUN = 64, 1024
_BREATH = 0.0001  # s


class Pipeline:
    """All three signals of one process, from buffer to sender.

    `spans` and `logs` take what was made. `collect_sdk` returns what the SDK's instruments hold.
    """

    def __init__(
        self,
        settings: Settings,
        resource: Resource,
        http: metrics.HttpMetrics,
        collect: Sequence[Callable[[], list[bytes]]] = (),
    ) -> None:
        """`collect` are further sources of metrics: each returns encoded `ScopeMetrics`."""
        self._settings = settings
        self.http = http
        self.collect = list(collect)
        self.gate = ForkGate()
        self._wake = threading.Event()
        self.spans = Buffer(settings.max_queue_size, self._wake)
        self.logs = Buffer(settings.max_queue_size, self._wake)
        self._begin(resource)

    def _begin(self, resource: Resource) -> None:
        settings = self._settings
        self.resource = resource
        self.tally = Tally()
        self._endpoints = {
            signal: endpoint for signal in SIGNALS if (endpoint := settings.endpoint(signal))
        }
        home, spools = open_spools(settings, resource, self._endpoints, self.tally)
        self._sender = Sender(self._endpoints, self.tally, home, spools, gate=self.gate)
        self._span_encoder = SpanEncoder(resource)
        self._log_encoder = LogEncoder(resource)
        # Re-entrant: a signal handler may flush while its thread is draining.
        self._drain_lock = threading.RLock()
        self._stopping = False
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Start both threads."""
        self._sender.start()
        self._thread = start_thread(self._run, "clew-export")

    def restart_in_child(self, resource: Resource) -> None:
        """Begin anew after a fork: the parent keeps what the parent made."""
        self._wake = threading.Event()
        for buffer in (self.spans, self.logs):
            buffer.clear()
            buffer._wake = self._wake
        self.http.reset(time_ns())
        self._begin(resource)
        self.start()

    def _run(self) -> None:
        settings = self._settings
        next_metrics = monotonic() + settings.metric_interval
        while not self._stopping:
            self._wake.wait(settings.schedule_delay)
            self._wake.clear()
            with_metrics = monotonic() >= next_metrics
            if with_metrics:
                next_metrics = monotonic() + settings.metric_interval
            if with_metrics or len(self.spans) or len(self.logs):
                self._round(with_metrics)
        self._round(True)

    def _round(self, with_metrics: bool) -> None:
        try:
            self.drain()
            if with_metrics:
                self.export_metrics()
        except Exception:  # a fault of telemetry stays here; the next round tries again
            _logger.exception("An export round failed; what it had taken is lost.")

    def drain(self) -> None:
        """Measure, encode and queue all that the buffers hold now."""
        with self.gate, self._drain_lock:
            self._drain_spans(self.spans.take())
            self._drain_logs(self.logs.take())

    def _drain_spans(self, items: list[Any]) -> None:
        spans = []
        for item in _breathing(items, _MEASURED_RUN):
            if type(item) is tuple:  # the measurement of a request that was not sampled
                histogram, attributes, value, time = item
                histogram.record(attributes, value, time, None)
                continue
            context = item._context
            if context[3] & 1:
                spans.append(item)
            else:
                context = None  # no exemplar: nobody could look its trace up
            histogram = item._histogram
            if histogram is not None:
                end = item._end_time
                histogram.record(item._measured, (end - item._start_time) / 1e9, end, context)
        if "traces" in self._endpoints:
            self._queue("traces", self._span_encoder, spans)

    def _drain_logs(self, items: list[Any]) -> None:
        if "logs" in self._endpoints:
            self._queue("logs", self._log_encoder, items)

    def _queue(self, signal: str, encoder: Any, items: list[Any]) -> None:
        size = self._settings.max_export_batch_size
        for at in range(0, len(items), size):
            batch = items[at : at + size]
            try:
                body = encoder.encode(_breathing(batch, _ENCODED_RUN))
            except Exception:  # one of them; the others are not to pay for it
                batch = self._encodable(signal, encoder, batch)
                if not batch:
                    continue
                body = encoder.encode(batch)
            self._sender.put(signal, Parcel(body, len(batch)))

    def _encodable(self, signal: str, encoder: Any, items: list[Any]) -> list[Any]:
        """Those of `items` that can be encoded; the others are counted as dropped."""
        kept = []
        for item in items:
            try:
                encoder.encode([item])
                kept.append(item)
            except Exception:
                self.tally.dropped(signal, "not_encodable", 1)
                _faults.caught(f"one item of {signal}")
        return kept

    def export_metrics(self) -> None:
        """Queue one export of every instrument."""
        if "metrics" not in self._endpoints:
            return
        now, start = time_ns(), self.http.start
        with self._drain_lock:  # which is whoever records: no export is of half a measurement
            own = self._own(start, now)
        scopes = [encode_metrics.scope_metrics("clew", __version__, own)]
        for source in self.collect:
            try:
                scopes.extend(source())
            except Exception:  # somebody's instruments; the others are read all the same
                _faults.caught("a source of metrics")
        self._sender.put("metrics", Parcel(encode_metrics.request(self.resource, scopes), 1))

    def _own(self, start: int, now: int) -> list[bytes]:
        http = self.http
        active = [(dict(attributes), value) for attributes, value in http.active.values()]
        return [
            encode_metrics.duration(http.server, start, now),
            encode_metrics.duration(http.client, start, now),
            encode_metrics.sum_of(
                _names.HTTP_SERVER_ACTIVE_REQUESTS,
                "Number of active HTTP server requests.",
                "{request}",
                active,
                start,
                now,
                monotonic=False,
            ),
            *health_metrics(self, start, now),
        ]

    def sent(self) -> dict[str, int]:
        """{signal: items} that the endpoint has accepted."""
        return self.tally.sent_by_signal()

    def queued_bytes(self) -> int:
        """Bytes encoded and not yet accepted."""
        return self._sender.queued_bytes

    def spooled_bytes(self) -> int:
        """Bytes on disk, not yet accepted."""
        return self._sender.spooled_bytes

    def certificates(self) -> dict[str, tuple[str, int, int]]:
        """{signal: (host, port, end in s since the epoch)} of the endpoints' certificates."""
        return self._sender.certificates()

    def dropped(self) -> dict[tuple[str, str], int]:
        """{(signal, reason): items} of all that was made and will not arrive."""
        found = self.tally.dropped_by_reason()
        found["traces", "buffer_full"] = self.spans.dropped
        found["logs", "buffer_full"] = self.logs.dropped
        return found

    def flush(self, timeout: float) -> bool:
        """Export everything made so far. False if `timeout` seconds did not suffice."""
        deadline = monotonic() + timeout
        self.drain()
        self.export_metrics()
        return self._sender.flush(deadline)

    def stop(self, timeout: float) -> None:
        """Export what is left, for at most `timeout` seconds, and end both threads."""
        if self._stopping:
            return
        deadline = monotonic() + timeout
        self._stopping = True
        self._wake.set()
        if self._thread is None:
            self._round(True)
        else:
            # The last round is that thread's too: what it asks for metrics may hang, and this
            # thread is to end in time. A fifth of the time is left for sending.
            self._thread.join(timeout * 0.8)
        self._sender.stop(deadline)
        for (signal, reason), items in self.dropped().items():
            if reason == "shutdown" and items:
                _logger.warning("Lost at exit, not delivered: %s, %d items.", signal, items)


def _breathing(items: list[Any], run: int) -> Iterator[Any]:
    """The items one by one, with a breath for the other threads after each `run` of them."""
    return chain.from_iterable(_runs(items, run))


def _runs(items: list[Any], run: int) -> Iterator[list[Any]]:
    yield items[:run]
    for at in range(run, len(items), run):
        sleep(_BREATH)
        yield items[at : at + run]
