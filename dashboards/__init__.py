"""Grafana boards as Python: `python -m dashboards` writes them to dashboards/generated/."""
