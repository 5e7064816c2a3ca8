"""What is measured: each configuration, what it is compared with, and what must arrive."""

from __future__ import annotations

import signal
from collections.abc import Mapping
from dataclasses import dataclass, field

_APPS = "benchmarks.overhead.apps"
# HTTP parser and event loop are the same for all, and the fastest that uvicorn knows: the less the
# server costs, the more any telemetry weighs.
_UVICORN = (
    "uvicorn", f"{_APPS}.users:app", "--port", "{port}", "--http", "httptools", "--loop", "uvloop",
    "--no-access-log", "--log-level", "warning",
)  # fmt: skip
_GUNICORN = (
    "gunicorn", f"{_APPS}.users_flask:app", "--bind", "127.0.0.1:{port}", "--workers", "1",
    "--worker-class", "sync", "--log-level", "warning",
)  # fmt: skip
_TEXT = {"BENCH_LOG": "text"}
_CLEW = {"CLEW_ACCESS_LOG": "false"}
_STABLE = {"OTEL_SEMCONV_STABILITY_OPT_IN": "http"}  # so that all send the same attributes
_ALL_SIGNALS = {
    **_STABLE, **_TEXT,
    "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
    "OTEL_PYTHON_LOG_AUTO_INSTRUMENTATION": "true",
}  # fmt: skip


@dataclass(frozen=True)
class Configuration:
    """One way of running one application.

    `reference` names the configuration that does the same without telemetry, or without that part
    of it that is measured; one without any names itself. `expects` are the kinds of evidence that
    must be as many as the requests served; where `strict`, a round in which one is not is void.
    """

    name: str
    command: tuple[str, ...]
    reference: str
    environment: str = "clew"
    variables: Mapping[str, str] = field(default_factory=dict)
    expects: tuple[str, ...] = ()
    strict: bool = False
    neighbour: bool = False
    stop: signal.Signals = signal.SIGINT  # uvicorn ends in order at SIGINT, and runs atexit


def _app(command: tuple[str, ...], name: str) -> tuple[str, ...]:
    return tuple(f"{_APPS}.{name}:app" if word.startswith(_APPS) else word for word in command)


_RED = ("server_spans", "server_durations")
_LOGS = ("log_records", "log_lines")
_CALLING = _app(_UVICORN, "calling")
_CLIENT = ("client_spans", "client_durations")

CONFIGURATIONS = (
    Configuration("bare", _UVICORN, "bare"),
    Configuration(
        "clew", ("clew", "run", *_UVICORN), "bare", variables=_CLEW, expects=_RED, strict=True
    ),
    Configuration(
        "bare, text line", _UVICORN, "bare, text line", variables=_TEXT, expects=("log_lines",)
    ),
    Configuration(
        "clew, JSON line",
        ("clew", "run", *_UVICORN),
        "bare, text line",
        variables={**_CLEW, "BENCH_LOG": "call"},
        expects=_RED + _LOGS,
        strict=True,
    ),
    Configuration(
        "opentelemetry-instrument",
        ("opentelemetry-instrument", *_UVICORN),
        "bare, text line",
        environment="opentelemetry",
        variables=_ALL_SIGNALS,
        expects=_RED + _LOGS,
    ),
    Configuration(
        "prometheus-fastapi-instrumentator",
        _app(_UVICORN, "users_prometheus"),
        "bare",
        environment="prometheus",
        expects=("scraped",),
    ),
    Configuration(
        "logfire",
        _app(_UVICORN, "users_logfire"),
        "bare",
        environment="logfire",
        variables=_STABLE,
        expects=_RED,
    ),
    Configuration("requests, bare", _CALLING, "requests, bare", neighbour=True),
    Configuration(
        "requests, server span",
        ("clew", "run", *_CALLING),
        "requests, bare",
        variables={**_CLEW, "OTEL_PYTHON_DISABLED_INSTRUMENTATIONS": "requests"},
        expects=_RED,
        strict=True,
        neighbour=True,
    ),
    Configuration(
        "requests, clew",
        ("clew", "run", *_CALLING),
        "requests, server span",
        variables=_CLEW,
        expects=_RED + _CLIENT,
        strict=True,
        neighbour=True,
    ),
    Configuration("flask, bare", _GUNICORN, "flask, bare", stop=signal.SIGTERM),
    Configuration(
        "flask, clew",
        ("clew", "run", *_GUNICORN),
        "flask, bare",
        variables=_CLEW,
        expects=_RED,
        strict=True,
        stop=signal.SIGTERM,
    ),
)
BY_NAME = {one.name: one for one in CONFIGURATIONS}


def with_references(names: list[str]) -> list[Configuration]:
    """The configurations of these names (all for none) and what they are compared with, in order.

    Raises:
        KeyError: a name that no configuration has.
    """
    if not names:
        return list(CONFIGURATIONS)
    wanted = set(names)
    for name in names:
        while BY_NAME[name].reference not in wanted:
            name = BY_NAME[name].reference
            wanted.add(name)
    return [one for one in CONFIGURATIONS if one.name in wanted]
