"""The measured applications. They import no telemetry, except where that is how it is installed."""
