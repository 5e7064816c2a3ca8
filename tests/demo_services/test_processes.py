"""The table of services is whole: every service has a port, a way to start, and its own faults."""

from __future__ import annotations

from pathlib import Path

from demo_services._processes import ADMIN_PORTS, COMMANDS, PORTS, Shop, Stores


def test_every_service_is_in_every_table() -> None:
    """One that is added to one table is missed in the others."""
    assert set(COMMANDS) == set(ADMIN_PORTS) == {*PORTS, "notifications"}
    numbers = [*PORTS.values(), *ADMIN_PORTS.values()]
    assert len(set(numbers)) == len(numbers)


def test_without_a_broker_nobody_waits_for_messages(tmp_path: Path) -> None:
    """The worker has nothing to do; the rest runs."""
    assert "notifications" not in Shop(tmp_path, {}).names
    assert "notifications" in Shop(tmp_path, {}, Stores(bus_url="amqp://x")).names


def test_without_a_database_each_has_a_file(tmp_path: Path) -> None:
    """Of its own: services share no tables."""
    shop = Shop(tmp_path, {})
    urls = {shop._environ(name)["DATABASE_URL"] for name in shop.names}
    assert len(urls) == len(shop.names)
    assert f"sqlite:///{tmp_path}/orders.db" in urls
