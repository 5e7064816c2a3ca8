"""Flask, `GET /users/1`."""

from __future__ import annotations

from flask import Flask

from benchmarks.overhead.apps import _served

served = _served.counter()
USERS = {1: {"id": 1, "name": "Alice", "email": "alice@example.com"}}
app = Flask(__name__)


@app.get("/users/<int:user_id>")
def get_user(user_id: int) -> dict[str, object]:
    served()
    return dict(USERS[user_id])
