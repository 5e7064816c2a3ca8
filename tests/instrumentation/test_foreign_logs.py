"""structlog and loguru: ids on their lines, every line exported once, their output as they like."""

from __future__ import annotations

from typing import Any

import pytest

from tests.instrumentation.conftest import Script
from tests.support.otlp_sink import Item

HEAD = """
import clew.auto, clew, sys, logging
from opentelemetry import trace
tracer = trace.get_tracer("t")
def within(work):
    with clew.bind_correlation_id("ticket-7"), tracer.start_as_current_span("s") as span:
        context = span.get_span_context()
        print("IDS", f"{context.trace_id:032x}", f"{context.span_id:016x}")
        work()
"""


def run(script: Script, code: str, **settings: str) -> tuple[list[str], list[str]]:
    """(printed lines that are not JSON, the trace id and span id of `within`)"""
    printed = script(HEAD + code, **settings)
    ids = next(line.split()[1:] for line in printed if line.startswith("IDS"))
    return [line for line in printed if not line.startswith("IDS")], ids


def exported(script: Script) -> list[tuple[str, str, dict[str, Any]]]:
    """(message, severity, attributes) of each record of the application."""
    return [
        (one.data.body.string_value, one.data.severity_text, one.attributes)
        for one in script.sink.logs()
        if not one.scope.startswith("clew")
    ]


def same_ids(record: Item, ids: list[str]) -> bool:
    return [record.data.trace_id.hex(), record.data.span_id.hex()] == ids


@pytest.mark.parametrize("engine", ["clew", "sdk"])
def test_structlog_as_it_comes(engine: str, script: Script) -> None:
    """Its lines show the ids, look as ever, and are exported with their fields."""
    pytest.importorskip("structlog", reason="structlog is not installed")
    code = """
import structlog
log = structlog.get_logger("shop").bind(user=1)
within(lambda: log.warning("sold", item="book"))
log.info("outside")
"""
    printed, ids = run(script, code, CLEW_ENGINE=engine)
    assert len(printed) == 2
    assert all(part in printed[0] for part in (*ids, "ticket-7", "sold", "user", "book"))
    assert "trace_id" not in printed[1]
    (sold, outside) = exported(script)
    assert sold[:2] == ("sold", "WARN")
    assert sold[2] == {"user": 1, "item": "book", "correlation_id": "ticket-7"}
    assert outside == ("outside", "INFO", {"user": 1})
    assert same_ids(script.sink.logs()[0], ids)


def test_structlog_rendering_json(script: Script) -> None:
    """With a JSON renderer the ids are fields; an exception is exported with its stack."""
    pytest.importorskip("structlog", reason="structlog is not installed")
    code = """
import structlog
structlog.configure(processors=[structlog.processors.dict_tracebacks,
                                structlog.processors.JSONRenderer()])
def work():
    try:
        raise KeyError("gone")
    except KeyError:
        structlog.get_logger().exception("failed")
within(work)
"""
    _, ids = run(script, code)
    (line,) = script.log_lines
    assert (line["event"], line["trace_id"], line["correlation_id"]) == (
        "failed",
        ids[0],
        "ticket-7",
    )
    ((message, severity, attributes),) = exported(script)
    assert (message, severity) == ("failed", "ERROR")
    assert attributes["exception.type"] == "KeyError"
    assert "in work" in attributes["exception.stacktrace"]


def test_structlog_on_the_standard_library(script: Script) -> None:
    """Lines that pass `logging` anyway are written and exported once."""
    pytest.importorskip("structlog", reason="structlog is not installed")
    code = """
import structlog
structlog.configure(logger_factory=structlog.stdlib.LoggerFactory(),
    wrapper_class=structlog.stdlib.BoundLogger,
    processors=[structlog.stdlib.render_to_log_kwargs])
within(lambda: structlog.get_logger("shop").info("sold", item="book"))
"""
    _, ids = run(script, code)
    (line,) = script.log_lines
    assert (line["message"], line["item"], line["trace_id"]) == ("sold", "book", ids[0])
    assert [one[0] for one in exported(script)] == ["sold"]


