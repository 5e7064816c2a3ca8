"""Hypothesis: few examples by default, more where CLEW_HYPOTHESIS_EXAMPLES asks for them."""

from __future__ import annotations

from tests.support import examples

examples.load_profile()
