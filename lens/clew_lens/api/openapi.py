"""The API's description, made from the list of endpoints."""

from __future__ import annotations

from typing import Any

from .. import __version__
from .endpoints import ENDPOINTS
from .schemas import ANSWERS

_ERROR = {
    "type": "object",
    "required": ["error"],
    "properties": {"error": {"type": "string", "description": "What was wrong, what to do."}},
}


def document() -> dict[str, Any]:
    """An OpenAPI 3.1 document."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "clew lens",
            "version": __version__,
            "description": (
                "Read-only. Names ending in _us are microseconds since 1970, in _ms milliseconds;"
                " rates are per second; shares are from 0 to 1; ids are hexadecimal."
            ),
        },
        "paths": {
            f"/api/v1{endpoint.path}": {
                "get": {
                    "summary": endpoint.doc,
                    "parameters": [param.schema() for param in endpoint.params],
                    "responses": {
                        "200": {
                            "description": "Found",
                            "content": {"application/json": {"schema": ANSWERS[endpoint.path]}},
                        },
                        **{code: _failure(doc) for code, doc in _FAILURES.items()},
                    },
                }
            }
            for endpoint in ENDPOINTS
        },
    }


_FAILURES = {
    "400": "A parameter can't be understood",
    "401": "The token is missing or wrong",
    "403": "Host or Origin isn't this lens",
    "404": "Nothing is stored under that name or id",
}


def _failure(description: str) -> dict[str, Any]:
    return {"description": description, "content": {"application/json": {"schema": _ERROR}}}
