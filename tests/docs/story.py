"""What docs/cli.md shows: a shop's morning, always the same, told to a lens."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from tests.lens import otlp_json

Send = Callable[[str, dict[str, Any]], None]

MS = 1_000_000
MINUTE = 60 * 10**9
FAILED, SLOW = "order-7", "order-8"
FAILED_TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
SLOW_TRACE = "7a085853722dc6d2f9e3b1c04d5a6978"
_STACK = """Traceback (most recent call last):
  File "payments/app.py", line 41, in charge
    answer = bank.take(wanted.amount_cents)
  File "payments/bank.py", line 18, in take
    raise BankError(f"the bank answered {status}")
payments.bank.BankError: the bank answered 502
"""


@dataclass(frozen=True)
class _Step:
    """One span: its parent's place in the list, and its times in ms since the trace's start."""

    service: str
    name: str
    kind: str
    parent: int | None
    at: float
    took: float
    code: int
    error: str = ""
    path: str = ""


_ORDER = (
    _Step("gateway", "POST /orders", "server", None, 0, 0, 0),
    _Step("gateway", "GET", "client", 0, 2, 6, 200, path="/users/1"),
    _Step("users", "GET /users/{user_id}", "server", 1, 3, 4, 200),
    _Step("gateway", "POST", "client", 0, 10, 0, 0, path="/orders"),
    _Step("orders", "POST /orders", "server", 3, 12, 0, 0),
    _Step("orders", "POST", "client", 4, 15, 0, 0, path="/charges"),
    _Step("payments", "POST /charges", "server", 5, 17, 0, 0),
)


def tell(send: Send, now: int) -> None:
    """Send all of it. `now` is in nanoseconds since the epoch; the story ends a minute before."""
    for number in range(40):
        start = now - 20 * MINUTE + number * MINUTE // 4
        _order(
            send,
            f"{number + 1:032x}",
            f"early-{number}",
            start,
            charge=20 + number % 9,
            failed=False,
        )
    _order(send, FAILED_TRACE, FAILED, now - 2 * MINUTE, charge=31, failed=True)
    _order(send, SLOW_TRACE, SLOW, now - MINUTE, charge=840, failed=False)


def _order(send: Send, trace: str, thread: str, start: int, *, charge: float, failed: bool) -> None:
    code, error = (502, "the bank answered 502") if failed else (201, "")
    ids = [f"{int(trace[-15:], 16) * 16 + place:016x}" for place in range(len(_ORDER))]
    for place, step in enumerate(_ORDER):
        passes = not step.took  # these last as long as the charge, and fail with it
        took = charge + 34 - 2 * place - step.at if passes else step.took
        attrs: dict[str, Any] = {
            "correlation_id": thread,
            "http.request.method": step.name.split()[0],
            "http.response.status_code": code if passes else step.code,
        }
        if step.kind == "server":
            attrs["http.route"] = step.name.split()[1]
        else:
            attrs["url.full"] = f"http://{step.service}{step.path}"
        deepest = place == len(_ORDER) - 1
        ended = start + int((step.at + took - 4) * MS)
        boom = otlp_json.exception(
            ended, "payments.bank.BankError", "the bank answered 502", _STACK
        )
        span = otlp_json.span(
            trace, ids[place], step.name,
            parent=ids[step.parent] if step.parent is not None else "",
            kind=step.kind, start=start + int(step.at * MS), length=int(took * MS),
            error=error if passes else "", attrs=attrs,
            events=[boom] if failed and deepest else [],
        )  # fmt: skip
        send("/v1/traces", otlp_json.traces(step.service, span))
    if thread.startswith("early"):
        return
    _say(send, "gateway", "asking orders: POST /orders", 9, trace, ids[0], thread, start)
    _say(send, "users", "found user 1", 5, trace, ids[2], thread, start)
    if failed:
        _say(send, "payments", "charging order 7: the bank answered 502", charge + 14, trace,
             ids[6], thread, start, severity=17)  # fmt: skip


def _say(
    send: Send, service: str, message: str, at: float, trace: str, span: str, thread: str,
    start: int, severity: int = 9,
) -> None:  # fmt: skip
    attrs: Mapping[str, Any] = {"correlation_id": thread}
    line = otlp_json.log(
        message, time=start + int(at * MS), severity=severity, trace_id=trace, span_id=span,
        attrs=attrs,
    )  # fmt: skip
    line["severityText"] = "ERROR" if severity > 9 else "INFO"
    send("/v1/logs", otlp_json.logs(service, line))
