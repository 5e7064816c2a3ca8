"""`status`: how each component is."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass

from stack._progress import spell
from stack._state import Record


@dataclass(frozen=True)
class Status:
    """How one component is.

    `state` is "running", "ended" (it was started and is gone) or "not started".
    `uptime` is in seconds; `ports` is by purpose.
    """

    name: str
    state: str
    ready: bool
    pid: int | None
    uptime: float | None
    ports: Mapping[str, int]


def statuses(
    names: Sequence[str],
    records: Mapping[str, Record],
    now: float,
    probe: Callable[[str], bool],
) -> list[Status]:
    """Return how each of the named components is."""
    return [_status(name, records.get(name), now, probe) for name in names]


def _status(name: str, record: Record | None, now: float, probe: Callable[[str], bool]) -> Status:
    if record is None:
        return Status(name, "not started", ready=False, pid=None, uptime=None, ports={})
    if not record.runs:
        return Status(name, "ended", ready=False, pid=None, uptime=None, ports=record.ports)
    return Status(
        name=name,
        state="running",
        ready=probe(record.ready_url),
        pid=record.pid,
        uptime=max(0.0, now - record.started),
        ports=record.ports,
    )


def as_json(found: Sequence[Status]) -> str:
    """Write the statuses as a JSON array."""
    return json.dumps([asdict(status) for status in found], indent=2)


def as_table(found: Sequence[Status]) -> str:
    """Write the statuses as a table."""
    rows = [("NAME", "STATE", "READY", "PID", "UPTIME", "PORTS"), *map(_row, found)]
    widths = [max(len(row[column]) for row in rows) for column in range(5)]
    return "\n".join("  ".join([*map(str.ljust, row, widths), row[5]]).rstrip() for row in rows)


def _row(status: Status) -> tuple[str, str, str, str, str, str]:
    return (
        status.name,
        status.state,
        "yes" if status.ready else "no",
        str(status.pid or "-"),
        "-" if status.uptime is None else spell(status.uptime),
        ", ".join(f"{number} ({purpose})" for purpose, number in status.ports.items()) or "-",
    )
