"""The alerts, in the order in which an engineer on call would want to know.

Every expression is a function of `Scale`, so that a drill runs the same rules with shorter windows.
"""

from __future__ import annotations

from alerts._model import Alert, Scale
from alerts.catalogue.hosts import host_alerts
from alerts.catalogue.logs import log_alerts
from alerts.catalogue.pipeline import pipeline_alerts
from alerts.catalogue.runtime import runtime_alerts
from alerts.catalogue.shop import shop_alerts
from alerts.catalogue.silence import silence_alerts
from alerts.catalogue.traffic import traffic_alerts

__all__ = ["log_alerts", "metric_alerts"]


def metric_alerts(s: Scale) -> list[Alert]:
    """Those that Prometheus evaluates, without the SLOs' own."""
    return [
        *traffic_alerts(s),
        *silence_alerts(s),
        *runtime_alerts(s),
        *shop_alerts(s),
        *pipeline_alerts(s),
        *host_alerts(s),
    ]
