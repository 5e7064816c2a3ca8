"""`OTEL_CONFIG_FILE`: OpenTelemetry's declarative configuration, as far as clew honours it.

Source: https://github.com/open-telemetry/opentelemetry-configuration, file_format 1.0 to 1.2. The
file becomes the `OTEL_*` variables that say the same, so that both have one meaning and one check.
As the specification wants it, variables that the file could say are ignored beside it.
docs/configuration.md lists what is not honoured, and why.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from clew import _yaml
from clew._exceptions import ConfigurationError
from clew._section import Section

# What the file cannot say, and is read beside it.
_KEPT = ("CLEW_", "OTEL_PYTHON_", "HOME", "XDG_")
_LIMITS = {
    "attribute_count_limit": "max_span_attributes",
    "attribute_value_length_limit": "max_span_attribute_length",
    "event_count_limit": "max_events",
    "link_count_limit": "max_links",
    "event_attribute_count_limit": "max_event_attributes",
    "link_attribute_count_limit": "max_link_attributes",
}
_BATCH = {
    "schedule_delay": "OTEL_BSP_SCHEDULE_DELAY",
    "max_queue_size": "OTEL_BSP_MAX_QUEUE_SIZE",
    "max_export_batch_size": "OTEL_BSP_MAX_EXPORT_BATCH_SIZE",
}
_PARENT_DEFAULTS = {
    "remote_parent_sampled": "always_on",
    "remote_parent_not_sampled": "always_off",
    "local_parent_sampled": "always_on",
    "local_parent_not_sampled": "always_off",
}


@dataclass(frozen=True)
class Declared:
    """What a file says: variables, span limits by the SDK's names, and what is not honoured."""

    environ: Mapping[str, str]
    limits: Mapping[str, int]
    ignored: tuple[str, ...]


def read(environ: Mapping[str, str]) -> Declared:
    """The file that `OTEL_CONFIG_FILE` names, and what of `environ` counts beside it.

    Raises:
        ConfigurationError: it cannot be read, or is of another format.
    """
    path = Path(environ["OTEL_CONFIG_FILE"].strip())
    document = _yaml.load(path, environ)
    if not isinstance(document, dict):
        raise ConfigurationError([f"OTEL_CONFIG_FILE={str(path)!r} holds no mapping."])
    form = str(document.get("file_format", ""))
    if form.partition(".")[0] != "1" or "-" in form:
        raise ConfigurationError(
            [f"file_format={form!r} in {str(path)!r} is unknown. Allowed: 1.0 and its successors."]
        )
    kept = {key: value for key, value in environ.items() if key.startswith(_KEPT)}
    ignored: list[str] = []
    translated = _Translation(Section(document, "", ignored))
    return Declared({**kept, **translated.environ}, translated.limits, tuple(ignored))


