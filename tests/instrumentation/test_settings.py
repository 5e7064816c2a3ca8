"""The environment becomes settings, or an error that says what to change."""

from __future__ import annotations

import dataclasses
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clew import ConfigurationError
from clew._config import SIGNALS, Settings

# Every key that clew reads, a value that it cannot use, and what the message says is allowed.
BAD = [
    ("OTEL_SDK_DISABLED", "1", "true or false"),
    ("CLEW_ENGINE", "fast", "one of clew, sdk"),
    ("OTEL_TRACES_EXPORTER", "zipkin", "one of otlp, none"),
    ("OTEL_METRICS_EXPORTER", "zipkin", "one of otlp, none, prometheus"),
    ("OTEL_LOGS_EXPORTER", "console", "one of otlp, none"),
    ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/json", "one of http/protobuf, grpc"),
    ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "udp", "one of http/protobuf, grpc"),
    ("OTEL_EXPORTER_OTLP_ENDPOINT", "collector:4318", "an http:// or https:// address"),
    ("OTEL_EXPORTER_OTLP_LOGS_ENDPOINT", "http://", "an http:// or https:// address"),
    ("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", "http://h:70000", "an http:// or https:// address"),
    ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://h/a b", "an http:// or https:// address"),
    ("OTEL_EXPORTER_OTLP_COMPRESSION", "zstd", "one of gzip, none"),
    ("OTEL_EXPORTER_OTLP_TIMEOUT", "10s", "a whole number, 1 or more"),
    ("OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", "0", "a whole number, 1 or more"),
    ("OTEL_EXPORTER_PROMETHEUS_PORT", "65536", "a whole number, 1 to 65535"),
    ("OTEL_BSP_SCHEDULE_DELAY", "-1", "a whole number, 1 or more"),
    ("OTEL_BSP_MAX_QUEUE_SIZE", "0", "a whole number, 1 or more"),
    ("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "many", "a whole number, 1 or more"),
    ("OTEL_METRIC_EXPORT_INTERVAL", "1.5", "a whole number, 1 or more"),
    ("OTEL_PYTHON_EXCLUDED_URLS", "health,(", "regular expressions divided by commas"),
    ("OTEL_TRACES_SAMPLER", "sometimes", "one of always_on, always_off, traceidratio"),
    ("CLEW_CORRELATION_HEADERS", "X Correlation", "header names"),
    ("CLEW_TRUSTED_NETWORKS", "10.0.0.0/99", "networks as 10.0.0.0/8"),
    ("CLEW_LOGS", "stdout", "one of otlp, files"),
    ("CLEW_LOG_FORMAT", "xml", "one of json, none"),
    ("CLEW_LOG_LEVEL", "LOUD", "one of DEBUG, INFO, WARNING, ERROR, CRITICAL"),
    ("CLEW_ACCESS_LOG", "yes", "true or false"),
    ("CLEW_SPOOL_MAX_BYTES", "1G", "a whole number, 1 or more"),
    ("CLEW_SPOOL_MAX_AGE", "1 day", "seconds as a number, 0 or more"),
    ("CLEW_SHUTDOWN_TIMEOUT", "forever", "seconds as a number, 0 or more"),
    ("CLEW_SHUTDOWN_TIMEOUT", "nan", "seconds as a number, 0 or more"),
    ("CLEW_SHUTDOWN_TIMEOUT", "inf", "seconds as a number, 0 or more"),
]
# Keys that take any text; or are checked further below.
FREE = {
    "OTEL_SERVICE_NAME", "OTEL_PROPAGATORS", "OTEL_PYTHON_DISABLED_INSTRUMENTATIONS",
    "OTEL_EXPORTER_PROMETHEUS_HOST", "CLEW_SPOOL_DIR", "HOME", "XDG_STATE_HOME",
    "OTEL_EXPORTER_OTLP_CERTIFICATE", "OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE",
    "OTEL_EXPORTER_OTLP_CLIENT_KEY", "OTEL_EXPORTER_OTLP_HEADERS", "OTEL_RESOURCE_ATTRIBUTES",
    "OTEL_TRACES_SAMPLER_ARG", "OTEL_CONFIG_FILE",
}  # fmt: skip


