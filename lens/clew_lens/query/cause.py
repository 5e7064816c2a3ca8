"""Why a request failed: the deepest span that failed, and what it and its log lines say."""

from __future__ import annotations

from typing import Any

from .. import _names


def cause(spans: list[dict[str, Any]], logs: list[dict[str, Any]]) -> dict[str, Any] | None:
    """The first failure that no failure beneath it explains, or None where nothing failed."""
    failed = [span for span in spans if span["status"] == "error"]
    bad_logs = [line for line in logs if line["severity"] >= 17]
    if not failed and not bad_logs:
        return None
    if not failed:
        return _from_log(_best_log(bad_logs))
    blamed = {span["parent_id"] for span in failed}
    leaves = [span for span in failed if span["span_id"] not in blamed] or failed
    span = max(leaves, key=lambda item: (bool(_exception(item)), -item["time_us"]))
    near = [line for line in bad_logs if line["span_id"] == span["span_id"]]
    same = [line for line in bad_logs if line["service"] == span["service"]]
    line = _best_log(near or same or bad_logs)
    exception = _exception(span) or {}
    return {
        "service": span["service"],
        "span": span["name"],
        "span_id": span["span_id"],
        "trace_id": span["trace_id"],
        "time_us": span["time_us"],
        "message": _message(exception) or span["status_message"] or (line or {}).get("message", ""),
        "stacktrace": str(exception.get(_names.EXCEPTION_STACKTRACE, ""))
        or (line or {}).get("stacktrace", ""),
        "log_seq": line["seq"] if line else None,
        "log": line["message"] if line else "",
    }


def _best_log(lines: list[dict[str, Any]]) -> dict[str, Any] | None:
    if not lines:
        return None
    return max(lines, key=lambda line: (bool(line["stacktrace"]), line["severity"], line["seq"]))


def _from_log(line: dict[str, Any] | None) -> dict[str, Any] | None:
    if line is None:
        return None
    return {
        "service": line["service"],
        "span": "",
        "span_id": line["span_id"],
        "trace_id": line["trace_id"],
        "time_us": line["time_us"],
        "message": line["exception"] or line["message"],
        "stacktrace": line["stacktrace"],
        "log_seq": line["seq"],
        "log": line["message"],
    }


def _exception(span: dict[str, Any]) -> dict[str, Any] | None:
    for event in reversed(span["events"]):
        if event["name"] == "exception":
            attributes: dict[str, Any] = event["attributes"]
            return attributes
    return None


def _message(exception: dict[str, Any]) -> str:
    kind = str(exception.get(_names.EXCEPTION_TYPE, ""))
    message = str(exception.get(_names.EXCEPTION_MESSAGE, ""))
    return f"{kind}: {message}" if kind and message else kind or message
