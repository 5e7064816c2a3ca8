"""YAML with environment variables in its values, as OpenTelemetry's configuration has it.

Source: https://opentelemetry.io/docs/specs/otel/configuration/data-model/, "Environment variable
substitution": `${VAR}`, `${env:VAR}`, `${VAR:-default}`, and `$$` for one dollar sign. Only values
are substituted, never keys, and a plain scalar gets the type of what it has become.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from clew._exceptions import ConfigurationError

_REFERENCE = re.compile(
    r"\$\$|\$\{(?:env:)?([A-Za-z_][A-Za-z0-9_]*)(?::-([^\n}]*))?\}|\$\{[^}]*\}?"
)


def load(path: Path, environ: Mapping[str, str]) -> Any:
    """The document in the file `path`.

    Raises:
        ConfigurationError: PyYAML is not installed, or the file cannot be read or is no YAML.
    """
    try:
        import yaml
    except ImportError:
        raise ConfigurationError(
            ["OTEL_CONFIG_FILE needs a package: install clew[file]."]
        ) from None
    try:
        loader = yaml.SafeLoader(path.read_text(encoding="utf-8"))
        node = loader.get_single_node()
        if node is None:
            return None
        _substitute(node, loader, environ, yaml)
        return loader.construct_document(node)
    except (OSError, UnicodeDecodeError, yaml.YAMLError, ValueError) as error:
        raise ConfigurationError([f"OTEL_CONFIG_FILE={str(path)!r}: {error}"]) from None


def _substitute(node: Any, loader: Any, environ: Mapping[str, str], yaml: Any) -> None:
    if isinstance(node, yaml.MappingNode):
        for _, value in node.value:
            _substitute(value, loader, environ, yaml)
    elif isinstance(node, yaml.SequenceNode):
        for value in node.value:
            _substitute(value, loader, environ, yaml)
    elif "$" in node.value:
        node.value = substituted(node.value, environ)
        if node.style is None:  # not quoted
            node.tag = loader.resolve(yaml.ScalarNode, node.value, (True, False))


def substituted(text: str, environ: Mapping[str, str]) -> str:
    """`text` with its references replaced. What is substituted is not looked at again.

    Raises:
        ValueError: a reference that is none.
    """

    def replace(match: re.Match[str]) -> str:
        if match[0] == "$$":
            return "$"
        if match[1] is None:
            raise ValueError(
                f"{match[0]!r} is no reference. Allowed: ${{NAME}}, ${{NAME:-default}}"
            )
        return environ.get(match[1]) or match[2] or ""

    return _REFERENCE.sub(replace, text)
