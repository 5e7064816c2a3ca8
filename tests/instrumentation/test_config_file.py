"""OTEL_CONFIG_FILE: what the declarative file says becomes the settings; the rest is named."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from clew import ConfigurationError
from clew._config import Settings
from clew._yaml import substituted
from tests.instrumentation.conftest import Script

WHOLE = """
file_format: "1.2"
disabled: false
resource:
  attributes:
    - {name: service.name, value: shop}
    - {name: weight, value: 1.5, type: double}
    - {name: odd, value: "a,b=c é"}
  attributes_list: ${OTEL_RESOURCE_ATTRIBUTES}
attribute_limits: {attribute_value_length_limit: 4096}
propagator:
  composite: [{b3:}, {tracecontext:}]
  composite_list: tracecontext,baggage
tracer_provider:
  processors:
    - batch:
        schedule_delay: 1000
        max_queue_size: ${QUEUE:-4096}
        exporter:
          otlp_http:
            endpoint: ${COLLECTOR:-http://localhost:4318}/v1/traces
            tls: {ca_file: /ca.pem, key_file: /key.pem, cert_file: /cert.pem}
            compression: gzip
            timeout: 3000
            headers: [{name: Authorization, value: "Bearer a, b"}]
            headers_list: x-tenant=one
  limits: {attribute_count_limit: 64, event_count_limit: 3}
  sampler:
    parent_based:
      root: {trace_id_ratio_based: {ratio: 0.25}}
      remote_parent_not_sampled: {always_off:}
meter_provider:
  readers:
    - pull: {exporter: {prometheus/development: {host: 0.0.0.0, port: 9999}}}
    - periodic:
        interval: 5000
        exporter: {otlp_grpc: {endpoint: "collector:4317", tls: {insecure: true}}}
logger_provider:
  processors:
    - simple: {exporter: {otlp_http: {}}}
"""


def settings(folder: Path, text: str, **environ: str) -> Settings:
    path = folder / "otel.yaml"
    path.write_text(text, encoding="utf-8")
    return Settings.from_environ({"OTEL_CONFIG_FILE": str(path), **environ})


def test_everything_honoured(tmp_path: Path) -> None:
    """Each part of the file that clew knows is in the settings, and nothing is called ignored."""
    pytest.importorskip("yaml", reason="PyYAML is not installed")
    found = settings(tmp_path, WHOLE, OTEL_RESOURCE_ATTRIBUTES="team=a", COLLECTOR="http://c:1")
    assert found.ignored == ()
    assert found.resource == {
        "service.name": "shop",
        "weight": "1.5",
        "odd": "a,b=c é",
        "team": "a",
    }
    assert found.propagators == ("b3", "tracecontext", "baggage")
    traces = found.traces
    assert traces is not None
    assert (traces.url, traces.protocol) == ("http://c:1/v1/traces", "http/protobuf")
    assert (traces.gzip, traces.timeout) == (True, 3.0)
    assert traces.headers == {"Authorization": "Bearer a, b", "x-tenant": "one"}
    assert (traces.certificate, traces.client_key) == ("/ca.pem", "/key.pem")
    assert traces.client_certificate == "/cert.pem"
    assert (found.schedule_delay, found.max_queue_size) == (1.0, 4096)
    assert (found.sampler, found.sampler_ratio) == ("parentbased_traceidratio", 0.25)
    assert found.span_limits == {
        "max_span_attributes": 64,
        "max_span_attribute_length": 4096,
        "max_events": 3,
    }
    assert found.metrics is not None and found.logs is not None
    assert (found.metrics.url, found.metrics.protocol) == ("http://collector:4317", "grpc")
    assert found.metric_interval == 5.0
    assert found.prometheus == ("0.0.0.0", 9999)
    assert (found.logs.url, found.logs.gzip) == ("http://localhost:4318/v1/logs", False)


def test_the_file_alone_counts(tmp_path: Path) -> None:
    """Variables that the file could say are ignored beside it; clew's own are not."""
    pytest.importorskip("yaml", reason="PyYAML is not installed")
    environ = {
        "OTEL_SERVICE_NAME": "other",
        "OTEL_EXPORTER_OTLP_ENDPOINT": "http://other:4318",
        "OTEL_TRACES_SAMPLER": "always_off",
        "CLEW_LOG_LEVEL": "DEBUG",
        "OTEL_PYTHON_EXCLUDED_URLS": "health",
    }
    found = settings(tmp_path, 'file_format: "1.0"', **environ)
    assert found.resource == {}
    assert (found.traces, found.metrics, found.logs) == (None, None, None)
    assert found.sampler == "parentbased_always_on"
    assert found.log_level == 10
    assert found.excluded_urls is not None


IGNORED = [
    ("log_level: info", "log_level: not honoured by clew"),
    ("resource: {detection/development: {detectors: [{host:}]}}", "resource.detection/development"),
    ("tracer_provider: {processors: [{batch: {exporter: {console:}}}]}", "processors[0].batch"),
    (
        "tracer_provider: {processors: [{batch: {exporter: {otlp_http:}}},"
        " {batch: {exporter: {otlp_grpc:}}}]}",
        "tracer_provider.processors[1].batch: clew has one endpoint",
    ),
    (
        "tracer_provider: {processors: [{batch: {export_timeout: 9, exporter: {otlp_http:}}}]}",
        "processors[0].batch.export_timeout",
    ),
    ("tracer_provider: {sampler: {jaeger_remote/development: {}}}", "jaeger_remote/development"),
    (
        "tracer_provider: {sampler: {parent_based: {local_parent_sampled: {always_off:}}}}",
        "sampler.parent_based.local_parent_sampled",
    ),
    ("meter_provider: {views: [{selector: {}}]}", "meter_provider.views"),
    (
        "meter_provider: {readers: [{periodic: {exporter: {otlp_http:"
        " {temporality_preference: delta}}}}]}",
        "temporality_preference: clew's sums are cumulative",
    ),
    ("logger_provider: {limits: {attribute_count_limit: 1}}", "logger_provider.limits"),
    ("instrumentation/development: {python: {x: 1}}", "instrumentation/development"),
]


@pytest.mark.parametrize(("part", "said"), IGNORED)
def test_what_is_not_honoured_is_named(part: str, said: str, tmp_path: Path) -> None:
    """By its path in the file, once."""
    pytest.importorskip("yaml", reason="PyYAML is not installed")
    found = settings(tmp_path, f'file_format: "1.0"\n{part}')
    assert sum(said in one for one in found.ignored) == 1, found.ignored
    assert len(found.ignored) == 1


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[1]", "holds no mapping"),
        ("", "holds no mapping"),
        ("a: [", "while parsing"),
        ('file_format: "0.4"', "file_format='0.4'"),
        ('file_format: "1.0-rc.1"', "file_format='1.0-rc.1'"),
        ('file_format: "1.0"\nresource: 7', "resource=7 is invalid. Allowed: a mapping"),
        ('file_format: "1.0"\ntracer_provider: {processors: 7}', "Allowed: a list"),
        ('file_format: "1.0"\ndisabled: ${A-B}', "'${A-B}' is no reference"),
        ('file_format: "1.0"\npropagator: {composite: [tracecontext]}', "composite[0]="),
        (
            'file_format: "1.0"\ntracer_provider: {limits: {event_count_limit: x}}',
            "event_count_limit",
        ),
        (
            'file_format: "1.0"\ntracer_provider: {processors: [{batch: {exporter: {otlp_http:'
            " {endpoint: nowhere}}}}]}",
            "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT='nowhere' is invalid",
        ),
    ],
)
def test_what_is_invalid_stops(text: str, said: str, tmp_path: Path) -> None:
    """With a message that names the file or the place in it."""
    pytest.importorskip("yaml", reason="PyYAML is not installed")
    with pytest.raises(ConfigurationError) as error:
        settings(tmp_path, text)
    assert said in str(error.value)


