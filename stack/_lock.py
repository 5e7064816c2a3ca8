"""A lock between processes: a file that one process at a time holds."""

import fcntl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from stack._clock import Clock


@contextmanager
def locked(path: Path, clock: Clock, waiting: Callable[[], None]) -> Iterator[None]:
    """Hold the lock at `path`; while another process holds it call `waiting` about twice a second.

    The system frees the lock when its process ends, however it ends, so that no lock is left
    behind.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as file:
        while not _taken(file.fileno()):
            waiting()
            clock.sleep(0.5)
        yield


def _taken(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
