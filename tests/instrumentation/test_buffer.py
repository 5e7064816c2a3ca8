"""The buffer between requests and the export thread: bounded, exact, and quick to ask for help."""

from __future__ import annotations

import itertools
import threading

from hypothesis import given
from hypothesis import strategies as st

from clew.export._buffer import Buffer, count_of


def test_order() -> None:
    """What was put is taken, oldest first, and only once."""
    buffer = Buffer(10, threading.Event())
    for item in "abc":
        buffer.put(item)
    assert (buffer.take(), buffer.take(), buffer.dropped) == (["a", "b", "c"], [], 0)


@given(st.integers(1, 50), st.integers(0, 120))
def test_bound(limit: int, puts: int) -> None:
    """At most `limit` items are held; every other is counted as dropped."""
    buffer = Buffer(limit, threading.Event())
    for number in range(puts):
        buffer.put(number)
    assert len(buffer) == min(limit, puts)
    assert buffer.dropped == max(0, puts - limit)
    assert buffer.take() == list(range(min(limit, puts)))


def test_wakes_at_half() -> None:
    """The export thread is woken before the buffer is full, and not by every item."""
    wake = threading.Event()
    buffer = Buffer(10, wake)
    for number in range(5):
        buffer.put(number)
    assert not wake.is_set()
    buffer.put(5)
    assert wake.is_set()


def test_many_threads() -> None:
    """Nothing is lost without being counted, whatever the threads do; the bound holds nearly."""
    threads, each, limit = 8, 4_000, 1_000
    buffer = Buffer(limit, threading.Event())
    barrier = threading.Barrier(threads + 1)
    taken: list[object] = []

    def put(name: int) -> None:
        barrier.wait()
        for number in range(each):
            buffer.put((name, number))

    workers = [threading.Thread(target=put, args=(name,)) for name in range(threads)]
    for worker in workers:
        worker.start()
    barrier.wait()
    while any(worker.is_alive() for worker in workers):
        batch = buffer.take()
        assert len(batch) <= limit + threads
        taken.extend(batch)
    taken.extend(buffer.take())
    assert len(taken) + buffer.dropped == threads * each
    assert len(set(taken)) == len(taken)
    for name in range(threads):  # each thread's own items keep their order
        own = [item[1] for item in taken if item[0] == name]  # type: ignore[index]
        assert own == sorted(own)


def test_clear() -> None:
    """A cleared buffer begins anew, its count of dropped items too."""
    buffer = Buffer(1, threading.Event())
    buffer.put(1)
    buffer.put(2)
    buffer.clear()
    assert (len(buffer), buffer.dropped, buffer.take()) == (0, 0, [])


@given(st.integers(0, 3_000))
def test_reading_a_count_does_not_change_it(drawn: int) -> None:
    """`count_of` tells how often a count was drawn from, and draws nothing itself."""
    counter = itertools.count()
    for _ in range(drawn):
        next(counter)
    assert [count_of(counter), count_of(counter), next(counter)] == [drawn] * 3
