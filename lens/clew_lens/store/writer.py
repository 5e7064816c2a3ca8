"""The one thread that writes: it gathers what has come in and commits it a few times a second."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

import duckdb

from .._errors import LensError
from .batch import Batch
from .database import Database
from .insert import Inserter

_log = logging.getLogger("clew_lens.writer")


class Busy(LensError):
    """The queue is full: the sender should try again later."""

    http_status = 503


@dataclass
class Counts:
    """What has passed through, since start."""

    spans: int = 0
    logs: int = 0
    points: int = 0
    rejected: int = 0
    refused: int = 0
    """Requests sent away because the queue was full; the sender retries them."""
    lost: int = 0
    """Rows that the database refused: an error in the lens, told in its log."""
    commits: int = 0


class Writer:
    """Takes batches from any thread; rows are in the database at most `interval` seconds later.

    `queue_limit` bounds the bytes of requests that wait. `every` is called after a commit at most
    once in `every_seconds`, on the writer's thread, and tells whether it deleted: retention.
    """

    def __init__(
        self,
        database: Database,
        *,
        interval: float = 0.25,
        queue_limit: int = 64 << 20,
        every: Callable[[duckdb.DuckDBPyConnection], bool] | None = None,
        every_seconds: float = 10.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.counts = Counts()
        self._inserter = Inserter(database.connection())
        self._interval = interval
        self._queue_limit = queue_limit
        self._every = every
        self._every_seconds = every_seconds
        self._clock = clock
        self._last_every = clock()
        self._waiting: list[Batch] = []
        self._waiting_bytes = 0
        self._taken = 0
        self._done = 0
        self._stopping = False
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._run, name="lens-writer", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def put(self, batch: Batch) -> None:
        """Queue a batch. Raises Busy where it doesn't fit."""
        with self._changed:
            if self._waiting and self._waiting_bytes + batch.size > self._queue_limit:
                self.counts.refused += 1
                raise Busy("the lens can't write as fast as this comes in: send again in a second")
            self.counts.rejected += batch.rejected
            self._waiting.append(batch)
            self._waiting_bytes += batch.size
            self._taken += 1
            self._changed.notify_all()

    def flush(self, timeout: float = 10.0) -> bool:
        """Wait until everything queued before this call is committed; False if time ran out."""
        with self._changed:
            target = self._taken
            return self._changed.wait_for(lambda: self._done >= target, timeout)

    @property
    def left_out(self) -> int:
        """Metric points left out because there are too many streams."""
        return self._inserter.left_out

    @property
    def waiting_bytes(self) -> int:
        """Bytes of requests in the queue."""
        return self._waiting_bytes

    def stop(self, timeout: float = 10.0) -> None:
        """Commit what is queued and end the thread."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
        if self._thread.ident is not None:
            self._thread.join(timeout)

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting or self._stopping, 1.0)
                if not self._waiting and self._stopping:
                    return
                if not self._stopping:
                    # More batches gather here, so that one commit serves many requests.
                    self._changed.wait_for(lambda: self._stopping, self._interval)
                batches, self._waiting, self._waiting_bytes = self._waiting, [], 0
            if batches:
                self._write(batches)
                with self._changed:
                    self._done += len(batches)
                    self._changed.notify_all()
            self._look_after()

    def _write(self, batches: list[Batch]) -> None:
        try:
            self._inserter.insert(batches)
        except Exception as error:  # a fault here must not end the only thread that writes
            if len(batches) > 1:
                half = len(batches) // 2
                self._write(batches[:half])
                self._write(batches[half:])
                return
            self.counts.lost += batches[0].rows
            _log.error("%d rows could not be stored: %s", batches[0].rows, error)
            return
        self.counts.commits += 1
        for batch in batches:
            self.counts.spans += len(batch.spans)
            self.counts.logs += len(batch.logs)
            self.counts.points += len(batch.points)

    def _look_after(self) -> None:
        now = self._clock()
        if self._every is None or now - self._last_every < self._every_seconds:
            return
        self._last_every = now
        try:
            if self._every(self._inserter.connection):
                self._inserter.reload()
        except duckdb.Error as error:
            _log.error("retention failed, will try again: %s", error)
