"""Which core the server has for itself, and which the load and the sink have."""

from __future__ import annotations

import os
from dataclasses import dataclass


@dataclass(frozen=True)
class Cores:
    """Empty sets mean that nothing is pinned."""

    server: frozenset[int]
    others: frozenset[int]

    @classmethod
    def choose(cls) -> Cores:
        """The first core for the server, the rest for all else; nothing where there is but one."""
        if not hasattr(os, "sched_setaffinity"):
            return cls(frozenset(), frozenset())
        first, *rest = sorted(os.sched_getaffinity(0))
        if not rest:
            return cls(frozenset(), frozenset())
        return cls(frozenset((first,)), frozenset(rest))

    def __str__(self) -> str:
        if not self.server:
            return "server, load and sink share the cores"
        return f"server on core {min(self.server)}, load and sink on {sorted(self.others)}"


def pin(cores: frozenset[int]) -> None:
    """Keep this process, and what it starts, to `cores`."""
    if cores:
        os.sched_setaffinity(0, cores)
