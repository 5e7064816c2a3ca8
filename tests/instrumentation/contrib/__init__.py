"""OpenTelemetry's contributed instrumentations on clew, each against the smallest real peer."""
