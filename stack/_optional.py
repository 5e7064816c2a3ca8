"""The shop's own stores, from the system's packages: used where they are installed, never obtained.

Nothing of clew needs them; the shop does with SQLite and without a broker where they are missing.
They are private to this stack: own data, own ports, none of the machine's own services is touched.
"""

import os
import pwd
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path

from stack._components import Component
from stack._installed import PROGRAMS, Program

Find = Callable[[Program], Path | None]


@dataclass(frozen=True)
class LeftOut:
    """A component that is not started, and the reason."""

    name: str
    why: str


def sort_out(
    components: Collection[Component],
    without: Collection[str],
    find: Find,
    also: Collection[str] = (),
) -> tuple[list[Component], list[LeftOut]]:
    """Return what can be started here, and what can't, with the reasons.

    `without` names what is not wanted, `also` what starts only where it is named; `find` returns
    where a program is, if it is installed.
    """
    start: list[Component] = []
    left_out: list[LeftOut] = []
    for component in components:
        if component.on_request and component.name not in also:
            continue
        gone = {each.name for each in left_out}
        why = _why_not(component, without, gone, find) if component.optional else None
        if why is None:
            start.append(component)
        else:
            left_out.append(LeftOut(component.name, why))
    return start, left_out


def _why_not(
    component: Component, without: Collection[str], gone: Collection[str], find: Find
) -> str | None:
    program = PROGRAMS[component.binary]
    if component.name in without:
        return "CLEW_STACK_WITHOUT names it"
    if find(program) is None:
        return f"not installed (Debian: apt-get install {program.package})"
    missing = [name for name in component.needs if name in gone]
    if missing:
        return f"it needs {', '.join(missing)}"
    return _closed_to_user(component)


def _closed_to_user(component: Component) -> str | None:
    """Say why the user that root must give the program to can't use the folder, if so."""
    if component.not_as_root is None or os.geteuid() != 0:
        return None
    try:
        pwd.getpwnam(component.not_as_root)
    except KeyError:
        return f"it refuses to run as root, and there is no user {component.not_as_root}"
    for folder in component.data_dir.parents:
        if folder.exists() and not _may_pass(folder):
            return (
                f"its user {component.not_as_root} can't enter {folder}; "
                "set CLEW_STACK_DIR to a folder that all may enter"
            )
    return None


def _may_pass(folder: Path) -> bool:
    return bool(folder.stat().st_mode & 0o001)
