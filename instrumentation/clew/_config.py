"""Settings: the environment, read once at start, becomes one frozen object.

`OTEL_*` variables have the meaning that OpenTelemetry gives them
(https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/); a `CLEW_*`
variable exists only where no standard one does. Where clew's default differs from the
specification's, the field says why.
"""

from __future__ import annotations

import ipaddress
import logging
import re
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import unquote, urlsplit

from clew import _config_file
from clew._environment import Environment
from clew._exceptions import ConfigurationError
from clew._trust import TrustedNetworks

SIGNALS = ("traces", "metrics", "logs")
PROTOCOLS = ("http/protobuf", "grpc")
_SAMPLERS = (
    "always_on",
    "always_off",
    "traceidratio",
    "parentbased_always_on",
    "parentbased_always_off",
    "parentbased_traceidratio",
)
_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
# RFC 9110, section 5.6.2: what a header's name may consist of.
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
# Section 5.5: what its value may be.
_FIELD = re.compile(r"[\t\x20-\x7e\xa0-\xff]*")


@dataclass(frozen=True)
class Endpoint:
    """Where one signal goes, and how.

    `url` is whole (`http://host:4318/v1/traces`); for gRPC only its scheme, host and port count.
    `timeout` is seconds for one attempt.
    """

    url: str
    protocol: str
    headers: Mapping[str, str]
    timeout: float
    gzip: bool
    certificate: str | None = None
    client_certificate: str | None = None
    client_key: str | None = None


