"""Settings come from the environment; bad ones are named, secrets are not shown."""

from __future__ import annotations

import logging

import pytest
from sqlalchemy.exc import OperationalError

from demo_services.inventory._settings import Settings as Inventory
from demo_services.orders._settings import Settings as Orders
from demo_services.payments._settings import Settings as Payments
from demo_services.shared import database
from demo_services.shared.settings import Secret, SettingsError

PASSWORD = "hunter2-4711"


def test_everything_has_a_default() -> None:
    """An empty environment is enough to start."""
    assert Orders.from_environ({}).payments_url == "http://127.0.0.1:8004"
    assert Inventory.from_environ({}).port == 8005
    assert Payments.from_environ({}).decline_rate == 0


@pytest.mark.parametrize(
    ("kind", "key", "value"),
    [
        (Orders, "PAYMENTS_URL", "payments"),
        (Orders, "DOWNSTREAM_TIMEOUT", "0"),
        (Orders, "ORDER_LEASE", "-1"),
        (Inventory, "INVENTORY_PORT", "70000"),
        (Inventory, "INVENTORY_PORT", "eight"),
        (Payments, "PAYMENTS_DECLINE_RATE", "1.5"),
        (Payments, "PAYMENTS_DECLINE_RATE", "often"),
    ],
)
def test_a_bad_setting_is_named(
    kind: type[Orders] | type[Inventory] | type[Payments], key: str, value: str
) -> None:
    """The error names the variable and its value."""
    with pytest.raises(SettingsError, match=f"{key} is '{value}'"):
        kind.from_environ({key: value})


def test_a_secret_is_not_shown() -> None:
    """Neither by itself nor inside of settings."""
    settings = Orders.from_environ(
        {"DATABASE_URL": f"postgresql://shop:{PASSWORD}@db/shop", "PAYMENTS_TOKEN": PASSWORD}
    )
    for shown in (repr(settings), str(settings), f"{settings.payments_token}"):
        assert PASSWORD not in shown
        assert "***" in shown
    assert settings.payments_token.reveal() == PASSWORD


def test_a_database_that_is_away_shows_no_password(caplog: pytest.LogCaptureFixture) -> None:
    """Its error tells where it was looked for, and no more."""
    caplog.set_level(logging.DEBUG)
    engine = database.connect(Secret(f"postgresql://shop:{PASSWORD}@127.0.0.1:1/shop"))
    with pytest.raises(OperationalError) as error:
        engine.connect()
    assert PASSWORD not in f"{error.value!r}{engine!r}{caplog.text}"
