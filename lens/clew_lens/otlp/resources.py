"""Resources: decoded once, remembered by their bytes."""

from __future__ import annotations

import hashlib
import threading
from typing import Any

from .. import _names
from ..store.batch import ResourceRow
from .limits import Limits
from .values import attributes, text_of, to_json


def stable_id(*parts: object) -> int:
    """A 64-bit id that is the same in every run."""
    digest = hashlib.blake2b("\x1f".join(map(str, parts)).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big")


class Resources:
    """A bounded cache from a resource's encoded bytes to its row."""

    def __init__(self, limits: Limits, size: int = 1024) -> None:
        self._limits = limits
        self._size = size
        self._rows: dict[bytes, ResourceRow] = {}
        self._lock = threading.Lock()

    def row(self, resource: Any) -> ResourceRow:
        """The row for an OTLP Resource message."""
        key = resource.SerializeToString()
        row = self._rows.get(key)
        if row is None:
            row = self._decode(resource)
            with self._lock:
                if len(self._rows) >= self._size:
                    self._rows.clear()
                self._rows[key] = row
        return row

    def _decode(self, resource: Any) -> ResourceRow:
        attrs, _ = attributes(resource.attributes, self._limits)
        limit = self._limits.name
        service = text_of(attrs.get(_names.SERVICE_NAME)) or _names.UNKNOWN_SERVICE
        attrs_json = to_json(dict(sorted(attrs.items())))
        return ResourceRow(
            id=stable_id(attrs_json),
            service=service[:limit],
            version=text_of(attrs.get(_names.SERVICE_VERSION))[:limit],
            instance=text_of(attrs.get(_names.SERVICE_INSTANCE))[:limit],
            attrs=attrs_json,
        )
