"""The four ways to a binary, and their order."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from stack._binaries import BINARIES, Binary
from stack._clock import SystemClock
from stack._errors import ObtainFailed, WayClosed
from stack._lock import locked
from stack._obtain import Ways, cached_path, find, obtain
from stack._progress import Work
from stack._settings import Settings
from tests.stack.fakes import recorded, tells_version
from tests.stack.waiting import eventually

LOKI = BINARIES["loki"]
GOOD = "loki, version 3.7.8 (branch: , revision: unknown)"
OLD = "loki, version 3.7.7 (branch: , revision: unknown)"


@dataclass
class Maker:
    """Stands in for downloads and builds: closed, or writes a program that tells a version."""

    says: str = ""
    made: list[str] = field(default_factory=list)
    during: Callable[[], None] = lambda: None

    def check(self, binary: Binary) -> None:
        """Raise WayClosed unless there is something to write."""
        if not self.says:
            raise WayClosed("closed here", "open it")

    def fetch(self, binary: Binary, target: Path, work: Work) -> None:
        """Write the program."""
        self.made.append(binary.name)
        self.during()
        tells_version(target, self.says)

    build = fetch


@dataclass
class Bench:
    """Ways in a temporary folder."""

    ways: Ways
    settings: Settings
    told: Callable[[], str]
    path: Path


def bench(tmp_path: Path, download: Maker, build: Maker) -> Bench:
    """A bench with an empty PATH and cache."""
    settings = Settings.read({"CLEW_BACKENDS_DIR": str(tmp_path / "cache")})
    progress, stream = recorded()
    ways = Ways(
        settings=settings,
        search_path=str(tmp_path / "path"),
        releases=download,  # type: ignore[arg-type]
        builds=build,  # type: ignore[arg-type]
        clock=SystemClock(),
        progress=progress,
    )
    return Bench(ways, settings, stream.getvalue, tmp_path / "path")


def test_the_pinned_version_on_path_is_taken(tmp_path: Path) -> None:
    """A program on PATH that tells the pinned version is used, and nothing is made."""
    download, build = Maker(GOOD), Maker(GOOD)
    found = bench(tmp_path, download, build)
    program = tells_version(found.path / "loki", GOOD)
    assert obtain(LOKI, found.ways) == program
    assert download.made + build.made == []


def test_another_version_on_path_is_passed_over(tmp_path: Path) -> None:
    """A program on PATH of another version is not used."""
    download = Maker(GOOD)
    found = bench(tmp_path, download, Maker())
    tells_version(found.path / "loki", OLD)
    assert obtain(LOKI, found.ways) == cached_path(LOKI, found.settings)
    assert download.made == ["loki"]


def test_what_is_in_the_cache_is_taken(tmp_path: Path) -> None:
    """The second time nothing is made."""
    download = Maker(GOOD)
    found = bench(tmp_path, download, Maker())
    assert obtain(LOKI, found.ways) == obtain(LOKI, found.ways)
    assert download.made == ["loki"]


def test_a_closed_download_falls_to_the_build(tmp_path: Path) -> None:
    """The build is the last way, and the person hears why the download was not it."""
    build = Maker(GOOD)
    found = bench(tmp_path, Maker(), build)
    assert obtain(LOKI, found.ways).exists()
    assert build.made == ["loki"]
    assert "loki: download: closed here" in found.told()
    assert "building loki 3.7.8 from its Go modules, about" in found.told()


def test_when_every_way_is_closed_each_is_explained(tmp_path: Path) -> None:
    """The error lists the four ways, why each is closed and what would open it."""
    found = bench(tmp_path, Maker(), Maker())
    tells_version(found.path / "loki", OLD)
    with pytest.raises(ObtainFailed) as caught:
        obtain(LOKI, found.ways)
    said = str(caught.value)
    assert "PATH: " in said
    assert "is version 3.7.7, not the pinned 3.7.8" in said
    assert "cache: " in said
    assert "download: closed here" in said
    assert "build: closed here" in said
    assert said.count("to open it: ") == 4


def test_a_program_that_tells_another_version_is_not_kept(tmp_path: Path) -> None:
    """What was made is asked for its version before it enters the cache."""
    found = bench(tmp_path, Maker(OLD), Maker())
    with pytest.raises(ObtainFailed, match="what came out is version 3.7.7"):
        obtain(LOKI, found.ways)
    assert find(LOKI, found.ways) is None


def test_the_cache_never_holds_half_a_program(tmp_path: Path) -> None:
    """A way that fails midway leaves nothing under the program's name, and no rubbish."""

    def fail() -> None:
        raise WayClosed("the line broke", "try again")

    found = bench(tmp_path, Maker(GOOD, during=fail), Maker())
    with pytest.raises(ObtainFailed):
        obtain(LOKI, found.ways)
    left = [file.name for file in found.settings.cache_dir.iterdir()]
    assert left == [".loki.lock"]


def test_two_at_once_make_it_once(tmp_path: Path) -> None:
    """While another holds the lock this one waits, says so, and then takes what the other made."""
    download = Maker(GOOD)
    found = bench(tmp_path, download, Maker())
    cached = cached_path(LOKI, found.settings)
    results: list[Path] = []
    waiter = threading.Thread(target=lambda: results.append(obtain(LOKI, found.ways)))
    with locked(found.settings.cache_dir / ".loki.lock", SystemClock(), lambda: None):
        waiter.start()
        eventually(lambda: "another process is obtaining it" in found.told())
        tells_version(cached, GOOD)
    waiter.join(30)
    assert results == [cached]
    assert download.made == []


def test_a_collector_of_other_parts_is_another_program(tmp_path: Path) -> None:
    """A new part in the manifest changes the collector's name in the cache; a comment does not."""
    manifest = tmp_path / "collector_config/builder.yaml"
    manifest.parent.mkdir()
    settings = Settings.read({"CLEW_BACKENDS_DIR": str(tmp_path)}, root=tmp_path)
    names = []
    for text in ("a: 1\n", "# why\na: 1  # because\n", "a: 1\nb: 2\n"):
        manifest.write_text(text)
        names.append(cached_path(BINARIES["otelcol"], settings).name)
    assert names[0] == names[1] != names[2]
    assert names[0].startswith("otelcol-0.159.0-")
