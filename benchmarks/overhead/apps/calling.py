"""FastAPI, a sync handler that asks another server by `requests`, on a connection kept alive."""

from __future__ import annotations

import os
import threading

import requests
from fastapi import FastAPI

from benchmarks.overhead.apps import _served

served = _served.counter()
URL = os.environ["BENCH_NEIGHBOUR"]
_own = threading.local()
app = FastAPI()


def session() -> requests.Session:
    """One a thread: `requests` does not promise that threads may share one."""
    found: requests.Session | None = getattr(_own, "session", None)
    if found is None:
        found = _own.session = requests.Session()
    return found


@app.get("/users/{user_id}")
def get_user(user_id: int) -> dict[str, str]:
    served()
    return {"answer": session().get(URL, timeout=10).text}
