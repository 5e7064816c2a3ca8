"""compose.yaml brought up in an engine, as a project of its own on ports of its own."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from tests.compose.docker import Docker
from tests.compose.document import COMPOSE, ROOT, Published, services
from tests.e2e.processes import free_ports

LEFT_OUT = {
    "grafana": "its image can't be made here: the server is no Go module and needs its web files"
}
"""Services that are not brought up, and why."""

PROFILES = ("kafka", "consul")
"""Profiles, each of one service of that name: `test_on_PROFILE.py` brings it up."""

_NETWORK = Path(__file__).parent / "build-network.yaml"
_UP_SECONDS = 180


@dataclass(frozen=True)
class Project:
    """The services of compose.yaml less those left out; `docker`'s environment has `ports`."""

    docker: Docker
    ports: dict[str, int]
    name: str = "clew-test"
    profile: str = ""

    @classmethod
    def on_free_ports(cls, docker: Docker) -> "Project":
        """A project whose published ports are free now: it can stand beside a stack that is up."""
        variables = [port.variable for port in _published()]
        ports = dict(zip(variables, free_ports(len(variables)), strict=True))
        environment = {**docker.environment, **{name: str(port) for name, port in ports.items()}}
        return cls(Docker(docker.host, docker.config, environment), ports)

    @cached_property
    def services(self) -> tuple[str, ...]:
        """The names of what is brought up."""
        return tuple(
            name
            for name, service in services().items()
            if name not in LEFT_OUT
            and service.fields.get("profiles", [self.profile]) == [self.profile]
        )

    def build(self) -> None:
        """Build the demo services' images."""
        built = [name for name in self.services if services()[name].is_built]
        self.compose("-f", str(_NETWORK), "build", *built)

    def up(self) -> None:
        """Bring everything up and wait until it is healthy."""
        wait = ("--detach", "--wait", f"--wait-timeout={_UP_SECONDS}")
        self.compose("up", *wait, "--no-build", "--pull=never", *self.services)

    @contextmanager
    def with_profile(self, profile: str, **environment: str) -> Iterator["Project"]:
        """The same with a profile and more in the environment, while the block lasts."""
        given = {**self.docker.environment, **environment}
        other = replace(self, docker=replace(self.docker, environment=given), profile=profile)
        try:
            other.up()
            yield other
        finally:
            other.compose("rm", "--stop", "--force", profile)
            self.up()

    def down(self, *options: str) -> None:
        """Stop and remove the containers; with `--volumes` what they stored, too."""
        self.compose("down", *options)

    def compose(self, *arguments: str) -> str:
        """Run a docker compose command on the project."""
        files: tuple[str, ...] = ("-f", str(COMPOSE))
        while arguments[:1] == ("-f",):
            files, arguments = (*files, *arguments[:2]), arguments[2:]
        own = ("--project-name", self.name, "--project-directory", str(ROOT))
        return self.docker.run("compose", *own, *files, *arguments)

    def url(self, variable: str, path: str = "") -> str:
        """The address of a published port, by its variable."""
        return f"http://127.0.0.1:{self.ports[variable]}{path}"

    def inspect(self, service: str) -> dict[str, Any]:
        """What the engine knows of the service's container."""
        (container,) = json.loads(self.docker.run("inspect", self._container(service)))
        assert isinstance(container, dict)
        return container

    def log_lines(self, service: str) -> list[str]:
        """What the service has printed on its standard output, line by line."""
        return self.docker.run("logs", self._container(service)).splitlines()

    def _container(self, service: str) -> str:
        return self.compose("ps", "--all", "--quiet", service).strip()


def _published() -> list[Published]:
    return [port for service in services().values() for port in service.published]
