"""How much of anything is kept. What is over is clipped and counted, never an error."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """Lengths in characters, sizes in bytes."""

    body: int = 16 << 20
    """A request after decompression. The Collector's own receiver allows 20 MiB."""
    attributes: int = 128
    """A span's, event's or log's attributes: the SDK's default limit."""
    value: int = 8 << 10
    stacktrace: int = 64 << 10
    log_body: int = 32 << 10
    name: int = 512
    events: int = 128
    links: int = 128
    buckets: int = 512
    future: int = 24 * 3600
    """Seconds: a time later than this from now is taken for a mistake and set to now."""
