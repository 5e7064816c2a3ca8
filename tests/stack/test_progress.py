"""Progress: plain lines for logs, a line that renews itself for a terminal."""

import io

import pytest

from stack._progress import Progress, spell
from tests.stack.fakes import ScriptedClock


class Terminal(io.StringIO):
    """A stream that says that it is a terminal."""

    def isatty(self) -> bool:
        """Say so."""
        return True


def test_off_a_terminal_work_is_told_every_half_minute() -> None:
    """Twenty ticks of five seconds make three lines in between, without control characters."""
    clock, stream = ScriptedClock(), io.StringIO()
    work = Progress(stream, clock).work("building loki")
    for _ in range(20):
        clock.time += 5
        work.tick()
    work.done("built")
    assert stream.getvalue().splitlines() == [
        "building loki …",
        "building loki: 30 s so far",
        "building loki: 1 min 0 s so far",
        "building loki: 1 min 30 s so far",
        "built (1 min 40 s)",
    ]


def test_on_a_terminal_every_tick_renews_the_line() -> None:
    """A tick rewrites the line in place, and the outcome clears it."""
    clock, stream = ScriptedClock(), Terminal()
    work = Progress(stream, clock).work("building loki")
    clock.time += 1
    work.tick()
    work.done("built")
    assert stream.getvalue().endswith("\r\x1b[2Kbuilding loki: 1 s so far\r\x1b[2Kbuilt (1 s)\n")


@pytest.mark.parametrize(
    ("seconds", "spelled"), [(0.4, "0 s"), (59.9, "59 s"), (252, "4 min 12 s"), (7500, "2 h 5 min")]
)
def test_durations_are_spelled(seconds: float, spelled: str) -> None:
    """Seconds, minutes and hours are told in the two units that matter."""
    assert spell(seconds) == spelled
