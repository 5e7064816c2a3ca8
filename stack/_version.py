"""Asking a program for its version."""

import re
import subprocess
from pathlib import Path

from stack._binaries import Binary

_SECONDS = 30.0  # a program of 150 MB on a cold disk


def version_of(binary: Binary, path: Path) -> str | None:
    """Return the version that the program at `path` tells, or None if it tells none."""
    try:
        answer = subprocess.run(
            [str(path), *binary.version_arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=_SECONDS,
            check=False,
        ).stdout.decode(errors="replace")
    except (OSError, subprocess.TimeoutExpired):
        return None
    found = re.search(binary.version_pattern, answer)
    return found.group(1).removeprefix("v") if found else None
