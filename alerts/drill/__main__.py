"""`python -m alerts.drill`: bring each alert's fault about, and see that on-call is told.

For each fault: it is injected in a running shop with a real Collector, Prometheus, Loki, Jaeger
and Alertmanager; each of its alerts must fire, and reach the receiver unless another mutes it by
rule; every link in it and every query and command in its runbook must lead to data, and within
three steps to the line that shows the cause; the fault is removed, and the alert must resolve.
The rules are the checkout's with shorter durations. The exit code is 1 if one alert did not.
"""

from __future__ import annotations

import argparse
import signal
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from alerts._document import every_alert
from alerts.drill._fault import Fault
from alerts.drill._faults import ROUNDS, SHORT
from alerts.drill._run import run, usual_memory_bound
from alerts.drill._table import table
from alerts.drill._world import World

Rounds = Sequence[Sequence[Fault]]


def main(words: list[str]) -> int:
    """Run the drill; return the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m alerts.drill",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--only", nargs="+", metavar="ALERT", default=[], help="only these")
    parser.add_argument("--short", action="store_true", help="only the first round")
    parser.add_argument("--singly", action="store_true", help="each fault alone: takes longer")
    parser.add_argument("--factor", type=float, default=20, help="durations are shorter by this")
    parser.add_argument("--pictures", type=Path, metavar="FOLDER", help="of the boards, meanwhile")
    parser.add_argument("--list", action="store_true", help="the faults and their alerts")
    chosen = parser.parse_args(words)
    unknown = set(chosen.only) - known()
    if unknown:
        parser.error(
            f"no such alert: {', '.join(sorted(unknown))}; there are {', '.join(sorted(known()))}"
        )
    rounds = _rounds(SHORT if chosen.short else ROUNDS, set(chosen.only), chosen.singly)
    if chosen.list:
        for fault in (fault for faults in rounds for fault in faults):
            print(f"{fault.name}: {', '.join(name for name, _ in fault.alerts)}")
        return 0
    # However it is asked to end, it ends what it has started.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: sys.exit(130))
    return _drill(rounds, set(chosen.only), chosen.factor, chosen.pictures)


def known() -> set[str]:
    """The names of all alerts."""
    return {alert.name for alert in every_alert()}


def _rounds(rounds: Rounds, only: set[str], singly: bool) -> Rounds:
    """Those rounds, without faults that fire none of `only`; or each fault a round of its own."""
    wanted = [
        [fault for fault in faults if not only or {name for name, _ in fault.alerts} & only]
        for faults in rounds
    ]
    if singly:
        return [[fault] for faults in wanted for fault in faults]
    return [faults for faults in wanted if faults]


def _drill(rounds: Rounds, only: set[str], factor: float, pictures: Path | None) -> int:
    with ExitStack() as running:
        folder = Path(running.enter_context(tempfile.TemporaryDirectory(prefix="clew-drill-")))
        world = World(folder, factor, memory_bound=usual_memory_bound())
        print(f"starting; HostMemoryLow at {world.memory_bound:.0%} here", flush=True)
        world.open(running)
        proofs = run(world, rounds, only, pictures)
    print(table(proofs))
    return 0 if proofs and all(proof.good for proof in proofs) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