def test_every_key_is_in_the_table() -> None:
    """No variable is read whose bad values are not tested here."""

    class Recording(dict[str, str]):
        def get(self, key: str, default: Any = None) -> Any:
            asked.add(key)
            return default

    asked: set[str] = set()
    Settings.from_environ(Recording())
    general = {re.sub("_(TRACES|METRICS|LOGS)_(?!EXPORTER|SAMPLER)", "_", key) for key in asked}
    assert general - FREE == {key for key, _, _ in BAD} & general


def problems(**environ: str) -> tuple[str, ...]:
    with pytest.raises(ConfigurationError) as raised:
        Settings.from_environ(environ)
    return raised.value.problems


@pytest.mark.parametrize(("key", "value", "allowed"), BAD)
def test_bad_value_is_named(key: str, value: str, allowed: str) -> None:
    """The message names the key, the value and what is allowed; it is the only one."""
    (problem,) = problems(**{key: value})
    assert problem.startswith(f"{key}=")
    assert value.split(",")[-1] in problem
    assert allowed in problem


def test_bad_sampler_argument() -> None:
    """The argument of a ratio sampler is a ratio; of others it is not read."""
    environ = {"OTEL_TRACES_SAMPLER": "traceidratio", "OTEL_TRACES_SAMPLER_ARG": "2"}
    (problem,) = problems(**environ)
    assert "OTEL_TRACES_SAMPLER_ARG='2'" in problem
    assert "a number from 0 to 1" in problem
    Settings.from_environ({**environ, "OTEL_TRACES_SAMPLER": "always_on"})


def test_all_problems_at_once() -> None:
    """Several bad values are reported together, each once, whatever reads them."""
    found = problems(
        OTEL_EXPORTER_OTLP_ENDPOINT="nonsense", OTEL_BSP_MAX_QUEUE_SIZE="x", CLEW_LOG_LEVEL="x"
    )
    assert len(found) == 3
    with pytest.raises(ConfigurationError) as raised:
        Settings.from_environ({"OTEL_BSP_MAX_QUEUE_SIZE": "x", "CLEW_LOG_LEVEL": "x"})
    assert str(raised.value) == "\n".join(raised.value.problems)


@pytest.mark.parametrize("key", ["OTEL_EXPORTER_OTLP_HEADERS", "OTEL_EXPORTER_OTLP_LOGS_HEADERS"])
@pytest.mark.parametrize(
    "value",
    ["hunter2", "authorization=ok,hunter2", "=hunter2", "a b=hunter2", "x=hunter2%0Aevil: 1"],
)
def test_bad_header_does_not_repeat_its_secret(key: str, value: str) -> None:
    """Headers hold tokens: the message names the key, and not what was in it."""
    (problem,) = problems(**{key: value})
    assert key in problem
    assert "hunter2" not in problem


@pytest.mark.parametrize("value", ["ftp://me:hunter2@host", "http://me:hunter2@host:99999"])
def test_bad_endpoint_does_not_repeat_its_password(value: str) -> None:
    """An address may hold a password: it is not repeated."""
    (problem,) = problems(OTEL_EXPORTER_OTLP_ENDPOINT=value)
    assert "hunter2" not in problem
    assert "host" in problem


def test_password_in_the_endpoint_becomes_a_header() -> None:
    """User and password are sent as basic authentication, and stand in no address."""
    settings = Settings.from_environ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://me:a%3Ab@host:1/x"})
    assert settings.logs is not None
    assert settings.logs.url == "http://host:1/x/v1/logs"
    assert settings.logs.headers == {"Authorization": "Basic bWU6YTpi"}


def test_empty_means_unset() -> None:
    """A variable that is empty or blank counts as unset (SDK specification)."""
    keys = {key for key, _, _ in BAD} | {"OTEL_EXPORTER_OTLP_HEADERS", "OTEL_SERVICE_NAME"}
    for blank in ("", "  "):
        assert Settings.from_environ(dict.fromkeys(keys, blank)) == Settings.from_environ({})


