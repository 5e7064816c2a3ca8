"""`env`: where the shop's stores are, as environment variables."""

from collections.abc import Collection

from stack._ports import HOST
from stack._settings import Settings
from stack._shop_stores import DATABASE_USER, password_file


def addresses(settings: Settings, running: Collection[str]) -> dict[str, str]:
    """Return the addresses of those that run. The database's holds its password."""
    found: dict[str, str] = {}
    if "postgres" in running:
        password = password_file(settings).read_text().strip()
        port = settings.ports["CLEW_POSTGRES_PORT"]
        login = f"{DATABASE_USER}:{password}"
        found["CLEW_POSTGRES_URL"] = f"postgresql://{login}@{HOST}:{port}/postgres"
    if "redis" in running:
        found["CLEW_REDIS_URL"] = f"redis://{HOST}:{settings.ports['CLEW_REDIS_PORT']}/0"
    if "rabbitmq" in running:
        port = settings.ports["CLEW_RABBITMQ_PORT"]
        # The account that RabbitMQ makes at its first start; it holds on the loopback alone.
        found["CLEW_RABBITMQ_URL"] = f"amqp://guest:guest@{HOST}:{port}/%2F"
    return found
