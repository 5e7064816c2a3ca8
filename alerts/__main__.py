"""`python -m alerts`: write the rule files; `shorten FACTOR DIR`: shorter ones; `table`: print."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from alerts._document import every_alert, table
from alerts._model import Places, Scale
from alerts._slo import SloError
from alerts._write import HERE, files, write

_DRILL_INTERVAL_S = 2


def main(words: list[str]) -> int:
    """Write the files; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m alerts", description=__doc__)
    for name, default in vars(Places()).items():
        parser.add_argument(f"--{name}", default=default, metavar="URL", help="(%(default)s)")
    commands = parser.add_subparsers(dest="command")
    shorten = commands.add_parser("shorten", help="the same rules with shorter durations")
    shorten.add_argument("factor", type=float)
    shorten.add_argument("folder", type=Path)
    commands.add_parser("table", help="print the table of docs/oncall.md")
    chosen = parser.parse_args(words)
    if chosen.command == "table":
        print(table(every_alert()))
        return 0
    places = Places(chosen.grafana, chosen.jaeger, chosen.runbooks)
    folder, scale = HERE, Scale()
    if chosen.command == "shorten":
        folder, scale = chosen.folder, Scale(chosen.factor, _DRILL_INTERVAL_S)
    try:
        texts = files(scale, places)
    except SloError as error:
        print(f"alerts: {error}", file=sys.stderr)
        return 1
    write(folder, texts)
    for name in texts:
        print(folder / name)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
