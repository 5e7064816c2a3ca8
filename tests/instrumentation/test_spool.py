"""The disk spool: what waits there comes back whole, in order, once, within its limits."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from clew.export import _segment, _spool
from clew.export._parcel import Parcel
from clew.export._spool import Spool, SpoolHome

HOUR = 3_600 * 10**9


class Clock:
    """Time that the test moves, in ns."""

    def __init__(self) -> None:
        self.now = 10**18

    def __call__(self) -> int:
        return self.now


class Bench:
    """A spool in a folder, with its clock and what it dropped."""

    def __init__(self, folder: Path, most_bytes: int = 10**9, most_age: float = 86_400.0) -> None:
        self.folder = folder
        self.clock = Clock()
        self.lost: Counter[str] = Counter()
        self.spool = Spool(folder, most_bytes, most_age, self._drop, self.clock)

    def _drop(self, reason: str, items: int) -> None:
        self.lost[reason] += items

    def drain(self) -> list[bytes]:
        found = []
        while (parcel := self.spool.peek()) is not None:
            found.append(parcel.body)
            self.spool.pop()
        return found


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path / "traces")


def parcels(*bodies: bytes) -> list[Parcel]:
    return [Parcel(body, len(body)) for body in bodies]


def test_parcels_come_back_whole_and_in_order(bench: Bench) -> None:
    """What was appended is read back, oldest first, and nothing stays on disk."""
    bodies = [bytes([n]) * (n * 1000 + 1) for n in range(20)]
    for parcel in parcels(*bodies):
        assert bench.spool.append(parcel)
    assert bench.spool.size > sum(map(len, bodies))
    assert bench.drain() == bodies
    assert bench.spool.size == 0
    assert list(bench.folder.glob("*.seg")) == []
    assert bench.lost == {}


def test_reading_and_writing_take_turns(bench: Bench) -> None:
    """A parcel appended while older ones are read waits its turn and is not lost."""
    for parcel in parcels(b"one", b"two"):
        bench.spool.append(parcel)
    first = bench.spool.peek()
    assert first is not None and first.body == b"one"
    bench.spool.append(Parcel(b"three", 1))
    assert bench.spool.peek() is first
    assert bench.drain() == [b"one", b"two", b"three"]


def test_segments_roll(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """A full segment is closed and another begun; each goes as soon as its last parcel does."""
    monkeypatch.setattr(_spool, "SEGMENT_BYTES", 1_000)
    for n in range(10):
        bench.spool.append(Parcel(bytes([n]) * 600, 1))
    assert len(list(bench.folder.glob("*.seg"))) == 5
    for _ in range(2):
        bench.spool.peek()
        bench.spool.pop()
    assert len(list(bench.folder.glob("*.seg"))) == 4
    assert bench.drain() == [bytes([n]) * 600 for n in range(2, 10)]


def test_the_oldest_make_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Over its limit the spool drops its oldest segment, and counts every item of it."""
    monkeypatch.setattr(_spool, "SEGMENT_BYTES", 1_000)
    bench = Bench(tmp_path / "traces", most_bytes=3_000)
    for n in range(10):
        bench.spool.append(Parcel(bytes([n]) * 600, 7))
    kept = bench.drain()
    assert kept == [bytes([n]) * 600 for n in range(10 - len(kept), 10)]
    assert 0 < len(kept) < 10
    assert bench.lost == {"spool_full": 7 * (10 - len(kept))}


def test_a_small_spool_keeps_most_of_its_room(tmp_path: Path) -> None:
    """Room is made in small steps where there is little: never more than an eighth at a time."""
    bench = Bench(tmp_path / "traces", most_bytes=8_000)
    for n in range(200):
        bench.spool.append(Parcel(bytes([n]) * 100, 1))
        assert bench.spool.size <= 8_000
    kept = bench.drain()
    assert 6_500 <= sum(len(body) + 20 for body in kept) <= 8_000
    assert bench.lost == {"spool_full": 200 - len(kept)}


