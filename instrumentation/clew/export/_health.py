"""clew's own health as metrics: what arrived, what was lost and why, what waits."""

from __future__ import annotations

from typing import Protocol

from clew import _faults, _names, correlation
from clew.export import _metrics as encode
from clew.export._buffer import count_of


class Health(Protocol):
    """Where the numbers come from."""

    def sent(self) -> dict[str, int]:
        """{signal: items that the endpoint has accepted}"""

    def dropped(self) -> dict[tuple[str, str], int]:
        """{(signal, reason): items that were made and will not arrive}"""

    def queued_bytes(self) -> int:
        """Bytes encoded and not yet accepted."""

    def spooled_bytes(self) -> int:
        """Bytes on disk, not yet accepted."""

    def certificates(self) -> dict[str, tuple[str, int, int]]:
        """{signal: (host, port, end in s since the epoch)} where one was verified."""


def health_metrics(health: Health, start: int, now: int) -> list[bytes]:
    """Each number as an encoded `Metric`. `start` and `now` are ns since the epoch."""

    def counter(
        name: str, about: str, unit: str, points: list[tuple[dict[str, str], int]]
    ) -> bytes:
        return encode.sum_of(name, about, unit, points, start, now, monotonic=True)

    def level(name: str, about: str, value: int) -> bytes:
        return encode.sum_of(name, about, "By", [({}, value)], start, now, monotonic=False)

    sent = [({_names.SIGNAL: signal}, items) for signal, items in health.sent().items()]
    dropped = [
        ({_names.SIGNAL: signal, _names.REASON: reason}, items)
        for (signal, reason), items in health.dropped().items()
    ]
    ends = [
        ({_names.SIGNAL: signal, _names.SERVER_ADDRESS: host, _names.SERVER_PORT: port}, end)
        for signal, (host, port, end) in health.certificates().items()
    ]
    replaced, faults = count_of(correlation.replaced), _faults.total()
    return [
        counter(_names.EXPORT_SENT, "Items that the endpoint has accepted.", "{item}", sent),
        counter(_names.EXPORT_DROPPED, "Items made that will not arrive.", "{item}", dropped),
        level(_names.EXPORT_QUEUED, "In memory, not yet accepted.", health.queued_bytes()),
        level(_names.EXPORT_SPOOLED, "On disk, not yet accepted.", health.spooled_bytes()),
        encode.gauge(
            _names.EXPORT_CERTIFICATE_NOT_AFTER,
            "When the endpoint's certificate ends, since the epoch.",
            "s",
            ends,
            now,
        ),
        counter(
            _names.CORRELATION_REPLACED,
            "Invalid correlation ids from callers, replaced.",
            "{id}",
            [({}, replaced)],
        ),
        counter(
            _names.FAULTS,
            "Faults of clew's own that it kept from the application.",
            "{fault}",
            [({}, faults)],
        ),
    ]
