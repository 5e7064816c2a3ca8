"""`clew follow`, against what really arrived."""

from __future__ import annotations

import json

from click.testing import CliRunner

from clew.cli import main
from tests.e2e.shop import Sent, Shop


def test_the_request_is_shown_from_end_to_end(shop: Shop, found: Sent) -> None:
    """Three spans, and the log lines of both services, by the correlation id alone."""
    arguments = ["follow", "--wait", "30s", f"X-Correlation-ID: {found.correlation_id.value}"]
    ended = CliRunner().invoke(main, arguments, env=shop.place.environ)
    assert ended.exit_code == 0, ended.output
    assert "1 trace, 3 spans, 4 log lines, 2 services" in ended.stdout
    assert "found user 1" in ended.stdout


def test_the_error_is_shown(shop: Shop, failed: Sent) -> None:
    """By the trace id: what went wrong, and where."""
    arguments = ["follow", "--wait", "30s", failed.trace_id.value]
    ended = CliRunner().invoke(main, arguments, env=shop.place.environ)
    assert ended.exit_code == 0, ended.output
    assert "✗ RuntimeError: nobody handles this error" in ended.stdout
    assert "app.py" in ended.stdout and "in fail" in ended.stdout


def test_an_unknown_id_is_not_found(shop: Shop) -> None:
    """Exit code 1, with JSON that holds nothing."""
    arguments = ["follow", "--json", "nobody-has-this-id"]
    ended = CliRunner().invoke(main, arguments, env=shop.place.environ)
    assert ended.exit_code == 1
    assert json.loads(ended.stdout)["traces"] == []
