"""The commands, joined to this machine's environment, clock and terminal."""

import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from stack._addresses import addresses
from stack._binaries import BINARIES
from stack._build import GoBuilds
from stack._clock import Clock, SystemClock
from stack._components import Component, all_components
from stack._down import down, wipe
from stack._download import Releases
from stack._errors import NotUp, SettingError
from stack._installed import PROGRAMS, find_installed
from stack._obtain import Ways, find, obtain
from stack._optional import sort_out
from stack._platform import go_platform
from stack._ports import check_free
from stack._progress import Progress
from stack._prometheus_folder import write_prometheus_folder
from stack._ready import answers
from stack._settings import Settings
from stack._shop_stores import shop_stores
from stack._state import State
from stack._status import as_json as status_json
from stack._status import as_table, statuses
from stack._up import Start, last_lines, up


@dataclass(frozen=True)
class Commands:
    """Each method is one command and returns the exit code."""

    settings: Settings
    components: tuple[Component, ...]
    state: State
    ways: Ways
    clock: Clock
    progress: Progress
    out: TextIO

    @classmethod
    def from_environment(
        cls, environ: Mapping[str, str], out: TextIO, progress_to: TextIO
    ) -> "Commands":
        """Read the environment and join everything; raise SettingError for a bad value."""
        settings = Settings.read(environ)
        clock = SystemClock()
        progress = Progress(progress_to, clock)
        ways = Ways(
            settings=settings,
            search_path=environ.get("PATH", os.defpath),
            releases=Releases(settings.releases_url, go_platform()),
            builds=GoBuilds(settings.root, environ, clock),
            clock=clock,
            progress=progress,
        )
        state = State(settings.stack_dir, clock)
        components = (*all_components(settings), *shop_stores(settings))
        return cls(settings, components, state, ways, clock, progress, out)

    def up(self, names: Sequence[str]) -> int:
        """Start what does not run yet and wait until it is ready."""
        chosen = self._possible(names)
        with self.state.lock(self._waiting()):
            write_prometheus_folder(self.settings)
            up(
                chosen,
                Start(
                    state=self.state,
                    clock=self.clock,
                    progress=self.progress,
                    obtain=self._obtain,
                    check_ports=lambda wanted: check_free(wanted, self.settings.ports),
                    timeout=self.settings.start_timeout,
                ),
            )
        return 0

    def down(self, names: Sequence[str], wipe_data: bool) -> int:
        """Stop what runs; then remove what is stored, if asked to."""
        if names and wipe_data:
            raise SettingError("--data removes everything: name no component with it")
        with self.state.lock(self._waiting()):
            chosen = [component.name for component in self._chosen(names)]
            down(chosen, self.state, self.clock, self.progress)
            if wipe_data:
                wipe(self.state, self.progress)
        return 0

    def status(self, as_json: bool) -> int:
        """Tell how every component is; 0 if all run and are ready."""
        names = [component.name for component in self.components]
        found = statuses(names, self.state.records(), self.clock.now(), answers)
        print(status_json(found) if as_json else as_table(found), file=self.out)
        optional = {c.name for c in self.components if c.optional or c.on_request}
        wanted = [s for s in found if s.name not in optional or s.state != "not started"]
        return 0 if all(status.ready for status in wanted) else 1

    def env(self) -> int:
        """Print where the shop's stores are, those that run, one variable a line."""
        running = [name for name, record in self.state.records().items() if record.runs]
        for name, value in addresses(self.settings, running).items():
            print(f"{name}={value}", file=self.out)
        return 0

    def fetch(self, names: Sequence[str], jobs: int) -> int:
        """Obtain the binaries, or all that are not `on_request`, and print where each is."""
        for name in names:
            _known(name, BINARIES, "binary")
        with ThreadPoolExecutor(max_workers=max(1, jobs)) as pool:
            chosen = [
                binary
                for binary in BINARIES.values()
                if (binary.name in names if names else not binary.on_request)
            ]
            for path in pool.map(lambda binary: obtain(binary, self.ways), chosen):
                print(path, file=self.out)
        return 0

    def path(self, name: str) -> int:
        """Print where a binary is."""
        print(self.find(name), file=self.out)
        return 0

    def find(self, name: str) -> Path:
        """Return where a binary is; raise NotUp if it is not on this machine."""
        _known(name, BINARIES, "binary")
        found = find(BINARIES[name], self.ways)
        if found is None:
            raise NotUp(f"{name} is not on this machine: run `python -m stack fetch {name}`")
        return found

    def logs(self, name: str, lines: int) -> int:
        """Print the end of what a component said."""
        self._chosen([name])
        print(last_lines(self.state.log(name), lines), file=self.out)
        return 0

    def _chosen(self, names: Sequence[str]) -> list[Component]:
        by_name = {component.name: component for component in self.components}
        for name in names:
            _known(name, by_name, "component")
        return [c for c in self.components if not names or c.name in names]

    def _possible(self, names: Sequence[str]) -> list[Component]:
        """Return the chosen ones that can be started here; say which can't, and why."""
        possible, left_out = sort_out(
            self._chosen(names),
            self.settings.without,
            lambda program: find_installed(program, self.ways.search_path),
            also=(*self.settings.also, *names),
        )
        for each in left_out:
            if each.name in names:
                raise NotUp(f"{each.name} can't be started: {each.why}")
            self.progress.line(f"{each.name} is left out: {each.why}")
        return possible

    def _obtain(self, name: str) -> Path:
        if name not in PROGRAMS:
            return obtain(BINARIES[name], self.ways)
        found = find_installed(PROGRAMS[name], self.ways.search_path)
        if found is None:
            raise NotUp(f"{name} is not installed: install {PROGRAMS[name].package}")
        return found

    def _waiting(self) -> Callable[[], None]:
        told: list[str] = []

        def tell_once() -> None:
            if not told:
                told.append("told")
                self.progress.line("another command is changing the stack; waiting")

        return tell_once


def _known(name: str, names: Mapping[str, object], what: str) -> None:
    if name not in names:
        raise SettingError(f"there is no {what} {name!r}: choose from {', '.join(names)}")
