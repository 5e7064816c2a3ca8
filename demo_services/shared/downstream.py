"""Calls to another service: tried again when they fail, not tried at all while it is down."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import pybreaker
import requests
import tenacity

from demo_services.shared import telemetry

logger = logging.getLogger(__name__)

T = TypeVar("T")


class Unavailable(Exception):
    """A service gave no answer that can be used. The message says why, for people."""


class ServerFailed(Exception):
    """An answer of 500 or above."""

    def __init__(self, status: int) -> None:
        super().__init__(f"it failed with {status}")
        self.status = status


@dataclass(frozen=True)
class Patience:
    """How long to wait, how often to try, when to give up for a while. Times in seconds."""

    connect_s: float = 0.5
    read_s: float = 2.0
    attempts: int = 3
    first_pause_s: float = 0.05
    failures_to_open: int = 5
    open_s: float = 5.0

    @property
    def timeout(self) -> tuple[float, float]:
        """As `requests` wants it: (to connect, between two bytes read)."""
        return (self.connect_s, self.read_s)


class Downstream:
    """One service that is called, with its breaker.

    `failures` are the exceptions that mean the service is unwell. What it refuses for good reason
    is an answer, and no exception.
    """

    def __init__(
        self, name: str, patience: Patience, failures: tuple[type[Exception], ...]
    ) -> None:
        self.name = name
        self.patience = patience
        self._failures = failures
        self._breaker = pybreaker.CircuitBreaker(
            fail_max=patience.failures_to_open,
            reset_timeout=patience.open_s,
            exclude=[lambda error: not isinstance(error, failures)],
            listeners=[_Listener(name)],
            # The error that opens it is more telling than that it has opened.
            throw_new_error_on_trip=False,
        )
        telemetry.breaker_is(name, "closed")

    def call(self, action: Callable[[], T], attempts: int | None = None) -> T:
        """The result of `action`, which must be safe to do twice.

        Raises Unavailable when all `attempts` failed, or when the breaker is open.
        """
        try:
            result: T = self._retrying(attempts or self.patience.attempts)(self._guarded, action)
            return result
        except pybreaker.CircuitBreakerError as error:
            telemetry.breaker_rejected(self.name)
            raise Unavailable(f"the {self.name} service is not asked for now: it failed") from error
        except self._failures as error:
            logger.error("the %s service: %s", self.name, error)
            raise Unavailable(self._reason(error)) from error

    def _guarded(self, action: Callable[[], T]) -> T:
        # Not `breaker.call`: that holds the breaker's lock during the call, one call at a time.
        with self._breaker.calling():
            return action()

    def _retrying(self, attempts: int) -> tenacity.Retrying:
        return tenacity.Retrying(
            stop=tenacity.stop_after_attempt(attempts),
            wait=tenacity.wait_random_exponential(self.patience.first_pause_s, max=1),
            retry=tenacity.retry_if_exception_type(self._failures),
            before_sleep=self._tell,
            reraise=True,
        )

    def _tell(self, state: tenacity.RetryCallState) -> None:
        error = state.outcome.exception() if state.outcome else None
        telemetry.retried(self.name, state.attempt_number, type(error).__name__)

    def _reason(self, error: Exception) -> str:
        if isinstance(error, requests.Timeout):
            return f"the {self.name} service did not answer in time"
        if isinstance(error, requests.ConnectionError):
            return f"the {self.name} service can't be reached"
        return f"the {self.name} service failed"


class _Listener(pybreaker.CircuitBreakerListener):
    def __init__(self, name: str) -> None:
        self._name = name

    def state_change(self, cb: Any, old_state: Any, new_state: Any) -> None:
        before = old_state.name if old_state is not None else "closed"
        logger.warning("breaker of %s: %s, was %s", self._name, new_state.name, before)
        telemetry.breaker_changed(self._name, before, new_state.name)
