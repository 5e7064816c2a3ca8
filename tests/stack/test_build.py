"""Builds: what `go` is asked, with a `go` that only notes it."""

import os
from pathlib import Path

import pytest

from stack._binaries import BINARIES
from stack._build import GoBuilds
from stack._clock import SystemClock
from stack._errors import WayClosed
from stack._progress import Work
from tests.stack.fakes import recorded, script

# Notes its arguments, folder and environment, and writes what -o names.
NOTES = """\
import os, sys
from pathlib import Path
with open(os.environ["NOTES"], "a") as notes:
    notes.write(f"{os.getcwd()} CGO_ENABLED={os.environ['CGO_ENABLED']} ")
    notes.write(" ".join(sys.argv[1:]) + "\\n")
if "-o" in sys.argv:
    Path(sys.argv[sys.argv.index("-o") + 1]).write_text("program")
else:
    Path("otelcol-sources").mkdir()
"""
FAILS = "import sys; print('no required module provides it'); sys.exit(1)\n"


def builds(tmp_path: Path, go: str | None) -> GoBuilds:
    """Builds in a checkout with the module folders, and the given `go` on PATH."""
    root = tmp_path / "checkout"
    for folder in ("backends/loki", "backends/prometheus", "collector_config"):
        (root / folder).mkdir(parents=True)
    if go is not None:
        script(tmp_path / "bin/go", go)
    environ = {**os.environ, "PATH": str(tmp_path / "bin"), "NOTES": str(tmp_path / "notes")}
    return GoBuilds(root, environ, SystemClock())


def target(tmp_path: Path, name: str) -> Path:
    """A place for the program in a folder of its own."""
    folder = tmp_path / "making"
    folder.mkdir()
    return folder / name


def work() -> Work:
    """Work that tells nobody."""
    return recorded()[0].work("building")


def notes(tmp_path: Path) -> list[str]:
    """What `go` was asked, a line for each time."""
    return (tmp_path / "notes").read_text().splitlines()


def test_a_tool_is_built_in_its_module_with_its_version_stamped(tmp_path: Path) -> None:
    """`go build` runs in the module's folder, read-only, without C, and stamps the version."""
    out = target(tmp_path, "loki")
    builds(tmp_path, NOTES).build(BINARIES["loki"], out, work())
    (asked,) = notes(tmp_path)
    assert asked.startswith(
        f"{tmp_path / 'checkout/backends/loki'} CGO_ENABLED=0 build -mod=readonly"
    )
    assert "build.Version=3.7.8" in asked
    assert asked.endswith(f"-o {out} github.com/grafana/loki/v3/cmd/loki")
    assert out.read_text() == "program"


def test_tags_are_passed_on(tmp_path: Path) -> None:
    """Prometheus is built without the service discoveries that its configuration never uses."""
    out = target(tmp_path, "prometheus")
    builds(tmp_path, NOTES).build(BINARIES["prometheus"], out, work())
    assert "-tags remove_all_sd" in notes(tmp_path)[0]


def test_a_tool_that_knows_its_version_gets_none(tmp_path: Path) -> None:
    """Nothing is stamped on it."""
    (tmp_path / "checkout/tests/compose/consul").mkdir(parents=True)
    builds(tmp_path, NOTES).build(BINARIES["consul"], target(tmp_path, "consul"), work())
    (asked,) = notes(tmp_path)
    assert "-ldflags -s -w -o" in asked


def test_the_collector_is_generated_and_then_built(tmp_path: Path) -> None:
    """First the builder makes sources from the manifest, then they are compiled."""
    out = target(tmp_path, "otelcol")
    builds(tmp_path, NOTES).build(BINARIES["otelcol"], out, work())
    generated, built = notes(tmp_path)
    assert "run go.opentelemetry.io/collector/cmd/builder@v0.159.0 --skip-compilation" in generated
    assert generated.endswith(str(tmp_path / "checkout/collector_config/builder.yaml"))
    assert built.startswith(f"{out.parent / 'otelcol-sources'} ")
    assert "build -mod=mod" in built


def test_a_failed_build_tells_what_go_said(tmp_path: Path) -> None:
    """The end of go's output is in the reason."""
    with pytest.raises(WayClosed, match="(?s)ended with 1.*no required module provides it"):
        builds(tmp_path, FAILS).build(BINARIES["loki"], target(tmp_path, "loki"), work())


def test_without_go_the_way_is_closed(tmp_path: Path) -> None:
    """The reason and the remedy name Go."""
    with pytest.raises(WayClosed, match="no go command on PATH") as caught:
        builds(tmp_path, None).check(BINARIES["loki"])
    assert "install Go" in caught.value.remedy
