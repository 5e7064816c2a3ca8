"""The compiled path leaves nothing behind."""

from __future__ import annotations

import functools
import gc
import sys
import tracemalloc
import weakref
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from opentelemetry.context import Context
from opentelemetry.trace import INVALID_SPAN

from clew import _ids, _path, _urls
from tests.conformance.path.bench import (
    ASGI_LEFT,
    ASGI_TAKEN,
    MATCHED,
    MESSAGES_SENT,
    PLAIN_URL,
    SCOPE,
    URLS_LEFT,
    URLS_TAKEN,
    WSGI_LEFT,
    WSGI_TAKEN,
    Bench,
    lacking,
)
from tests.conformance.path.calls import (
    Refusing,
)
from tests.conformance.path.sides import (
    RUNS,
)
from tests.conformance.path.test_asgi import (
    ROUTE,
    ROUTED,
)
from tests.conformance.path.test_taken import (
    within,
)
from tests.conformance.path.test_wsgi import (
    BODY_KINDS,
    ENVIRON,
    drain_body,
)
from tests.instrumentation.asgi import LAST, START

pytest.importorskip("clew._path_native", reason="clew was installed without a compiler")


def _ends(bench: Bench, **own: Any) -> None:
    """Begin and end by either server's path, with `own` in the exchange."""
    own = {"status": 200, "error": "", **own}
    route, histogram = own.pop("route", None), own.pop("histogram", bench.server)
    asgi, wsgi = bench.asgi(), bench.wsgi()
    for made in (asgi, wsgi):
        for name, value in own.items():
            setattr(made, name, value)
    asgi._end = 5
    asgi.routed = {"route": SimpleNamespace(path_format=route)} if route is not None else {}
    bench.asgi_path.finish(asgi, histogram)
    bench.asgi_path.end(asgi, route, 5, histogram)
    bench.wsgi_path.end(wsgi, route, 5, histogram)


def _routed(bench: Bench, given: dict[str, Any]) -> None:
    """The end of an ASGI request that this was left of in its scope."""
    made = bench.asgi()
    made.status, made._end, made.routed = 200, 5, given
    bench.asgi_path.finish(made, bench.server)


def _renamed(bench: Bench) -> None:
    made = bench.wsgi()
    made.status = 200
    made.span.update_name("mine")
    bench.wsgi_path.end(made, "/users/<id>", 5, bench.server)


def _answers(bench: Bench, path: Any, made: Any, *given: Any, **named: Any) -> None:
    """One call of what the application is given to answer with."""
    try:
        answered = path.answer(made)(*given, **named)
    except (KeyError, TypeError):
        return
    getattr(answered, "close", list)()  # a coroutine that nobody awaits


def _sends(bench: Bench, *given: Any, **named: Any) -> None:
    _answers(bench, bench.asgi_path, bench.asgi(), *given, **named)


def _starts(bench: Bench, *given: Any, **named: Any) -> None:
    made = bench.wsgi({**ENVIRON, "werkzeug.request": named.pop("request", None)})
    _answers(bench, bench.wsgi_path, made, *given, **named)


def _bodies(bench: Bench, make: Callable[[], Any]) -> None:
    """A body drained and closed twice, of an exchange that has ended before."""
    made = bench.wsgi()
    made._finished = True
    try:
        body = bench.wsgi_path.body(make(), made)
    except TypeError:
        return
    drain_body(body, None)


def _end_client(bench: Bench, status: Any) -> None:
    made = bench.client()
    bench.client_path.end_client(made, 5, status, bench.server)
    bench.client_path.end_client(5, 5, status, bench.server)


def _wrongly(bench: Bench) -> None:
    """Calls that are no calls."""
    made = bench.asgi(), bench.wsgi()
    for path in (bench.asgi_path, bench.wsgi_path, bench.client_path):
        for name in ("asgi", "wsgi", "client", "answer", "body", "finish", "end", "end_client"):
            for wrong in ((), (1,) * 5):
                try:
                    getattr(path, name)(*wrong)
                except TypeError:
                    pass
    assert bench.asgi_path.end(made[1], None, 5, bench.server) is False
    assert bench.asgi_path.finish(made[1], bench.server) is False
    assert bench.wsgi_path.end(made[0], None, 5, bench.server) is False


