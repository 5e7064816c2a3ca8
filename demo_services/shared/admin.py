"""The switchboard of the faults, on a port of its own that only this machine reaches.

curl -X PUT localhost:8103/faults/latency -d '{"level": 0.5}'    switch on
curl localhost:8103/faults                                      how they are
curl -X DELETE localhost:8103/faults                            all off
"""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from demo_services.shared import telemetry
from demo_services.shared.faults import FAULTS, KNOWN, Faults
from demo_services.shared.settings import Environ

logger = logging.getLogger(__name__)

HOST = "127.0.0.1"
_LONGEST = 1024  # bytes of a body


def start(environ: Mapping[str, str], faults: Faults = FAULTS) -> ThreadingHTTPServer | None:
    """Serve on ADMIN_PORT; None, and no port opened, where that is not set."""
    if not environ.get("ADMIN_PORT"):
        return None
    port = Environ(environ).whole("ADMIN_PORT", 0, 1, 65535)
    return serve(port, faults)


def serve(port: int, faults: Faults) -> ThreadingHTTPServer:
    """Serve on that port of the loopback (0: any that is free), on a thread of its own."""

    telemetry.watch_faults(faults.levels)

    class Handler(_Switchboard):
        board = faults

    server = ThreadingHTTPServer((HOST, port), Handler)
    threading.Thread(target=server.serve_forever, args=(0.2,), daemon=True, name="admin").start()
    logger.info("faults can be switched on at %s:%d", HOST, server.server_port)
    return server


class _Switchboard(BaseHTTPRequestHandler):
    board: Faults

    def do_GET(self) -> None:
        if self.path != "/faults":
            return self._answer(404, {"detail": "ask for /faults"})
        faults = {
            name: {"level": level, "of": KNOWN[name].level}
            for name, level in self.board.levels().items()
        }
        self._answer(200, faults)

    def do_PUT(self) -> None:
        try:
            length = min(int(self.headers.get("Content-Length") or 0), _LONGEST)
            level = float(json.loads(self.rfile.read(length))["level"])
        except (ValueError, TypeError, KeyError):
            return self._answer(400, {"detail": 'send {"level": a number}'})
        self._switch(self._named(), level)

    def do_DELETE(self) -> None:
        if self._named():
            return self._switch(self._named(), 0)
        for name in KNOWN:
            self.board.set(name, 0)
        logger.warning("all faults are switched off")
        self._answer(200, {"off": "all"})

    def _switch(self, name: str, level: float) -> None:
        try:
            self.board.set(name, level)
        except KeyError:
            return self._answer(404, {"detail": f"there is no fault {name!r}: {', '.join(KNOWN)}"})
        except ValueError as error:
            return self._answer(400, {"detail": str(error)})
        logger.warning("fault %s is switched to %g", name, level)
        self._answer(200, {name: level})

    def parse_request(self) -> bool:
        if not super().parse_request():
            return False
        if self._is_local():
            return True
        self._answer(403, {"detail": "ask for localhost"})
        return False

    def _named(self) -> str:
        return self.path.removeprefix("/faults").strip("/")

    def _is_local(self) -> bool:
        """Not a page of elsewhere whose name was made to lead here."""
        return (self.headers.get("Host") or "").rpartition(":")[0] in ("localhost", HOST)

    def _answer(self, status: int, content: object) -> None:
        body = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Keep quiet: what changes is logged above."""
