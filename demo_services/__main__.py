"""`python -m demo_services`: the backends, the shop, its load, and one request followed.

Runs until Ctrl-C, then stops what it started. `--once` stops after the followed request.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
READY_WITHIN = 30.0  # s
_CLEW = Path(sys.executable).with_name("clew")


@dataclass(frozen=True)
class Service:
    """One service of the shop: its name, its ASGI application, and its port."""

    name: str
    app: str
    port: int

    @property
    def command(self) -> tuple[str, ...]:
        uvicorn = ("uvicorn", self.app, "--port", str(self.port))
        return (str(_CLEW), "run", *uvicorn)


SERVICES = (
    Service("users", "demo_services.users.app:app", 8001),
    Service("gateway", "demo_services.gateway.app:app", 8000),
)


class DemoError(Exception):
    """The demo cannot go on; the message says why and what to do."""


def main(arguments: Sequence[str]) -> int:
    """Run the demo; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m demo_services", description=__doc__)
    parser.add_argument("--once", action="store_true", help="stop after the followed request")
    parser.add_argument("--rate", default="5", help="requests a second (%(default)s)")
    chosen = parser.parse_args(arguments)
    try:
        with ExitStack() as running:
            _run(running, chosen.once, chosen.rate)
    except DemoError as error:
        print(f"demo: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nstopped")
    return 0


def _run(running: ExitStack, once: bool, rate: str) -> None:
    for service in SERVICES:
        _check_free(service)
    _stack("up")
    running.callback(_stack, "down")
    logs = ROOT / ".stack" / "shop"
    logs.mkdir(parents=True, exist_ok=True)
    for service in SERVICES:
        _start(service, logs, running)
    print(f"the shop is open: http://localhost:8000/users/1   (logs: {logs.relative_to(ROOT)}/)")
    followed = _load(rate, "6")
    print(f"\n$ clew follow {followed}\n", flush=True)
    subprocess.run([_CLEW, "follow", followed, "--wait", "30s"], check=False, cwd=ROOT)
    if once:
        return
    print(_WHERE.format(id=followed), flush=True)
    while True:
        _load(rate, "60")


_WHERE = """
Look around while the load goes on (Ctrl-C stops it all):
  Jaeger       http://localhost:16686   query API
  Prometheus   http://localhost:9090    query API
  Loki         http://localhost:3100    query API
  a request    curl -i -H 'X-Correlation-ID: my-first' http://localhost:8000/users/1
  follow it    .venv/bin/clew follow my-first
  an error     curl -i -H 'X-Correlation-ID: my-error' http://localhost:8000/fail
"""


def _stack(verb: str) -> None:
    done = subprocess.run([sys.executable, "-m", "stack", verb], cwd=ROOT, check=False)
    if done.returncode:
        raise DemoError(f"`python -m stack {verb}` failed; what it said stands above.")


def _start(service: Service, logs: Path, running: ExitStack) -> None:
    environment = {**os.environ, "OTEL_SERVICE_NAME": service.name}
    with (logs / f"{service.name}.log").open("wb") as log:
        process = subprocess.Popen(
            service.command, cwd=ROOT, env=environment, stdout=log, stderr=subprocess.STDOUT
        )
    running.callback(_stop, process)
    _wait(service, process, Path(log.name))


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(15)
    except subprocess.TimeoutExpired:
        process.kill()


def _wait(service: Service, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + READY_WITHIN
    while process.poll() is None and time.monotonic() < deadline:
        if _answers(service.port):
            return
        time.sleep(0.1)
    raise DemoError(
        f"{service.name} did not come up. It said last:\n{log.read_text(errors='replace')[-2000:]}"
    )


def _answers(port: int) -> bool:
    try:
        urllib.request.urlopen(f"http://127.0.0.1:{port}/openapi.json", timeout=1).close()
    except (OSError, urllib.error.URLError):
        return False
    return True


def _check_free(service: Service) -> None:
    if _answers(service.port):
        raise DemoError(
            f"port {service.port}, which {service.name} needs, answers already. "
            "Is another demo running? Stop it first."
        )


def _load(rate: str, seconds: str) -> str:
    """Send load for `seconds`; return one correlation id of it."""
    command = (sys.executable, "-m", "demo_services.load", "--rate", rate, "--duration", seconds)
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=False)
    print(done.stdout, end="", flush=True)
    words = done.stdout.split()
    if done.returncode or not words:
        raise DemoError("the load could not be sent; what it said stands above.")
    return words[-1]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
