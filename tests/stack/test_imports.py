"""The stack runs from a fresh clone, with nothing installed."""

import ast
import sys

from stack._settings import ROOT


def test_only_the_standard_library_is_imported() -> None:
    """No module of the stack imports anything but Python's own modules and the stack's."""
    imported = set()
    for file in (ROOT / "stack").glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Import):
                imported |= {alias.name.partition(".")[0] for alias in node.names}
            if isinstance(node, ast.ImportFrom) and node.module:
                imported.add(node.module.partition(".")[0])
    assert "json" in imported
    assert imported - set(sys.stdlib_module_names) == {"stack"}
