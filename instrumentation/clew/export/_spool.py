"""The disk spool: where parcels wait while their endpoint is away.

`<dir>/<service>/<instance>/<signal>/<number>.seg`, one `<instance>` folder a process, which holds a
lock on it for life. A folder whose lock is free belonged to a process that has ended, however it
ended; whoever gets the lock takes its segments over.

Durability: every record is written through to the operating system at once, so a killed process
loses none. A segment is synced to the disk when it is full or closed, so a crash of the machine
loses at most the last `SEGMENT_BYTES` of each signal.
"""

from __future__ import annotations

import errno
import functools
import logging
import os
import re
import shutil
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from time import time_ns
from typing import IO

from opentelemetry.sdk.resources import Resource

from clew import _names
from clew._config import Settings
from clew.export import _segment
from clew.export._parcel import Parcel
from clew.export._tally import Tally

try:
    import fcntl
except ImportError:  # Windows: no lock to tell the living from the dead, so no spool
    fcntl = None  # type: ignore[assignment]

_logger = logging.getLogger(__name__)
SEGMENT_BYTES = 4 * 1024 * 1024
_LOCK = "lock"

# Told of what is lost: (reason, items).
Dropped = Callable[[str, int], None]


class SpoolHome:
    """This process's folder of the spool, locked while it lives."""

    def __init__(self, root: Path, service: str, instance: str) -> None:
        """Make and lock the folder.

        Raises:
            OSError: it cannot be made, or this system has no file locks.
        """
        if fcntl is None:
            raise OSError(errno.ENOTSUP, "this system has no file locks")
        self._service = root / _safe(service)
        self.path = self._service / _safe(instance)
        self.path.mkdir(parents=True, exist_ok=True, mode=0o700)
        lock = _locked(self.path)
        if lock is None:
            raise OSError(errno.EBUSY, f"{self.path} is in use by another process")
        self._lock = lock

    def orphans(self) -> Iterator[Path]:
        """Folders of processes of this service that have ended, each locked while it is yielded."""
        for folder in sorted(self._service.iterdir()):
            if folder == self.path or not folder.is_dir():
                continue
            lock = _locked(folder)
            if lock is None:
                continue
            with lock:
                if folder.exists():  # else another process has just finished with it
                    yield folder
                    shutil.rmtree(folder, ignore_errors=True)

    def close(self) -> None:
        """Give the folder up; remove it if nothing waits in it."""
        if not any(self.path.glob("*/*.seg")):
            shutil.rmtree(self.path, ignore_errors=True)
        self._lock.close()


def _locked(folder: Path) -> IO[str] | None:
    """The folder's lock file, locked; None where a living process has it."""
    try:
        file = (folder / _LOCK).open("w")
    except OSError:
        return None
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.close()
        return None
    return file


def _safe(name: str) -> str:
    """`name` as the name of a folder, whatever is in it."""
    return re.sub(r"[^A-Za-z0-9._-]", "_", name).strip(".")[:100] or "_"


