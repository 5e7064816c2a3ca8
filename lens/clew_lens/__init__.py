"""clew lens: an OTLP receiver, a store and a page in one process.

It knows OTLP and nothing of the library that sent it.
"""

__version__ = "0.1.0"