@dataclass(frozen=True)
class Settings:
    """What clew was told. Make one with `Settings.from_environ`."""

    disabled: bool = False
    # "clew": the fast path. "sdk": OpenTelemetry's own SDK and instrumentations, as reference.
    engine: str = "clew"
    # None: this signal is not exported.
    traces: Endpoint | None = None
    metrics: Endpoint | None = None
    logs: Endpoint | None = None
    # Where /metrics is served for a Prometheus that scrapes, or None.
    prometheus: tuple[str, int] | None = None
    # Seconds between hand-overs to the exporter. The specification says 5 s; a process that is
    # killed loses what has not been handed over, so clew hands over every 0.2 s.
    schedule_delay: float = 0.2
    # Ended spans, and log records, kept before the export thread takes them (specification: 2,048).
    max_queue_size: int = 32_768
    # Spans in one request to the endpoint (specification: 512).
    max_export_batch_size: int = 2_048
    # Seconds between metric exports (specification: 60 s; on call that is too long to wait).
    metric_interval: float = 10.0
    propagators: tuple[str, ...] = ("tracecontext", "baggage")
    # One of `_SAMPLERS`, and the share of traces that those with a ratio take.
    sampler: str = "parentbased_always_on"
    sampler_ratio: float = 1.0
    # Of a configuration file: keyword of the SDK's SpanLimits → limit. None: the SDK reads the
    # `OTEL_*_LIMIT` variables.
    span_limits: Mapping[str, int] | None = None
    # What a configuration file says that clew does not honour: path and reason.
    ignored: tuple[str, ...] = ()
    # Requests whose URL path matches give no telemetry of any kind.
    excluded_urls: re.Pattern[str] | None = None
    # Instrumentations that are left out: packages, or `system_metrics`.
    disabled_instrumentations: tuple[str, ...] = ()
    # Read from the first of these that a request carries; answered and passed on in the first.
    correlation_headers: tuple[str, ...] = ("X-Correlation-ID", "X-Request-ID")
    # Whose trace context and correlation id are continued; None: everybody's.
    trusted_networks: TrustedNetworks | None = None
    # "json": clew owns the log lines on stdout. "none": logging to stdout is left as it is.
    log_format: str = "json"
    log_level: int = logging.INFO
    access_log: bool = True
    # Seconds that the process may take at its end to hand over what is left.
    shutdown_timeout: float = 5.0
    # Where telemetry waits while its endpoint is away; None: in memory only.
    spool_dir: Path | None = None
    # Bytes that one process may keep there for each signal, and how old it may get, in seconds.
    spool_max_bytes: int = 256 * 1024 * 1024
    spool_max_age: float = 86_400.0
    resource: Mapping[str, str] = field(default_factory=dict)

    @property
    def vitals(self) -> bool:
        """Whether the process, the interpreter and its event loops are measured.

        The name is that of the contributed instrumentation in whose place this stands.
        """
        return "system_metrics" not in self.disabled_instrumentations

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> Settings:
        """The settings that `environ` gives, or the file that its `OTEL_CONFIG_FILE` names.

        Raises:
            ConfigurationError: naming every invalid key, its value and what is allowed.
        """
        if not environ.get("OTEL_CONFIG_FILE", "").strip():
            return cls._of(environ)
        declared = _config_file.read(environ)
        try:
            settings = cls._of(declared.environ)
        except ConfigurationError as error:
            place = f"as said in {environ['OTEL_CONFIG_FILE']!r}"
            raise ConfigurationError([f"{one} ({place})" for one in error.problems]) from None
        return replace(settings, span_limits=declared.limits, ignored=declared.ignored)

    @classmethod
    def _of(cls, environ: Mapping[str, str]) -> Settings:
        env = Environment(environ)
        sampler = env.choice("OTEL_TRACES_SAMPLER", "parentbased_always_on", _SAMPLERS)
        settings = cls(
            disabled=env.flag("OTEL_SDK_DISABLED", False),
            engine=env.choice("CLEW_ENGINE", "clew", ("clew", "sdk")),
            traces=_endpoint(env, "traces"),
            metrics=_endpoint(env, "metrics"),
            logs=_endpoint(env, "logs"),
            prometheus=_prometheus(env),
            schedule_delay=env.milliseconds("OTEL_BSP_SCHEDULE_DELAY", 200),
            max_queue_size=env.whole("OTEL_BSP_MAX_QUEUE_SIZE", 32_768, least=1),
            max_export_batch_size=env.whole("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", 2_048, least=1),
            metric_interval=env.milliseconds("OTEL_METRIC_EXPORT_INTERVAL", 10_000),
            propagators=env.words("OTEL_PROPAGATORS", ("tracecontext", "baggage")),
            sampler=sampler,
            sampler_ratio=(
                env.ratio("OTEL_TRACES_SAMPLER_ARG", 1.0) if sampler.endswith("ratio") else 1.0
            ),
            excluded_urls=_excluded(env),
            disabled_instrumentations=env.words("OTEL_PYTHON_DISABLED_INSTRUMENTATIONS", ()),
            correlation_headers=_correlation_headers(env),
            trusted_networks=_trusted_networks(env),
            log_format=env.choice("CLEW_LOG_FORMAT", "json", ("json", "none")),
            log_level=logging.getLevelName(env.choice("CLEW_LOG_LEVEL", "INFO", _LEVELS)),
            access_log=env.flag("CLEW_ACCESS_LOG", True),
            shutdown_timeout=env.seconds("CLEW_SHUTDOWN_TIMEOUT", 5.0),
            spool_dir=_spool_dir(env),
            spool_max_bytes=env.whole("CLEW_SPOOL_MAX_BYTES", 268_435_456, least=1),
            spool_max_age=env.seconds("CLEW_SPOOL_MAX_AGE", 86_400.0),
            resource=_resource(env),
        )
        env.raise_problems()
        return settings

    def endpoint(self, signal: str) -> Endpoint | None:
        """The endpoint of "traces", "metrics" or "logs"."""
        found: Endpoint | None = getattr(self, signal)
        return found


def _endpoint(env: Environment, signal: str) -> Endpoint | None:
    exporters = env.words(f"OTEL_{signal.upper()}_EXPORTER", ("otlp",))
    allowed = ("otlp", "none", "prometheus") if signal == "metrics" else ("otlp", "none")
    for name in exporters:
        if name not in allowed:
            env.problem(f"OTEL_{signal.upper()}_EXPORTER", name, f"one of {', '.join(allowed)}")
    # The collector's agent reads the lines from stdout's file instead (options/logs_files.yaml).
    from_files = signal == "logs" and env.choice("CLEW_LOGS", "otlp", ("otlp", "files")) == "files"
    if "otlp" not in exporters or from_files:
        return None

    def key(option: str) -> str:
        specific = f"OTEL_EXPORTER_OTLP_{signal.upper()}_{option}"
        return specific if env.has(specific) else f"OTEL_EXPORTER_OTLP_{option}"

    protocol = env.choice(key("PROTOCOL"), "http/protobuf", PROTOCOLS)
    grpc = protocol == "grpc"
    endpoint_key = key("ENDPOINT")
    url = env.url(endpoint_key, "http://localhost:4317" if grpc else "http://localhost:4318")
    url, authorization = _without_password(url)
    # Protocol specification, "Endpoint URLs for OTLP/HTTP": the general variable is a base, the
    # one for a signal is used as it is.
    if not grpc and endpoint_key == "OTEL_EXPORTER_OTLP_ENDPOINT":
        url = f"{url.rstrip('/')}/v1/{signal}"
    # The specification's default is no compression. gzip is worth its time on a network and wasted
    # on loopback, where an agent usually listens.
    compression = env.choice(
        key("COMPRESSION"), "none" if _is_loopback(url) else "gzip", ("gzip", "none")
    )
    return Endpoint(
        url=url,
        protocol=protocol,
        headers={**authorization, **_headers(env, key("HEADERS"))},
        timeout=env.milliseconds(key("TIMEOUT"), 10_000),
        gzip=compression == "gzip",
        certificate=env.text(key("CERTIFICATE")),
        client_certificate=env.text(key("CLIENT_CERTIFICATE")),
        client_key=env.text(key("CLIENT_KEY")),
    )


