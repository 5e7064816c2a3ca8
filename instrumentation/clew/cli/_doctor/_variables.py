"""What the environment alone tells: propagators, sampling, identities, a second instrumentation."""

from __future__ import annotations

from clew import _names
from clew._config import SIGNALS
from clew.cli._doctor._result import Result, good, problem
from clew.cli._doctor._surroundings import Surroundings

PROPAGATION, SAMPLING, WORKERS, DOUBLE = "propagation", "sampling", "workers", "instrumented once"

_OFF = ("always_off", "parentbased_always_off")
_UPSTREAM = "opentelemetry/instrumentation/auto_instrumentation"


def propagation(around: Surroundings) -> Result:
    """Whether the context travels to the next service in W3C's headers."""
    chosen = around.settings.propagators
    if "tracecontext" in chosen:
        return good(PROPAGATION, ", ".join(chosen))
    return problem(
        PROPAGATION,
        f"OTEL_PROPAGATORS is {', '.join(chosen)}: no tracecontext",
        "A service that reads traceparent, as all do by default, begins a new trace: what was one "
        "request is in pieces.",
        "Set OTEL_PROPAGATORS=tracecontext,baggage, and add the other one where old services "
        "need it.",
    )


def sampling(around: Surroundings) -> Result:
    """Whether traces are recorded and exported at all."""
    sampler = (around.environ.get("OTEL_TRACES_SAMPLER") or "parentbased_always_on").strip()
    share = (around.environ.get("OTEL_TRACES_SAMPLER_ARG") or "1").strip()
    settings = around.settings
    found = ""
    if settings.disabled:
        found = "OTEL_SDK_DISABLED is true"
    elif sampler.lower() in _OFF:
        found = f"OTEL_TRACES_SAMPLER is {sampler}"
    elif sampler.lower().endswith("traceidratio") and float(share) == 0:
        found = f"OTEL_TRACES_SAMPLER is {sampler} with OTEL_TRACES_SAMPLER_ARG {share}"
    off = [name for name in SIGNALS if settings.endpoint(name) is None]
    # Logs may go by files and metrics by scraping; traces have this way alone.
    if not found and "traces" in off:
        found = "OTEL_TRACES_EXPORTER is none"
    if not found:
        part = f", {share} of the traces" if sampler.endswith("traceidratio") else ""
        rest = f"; not exported by OTLP: {', '.join(off)}" if off else ""
        return good(SAMPLING, f"{sampler}{part}{rest}")
    return problem(
        SAMPLING,
        found,
        "No trace is there when one is looked for.",
        "Unset it. To keep fewer, sample in the collector, which sees whole traces "
        "(docs/pipeline.md), or set OTEL_TRACES_SAMPLER=parentbased_traceidratio.",
    )


def workers(around: Surroundings) -> Result:
    """Whether each process has an identity of its own."""
    fixed = around.settings.resource.get(_names.SERVICE_INSTANCE_ID)
    shared = _shared_ids(around)
    if shared or fixed:
        found = (
            f"{len(shared)} processes are service.instance.id {_identity(around, shared)}"
            if shared
            else f"OTEL_RESOURCE_ATTRIBUTES sets service.instance.id={fixed} for every process"
        )
        return problem(
            WORKERS,
            found,
            "Workers with one identity overwrite each other's sums: counts and rates jump, and "
            "are wrong.",
            "Leave service.instance.id out of OTEL_RESOURCE_ATTRIBUTES: clew makes one for each "
            "process. What tells machines apart is host.name or k8s.pod.name.",
        )
    count = len(around.reports or ())
    seen = f"; {count} process{'es' if count > 1 else ''} seen" if count else ""
    return good(WORKERS, f"an identity is made for each process{seen}")


def _identity(around: Surroundings, pids: tuple[int, ...]) -> str:
    """The identity that those processes share."""
    return next(one.instance_id for one in around.reports or () if one.pid in pids)


def _shared_ids(around: Surroundings) -> tuple[int, ...]:
    """The processes of the first identity that more than one has."""
    by_id: dict[str, list[int]] = {}
    for report in around.reports or ():
        by_id.setdefault(report.instance_id, []).append(report.pid)
    return next((tuple(pids) for pids in by_id.values() if len(pids) > 1), ())


def upstream(around: Surroundings) -> Result | None:
    """A problem where `opentelemetry-instrument` is on the way of every Python program."""
    if _UPSTREAM not in around.environ.get("PYTHONPATH", "").replace("\\", "/"):
        return None
    return problem(
        DOUBLE,
        "PYTHONPATH holds opentelemetry-instrument's start-up module",
        "Each request makes two spans and is counted twice.",
        "Start the program by clew run or by opentelemetry-instrument, not by both.",
    )
