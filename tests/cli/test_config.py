"""`clew config`: each setting, its value and its source; no secret."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

from click.testing import CliRunner, Result

from clew._config import Settings
from clew.cli import main
from clew.cli._settings_rows import MASK, rows

SECRETS = {
    "OTEL_EXPORTER_OTLP_HEADERS": "authorization=Bearer%20s3cret,x-scope=s3cret",
    "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://user:s3cret@collector:4318/v1/traces",
    "OTEL_RESOURCE_ATTRIBUTES": "deploy.token=s3cret,team=shop",
    "CLEW_LENS_URL": "http://user:s3cret@lens:4319",
    "CLEW_LENS_TOKEN": "s3cret",
}


class Read(Mapping[str, str]):
    """An environment that remembers which of its variables were asked for."""

    def __init__(self, values: dict[str, str]) -> None:
        self.values_, self.asked = values, set[str]()

    def __getitem__(self, key: str) -> str:
        self.asked.add(key)
        return self.values_[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self.values_)

    def __len__(self) -> int:
        return len(self.values_)


def run(*words: str, **own: str) -> Result:
    return CliRunner().invoke(main, ["config", *words], env={"CLEW_SPOOL_DIR": None, **own})


def test_every_variable_that_is_read_has_a_row() -> None:
    """A setting that is added later can't be forgotten here."""
    read = Read({"OTEL_METRICS_EXPORTER": "otlp,prometheus"})
    Settings.from_environ(read)
    told = {key for one in rows({}) for key in one.keys}
    # An exporter's variable is told where it matters: where nothing is exported.
    off = {f"OTEL_{name}_EXPORTER": "none" for name in ("TRACES", "METRICS", "LOGS")}
    told |= {key for one in rows(off) for key in one.keys}
    unset = {"HEADERS", "CERTIFICATE", "CLIENT_CERTIFICATE", "CLIENT_KEY"}
    asked = {
        key
        for key in read.asked
        if key not in ("HOME", "XDG_STATE_HOME") and not any(key.endswith(one) for one in unset)
    }
    assert asked <= told


def test_the_variable_that_counts_is_the_source() -> None:
    """A signal's own variable wins over the general one; what is unset is a default."""
    own = {
        "OTEL_EXPORTER_OTLP_TIMEOUT": "5000",
        "OTEL_EXPORTER_OTLP_LOGS_TIMEOUT": "1000",
        "CLEW_ACCESS_LOG": "",
    }
    found = {one.name: one for one in rows(own)}
    assert (found["traces timeout"].value, found["traces timeout"].source) == (
        "5 s",
        "OTEL_EXPORTER_OTLP_TIMEOUT",
    )
    assert (found["logs timeout"].value, found["logs timeout"].source) == (
        "1 s",
        "OTEL_EXPORTER_OTLP_LOGS_TIMEOUT",
    )
    assert (found["access log"].value, found["access log"].source) == ("true", "default")


def test_secrets_are_masked_everywhere() -> None:
    """Headers, tokens, and passwords in addresses: their names are shown, their values never."""
    for words in ((), ("--json",), ("--set",)):
        ended = run(*words, **SECRETS)
        assert ended.exit_code == 0, ended.output
        assert "s3cret" not in ended.output
        assert f"authorization: {MASK}" in ended.output
        assert "team=shop" in ended.output


def test_a_password_in_an_address_is_a_header_from_there() -> None:
    """It says which variable the header comes from."""
    found = {one.name: one for one in rows(SECRETS | {"OTEL_EXPORTER_OTLP_HEADERS": ""})}
    headers = found["traces headers"]
    assert headers.value == f"Authorization: {MASK}"
    assert headers.source == "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"


def test_only_what_is_set() -> None:
    """--set leaves the defaults out."""
    found = json.loads(run("--set", "--json", CLEW_LOG_LEVEL="DEBUG").stdout)
    assert {"name": "log level", "value": "DEBUG"}.items() <= found[0].items()
    assert "default" not in {one["source"] for one in found}


def test_invalid_values_are_all_named() -> None:
    """Exit code 2, one line each."""
    ended = run(CLEW_LOG_LEVEL="LOUD", OTEL_BSP_MAX_QUEUE_SIZE="x")
    assert ended.exit_code == 2
    assert "CLEW_LOG_LEVEL='LOUD'" in ended.stderr
    assert "OTEL_BSP_MAX_QUEUE_SIZE='x'" in ended.stderr


def test_what_a_file_says_has_the_file_as_its_source(tmp_path: Path) -> None:
    """Variables that the file could say count for nothing beside it, and are not named."""
    file = tmp_path / "otel.yaml"
    file.write_text(
        "file_format: '1.0'\n"
        "resource: {attributes: [{name: service.name, value: shop}]}\n"
        "tracer_provider: {sampler: {trace_id_ratio_based: {ratio: 0.5}}}\n"
    )
    own = {"OTEL_CONFIG_FILE": str(file), "OTEL_SERVICE_NAME": "other", "CLEW_ACCESS_LOG": "false"}
    found = {one.name: one for one in rows(own)}
    assert (found["configuration file"].value, found["configuration file"].source) == (
        str(file),
        "OTEL_CONFIG_FILE",
    )
    assert (found["resource"].source, "other" in found["resource"].value) == (
        "OTEL_CONFIG_FILE",
        False,
    )
    assert (found["sampler"].value, found["sampler"].source) == (
        "traceidratio 0.5",
        "OTEL_CONFIG_FILE",
    )
    assert found["access log"].source == "CLEW_ACCESS_LOG"
