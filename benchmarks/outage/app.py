"""FastAPI, `GET /items/N`: one log line a request, with the number N in it."""

from __future__ import annotations

import logging
import os

from fastapi import FastAPI

LOGGER = "outage.items"
logger = logging.getLogger(LOGGER)
logger.setLevel(logging.INFO)
app = FastAPI()


@app.get("/items/{number}")
async def get_item(number: int) -> dict[str, int]:
    logger.info("item %d", number)
    return {"item": number, "process": os.getpid()}
