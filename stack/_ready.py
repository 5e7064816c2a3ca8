"""Waiting until components are ready."""

import http.client
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from stack._clock import Clock
from stack._errors import ComponentFailed
from stack._greetings import greet, is_greeted

_POLL = 0.1  # seconds
_PROBE_SECONDS = 2.0
# Loopback is never behind a proxy, whatever HTTP_PROXY says.
_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def answers(url: str) -> bool:
    """Tell whether the address answers with success."""
    if is_greeted(url):
        return greet(url)
    try:
        with _OPENER.open(url, timeout=_PROBE_SECONDS) as answer:
            return bool(200 <= answer.status < 300)
    except (urllib.error.URLError, OSError, http.client.HTTPException):
        return False


@dataclass(frozen=True)
class Starting:
    """A component on its way up.

    `exit_code` returns None while it runs; `last_words` returns the end of its log.
    """

    name: str
    ready_url: str
    exit_code: Callable[[], int | None]
    last_words: Callable[[], str]


def wait_until_ready(
    starting: Mapping[str, Starting],
    timeout: float,
    clock: Clock,
    probe: Callable[[str], bool],
    on_ready: Callable[[str], None],
) -> None:
    """Return when all are ready; raise ComponentFailed when one ends, or `timeout` seconds pass."""
    deadline = clock.monotonic() + timeout
    left = dict(starting)
    while left:
        for name, component in list(left.items()):
            code = component.exit_code()
            if code is not None:
                raise ComponentFailed(
                    f"{name} ended while it started, with {_spell(code)}. It said last:\n"
                    + component.last_words()
                )
            if probe(component.ready_url):
                del left[name]
                on_ready(name)
        if left and clock.monotonic() >= deadline:
            raise _late(left, timeout)
        if left:
            clock.sleep(_POLL)


def _late(left: Mapping[str, Starting], timeout: float) -> ComponentFailed:
    parts = [
        f"{name} does not answer at {component.ready_url}. It said last:\n{component.last_words()}"
        for name, component in left.items()
    ]
    parts.append("On a slow machine give it more time: CLEW_STACK_TIMEOUT (seconds).")
    return ComponentFailed(f"not ready after {timeout:g} s:\n" + "\n".join(parts))


def _spell(code: int) -> str:
    return f"signal {-code}" if code < 0 else f"exit code {code}"
