"""Programs of the system's packages: where they are, and which package brings them."""

import os
import shutil
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Program:
    """A program that a system package brings. `places` are patterns, searched before PATH."""

    name: str
    package: str
    places: tuple[str, ...] = ()


PROGRAMS = {
    program.name: program
    for program in (
        # Not on PATH: Debian keeps versions side by side.
        Program("postgres", "postgresql", ("usr/lib/postgresql/*/bin/postgres",)),
        Program("initdb", "postgresql", ("usr/lib/postgresql/*/bin/initdb",)),
        Program("epmd", "erlang-base"),
        # What is on PATH is a wrapper that insists on root and on the system's own folders.
        Program("rabbitmq-server", "rabbitmq-server", ("usr/lib/rabbitmq/bin/rabbitmq-server",)),
        Program("redis-server", "redis-server"),
    )
}


def find_installed(program: Program, search_path: str, root: Path = Path("/")) -> Path | None:
    """Return where the program is, the newest of several versions, or None."""
    for place in program.places:
        found = sorted(root.glob(place), key=lambda path: [*map(_number, path.parts)])
        if found:
            return found[-1]
    on_path = shutil.which(program.name, path=search_path or os.defpath)
    return Path(on_path) if on_path else None


def _number(part: str) -> int:
    return int(part) if part.isdecimal() else 0
