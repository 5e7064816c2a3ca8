"""Flask: route rules, blueprints, errors, streams and teardown, in one program of many requests."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.instrumentation.conftest import Script
from tests.support.otlp_sink import Item, Sink, otlp_sink

_PROGRAM = """
import clew.auto, clew, logging, json
from flask import Blueprint, Flask, Response, abort, send_file, stream_with_context
from opentelemetry import trace
app = Flask("shop")
seen = {}
log = logging.getLogger("shop")

@app.get("/items/<int:item>")
def read(item):
    log.info("reading")
    return {"item": item}

users = Blueprint("users", "shop", url_prefix="/users")
@users.route("/<name>/posts/<path:post>", methods=["GET", "PUT"])
def posts(**values):
    return "ok"
app.register_blueprint(users)
app.register_blueprint(users, url_prefix="/v2/<tenant>", name="v2")

@app.get("/fail")
def fail():
    raise LookupError("gone")

@app.get("/teapot")
def teapot():
    abort(418)

@app.get("/handled")
def handled():
    raise KeyError("known")
@app.errorhandler(KeyError)
def known(error):
    return "known", 409

@app.get("/stream")
def stream():
    def parts():
        for part in "ab":
            seen.setdefault("stream", []).append(
                (clew.correlation_id(), trace.get_current_span().is_recording()))
            yield part
    return Response(stream_with_context(parts()))

@app.teardown_request
def teardown(error):
    seen["teardown"] = clew.correlation_id()

def get(path, headers=None, app=app, **more):
    response = app.test_client().open(path, buffered=True, headers=headers, **more)
    return response.status_code, response.headers.get("X-Correlation-ID")

answers = {path: get(path, {"X-Correlation-ID": path}) for path in (
    "/items/7", "/users/ann/posts/a/b", "/v2/acme/ann/posts/x", "/nowhere", "/fail", "/teapot",
    "/handled", "/stream")}
answers["post"] = get("/items/7", method="POST")
other = Flask("other")
@other.get("/fail")
def fail_too():
    raise LookupError("propagated")
other.testing = True
try:
    get("/fail", {"X-Correlation-ID": "propagated"}, other)
except LookupError as error:
    answers["propagated"] = str(error)
assert clew.correlation_id() is None
print(json.dumps([answers, seen]).replace("[", "(", 1))
"""


class Served:
    """What the program answered, and what arrived of it."""

    def __init__(self, sink: Sink, script: Script, answers: Any, seen: Any) -> None:
        self.answers: dict[str, Any] = answers
        self.seen: dict[str, Any] = seen
        self.lines = script.log_lines
        self.spans: dict[str, Item] = {
            item.attributes["correlation_id"]: item for item in sink.spans()
        }
        self.points = sink.points("http.server.request.duration")
        self.active = sink.points("http.server.active_requests")
        self.count = len(sink.spans())


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    with otlp_sink() as sink:
        script = Script(sink)
        (line,) = script(_PROGRAM)
        yield Served(sink, script, *json.loads("[" + line[1:]))


@pytest.mark.parametrize(
    ("path", "status", "route"),
    [
        ("/items/7", 200, "/items/<int:item>"),
        ("/users/ann/posts/a/b", 200, "/users/<name>/posts/<path:post>"),
        ("/v2/acme/ann/posts/x", 200, "/v2/<tenant>/<name>/posts/<path:post>"),
        ("/nowhere", 404, None),
        ("/fail", 500, "/fail"),
        ("/teapot", 418, "/teapot"),
        ("/handled", 409, "/handled"),
        ("/stream", 200, "/stream"),
    ],
)
def test_requests(path: str, status: int, route: str | None, served: Served) -> None:
    """Each has its status, its rule as route, and its id on the answer and on the span."""
    assert served.answers[path] == [status, path]
    span = served.spans[path]
    assert span.attributes["http.response.status_code"] == status
    assert span.attributes.get("http.route") == route
    assert span.data.name == ("GET" if route is None else f"GET {route}")


def test_each_request_once(served: Served) -> None:
    """Ten requests are ten spans, ten measurements and ten access lines; none is active."""
    assert served.count == 10
    assert sum(point.data.count for point in served.points) == 10
    assert len([line for line in served.lines if line["logger"] == "clew.access"]) == 10
    assert [point.number for point in served.active] == [0] * len(served.active)


def test_method_that_the_route_has_not(served: Served) -> None:
    """A 405 matches no rule, so it has no route."""
    assert served.answers["post"][0] == 405
    (span,) = (s for s in served.spans.values() if s.attributes["http.request.method"] == "POST")
    assert "http.route" not in span.attributes


def test_unhandled_error(served: Served) -> None:
    """What Flask answers with 500 is on the span, though it leaves Flask as a response."""
    span = served.spans["/fail"]
    assert span.attributes["error.type"] == "LookupError"
    (event,) = span.data.events
    assert event.name == "exception"
    (line,) = (one for one in served.lines if "Exception on /fail" in one["message"])
    assert line["correlation_id"] == "/fail"
    assert line["exception.type"] == "LookupError"


def test_handled_error_is_none(served: Served) -> None:
    """An error that the application's own handler answers is no failure of the request."""
    for path in ("/handled", "/teapot"):
        assert served.spans[path].data.status.code == 0
        assert len(served.spans[path].data.events) == 0


def test_propagated_error(served: Served) -> None:
    """With errors propagated (as in testing) the caller gets the exception; it is told once."""
    assert served.answers["propagated"] == "propagated"
    span = served.spans["propagated"]
    assert len(span.data.events) == 1
    assert span.attributes["http.response.status_code"] == 500


def test_stream_and_teardown_are_within_the_request(served: Served) -> None:
    """Streamed parts and teardown functions see the request's id and span."""
    assert served.seen["stream"] == [["/stream", True], ["/stream", True]]
    assert served.seen["teardown"] is not None


def test_log_lines_of_handlers_have_the_ids(served: Served) -> None:
    """A line of a handler carries the request's three ids."""
    (line,) = (one for one in served.lines if one["message"] == "reading")
    span = served.spans["/items/7"]
    assert line["correlation_id"] == "/items/7"
    assert (line["trace_id"], line["span_id"]) == (
        span.data.trace_id.hex(),
        span.data.span_id.hex(),
    )
