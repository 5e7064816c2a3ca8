"""What the stack remembers between commands: a record of each component that it started."""

import dataclasses
import json
import os
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from stack._clock import Clock
from stack._lock import locked
from stack._process import identity


@dataclass(frozen=True)
class Record:
    """A started component. `started` is in seconds since the epoch; `ports` is by purpose."""

    name: str
    pid: int
    identity: str
    started: float
    command: tuple[str, ...]
    ports: Mapping[str, int]
    ready_url: str

    @property
    def runs(self) -> bool:
        """Whether that very process still runs."""
        return identity(self.pid) == self.identity


class State:
    """The stack's folder: records in run/, components' output in logs/, their data in data/."""

    def __init__(self, folder: Path, clock: Clock) -> None:
        self.folder = folder
        self._clock = clock

    def lock(self, waiting: Callable[[], None]) -> AbstractContextManager[None]:
        """Keep other commands that change the stack out."""
        return locked(self.folder / "lock", self._clock, waiting)

    def log(self, name: str) -> Path:
        """Return where the component's output goes."""
        return self.folder / "logs" / f"{name}.log"

    def fresh_log(self, name: str) -> Path:
        """Return an empty log; the one of the run before is kept beside it as NAME.log.1."""
        log = self.log(name)
        log.parent.mkdir(parents=True, exist_ok=True)
        if log.exists():
            os.replace(log, log.with_name(f"{log.name}.1"))
        log.touch()
        return log

    def records(self) -> dict[str, Record]:
        """Return every record by the component's name."""
        files = sorted((self.folder / "run").glob("*.json"))
        return {record.name: record for record in map(_read, files)}

    def write(self, record: Record) -> None:
        """Remember the component."""
        file = self._file(record.name)
        file.parent.mkdir(parents=True, exist_ok=True)
        half = file.with_suffix(".half")
        half.write_text(json.dumps(dataclasses.asdict(record), indent=2))
        os.replace(half, file)

    def forget(self, name: str) -> None:
        """Forget the component."""
        self._file(name).unlink(missing_ok=True)

    def _file(self, name: str) -> Path:
        return self.folder / "run" / f"{name}.json"


def _read(file: Path) -> Record:
    values = json.loads(file.read_text())
    return Record(**{**values, "command": tuple(values["command"])})
