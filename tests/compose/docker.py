"""The docker command, pointed at one engine."""

import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path


class DockerFailed(Exception):
    """A docker command ended with an error; the message holds the command and what it said."""


@dataclass(frozen=True)
class Docker:
    """Runs docker commands. `config` is the client's folder: its plugins are there."""

    host: str
    config: Path
    environment: Mapping[str, str] = field(default_factory=dict)

    def run(self, *arguments: str, seconds: float = 600) -> str:
        """Run `docker ARGUMENTS` and return what it printed; raise DockerFailed if it fails."""
        command = ["docker", *arguments]
        done = subprocess.run(
            command,
            env={**os.environ, **self.environment, **self._own()},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )
        if done.returncode != 0:
            said = "\n".join((done.stdout + done.stderr).splitlines()[-40:])
            raise DockerFailed(f"`{' '.join(command)}` ended with {done.returncode}:\n{said}")
        return done.stdout

    def works(self, *arguments: str) -> bool:
        """Whether `docker ARGUMENTS` succeeds."""
        try:
            self.run(*arguments, seconds=30)
        except (DockerFailed, subprocess.TimeoutExpired):
            return False
        return True

    def _own(self) -> dict[str, str]:
        return {"DOCKER_HOST": self.host, "DOCKER_CONFIG": str(self.config)}
