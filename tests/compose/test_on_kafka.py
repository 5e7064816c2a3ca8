"""The profile `kafka` of compose.yaml in a real Docker Engine: the other bus."""

from collections.abc import Iterator

import pytest

from clew.readers import NativeReader, TraceId
from demo_services.bus import ORDER_CREATED
from tests.compose.checks import (
    DEADLINE,
    has_no_privileges,
    is_held_to_limits,
    place_order,
    reaches_the_whole_shop,
)
from tests.compose.debian import java_archive
from tests.compose.document import services
from tests.compose.images import make_image
from tests.compose.probe import Probe
from tests.compose.project import Project
from tests.e2e.wait import wait_until
from tests.support import kafka
from tests.support.cache import cache_dir


def test_the_broker_is_of_the_pinned_version() -> None:
    """What Maven gets for the tests is what compose.yaml's image holds."""
    assert services()["kafka"].fields["image"] == f"apache/kafka:{kafka.version()}"


@pytest.fixture(scope="module")
def on_kafka(project: Project) -> Iterator[Project]:
    """The project, its bus a Kafka."""
    parts = {
        "java.tar": java_archive(cache_dir()),
        "jars": kafka.jars(),
        "log4j2.yaml": kafka.HERE / "log4j2.yaml",
    }
    make_image(project.docker, "kafka", parts)
    with project.with_profile("kafka", BUS_URL="kafka://kafka:9092") as other:
        yield other


@pytest.mark.engine
def test_an_order_goes_over_kafka(on_kafka: Project, reader: NativeReader) -> None:
    """One trace from the edge to the notification, and each span of the bus says that it is Kafka.

    The same after the broker was started anew: what it keeps is on its volume.
    """
    is_one_trace_over_kafka(on_kafka, reader)
    on_kafka.compose("up", "--detach", "--wait", "--force-recreate", "--no-deps", "kafka")
    kept = on_kafka.compose("exec", "kafka", "ls", "/var/lib/kafka/data").split()
    assert f"{ORDER_CREATED}-0" in kept
    is_one_trace_over_kafka(on_kafka, reader)


@pytest.mark.engine
def test_kafka_is_held_to_what_the_others_are(on_kafka: Project) -> None:
    """No privileges, limits in force, healthy by its own check."""
    has_no_privileges(on_kafka, "kafka")
    is_held_to_limits(on_kafka, "kafka")
    assert on_kafka.inspect("kafka")["State"]["Health"]["Status"] == "healthy"


def is_one_trace_over_kafka(project: Project, reader: NativeReader) -> None:
    """Assert it of a new order."""
    probe = Probe.new()
    assert place_order(project, probe)["state"] == "confirmed"
    reaches_the_whole_shop(reader, probe)

    def systems() -> set[tuple[str, object]]:
        """By service. Inventory's is stored last: the order asks it over gRPC before."""
        return {
            (span.service, span.attributes["messaging.system"])
            for span in reader.trace(TraceId(probe.trace_id))
            if "messaging.system" in span.attributes
        }

    expected = {(service, "kafka") for service in ("orders", "inventory", "notifications")}
    wait_until(lambda: systems() == expected, "Kafka's spans of three services", DEADLINE)
