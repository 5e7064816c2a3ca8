"""What goes wrong on the way out costs itself, is counted, and holds nobody up."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Any

import pytest

from clew._config import Settings
from clew._runtime import Runtime
from tests.instrumentation.telemetry import FLUSH_S, Telemetry
from tests.support.otlp_sink import Sink

# What user code can hand over that no encoder takes.
_POISON: dict[str, Callable[[Any], None]] = {
    "end time is text": lambda tracer: tracer.start_span("bad").end("soon"),
    "start time is a float": lambda tracer: tracer.start_span("bad", start_time=1.5).end(),
    "negative time": lambda tracer: tracer.start_span("bad", start_time=-1).end(-5),
    "time past 64 bits": lambda tracer: tracer.start_span("bad").end(1 << 70),
    "event time is text": lambda tracer: _ended(tracer, lambda s: s.add_event("e", None, "now")),
    "link to nothing": lambda tracer: _ended(tracer, lambda s: s.add_link("nothing")),
    "event without a name": lambda tracer: _ended(tracer, lambda s: s.add_event(None)),
    "name is a number": lambda tracer: tracer.start_span(7).end(),
}


def _ended(tracer: Any, change: Callable[[Any], None]) -> None:
    span = tracer.start_span("bad")
    try:
        change(span)
    except AttributeError:
        pass  # told at once to who did it: as good as kept
    span.end()


@pytest.mark.parametrize("poison", _POISON.values(), ids=list(_POISON))
def test_one_bad_span_costs_no_other(poison: Callable[[Any], None], clew: Telemetry) -> None:
    """A span that cannot be encoded is dropped and counted; those around it arrive."""
    tracer = clew.runtime.tracer
    tracer.start_span("before").end()
    poison(tracer)
    tracer.start_span("after").end()
    logging.getLogger("shop").info("a line")
    names = [span.data.name for span in clew.spans()]
    assert {"before", "after"} <= set(names)
    assert len(names) + clew.dropped("traces").get("not_encodable", 0) == 3
    assert len(clew.logs()) == 1


def test_tracer_with_an_odd_scope(clew: Telemetry) -> None:
    """A version that is a number, or attributes that are none, cost no spans."""
    odd: Any = clew.runtime.tracer_provider.get_tracer
    odd("numbered", 1.5).start_span("a").end()
    odd("attributed", "1", None, {"k": object()}).start_span("b").end()
    clew.runtime.tracer.start_span("c").end()
    assert sorted(span.data.name for span in clew.spans()) == ["a", "b", "c"]


def test_bad_log_record_costs_no_other(clew: Telemetry) -> None:
    """A record that cannot be encoded is dropped and counted; those around it arrive."""
    from clew.export._logs import LogItem

    logger = logging.getLogger("shop")
    logger.info("before")
    clew.runtime.pipeline.logs.put(
        LogItem("now", 0, 9, "INFO", "bad", {}, None, "shop")  # type: ignore[arg-type]
    )
    logger.info("after")
    assert [record.data.body.string_value for record in clew.logs()] == ["before", "after"]
    assert clew.dropped("logs") == {"not_encodable": 1}


def test_failing_source_of_metrics_costs_no_other(clew: Telemetry) -> None:
    """Metrics of a library that cannot be read are left out; clew's own arrive."""

    def fails() -> list[bytes]:
        raise RuntimeError("broken collector")

    clew.runtime.pipeline.collect.append(fails)
    assert clew.points("clew.export.queued")
    clew.runtime.tracer.start_span("s").end()
    assert clew.span().data.name == "s"


def test_stop_is_bounded_by_its_timeout(sink: Sink) -> None:
    """A metric source that hangs holds up neither the end nor what is there to be sent."""
    hang = threading.Event()
    runtime = Runtime(Settings.from_environ({"OTEL_EXPORTER_OTLP_ENDPOINT": sink.url}))

    def hangs() -> list[bytes]:
        hang.wait(FLUSH_S * 3)
        return []

    runtime.pipeline.collect.append(hangs)
    runtime.pipeline.start()
    runtime.tracer.start_span("s").end()
    stopped = threading.Thread(target=runtime.pipeline.stop, args=(0.5,), daemon=True)
    stopped.start()
    stopped.join(FLUSH_S)
    assert not stopped.is_alive()
    assert [span.data.name for span in sink.spans()] == ["s"]
    hang.set()
