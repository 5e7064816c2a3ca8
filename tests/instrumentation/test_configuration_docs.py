"""docs/configuration.md: every variable that the code reads is in a table, and the reverse."""

from __future__ import annotations

import importlib
import re
from pathlib import Path

import opentelemetry.sdk.trace
import pytest

from clew._config import SIGNALS, Settings
from tests.support.processes import ROOT

TEXT = (ROOT / "docs" / "configuration.md").read_text()
CODE = ROOT / "instrumentation" / "clew"
SDK = Path(opentelemetry.sdk.trace.__file__).parents[2]
# Where the standard's and the SDK's variables are declared.
DECLARED = (
    "opentelemetry.environment_variables",
    "opentelemetry.sdk.environment_variables",
    "opentelemetry.instrumentation.environment_variables",
)


def rows() -> dict[str, str]:
    """{variable: "yes", "no", "by the SDK"}; clew's own are all honoured."""
    found = {}
    for line in TEXT.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if not line.startswith("| `"):
            continue
        for name in re.findall(r"`([A-Z][A-Z_{}]+)`", cells[0]):
            honoured = "yes" if name.startswith("CLEW_") else cells[1]
            for signal in SIGNALS if "{S}" in name else ("",):
                found[name.replace("{S}", signal.upper())] = honoured
    return found


def read_by_settings() -> set[str]:
    """What `Settings` asks for, of every signal."""

    class Recording(dict[str, str]):
        def get(self, key: str, default: object = None) -> object:  # type: ignore[override]
            asked.add(key)
            return default

    asked: set[str] = set()
    Settings.from_environ(Recording())
    return {key for key in asked if key.startswith(("OTEL_", "CLEW_"))}


def named_in_code() -> set[str]:
    """Whole names of variables in the package's text."""
    text = "".join(path.read_text() for path in CODE.rglob("*.py"))
    return {name for name in re.findall(r"\b(?:OTEL|CLEW)_[A-Z_]*[A-Z]\b", text)}


def test_what_the_code_reads_is_in_the_tables() -> None:
    """As honoured."""
    table = rows()
    missing = (read_by_settings() | named_in_code()) - set(table)
    assert not missing
    assert {table[name] for name in read_by_settings()} == {"yes"}


def test_what_is_called_honoured_is_read() -> None:
    """By clew itself, or by the SDK: then the SDK's text has the name outside of declarations."""
    by_clew = read_by_settings() | named_in_code()
    declarations = {"environment_variables", "_configuration"}
    sources = "".join(
        path.read_text() for path in SDK.rglob("*.py") if not declarations & set(path.parts)
    )
    for name, honoured in rows().items():
        if honoured == "yes":
            assert name in by_clew, name
        elif honoured == "by the SDK":
            assert re.search(rf"\b{name}\b", sources), name
        else:
            assert honoured == "no" and name not in read_by_settings(), name


@pytest.mark.parametrize("module", DECLARED)
def test_each_declared_variable_is_in_the_table(module: str) -> None:
    """Of the API, the SDK, and the base of the contributed instrumentations."""
    declared = {name for name in vars(importlib.import_module(module)) if name.startswith("OTEL_")}
    assert declared
    assert declared - set(rows()) == set()


def test_the_example_is_honoured_whole(tmp_path: Path) -> None:
    """The file in the guide has nothing that clew ignores."""
    pytest.importorskip("yaml", reason="PyYAML is not installed")
    (example,) = re.findall(r"^```yaml\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
    path = tmp_path / "otel.yaml"
    path.write_text(example)
    found = Settings.from_environ({"OTEL_CONFIG_FILE": str(path), "COLLECTOR": "http://c:1"})
    assert found.ignored == ()
    assert found.resource["service.name"] == "shop"
    assert found.sampler == "parentbased_traceidratio"
    for signal in SIGNALS:
        endpoint = found.endpoint(signal)
        assert endpoint is not None and endpoint.url == f"http://c:1/v1/{signal}"


def test_the_readme_s_table_is_a_part(tmp_path: Path) -> None:
    """Variables of the README are in the guide, with the same default."""
    pattern = re.compile(r"^\| `(CLEW_[A-Z_]+)` \| (`[^`]*`)", re.MULTILINE)
    readme = dict(pattern.findall((ROOT / "README.md").read_text()))
    assert readme
    assert readme == {name: default for name, default in pattern.findall(TEXT) if name in readme}
