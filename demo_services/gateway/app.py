"""The door of the shop: takes requests in and asks the services behind it."""

from __future__ import annotations

import logging
import os
from typing import Any

import requests
from fastapi import FastAPI, HTTPException
from fastapi.responses import Response

import clew.auto  # noqa: F401  the one line that gives this service its telemetry
from demo_services.gateway._settings import Settings

logger = logging.getLogger(__name__)


def create_app(settings: Settings) -> FastAPI:
    """The gateway, in front of the services that `settings` names."""
    app = FastAPI(title="gateway")

    # Plain `def`: FastAPI runs these in its thread pool, where `requests` may block.

    @app.get("/users/{user_id}")
    def get_user(user_id: int) -> Response:
        return ask_users("GET", f"/users/{user_id}")

    @app.post("/users/")
    def create_user(user: dict[str, Any]) -> Response:
        return ask_users("POST", "/users/", user)

    @app.get("/fail")
    def fail() -> None:
        logger.info("about to fail on purpose")
        raise RuntimeError("nobody handles this error; it was raised to show what one looks like")

    def ask_users(method: str, path: str, body: dict[str, Any] | None = None) -> Response:
        """Pass the request to the users service and its answer back, refusals included."""
        url = f"{settings.users_url}{path}"
        logger.info("asking users: %s %s", method, path)
        try:
            answer = requests.request(method, url, json=body, timeout=settings.timeout)
        except requests.Timeout as error:
            raise unavailable("the users service did not answer in time", error) from error
        except requests.RequestException as error:
            raise unavailable("the users service can't be reached", error) from error
        if answer.status_code >= 500:
            raise HTTPException(502, f"the users service failed with {answer.status_code}")
        kind = answer.headers.get("Content-Type", "application/json")
        return Response(answer.content, answer.status_code, media_type=kind)

    return app


def unavailable(reason: str, error: Exception) -> HTTPException:
    """The 503 that says why; the cause itself goes to the log only."""
    logger.error("%s: %s", reason, error)
    return HTTPException(503, reason)


app = create_app(Settings.from_environ(os.environ))
