"""Who may ask: the Host and Origin headers and, beyond this machine, a token.

A web page of another site can make a browser send requests to 127.0.0.1. The Host check stops a
name that was pointed at 127.0.0.1 (DNS rebinding), the Origin check stops a plain cross-site call.
"""

from __future__ import annotations

import hmac
import json
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie
from urllib.parse import parse_qs, urlsplit

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

COOKIE = "clew_lens_token"
LOOPBACK = frozenset(("localhost", "127.0.0.1", "::1"))


@dataclass
class Guard:
    """ASGI middleware. `hosts` are names that may stand in Host, besides the loopback's own.

    With a token, any Host is good: another site doesn't know the token.
    """

    app: ASGIApp
    hosts: frozenset[str] = LOOPBACK
    token: str = ""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or answer 401 or 403 with the reason."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        host = headers.get("host", "")
        origin = headers.get("origin")
        if not self.token and _name(host) not in self.hosts:
            message = f"host {host[:80]!r} isn't this lens: use http://127.0.0.1"
            await _refuse(send, 403, message)
        elif origin is not None and urlsplit(origin).netloc != host:
            await _refuse(send, 403, f"origin {origin[:80]!r} may not call this lens")
        elif self.token and not self._knows(scope, headers):
            if _given(scope) is None:
                message = "a token is needed: open the address that the lens printed at its start"
            else:
                message = "the token is wrong"
            await _refuse(send, 401, message)
        elif self.token and _given(scope) is not None:
            await self._remember(scope, send)
        else:
            await self.app(scope, receive, send)

    def _knows(self, scope: Scope, headers: Headers) -> bool:
        scheme, _, bearer = headers.get("authorization", "").partition(" ")
        candidates = [bearer if scheme.lower() == "bearer" else "", _given(scope) or ""]
        try:
            morsel = SimpleCookie(headers.get("cookie", "")).get(COOKIE)
        except CookieError:
            morsel = None
        candidates.append(morsel.value if morsel else "")
        wanted = self.token.encode()
        return any(hmac.compare_digest(text.encode(), wanted) for text in candidates)

    async def _remember(self, scope: Scope, send: Send) -> None:
        """Put the token of the address into a cookie, so that it leaves the address bar."""
        cookie = f"{COOKIE}={self.token}; Path=/; HttpOnly; SameSite=Strict"
        headers = [(b"location", scope["path"].encode()), (b"set-cookie", cookie.encode())]
        await send({"type": "http.response.start", "status": 303, "headers": headers})
        await send({"type": "http.response.body", "body": b""})


def _given(scope: Scope) -> str | None:
    values = parse_qs(scope.get("query_string", b"").decode("latin-1")).get("token")
    return values[0] if values else None


def _name(host: str) -> str:
    """The host's name without its port; an IPv6 address without brackets."""
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.partition(":")[0].lower()


async def _refuse(send: Send, status: int, message: str) -> None:
    body = json.dumps({"error": message}).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
