"""What telemetry costs a service: requests per second, CPU, latency, memory, import time."""
