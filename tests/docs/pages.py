"""The documentation's pages, cut into blocks: files to write, and commands with what they print."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"

_BLOCK = re.compile(
    r"(?:<!-- not run: (?P<reason>[^>]+) -->\n)?"
    r"^```(?P<language>\w+)(?: title=\"(?P<title>[^\"]+)\")?\n(?P<body>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)
# What stands for itself in an output, whatever is there.
_ANYTHING = "…"


@dataclass(frozen=True)
class Command:
    """A line that is typed, and the lines that must then be printed, in this order."""

    line: str
    prints: tuple[str, ...]

    @property
    def is_server(self) -> bool:
        return self.line.endswith("&")

    def missing(self, said: str) -> str | None:
        """The first expected line that `said` lacks; an ellipsis stands for anything."""
        lines = iter(said.replace("\r", "").splitlines())
        for wanted in self.prints:
            pattern = ".*".join(re.escape(part) for part in wanted.split(_ANYTHING))
            if not any(re.fullmatch(pattern, line.rstrip()) for line in lines):
                return wanted
        return None


@dataclass(frozen=True)
class Block:
    """One fenced block. `reason` says why it is not run, where it is not."""

    language: str
    title: str
    body: str
    reason: str

    def commands(self) -> Iterator[Command]:
        """What a `console` block has typed: lines that begin with a dollar."""
        typed: str | None = None
        prints: list[str] = []
        for line in self.body.splitlines():
            if line.startswith("$ "):
                if typed is not None:
                    yield Command(typed, tuple(prints))
                typed, prints = line[2:], []
            elif line and line != _ANYTHING:
                prints.append(line)
        if typed is not None:
            yield Command(typed, tuple(prints))


def blocks(page: Path) -> list[Block]:
    return [
        Block(found["language"], found["title"] or "", found["body"], found["reason"] or "")
        for found in _BLOCK.finditer(page.read_text(encoding="utf-8"))
    ]


# Pages whose commands other tests run, and which.
TYPED_ELSEWHERE = {"cli.md": "tests/docs/test_cli_output.py, which also writes what they print"}


def pages() -> list[Path]:
    """Pages with commands that are typed."""
    return [
        page
        for page in sorted(DOCS.glob("*.md"))
        if page.name not in TYPED_ELSEWHERE
        and any(block.language == "console" for block in blocks(page))
    ]
