"""The boards, in the order in which an engineer on call meets them."""

from __future__ import annotations

from typing import Any

from dashboards._board import Board, built
from dashboards.boards.follow import FOLLOW
from dashboards.boards.hosts import HOSTS
from dashboards.boards.messages import MESSAGES
from dashboards.boards.pipeline import PIPELINE
from dashboards.boards.runtime import RUNTIME
from dashboards.boards.service import SERVICE
from dashboards.boards.slo import SLO
from dashboards.boards.start import START

BOARDS: dict[str, Board] = {
    "clew-start": START,
    "clew-service": SERVICE,
    "clew-follow": FOLLOW,
    "clew-runtime": RUNTIME,
    "clew-messages": MESSAGES,
    "clew-hosts": HOSTS,
    "clew-pipeline": PIPELINE,
    "clew-slo": SLO,
}


def board(uid: str) -> Any:
    """Return a board in the SDK's types."""
    return built(uid, BOARDS)