def _refused(bench: Bench) -> None:
    try:
        bench.client(headers=Refusing())
    except LookupError:
        pass


_LEAKS: dict[str, Callable[[Bench], Any]] = {
    **{
        f"asgi {name}": functools.partial(Bench.asgi, scope=given)
        for name, given in {**ASGI_TAKEN, **ASGI_LEFT}.items()
    },
    **{
        f"wsgi {name}": functools.partial(Bench.wsgi, environ=given)
        for name, given in {**WSGI_TAKEN, **WSGI_LEFT}.items()
    },
    **{
        f"client {url!r}": functools.partial(Bench.client, url=url)
        for url in URLS_TAKEN + URLS_LEFT
    },
    "client method": functools.partial(Bench.client, method=b"GET"),
    "client refused": _refused,
    "end": _ends,
    "end with a route": functools.partial(_ends, route="/users/{id}"),
    "end with an odd route": functools.partial(_ends, route=5),
    "end renamed": _renamed,
    "end of an error": functools.partial(_ends, error="LookupError"),
    "end of a 500": functools.partial(_ends, status=500),
    "end without a status": functools.partial(_ends, status=None),
    "end with a great status": functools.partial(_ends, status=1 << 70),
    "end unmeasured": functools.partial(_ends, histogram=None),
    "end unsampled": functools.partial(_ends, span=INVALID_SPAN),
    **{
        f"route {number}": functools.partial(_routed, given=given)
        for number, given in enumerate(ROUTED)
    },
    "send": lambda bench: _sends(bench, MESSAGES_SENT[0]),
    "send the last": lambda bench: _sends(bench, LAST),
    "send more": lambda bench: _sends(bench, {**LAST, "more_body": True}),
    "send odd headers": lambda bench: _sends(bench, {**START, "headers": 5}),
    "send no status": lambda bench: _sends(bench, {"type": "http.response.start"}),
    "send no message": lambda bench: _sends(bench, 5),
    "send nothing": lambda bench: _sends(bench),
    "send two": lambda bench: _sends(bench, LAST, LAST),
    "send by name": lambda bench: _sends(bench, message=START),
    "start": lambda bench: _starts(bench, "204 No", []),
    "start again": lambda bench: _starts(bench, "204 No", [], None),
    "start of a route": lambda bench: _starts(bench, "204 No", [], request=MATCHED),
    "start of no route": lambda bench: _starts(bench, "204 No", [], request=ROUTE),
    "start oddly": lambda bench: _starts(bench, "²04", ()),
    "start without headers": lambda bench: _starts(bench, "204 No"),
    "start nothing": lambda bench: _starts(bench),
    "start by name": lambda bench: _starts(bench, status="204 No", headers=[]),
    **{
        f"body {number}": functools.partial(_bodies, make=make)
        for number, make in enumerate(BODY_KINDS)
    },
    "end_client": functools.partial(_end_client, status=204),
    "end_client of a 404": functools.partial(_end_client, status=404),
    "end_client of none": functools.partial(_end_client, status=None),
    "wrong": _wrongly,
}


@pytest.fixture(scope="module")
def frozen() -> Iterator[None]:
    """All that there is already is no business of the collector's, which makes it quick."""
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


@pytest.fixture(scope="module")
def watched(bench: Bench) -> list[Any]:
    return bench.shared()


