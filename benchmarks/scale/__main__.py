"""`python -m benchmarks.scale [PART …]`: the figures of docs/scale.md.

    wire    bytes of a span, a log record and a data point as clew sends them
    hops    CPU time of agent and gateway for a million of each, by variant
    kafka   the same where a Kafka is between the two (needs `python -m stack fetch otelcol-fleet`,
            Java and Maven: only by its name)
    stores  CPU time of Jaeger, Loki and Prometheus, and bytes on disk
    fleet   10, 100 and 1,000 instances: how cost grows
    model   from 100 to a million spans a second, of what the others measured last

Without a word: all the others, about ten minutes. CPU time is the processes' own clock, so that
other work on the machine lengthens a run and changes its figures little; the load is printed.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from benchmarks.chaos._stack import own_stack
from benchmarks.overhead import _machine
from benchmarks.scale import _fleet, _gateway, _kafka, _model, _payload, _results, _stores

_FLEETS = (10, 100, 1000)


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.scale", description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    parser.add_argument("parts", nargs="*", metavar="PART", help=", ".join(_PARTS))
    parser.add_argument("--short", action="store_true", help="a look, and no figures to keep")
    given = parser.parse_args(arguments)
    unknown = set(given.parts) - _PARTS.keys()
    if unknown:
        parser.error(f"no part {', '.join(sorted(unknown))}: choose from {', '.join(_PARTS)}")
    machine = _machine.describe()
    print(f"{machine['processor']}, {machine['cores']} cores, Linux {machine['kernel']}")
    with tempfile.TemporaryDirectory(prefix="clew-scale-") as folder:
        for part in given.parts or [name for name in _PARTS if name != "kafka"]:
            print(f"\n{part} (load average {os.getloadavg()[0]:.1f})", flush=True)
            _PARTS[part](Path(folder) / part, given.short)
    return 0


def _wire(_folder: Path, _short: bool) -> None:
    _row("signal", "items", "bytes each", "with gzip")
    for signal, each in _payload.record().items():
        plain, packed = each.plain_bytes / each.items, each.gzip_bytes / each.items
        _results.keep("wire", signal, packed)
        _row(signal, str(each.items), f"{plain:.0f}", f"{packed:.0f}")


def _hops(folder: Path, short: bool) -> None:
    _costs(_gateway.measure(folder, _payload.record(), _rounds(short)))


def _kafka_part(folder: Path, short: bool) -> None:
    _costs(_kafka.measure(folder, _payload.record(), _rounds(short)))


def _rounds(short: bool) -> int:
    if short:
        _gateway.ITEMS = dict.fromkeys(_gateway.ITEMS, 5_000)
    return 1 if short else _gateway.ROUNDS


def _costs(measured: Iterable[_gateway.Cost | _kafka.Written]) -> None:
    _row("hop", "signal", "CPU s a million", "range", "items/s a core", "MiB")
    for each in measured:
        if isinstance(each, _kafka.Written):
            _row(each.variant, each.signal, "on disk, each", f"{each.disk_bytes:.0f} bytes")
            continue
        _results.keep("cpu", f"{each.hop}/{each.signal}", each.median_s)
        between = f"{each.least_s:.1f} to {each.most_s:.1f}"
        rate = f"{each.items_a_core:,.0f}"
        _row(
            each.hop, each.signal, f"{each.median_s:.1f}", between, rate, f"{each.resident_mib:.0f}"
        )


def _stores_part(folder: Path, short: bool) -> None:
    recorded = _payload.record()
    _row("signal", "items", "store", "CPU s a million", "gateway's", "bytes on disk", "MiB")
    with own_stack(folder) as stack:
        for each in _stores.measure(stack, folder, recorded, 20_000 if short else 200_000):
            _results.keep("cpu", f"{each.store}/{each.signal}", each.store_cpu_s)
            _results.keep("disk", each.signal, each.disk_bytes)
            _row(
                each.signal, f"{each.items:,}", each.store, f"{each.store_cpu_s:.1f}",
                f"{each.gateway_cpu_s:.1f}", f"{each.disk_bytes:.0f}", f"{each.resident_mib:.0f}",
            )  # fmt: skip


def _fleet_part(folder: Path, short: bool) -> None:
    recorded = _payload.record(requests=20)
    print("each instance, every 10 s: " + ", ".join(
        f"{each.items} {signal}" for signal, each in recorded.items()
    ))  # fmt: skip
    _row("instances", "series", "gateway", "prometheus", "jaeger", "loki", "gateway MiB",
         "prometheus MiB", "late")  # fmt: skip
    with own_stack(folder) as stack:
        for instances in _FLEETS[:2] if short else _FLEETS:
            each = _fleet.measure(stack, recorded, instances, 1 if short else 2)
            _row(
                str(instances), f"{each.series:,}", *(
                    f"{cores * 100:.1f}%" for cores in (
                        each.gateway_cores, each.prometheus_cores, each.jaeger_cores,
                        each.loki_cores,
                    )
                ), f"{each.gateway_mib:.0f}", f"{each.prometheus_mib:.0f}", str(each.late),
            )  # fmt: skip


def _model_part(_folder: Path, _short: bool) -> None:
    _row("spans/s", "instances", "agents", "gateways", "jaeger", "loki", "prometheus", "MB/s in",
         "GB a day")  # fmt: skip
    for need in _model.ladder(_results.costs(sampled=False)):
        _row(
            f"{need.spans:,.0f}", f"{need.instances:,.0f}",
            *(f"{need.cores[hop]:.2f}" for hop in
              ("agent", "gateway", "jaeger", "loki", "prometheus")),
            f"{need.wire_mb_s:,.2f}", f"{sum(need.disk_gb_day.values()):,.0f}",
        )  # fmt: skip


def _row(first: str, *others: str) -> None:
    print(f"  {first:<44}" + "".join(f"{cell:>17}" for cell in others), flush=True)


_PARTS: dict[str, Callable[[Path, bool], None]] = {
    "wire": _wire,
    "hops": _hops,
    "kafka": _kafka_part,
    "stores": _stores_part,
    "fleet": _fleet_part,
    "model": _model_part,
}

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
