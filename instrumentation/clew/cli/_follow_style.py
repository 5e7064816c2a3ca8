"""How text looks: colors, signs, and the cleaning of what services wrote."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from datetime import datetime, timezone

import click

NUMBER_COLUMNS = 8
"""Room for 16 minutes in milliseconds; longer ones push their line to the right."""

_NARROW_COLUMNS = 120

_PALETTE = ("cyan", "magenta", "blue", "yellow", "green", "bright_cyan", "bright_magenta")


@dataclass(frozen=True)
class Style:
    """What the output can show. `width` is in columns, None where lines may be of any length."""

    color: bool = False
    unicode: bool = True
    width: int | None = None
    stack: bool = False

    @property
    def bar(self) -> str:
        """The sign of which the bars are made."""
        return "█" if self.unicode else "#"

    @property
    def tick(self) -> str:
        """The sign that marks a moment."""
        return "·" if self.unicode else "."

    @property
    def edge(self) -> str:
        """The sign between columns."""
        return "│" if self.unicode else "|"

    @property
    def cross(self) -> str:
        """The sign of an error."""
        return "✗" if self.unicode else "x"

    @property
    def bar_columns(self) -> int:
        """How wide the bars' column is: less where the line has to be short."""
        return 10 if self.width is not None and self.width < _NARROW_COLUMNS else 24

    @property
    def before_text(self) -> int:
        """How many columns the times and the bar take, with the edges between them."""
        return 2 * (NUMBER_COLUMNS + 3) + self.bar_columns + 3

    def red(self, text: str) -> str:
        """What went wrong."""
        return self._styled(text, fg="red")

    def bold(self, text: str) -> str:
        """What is to be seen first."""
        return self._styled(text, bold=True)

    def dim(self, text: str) -> str:
        """What matters less."""
        return self._styled(text, dim=True)

    def of_service(self, text: str, service: str, services: list[str]) -> str:
        """The text in the service's color, which is the same in the whole output."""
        return self._styled(text, fg=_PALETTE[services.index(service) % len(_PALETTE)])

    def cut(self, text: str, used: int) -> str:
        """The text, shortened to what is left of the line after `used` columns."""
        if self.width is None or used + len(text) <= self.width:
            return text
        room = max(10, self.width - used)
        return text if len(text) <= room else text[: room - 1] + ("…" if self.unicode else ">")

    def wrapped(self, text: str, used: int) -> list[str]:
        """The text in lines that fit beside `used` columns; one where lines may be of any length.

        What can't be broken, such as an address, stays whole: it is to be copied.
        """
        if self.width is None:
            return [text]
        room = max(30, self.width - used)
        return textwrap.wrap(text, room, break_long_words=False, break_on_hyphens=False) or [""]

    def _styled(self, text: str, **how: object) -> str:
        return click.style(text, **how) if self.color else text  # type: ignore[arg-type]


def clean(text: str, unicode: bool = True) -> str:
    """The text on one line, harmless to a terminal: what can't be printed becomes an escape.

    Services log what strangers send them; escape sequences among it must not reach the terminal.
    """
    shown = "".join(one if one.isprintable() else _escape(one) for one in text.rstrip())
    return shown if unicode else shown.encode("ascii", "backslashreplace").decode()


def milliseconds(nanoseconds: int) -> str:
    """Nanoseconds as milliseconds with one digit, as wide as its column."""
    return f"{nanoseconds / 1e6:{NUMBER_COLUMNS}.1f}"


def moment(time_ns: int) -> str:
    """A point in time for people, to the millisecond, in UTC."""
    seconds, rest = divmod(time_ns, 10**9)
    date = datetime.fromtimestamp(seconds, timezone.utc)
    return f"{date:%Y-%m-%d %H:%M:%S}.{rest // 10**6:03d} UTC"


def _escape(character: str) -> str:
    return character.encode("unicode_escape").decode()
