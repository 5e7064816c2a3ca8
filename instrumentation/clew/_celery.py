"""Celery's workers: where their log lines go, and how the processes of their pool end."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from clew._runtime import Runtime


def watch(signals: Any, runtime: Runtime) -> None:
    """Connect to `signals`, the module `celery.signals`."""

    def adopt(**_: Any) -> None:
        runtime.logging.adopt()
        handler = runtime.logging.handler
        # What is printed becomes a log line from now on: the lines themselves must not.
        handler._stream = handler._stream or sys.stdout

    def stop(**_: Any) -> None:
        runtime.stop()

    # A worker takes every handler off the root logger, puts its own there, and then on the tasks'.
    signals.after_setup_task_logger.connect(adopt, weak=False)
    # A process of the prefork pool ends by os._exit, which runs nothing that is registered.
    signals.worker_process_shutdown.connect(stop, weak=False)
