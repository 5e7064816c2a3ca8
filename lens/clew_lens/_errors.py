"""Errors of the lens.

LensError
├── StoreError      the store can't be opened or read
├── BadRequest      what came in can't be understood: answered 400
├── TooLarge        what came in is over a limit: answered 413
├── Unsupported     a content type or encoding that isn't known: answered 415
└── NotFound        nothing stored under that id: answered 404
"""

from __future__ import annotations


class LensError(Exception):
    """Base of all. `http_status` is what a client sees."""

    http_status = 500


class StoreError(LensError):
    """The store can't be opened or read."""


class BadRequest(LensError):
    """What came in can't be understood."""

    http_status = 400


class TooLarge(LensError):
    """What came in is over a limit."""

    http_status = 413


class Unsupported(LensError):
    """A content type or content encoding that isn't known."""

    http_status = 415


class NotFound(LensError):
    """Nothing is stored under that id."""

    http_status = 404
