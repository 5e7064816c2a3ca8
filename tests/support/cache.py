"""What tests get from package archives and keep between runs, beside the cache of the binaries."""

import os
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path


def cache_dir(environ: Mapping[str, str] = os.environ) -> Path:
    """Where it is kept."""
    return Path(environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "clew" / "engine"


def kept(path: Path, make: Callable[[Path, Path], None]) -> Path:
    """`path`; unless it is there it is made in a folder beside it and moved there whole."""
    if path.exists():
        return path
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent) as name:
        made = Path(name) / "made"
        make(Path(name), made)
        made.rename(path)
    return path
