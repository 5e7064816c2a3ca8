"""What several services need: settings, telemetry of their own, calls to others, faults."""
