"""Ways to begin: `import clew.auto`, `clew.instrument(app)`, both, twice, early and late."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.instrumentation.conftest import Script

DURATION = "http.server.request.duration"

# Every way gives each of three requests exactly one span, one measurement and one access line.
_APP = """
    import warnings
    warnings.simplefilter("ignore")
    {before}
    from fastapi import FastAPI
    from fastapi.testclient import TestClient
    import logging
    app = FastAPI()
    @app.get("/items/{{item}}")
    def read(item: int) -> int:
        return item
    {after}
    {client}
    client.get("/items/1")
    {later}
    client.get("/items/2")
    client.get("/items/3")
    import clew
    assert clew.flush(20)
    """
_LIFESPAN = "client = TestClient(app).__enter__()"
_NONE = "client = TestClient(app)"


@pytest.mark.parametrize(
    ("before", "after", "client", "later", "served"),
    [
        ("import clew.auto", "", _NONE, "", 3),
        ("import clew.auto", "", _LIFESPAN, "", 3),
        ("", "import clew.auto", _NONE, "", 3),
        ("", "import clew; clew.instrument(app)", _NONE, "", 3),
        ("", "import clew; clew.instrument(app)", _LIFESPAN, "", 3),
        ("", "import clew; clew.instrument(clew.instrument(app))", _NONE, "", 3),
        ("import clew.auto", "import clew; clew.instrument(app)", _NONE, "", 3),
        ("", "", _NONE, "import clew; clew.instrument(app)", 2),
        ("", "", _LIFESPAN, "import clew; clew.instrument(app)", 2),
        ("import clew.auto", "", _NONE, "clew.instrument(app)", 3),
    ],
    ids=[
        "auto", "auto, lifespan", "auto after the app", "instrument", "instrument, lifespan",
        "instrument twice", "auto and instrument", "instrument late",
        "instrument late, lifespan", "auto and instrument late",
    ],
)  # fmt: skip
def test_each_request_once(
    before: str, after: str, client: str, later: str, served: int, script: Script
) -> None:
    """FastAPI's own telemetry adds nothing, whichever way clew came, and however often."""
    script(_APP.format(before=before, after=after, client=client, later=later))
    spans = script.sink.spans()
    assert [span.data.name for span in spans] == ["GET /items/{item}"] * served
    assert {span.scope for span in spans} == {"clew"}
    assert sum(point.data.count for point in script.sink.points(DURATION)) == served
    access = [line for line in script.log_lines if line["logger"] == "clew.access"]
    assert len(access) == served


_PATCHED = """
import clew.auto
import fastapi, flask, requests, starlette.applications
print([hasattr(f, "__clew__") for f in (
    fastapi.FastAPI.build_middleware_stack, starlette.applications.Starlette.build_middleware_stack,
    flask.Flask.__call__, requests.Session.send,
)])
"""


