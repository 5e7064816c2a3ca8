"""The compiled encoders of the common case, where clew was installed with a compiler at hand."""

from __future__ import annotations

from typing import Any

__all__ = ["record", "span"]

try:
    from clew.export._native import record, span
except ImportError:

    def span(ended: Any) -> bytes | None:
        """None: the encoder in Python does it all."""
        return None

    def record(item: Any, elsewhere: int) -> bytes | None:
        """None: the encoder in Python does it all."""
        return None
