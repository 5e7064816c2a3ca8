"""Compiled or in Python: the same calls make the same of everything."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.conformance.path.calls import (
    AROUND,
    CARRIERS,
    ENDS,
    URLS,
    in_handler,
    served_calls,
)
from tests.conformance.path.sent import (
    METHODS,
    SELDOM,
    SETTINGS,
)
from tests.conformance.path.sides import (
    both_sides,
)

pytest.importorskip("clew._path_native", reason="clew was installed without a compiler")


@given(
    st.lists(
        st.tuples(
            st.one_of(st.just(in_handler), st.sampled_from(AROUND)),
            st.tuples(METHODS, URLS, st.one_of(st.just(dict), st.sampled_from(CARRIERS))),
            ENDS,
        ),
        min_size=1,
        max_size=3,
    ),
    SETTINGS,
    SELDOM,
)
def test_any_client_call_makes_the_same(calls: Any, settings: Any, watched: bool) -> None:
    """Span, headers, context, measurement: whatever the URL is, and where it is called."""
    both_sides(lambda side: list(served_calls(side, calls)), settings, watched)
