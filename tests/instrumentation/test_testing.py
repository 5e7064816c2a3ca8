"""`clew.testing`: what it finds, what it says where it finds nothing, and that tests are apart."""

from __future__ import annotations

from pathlib import Path

from tests.instrumentation.test_testing_docs import pytest_run

# The tests run in a pytest of their own: capturing starts clew in its process.
HEAD = """
import logging, threading
import pytest
from opentelemetry import metrics, trace
tracer = trace.get_tracer("t")
log = logging.getLogger("shop")
"""


def passes(folder: Path, code: str, count: int = 1, **own: str) -> str:
    """Run `code` as a file of tests, of which `count` pass and none fails."""
    (folder / "test_inner.py").write_text(HEAD + code)
    ended = pytest_run(folder, "test_inner.py", **own)
    assert f"{count} passed" in ended.stdout, ended.stdout + ended.stderr
    assert "failed" not in ended.stdout.splitlines()[-1]
    return ended.stdout


def test_tests_are_apart(tmp_path: Path) -> None:
    """Nothing of one test is in the next: not a span that ends later, no line, no count."""
    code = """
late = []
counter = metrics.get_meter("t").create_counter("made")
def make():
    with tracer.start_as_current_span("s"):
        log.info("line")
    counter.add(1)
def test_first(clew_spans, clew_logs, clew_metrics):
    make()
    late.append(tracer.start_span("late"))
    assert (len(clew_spans), len(clew_logs), clew_metrics.value("made")) == (1, 1, 1)
def test_without_a_fixture():
    make()
def test_second(clew_spans, clew_logs, clew_metrics):
    late[0].end()
    assert (len(clew_spans), len(clew_logs)) == (0, 0)
    assert clew_metrics.names() <= {"http.server.active_requests"}
    make()
    assert (len(clew_spans), len(clew_logs), clew_metrics.value("made")) == (1, 1, 1)
"""
    passes(tmp_path, code, 3)


def test_parents_and_threads(tmp_path: Path) -> None:
    """A span of another thread is found when it ends, and its place in the trace is known."""
    code = """
def test_it(clew_spans):
    with tracer.start_as_current_span("root") as root:
        context = trace.set_span_in_context(root)
        with tracer.start_as_current_span("b"): pass
        child = tracer.start_span("c", context=context)
    threading.Timer(0.01, child.end).start()
    assert clew_spans.one("c", wait=30).parent.name == "root"
    root = clew_spans.one("root")
    assert [one.name for one in root.children] == ["b", "c"]
    assert [one.name for one in clew_spans.roots] == ["root"]
    assert [one.name for one in clew_spans] == ["root", "b", "c"]
    assert root.trace_id == clew_spans[1].trace_id
"""
    passes(tmp_path, code)


MISSING = [
    ("clew_spans.one('gone', wait=0)", ["0 match name='gone', not 1", "outer (internal)"]),
    ("clew_spans.one(wait=0)", ["2 match at all, not 1", "    inner (internal) FAILED"]),
    ("clew_logs.one('gone', wait=0)", ["0 match message='gone'", "INFO shop: said"]),
    ("clew_metrics.value('gone')", ["no point of gone", "made {'k': 'v'} = 3"]),
    ("clew_metrics.count('made')", ["made is no histogram"]),
]


def test_what_is_missing_is_said(tmp_path: Path) -> None:
    """An assertion that fails shows what there is instead."""
    code = f"""
@pytest.mark.parametrize(("assertion", "said"), {MISSING!r})
def test_it(assertion, said, clew_spans, clew_logs, clew_metrics):
    with tracer.start_as_current_span("outer"):
        with pytest.raises(KeyError), tracer.start_as_current_span("inner"):
            log.info("said")
            raise KeyError("k")
    metrics.get_meter("t").create_counter("made").add(3, {{"k": "v"}})
    with pytest.raises(AssertionError) as error:
        eval(assertion)
    for part in said:
        assert part in str(error.value)
"""
    passes(tmp_path, code, len(MISSING))


def test_on_the_reference_engine(tmp_path: Path) -> None:
    """With CLEW_ENGINE=sdk the same fixtures hold what OpenTelemetry's SDK makes."""
    code = """
from fastapi import FastAPI
from fastapi.testclient import TestClient
def test_it(clew_spans, clew_logs, clew_metrics):
    app = FastAPI()
    @app.get("/users/{user_id}")
    def user(user_id: int):
        log.info("hello")
        return user_id
    TestClient(app).get("/users/1", headers={"X-Correlation-ID": "ticket-7"})
    span = clew_spans.one(route="/users/{user_id}", kind="server")
    assert span.correlation_id == "ticket-7"
    assert clew_logs.one("hello").span_id == span.span_id
    assert clew_metrics.count("http.server.request.duration", {"http.route": span.route}) == 1
"""
    passes(tmp_path, code, CLEW_ENGINE="sdk")


def test_nothing_is_exported(tmp_path: Path) -> None:
    """Whatever the environment says, capturing sends and prints nothing."""
    code = """
from clew._start import current
def test_it(clew_logs, capfd):
    log.warning("kept")
    settings = current().settings
    assert (settings.traces, settings.metrics, settings.logs) == (None, None, None)
    assert clew_logs.messages == ["kept"]
    assert "kept" not in capfd.readouterr().out
"""
    passes(tmp_path, code, OTEL_EXPORTER_OTLP_ENDPOINT="http://127.0.0.1:9")


def test_an_application_that_starts_clew_itself(tmp_path: Path) -> None:
    """Where clew runs already, its telemetry is captured all the same."""
    code = """
import clew.auto
def test_it(clew_spans, clew_logs):
    with tracer.start_as_current_span("s"):
        log.info("line")
    assert clew_spans.one("s").span_id == clew_logs.one("line").span_id
"""
    passes(tmp_path, code, OTEL_TRACES_EXPORTER="none", OTEL_LOGS_EXPORTER="none")


def test_pytest_starts_without_clew(tmp_path: Path) -> None:
    """A run whose tests ask for none of the fixtures does not even import clew."""
    (tmp_path / "test_inner.py").write_text(
        "import sys\ndef test_it():\n    assert 'clew' not in sys.modules\n"
    )
    ended = pytest_run(tmp_path)
    assert "1 passed" in ended.stdout, ended.stdout + ended.stderr
