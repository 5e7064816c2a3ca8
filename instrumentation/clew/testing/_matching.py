"""What all three signals search alike."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from time import monotonic, sleep
from typing import Any, TypeVar

Found = TypeVar("Found")
_PAUSE = 0.005  # s, between two looks


def holds(given: Mapping[str, Any], wanted: Mapping[str, Any] | None) -> bool:
    """True if `given` has each of `wanted`; a list equals a tuple, which OpenTelemetry keeps."""
    return all(
        key in given and _plain(given[key]) == _plain(value)
        for key, value in (wanted or {}).items()
    )


def _plain(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def exactly_one(
    look: Callable[[], Sequence[Found]],
    wait: float,
    asked: Mapping[str, Any],
    shown: Callable[[], str],
) -> Found:
    """What `look` finds, looked for again for `wait` seconds while it is not there.

    Raises:
        AssertionError: it found none, or several; the message shows what there is.
    """
    deadline = monotonic() + wait
    found = look()
    while not found and monotonic() < deadline:
        sleep(_PAUSE)
        found = look()
    if len(found) == 1:
        return found[0]
    wanted = ", ".join(f"{key}={value!r}" for key, value in asked.items() if value is not None)
    raise AssertionError(f"{len(found)} match {wanted or 'at all'}, not 1. There are:\n{shown()}")
