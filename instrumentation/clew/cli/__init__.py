"""The `clew` command."""

from clew.cli._main import main

__all__ = ["main"]
