"""The way over Go modules: build the program from source."""

import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from stack._binaries import Binary, CollectorBuild, GoTool
from stack._clock import Clock
from stack._errors import WayClosed
from stack._progress import Work

_LAST_LINES = 12


class GoBuilds:
    """Builds with the `go` command found on PATH."""

    def __init__(self, root: Path, environ: Mapping[str, str], clock: Clock) -> None:
        self._root = root
        self._environ = {
            **environ,
            # Static programs: they need no C compiler here and no C library where they run.
            "CGO_ENABLED": "0",
            # Neither a workspace nor a repository that happens to stand above has a say.
            "GOWORK": "off",
        }
        self._clock = clock

    def check(self, binary: Binary) -> None:
        """Raise WayClosed if it is known before any try that this way is closed."""
        self._go()

    def _go(self) -> str:
        go = shutil.which("go", path=self._environ.get("PATH", os.defpath))
        if go is None:
            raise WayClosed("there is no go command on PATH", "install Go 1.21 or later")
        return go

    def build(self, binary: Binary, target: Path, work: Work) -> None:
        """Put the program at `target`; raise WayClosed if there is no Go or the build fails."""
        go = self._go()
        if isinstance(binary.build, GoTool):
            self._build_tool(go, binary, binary.build, target, work)
        else:
            self._build_collector(go, binary.build, target, work)

    def _build_tool(self, go: str, binary: Binary, tool: GoTool, target: Path, work: Work) -> None:
        stamp = "-s -w"
        if tool.version_variable:
            stamp += f" -X {tool.version_variable}={binary.version}"
        tags = ["-tags", tool.tags] if tool.tags else []
        command = [go, "build", "-mod=readonly", *_common(), *tags, "-ldflags", stamp]
        command += ["-o", str(target), tool.package]
        self._run(command, self._root / tool.module, target, work)

    def _build_collector(self, go: str, build: CollectorBuild, target: Path, work: Work) -> None:
        manifest = self._root / build.manifest
        generate = [go, "run", build.builder, "--skip-compilation", "--config", str(manifest)]
        self._run(generate, target.parent, target, work)
        # -mod=mod: the generated go.mod has only direct requirements. (`go mod tidy` would fetch
        # what tests need, too.)
        command = [go, "build", "-mod=mod", *_common(), "-ldflags", "-s -w", "-o", str(target), "."]
        self._run(command, target.parent / "otelcol-sources", target, work)

    def _run(self, command: list[str], folder: Path, target: Path, work: Work) -> None:
        log = target.with_name(f"{target.name}.log")
        with log.open("ab") as out:
            process = subprocess.Popen(
                command,
                cwd=folder,
                env=self._environ,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
            )
            try:
                while process.poll() is None:
                    work.tick()
                    self._clock.sleep(0.2)
            finally:
                if process.poll() is None:
                    process.terminate()
                    process.wait()
        if process.returncode != 0:
            said = log.read_text(errors="replace").splitlines()[-_LAST_LINES:]
            raise WayClosed(
                f"`{' '.join(command[:2])}` ended with {process.returncode}:\n"
                + "\n".join(f"      {line}" for line in said),
                "see its messages; a Go module proxy must be within reach (GOPROXY)",
            )


def _common() -> list[str]:
    return ["-trimpath", "-buildvcs=false"]
