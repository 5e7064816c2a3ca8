"""Which adapter reads: the one place that knows them all."""

from __future__ import annotations

from collections.abc import Mapping

from clew.readers._protocol import Reader
from clew.readers._settings import ReaderSettings
from clew.readers.native import NativeReader


def reader_from_environ(environ: Mapping[str, str]) -> Reader:
    """The reader that the environment describes. Raises ConfigurationError for a bad address."""
    return NativeReader.from_settings(ReaderSettings.from_environ(environ))
