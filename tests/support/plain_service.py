"""A FastAPI service that knows nothing of telemetry, started as a process and asked once."""

from __future__ import annotations

import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path

from demo_services._processes import is_open
from tests.e2e.wait import wait_until
from tests.support.processes import free_port, running

_APP = """\
from fastapi import FastAPI

app = FastAPI()


@app.get("/users/{user_id}")
def read(user_id: int) -> dict[str, int]:
    return {"id": user_id}
"""
SPAN = "GET /users/{user_id}"


def ask_once(command: Sequence[str], own: Mapping[str, str], folder: Path) -> str:
    """Run `command` with `uvicorn`'s words behind it in `folder`; the id that the answer has."""
    (folder / "plain_users.py").write_text(_APP)
    port = free_port()
    words = ("-m", "uvicorn", "plain_users:app", "--port", str(port))
    with running([*command, *words], own, folder, cwd=folder):
        wait_until(lambda: is_open(port), "the server")
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/users/7", timeout=10) as answer:
            return str(answer.headers["x-correlation-id"] or "")
