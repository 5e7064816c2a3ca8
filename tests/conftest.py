"""What holds for every test: telemetry of a test stays in the test."""

import os

# Nothing waits on disk between runs, unless a test gives a folder of its own.
os.environ.setdefault("CLEW_SPOOL_DIR", "off")
