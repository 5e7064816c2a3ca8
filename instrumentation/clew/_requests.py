"""The `requests` library: a CLIENT span for each call of `Session.send`, redirects included."""

from __future__ import annotations

import functools
from typing import Any

from clew import _context, _faults
from clew._http_client import HttpClient
from clew._runtime import Runtime


def watch(sessions: Any, runtime: Runtime) -> None:
    """Instrument the module `requests.sessions`. Doing it again has no effect."""
    original = sessions.Session.send
    if hasattr(original, "__clew__"):
        return
    begin = HttpClient(runtime).begin
    attach, detach = _context.attach, _context.detach

    @functools.wraps(original)
    def send(self: Any, request: Any, **kwargs: Any) -> Any:
        try:
            call = begin((request.method or "").upper(), request.url or "", request.headers)
        except Exception:
            _faults.caught("a request of `requests`")
            call = None
        if call is None:
            return original(self, request, **kwargs)
        token = attach(call.context)
        try:
            response = original(self, request, **kwargs)
        except BaseException as error:
            call.end(error=error)
            raise
        finally:
            try:
                detach(token)
            except Exception:  # ended in another context than begun in
                pass
        call.end(response.status_code)
        return response

    send.__clew__ = original  # type: ignore[attr-defined]
    sessions.Session.send = send