def _assert_nothing_is_left(bench: Bench, watched: list[Any], case: Callable[[Bench], Any]) -> None:
    def do(times: int) -> None:
        for _ in range(times):
            case(bench)
            if bench.buffer._items:
                bench.buffer.clear()
        gc.collect()

    def references() -> list[int]:
        return [sys.getrefcount(each) for each in watched]

    do(100)
    before, objects = references(), len(gc.get_objects())
    do(RUNS)
    assert references() == before
    assert len(gc.get_objects()) < objects + 100
    tracemalloc.start()
    try:
        do(100)
        traced = tracemalloc.get_traced_memory()[0]
        do(500)
        assert tracemalloc.get_traced_memory()[0] < traced + 500
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("name", _LEAKS)
def test_nothing_is_left_behind(bench: Bench, watched: list[Any], frozen: None, name: str) -> None:
    """Not an object, a byte or a reference, however often it is done."""
    current = bench.handler if "client" in name else Context()
    within(current, lambda: _assert_nothing_is_left(bench, watched, _LEAKS[name]))


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Any, str, Any], None]]:
    """Tells the compiled module another function than the ordinary one."""

    def tell(owner: Any, name: str, value: Any) -> None:
        monkeypatch.setattr(owner, name, value)
        _path._bind.__wrapped__()

    yield tell
    monkeypatch.undo()
    _path._bind.__wrapped__()


def _fails(*given: Any) -> Any:
    raise LookupError(given)


def _begins(bench: Bench) -> None:
    """Begin one of each kind, which fails."""
    bare = lacking(ENVIRON, "HTTP_X_CORRELATION_ID", "HTTP_TRACEPARENT")
    for begin in (
        lambda: bench.asgi(),
        lambda: bench.asgi(ASGI_TAKEN["no id"]),
        lambda: bench.asgi(ASGI_TAKEN["no parent"]),
        lambda: bench.wsgi(),
        lambda: bench.wsgi(bare),
        lambda: bench.client(f"{PLAIN_URL}?a"),
    ):
        try:
            begin()
        except LookupError:
            pass


@pytest.mark.parametrize("current", ["nothing", "a request"])
@pytest.mark.parametrize(
    ("owner", "name"),
    [(_path, "time_ns"), (_ids, "_getrandbits"), (_urls, "redacted_query"), (_urls, "clean_url")],
)
def test_nothing_is_left_behind_by_a_failure(
    bench: Bench, watched: list[Any], frozen: None, told: Any, owner: Any, name: str, current: str
) -> None:
    """Of a function that the path calls: the failure is the answer, and all else is undone."""
    active = bench.side.active()
    told(owner, name, _fails)
    context = bench.handler if current == "a request" else Context()
    within(context, lambda: _assert_nothing_is_left(bench, watched, _begins))
    if name == "time_ns" and context:
        with pytest.raises(LookupError):
            within(context, bench.client)
    if name in ("time_ns", "redacted_query"):
        with pytest.raises(LookupError):
            bench.wsgi()
        assert bench.side.active() == active


def test_cycles_are_collected() -> None:
    """What the application is given may hold the request, and the request it."""
    bench = Bench()
    asgi, wsgi, other = bench.asgi(dict(SCOPE)), bench.wsgi(dict(ENVIRON)), bench.wsgi()
    asgi.status = bench.asgi_path.answer(asgi)
    wsgi.status = bench.wsgi_path.answer(wsgi)
    other.status = bench.wsgi_path.body([], other)
    bench.asgi_middleware.tracer.middleware = bench.asgi_middleware  # type: ignore[attr-defined]
    gone = [weakref.ref(made.span) for made in (asgi, wsgi, other)]
    gone.append(weakref.ref(bench.asgi_middleware))
    del bench, asgi, wsgi, other
    gc.collect()
    assert [each() for each in gone] == [None] * 4


def test_an_id_is_never_zero(bench: Bench, told: Any) -> None:
    """Not even where all bits that were drawn are."""
    told(_ids, "_getrandbits", lambda bits: 0)
    for made in (bench.asgi(ASGI_TAKEN["no parent"]), bench.wsgi(WSGI_TAKEN["no parent"])):
        assert made.span.get_span_context()[:2] == (1, 1)


def test_an_answer_without_arguments_is_an_error(bench: Bench) -> None:
    """Also where the interpreter calls it so from C, with no array of arguments at all."""
    for path, made in ((bench.asgi_path, bench.asgi()), (bench.wsgi_path, bench.wsgi())):
        answer = path.answer(made)
        with pytest.raises(TypeError, match="missing"):
            next(iter(answer, None))
