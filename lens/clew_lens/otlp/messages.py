"""Bytes to OTLP messages, in protobuf or JSON."""

from __future__ import annotations

import base64
import json
from typing import Any

from google.protobuf import json_format
from google.protobuf.message import DecodeError

from .._errors import BadRequest

_IDS = frozenset(("traceId", "spanId", "parentSpanId", "trace_id", "span_id", "parent_span_id"))


def from_protobuf(message: Any, body: bytes) -> Any:
    """Fill `message` from its binary form."""
    try:
        message.ParseFromString(body)
    except (DecodeError, ValueError) as error:
        raise BadRequest(f"the body isn't a valid protobuf message: {error}") from error
    return message


def from_json(message: Any, body: bytes) -> Any:
    """Fill `message` from OTLP's JSON form, where ids are hexadecimal (not base64)."""
    try:
        parsed = json.loads(body)
        if not isinstance(parsed, dict):
            raise BadRequest("the body isn't a JSON object")
        json_format.ParseDict(_ids_to_base64(parsed), message, ignore_unknown_fields=True)
    except RecursionError as error:
        raise BadRequest("the JSON is nested too deeply") from error
    except (ValueError, TypeError, AttributeError, json_format.ParseError) as error:
        raise BadRequest(f"the body isn't a valid OTLP JSON message: {error}") from error
    return message


def _ids_to_base64(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            key: _hex_to_base64(key, item)
            if key in _IDS and isinstance(item, str)
            else _ids_to_base64(item)
            for key, item in value.items()
        }
    if isinstance(value, list):
        return [_ids_to_base64(item) for item in value]
    return value


def _hex_to_base64(key: str, text: str) -> str:
    try:
        return base64.b64encode(bytes.fromhex(text)).decode()
    except ValueError as error:
        raise BadRequest(f"{key} {text[:40]!r} isn't hexadecimal") from error
