"""A small shop: services that show what telemetry through every part looks like."""
