"""SIGTERM for programs that have no handler of their own: workers, scripts, jobs.

By default the signal ends Python without a word: no `atexit`, no flush. Servers bring a handler,
which replaces this one.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from types import FrameType


def on_terminate(stop: Callable[[], None]) -> None:
    """Call `stop` before SIGTERM ends the process, unless something handles the signal already."""
    if threading.current_thread() is not threading.main_thread():
        return  # only the main thread may set a handler
    if signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL:
        return

    def handle(number: int, frame: FrameType | None) -> None:
        stop()
        # End as the signal would have, so that the parent sees what it expects.
        signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)

    signal.signal(signal.SIGTERM, handle)
