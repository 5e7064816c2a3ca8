"""The lens's settings: read once, from the command line."""

from __future__ import annotations

import argparse
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field

from .api.guard import LOOPBACK
from .store.database import MEMORY

_SIZES = {"k": 10, "m": 20, "g": 30}
_TIMES = {"s": 1, "m": 60, "h": 3600, "d": 86400}


@dataclass(frozen=True)
class Settings:
    """Sizes in bytes, times in seconds. A port of 0 is chosen by the system, -1 is off."""

    host: str = "127.0.0.1"
    port: int = 4319
    otlp_http_port: int = 4318
    otlp_grpc_port: int = 4317
    store: str = MEMORY
    keep_age: float = 24 * 3600
    keep_size: int = 1 << 30
    memory_limit: int = 512 << 20
    token: str = field(default="", repr=False)

    @property
    def local(self) -> bool:
        """Only this machine can reach it."""
        return self.host in LOOPBACK

    @property
    def shown_host(self) -> str:
        """The host as it stands in an address."""
        return f"[{self.host}]" if ":" in self.host else self.host


def parse(argv: Sequence[str] | None = None) -> Settings:
    """Settings from command-line words; exits with a message where they are wrong."""
    parser = argparse.ArgumentParser(
        prog="clew lens",
        description="Receive OTLP, keep it, and show it: traces, logs and metrics in one process.",
    )
    default = Settings()
    add = parser.add_argument
    add("--host", default=default.host, help="address to listen on (default: %(default)s)")
    add("--port", type=_port, default=default.port, help="page and API (default: %(default)s)")
    add(
        "--otlp-http-port",
        type=_port,
        default=default.otlp_http_port,
        metavar="PORT",
        help="OTLP over HTTP; off to have none (default: %(default)s)",
    )
    add(
        "--otlp-grpc-port",
        type=_port,
        default=default.otlp_grpc_port,
        metavar="PORT",
        help="OTLP over gRPC; off to have none (default: %(default)s)",
    )
    add(
        "--store",
        default=default.store,
        metavar="FILE",
        help="a DuckDB file that outlives the process, or memory (default: %(default)s)",
    )
    add(
        "--keep-age",
        type=_time,
        default=default.keep_age,
        metavar="TIME",
        help="what is older goes: 30m, 24h, 7d (default: 24h)",
    )
    add(
        "--keep-size",
        type=_size,
        default=default.keep_size,
        metavar="SIZE",
        help="what is over goes, oldest first: 500M, 2G (default: 1G)",
    )
    add(
        "--memory-limit",
        type=_size,
        default=default.memory_limit,
        metavar="SIZE",
        help="bound of the database's memory (default: 512M)",
    )
    add("--token", default="", help="needed in every request; made up where --host isn't local")
    found = parser.parse_args(argv)  # fmt: skip
    if not found.token and found.host not in LOOPBACK:
        found.token = secrets.token_urlsafe(18)
    if found.store == MEMORY:
        # What is kept in memory must fit there, with room for queries.
        found.keep_size = min(found.keep_size, found.memory_limit * 6 // 10)
    return Settings(**vars(found))


def _port(text: str) -> int:
    if text == "off":
        return -1
    if text.isdecimal() and int(text) < 65536:
        return int(text)
    raise argparse.ArgumentTypeError(f"{text!r} isn't a port: 0 to 65535, or off")


def _size(text: str) -> int:
    match = re.fullmatch(r"(\d+)([kmg])(i?b)?", text.strip().lower())
    if match is None:
        raise argparse.ArgumentTypeError(f"{text!r} isn't a size like 500M or 2G")
    return int(match[1]) << _SIZES[match[2]]


def _time(text: str) -> float:
    match = re.fullmatch(r"(\d+)([smhd])", text.strip().lower())
    if match is None:
        raise argparse.ArgumentTypeError(f"{text!r} isn't a time like 30m, 24h or 7d")
    return float(int(match[1]) * _TIMES[match[2]])
