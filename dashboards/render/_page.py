"""A board as one HTML page that needs nothing else."""

from __future__ import annotations

import html
import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dashboards.live import answer, of_mark, of_panel
from dashboards.render._chart import Mark, Span
from dashboards.render._panels import body
from dashboards.render._values import clock

WIDTH = 1400
_COLUMN = WIDTH / 24
_ROW = 30  # pixels of Grafana's unit of height, there and here
_HEAD = 64
_STYLE = """
*{box-sizing:border-box}body{margin:0;background:#111217;color:#ccccdc;font:12px Inter,system-ui,
sans-serif}header{padding:10px 12px;height:64px}header h1{font-size:18px;margin:0;font-weight:500}
header p{margin:3px 0 0;color:#8e8e99}main{position:relative}section{position:absolute;padding:3px}
section>div.frame{background:#181b1f;border:1px solid #2c3235;border-radius:2px;height:100%;
padding:5px 8px;overflow:hidden}h2{font-size:13px;font-weight:500;margin:0 0 3px}
h2 small{color:#8e8e99;font-weight:400;font-size:11px;margin-left:6px}
.grid{stroke:#2c3235}.scale{fill:#8e8e99;font-size:10px}path{stroke-width:1.5}
.legend{height:34px;overflow:hidden;font-size:11px;color:#9fa7b3;line-height:16px}
.legend span{margin-right:12px;white-space:nowrap}.legend i{display:inline-block;width:10px;
height:3px;margin-right:4px;vertical-align:middle}.legend b{font-weight:500;color:#ccccdc}
.stats{display:flex;flex-wrap:wrap;gap:4px 18px;align-content:flex-start}.stat{min-width:88px}
.stat b{display:block;font-size:20px;font-weight:500;line-height:26px}.stat span{color:#9fa7b3;
font-size:11px}table{border-collapse:collapse;width:100%;font-size:12px}th{text-align:left;
color:#6e9fff;font-weight:500}td,th{padding:2px 10px 2px 0;border-bottom:1px solid #22252b;
white-space:nowrap}.log{font:11px/17px ui-monospace,Menlo,monospace;white-space:nowrap;
border-left:3px solid;padding-left:6px;overflow:hidden;text-overflow:ellipsis}.log i{color:#8e8e99;
font-style:normal}.empty{color:#8e8e99;text-align:center;padding-top:30px}
"""


def page(
    board: Path, urls: Mapping[str, str], variables: Mapping[str, str], seconds: int
) -> tuple[str, int]:
    """Return the page, and its height in pixels. Asks the stores at `urls` for all of it."""
    read = json.loads(board.read_text(encoding="utf-8"))
    now = time.time()
    span = Span(now - seconds, now)
    step = max(1, seconds // 240)
    marks = []
    for each in read["annotations"]["list"]:
        for one in answer(of_mark(read["uid"], each, variables), urls, seconds, step):
            marks.append(Mark(float(one["values"][0][0]), _colour(each["iconColor"])))
    sections = []
    for panel in read["panels"]:
        place = panel["gridPos"]
        size = (int(place["w"] * _COLUMN) - 8, place["h"] * _ROW - 8)
        answers = [
            (query, answer(query, urls, seconds, step))
            for query in of_panel(read["uid"], panel, variables)
        ]
        sections.append(_section(panel, body(panel, answers, marks, span, size)))
    bottom = max(p["gridPos"]["y"] + p["gridPos"]["h"] for p in read["panels"]) * _ROW
    named = (f"{name}={value}" for name, value in variables.items() if f"${name}" in str(read))
    chosen = " ".join(each for each in named if each[-2:] not in (".+", ".*"))
    about = (
        f"A rendering of dashboards/generated/{board.name} with live answers, not a picture of "
        f"Grafana. {clock(span.begin)} to {clock(span.end)} UTC. {chosen} Dashed lines: an alert "
        "(red), a new version (blue)."
    )
    head = f"<header><h1>{html.escape(read['title'])}</h1><p>{html.escape(about)}</p></header>"
    text = (
        f"<!doctype html><meta charset=utf-8><title>{html.escape(read['title'])}</title>"
        f"<style>{_STYLE}</style>{head}<main>{''.join(sections)}</main>"
    )
    return text, _HEAD + bottom + 8


def _section(panel: Mapping[str, Any], inside: str) -> str:
    place = panel["gridPos"]
    box = (
        f"left:{place['x'] * _COLUMN:.0f}px;top:{place['y'] * _ROW}px;"
        f"width:{place['w'] * _COLUMN:.0f}px;height:{place['h'] * _ROW}px"
    )
    return (
        f'<section style="{box}" title="{html.escape(panel["description"])}"><div class="frame">'
        f"<h2>{html.escape(panel['title'])}</h2>{inside}</div></section>"
    )


def _colour(name: str) -> str:
    return {"red": "#f2495c", "blue": "#5794f2"}.get(name, name)
