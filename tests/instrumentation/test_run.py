"""`clew run CMD…`: the program as it would run without clew, instrumented."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.otlp_sink import Sink
from tests.support.processes import BIN, DEADLINE_S, environ


def _run(*words: str, **own: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(BIN / "clew"), "run", *words],
        env=environ(own), capture_output=True, text=True, timeout=DEADLINE_S, check=False,
    )  # fmt: skip


_SPAN = "from opentelemetry import trace; trace.get_tracer('t').start_span('s').end(); "


def test_program_is_instrumented(sink: Sink) -> None:
    """A program that knows nothing of clew exports what it makes."""
    ended = _run("python", "-c", _SPAN, OTEL_EXPORTER_OTLP_ENDPOINT=sink.url)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert [span.data.name for span in sink.spans()] == ["s"]


def test_words_and_exit_code_are_the_programs(sink: Sink) -> None:
    """Options are the program's own, and so is its exit code."""
    code = "import sys; print(sys.argv[1:]); sys.exit(7)"
    own = {"OTEL_EXPORTER_OTLP_ENDPOINT": sink.url}
    ended = _run("python", "-c", code, "--port", "1", "--help", **own)
    assert (ended.returncode, ended.stdout) == (7, "['--port', '1', '--help']\n")


def test_a_program_may_be_given_by_its_path(sink: Sink) -> None:
    """As it stands, not beside this Python."""
    ended = _run(sys.executable, "-c", _SPAN, OTEL_EXPORTER_OTLP_ENDPOINT=sink.url)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert len(sink.spans()) == 1


def test_unknown_program() -> None:
    """A program that is not there is named, and where it was looked for."""
    ended = _run("no-such-program")
    assert ended.returncode != 0
    assert "'no-such-program' was not found" in ended.stderr


def test_bad_settings_end_it_before_the_program() -> None:
    """Every bad setting is told, the program is not started, and the code is 2."""
    ended = _run(
        "python", "-c", "print('started')", CLEW_LOG_LEVEL="LOUD", OTEL_BSP_MAX_QUEUE_SIZE="x"
    )
    assert (ended.returncode, ended.stdout) == (2, "")
    assert "CLEW_LOG_LEVEL='LOUD'" in ended.stderr
    assert "OTEL_BSP_MAX_QUEUE_SIZE='x'" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_children_of_the_program_too(sink: Sink) -> None:
    """A Python process that the program starts is instrumented as well."""
    code = f"import subprocess, sys; sys.exit(subprocess.call([sys.executable, '-c', {_SPAN!r}]))"
    ended = _run("python", "-c", code, OTEL_EXPORTER_OTLP_ENDPOINT=sink.url)
    assert ended.returncode == 0
    assert len(sink.spans()) == 1


@pytest.mark.parametrize("body", ["print('own')", "import nowhere_to_be_found"])
def test_own_sitecustomize_still_counts(body: str, sink: Sink, tmp_path: Path) -> None:
    """A `sitecustomize` of the environment is imported as without clew, also one that fails."""
    (tmp_path / "sitecustomize.py").write_text(body)
    own = {"OTEL_EXPORTER_OTLP_ENDPOINT": sink.url, "PYTHONPATH": str(tmp_path)}
    ended = _run("python", "-c", _SPAN, **own)
    assert ended.returncode == 0
    assert ("own" in ended.stdout) == (body == "print('own')")
    assert ("nowhere_to_be_found" in ended.stderr) == (body != "print('own')")
    assert len(sink.spans()) == 1


def test_python_without_clew(sink: Sink) -> None:
    """A Python that lacks clew runs as it would without, and says so in one line."""
    site = Path(sys.modules["clew"].__file__ or "").parent / "cli" / "_site"
    ended = subprocess.run(
        [sys.executable, "-S", "-c", "import sitecustomize; print('ran')"],
        env={"PYTHONPATH": str(site)}, capture_output=True, text=True,
        timeout=DEADLINE_S, check=False,
    )  # fmt: skip
    assert (ended.returncode, ended.stdout) == (0, "ran\n")
    assert ended.stderr.startswith("clew: not instrumented")
    assert len(ended.stderr.splitlines()) == 1
