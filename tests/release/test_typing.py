"""The public API's types, as a user's strict type checker sees them."""

import textwrap
from pathlib import Path

import pytest
from mypy import api

ROOT = Path(__file__).resolve().parents[2]
_STRICT = ["--strict", "--config-file", str(ROOT / "pyproject.toml")]


@pytest.mark.long
def test_every_use_is_accepted() -> None:
    """mypy, strict, has nothing to say of tests/typing/api.py."""
    said, problems, code = api.run([*_STRICT, str(ROOT / "tests" / "typing" / "api.py")])
    assert (code, problems) == (0, ""), said


def test_a_wrong_use_is_refused(tmp_path: Path) -> None:
    """Arguments of another type, and an id taken as always there, are errors: clew is no Any."""
    file = tmp_path / "wrong.py"
    file.write_text(
        textwrap.dedent(
            """\
            import clew
            clew.flush("soon")
            clew.correlation_id().upper()
            clew.bind_correlation_id(7)
            """
        )
    )
    said, _, code = api.run([*_STRICT, str(file)])
    assert code == 1
    assert [f"wrong.py:{line}: error" in said for line in (2, 3, 4)] == [True] * 3, said
