"""Brings clew into a Python program of another image: the interpreter imports this at its start.

The folder that this file lies in is on the container's PYTHONPATH, with `packages` beside it: clew
and what it needs. They go to the end of the import path, behind what the image has: a program keeps
its own versions, and gets from here only what it lacks. What goes wrong here is told on stderr, and
the program runs as without clew.
"""

import sys
from importlib.util import find_spec
from pathlib import Path


def _bring() -> None:
    here = Path(__file__).resolve().parent
    # Not found again below, nor by a program that looks for its own `sitecustomize`.
    sys.path[:] = [entry for entry in sys.path if Path(entry or ".").resolve() != here]
    sys.path.append(str(here / "packages"))
    clew = find_spec("clew")
    if clew is None or not clew.submodule_search_locations:
        print(f"clew: not instrumented, no package clew in {here / 'packages'}", file=sys.stderr)
        return
    # What `clew run` starts with. It goes on to the program's own `sitecustomize`.
    sys.path.insert(0, str(Path(clew.submodule_search_locations[0]) / "cli" / "_site"))
    del sys.modules["sitecustomize"]
    import sitecustomize  # noqa: F401


_bring()
