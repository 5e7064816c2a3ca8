"""`python -m tools.reference` writes docs/reference.md from the code that it describes.

Variables, defaults and allowed values are what `Settings.from_environ` asks for: it is run with an
environment that takes notes. What a variable means is the comment above its field in `_config.py`,
or, for those that several fields share, a line here. Names are the constants of `_names.py`.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

from clew import _config, _names
from clew._environment import Environment

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "reference.md"

_SHARED = {
    "CLEW_TRUSTED_NETWORKS": (
        "Whose trace context and correlation id are continued: networks as `10.0.0.0/8`, "
        "addresses, `unix`. Anybody else's are kept as a link and an attribute."
    ),
    "OTEL_SDK_DISABLED": "`true`: no telemetry at all; the application runs as without clew.",
    "OTEL_TRACES_EXPORTER": "`none`: no traces leave the process.",
    "OTEL_METRICS_EXPORTER": (
        "`none`: no metrics; `prometheus`: served for a scrape, instead of pushed or beside it."
    ),
    "OTEL_LOGS_EXPORTER": "`none`: log lines go to stdout alone.",
    "OTEL_EXPORTER_OTLP_PROTOCOL": "How telemetry is sent. gRPC needs the extra `grpc`.",
    "OTEL_EXPORTER_OTLP_ENDPOINT": (
        "Where it is sent. `/v1/traces` and so on are added for HTTP. With gRPC the default's "
        "port is 4317."
    ),
    "OTEL_EXPORTER_OTLP_HEADERS": "Sent with each request, as `name=value`, percent-encoded.",
    "OTEL_EXPORTER_OTLP_TIMEOUT": "Milliseconds for one attempt.",
    "OTEL_EXPORTER_OTLP_COMPRESSION": "Default: `gzip`; `none` where the endpoint is on loopback.",
    "OTEL_EXPORTER_OTLP_CERTIFICATE": "The authority that signed the endpoint's certificate, PEM.",
    "OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE": "The certificate that is shown to the endpoint, PEM.",
    "OTEL_EXPORTER_OTLP_CLIENT_KEY": "Its key, PEM.",
    "OTEL_EXPORTER_PROMETHEUS_HOST": "Where `/metrics` is served; needs the extra `prometheus`.",
    "OTEL_EXPORTER_PROMETHEUS_PORT": "At which port.",
    "OTEL_RESOURCE_ATTRIBUTES": "Attributes of everything that is sent, as `name=value`.",
    "OTEL_SERVICE_NAME": "What the service is called, in every store.",
    "OTEL_TRACES_SAMPLER": "Which traces are recorded, decided where they begin.",
    "OTEL_TRACES_SAMPLER_ARG": "The share, for samplers with `ratio` in their name.",
    "OTEL_PROPAGATORS": "How trace and correlation id are carried from service to service.",
    "CLEW_ENGINE": "`sdk`: OpenTelemetry's own SDK and instrumentations do the work.",
    "CLEW_LOGS": "`files`: lines go to stdout alone, and the collector's agent reads them there.",
    "CLEW_LOG_LEVEL": "The level where the application has chosen none.",
    "CLEW_LOG_FORMAT": "`json`: clew owns the log lines on stdout. `none`: they are left alone.",
    "CLEW_ACCESS_LOG": "One log line for each request, inside its span.",
    "CLEW_SPOOL_DIR": "Where telemetry waits while its endpoint is away; `off`: in memory only.",
    "CLEW_SPOOL_MAX_BYTES": "Bytes that one process may keep there for each signal.",
    "CLEW_SPOOL_MAX_AGE": "Seconds after which what waits there is dropped, and counted.",
    "OTEL_BSP_MAX_QUEUE_SIZE": "Ended spans, and log records, that wait for the export thread.",
}
_DEFAULTS = {
    "OTEL_EXPORTER_PROMETHEUS_HOST": "localhost",
    "OTEL_EXPORTER_OTLP_COMPRESSION": "",
    "CLEW_SPOOL_DIR": "~/.local/state/clew/spool",
}
_SIGNAL = re.compile(r"OTEL_EXPORTER_OTLP_(TRACES|METRICS|LOGS)_")
_NOT_SETTINGS = {"HOME", "XDG_STATE_HOME"}


@dataclass(frozen=True)
class Variable:
    """One variable: what it is when unset, and what it may be."""

    key: str
    default: str
    allowed: str


class _Notes(Environment):
    """An empty environment that notes what is asked of it."""

    def __init__(self) -> None:
        super().__init__({})
        self.asked: dict[str, Variable] = {}

    def _note(self, key: str, default: object = None, allowed: str = "") -> None:
        if key not in self.asked or self.asked[key].allowed == "":
            self.asked[key] = Variable(key, _shown(default), allowed)

    def text(self, key: str) -> str | None:
        self._note(key)
        return super().text(key)

    def flag(self, key: str, default: bool) -> bool:
        self._note(key, default, "true or false")
        return super().flag(key, default)

    def choice(self, key: str, default: str, allowed: Sequence[str]) -> str:
        self._note(key, default, ", ".join(allowed))
        return super().choice(key, default, allowed)

    def whole(self, key: str, default: int, *, least: int, most: int | None = None) -> int:
        self._note(key, default, f"whole, {least} to {most}" if most else f"whole, from {least}")
        return super().whole(key, default, least=least, most=most)

    def seconds(self, key: str, default: float) -> float:
        self._note(key, default, "seconds")
        return super().seconds(key, default)

    def milliseconds(self, key: str, default: int) -> float:
        self._note(key, default, "milliseconds")
        return super().milliseconds(key, default)

    def ratio(self, key: str, default: float) -> float:
        self._note(key, default, "0 to 1")
        return super().ratio(key, default)

    def words(self, key: str, default: tuple[str, ...]) -> tuple[str, ...]:
        self._note(key, ",".join(default), "words divided by commas")
        return super().words(key, default)

    def pairs(self, key: str) -> dict[str, str]:
        self._note(key, "", "pairs divided by commas")
        return super().pairs(key)

    def url(self, key: str, default: str) -> str:
        self._note(key, default, "an address")
        return super().url(key, default)


def variables() -> list[Variable]:
    """Every variable that `Settings.from_environ` asks for, those of one signal aside, by name."""
    notes = _Notes()
    with mock.patch.object(_config, "Environment", lambda _environ: notes):
        _config.Settings.from_environ({})
    asked = set(notes.asked)
    assert "OTEL_EXPORTER_OTLP_ENDPOINT" in asked
    # Asked for only together with another one's value.
    notes.asked.setdefault(
        "OTEL_TRACES_SAMPLER_ARG", Variable("OTEL_TRACES_SAMPLER_ARG", "1.0", "0 to 1")
    )
    return sorted(
        (
            each
            for key, each in notes.asked.items()
            if key not in _NOT_SETTINGS and not _SIGNAL.match(key)
        ),
        key=lambda each: (not each.key.startswith("CLEW_"), each.key),
    )


def meanings() -> Mapping[str, str]:
    """What each variable means: the comment above the field that it fills."""
    source = Path(_config.__file__).read_text(encoding="utf-8")
    comments = dict(_field_comments(source))
    tree = ast.parse(source)
    functions = {node.name: node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
    found: dict[str, str] = {}
    for node in ast.walk(functions["_of"]):
        if isinstance(node, ast.keyword) and node.arg in comments:
            for key in _keys(node.value, functions):
                found[key] = comments[node.arg]
    return {**found, **_SHARED}


def _keys(node: ast.AST, functions: Mapping[str, ast.FunctionDef]) -> Iterator[str]:
    """The variables that an expression names, or the function that it calls."""
    for part in ast.walk(node):
        if isinstance(part, ast.Call) and isinstance(part.func, ast.Name):
            called = functions.get(part.func.id)
            if called is not None:
                yield from _keys(ast.Module(body=called.body, type_ignores=[]), {})
        if isinstance(part, ast.Constant) and re.fullmatch(r"(OTEL|CLEW)_[A-Z_]+", str(part.value)):
            yield str(part.value)


def _field_comments(source: str) -> Iterator[tuple[str, str]]:
    above: list[str] = []
    for line in source.partition("class Settings")[2].partition("@classmethod")[0].splitlines():
        comment = re.fullmatch(r"\s+# (.*)", line)
        name = re.match(r"    (\w+): ", line)
        if comment:
            above.append(comment[1])
        elif name:
            if above:
                yield name[1], " ".join(above)
            above = []


@dataclass(frozen=True)
class Name:
    """A constant of `_names.py`: the section that it stands in, its text and what is said of it."""

    section: str
    text: str
    note: str


def names() -> list[Name]:
    """Every name that leaves the process, in the order of `_names.py`."""
    source = Path(_names.__file__).read_text(encoding="utf-8")
    section, before, found = "", "", []
    for line in source.splitlines():
        if line.startswith("# "):
            section, before = (line[2:] if not before else f"{section} {line[2:]}"), "#"
            continue
        before = ""
        match = re.match(r'[A-Z_]+ = "([^"]+)"(?:\s+# (.*))?$', line)
        if match:
            found.append(Name(section, match[1], match[2] or ""))
    return found


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return "" if value is None else str(value)


def page() -> str:
    """The whole of docs/reference.md.

    Raises:
        LookupError: a variable is asked for that nothing here or in `_config.py` describes.
    """
    meaning = meanings()
    lines = [
        "# Settings and names",
        "",
        "<!-- Written by `python -m tools.reference`; change it there. -->",
        "",
        "The environment is read once, at start. An empty value counts as unset. An invalid one",
        "ends `clew run` with code 2, and names the key, the value and what is allowed. `OTEL_*`",
        "variables mean what OpenTelemetry's specification says; `CLEW_*` variables exist where it",
        "has none.",
        "",
        "## Settings",
        "",
        "| variable | default | meaning |",
        "|---|---|---|",
    ]
    for each in variables():
        if each.key not in meaning:
            raise LookupError(f"{each.key} has no meaning: comment its field in clew/_config.py")
        default = _DEFAULTS.get(each.key, each.default)
        # The field has seconds, the variable milliseconds: its unit stands in the column before.
        means = re.sub(r"^Seconds between", "Time between", meaning[each.key])
        means += f" ({each.allowed})" if each.allowed else ""
        cells = (f"`{each.key}`", f"`{default}`" if default else "", means)
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    lines += [
        "",
        "Each `OTEL_EXPORTER_OTLP_…` variable also exists for one signal, and wins there:",
        "`OTEL_EXPORTER_OTLP_TRACES_ENDPOINT`, `…_METRICS_…`, `…_LOGS_…`. A signal's endpoint is",
        "used as it is.",
        "",
        "## Names",
        "",
        "What leaves the process. Names without a note are OpenTelemetry's semantic conventions.",
    ]
    section = None
    for name in names():
        if name.section != section:
            section = name.section
            lines += ["", f"**{section.rstrip('.')}**", ""]
        lines.append(f"- `{name.text}`{': ' if name.note else ''}{name.note}")
    return "\n".join(lines) + "\n"


def main(_arguments: Any = None) -> int:
    PAGE.write_text(page(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
