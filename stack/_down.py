"""`down`: stop what `up` started, and nothing else."""

import shutil
from collections.abc import Sequence

from stack._clock import Clock
from stack._errors import StackError
from stack._process import stop
from stack._progress import Progress
from stack._state import State
from stack._up import GRACE


def down(
    names: Sequence[str], state: State, clock: Clock, progress: Progress, grace: float = GRACE
) -> None:
    """Stop the named components, the last started first.

    One whose number another process has by now is only forgotten.
    """
    records = state.records()
    known = [name for name in reversed(names) if name in records]
    if not known:
        progress.line("nothing to stop")
    for name in known:
        record = records[name]
        began = clock.monotonic()
        outcome = stop(record.pid, record.identity, grace, clock)
        state.forget(name)
        progress.line(f"{name}: {_OUTCOMES[outcome]} ({clock.monotonic() - began:.1f} s)")


_OUTCOMES = {
    "stopped": "stopped",
    "killed": "did not end when it was asked to, and was killed",
    "gone": "had ended before",
}


def wipe(state: State, progress: Progress) -> None:
    """Remove what the components stored, and their logs; raise StackError if one still runs."""
    running = [name for name, record in state.records().items() if record.runs]
    if running:
        raise StackError(f"{', '.join(running)} still runs: stop it before its data is removed")
    for part in ("data", "logs", "etc"):
        shutil.rmtree(state.folder / part, ignore_errors=True)
    progress.line(f"removed the stored data under {state.folder}")
