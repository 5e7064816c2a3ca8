"""`clew doctor`, against what really runs."""

from __future__ import annotations

import json

from click.testing import CliRunner

from clew.cli import main
from tests.e2e.places import Place


def test_nothing_is_wrong_here(place: Place) -> None:
    """The probe is found in every store, and what this place has is configured as it must be."""
    environ = {
        **place.environ,
        "OTEL_EXPORTER_OTLP_ENDPOINT": place.otlp_endpoint,
        "CLEW_SPOOL_DIR": "off",
    }
    ended = CliRunner().invoke(main, ["doctor", "--json", "--wait", "60s"], env=environ)
    checks = {one["check"]: one for one in json.loads(ended.stdout)["checks"]}
    wrong = {name: one for name, one in checks.items() if one["state"] == "problem"}
    assert (ended.exit_code, wrong) == (0, {})
    probes = [checks[f"probe: {signal}"] for signal in ("traces", "logs", "metrics")]
    assert [one["state"] for one in probes] == ["good"] * 3
    stores = [checks[name] for name in ("Loki labels", "Prometheus OTLP", "exemplars")]
    expected = "skipped" if "CLEW_LENS_URL" in place.environ else "good"
    assert {one["state"] for one in stores} == {expected}
