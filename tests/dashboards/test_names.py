"""Names as Prometheus's OTLP translation gives them."""

import pytest

from dashboards.prometheus_names import Kind, label, metric


@pytest.mark.parametrize(
    ("name", "unit", "kind", "expected"),
    [
        ("http.server.request.duration", "s", "histogram", "http_server_request_duration_seconds"),
        ("clew.export.queued", "By", "gauge", "clew_export_queued_bytes"),
        ("clew.export.dropped", "{item}", "counter", "clew_export_dropped_total"),
        ("system.cpu.utilization", "1", "gauge", "system_cpu_utilization_ratio"),
    ],
)
def test_metric(name: str, unit: str, kind: Kind, expected: str) -> None:
    """Dots, units and suffixes follow the translation."""
    assert metric(name, unit, kind) == expected


def test_label() -> None:
    """Dots of an attribute become underscores."""
    assert label("service.name") == "service_name"
