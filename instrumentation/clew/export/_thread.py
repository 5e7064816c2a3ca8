"""The background threads of the export."""

from __future__ import annotations

import threading
from collections.abc import Callable


def start_thread(work: Callable[[], None], name: str) -> threading.Thread:
    """A daemon thread that does `work`, started."""

    def run() -> None:
        try:
            work()
        finally:
            # gevent.monkey changes the identity of a thread that began before it patched, and the
            # interpreter would not find, at the thread's end, what it kept under the old one: a
            # traceback for each thread on stderr. Whoever asks for it is registered anew.
            threading.current_thread()

    thread = threading.Thread(target=run, name=name, daemon=True)
    thread.start()
    return thread