class _Translation:
    def __init__(self, top: Section) -> None:
        self.environ: dict[str, str] = {}
        self.limits: dict[str, int] = {}
        for known in ("file_format", "stability"):
            top.value(known)
        self._set("OTEL_SDK_DISABLED", top.value("disabled"))
        self._resource(top.section("resource"))
        self._propagator(top.section("propagator"))
        tracers = top.section("tracer_provider")
        self._limits(top.section("attribute_limits"), tracers.section("limits"))
        self._sampler(tracers)
        self._processors(tracers, "traces")
        self._readers(top.section("meter_provider"))
        self._processors(top.section("logger_provider"), "logs")
        top.rest()

    def _set(self, key: str, value: Any) -> None:
        if value is not None:
            self.environ[key] = str(value).lower() if isinstance(value, bool) else str(value)

    def _resource(self, resource: Section) -> None:
        pairs = [resource.value("attributes_list") or ""]
        for one in resource.sections("attributes"):
            name, value = one.value("name"), one.value("value")
            one.value("type")
            if isinstance(value, list):
                one.ignore("value", "resource attributes are single values here")
            elif value is not None:
                text = str(value).lower() if isinstance(value, bool) else str(value)
                pairs.append(f"{name}={quote(text)}")
        resource.rest()
        self._set("OTEL_RESOURCE_ATTRIBUTES", ",".join(filter(None, pairs)))

    def _propagator(self, propagator: Section) -> None:
        names = [name for one in propagator.sections("composite") for name in one.names()]
        names += [word.strip() for word in str(propagator.value("composite_list") or "").split(",")]
        propagator.rest()
        self._set("OTEL_PROPAGATORS", ",".join(dict.fromkeys(filter(None, names))) or None)

    def _limits(self, common: Section, own: Section) -> None:
        for key, name in _LIMITS.items():
            value = own.value(key)
            general = common.value(key) if key.startswith("attribute_") else None
            chosen = value if value is not None else general
            if chosen is not None:
                if not isinstance(chosen, int) or chosen < 0:
                    raise ConfigurationError(
                        [f"{own.at(key)}={chosen!r}: a whole number, 0 or more"]
                    )
                self.limits[name] = chosen
        common.rest()
        own.rest()

    def _sampler(self, tracers: Section) -> None:
        sampler = tracers.section("sampler")
        for kind in sampler.names():
            inner = sampler.section(kind)
            if kind != "parent_based":
                self._root_sampler(sampler, kind, inner, "")
                continue
            root = inner.section("root")
            for name in root.names() or ["always_on"]:
                self._root_sampler(root, name, root.section(name), "parentbased_")
            for key, default in _PARENT_DEFAULTS.items():
                if inner.section(key).names() not in ([], [default]):
                    inner.ignore(key, f"clew's parent-based samplers have {default} here")
            inner.rest()

    def _root_sampler(self, holder: Section, kind: str, inner: Section, prefix: str) -> None:
        if kind in ("always_on", "always_off"):
            self._set("OTEL_TRACES_SAMPLER", prefix + kind)
        elif kind in ("trace_id_ratio_based", "probability/development"):
            self._set("OTEL_TRACES_SAMPLER", f"{prefix}traceidratio")
            self._set("OTEL_TRACES_SAMPLER_ARG", inner.value("ratio"))
        else:
            holder.ignore(kind, "clew has no such sampler; as the parent, and all roots")
            return
        inner.rest()

    def _processors(self, provider: Section, signal: str) -> None:
        found = 0
        for one in provider.sections("processors"):
            for kind in one.names():
                inner = one.section(kind)
                exporters = list(_exporters(inner.section("exporter")))
                if kind not in ("batch", "simple") or not exporters:
                    one.ignore(kind, "clew exports by OTLP, in batches")
                    continue
                found += 1
                if found > 1:
                    one.ignore(kind, "clew has one endpoint a signal; a collector sends to several")
                    continue
                if signal == "traces":
                    for key, variable in _BATCH.items():
                        self._set(variable, inner.value(key))
                self._exporter(signal, *exporters[0])
                inner.rest()
        if not found:
            self._set(f"OTEL_{signal.upper()}_EXPORTER", "none")
        provider.rest()

    def _readers(self, provider: Section) -> None:
        exporters = []
        for one in provider.sections("readers"):
            pull = one.section("pull")
            for kind in ("prometheus", "prometheus/development"):
                if kind in pull.section("exporter").names():
                    prometheus = pull.section("exporter").section(kind)
                    self._set("OTEL_EXPORTER_PROMETHEUS_HOST", prometheus.value("host"))
                    self._set("OTEL_EXPORTER_PROMETHEUS_PORT", prometheus.value("port"))
                    exporters.append("prometheus")
                    prometheus.rest()
            periodic = one.section("periodic")
            for kind, exporter in _exporters(periodic.section("exporter")):
                if "otlp" in exporters:
                    one.ignore("periodic", "clew has one endpoint a signal")
                    break
                exporters.append("otlp")
                self._set("OTEL_METRIC_EXPORT_INTERVAL", periodic.value("interval"))
                self._exporter("metrics", kind, exporter)
                periodic.rest()
            one.rest()
        self._set("OTEL_METRICS_EXPORTER", ",".join(exporters) or "none")
        provider.rest()

    def _exporter(self, signal: str, kind: str, exporter: Section) -> None:
        prefix = f"OTEL_EXPORTER_OTLP_{signal.upper()}_"
        grpc = kind == "otlp_grpc"
        tls = exporter.section("tls")
        endpoint = exporter.value("endpoint")
        insecure = tls.value("insecure")
        if grpc and endpoint and "://" not in str(endpoint):
            endpoint = f"{'http' if insecure else 'https'}://{endpoint}"
        default = "http://localhost:4317" if grpc else f"http://localhost:4318/v1/{signal}"
        self._set(f"{prefix}ENDPOINT", endpoint or default)
        self._set(f"{prefix}PROTOCOL", "grpc" if grpc else "http/protobuf")
        self._set(f"{prefix}COMPRESSION", exporter.value("compression") or "none")
        timeout = exporter.value("timeout")
        if timeout == 0:
            exporter.ignore("timeout", "an attempt without a limit would block all others")
        else:
            self._set(f"{prefix}TIMEOUT", timeout)
        if exporter.value("encoding") not in (None, "protobuf"):
            exporter.ignore("encoding", "clew sends protobuf")
        if exporter.value("temporality_preference") not in (None, "cumulative"):
            exporter.ignore("temporality_preference", "clew's sums are cumulative")
        headers = [str(exporter.value("headers_list") or "")]
        for one in exporter.sections("headers"):
            name, value = one.value("name"), one.value("value")
            if value is not None:
                headers.append(f"{name}={quote(str(value))}")
        self._set(f"{prefix}HEADERS", ",".join(filter(None, headers)) or None)
        self._set(f"{prefix}CERTIFICATE", tls.value("ca_file"))
        self._set(f"{prefix}CLIENT_KEY", tls.value("key_file"))
        self._set(f"{prefix}CLIENT_CERTIFICATE", tls.value("cert_file"))
        tls.rest()
        exporter.rest()


def _exporters(exporter: Section) -> Iterator[tuple[str, Section]]:
    for kind in ("otlp_http", "otlp_grpc"):
        if kind in exporter.names():
            yield kind, exporter.section(kind)
