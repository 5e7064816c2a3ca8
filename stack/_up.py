"""`up`: start what does not run yet and wait until it is ready, or stop it again."""

import os
import shutil
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from stack._clock import Clock
from stack._components import Component
from stack._errors import ComponentFailed, StackError
from stack._process import identity, launch, stop
from stack._progress import Progress
from stack._ready import Starting, answers, wait_until_ready
from stack._state import Record, State

GRACE = 20.0  # seconds between asking a component to end and forcing it
_LAST_LINES = 15


@dataclass(frozen=True)
class Start:
    """What starting needs.

    `obtain` returns a binary's path by its name; `check_ports` raises if a component's port is
    taken; `timeout` is in seconds.
    """

    state: State
    clock: Clock
    progress: Progress
    obtain: Callable[[str], Path]
    check_ports: Callable[[Sequence[str]], None]
    timeout: float


def up(components: Sequence[Component], start: Start) -> None:
    """Bring the components up. Those that are up already are left alone."""
    missing = _missing(components, start.state)
    if not missing:
        start.progress.line(f"already up: {', '.join(c.name for c in components)}")
        return
    names = [component.name for component in missing]
    # Before the binaries, which may take minutes to build, and again after them.
    start.check_ports(names)
    binaries = {component.name: start.obtain(component.binary) for component in missing}
    start.check_ports(names)
    _start_and_wait(missing, binaries, start)


def _missing(components: Sequence[Component], state: State) -> list[Component]:
    running = {name: record for name, record in state.records().items() if record.runs}
    for component in components:
        record = running.get(component.name)
        if record is not None and dict(record.ports) != dict(component.ports):
            raise StackError(
                f"{component.name} is up on other ports than these settings give it "
                f"({dict(record.ports)}): run `python -m stack down` first"
            )
    return [component for component in components if component.name not in running]


def _start_and_wait(missing: Sequence[Component], binaries: dict[str, Path], start: Start) -> None:
    began = start.clock.monotonic()
    started: dict[str, subprocess.Popen[bytes]] = {}
    try:
        for component in missing:
            started[component.name] = _start(component, binaries[component.name], start)
        wait_until_ready(
            {c.name: _starting(c, started[c.name], start.state) for c in missing},
            start.timeout,
            start.clock,
            answers,
            lambda name: start.progress.line(
                f"{name} is ready ({start.clock.monotonic() - began:.1f} s)"
            ),
        )
    except BaseException:  # an interrupt too: half a stack is of no use to anybody
        start.progress.line(f"stopping what was started: {', '.join(started) or 'nothing'}")
        for name in reversed(started):
            _undo(name, start)
        raise


def _start(component: Component, binary: Path, start: Start) -> "subprocess.Popen[bytes]":
    component.data_dir.mkdir(parents=True, exist_ok=True)
    command = (str(binary), *component.arguments)
    user = component.not_as_root if os.geteuid() == 0 else None
    if user is not None:
        shutil.chown(component.data_dir, user)
    if component.prepare is not None:
        component.prepare(binary, user)
    log = start.state.fresh_log(component.name)
    process = launch(command, component.environment, component.data_dir, log, user)
    who = identity(process.pid)
    if who is None:
        raise ComponentFailed(
            f"{component.name} ended at once. It said last:\n"
            + last_lines(start.state.log(component.name))
        )
    start.state.write(
        Record(
            name=component.name,
            pid=process.pid,
            identity=who,
            started=start.clock.now(),
            command=command,
            ports=component.ports,
            ready_url=component.ready_url,
        )
    )
    return process


def _starting(component: Component, process: "subprocess.Popen[bytes]", state: State) -> Starting:
    return Starting(
        name=component.name,
        ready_url=component.ready_url,
        exit_code=process.poll,
        last_words=lambda: last_lines(state.log(component.name)),
    )


def _undo(name: str, start: Start) -> None:
    record = start.state.records().get(name)
    if record is not None:
        stop(record.pid, record.identity, GRACE, start.clock)
        start.state.forget(name)


def last_lines(log: Path, count: int = _LAST_LINES) -> str:
    """Return the end of a log, indented, with its path."""
    try:
        lines = log.read_text(errors="replace").splitlines()
    except OSError:
        lines = []
    return "\n".join([f"  ({log})", *(f"  {line}" for line in lines[-count:] or ["nothing"])])
