"""What clew adds to a request inside the process.

python -m benchmarks.path           operations, against the committed figures
python -m benchmarks.path --time    microseconds of CPU, the best of several batches
python -m benchmarks.path --time --python    the same without the compiled modules
python -m benchmarks.path --renew   write the committed figures for this Python
"""

from __future__ import annotations

import argparse
import sys

from benchmarks.path._cases import CASES
from benchmarks.path._cost import Cost, commit, committed, measure, this_python


def main(words: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.path", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--time", action="store_true")
    parser.add_argument("--python", action="store_true", help="without the compiled modules")
    parser.add_argument("--renew", action="store_true")
    parser.add_argument("cases", nargs="*", metavar="CASE", help=f"of {', '.join(CASES)}")
    options = parser.parse_args(words)
    unknown = set(options.cases) - set(CASES)
    if unknown:
        parser.error(f"no such case: {', '.join(sorted(unknown))}")
    if options.renew and (options.time or options.cases):
        parser.error("--renew writes the operations of all cases")
    if options.python and not options.time:
        parser.error("--python is for --time: operations are all of Python")
    unit = "operations" if not options.time else "python time" if options.python else "time"
    costs = {}
    for case in options.cases or CASES:
        costs[case] = cost = measure(case, unit)
        print(_line(case, cost, unit), flush=True)
    if options.renew:
        commit(costs)
        print(f"figures for Python {this_python()} written")
    return 0


def _line(case: str, cost: Cost, unit: str) -> str:
    what = "operations" if unit == "operations" else "µs"
    line = (
        f"{case:15} bare {cost.bare:8,.1f}   + request {cost.request:7,.1f}"
        f"   + export {cost.export:7,.1f}   = {cost.total:7,.1f} {what}"
    )
    figure = committed().get(case) if unit == "operations" else None
    if figure:
        before = figure["request"] + figure["export"]
        line += f"   ({cost.total / before - 1:+.1%} of the committed {before:,.1f})"
    return line


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