def test_structlog_s_filters_hold(script: Script) -> None:
    """What structlog drops is not exported."""
    pytest.importorskip("structlog", reason="structlog is not installed")
    code = """
import structlog
def drop(logger, method, event):
    if "secret" in event: raise structlog.DropEvent
    return event
structlog.configure(processors=[drop, structlog.processors.JSONRenderer()],
                    wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
log = structlog.get_logger()
within(lambda: (log.info("quiet"), log.error("kept"), log.error("dropped", secret=1)))
"""
    run(script, code)
    assert [one[0] for one in exported(script)] == ["kept"]
    assert [line["event"] for line in script.log_lines] == ["kept"]


@pytest.mark.parametrize("engine", ["clew", "sdk"])
def test_loguru_as_it_comes(engine: str, script: Script) -> None:
    """Not configured, its lines are clew's JSON on standard output, and exported."""
    pytest.importorskip("loguru", reason="loguru is not installed")
    code = """
from loguru import logger
def work():
    logger.bind(user=1).success("sold {}", "book")
    try:
        raise KeyError("gone")
    except KeyError:
        logger.exception("failed")
within(work)
"""
    printed, ids = run(script, code, CLEW_ENGINE=engine)
    assert printed == [] and script.stderr == ""
    sold, failed = script.log_lines
    assert (sold["message"], sold["level"], sold["user"]) == ("sold book", "SUCCESS", 1)
    assert (sold["trace_id"], sold["span_id"]) == tuple(ids)
    assert sold["correlation_id"] == failed["correlation_id"] == "ticket-7"
    assert failed["exception.type"] == "KeyError"
    assert "in work" in failed["exception.stacktrace"]
    assert [one[:2] for one in exported(script)] == [("sold book", "SUCCESS"), ("failed", "ERROR")]
    assert same_ids(script.sink.logs()[0], ids)


@pytest.mark.parametrize("remove", ["logger.remove()", "logger.remove(0)"])
def test_loguru_with_sinks_of_its_own(remove: str, script: Script) -> None:
    """The application's sinks print, with the ids in `extra`; clew exports, and prints nothing."""
    pytest.importorskip("loguru", reason="loguru is not installed")
    code = f"""
from loguru import logger
{remove}
logger.add(sys.stdout, format="{{message}} {{extra[correlation_id]}} {{extra[trace_id]}}")
within(lambda: logger.info("sold"))
"""
    printed, ids = run(script, code)
    assert printed == [f"sold ticket-7 {ids[0]}"]
    assert script.log_lines == []
    assert [one[0] for one in exported(script)] == ["sold"]


def test_loguru_configured_at_once(script: Script) -> None:
    """`configure` with handlers and a patcher: both work, and the ids are there for the patcher."""
    pytest.importorskip("loguru", reason="loguru is not installed")
    code = """
from loguru import logger
seen = []
def more(record):
    record["extra"].update(more=record["extra"]["correlation_id"])
logger.configure(handlers=[{"sink": sys.stdout, "format": "{message} {extra[more]}"}], patcher=more)
within(lambda: logger.info("sold"))
"""
    printed, _ = run(script, code)
    assert printed == ["sold ticket-7"]
    ((message, _, attributes),) = exported(script)
    assert (message, attributes["more"]) == ("sold", "ticket-7")


@pytest.mark.parametrize("library", ["structlog", "loguru"])
def test_switched_off(library: str, script: Script) -> None:
    """Named as disabled, the library is left as it is."""
    pytest.importorskip(library, reason=f"{library} is not installed")
    code = """
import structlog, loguru
within(lambda: (structlog.get_logger().info("s"), loguru.logger.info("l")))
"""
    run(script, code, OTEL_PYTHON_DISABLED_INSTRUMENTATIONS=library)
    assert [one[0] for one in exported(script)] == [{"structlog": "l", "loguru": "s"}[library]]
