"""Draws a generated board with live answers, for docs and for where there is no Grafana."""
