"""Which callers may say what a request belongs to.

A caller outside the trusted networks gets a trace and a correlation id of our own making. What it
sent is kept beside them: its trace context as a link, its correlation id as an attribute.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence

UNIX = "unix"
"""Stands for callers without an address: those of a Unix domain socket."""

_Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class TrustedNetworks:
    """The networks of `CLEW_TRUSTED_NETWORKS`."""

    def __init__(self, words: Sequence[str]) -> None:
        """`words` are networks ("10.0.0.0/8"), addresses, or "unix".

        Raises:
            ValueError: one of them is none of these; its text is the word.
        """
        self._unix = UNIX in words
        self._networks: list[_Network] = []
        for word in words:
            if word != UNIX:
                try:
                    self._networks.append(ipaddress.ip_network(word, strict=False))
                except ValueError:
                    raise ValueError(word) from None

    def __contains__(self, address: str | None) -> bool:
        """Whether a caller of this address is trusted. None or "" is a Unix domain socket's."""
        if not address:
            return self._unix
        try:
            found = ipaddress.ip_address(address.partition("%")[0])
        except ValueError:  # no address at all: a test client's name, or a server's invention
            return False
        if isinstance(found, ipaddress.IPv6Address) and found.ipv4_mapped is not None:
            found = found.ipv4_mapped
        return any(found in network for network in self._networks)
