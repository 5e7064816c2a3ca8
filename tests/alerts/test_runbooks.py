"""Runbooks: whole, and with steps that a program can ask."""

from __future__ import annotations

from pathlib import Path

import pytest

from alerts import runbook

FILES = sorted(runbook.HERE.glob("*.md"))
each_runbook = pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)


@each_runbook
def test_a_runbook_has_all_its_parts(file: Path) -> None:
    """What it means, where to look first, steps, remedy, and whom to call."""
    text = file.read_text(encoding="utf-8")
    for part in ("**Meaning.** ", "**First look.** ", "## Steps", "## Remedy", "## Escalation"):
        assert part in text
    assert text.startswith(f"# {file.stem}\n")


@each_runbook
def test_every_block_of_a_runbook_is_a_step(file: Path) -> None:
    """None is missed by the reader of steps, and so by the drill; their numbers run on."""
    found = runbook.steps(file.stem)
    text = file.read_text(encoding="utf-8")
    assert len(found) == text.count("```") / 2 >= 2
    assert all(step.title and step.kind in runbook.KINDS for step in found)
    assert [text.find(f"{n}. {step.title}") >= 0 for n, step in enumerate(found, 1)] == [
        True for _ in found
    ]


def test_a_step_is_filled_in_and_says_which_label_it_lacks(tmp_path: Path) -> None:
    """A query is never asked with a variable left in it."""
    (tmp_path / "A.md").write_text(
        '1. Why? (nothing if all is well)\n\n   ```logql\n   {a="$b"}\n   ```\n'
    )
    [step] = runbook.steps("A", tmp_path)
    assert step.may_be_empty
    assert step.filled({"b": "c"}).text == '{a="c"}'
    with pytest.raises(KeyError, match="b"):
        step.filled({})
