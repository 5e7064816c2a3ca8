"""What can go wrong while reading telemetry back.

ReaderError
├── BackendUnavailable   no answer: refused, timed out, or a 5xx that says "not now"
└── BackendRefused       an answer that can't be used: a 4xx, or a body of another shape
"""

from __future__ import annotations

from clew._exceptions import ClewError


class ReaderError(ClewError):
    """A place where telemetry is kept could not be read."""


class BackendUnavailable(ReaderError):
    """The backend gave no usable answer in time; asking again later may help."""

    def __init__(self, backend: str, address: str, variable: str, reason: str) -> None:
        self.backend = backend
        self.address = address
        self.variable = variable
        super().__init__(
            f"{backend} did not answer at {address} ({reason}). "
            f"Start it, or set {variable} to where it is."
        )


class BackendRefused(ReaderError):
    """The backend answered, but refused the question or answered in an unknown shape."""

    def __init__(self, backend: str, address: str, reason: str) -> None:
        self.backend = backend
        self.address = address
        super().__init__(f"{backend} at {address} could not answer the question: {reason}")
