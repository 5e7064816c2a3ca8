"""The compiled encoders of the common case, where clew was installed with a compiler at hand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def _none(*given: Any) -> None:
    """The answer where nothing is compiled: the encoders in Python do it all."""


# What an ended span, or a log record without so many attributes that it begins with, is encoded as;
# None where it is out of the common.
span: Callable[[Any], bytes | None] = _none
record: Callable[[Any, int], bytes | None] = _none

try:
    from clew.export import _native
except ImportError:
    COMPILED = False
else:
    span, record = _native.span, _native.record
    COMPILED = True
