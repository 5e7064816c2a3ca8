"""A TCP server on the loopback that answers as no HTTP library would let it."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import IO

# Called after a whole request was read; what it returns is sent.
Reply = Callable[[], bytes]


class RawServer:
    """Reads whole HTTP requests and replies with `reply()`; then closes, unless `keep` is set."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.url = f"http://127.0.0.1:{port}/v1/traces"
        self.reply: Reply = lambda: b""
        self.keep = False
        self.requests = 0
        self.connections = 0
        # While it is not set, requests wait for their reply.
        self.go_on = threading.Event()
        self.go_on.set()


@contextmanager
def raw_server() -> Iterator[RawServer]:
    listener = socket.create_server(("127.0.0.1", 0))
    server = RawServer(listener.getsockname()[1])
    closing = threading.Event()

    def serve(connection: socket.socket) -> None:
        with connection, connection.makefile("rb") as incoming:
            try:
                while _read_request(incoming):
                    server.requests += 1
                    server.go_on.wait()
                    if closing.is_set():
                        return
                    connection.sendall(server.reply())
                    if not server.keep:
                        return
            except OSError:
                return  # the client is gone

    def accept() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            server.connections += 1
            threading.Thread(target=serve, args=(connection,), daemon=True).start()

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        closing.set()
        server.go_on.set()
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join()


def _read_request(incoming: IO[bytes]) -> bool:
    """Read one request with a Content-Length; False at the end of the connection."""
    length = 0
    line = incoming.readline()
    if not line:
        return False
    while line not in (b"\r\n", b""):
        if line.lower().startswith(b"content-length:"):
            length = int(line.split(b":")[1])
        line = incoming.readline()
    return len(incoming.read(length)) == length
