"""The public API as a type checker sees it: `mypy --strict` must take every line of this file.

Nothing runs it. `tests/release/test_typing.py` has mypy read it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any

from fastapi import FastAPI
from flask import Flask
from starlette.applications import Starlette
from typing_extensions import assert_type

import clew
from clew import ClewError, ConfigurationError
from clew.asgi import ClewMiddleware

Message = MutableMapping[str, Any]


def applications_keep_their_type() -> None:
    assert_type(clew.instrument(FastAPI()), FastAPI)
    assert_type(clew.instrument(Starlette()), Starlette)
    assert_type(clew.instrument(Flask(__name__)), Flask)


async def plain(
    scope: MutableMapping[str, Any],
    receive: Callable[[], Awaitable[Message]],
    send: Callable[[Message], Awaitable[None]],
) -> None:
    await send({"type": "http.response.start", "status": 204})


def functions_are_applications() -> None:
    app = clew.instrument(plain)
    assert callable(app)


def the_id_may_be_missing() -> None:
    assert_type(clew.correlation_id(), str | None)


def a_block_with_an_id() -> None:
    with clew.bind_correlation_id("nightly-7") as thread:
        assert_type(thread, str)
    with clew.bind_correlation_id() as made:
        assert_type(made, str)


def flushed() -> None:
    assert_type(clew.flush(), bool)
    assert_type(clew.flush(timeout=2.5), bool)


def errors() -> None:
    try:
        clew.instrument(FastAPI())
    except ConfigurationError as error:
        assert_type(error.problems, tuple[str, ...])
    except ClewError as other:
        assert_type(str(other), str)


def version() -> None:
    assert_type(clew.__version__, str)


def names(wrapped: ClewMiddleware) -> Iterable[str]:
    yield from clew.__all__
