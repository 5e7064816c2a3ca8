"""The webhook receiver: `uvicorn demo_services.oncall.app:app --port 8007`.

Keeps the newest notifications in memory. The page refreshes itself.
"""

from __future__ import annotations

import html
import re
import time
from collections import deque
from pathlib import Path
from typing import Annotated, Any

from fastapi import Body, FastAPI, HTTPException
from fastapi.responses import HTMLResponse, PlainTextResponse

_MOST = 1_000
_RUNBOOKS = Path(__file__).resolve().parents[2] / "alerts" / "runbooks"
_LINKS = ("runbook_url", "dashboard", "logs", "traces")

app = FastAPI(title="on call", docs_url=None, redoc_url=None)
_received: deque[dict[str, Any]] = deque(maxlen=_MOST)


@app.post("/alerts", status_code=204)
def take(notification: Annotated[dict[str, Any], Body()]) -> None:
    """Take a notification of the Alertmanager (webhook, version 4)."""
    alerts = notification.get("alerts")
    if not isinstance(alerts, list):
        raise HTTPException(422, "no list `alerts`: is this a webhook of the Alertmanager?")
    for alert in alerts:
        _received.appendleft({"received": time.time(), **alert})


@app.get("/alerts")
def received() -> list[dict[str, Any]]:
    """The notifications, newest first; `received` is in seconds since the epoch."""
    return list(_received)


@app.get("/runbooks/{name}.md", response_class=PlainTextResponse)
def runbook(name: str) -> str:
    """One runbook, as it is in the repository."""
    file = _RUNBOOKS / f"{name}.md"
    if not re.fullmatch(r"\w+", name) or not file.is_file():
        raise HTTPException(404, f"there is no runbook {name}")
    return file.read_text(encoding="utf-8")


@app.get("/", response_class=HTMLResponse)
def page() -> str:
    """What came, for people."""
    rows = "".join(_row(alert) for alert in _received) or "<tr><td>nothing yet</td></tr>"
    return (
        "<!doctype html><meta charset=utf-8><meta http-equiv=refresh content=5>"
        "<title>on call</title><style>body{font:15px system-ui;margin:2em}"
        "td{padding:.3em .8em;border-bottom:1px solid #ddd;vertical-align:top}"
        ".firing{color:#b00020;font-weight:600}.resolved{color:#1b7f3b}</style>"
        f"<h1>On call</h1><table>{rows}</table>"
    )


def _row(alert: dict[str, Any]) -> str:
    labels, notes = alert.get("labels", {}), alert.get("annotations", {})
    links = " ".join(
        f'<a href="{html.escape(str(notes[name]))}">{name.removesuffix("_url")}</a>'
        for name in _LINKS
        if str(notes.get(name, "")).startswith(("http://", "https://"))
    )
    status = str(alert.get("status", ""))
    kind = status if status in ("firing", "resolved") else ""
    when = time.strftime("%H:%M:%S", time.localtime(alert["received"]))
    cells = (when, status, labels.get("severity", ""), labels.get("alertname", ""))
    shown = "".join(f"<td class={kind}>{html.escape(str(cell))}</td>" for cell in cells)
    text = html.escape(f"{notes.get('summary', '')}. {notes.get('description', '')}")
    return f"<tr>{shown}<td>{text}<br>{links}</td></tr>"