def test_the_segment_being_read_may_make_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Room is made of the segment that is being read too: only what was not sent is counted."""
    monkeypatch.setattr(_spool, "SEGMENT_BYTES", 1_000)
    bench = Bench(tmp_path / "traces", most_bytes=3_000)
    for n in range(4):
        bench.spool.append(Parcel(bytes([n]) * 600, 1))
    bench.spool.peek()
    bench.spool.pop()  # the first is sent
    for n in range(4, 10):
        bench.spool.append(Parcel(bytes([n]) * 600, 1))
    kept = bench.drain()
    assert len(kept) + bench.lost["spool_full"] + 1 == 10
    assert kept[-1] == bytes([9]) * 600


def test_too_old_is_dropped_and_counted(tmp_path: Path) -> None:
    """What is older than the limit is not sent, and counted."""
    bench = Bench(tmp_path / "traces", most_age=3_600)
    bench.spool.append(Parcel(b"old", 3))
    bench.clock.now += 2 * HOUR
    bench.spool.append(Parcel(b"new", 4))
    assert bench.drain() == [b"new"]
    assert bench.lost == {"spool_age": 3}


@pytest.mark.parametrize("cut", [1, 5, 9, 20])
def test_a_torn_end_loses_only_itself(bench: Bench, cut: int) -> None:
    """A segment cut short, as by a full disk or a crash, gives all that came before the tear."""
    for parcel in parcels(b"whole", b"also whole", b"torn" * 10):
        bench.spool.append(parcel)
    bench.spool.close()
    (segment,) = bench.folder.glob("*.seg")
    os.truncate(segment, segment.stat().st_size - cut)
    again = Bench(bench.folder)
    assert again.drain() == [b"whole", b"also whole"]
    assert again.lost == {"spool_damaged": 1}
    assert list(bench.folder.glob("*.seg")) == []


def test_a_flipped_bit_is_noticed(bench: Bench) -> None:
    """A damaged record is never sent as if it were whole."""
    for parcel in parcels(b"a" * 100, b"b" * 100):
        bench.spool.append(parcel)
    bench.spool.close()
    (segment,) = bench.folder.glob("*.seg")
    data = bytearray(segment.read_bytes())
    data[60] ^= 1
    segment.write_bytes(data)
    again = Bench(bench.folder)
    assert again.drain() == []
    assert again.lost["spool_damaged"] == 1


def test_the_spool_outlives_its_process(bench: Bench) -> None:
    """Another spool of the same folder goes on where the first ended."""
    for parcel in parcels(b"one", b"two"):
        bench.spool.append(parcel)
    bench.spool.close()
    again = Bench(bench.folder)
    again.spool.append(Parcel(b"three", 1))
    assert again.drain() == [b"one", b"two", b"three"]


def test_a_full_disk_is_said_not_raised(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the disk takes no more, append says so, and what was there before stays whole."""
    bench.spool.append(Parcel(b"before", 1))

    def full(_file: int, _data: bytes) -> int:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(_segment.os, "write", full)
        assert not bench.spool.append(Parcel(b"during", 1))
    assert bench.spool.append(Parcel(b"after", 1))
    assert bench.drain() == [b"before", b"after"]


def test_a_half_written_record_is_taken_back(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """A write that got only part of a record to the disk leaves no torn record behind."""
    bench.spool.append(Parcel(b"before", 1))
    real = os.write

    with monkeypatch.context() as patch:
        patch.setattr(_segment.os, "write", lambda file, data: real(file, data[:10]))
        assert not bench.spool.append(Parcel(b"during" * 10, 1))
    bench.spool.append(Parcel(b"after", 1))
    assert bench.drain() == [b"before", b"after"]
    assert bench.lost == {}


def test_a_living_process_keeps_its_folder(tmp_path: Path) -> None:
    """A folder whose process lives is nobody else's; that process's own is not its orphan."""
    mine = SpoolHome(tmp_path, "shop", "mine")
    other = SpoolHome(tmp_path, "shop", "other")
    assert list(mine.orphans()) == []
    other.close()


def test_what_a_dead_process_left_is_taken_over(tmp_path: Path) -> None:
    """The segments of a killed process go, in their order, to the next one that looks; once."""
    code = (
        "import sys, os; from pathlib import Path\n"
        "from clew.export._spool import Spool, SpoolHome\n"
        "from clew.export._parcel import Parcel\n"
        f"home = SpoolHome(Path({str(tmp_path)!r}), 'shop', 'dead')\n"
        "spool = Spool(home.path / 'traces', 10**9, 1e9, lambda *_: None)\n"
        "[spool.append(Parcel(b'%d' % n, 1)) for n in range(3)]\n"
        "os.kill(os.getpid(), 9)\n"
    )
    killed = subprocess.run([sys.executable, "-c", code], timeout=60, check=False)
    assert killed.returncode == -9
    home = SpoolHome(tmp_path, "shop", "next")
    bench = Bench(home.path / "traces")
    bench.spool.append(Parcel(b"mine", 1))
    for orphan in home.orphans():
        assert bench.spool.adopt(orphan / "traces") == 1
    assert bench.drain() == [b"0", b"1", b"2", b"mine"]
    assert list(home.orphans()) == []
    assert not (tmp_path / "shop" / "dead").exists()


def test_another_service_is_left_alone(tmp_path: Path) -> None:
    """Only processes of the same service are taken over from."""
    (tmp_path / "other" / "dead" / "traces").mkdir(parents=True)
    assert list(SpoolHome(tmp_path, "shop", "mine").orphans()) == []


def test_an_empty_folder_goes_with_its_process(tmp_path: Path) -> None:
    """A process that leaves nothing leaves no folder."""
    home = SpoolHome(tmp_path, "shop", "mine")
    Bench(home.path / "traces")
    home.close()
    assert not home.path.exists()


@pytest.mark.parametrize("name", ["../../etc", "a/b", "..", "ü" * 300, ""])
def test_no_name_leaves_the_folder(tmp_path: Path, name: str) -> None:
    """A service may be called anything; its folder stays below the spool's."""
    home = SpoolHome(tmp_path / "spool", name, name)
    assert home.path.resolve().is_relative_to((tmp_path / "spool").resolve())
    assert home.path.resolve() != (tmp_path / "spool").resolve()
