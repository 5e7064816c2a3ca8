"""The users application with logfire, sending to the OTLP endpoint of the environment alone."""

from __future__ import annotations

import logfire  # type: ignore[import-not-found]

from benchmarks.overhead.apps.users import app

logfire.configure(send_to_logfire=False, console=False)
logfire.instrument_fastapi(app)
