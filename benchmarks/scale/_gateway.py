"""CPU time of a collector for each item: the gateway in its variants, and the agent."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from benchmarks.overhead._usage import cpu_seconds, resident_bytes, settle
from benchmarks.scale._null import Null, null
from benchmarks.scale._payload import Recorded, again
from benchmarks.scale._send import send_all
from tests.collector.running import Collector, agent, gateway

# Items of one measurement, about. Enough that start-up and idling do not count. Fewer data points,
# which come in small requests, one of each instance.
ITEMS = {"traces": 100_000, "logs": 100_000, "metrics": 20_000}
ROUNDS = 2
Runs = dict[tuple[str, str], list[tuple[float, float]]]
"""By hop and signal, of each round: CPU seconds for a million items, and MiB resident."""
_PLAIN = """\
# Only for the benchmark: what masking costs is what is missing here.
service:
  pipelines:
    traces: {processors: [memory_limiter]}
    logs: {processors: [memory_limiter]}
"""
TAIL = {"CLEW_SAMPLING_WAIT": "2s", "CLEW_SAMPLING_TRACES": "200000"}


@dataclass(frozen=True)
class Cost:
    """CPU seconds for a million items, the middle of the rounds, and their range."""

    hop: str
    signal: str
    median_s: float
    least_s: float
    most_s: float
    resident_mib: float

    @property
    def items_a_core(self) -> float:
        """Items a second that one core takes."""
        return 1_000_000 / self.median_s


def measure(folder: Path, recorded: dict[str, Recorded], rounds: int = ROUNDS) -> Iterator[Cost]:
    """Each variant with each signal that it treats differently, in interleaved rounds."""
    plain = folder / "plain.yaml"
    folder.mkdir(parents=True, exist_ok=True)
    plain.write_text(_PLAIN)
    bodies = requests(recorded)
    runs: Runs = {}
    for turn in range(rounds):
        for hop in ("agent", "gateway, no masking", "gateway", "gateway, tail sampling"):
            place = folder / f"{turn}-{hop.replace(' ', '-').replace(',', '')}"
            with null(place / "null") as sink, _start(hop, place, plain, sink) as collector:
                for signal, each in recorded.items():
                    if hop == "gateway, tail sampling" and signal != "traces":
                        continue
                    items = each.items * len(bodies[signal])
                    used = _used(collector, signal, bodies[signal])
                    runs.setdefault((hop, signal), []).append((used[0] / items * 1e6, used[1]))
    yield from summed(runs)


def requests(recorded: dict[str, Recorded]) -> dict[str, list[bytes]]:
    """By signal, requests of about ITEMS together, each of another instance."""
    return {
        signal: [
            again(each, f"i-{number}") for number in range(max(1, ITEMS[signal] // each.items))
        ]
        for signal, each in recorded.items()
    }


def summed(runs: Runs) -> Iterator[Cost]:
    """What the rounds come to, hop by hop."""
    for (hop, signal), found in runs.items():
        seconds = [each[0] for each in found]
        resident = max(each[1] for each in found)
        yield Cost(hop, signal, median(seconds), min(seconds), max(seconds), resident)


def _start(hop: str, place: Path, plain: Path, sink: Null) -> AbstractContextManager[Collector]:
    if hop == "agent":
        return agent(place, gateway=sink.grpc)
    files = {
        "gateway, no masking": (plain,),
        "gateway, tail sampling": ("options/sampling_tail.yaml",),
    }
    own = TAIL if hop == "gateway, tail sampling" else {}
    return gateway(
        place, *files.get(hop, ()),
        jaeger=sink.grpc, loki=sink.loki, prometheus=sink.prometheus, **own,
    )  # fmt: skip


def _used(collector: Collector, signal: str, bodies: list[bytes]) -> tuple[float, float]:
    """CPU seconds for these bodies, queues and decisions included, and MiB resident after."""
    assert collector.process is not None
    pids = [collector.process.pid]
    settle(pids)
    before = cpu_seconds(pids)
    send_all(collector.http, signal, bodies)
    # A tail sampler decides 2 s later; a queue drains until it is empty.
    settle(pids, most=20.0, look=2.5 if "options/sampling_tail.yaml" in collector.files else 1.0)
    return cpu_seconds(pids) - before, resident_bytes(pids) / 2**20
