"""The profile `consul` of compose.yaml in a real Docker Engine: settings, and addresses."""

import urllib.error
import urllib.request
from collections.abc import Iterator

import pytest

from clew.readers import NativeReader
from tests.compose.built import built
from tests.compose.checks import (
    DEADLINE,
    has_no_privileges,
    is_held_to_limits,
    place_order,
    reaches_the_whole_shop,
)
from tests.compose.images import make_image
from tests.compose.probe import Probe
from tests.compose.project import Project
from tests.e2e.wait import wait_until

pytestmark = pytest.mark.engine


@pytest.fixture(scope="module")
def on_consul(project: Project) -> Iterator[Project]:
    """The project, with Consul behind the environment and addresses that are Consul's to say."""
    make_image(project.docker, "consul", {"consul": built("consul")})
    with project.with_profile(
        "consul",
        CONSUL_URL="http://consul:8500",
        PAYMENTS_URL="consul://payments",
        INVENTORY_ADDRESS="consul://inventory",
    ) as other:
        yield other


def test_addresses_come_from_consul(on_consul: Project, reader: NativeReader) -> None:
    """Orders finds payments and inventory by asking Consul, which checks that they are healthy."""
    orders = on_consul.inspect("orders")["Config"]["Env"]
    assert {"PAYMENTS_URL=consul://payments", "INVENTORY_ADDRESS=consul://inventory"} <= set(orders)
    probe = Probe.new()
    assert place_order(on_consul, probe)["state"] == "confirmed"
    reaches_the_whole_shop(reader, probe)


def test_settings_come_from_consul(on_consul: Project) -> None:
    """A key in Consul's store is a variable of the service, once that starts again."""
    on_consul.compose("exec", "consul", "consul", "kv", "put", "shop/gateway/RATE_LIMIT", "2/hour")
    assert [_asked(on_consul) for _ in range(3)] == [200, 200, 200]
    on_consul.compose("restart", "gateway")
    wait_until(lambda: _asked(on_consul) == 429, "a refusal of the gateway", DEADLINE)


def test_consul_is_held_to_what_the_others_are(on_consul: Project) -> None:
    """No privileges, limits in force, healthy by its own check."""
    has_no_privileges(on_consul, "consul")
    is_held_to_limits(on_consul, "consul")
    assert on_consul.inspect("consul")["State"]["Health"]["Status"] == "healthy"


def _asked(project: Project) -> int:
    """The status of a plain request at the edge; 0 where nobody answers."""
    try:
        with urllib.request.urlopen(project.url("CLEW_GATEWAY_PORT", "/users/1"), timeout=10) as it:
            return int(it.status)
    except urllib.error.HTTPError as answer:
        return answer.code
    except OSError:
        return 0
