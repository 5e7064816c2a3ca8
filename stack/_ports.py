"""The ports of the stack: numbers, the variables that move them, and who holds a taken one."""

import errno
import os
import socket
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from stack._errors import PortTaken, SettingError

HOST = "127.0.0.1"
_LISTEN = "0A"  # the state column of /proc/net/tcp: proc_pid_net(5), TCP_LISTEN


@dataclass(frozen=True)
class Port:
    """A port that a component listens on, and the environment variable that moves it."""

    component: str
    purpose: str
    variable: str
    default: int


PORTS = (
    Port("collector", "OTLP over gRPC", "CLEW_OTLP_GRPC_PORT", 4317),
    Port("collector", "OTLP over HTTP", "CLEW_OTLP_HTTP_PORT", 4318),
    Port("collector", "health check", "CLEW_COLLECTOR_HEALTH_PORT", 13133),
    Port("jaeger", "OTLP over gRPC", "CLEW_JAEGER_OTLP_GRPC_PORT", 14317),
    Port("jaeger", "OTLP over HTTP", "CLEW_JAEGER_OTLP_HTTP_PORT", 14318),
    Port("jaeger", "queries over HTTP", "CLEW_JAEGER_QUERY_PORT", 16686),
    Port("jaeger", "queries over gRPC", "CLEW_JAEGER_QUERY_GRPC_PORT", 16685),
    Port("jaeger", "health check", "CLEW_JAEGER_HEALTH_PORT", 14133),
    Port("loki", "HTTP", "CLEW_LOKI_PORT", 3100),
    Port("loki", "gRPC", "CLEW_LOKI_GRPC_PORT", 9096),
    Port("prometheus", "HTTP", "CLEW_PROMETHEUS_PORT", 9090),
    Port("alertmanager", "HTTP", "CLEW_ALERTMANAGER_PORT", 9093),
    Port("agent", "OTLP over gRPC", "CLEW_AGENT_OTLP_GRPC_PORT", 24317),
    Port("agent", "OTLP over HTTP", "CLEW_AGENT_OTLP_HTTP_PORT", 24318),
    Port("agent", "health check", "CLEW_AGENT_HEALTH_PORT", 23133),
    # Beside the usual ones, which services of the machine itself may hold.
    Port("postgres", "PostgreSQL", "CLEW_POSTGRES_PORT", 5433),
    Port("redis", "Redis", "CLEW_REDIS_PORT", 6380),
    Port("epmd", "names of Erlang nodes", "CLEW_EPMD_PORT", 4370),
    Port("rabbitmq", "AMQP", "CLEW_RABBITMQ_PORT", 5673),
    Port("rabbitmq", "its tools", "CLEW_RABBITMQ_DIST_PORT", 25673),
)


def read_ports(environ: Mapping[str, str]) -> dict[str, int]:
    """Return every port's number by its variable; raise SettingError for a bad one or two alike."""
    numbers = {port.variable: _read_port(environ, port) for port in PORTS}
    seen: dict[int, str] = {}
    for variable, number in numbers.items():
        if number in seen:
            raise SettingError(
                f"{seen[number]} and {variable} are both {number}: give each its own port"
            )
        seen[number] = variable
    return numbers


def _read_port(environ: Mapping[str, str], port: Port) -> int:
    text = environ.get(port.variable, "").strip()
    if not text:
        return port.default
    if not text.isdecimal() or not 1 <= int(text) <= 65535:
        raise SettingError(
            f"{port.variable}={text!r} is no port: give a whole number from 1 to 65535"
        )
    return int(text)


def check_free(components: Iterable[str], numbers: Mapping[str, int]) -> None:
    """Raise PortTaken if ports of `components` are in use: which, by whom, and what to set."""
    wanted = set(components)
    taken = [
        _complaint(port, numbers[port.variable])
        for port in PORTS
        if port.component in wanted and not is_free(numbers[port.variable])
    ]
    if taken:
        raise PortTaken("nothing was started:\n" + "\n".join(taken))


def _complaint(port: Port, number: int) -> str:
    return (
        f"  port {number}, wanted by {port.component} ({port.purpose}), is held by "
        f"{holder(number)}; end that, or set {port.variable} to another port"
    )


def is_free(number: int) -> bool:
    """Tell whether a server could listen on the port now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # As servers do it: a connection that still lingers from an earlier server is no hindrance.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, number))
        except OSError as error:
            if error.errno in (errno.EADDRINUSE, errno.EACCES):
                return False
            raise
    return True


def holder(number: int, proc: Path = Path("/proc")) -> str:
    """Say which process listens on the port, as far as this user may see it."""
    inodes = _listening_inodes(number, proc)
    for process in proc.glob("[0-9]*"):
        if inodes and _holds(process, inodes):
            return f"process {process.name} ({_command(process)})"
    return "a process that this user can't see"


def _listening_inodes(number: int, proc: Path) -> set[str]:
    found = set()
    for table in ("tcp", "tcp6"):
        try:
            rows = (proc / "net" / table).read_text().splitlines()[1:]
        except OSError:
            continue
        for row in rows:
            columns = row.split()
            if columns[3] == _LISTEN and int(columns[1].rpartition(":")[2], 16) == number:
                found.add(f"socket:[{columns[9]}]")
    return found


def _holds(process: Path, inodes: set[str]) -> bool:
    try:
        return any(os.readlink(entry) in inodes for entry in (process / "fd").iterdir())
    except OSError:  # ended meanwhile, or another user's
        return False


def _command(process: Path) -> str:
    try:
        text = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        return "command unknown"
    return text.strip()[:120] or "command unknown"
