"""How many examples Hypothesis makes of each property."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

_KEY = "CLEW_HYPOTHESIS_EXAMPLES"


def load_profile() -> None:
    """Few examples, so that `make test` stays short; CLEW_HYPOTHESIS_EXAMPLES=2000 for a hunt."""
    settings.register_profile(
        "clew",
        max_examples=int(os.environ.get(_KEY, "60")),
        deadline=None,  # machines differ; tests never assert wall-clock time
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
    )
    settings.load_profile("clew")
