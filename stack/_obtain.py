"""Getting a binary: on PATH, in the cache, from the project's release, or built; in this order."""

import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from stack._binaries import Binary, CollectorBuild
from stack._build import GoBuilds
from stack._clock import Clock
from stack._download import Releases
from stack._errors import ObtainFailed, WayClosed
from stack._lock import locked
from stack._progress import Progress, Work
from stack._settings import Settings
from stack._version import version_of


@dataclass(frozen=True)
class Ways:
    """What the ways to a binary need."""

    settings: Settings
    search_path: str
    releases: Releases
    builds: GoBuilds
    clock: Clock
    progress: Progress


def find(binary: Binary, ways: Ways) -> Path | None:
    """Return where the binary is already, on PATH or in the cache, or None."""
    for look in (_on_path, _in_cache):
        try:
            return look(binary, ways)
        except WayClosed:
            continue
    return None


def obtain(binary: Binary, ways: Ways) -> Path:
    """Return where the binary is, made if need be; raise ObtainFailed if every way is closed."""
    closed: list[str] = []
    for name, look in (("PATH", _on_path), ("cache", _in_cache)):
        try:
            return look(binary, ways)
        except WayClosed as why:
            closed.append(_told(name, why))
    lock = ways.settings.cache_dir / f".{binary.name}.lock"
    wait = _Waiting(binary, ways.progress)
    with locked(lock, ways.clock, wait):
        cached = cached_path(binary, ways.settings)
        if cached.exists():  # another process made it while this one waited
            return cached
        return _make(binary, ways, closed)


def cached_path(binary: Binary, settings: Settings) -> Path:
    """Return where the cache holds the binary.

    The collector's name carries a digest of its manifest: the same version with other parts is
    another program.
    """
    name = f"{binary.name}-{binary.version}"
    if isinstance(binary.build, CollectorBuild):
        name += f"-{_digest(settings.root / binary.build.manifest)}"
    return settings.cache_dir / name


def _digest(manifest: Path) -> str:
    lines = (line.split("#")[0].strip() for line in manifest.read_text().splitlines())
    return hashlib.sha256("\n".join(line for line in lines if line).encode()).hexdigest()[:8]


def _on_path(binary: Binary, ways: Ways) -> Path:
    found = shutil.which(binary.on_path, path=ways.search_path)
    remedy = f"put {binary.on_path} {binary.version} on PATH"
    if found is None:
        raise WayClosed(f"there is no {binary.on_path} on PATH", remedy)
    version = version_of(binary, Path(found))
    if version != binary.version:
        raise WayClosed(
            f"{found} is version {version or 'unknown'}, not the pinned {binary.version}", remedy
        )
    return Path(found)


def _in_cache(binary: Binary, ways: Ways) -> Path:
    cached = cached_path(binary, ways.settings)
    if not cached.exists():
        raise WayClosed(
            f"{cached} is not there",
            "copy the cache folder of a machine that has it, or set CLEW_BACKENDS_DIR",
        )
    return cached


def _make(binary: Binary, ways: Ways, closed: list[str]) -> Path:
    makers = (
        _Maker("download", _downloading, ways.releases.check, ways.releases.fetch),
        _Maker("build", _building, ways.builds.check, ways.builds.build),
    )
    for maker in makers:
        try:
            maker.check(binary)
            return _made(binary, ways, maker)
        except WayClosed as why:
            ways.progress.line(f"{binary.name}: {maker.name}: {why.reason.splitlines()[0]}")
            closed.append(_told(maker.name, why))
    raise ObtainFailed(f"there is no way to {binary.name} {binary.version}:\n" + "\n".join(closed))


@dataclass(frozen=True)
class _Maker:
    """A way that makes the binary: what to announce, whether it is open, and the making itself."""

    name: str
    announce: Callable[[Binary], str]
    check: Callable[[Binary], None]
    make: Callable[[Binary, Path, Work], None]


def _downloading(binary: Binary) -> str:
    return f"downloading {binary.name} {binary.version}"


def _building(binary: Binary) -> str:
    return (
        f"building {binary.name} {binary.version} from its Go modules, "
        f"about {binary.minutes:g} min on 2 cores the first time"
    )


def _made(binary: Binary, ways: Ways, maker: _Maker) -> Path:
    cached = cached_path(binary, ways.settings)
    with tempfile.TemporaryDirectory(dir=cached.parent, prefix=".making-") as folder:
        target = Path(folder) / binary.name
        work = ways.progress.work(maker.announce(binary))
        maker.make(binary, target, work)
        target.chmod(0o755)
        version = version_of(binary, target)
        if version != binary.version:
            raise WayClosed(
                f"what came out is version {version or 'unknown'}, not {binary.version}",
                "correct stack/_binaries.py",
            )
        # A rename is whole or not at all: nobody ever finds half a program in the cache.
        os.replace(target, cached)
        work.done(f"{binary.name} {binary.version} is in the cache")
    return cached


def _told(name: str, why: WayClosed) -> str:
    return f"  {name}: {why.reason}\n    to open it: {why.remedy}"


class _Waiting:
    """Says once that another process is at the same work."""

    def __init__(self, binary: Binary, progress: Progress) -> None:
        self._binary = binary
        self._progress = progress
        self._told = False

    def __call__(self) -> None:
        if not self._told:
            self._told = True
            self._progress.line(f"{self._binary.name}: another process is obtaining it; waiting")
