"""What telemetry costs on its way: per span, line and sample, per hop, and as a fleet grows."""
