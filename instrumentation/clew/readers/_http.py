"""One HTTP GET that yields JSON, with every failure named."""

from __future__ import annotations

import http.client
import ipaddress
import json
import socket
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit

from clew.readers._errors import BackendRefused, BackendUnavailable

MAX_BODY_BYTES = 64 * 1024 * 1024
"""The largest answer that is read; a trace of 50,000 spans is about 50 MB of JSON."""

SHAPE_ERRORS = (KeyError, TypeError, ValueError, IndexError, AttributeError)
"""What taking an answer apart raises when it has another shape than expected."""

_REASON_CHARACTERS = 300

Opener = Callable[[urllib.request.Request, float], Any]
"""Opens a request with a timeout in seconds; returns a response to be used in a `with`."""


def open_url(request: urllib.request.Request, timeout_s: float) -> Any:
    """The real opener. A proxy of the environment is passed by for this machine's own addresses."""
    if _is_loopback(urlsplit(request.full_url).hostname or ""):
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    else:
        opener = urllib.request.build_opener()
    return opener.open(request, timeout=timeout_s)


@dataclass(frozen=True)
class JsonClient:
    """Asks one backend. `variable` is what a person sets to point it elsewhere."""

    backend: str
    address: str
    variable: str
    timeout_s: float
    opener: Opener = open_url

    def get(
        self, path: str, params: Mapping[str, str], headers: Mapping[str, str] | None = None
    ) -> Any:
        """The decoded JSON body, or None for a 404.

        Raises BackendUnavailable and BackendRefused.
        """
        url = f"{self.address}{path}"
        if params:
            url = f"{url}?{urlencode(params)}"
        wanted = {"Accept": "application/json", **(headers or {})}
        request = urllib.request.Request(url, headers=wanted)
        try:
            with self.opener(request, self.timeout_s) as response:
                body = response.read(MAX_BODY_BYTES + 1)
        except urllib.error.HTTPError as error:
            return self._on_status(error)
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise self._unavailable(_reason(error)) from error
        if len(body) > MAX_BODY_BYTES:
            raise self.refused(f"the answer is larger than {MAX_BODY_BYTES} bytes")
        try:
            return json.loads(body)
        except ValueError as error:
            raise self.refused("the answer is not JSON; is it another program?") from error

    def refused(self, reason: str) -> BackendRefused:
        """The error for an answer that can't be used."""
        return BackendRefused(self.backend, self.address, reason)

    def _on_status(self, error: urllib.error.HTTPError) -> None:
        with error:
            text = error.read(_REASON_CHARACTERS).decode("utf-8", "replace").strip()
        if error.code == 404:
            return
        if error.code >= 500:
            raise self._unavailable(f"HTTP {error.code}: {text}") from error
        raise self.refused(f"HTTP {error.code}: {text}") from error

    def _unavailable(self, reason: str) -> BackendUnavailable:
        return BackendUnavailable(self.backend, self.address, self.variable, reason)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _reason(error: Exception) -> str:
    cause = error.reason if isinstance(error, urllib.error.URLError) else error
    if isinstance(cause, (socket.timeout, TimeoutError)):
        return "timed out"
    if isinstance(cause, ConnectionRefusedError):
        return "connection refused"
    return str(cause) or type(cause).__name__