def test_defaults_are_those_of_the_class() -> None:
    """An empty environment gives the defaults that the class documents, and OTLP on loopback."""
    found, documented = Settings.from_environ({}), Settings()
    for field in dataclasses.fields(Settings):
        if field.name not in SIGNALS:
            assert getattr(found, field.name) == getattr(documented, field.name), field.name
    for signal in SIGNALS:
        endpoint = found.endpoint(signal)
        assert endpoint is not None
        assert endpoint.url == f"http://localhost:4318/v1/{signal}"
        assert endpoint.protocol == "http/protobuf"
        assert (endpoint.timeout, endpoint.gzip) == (10.0, False)


def test_frozen() -> None:
    """Settings do not change after they were read."""
    with pytest.raises(dataclasses.FrozenInstanceError):
        Settings.from_environ({}).disabled = True  # type: ignore[misc]


@pytest.mark.parametrize(
    ("environ", "urls"),
    [
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:1/"}, "http://c:1/v1/{}"),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:1/base"}, "http://c:1/base/v1/{}"),
        ({"OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}, "http://localhost:4317"),
        (
            {"OTEL_EXPORTER_OTLP_PROTOCOL": "grpc", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:1"},
            "http://c:1",
        ),
    ],
)
def test_endpoint_urls(environ: dict[str, str], urls: str) -> None:
    """The general endpoint is a base for OTLP/HTTP, and as it is for gRPC."""
    settings = Settings.from_environ(environ)
    for signal in SIGNALS:
        endpoint = settings.endpoint(signal)
        assert endpoint is not None
        assert endpoint.url == urls.format(signal)


def test_signal_before_general() -> None:
    """What is set for one signal goes before the general setting, and its URL is taken whole."""
    settings = Settings.from_environ(
        {
            "OTEL_EXPORTER_OTLP_ENDPOINT": "https://general:1",
            "OTEL_EXPORTER_OTLP_TIMEOUT": "1000",
            "OTEL_EXPORTER_OTLP_HEADERS": "a=1",
            "OTEL_EXPORTER_OTLP_LOGS_ENDPOINT": "http://own:2/push",
            "OTEL_EXPORTER_OTLP_LOGS_TIMEOUT": "2500",
            "OTEL_EXPORTER_OTLP_LOGS_HEADERS": "b=two%20words, c = 3",
            "OTEL_EXPORTER_OTLP_LOGS_COMPRESSION": "none",
        }
    )
    assert settings.logs is not None
    assert settings.traces is not None
    assert (settings.logs.url, settings.logs.timeout) == ("http://own:2/push", 2.5)
    assert settings.logs.headers == {"b": "two words", "c": "3"}
    assert (settings.traces.timeout, settings.traces.headers) == (1.0, {"a": "1"})
    assert (settings.traces.gzip, settings.logs.gzip) == (True, False)


def test_signals_can_be_switched_off() -> None:
    """An exporter of "none" is no endpoint; "prometheus" is served instead or as well."""
    off = Settings.from_environ({f"OTEL_{signal.upper()}_EXPORTER": "none" for signal in SIGNALS})
    assert [off.endpoint(signal) for signal in SIGNALS] == [None, None, None]
    served = Settings.from_environ({"OTEL_METRICS_EXPORTER": "prometheus"})
    assert (served.metrics, served.prometheus) == (None, ("localhost", 9464))
    both = Settings.from_environ({"OTEL_METRICS_EXPORTER": "otlp,prometheus"})
    assert both.metrics is not None
    assert both.prometheus is not None


def test_resource() -> None:
    """OTEL_SERVICE_NAME goes before the resource attributes, which are percent-decoded."""
    settings = Settings.from_environ(
        {
            "OTEL_SERVICE_NAME": "shop",
            "OTEL_RESOURCE_ATTRIBUTES": "service.name=other,deployment.environment.name=a%2Cb",
        }
    )
    assert settings.resource == {"service.name": "shop", "deployment.environment.name": "a,b"}


@given(
    st.dictionaries(
        st.sampled_from(sorted({key for key, _, _ in BAD})),
        st.one_of(
            st.text(max_size=20),
            st.sampled_from(["9" * 5000, "٣", "²", "http://[", "http://[::1", "\x00", "1e400"]),
        ),
    )
)
def test_any_environment_gives_settings_or_that_error(environ: dict[str, str]) -> None:
    """Whatever the values are: settings, or ConfigurationError, never another exception."""
    try:
        Settings.from_environ(environ)
    except ConfigurationError as error:
        assert error.problems
