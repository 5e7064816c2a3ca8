"""The folder that Prometheus is started on.

Prometheus reads no environment, so its configuration names no address: it names files beside it
that hold them. The folder joins the checkout's own configuration and rules (links, so that an edit
is seen after a reload) with target files that carry this stack's ports.
"""

import json
import os
from pathlib import Path

from stack._components import address, prometheus_folder
from stack._settings import Settings


def write_prometheus_folder(settings: Settings) -> None:
    """Make or renew the folder."""
    folder = prometheus_folder(settings)
    targets = folder / "targets"
    targets.mkdir(parents=True, exist_ok=True)
    _link(folder / "prometheus.yml", settings.root / "backends/prometheus/prometheus.yml")
    _link(folder / "alerts", settings.alerts)
    # JSON is YAML too (YAML 1.2, section 1.3), and Prometheus picks the reader by the file's
    # suffix.
    _write(targets / "scrape.yml", _scraped(settings))
    _write(
        targets / "alertmanagers.yml",
        [{"targets": [address(settings, "CLEW_ALERTMANAGER_PORT")]}],
    )


def _scraped(settings: Settings) -> list[dict[str, object]]:
    jobs = {
        "prometheus": "CLEW_PROMETHEUS_PORT",
        "loki": "CLEW_LOKI_PORT",
        "alertmanager": "CLEW_ALERTMANAGER_PORT",
    }
    return [
        {"targets": [address(settings, variable)], "labels": {"job": job}}
        for job, variable in jobs.items()
    ]


# A Prometheus that is up may be reading: both replace what is there in one step.


def _write(file: Path, content: list[dict[str, object]]) -> None:
    half = file.with_suffix(".half")
    half.write_text(json.dumps(content, indent=2))
    os.replace(half, file)


def _link(link: Path, target: Path) -> None:
    half = link.with_name(f"{link.name}.half")
    half.unlink(missing_ok=True)
    half.symlink_to(target)
    os.replace(half, link)
