"""What the requests of one caller have in common, worked out at its first one."""

from __future__ import annotations

import itertools
from collections.abc import Hashable
from typing import Any, NamedTuple

from clew import _http_server as http
from clew import _names
from clew._trust import TrustedNetworks
from clew.metrics import ActiveRequests
from clew.traces import Shared

_MOST_CALLERS = 1_000
"""Hosts, methods and user agents are the callers' choice: beyond so many, all begin anew."""
WEBSOCKET = "WS"
"""Stands for the method of a WebSocket connection, which has none."""


class Caller(NamedTuple):
    """What requests share that come over one connection."""

    method: str
    scheme: str
    shared: Shared
    # Of `ActiveRequests`, or two counts that nobody reads.
    started: itertools.count[int]
    ended: itertools.count[int]
    # Whether its trace context and correlation id are continued.
    trusted: bool


class Callers:
    """The callers of one server. `known` is by whatever key that server finds cheap to make."""

    def __init__(self, active: ActiveRequests, trusted: TrustedNetworks | None) -> None:
        """`trusted` None: every caller is."""
        self._active = active
        self._trusted = trusted
        self.known: dict[Hashable, Caller] = {}

    def add(
        self,
        key: Hashable,
        *,
        method: str,
        scheme: str,
        server: tuple[str, int | None],
        version: str | None,
        client: tuple[str, int | None] | None,
        agent: str | None,
    ) -> Caller:
        """Remember and return the caller of `key`. `method` is as it was received."""
        known = http.method_name(method) if method != WEBSOCKET else WEBSOCKET
        attributes: dict[str, Any] = {}
        if known != WEBSOCKET:
            attributes[_names.HTTP_REQUEST_METHOD] = known
            if known != method:
                attributes[_names.HTTP_REQUEST_METHOD_ORIGINAL] = method
        else:
            attributes[_names.NETWORK_PROTOCOL_NAME] = "websocket"
        attributes[_names.URL_SCHEME] = scheme
        if version and known != WEBSOCKET:
            attributes[_names.NETWORK_PROTOCOL_VERSION] = version
        address, port = server
        if address:
            attributes[_names.SERVER_ADDRESS] = address
            if port is not None:
                attributes[_names.SERVER_PORT] = port
        if client is not None:
            attributes[_names.CLIENT_ADDRESS] = client[0]
            attributes[_names.NETWORK_PEER_ADDRESS] = client[0]
            if client[1] is not None:
                attributes[_names.NETWORK_PEER_PORT] = client[1]
        if agent is not None:
            attributes[_names.USER_AGENT_ORIGINAL] = agent
        if known == WEBSOCKET:
            started, ended = itertools.count(), itertools.count()
        else:
            started, ended = self._active.pair(
                ((_names.HTTP_REQUEST_METHOD, known), (_names.URL_SCHEME, scheme))
            )
        trusted = self._trusted is None or (client[0] if client else None) in self._trusted
        caller = Caller(known, scheme, Shared(attributes), started, ended, trusted)
        if len(self.known) >= _MOST_CALLERS:
            self.known.clear()
        self.known[key] = caller
        return caller
