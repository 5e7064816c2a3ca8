"""clew: one correlation id, followed through every trace, metric and log line."""

from clew._exceptions import ClewError, ConfigurationError
from clew._instrument import flush, instrument
from clew._version import __version__
from clew.correlation import bind as bind_correlation_id
from clew.correlation import get as correlation_id

__all__ = [
    "ClewError",
    "ConfigurationError",
    "__version__",
    "bind_correlation_id",
    "correlation_id",
    "flush",
    "instrument",
]
