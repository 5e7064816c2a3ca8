"""The programs that images are made of: `stack` has built them before."""

import os
from pathlib import Path

import pytest

from stack._binaries import BINARIES
from stack._obtain import cached_path
from stack._settings import Settings


def built(name: str) -> Path:
    """Where the cache has the binary; the test fails, with what to do, where it has not."""
    path = cached_path(BINARIES[name], Settings.read(os.environ))
    if not path.exists():
        pytest.fail(f"{path.name} is not in {path.parent}: run `python -m stack fetch {name}`")
    return path
