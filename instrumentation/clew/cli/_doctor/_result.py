"""What one check came to."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class State(Enum):
    """GOOD: as it should be. PROBLEM: to be mended. SKIPPED: could not be looked at."""

    GOOD = "good"
    PROBLEM = "problem"
    SKIPPED = "skipped"


@dataclass(frozen=True)
class Result:
    """`check` names it; `found` says what is there. A PROBLEM says why it matters, and the fix."""

    check: str
    state: State
    found: str
    why: str = ""
    fix: str = ""


def good(check: str, found: str) -> Result:
    """All is well."""
    return Result(check, State.GOOD, found)


def problem(check: str, found: str, why: str, fix: str) -> Result:
    """Something to mend."""
    return Result(check, State.PROBLEM, found, why, fix)


def skipped(check: str, reason: str) -> Result:
    """Not looked at, and what it would need."""
    return Result(check, State.SKIPPED, reason)
