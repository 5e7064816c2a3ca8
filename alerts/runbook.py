"""A runbook's steps as data, so that what it tells people to ask can be asked by a program.

A step is a numbered line and a block under it: `promql`, `logql`, or `sh` for a command. `$name`
in a block is a label of the alert. A step whose answer may well be nothing says so at its end, and
when: `(nothing if …)`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

HERE = Path(__file__).resolve().parent / "runbooks"
KINDS = ("promql", "logql", "sh")
_STEP = re.compile(r"^\d+\. ([^\n]*)\n\n {3}```(\w+)\n(.*?)\n {3}```$", re.M | re.S)
_VARIABLE = re.compile(r"\$([a-z_]+)")


@dataclass(frozen=True)
class Step:
    """`kind` is of KINDS."""

    title: str
    kind: str
    text: str

    @property
    def may_be_empty(self) -> bool:
        return "(nothing if " in self.title

    def filled(self, labels: Mapping[str, str]) -> Step:
        """The step with an alert's labels filled in. Raises KeyError for one that it lacks."""
        return replace(self, text=_VARIABLE.sub(lambda found: labels[found.group(1)], self.text))


def steps(alert: str, folder: Path = HERE) -> list[Step]:
    """The steps of an alert's runbook, in order."""
    text = (folder / f"{alert}.md").read_text(encoding="utf-8")
    return [
        Step(title, kind, re.sub(r"^ {3}", "", block, flags=re.M))
        for title, kind, block in _STEP.findall(text)
    ]
