"""The tables that are printed."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.overhead._configurations import BY_NAME
from benchmarks.overhead._imports import ImportTime
from benchmarks.overhead._memory import Memory
from benchmarks.overhead._summary import Row, Spread

_MIB = 1 << 20
_HEAD = (
    "configuration", "requests/s", "ratio", "middle half", "CPU µs", "more µs", "middle half",
    "more %", "floor µs", "p50 ×", "p99 ×", "at rest", "arrived",
)  # fmt: skip


def columns(lines: Sequence[Sequence[str]]) -> str:
    """Lines of cells, the first left-aligned, the others right-aligned, the last left again."""
    widths = [max(len(line[at]) for line in lines) for at in range(len(lines[0]))]
    last = len(widths) - 1

    def aligned(at: int, cell: str) -> str:
        return cell.ljust(widths[at]) if at in (0, last) else cell.rjust(widths[at])

    return "\n".join(
        "  ".join(aligned(at, cell) for at, cell in enumerate(line)).rstrip() for line in lines
    )


def rounds_table(rows: Sequence[Row]) -> str:
    """One line a configuration, under the one that it is compared with."""
    return columns([_HEAD, *(_line(row) for row in rows)])


def _line(row: Row) -> tuple[str, ...]:
    one = row.configuration
    if one.reference == one.name:
        rest = ("1", "", f"{row.cpu_us.median:.0f}", "", "", "", "", "", "", "", _arrived(row))
        return (one.name, f"{row.rate.median:,.0f}", *rest)
    return (
        f"  {one.name}",
        f"{row.rate.median:,.0f}",
        f"{row.rate_ratio.median:.0%}±{row.rate_ratio.error * 100:.0f}",
        _range(row.rate_ratio, "{:.0%}"),
        f"{row.cpu_us.median:.0f}",
        f"{row.cpu_more_us.median:+.1f}±{row.cpu_more_us.error:.1f}",
        _range(row.cpu_more_us, "{:+.1f}"),
        f"{row.cpu_ratio.median - 1:+.0%}",
        f"{row.cpu_floor_us:+.1f}",
        f"{row.p50_ratio.median:.2f}",
        f"{row.p99_ratio.median:.2f}",
        f"{row.rest_more_ms.median:+.1f} ms/s",
        _arrived(row),
    )


def _range(spread: Spread, how: str) -> str:
    return f"{how.format(spread.low)}..{how.format(spread.high)}"


def _arrived(row: Row) -> str:
    """ "all", or the share of each kind that is not exactly one a request."""
    odd = [f"{kind} {share:.1%}" for kind, share in row.arrived.items() if share != 1]
    return ", ".join(odd) or ("all" if row.arrived else "")


def memory_table(looks: Sequence[Memory]) -> str:
    """Resident memory of each configuration over its reference."""
    known = {look.configuration: look for look in looks}
    lines = [("configuration", "MiB", "over bare", "after twice as many", "over bare", "growth")]
    for look in looks:
        bare = known[BY_NAME[look.configuration].reference]
        lines.append(
            (
                look.configuration,
                f"{look.resident_bytes / _MIB:.1f}",
                f"{(look.resident_bytes - bare.resident_bytes) / _MIB:+.1f}",
                f"{look.twice_resident_bytes / _MIB:.1f}",
                f"{(look.twice_resident_bytes - bare.twice_resident_bytes) / _MIB:+.1f}",
                f"{(look.twice_resident_bytes - look.resident_bytes) / _MIB:+.1f}",
            )
        )
    return columns(lines)


def import_line(times: ImportTime) -> str:
    wall, cpu = times.beyond(0), times.beyond(1)
    return (
        f"import clew.auto beyond importing FastAPI: {times.median(0):.0f} ms "
        f"({min(wall):.0f}..{max(wall):.0f}), CPU {times.median(1):.0f} ms "
        f"({min(cpu):.0f}..{max(cpu):.0f}), {len(wall)} times"
    )
