"""The real RabbitMQ, PostgreSQL and Redis, each test run its own, from the system's packages."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import pika

from stack._ports import PORTS, is_free
from tests.e2e.processes import ROOT

STORES = ("postgres", "redis", "epmd", "rabbitmq")


def steady_ports(count: int) -> list[int]:
    """Free ports that stay free while who listens there is down for a moment.

    Those that the system hands out may become the near end of somebody's connection meanwhile.
    """
    wanted = random.sample(range(20_000, 30_000), 10 * count)
    return [port for port in wanted if is_free(port)][:count]


@dataclass(frozen=True)
class OwnStack:
    """`python -m stack` on ports and in a folder of its own."""

    environ: Mapping[str, str]

    def run(self, *arguments: str) -> str:
        """What the command printed; AssertionError where it fails."""
        done = subprocess.run(
            [sys.executable, "-m", "stack", *arguments],
            cwd=ROOT,
            env=dict(self.environ),
            capture_output=True,
            text=True,
            timeout=3600,
            check=False,
        )
        assert done.returncode == 0, f"stack {arguments}:\n{done.stdout}{done.stderr}"
        return done.stdout

    def addresses(self) -> dict[str, str]:
        """What `stack env` says."""
        return dict(line.split("=", 1) for line in self.run("env").splitlines())


@contextmanager
def own_stack(*names: str) -> Iterator[OwnStack]:
    """Those components, or all, up while the block lasts."""
    # Not pytest's own folder: no other user may enter that, and PostgreSQL refuses to be root.
    folder = Path(tempfile.mkdtemp(prefix="clew-shop-"))
    folder.chmod(0o711)
    numbers = steady_ports(len(PORTS))
    ports = {port.variable: str(number) for port, number in zip(PORTS, numbers, strict=True)}
    stack = OwnStack({**os.environ, **ports, "CLEW_STACK_DIR": str(folder)})
    try:
        stack.run("up", *names)
        yield stack
    finally:
        stack.run("down")
        shutil.rmtree(folder, ignore_errors=True)


@dataclass(frozen=True)
class Rabbit:
    """A RabbitMQ that can be stopped and started."""

    stack: OwnStack
    url: str

    def stop(self) -> None:
        self.stack.run("down", "rabbitmq")

    def start(self) -> None:
        self.stack.run("up", "rabbitmq", "epmd")

    def parked(self, queue: str) -> int:
        """How many messages are in the queue's dead letters."""
        with pika.BlockingConnection(pika.URLParameters(self.url)) as connection:
            declared = connection.channel().queue_declare(f"{queue}.dead", passive=True)
            return int(declared.method.message_count)


@contextmanager
def rabbit() -> Iterator[Rabbit]:
    """RabbitMQ, while the block lasts."""
    with own_stack("epmd", "rabbitmq") as stack:
        yield Rabbit(stack, stack.addresses()["CLEW_RABBITMQ_URL"])


def database_url(url: str, schema: str) -> str:
    """The same PostgreSQL with tables of one's own: they are made in that schema."""
    return f"{url}?options={quote(f'-csearch_path={schema}')}"