def test_a_file_that_is_not_there() -> None:
    """The message has its name."""
    pytest.importorskip("yaml", reason="PyYAML is not installed")
    with pytest.raises(ConfigurationError, match="no-such-file"):
        Settings.from_environ({"OTEL_CONFIG_FILE": "no-such-file.yaml"})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("${A}", "1"), ("${env:A}", "1"), ("x${A}y${B:-2}z", "x1y2z"), ("${B}", ""),
        ("${EMPTY:-d}", "d"), ("${B:-}", ""), ("$${A}", "${A}"), ("$A", "$A"), ("$$", "$"),
        ("${LOOP}", "${A}"), ("${B:-http://h:1/p}", "http://h:1/p"),
    ],
)  # fmt: skip
def test_substitution(text: str, expected: str) -> None:
    """As the specification's examples have it."""
    environ = {"A": "1", "EMPTY": "", "LOOP": "${A}"}
    assert substituted(text, environ) == expected


def test_types_after_substitution(tmp_path: Path) -> None:
    """A plain scalar becomes what it reads as; a quoted one stays text; keys stay."""
    yaml = pytest.importorskip("yaml", reason="PyYAML is not installed")
    del yaml
    from clew._yaml import load

    path = tmp_path / "f.yaml"
    path.write_text("a: ${N}\nb: '${N}'\nc: ${T}\n'${N}': ${NONE}\n")
    loaded: Any = load(path, {"N": "7", "T": "true"})
    assert loaded == {"a": 7, "b": "7", "c": True, "${N}": None}


@pytest.mark.parametrize("engine", ["clew", "sdk"])
def test_in_a_program(engine: str, script: Script, tmp_path: Path) -> None:
    """Endpoint, limits, sampler and resource of the file hold; what it ignores is logged once."""
    pytest.importorskip("yaml", reason="PyYAML is not installed")
    exporter = f"{{otlp_http: {{endpoint: '{script.sink.url}/v1/SIGNAL'}}}}"
    processors = f"processors: [{{batch: {{exporter: {exporter}}}}}]"
    (tmp_path / "otel.yaml").write_text(f"""
file_format: "1.0"
resource: {{attributes: [{{name: service.name, value: from-file}}]}}
tracer_provider:
  {processors.replace("SIGNAL", "traces")}
  limits: {{attribute_count_limit: 2, attribute_value_length_limit: 3}}
  sampler: {{parent_based: {{root: {{always_on:}}}}}}
logger_provider:
  {processors.replace("SIGNAL", "logs")}
  limits: {{attribute_count_limit: 1}}
""")
    code = """
import clew.auto
from opentelemetry import trace
with trace.get_tracer("t").start_as_current_span("s") as span:
    span.set_attributes({"a": "12345", "b": "2", "c": "3"})
"""
    own = {
        "OTEL_CONFIG_FILE": str(tmp_path / "otel.yaml"),
        "OTEL_TRACES_SAMPLER": "always_off",
        "OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT": "100",
    }
    script(code, CLEW_ENGINE=engine, **own)
    (span,) = script.sink.spans()
    assert span.resource["service.name"] == "from-file"
    assert span.attributes == {"b": "2", "c": "3"}
    messages = [one.data.body.string_value for one in script.sink.logs()]
    assert sum("logger_provider.limits" in message for message in messages) == 1
    assert script.sink.metrics() == []
