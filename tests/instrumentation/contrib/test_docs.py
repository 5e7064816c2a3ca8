"""docs/instrumentations.md: its rows name tests that exist, and no instrumentation is forgotten."""

from __future__ import annotations

import re

import pytest

from clew._contrib import KNOWN
from tests.support.processes import ROOT

TEXT = (ROOT / "docs" / "instrumentations.md").read_text()
ROWS = re.findall(r"^\| ([^|]+) \| ([^|]+) \| [^|]+ \| ([^|]+) \|", TEXT, re.MULTILINE)[1:]
# Library in the table → what its test calls it.
CALLED = {"grpcio": "grpc", "kafka-python": "kafka", "aio-pika": "aio_pika", "FastAPI": "fastapi"}


@pytest.mark.parametrize(("library", "by", "tests"), ROWS, ids=[row[0] for row in ROWS])
def test_a_row_s_test_exists(library: str, by: str, tests: str) -> None:
    """The file is there, and is about that library."""
    name = re.split(r"[ ,]", library)[0]
    called = CALLED.get(name, name).lower().replace("-", "_")
    for path in re.findall(r"`([^`]+)`", tests):
        text = (ROOT / path).read_text().lower()
        assert called in text or called == "fastapi", path
    assert by.startswith(("clew", "contributed"))


def test_every_instrumentation_that_is_loaded_is_named() -> None:
    """Those that `clew._contrib` knows are rows, or in the list of the untested."""
    named = re.sub(r"[-_]", "", TEXT).lower()
    missing = [one for one in KNOWN if re.sub(r"[-_]", "", one) not in named]
    assert not missing