def _headers(env: Environment, key: str) -> Mapping[str, str]:
    """Headers that can be sent: a name that is a token, and a value without control characters."""
    headers = env.pairs(key)
    for name, value in headers.items():
        if not _TOKEN.fullmatch(name) or not _FIELD.fullmatch(value):
            # Neither is repeated: the value is often a secret, and so may be a misplaced name.
            env.problem(key, "…", "header names (letters, digits, '-') with one line of Latin-1")
    return headers


def _without_password(url: str) -> tuple[str, Mapping[str, str]]:
    """`url` without user and password, which appear in no message, and the header they become."""
    parts = urlsplit(url)
    if not parts.username:
        return url, {}
    user = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
    clean = parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
    return clean, {"Authorization": f"Basic {b64encode(user.encode()).decode()}"}


def _is_loopback(url: str) -> bool:
    try:
        host = urlsplit(url).hostname or ""
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _prometheus(env: Environment) -> tuple[str, int] | None:
    host = env.text("OTEL_EXPORTER_PROMETHEUS_HOST") or "localhost"
    port = env.whole("OTEL_EXPORTER_PROMETHEUS_PORT", 9464, least=1, most=65_535)
    if "prometheus" in env.words("OTEL_METRICS_EXPORTER", ("otlp",)):
        return host, port
    return None


def _excluded(env: Environment) -> re.Pattern[str] | None:
    key = "OTEL_PYTHON_EXCLUDED_URLS"
    patterns = env.words(key, ())
    if not patterns:
        return None
    try:
        return re.compile("|".join(patterns))
    except re.error as error:
        env.problem(key, env.text(key) or "", f"regular expressions divided by commas ({error})")
        return None


def _correlation_headers(env: Environment) -> tuple[str, ...]:
    key = "CLEW_CORRELATION_HEADERS"
    names = env.words(key, ("X-Correlation-ID", "X-Request-ID"))
    for name in names:
        if not _TOKEN.fullmatch(name):
            env.problem(key, name, "header names (letters, digits, '-') divided by commas")
    return names


def _trusted_networks(env: Environment) -> TrustedNetworks | None:
    key = "CLEW_TRUSTED_NETWORKS"
    words = env.words(key, ("*",))
    if "*" in words:
        return None
    if env.text("CLEW_ENGINE") == "sdk":
        env.problem(key, ", ".join(words), "* where CLEW_ENGINE is sdk")
    try:
        return TrustedNetworks(words)
    except ValueError as error:
        env.problem(key, str(error), "networks as 10.0.0.0/8, addresses, unix, or * for all")
        return None


def _spool_dir(env: Environment) -> Path | None:
    given = env.text("CLEW_SPOOL_DIR")
    if given is not None:
        return None if given.lower() == "off" else Path(given)
    # XDG Base Directory specification: what outlives a restart, but is no configuration.
    state = env.text("XDG_STATE_HOME")
    home = env.text("HOME")
    if state is None and home is None:
        return None
    return (Path(state) if state else Path(home or "") / ".local" / "state") / "clew" / "spool"


def _resource(env: Environment) -> Mapping[str, str]:
    attributes = dict(env.pairs("OTEL_RESOURCE_ATTRIBUTES"))
    name = env.text("OTEL_SERVICE_NAME")
    if name:
        attributes["service.name"] = name
    return attributes
