"""The users application with prometheus-fastapi-instrumentator, as its README installs it."""

from __future__ import annotations

from prometheus_fastapi_instrumentator import Instrumentator  # type: ignore[import-not-found]

from benchmarks.overhead.apps.users import app

Instrumentator().instrument(app).expose(app)
