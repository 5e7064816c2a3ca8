"""FastAPI, `GET /users/1`: a model found in a dict. The smallest request that a service answers."""

from __future__ import annotations

from fastapi import FastAPI, HTTPException
from pydantic import BaseModel

from benchmarks.overhead.apps import _lines, _served

served = _served.counter()
write_line = _lines.writer()


class User(BaseModel):
    id: int
    name: str
    email: str


USERS = {1: User(id=1, name="Alice", email="alice@example.com")}
app = FastAPI()


@app.get("/users/{user_id}")
async def get_user(user_id: int) -> User:
    served()
    user = USERS.get(user_id)
    if user is None:
        raise HTTPException(404, "User not found")
    write_line(user_id)
    return user
