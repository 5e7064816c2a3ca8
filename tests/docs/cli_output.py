"""Puts the real output of each command into docs/cli.md: `python -m tests.docs.cli_output`.

Every block of ```console begins with `$ ` and a command. The commands run in a folder of their own,
against a lens that was told the story; what they print stands beneath them.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.docs import story
from tests.lens.process import LensProcess
from tests.support.processes import BIN, ROOT

DOCUMENT = ROOT / "docs" / "cli.md"
_BLOCK = re.compile(r"```console\n\$ (?P<command>.*?)\n(?P<output>.*?)```", re.DOTALL)
_TIMEOUT_S = 60.0

_APPLICATION = """
import logging
from concurrent.futures import ThreadPoolExecutor

from fastapi import FastAPI

app, pool = FastAPI(), ThreadPoolExecutor()


def send_mail() -> None:
    logging.getLogger("shop").info("mail sent")


@app.get("/")
async def home() -> str:
    pool.submit(send_mail).result()
    return "hello"
"""


def main() -> None:
    """Write the document anew."""
    DOCUMENT.write_text(renewed(DOCUMENT.read_text(encoding="utf-8")), encoding="utf-8")


def renewed(text: str) -> str:
    """The document with what the commands print now."""
    with _scene() as (folder, lens):
        environ = _environ(lens)

        def block(found: re.Match[str]) -> str:
            said = _output(found["command"], folder, environ)
            for place, usual in (
                (lens.page, "http://127.0.0.1:4319"),
                (lens.otlp_http, "http://127.0.0.1:4318"),
                (lens.otlp_http.removeprefix("http://"), "127.0.0.1:4318"),
                (lens.otlp_grpc, "http://127.0.0.1:4317"),
                (lens.otlp_grpc.removeprefix("http://"), "127.0.0.1:4317"),
                (str(folder), "/home/you"),
            ):
                said = _replaced(said, place, usual)
            return f"```console\n$ {found['command']}\n{said}```"

        return _BLOCK.sub(block, text)


def _replaced(text: str, place: str, usual: str) -> str:
    """`usual` in place of `place`, with what columns stand to the right left where they are."""
    lost = " " * (len(place) - len(usual))
    in_column = re.compile(re.escape(place) + r"(\S*)(?= {2,}\S)")
    text = in_column.sub(lambda found: usual + found[1] + lost, text)
    return text.replace(place, usual)


def settled(text: str) -> str:
    """The document without what differs from run to run: moments, measured delays, ids."""
    for pattern, stands in (
        (r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} UTC", "MOMENT"),
        (r"(accepted after|the lens) \d+ ms", r"\1 N ms"),
        (r"\d+ packages", "N packages"),
        (r"\d+ bytes", "N bytes"),
        (r"(API|SDK|version) \d+\.\d+\.\d+", r"\1 N"),
    ):
        text = re.sub(pattern, stands, text)
    return text


@contextmanager
def _scene() -> Iterator[tuple[Path, LensProcess]]:
    with tempfile.TemporaryDirectory() as name, LensProcess() as lens:
        folder = Path(name)
        (folder / "shop.py").write_text(_APPLICATION.lstrip())
        story.tell(lens.send, time.time_ns())
        wanted = 7 * 42
        lens.wait_until(lambda: lens.get("/status")["spans"] == wanted)
        lens.wait_until(lambda: lens.get("/status")["logs"] == 5)
        yield folder, lens


def _environ(lens: LensProcess) -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("OTEL_", "CLEW_", "PYTHON"))}
    return {
        **kept,
        "PATH": os.pathsep.join((str(BIN), kept.get("PATH", ""))),
        "PYTHONIOENCODING": "utf-8",
        "COLUMNS": "100",
        "CLEW_SPOOL_DIR": "off",
        "CLEW_LENS_URL": lens.page,
        "OTEL_EXPORTER_OTLP_ENDPOINT": lens.otlp_http,
        "LENS_GRPC": lens.otlp_grpc,
    }


def _output(command: str, folder: Path, environ: dict[str, str]) -> str:
    """What it prints on both outputs, and its exit code where that is not 0."""
    words = shlex.split(command)
    own = dict(environ)
    while "=" in words[0]:
        name, _, value = words.pop(0).partition("=")
        own[name] = value.replace("http://localhost:4317", environ["LENS_GRPC"])
    ended = subprocess.run(
        words, cwd=folder, env=own, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        timeout=_TIMEOUT_S, check=False,
    )  # fmt: skip
    # What an observed application itself logs is not the command's.
    lines = [line for line in ended.stdout.splitlines() if not line.startswith('{"timestamp"')]
    code = [f"[exit code {ended.returncode}]"] if ended.returncode else []
    return "\n".join([*lines, *code]) + "\n"


if __name__ == "__main__":
    main()
