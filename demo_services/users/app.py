"""Keeps users. Telemetry is none of its business: `clew run uvicorn …` adds it from outside."""

from __future__ import annotations

import logging
import os

from fastapi import FastAPI, HTTPException
from pydantic import BaseModel

from demo_services.shared import admin
from demo_services.shared.edge import Edge

logger = logging.getLogger(__name__)


class User(BaseModel):
    """Someone who shops here."""

    id: int
    name: str
    email: str


def first_users() -> dict[int, User]:
    """Who is there when the service starts, by id."""
    alice = User(id=1, name="Alice", email="alice@example.com")
    bob = User(id=2, name="Bob", email="bob@example.com")
    return {alice.id: alice, bob.id: bob}


def create_app() -> FastAPI:
    """The service, with its own users in memory."""
    app = FastAPI(title="users")
    app.add_middleware(Edge)
    users = first_users()

    # Both handlers run on the event loop and never await, so that looking and adding is one step.

    @app.get("/users/{user_id}")
    async def get_user(user_id: int) -> User:
        user = users.get(user_id)
        if user is None:
            logger.warning("no user %d", user_id)
            raise HTTPException(404, "User not found")
        logger.info("found user %d", user_id)
        return user

    @app.post("/users/", status_code=201)
    async def create_user(user: User) -> User:
        if user.id in users:
            logger.warning("user %d exists already", user.id)
            raise HTTPException(400, "User with this ID already exists")
        users[user.id] = user
        logger.info("created user %d", user.id)
        return user

    return app


app = create_app()
admin.start(os.environ)
