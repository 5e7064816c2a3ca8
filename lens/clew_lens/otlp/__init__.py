"""OTLP in: bodies to messages to rows, over HTTP and gRPC."""
