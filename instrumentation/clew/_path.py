"""The common case of a request, compiled, where clew was installed with a compiler at hand.

`_path_c/`, the source of `_path_native`, does what the classes of `asgi`, `wsgi` and
`_http_client` do to begin and to end a request or a call, in one step each. What is out of the
common it leaves to them.
"""

from __future__ import annotations

import functools
from time import time_ns
from typing import TYPE_CHECKING, Any

from opentelemetry.baggage import _BAGGAGE_KEY
from opentelemetry.context import Context
from opentelemetry.trace import DEFAULT_TRACE_STATE, SpanContext, SpanKind
from opentelemetry.trace.propagation import _SPAN_KEY

from clew import _context, _faults, _http_server, _ids, _names, _urls, correlation
from clew.traces import ClewSpan, Shared
from clew.traces._tracer import FLAGS, SAMPLED_RANDOM

if TYPE_CHECKING:
    from clew._callers import Callers
    from clew._http_client import Outgoing
    from clew._incoming import Incoming
    from clew._path_native import Path
    from clew._runtime import Runtime

try:
    from clew import _path_native
except ImportError:
    COMPILED = False
else:
    COMPILED = True


@functools.cache
def _bind() -> None:
    """Tell the compiled module what it needs of this package."""
    _path_native.bind(
        {
            "Context": Context,
            "ClewSpan": ClewSpan,
            "SpanContext": SpanContext,
            "Shared": Shared,
            "NO_STATE": DEFAULT_TRACE_STATE,
            "FLAGS": FLAGS,
            "ROOT_FLAGS": SAMPLED_RANDOM,
            "SERVER": SpanKind.SERVER,
            "CLIENT": SpanKind.CLIENT,
            "OTHER_METHOD": _http_server.OTHER_METHOD,
            "ANY_METHOD": _http_server.ANY_METHOD,
            "KEY": correlation.KEY,
            "BAGGAGE_KEY": _BAGGAGE_KEY,
            "SPAN_KEY": _SPAN_KEY,
            "SUPPRESS": _context.SUPPRESS,
            "SUPPRESS_ALL": _context.SUPPRESS_ALL,
            "CORRELATION_ID": _names.CORRELATION_ID,
            "URL_PATH": _names.URL_PATH,
            "URL_QUERY": _names.URL_QUERY,
            "URL_FULL": _names.URL_FULL,
            "HTTP_ROUTE": _names.HTTP_ROUTE,
            "STATUS_CODE": _names.HTTP_RESPONSE_STATUS_CODE,
            "variable": _context.variable,
            "time_ns": time_ns,
            "getrandbits": _ids._getrandbits,
            "redacted_query": _urls.redacted_query,
            "clean_url": _urls.clean_url,
        }
    )


def server(
    protocol: str,
    runtime: Runtime,
    incoming: Incoming,
    callers: Callers,
    id_header: Any,
    exchange: type,
) -> Path | None:
    """The path of a server's middleware; None where all is to be done in Python.

    `protocol` is "asgi" or "wsgi", `id_header` the response header's name as that protocol has it,
    `exchange` the class of what is begun.
    """
    if not incoming.by_hand:
        return None
    return _made(protocol, runtime, callers.known, incoming.correlation, id_header, exchange)


def client(runtime: Runtime, outgoing: Outgoing, places: dict[Any, Any], call: type) -> Path | None:
    """The path of a client library's hook; None where all is to be done in Python."""
    return _made("client", runtime, places, (), outgoing.header, call) if outgoing.by_hand else None


def _made(
    protocol: str,
    runtime: Runtime,
    known: dict[Any, Any],
    correlation_headers: tuple[Any, ...],
    header: Any,
    kind: type,
) -> Path | None:
    tracer, buffer = runtime.tracer, runtime.pipeline.spans
    generator: object = tracer.id_generator
    if (
        not COMPILED
        or _context.variable is None
        or not tracer.follows_parent
        or type(generator) is not _ids.ClewIdGenerator
    ):
        return None
    try:
        _bind()
        return _path_native.Path(
            protocol, tracer, buffer.put, buffer._append, buffer._items, buffer._high, known,
            correlation_headers, header, kind,
        )  # fmt: skip
    except Exception:  # a module that was compiled of other sources, say
        _faults.caught("requests by its compiled path, and does it in Python")
        return None
