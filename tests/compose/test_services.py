"""How each service of compose.yaml is run."""

import re

import pytest

from tests.compose.document import Service, document, services
from tests.compose.project import PROFILES

SERVICES = list(services().values())
NO_HEALTHCHECK = {
    "collector": "its image holds nothing that could ask it",
    "notifications": "a worker without a port",
    "queues": "it ends at once",
}
"""Services without a health check, and why. compose.yaml says it too."""
ENDS = ("queues",)
"""What does one thing and ends. What needs it waits until it has ended well."""

every_service = pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.name)


@every_service
def test_ports_are_published_on_loopback_only(service: Service) -> None:
    """No port is reachable from another machine."""
    assert all(port.host == "127.0.0.1" for port in service.published)


@every_service
def test_a_published_port_has_the_same_number_inside(service: Service) -> None:
    """By default a port is found at the number that the documentation of the program has."""
    assert all(port.default == port.inside for port in service.published)


def test_no_two_published_ports_are_alike() -> None:
    """Everything can be up at once."""
    ports = [port for service in SERVICES for port in service.published]
    assert len({port.default for port in ports}) == len(ports)
    assert len({port.variable for port in ports}) == len(ports)


@every_service
def test_health_is_checked_or_the_reason_is_stated(service: Service) -> None:
    """A service has a health check, or is in the list of those that can't have one."""
    assert ("healthcheck" in service.fields) != (service.name in NO_HEALTHCHECK)


@every_service
def test_it_is_started_again_unless_stopped(service: Service) -> None:
    """A crash or a reboot of the machine does not end a service."""
    assert service.fields["restart"] == ("no" if service.name in ENDS else "unless-stopped")


@every_service
def test_it_is_held_to_limits(service: Service) -> None:
    """None can take the machine's memory, processors or processes from the others."""
    assert re.fullmatch(r"\d+m", str(service.fields["mem_limit"]))
    assert 0 < float(service.fields["cpus"]) <= 1
    assert 0 < service.fields["pids_limit"] <= 512


@every_service
def test_go_programs_collect_before_the_limit(service: Service) -> None:
    """Go's soft memory limit, where given, is below the container's hard one."""
    soft = service.environment.get("GOMEMLIMIT")
    if soft is not None:
        hard_mib = int(service.fields["mem_limit"].removesuffix("m"))
        assert int(soft.removesuffix("MiB")) <= 0.9 * hard_mib


@every_service
def test_its_log_does_not_fill_the_disk(service: Service) -> None:
    """The engine keeps a bounded number of bounded log files."""
    options = service.fields["logging"]["options"]
    assert {"max-size", "max-file"} <= options.keys()


@every_service
def test_it_has_no_privileges(service: Service) -> None:
    """An ordinary user, no capabilities, none to be gained, nothing of the machine's."""
    fields = service.fields
    user, _, group = str(fields["user"]).partition(":")
    assert int(user) > 0
    assert group
    assert fields["cap_drop"] == ["ALL"]
    assert "cap_add" not in fields
    assert "no-new-privileges:true" in fields["security_opt"]
    for opening in ("privileged", "network_mode", "pid", "ipc", "devices", "userns_mode"):
        assert opening not in fields


@every_service
def test_its_file_system_is_read_only(service: Service) -> None:
    """A service writes to its volume and to memory, and nowhere else."""
    assert service.fields["read_only"] is True
    assert all(mount.mode == "ro" for mount in service.mounts)


@every_service
def test_what_it_mounts_is_in_the_checkout(service: Service) -> None:
    """The engine would make an empty folder, owned by root, of a path that is missing."""
    missing = [mount.source for mount in service.mounts if not mount.source.exists()]
    assert not missing


def test_all_are_on_one_network() -> None:
    """They reach one another by name, and nothing else joins."""
    assert list(document()["networks"]) == ["clew"]
    assert {tuple(service.fields["networks"]) for service in SERVICES} == {("clew",)}


def test_every_volume_is_declared_and_used() -> None:
    """Each store has a named volume: what it keeps outlives its container."""
    used = {
        text.partition(":")[0]
        for service in SERVICES
        for text in service.fields.get("volumes", ())
        if not text.startswith((".", "/:"))  # the checkout's files; the machine's, to be measured
    }
    assert used == set(document()["volumes"])


def test_each_profile_is_brought_up_by_a_test() -> None:
    """A profile that is added is added to those that the engine's tests start."""
    of_profiles = {
        service.name: service.fields["profiles"]
        for service in SERVICES
        if "profiles" in service.fields
    }
    assert of_profiles == {name: [name] for name in PROFILES}
