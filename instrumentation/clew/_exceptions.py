"""Errors that clew raises. All of them derive from `ClewError`.

ClewError
└── ConfigurationError   a setting that cannot be used; raised at start, never in a request
"""

from __future__ import annotations

from collections.abc import Sequence


class ClewError(Exception):
    """Base of all errors that clew raises."""


class ConfigurationError(ClewError):
    """One or more settings are invalid.

    `problems` holds one sentence for each: the key, the value found, and what is allowed.
    """

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(self.problems))
