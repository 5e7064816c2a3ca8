"""Imported by the interpreter at its start, because `clew run` put this folder on PYTHONPATH."""

import os
import sys
from pathlib import Path


def _next_sitecustomize() -> None:
    """Import the `sitecustomize` that this one hides, if there is one."""
    here = str(Path(__file__).resolve().parent)
    before, this = list(sys.path), sys.modules.pop("sitecustomize", None)
    sys.path[:] = [entry for entry in sys.path if str(Path(entry or ".").resolve()) != here]
    try:
        import sitecustomize  # type: ignore[import-not-found]  # noqa: F401
    except ImportError as error:
        if error.name != "sitecustomize":
            raise
    finally:
        sys.path[:] = before
        if "sitecustomize" not in sys.modules and this is not None:
            sys.modules["sitecustomize"] = this


try:
    _next_sitecustomize()
finally:  # it may fail: the interpreter tells of it and goes on, as without clew
    try:
        import clew.auto  # noqa: F401
    except ModuleNotFoundError as missing:
        # A Python of another environment, started by the program: it runs as without clew.
        print(f"clew: not instrumented, {missing} in {sys.executable}", file=sys.stderr)
    else:
        if "CLEW_DOCTOR_REPORTS" in os.environ:  # started by `clew doctor`
            from clew.cli._doctor import _observer

            _observer.start(os.environ)
