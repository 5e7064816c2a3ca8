"""Which adapter reads: the one place that knows them all."""

from __future__ import annotations

from collections.abc import Mapping

from clew._environment import Environment
from clew.readers._protocol import Reader
from clew.readers._settings import ReaderSettings
from clew.readers.lens import DEFAULT_ADDRESS, LENS_URL, LensReader
from clew.readers.native import NativeReader

LENS_TOKEN = "CLEW_LENS_TOKEN"


def reader_from_environ(environ: Mapping[str, str]) -> Reader:
    """A lens where CLEW_LENS_URL names one, the backends otherwise.

    Raises ConfigurationError for a bad address.
    """
    variables = Environment(environ)
    if not variables.has(LENS_URL):
        return NativeReader.from_settings(ReaderSettings.from_environ(environ))
    address = variables.url(LENS_URL, DEFAULT_ADDRESS)
    variables.raise_problems()
    return LensReader.at(address, token=variables.text(LENS_TOKEN) or "")
