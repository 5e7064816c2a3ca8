"""`python -m dashboards` writes every board to dashboards/generated/."""

from __future__ import annotations

import json
from pathlib import Path

from grafana_foundation_sdk.cog.encoder import JSONEncoder

from dashboards.boards import BOARDS, board

GENERATED = Path(__file__).parent / "generated"


def render(uid: str) -> str:
    """Return a board's JSON, alike for alike boards."""
    return json.dumps(board(uid), cls=JSONEncoder, indent=2, sort_keys=True) + "\n"


if __name__ == "__main__":
    for each in BOARDS:
        (GENERATED / f"{each}.json").write_text(render(each), encoding="utf-8")
