"""A spool segment: an append-only file of checksummed records.

A record is length, CRC-32, items and time made (little endian), then the body. The CRC covers all
that follows it. A torn or damaged record ends the segment: what comes after cannot be trusted.
"""

from __future__ import annotations

import os
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from clew.export._parcel import Parcel

_HEAD = struct.Struct("<II")  # length of what follows the CRC; CRC-32
_META = struct.Struct("<IQ")  # items; ns since the epoch when it was written
_LONGEST = 256 * 1024 * 1024  # a length beyond this is damage, not a record


class Record(NamedTuple):
    """One parcel of a segment and when it was written (ns since the epoch)."""

    parcel: Parcel
    time: int


class SegmentWriter:
    """Appends to a new segment. Each record is one `write`: a killed process loses no whole one."""

    def __init__(self, path: Path) -> None:
        """Create `path`.

        Raises:
            OSError: it exists, or cannot be created.
        """
        self.path = path
        self.size = 0
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | getattr(os, "O_CLOEXEC", 0)
        self._file = os.open(path, flags, 0o600)

    def append(self, parcel: Parcel, time: int) -> None:
        """Write one record.

        Raises:
            OSError: no space, or the disk fails. The segment is as it was before.
        """
        rest = _META.pack(parcel.items, time) + parcel.body
        data = _HEAD.pack(len(rest), zlib.crc32(rest)) + rest
        try:
            written = os.write(self._file, data)
            if written != len(data):
                raise OSError(f"{written} of {len(data)} bytes written: the disk is full")
        except OSError:
            os.ftruncate(self._file, self.size)
            raise
        self.size += len(data)

    def close(self, sync: bool) -> None:
        """Close; with `sync` make it survive a crash of the machine, not just of the process."""
        try:
            if sync:
                os.fsync(self._file)
        finally:
            os.close(self._file)


def read(path: Path) -> Iterator[Record | None]:
    """The records of a segment in order; None, as the last, where the rest is damaged.

    Raises:
        OSError: the file cannot be read.
    """
    with path.open("rb") as file:
        while True:
            head = file.read(_HEAD.size)
            if not head:
                return
            length, crc = _HEAD.unpack(head) if len(head) == _HEAD.size else (0, 0)
            rest = file.read(length) if _META.size <= length <= _LONGEST else b""
            if len(rest) != length or not rest or zlib.crc32(rest) != crc:
                yield None
                return
            items, time = _META.unpack_from(rest)
            yield Record(Parcel(rest[_META.size :], items), time)
