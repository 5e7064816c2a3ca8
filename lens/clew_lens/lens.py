"""The whole: store, receivers and page, started and stopped together."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Iterator
from typing import Any

import uvicorn
from starlette.types import ASGIApp

from ._errors import LensError
from ._settings import Settings
from .api import app as api
from .api.guard import LOOPBACK, Guard
from .otlp import grpc, http
from .otlp.intake import Intake
from .store import Database, Writer
from .store.retention import Retention


class PortTaken(LensError):
    """Another program listens there."""


class Lens:
    """One lens. After `start` the ports say where it listens, also where 0 was asked for."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.database = Database(settings.store, memory_limit=settings.memory_limit)
        retention = Retention(self.database, settings.keep_age, settings.keep_size)
        self.writer = Writer(self.database, every=retention, every_seconds=5.0)
        self.intake = Intake(self.writer)
        self.port = self.otlp_http_port = self.otlp_grpc_port = 0
        self._servers: list[_Server] = []
        self._tasks: list[asyncio.Task[None]] = []
        self._grpc: Any = None

    async def start(self) -> None:
        """Listen. Raises PortTaken with the port's option in its message."""
        settings = self.settings
        self.writer.start()
        page = api.app(self.database, self._live)
        self.port = self._serve(page, settings.port, "--port")
        if settings.otlp_http_port >= 0:
            receiver = http.app(self.intake)
            self.otlp_http_port = self._serve(receiver, settings.otlp_http_port, "--otlp-http-port")
        if settings.otlp_grpc_port >= 0:
            self._start_grpc(settings.otlp_grpc_port)
        for server in self._servers:
            await server.wait_started()

    async def run(self) -> None:
        """Serve until the task is cancelled."""
        await asyncio.gather(*self._tasks)

    async def stop(self) -> None:
        """Stop listening, commit what is queued, close the store."""
        for server in self._servers:
            server.should_exit = True
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._grpc is not None:
            self._grpc.stop(1.0).wait(2.0)
        self.writer.stop()
        self.database.close()

    def _serve(self, application: ASGIApp, port: int, option: str) -> int:
        listener = _listen(self.settings.host, port, option)
        hosts = LOOPBACK | {self.settings.host}
        guarded = Guard(application, hosts=hosts, token=self.settings.token)
        config = uvicorn.Config(
            guarded, log_level="warning", access_log=False, lifespan="off",
            timeout_keep_alive=30, timeout_graceful_shutdown=2, server_header=False,
        )  # fmt: skip
        server = _Server(config)
        self._servers.append(server)
        self._tasks.append(asyncio.create_task(server.serve(sockets=[listener])))
        return int(listener.getsockname()[1])

    def _start_grpc(self, port: int) -> None:
        # Bound once by hand: gRPC's own message doesn't say which option to change.
        if port:
            _listen(self.settings.host, port, "--otlp-grpc-port").close()
        self._grpc = grpc.server(self.intake, self.settings.token)
        address = f"{self.settings.shown_host}:{port}"
        self.otlp_grpc_port = self._grpc.add_insecure_port(address)
        self._grpc.start()

    def _live(self) -> dict[str, Any]:
        counts = self.writer.counts
        return {
            "received": {"spans": counts.spans, "logs": counts.logs, "points": counts.points},
            "rejected": counts.rejected,
            "refused_requests": counts.refused,
            "lost_rows": counts.lost,
            "points_left_out": self.writer.left_out,
            "waiting_bytes": self.writer.waiting_bytes,
            "store": self.settings.store,
            "store_bytes": self.database.bytes_used(),
            "keep_bytes": self.settings.keep_size,
            "keep_seconds": self.settings.keep_age,
            "memory_limit_bytes": self.settings.memory_limit,
        }


class _Server(uvicorn.Server):
    """A server among others: signals are the lens's, not each server's."""

    async def wait_started(self) -> None:
        while not self.started and not self.should_exit:
            await asyncio.sleep(0.01)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def _listen(host: str, port: int, option: str) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(256)
    except OSError as error:
        listener.close()
        raise PortTaken(
            f"can't listen on {host}:{port}: {error.strerror}. "
            f"Stop what listens there, or choose another with {option}."
        ) from error
    return listener
