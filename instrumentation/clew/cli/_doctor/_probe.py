"""A span, a log line and a metric of its own, sent the way everything goes, and read back."""

from __future__ import annotations

import logging
import secrets
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from time import monotonic

from opentelemetry import trace as trace_api

from clew import _names, correlation
from clew._config import Settings
from clew._runtime import Runtime
from clew._version import __version__
from clew.cli._doctor._result import Result, State, good, problem, skipped
from clew.cli._doctor._surroundings import Surroundings
from clew.export import _metrics as encode
from clew.logs import ClewHandler, JsonFormatter
from clew.readers import CorrelationId, ReaderError, TraceId, Window

SERVICE = "clew-doctor"
_EVERY_S = 0.2
_SEND_WITHIN_S = 10.0
_STORES = {"traces": "Jaeger", "logs": "Loki", "metrics": "Prometheus"}


def names() -> dict[str, str]:
    """Signal → the name of its check."""
    return {signal: f"probe: {signal}" for signal in _STORES}


@dataclass(frozen=True)
class Probe:
    """What was sent: ids that nothing else has. `number` is the metric's value, its id."""

    correlation_id: str
    trace_id: str
    number: int
    sent_ns: int
    accepted_s: float


def check(around: Surroundings, unexplained: Mapping[str, bool]) -> list[Result]:
    """One result for each signal. `unexplained` is False for one whose way is known to be shut."""
    titles = names()
    if not any(unexplained.values()):
        return [skipped(title, "what stands above is in its way") for title in titles.values()]
    exported = {signal for signal in titles if around.settings.endpoint(signal) is not None}
    probe = send(around)
    if probe is None:
        return [
            _lost(titles[signal], signal, "was not accepted by the endpoint in time")
            if signal in exported and unexplained[signal]
            else skipped(titles[signal], "not exported by OTLP")
            for signal in titles
        ]
    wanted = [signal for signal in titles if signal in exported and unexplained[signal]]
    arrived = _read_back(around, probe, wanted)
    results = []
    for signal, title in titles.items():
        if signal not in exported:
            results.append(skipped(title, "not exported by OTLP"))
        elif not unexplained[signal]:
            results.append(skipped(title, "what stands above is in its way"))
        else:
            results.append(arrived[signal])
    return results


def send(around: Surroundings) -> Probe | None:
    """Send it; None where the endpoint did not accept all of it in time."""
    settings = replace(
        around.settings,
        spool_dir=None,
        disabled=False,
        # One series for each machine, however often a doctor is asked.
        resource={
            **around.settings.resource,
            _names.SERVICE_NAME: SERVICE,
            _names.SERVICE_INSTANCE_ID: f"{SERVICE}-{socket.gethostname()}",
        },
    )
    return _send(settings, around.now_ns)


def _send(settings: Settings, now_ns: Callable[[], int]) -> Probe | None:
    runtime = Runtime(settings)
    thread, number, sent_ns = f"doctor-{secrets.token_hex(8)}", secrets.randbits(40), now_ns()

    def gauge() -> list[bytes]:
        points: list[tuple[dict[str, str], float]] = [({}, number)]
        about = "The last probe of clew doctor, which is told by its value."
        metric = encode.sum_of(
            _names.DOCTOR_PROBE, about, "", points, sent_ns, now_ns(), monotonic=False
        )
        return [encode.scope_metrics("clew", __version__, [metric])]

    runtime.pipeline.collect.append(gauge)
    runtime.pipeline.start()
    try:
        with correlation.bind(thread):
            span = _sampled(runtime).start_span(SERVICE)
            with trace_api.use_span(span, end_on_exit=True):
                _log(runtime)
        began = monotonic()
        accepted = runtime.flush(_SEND_WITHIN_S)
        took = monotonic() - began
        lost = sum(runtime.pipeline.dropped().values())
    finally:
        runtime.pipeline.stop(1.0)
    if not accepted or lost:
        return None
    return Probe(thread, f"{span.get_span_context().trace_id:032x}", number, sent_ns, took)


def _sampled(runtime: Runtime) -> trace_api.Tracer:
    """A tracer that records whatever the environment says of sampling: that is another check."""
    from opentelemetry.sdk.trace.sampling import ALWAYS_ON

    runtime.tracer_provider.sampler = ALWAYS_ON
    return runtime.tracer_provider.get_tracer(SERVICE, __version__)


def _log(runtime: Runtime) -> None:
    handler = ClewHandler(JsonFormatter(SERVICE), runtime.pipeline.logs, write=False)
    record = logging.LogRecord(SERVICE, logging.INFO, __file__, 0, "a probe", None, None)
    handler.handle(record)


def _read_back(around: Surroundings, probe: Probe, wanted: list[str]) -> dict[str, Result]:
    """Ask for each until it is there, an error is the answer, or patience ends."""
    questions: dict[str, Callable[[], bool]] = {
        "traces": lambda: bool(around.reader.trace(TraceId(probe.trace_id))),
        "logs": lambda: _lines(around, probe),
        "metrics": lambda: any(
            one.value == probe.number
            for one in around.reader.samples(_names.DOCTOR_PROBE.replace(".", "_"), {})
        ),
    }
    titles, began = names(), monotonic()
    found: dict[str, Result] = {}
    while True:
        for signal in [one for one in wanted if one not in found]:
            try:
                there = questions[signal]()
            except ReaderError as error:
                found[signal] = _unread(titles[signal], error)
                continue
            if there:
                later = (monotonic() - began) * 1000
                found[signal] = good(
                    titles[signal],
                    f"accepted after {probe.accepted_s * 1000:.0f} ms, "
                    f"found in {_store(around, signal)} {later:.0f} ms later",
                )
        left = [one for one in wanted if one not in found]
        if not left:
            return found
        if monotonic() - began > around.patience_s:
            text = (
                f"was accepted, but is not in {{}} after {around.patience_s:g} s "
                f"(correlation id {probe.correlation_id})"
            )
            late = {one: _lost(titles[one], one, text.format(_store(around, one))) for one in left}
            return {**found, **late}
        around.pause(_EVERY_S)


def _lines(around: Surroundings, probe: Probe) -> bool:
    window = Window(probe.sent_ns - 60 * 10**9, around.now_ns() + 60 * 10**9)
    lines = around.reader.log_lines(CorrelationId(probe.correlation_id), window)
    return any(line.trace_id == probe.trace_id for line in lines)


def _store(around: Surroundings, signal: str) -> str:
    return _STORES[signal] if around.native is not None else "the lens"


def _lost(title: str, signal: str, what: str) -> Result:
    return problem(
        title,
        f"the probe {what}",
        f"What services send of {signal} is lost, or late, in the same way.",
        'Look at the collector\'s log and at its own metrics (board "Pipeline"): refused, queue, '
        "send_failed. Does this read where that sends (CLEW_LENS_URL, CLEW_*_URL)?",
    )


def _unread(title: str, error: ReaderError) -> Result:
    return Result(
        title,
        State.PROBLEM,
        str(error),
        "Nobody can look at what is stored there.",
        "Start it, or say where it is: CLEW_LENS_URL for a lens; CLEW_JAEGER_URL, CLEW_LOKI_URL "
        "and CLEW_PROMETHEUS_URL otherwise.",
    )
