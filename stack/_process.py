"""A process that outlives this one: starting it, knowing it again, and ending it."""

import os
import pwd
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from stack._clock import Clock

_POLL = 0.05  # seconds


def launch(
    command: Sequence[str],
    environment: Mapping[str, str],
    folder: Path,
    log: Path,
    user: str | None = None,
) -> "subprocess.Popen[bytes]":
    """Start `command` in a session of its own, with everything that it says in `log`.

    `user`, if any, is who it runs as; only root may name another.
    """
    with log.open("ab") as out:
        return subprocess.Popen(
            command,
            cwd=folder,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            # A session of its own: an interrupt at the terminal that started it is not meant for
            # it.
            start_new_session=True,
            user=user,
            group=None if user is None else pwd.getpwnam(user).pw_gid,
            extra_groups=None if user is None else [],
        )


def identity(pid: int, proc: Path = Path("/proc")) -> str | None:
    """Return what tells this process from every other with the same number, or None if none runs.

    Numbers are used again; a number together with its start time (and the boot that it counts
    from) is not.
    """
    if not proc.is_dir():
        return _identity_by_ps(pid)
    try:
        # Field 2, the name, may hold spaces and brackets: count from the last bracket
        # (proc_pid_stat(5)).
        fields = (proc / str(pid) / "stat").read_text().rpartition(")")[2].split()
        boot = (proc / "sys/kernel/random/boot_id").read_text().strip()
    except (OSError, ValueError):
        return None
    state, start = fields[0], fields[19]  # fields 3 and 22
    if state in "ZX":  # ended; only its parent has not asked yet
        return None
    return f"{boot}/{start}"


def _identity_by_ps(pid: int) -> str | None:
    answer = subprocess.run(
        ["ps", "-o", "stat=,lstart=", "-p", str(pid)], capture_output=True, text=True, check=False
    ).stdout.split(maxsplit=1)
    if len(answer) < 2 or answer[0].startswith("Z"):
        return None
    return answer[1].strip()


def stop(pid: int, expected: str, grace: float, clock: Clock) -> str:
    """End the process and its group if it is the `expected` one.

    It is asked first, and forced after `grace` seconds.

    Return "stopped", "killed", or "gone" if the process had ended before.
    """
    if identity(pid) != expected:
        return "gone"
    _signal_group(pid, signal.SIGTERM)
    if _ended_within(pid, expected, grace, clock):
        return "stopped"
    _signal_group(pid, signal.SIGKILL)
    _ended_within(pid, expected, grace, clock)
    return "killed"


def _ended_within(pid: int, expected: str, seconds: float, clock: Clock) -> bool:
    deadline = clock.monotonic() + seconds
    while True:
        _reap(pid)
        if identity(pid) != expected:
            return True
        if clock.monotonic() >= deadline:
            return False
        clock.sleep(_POLL)


def _reap(pid: int) -> None:
    """Let go of the process if it is an ended child of this one."""
    try:
        os.waitpid(pid, os.WNOHANG)
    except ChildProcessError:
        pass


def _signal_group(pid: int, number: int) -> None:
    try:
        os.killpg(pid, number)
    except ProcessLookupError:
        pass