@pytest.mark.parametrize(
    ("disabled", "patched"),
    [
        ("", "[True, True, True, True]"),
        ("requests", "[True, True, True, False]"),
        ("fastapi,starlette,flask", "[False, False, False, True]"),
    ],
)
def test_what_is_disabled_stays_as_it_is(disabled: str, patched: str) -> None:
    """clew's own instrumentations can be left out by name, as contributed ones can."""
    done = subprocess.run(
        [sys.executable, "-c", _PATCHED],
        env={**os.environ, "OTEL_PYTHON_DISABLED_INSTRUMENTATIONS": disabled},
        capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    assert done.stdout.splitlines()[0] == patched


def test_auto_configuration_of_fastapi_does_not_double(script: Script) -> None:
    """FASTAPI_OTEL_AUTO_CONFIGURE adds exporters to the provider that it finds: not to clew's."""
    code = _APP.format(before="import clew.auto", after="", client=_LIFESPAN, later="")
    script(code + "\n    client.__exit__(None, None, None)", FASTAPI_OTEL_AUTO_CONFIGURE="true")
    assert len(script.sink.spans()) == 3


def test_import_is_light(script: Script) -> None:
    """`import clew.auto` imports no framework, client or server, and not what sends.

    asyncio, and with it ssl, are imported by wrapt already.
    """
    heavy = [
        "fastapi", "starlette", "flask", "werkzeug", "requests", "urllib3", "uvicorn", "gunicorn",
        "grpc", "prometheus_client", "http.client", "ssl", "asyncio", "multiprocessing",
        "http.server", "google.protobuf", "opentelemetry.exporter.otlp.proto.common",
    ]  # fmt: skip
    code = f"""
        import sys
        import wrapt
        before = set(sys.modules)
        import clew.auto
        print(sorted(name for name in {heavy!r} if name in set(sys.modules) - before))
    """
    assert script(code) == ["[]"]


def test_flask_is_instrumented_in_place(script: Script) -> None:
    """`clew.instrument(flask_app)` returns the application, a WSGI one as before, instrumented."""
    code = """
        from flask import Flask
        import clew
        app = Flask("shop")
        @app.get("/items/<int:item>")
        def read(item):
            return str(item)
        assert clew.instrument(app) is app
        assert clew.instrument(app) is app
        response = app.test_client().get("/items/7", headers={"X-Correlation-ID": "t"},
                                         buffered=True)
        assert response.text == "7", response.text
        assert response.headers["X-Correlation-ID"] == "t"
    """
    script(code)
    (span,) = script.sink.spans()
    assert span.data.name == "GET /items/<int:item>"


def test_bare_asgi_application_is_wrapped(script: Script) -> None:
    """Any other ASGI application is returned wrapped; wrapping it again changes nothing."""
    code = """
        import asyncio, clew
        async def app(scope, receive, send):
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body"})
        wrapped = clew.instrument(app)
        assert clew.instrument(wrapped) is wrapped is not app
        scope = {"type": "http", "method": "GET", "path": "/", "headers": [], "query_string": b"",
                 "http_version": "1.1"}
        async def send(message): pass
        asyncio.run(wrapped(scope, None, send))
    """
    script(code)
    assert len(script.sink.spans()) == 1


def test_not_an_application(script: Script) -> None:
    """Something else is refused, with what to pass instead."""
    code = """
        import clew
        try:
            clew.instrument("users:app")
        except TypeError as error:
            print(error)
    """
    (line,) = script(code)
    assert "not str" in line
    assert "FastAPI()" in line


def test_disabled(script: Script) -> None:
    """OTEL_SDK_DISABLED=true: no telemetry, no threads, no change to logging."""
    code = """
        import logging, threading
        import clew.auto, clew
        from fastapi import FastAPI
        from fastapi.testclient import TestClient
        app = clew.instrument(FastAPI())
        print(TestClient(app).get("/").headers.get("x-correlation-id"))
        print([t.name for t in threading.enumerate()], logging.getLogger().handlers)
        print(clew.flush())
    """
    assert script(code, OTEL_SDK_DISABLED="true") == ["None", "['MainThread'] []", "True"]
    assert script.sink.received == []


def test_bad_settings_stop_the_start(script: Script) -> None:
    """A bad setting is an error at import, naming all of them; not a silent lack of telemetry."""
    code = """
        try:
            import clew.auto
        except Exception as error:
            print(type(error).__name__, len(error.problems))
    """
    lines = script(code, CLEW_LOG_LEVEL="LOUD", OTEL_BSP_MAX_QUEUE_SIZE="x")
    assert lines == ["ConfigurationError 2"]


@pytest.mark.parametrize(
    "key",
    [
        "OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT", "OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT",
        "OTEL_SPAN_EVENT_COUNT_LIMIT", "OTEL_SPAN_LINK_COUNT_LIMIT", "OTEL_ATTRIBUTE_COUNT_LIMIT",
    ],
)  # fmt: skip
def test_bad_limits_are_settings_too(key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The limits, which the SDK reads by itself, give the same kind of error."""
    from clew import ConfigurationError
    from clew._config import Settings
    from clew._runtime import Runtime

    monkeypatch.setenv(key, "many")
    with pytest.raises(ConfigurationError, match=f"{key}.*many"):
        Runtime(Settings())


def test_force_flush_of_the_providers(script: Script) -> None:
    """Code that knows only OpenTelemetry flushes by `force_flush` of the global providers."""
    code = """
        import clew.auto, os
        from opentelemetry import trace, metrics, _logs
        trace.get_tracer("t").start_span("s").end()
        metrics.get_meter("m").create_counter("c").add(1)
        _logs.get_logger("l").emit(body="b")
        for provider in (
            trace.get_tracer_provider(), metrics.get_meter_provider(), _logs.get_logger_provider()
        ):
            assert provider.force_flush(20_000)
        os._exit(0)
    """
    script(code, OTEL_BSP_SCHEDULE_DELAY="600000", OTEL_METRIC_EXPORT_INTERVAL="600000")
    assert [span.data.name for span in script.sink.spans()] == ["s"]
    assert [point.number for point in script.sink.points("c")] == [1]
    assert [record.data.body.string_value for record in script.sink.logs()] == ["b"]


def test_third_party_exporter_beside_clew(script: Script) -> None:
    """A span processor that the application adds to the global provider gets every span."""
    code = """
        import clew.auto
        from opentelemetry import trace
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import SimpleSpanProcessor
        from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
        provider = trace.get_tracer_provider()
        assert isinstance(provider, TracerProvider)
        exporter = InMemorySpanExporter()
        provider.add_span_processor(SimpleSpanProcessor(exporter))
        from fastapi import FastAPI
        from fastapi.testclient import TestClient
        TestClient(FastAPI()).get("/openapi.json")
        print([span.name for span in exporter.get_finished_spans()])
    """
    assert script(code)[-1] == "['GET /openapi.json']"
    assert len(script.sink.spans()) == 1
