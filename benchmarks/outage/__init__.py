"""What survives an outage of the endpoint: clew and `opentelemetry-instrument` side by side."""