class Spool:
    """The parcels of one signal on disk, oldest first. For one thread at a time."""

    def __init__(
        self,
        folder: Path,
        most_bytes: int,
        most_age: float,
        dropped: Dropped,
        clock: Callable[[], int] = time_ns,
    ) -> None:
        """Keep at most `most_bytes`, and nothing older than `most_age` seconds.

        Raises:
            OSError: `folder` cannot be made.
        """
        self._folder = folder
        self._most_bytes = most_bytes
        self._most_age = most_age
        self._dropped = dropped
        self._clock = clock
        self._writer: _segment.SegmentWriter | None = None
        self._number = 0
        self._reading: Path | None = None
        self._records: deque[_segment.Record | None] = deque()
        folder.mkdir(parents=True, exist_ok=True)
        self._segments: deque[Path] = deque(sorted(folder.glob("*.seg")))
        self._sizes = {path: path.stat().st_size for path in self._segments}
        if self._segments:
            self._number = int(self._segments[-1].stem)

    @property
    def size(self) -> int:
        """Bytes on disk."""
        return sum(self._sizes.values())

    def append(self, parcel: Parcel) -> bool:
        """Keep `parcel`; make room by dropping the oldest. False if the disk will not have it."""
        try:
            writer = self._current()
            writer.append(parcel, self._clock())
        except OSError as error:
            _logger.debug("The spool %s cannot be written: %s", self._folder, error)
            return False
        self._sizes[writer.path] = writer.size
        while self.size > self._most_bytes and len(self._segments) > 1:
            self._drop_oldest("spool_full")
        return True

    def _current(self) -> _segment.SegmentWriter:
        # Room is made by whole segments: small ones where the room is small.
        full = min(SEGMENT_BYTES, self._most_bytes // 8)
        if self._writer is not None and self._writer.size >= full:
            self.sync()
        if self._writer is None:
            self._number += 1
            path = self._folder / f"{self._number:012d}.seg"
            self._writer = _segment.SegmentWriter(path)
            self._segments.append(path)
            self._sizes[path] = 0
        return self._writer

    def sync(self) -> None:
        """Close the segment being written, on disk."""
        if self._writer is not None:
            writer, self._writer = self._writer, None
            try:
                writer.close(sync=True)
            except OSError as error:
                _logger.debug("The segment %s was not synced: %s", writer.path, error)

    def peek(self) -> Parcel | None:
        """The oldest parcel that is not too old; None if there is none."""
        while True:
            if not self._records and not self._load():
                return None
            record = self._records[0]
            if record is None:
                self._records.popleft()
                self._dropped("spool_damaged", 1)
            elif self._clock() - record.time > self._most_age * 1e9:
                self._records.popleft()
                self._dropped("spool_age", record.parcel.items)
            else:
                return record.parcel

    def pop(self) -> None:
        """Let go of the parcel that `peek` gave. Its segment goes with its last one."""
        self._records.popleft()
        if not self._records:
            self._finish_reading()

    def _load(self) -> bool:
        """Read the oldest segment; False if there is none."""
        self._finish_reading()
        if not self._segments:
            return False
        path = self._segments[0]
        if self._writer is not None and self._writer.path == path:
            self.sync()  # what is read is not written any more
        try:
            self._records.extend(_segment.read(path))
        except OSError as error:
            _logger.debug("The segment %s cannot be read: %s", path, error)
            self._records.append(None)
        self._reading = path
        return bool(self._records) or self._load()

    def _finish_reading(self) -> None:
        if self._reading is None:
            return
        path, self._reading = self._reading, None
        self._forget(path)

    def _forget(self, path: Path) -> None:
        if path in self._sizes:
            del self._sizes[path]
            self._segments.remove(path)
        path.unlink(missing_ok=True)

    def _drop_oldest(self, reason: str) -> None:
        path = self._segments[0]
        if path == self._reading:
            records, self._reading = list(self._records), None
            self._records.clear()
        else:
            try:
                records = list(_segment.read(path))
            except OSError:
                records = [None]
        for record in records:
            self._dropped(reason, 1 if record is None else record.parcel.items)
        self._forget(path)

    def adopt(self, orphan: Path) -> int:
        """Take over the segments of `orphan`, another process's folder of this signal, to be sent
        first; return how many. They keep their order."""
        found = sorted(orphan.glob("*.seg"))
        for path in reversed(found):
            self._number += 1
            mine = self._folder / f"{self._number:012d}.seg"
            try:
                os.rename(path, mine)
                self._sizes[mine] = mine.stat().st_size
            except OSError as error:
                _logger.debug("The segment %s was not taken over: %s", path, error)
                continue
            self._segments.insert(1 if self._reading is not None else 0, mine)
        return len(found)

    def close(self) -> None:
        """Sync what was written. Everything unsent stays for the next process."""
        self.sync()


def open_spools(
    settings: Settings, resource: Resource, signals: Iterable[str], tally: Tally
) -> tuple[SpoolHome | None, dict[str, Spool]]:
    """This process's spools by signal; none where there is no place for them."""
    if settings.spool_dir is None:
        return None, {}
    service = str(resource.attributes.get(_names.SERVICE_NAME, ""))
    instance = str(resource.attributes.get(_names.SERVICE_INSTANCE_ID, ""))
    try:
        home = SpoolHome(settings.spool_dir, service, instance)
        return home, {
            signal: Spool(
                home.path / signal,
                settings.spool_max_bytes,
                settings.spool_max_age,
                functools.partial(tally.dropped, signal),
            )
            for signal in signals
        }
    except OSError as error:
        _logger.warning(
            "No spool in %s (%s): while an endpoint is away, telemetry waits in memory only. "
            "Set CLEW_SPOOL_DIR to a folder that can be written, or to off.",
            settings.spool_dir,
            error,
        )
        return None, {}
