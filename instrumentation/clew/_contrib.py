"""OpenTelemetry's contributed instrumentations, taken along where they are installed.

They see only the OpenTelemetry API, so they work on clew as on the SDK. Each is loaded when its
library is imported, not before, and only if its package is there: nothing is scanned at start.
Those that clew does itself (FastAPI, Starlette, ASGI, Flask, WSGI, requests, logging) are not here.
"""

from __future__ import annotations

import importlib
import importlib.util
import logging
from collections.abc import Callable, Collection
from typing import Any

_logger = logging.getLogger(__name__)

# Library → (package below opentelemetry.instrumentation, classes).
# Source: https://github.com/open-telemetry/opentelemetry-python-contrib, instrumentation/README.md
KNOWN: dict[str, tuple[str, tuple[str, ...]]] = {
    "aio_pika": ("aio_pika", ("AioPikaInstrumentor",)),
    "aiohttp": ("aiohttp_client", ("AioHttpClientInstrumentor",)),
    "asyncpg": ("asyncpg", ("AsyncPGInstrumentor",)),
    "botocore": ("botocore", ("BotocoreInstrumentor",)),
    "celery": ("celery", ("CeleryInstrumentor",)),
    "confluent_kafka": ("confluent_kafka", ("ConfluentKafkaInstrumentor",)),
    "django": ("django", ("DjangoInstrumentor",)),
    "elasticsearch": ("elasticsearch", ("ElasticsearchInstrumentor",)),
    "grpc": ("grpc", ("GrpcInstrumentorClient", "GrpcInstrumentorServer",
                      "GrpcAioInstrumentorClient", "GrpcAioInstrumentorServer")),
    "httpx": ("httpx", ("HTTPXClientInstrumentor",)),
    "kafka": ("kafka", ("KafkaInstrumentor",)),
    "mysql": ("mysql", ("MySQLInstrumentor",)),
    "pika": ("pika", ("PikaInstrumentor",)),
    "psycopg": ("psycopg", ("PsycopgInstrumentor",)),
    "psycopg2": ("psycopg2", ("Psycopg2Instrumentor",)),
    "pymongo": ("pymongo", ("PymongoInstrumentor",)),
    "pymysql": ("pymysql", ("PyMySQLInstrumentor",)),
    "redis": ("redis", ("RedisInstrumentor",)),
    "sqlalchemy": ("sqlalchemy", ("SQLAlchemyInstrumentor",)),
    "sqlite3": ("sqlite3", ("SQLite3Instrumentor",)),
    "tornado": ("tornado", ("TornadoInstrumentor",)),
    "urllib3": ("urllib3", ("URLLib3Instrumentor",)),
}  # fmt: skip


def install(when: Callable[[str, Callable[[Any], None]], None], disabled: Collection[str]) -> None:
    """Have each loaded by `when` its library is imported, save those that `disabled` names.

    The names are the packages', as `OTEL_PYTHON_DISABLED_INSTRUMENTATIONS` has them.
    """
    for library, (package, classes) in KNOWN.items():
        if package not in disabled:
            when(library, _loader(package, classes))


def _loader(package: str, classes: tuple[str, ...]) -> Callable[[Any], None]:
    def load(_library: Any) -> None:
        name = f"opentelemetry.instrumentation.{package}"
        try:
            installed = importlib.util.find_spec(name) is not None
        except ModuleNotFoundError:  # not even opentelemetry.instrumentation
            installed = False
        if not installed:
            return
        module = importlib.import_module(name)
        for class_name in classes:
            instrumentor = getattr(module, class_name, None)
            if instrumentor is not None:
                instrumentor().instrument()
        _logger.debug("%s is instrumented.", package)

    return load
