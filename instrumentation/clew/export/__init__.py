"""The way out: buffer → encode → send. Everything here runs on clew's own threads."""
