"""The command line: `python -m stack up | down | status | fetch | path | env | logs`."""

import argparse
import os
import sys
from collections.abc import Sequence

from stack._commands import Commands
from stack._errors import StackError

_EPILOG = """\
CLEW_STACK_DIR      state, logs and stored data (.stack in the checkout)
CLEW_BACKENDS_DIR   binaries (~/.cache/clew/backends)
CLEW_RELEASES_URL   where releases are downloaded from (https://github.com)
CLEW_STACK_TIMEOUT  seconds that a start may take (60)
CLEW_STACK_WITHOUT  optional components that are not wanted: postgres redis epmd rabbitmq
CLEW_STACK_WITH     components that start only when asked for: agent
CLEW_SAMPLING       none, or tail: errors, slow and followed traces and a share of the rest
CLEW_LOGS           otlp, or files: the agent reads CLEW_LOG_FILES in the place of OTLP
CLEW_OTLP_TOKEN     OTLP is taken only with this bearer token
CLEW_OTLP_TLS_DIR   OTLP is taken by TLS only: a folder with server.crt, server.key and ca.crt
CLEW_..._PORT       each port has its own; a message about a taken port names the right one
"""


def main(arguments: Sequence[str]) -> int:
    """Run one command; return the exit code."""
    chosen = _parser().parse_args(arguments)
    try:
        return _run(chosen, Commands.from_environment(os.environ, sys.stdout, sys.stderr))
    except StackError as error:
        print(f"stack: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def _run(chosen: argparse.Namespace, commands: Commands) -> int:
    if chosen.command == "up":
        return commands.up(chosen.names)
    if chosen.command == "down":
        return commands.down(chosen.names, wipe_data=chosen.data)
    if chosen.command == "status":
        return commands.status(as_json=chosen.json)
    if chosen.command == "fetch":
        return commands.fetch(chosen.names, chosen.jobs)
    if chosen.command == "path":
        return commands.path(chosen.name)
    if chosen.command == "env":
        return commands.env()
    return commands.logs(chosen.name, chosen.lines)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m stack",
        description="Start and stop the collector and its backends, without containers.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    up = commands.add_parser("up", help="start what does not run yet and wait until it is ready")
    up.add_argument("names", nargs="*", metavar="COMPONENT", help="only these")

    down = commands.add_parser("down", help="stop what up started")
    down.add_argument("names", nargs="*", metavar="COMPONENT", help="only these")
    down.add_argument("--data", action="store_true", help="remove the stored data and logs too")

    status = commands.add_parser("status", help="tell how each component is; exit 0 if all are up")
    status.add_argument("--json", action="store_true", help="for programs")

    fetch = commands.add_parser("fetch", help="only obtain binaries")
    fetch.add_argument("names", nargs="*", metavar="BINARY", help="only these")
    fetch.add_argument(
        "--jobs",
        type=int,
        metavar="N",
        default=max(1, (os.cpu_count() or 1) // 2),
        help="how many at a time (%(default)s)",
    )

    path = commands.add_parser("path", help="print where a binary is")
    path.add_argument("name", metavar="BINARY")

    commands.add_parser("env", help="print where the shop's stores are, those that run")

    logs = commands.add_parser("logs", help="print the end of what a component said")
    logs.add_argument("name", metavar="COMPONENT")
    logs.add_argument(
        "-n", "--lines", type=int, default=50, metavar="N", help="lines (%(default)s)"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
