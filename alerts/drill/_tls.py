"""A TLS endpoint before the collector, with a certificate that ends within a day."""

from __future__ import annotations

import select
import shutil
import socket
import ssl
import threading
from contextlib import suppress

from alerts.drill._world import World
from tools.authority import make_authority

_HOST, _CHUNK, _TIMEOUT_S = "127.0.0.1", 65_536, 10.0
_listening: list[socket.socket] = []


def traces_by_tls(world: World) -> None:
    """users sends its traces to the collector by a TLS endpoint whose certificate ends soon."""
    folder = world.folder / "tls"
    folder.mkdir(exist_ok=True)
    made = make_authority(shutil.which("openssl") or "openssl", folder, days=1)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(made / "server.pem", made / "server.key")
    listener = socket.create_server((_HOST, 0))
    _listening.append(listener)
    threading.Thread(
        target=_accept,
        args=(listener, context, world.ports["CLEW_OTLP_HTTP_PORT"]),
        daemon=True,
    ).start()
    world.restart(
        "users",
        OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=f"https://{_HOST}:{listener.getsockname()[1]}/v1/traces",
        OTEL_EXPORTER_OTLP_TRACES_CERTIFICATE=str(made / "ca.pem"),
    )


def traces_as_usual(world: World) -> None:
    """users sends as the others do, and nobody listens there any more."""
    world.restart("users")
    while _listening:
        listener = _listening.pop()
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)  # `close` alone does not wake who accepts
        listener.close()


def no_openssl() -> str | None:
    """Why `traces_by_tls` can't be had here."""
    return None if shutil.which("openssl") else "the program openssl makes the certificate"


def _accept(listener: socket.socket, context: ssl.SSLContext, port: int) -> None:
    with suppress(OSError):  # closed: the fault is removed
        while True:
            caller, _ = listener.accept()
            threading.Thread(target=_serve, args=(caller, context, port), daemon=True).start()


def _serve(caller: socket.socket, context: ssl.SSLContext, port: int) -> None:
    """One connection: what comes is the collector's, and what it answers the caller's."""
    with suppress(OSError), caller:
        caller.settimeout(_TIMEOUT_S)
        with (
            context.wrap_socket(caller, server_side=True) as secure,
            socket.create_connection((_HOST, port), _TIMEOUT_S) as plain,
        ):
            _relay(secure, plain)


def _relay(secure: ssl.SSLSocket, plain: socket.socket) -> None:
    """Pass on what comes, both ways, until one of the two ends."""
    while True:
        ready = [secure] if secure.pending() else select.select([secure, plain], [], [])[0]
        for source in ready:
            data = source.recv(_CHUNK)
            if not data:
                return
            (plain if source is secure else secure).sendall(data)
