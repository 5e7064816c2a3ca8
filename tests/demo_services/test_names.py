"""The shop's own names stand in one module, and what is told to telemetry has them."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from demo_services.shared import names

ROOT = Path(names.__file__).parents[1]
ALL = {name: value for name, value in vars(names).items() if name.isupper()}

# Tells everything once, to a reader of the SDK, and prints which metrics came of it.
PROGRAM = """
from opentelemetry import metrics
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader

reader = InMemoryMetricReader()
metrics.set_meter_provider(MeterProvider([reader]))
from demo_services.shared import telemetry

telemetry.retried("users", 1, "Timeout")
telemetry.breaker_changed("users", "closed", "open")
telemetry.breaker_rejected("users")
telemetry.degraded("catalog", "away")
telemetry.rate_limited()
telemetry.order_ended("confirmed")
telemetry.compensated("goods", "a")
telemetry.backlog(1, 2)
telemetry.message("notifications", "parked")
telemetry.queue_depth("notifications", 3)
telemetry.queue_age("notifications", 1.5)
telemetry.watch_faults(lambda: {"latency": 1.0})
for resource in reader.get_metrics_data().resource_metrics:
    for scope in resource.scope_metrics:
        for metric in scope.metrics:
            print(metric.name, *(point.value for point in metric.data.data_points))
"""


def test_names_are_written_once() -> None:
    """Nowhere else does a text begin with "shop." and a name."""
    known = re.compile("|".join(f'"{re.escape(v)}"' for v in ALL.values() if v.startswith("shop.")))
    for file in ROOT.rglob("*.py"):
        if file.name != "names.py":
            assert not known.search(file.read_text()), file


def test_every_metric_is_told() -> None:
    """Each function of the module leads to the metric that its name promises."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        cwd=ROOT.parent,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    told = dict(line.split(" ", 1) for line in done.stdout.splitlines())
    metrics = {
        value
        for name, value in ALL.items()
        if value.startswith("shop.") and re.search(rf"^{name} = .*# (counter|gauge)", SOURCE, re.M)
    }
    assert set(told) == metrics
    assert told[names.BREAKER_STATE] == "2"
    assert (told[names.UNFINISHED], told[names.OUTBOX]) == ("1", "2")


SOURCE = Path(names.__file__).read_text()
