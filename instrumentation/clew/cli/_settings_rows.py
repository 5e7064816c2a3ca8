"""Every setting with its value and where that comes from."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from clew import _config_file
from clew._config import SIGNALS, Settings
from clew.readers import ReaderSettings
from clew.readers._choose import LENS_TOKEN
from clew.readers._settings import GRAFANA_URL, JAEGER_URL, LOKI_URL, PROMETHEUS_URL
from clew.readers.lens import LENS_URL

MASK = "***"
DEFAULT = "default"

_SECRET = re.compile(r"(token|secret|password|passwd|credential|api.?key)", re.IGNORECASE)


@dataclass(frozen=True)
class Row:
    """One setting. `source` is DEFAULT or the variable that gave it; `keys` are those that may."""

    name: str
    value: str
    source: str
    keys: tuple[str, ...]


@dataclass(frozen=True)
class _Setting:
    name: str
    keys: tuple[str, ...]
    value: Callable[[Settings], object]


# In the order in which a person looks for them. The first key that is set is the one that counts.
_SETTINGS = (
    _Setting("disabled", ("OTEL_SDK_DISABLED",), lambda s: s.disabled),
    _Setting("engine", ("CLEW_ENGINE",), lambda s: s.engine),
    _Setting("resource", ("OTEL_SERVICE_NAME", "OTEL_RESOURCE_ATTRIBUTES"),
             lambda s: _pairs(s.resource)),
    _Setting("propagators", ("OTEL_PROPAGATORS",), lambda s: s.propagators),
    _Setting("sampler", ("OTEL_TRACES_SAMPLER", "OTEL_TRACES_SAMPLER_ARG"),
             lambda s: f"{s.sampler} {s.sampler_ratio:g}" if s.sampler.endswith("ratio")
             else s.sampler),
    _Setting("correlation headers", ("CLEW_CORRELATION_HEADERS",), lambda s: s.correlation_headers),
    _Setting("trusted networks", ("CLEW_TRUSTED_NETWORKS",),
             lambda s: s.trusted_networks or "everybody"),
    _Setting("excluded urls", ("OTEL_PYTHON_EXCLUDED_URLS",),
             lambda s: s.excluded_urls.pattern if s.excluded_urls else None),
    _Setting("disabled instrumentations", ("OTEL_PYTHON_DISABLED_INSTRUMENTATIONS",),
             lambda s: s.disabled_instrumentations),
    _Setting("log format", ("CLEW_LOG_FORMAT",), lambda s: s.log_format),
    _Setting("log level", ("CLEW_LOG_LEVEL",), lambda s: logging.getLevelName(s.log_level)),
    _Setting("access log", ("CLEW_ACCESS_LOG",), lambda s: s.access_log),
    _Setting("schedule delay", ("OTEL_BSP_SCHEDULE_DELAY",), lambda s: f"{s.schedule_delay:g} s"),
    _Setting("queue", ("OTEL_BSP_MAX_QUEUE_SIZE",), lambda s: f"{s.max_queue_size} items"),
    _Setting("batch", ("OTEL_BSP_MAX_EXPORT_BATCH_SIZE",),
             lambda s: f"{s.max_export_batch_size} items"),
    _Setting("metric interval", ("OTEL_METRIC_EXPORT_INTERVAL",),
             lambda s: f"{s.metric_interval:g} s"),
    _Setting("shutdown timeout", ("CLEW_SHUTDOWN_TIMEOUT",), lambda s: f"{s.shutdown_timeout:g} s"),
    _Setting("spool", ("CLEW_SPOOL_DIR", "XDG_STATE_HOME"), lambda s: s.spool_dir or "off"),
    _Setting("spool size", ("CLEW_SPOOL_MAX_BYTES",), lambda s: f"{s.spool_max_bytes} bytes"),
    _Setting("spool age", ("CLEW_SPOOL_MAX_AGE",), lambda s: f"{s.spool_max_age:g} s"),
    _Setting("scraped at", ("OTEL_EXPORTER_PROMETHEUS_HOST", "OTEL_EXPORTER_PROMETHEUS_PORT"),
             lambda s: "{}:{}".format(*s.prometheus) if s.prometheus else None),
)  # fmt: skip

_FILE = "OTEL_CONFIG_FILE"
_OTLP = "OTEL_EXPORTER_OTLP_"


def rows(environ: Mapping[str, str]) -> list[Row]:
    """All of them. Raises ConfigurationError."""
    file = environ.get(_FILE, "").strip()
    said = Row("configuration file", file or "none", _FILE if file else DEFAULT, (_FILE,))
    if not file:
        return [said, *_rows(environ)]
    Settings.from_environ(environ)  # whose errors name the file
    # What the file says stands for the variables that say the same.
    declared = _config_file.read(environ)
    found = [
        replace(one, source=_FILE) if _of_file(one.source) else one
        for one in _rows(declared.environ)
    ]
    not_honoured = [Row("not honoured", one, _FILE, ()) for one in declared.ignored]
    return [said, *found, *not_honoured]


def _of_file(source: str) -> bool:
    return source.startswith("OTEL_") and not source.startswith(("OTEL_PYTHON_", _FILE))


def _rows(environ: Mapping[str, str]) -> list[Row]:
    settings = Settings.from_environ(environ)
    found = [_row(one, settings, environ) for one in _SETTINGS]
    for signal in SIGNALS:
        found += _endpoint(signal, settings, environ)
    return [*found, *_stores(environ)]


def _row(setting: _Setting, settings: Settings, environ: Mapping[str, str]) -> Row:
    value = _text(setting.value(settings))
    return Row(setting.name, value, _source(setting.keys, environ), setting.keys)


def _endpoint(signal: str, settings: Settings, environ: Mapping[str, str]) -> list[Row]:
    endpoint = settings.endpoint(signal)
    exporter: tuple[str, ...] = (f"OTEL_{signal.upper()}_EXPORTER",)
    if signal == "logs":
        exporter = ("CLEW_LOGS", *exporter)
    if endpoint is None:
        return [Row(signal, "not exported by OTLP", _source(exporter, environ), exporter)]

    own = signal.upper()

    def row(option: str, value: object, *others: str) -> Row:
        options = (option, *others)
        keys = tuple(key for one in options for key in (f"{_OTLP}{own}_{one}", f"{_OTLP}{one}"))
        name = f"{signal} {option.lower().replace('_', ' ')}"
        return Row(name, _text(value), _source(keys, environ), keys)

    headers = ", ".join(f"{name}: {MASK}" for name in endpoint.headers)
    found = [
        row("ENDPOINT", endpoint.url),
        row("PROTOCOL", endpoint.protocol),
        # A user and a password within the address become a header.
        row("HEADERS", headers, *(["ENDPOINT"] if headers else [])),
        row("TIMEOUT", f"{endpoint.timeout:g} s"),
        row("COMPRESSION", "gzip" if endpoint.gzip else "none"),
        row("CERTIFICATE", endpoint.certificate),
        row("CLIENT_CERTIFICATE", endpoint.client_certificate),
        row("CLIENT_KEY", endpoint.client_key),
    ]
    # What nobody has set and what has no default says nothing.
    return [one for one in found if one.value or one.source != DEFAULT]


def _stores(environ: Mapping[str, str]) -> list[Row]:
    """Where the commands read: they are no settings of a service."""
    if environ.get(LENS_URL, "").strip():
        token = MASK if environ.get(LENS_TOKEN, "").strip() else ""
        return [
            Row("read from lens", _address(environ[LENS_URL]), LENS_URL, (LENS_URL,)),
            Row("lens token", token, _source((LENS_TOKEN,), environ), (LENS_TOKEN,)),
        ]
    stores = ReaderSettings.from_environ(environ)
    urls = (
        ("Jaeger", stores.jaeger_url, JAEGER_URL),
        ("Loki", stores.loki_url, LOKI_URL),
        ("Prometheus", stores.prometheus_url, PROMETHEUS_URL),
        ("Grafana", stores.grafana_url, GRAFANA_URL),
    )
    return [
        Row(f"read from {name}", _address(url), _source((key,), environ), (key,))
        for name, url, key in urls
    ]


def _source(keys: tuple[str, ...], environ: Mapping[str, str]) -> str:
    """The variables among `keys` that are set; an empty one counts as unset."""
    given = [key for key in keys if environ.get(key, "").strip()]
    if not given:
        return DEFAULT
    # Of one option's two variables the first wins; of others all play a part.
    return given[0] if keys[0].startswith(_OTLP) else ", ".join(given)


def _pairs(values: Mapping[str, str]) -> str:
    shown = (f"{key}={MASK if _SECRET.search(key) else value}" for key, value in values.items())
    return ", ".join(shown)


def _address(url: str) -> str:
    parts = urlsplit(url)
    if not parts.username:
        return url
    return parts._replace(netloc=f"{MASK}@{parts.netloc.rpartition('@')[2]}").geturl()


def _text(value: object) -> str:
    if value is None or value == ():
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, tuple):
        return ", ".join(map(str, value))
    return str(value)
