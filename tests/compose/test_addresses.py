"""compose.yaml held against what it brings together: pins, configuration files, demo services."""

import re
from pathlib import Path

import pytest
import yaml

from stack import _binaries
from stack._ports import PORTS
from tests.compose.document import ROOT, Service, services

IMAGES = {
    "collector": f"otel/opentelemetry-collector-contrib:{_binaries.COLLECTOR}",
    "jaeger": f"jaegertracing/jaeger:{_binaries.JAEGER}",
    "loki": f"grafana/loki:{_binaries.LOKI}",
    "prometheus": f"prom/prometheus:v{_binaries.PROMETHEUS}",
    "alertmanager": f"prom/alertmanager:v{_binaries.ALERTMANAGER}",
}
"""The image of each service that also runs natively, at the version that `stack` pins."""

CONFIGURED = ("collector", "jaeger", "loki")
"""Services whose configuration file reads the environment (Grafana's: see test_grafana.py)."""

_USUAL = {"redis": {6379}}
"""Ports of stores that nobody tells otherwise and that are not published."""

_ADDRESS = re.compile(r"(?:https?://)?([a-z][a-z0-9-]*):(\d+)")
_NOT_WRITTEN = re.compile(r"\$\{(?:env:)?(CLEW_\w+)")


@pytest.mark.parametrize("name", IMAGES)
def test_images_are_the_versions_that_run_natively(name: str) -> None:
    """The same release in a container and without one."""
    assert services()[name].fields["image"] == IMAGES[name]


@pytest.mark.parametrize("name", services())
def test_images_are_pinned_or_built(name: str) -> None:
    """A pulled image has an exact version, so that two people run the same thing."""
    service = services()[name]
    assert service.is_built or re.search(r":v?\d+(\.\d+){1,2}$", service.fields["image"])


def test_ports_have_the_names_and_numbers_that_they_have_natively() -> None:
    """The variable that moves a port, and the port, are the same with containers and without."""
    native = {port.variable: port.default for port in PORTS}
    published = {
        port.variable: port.default for name in IMAGES for port in services()[name].published
    }
    assert published.items() <= native.items()


def _asked(file: Path) -> set[str]:
    return set(_NOT_WRITTEN.findall(_without_comments(file)))


def _read_by(service: Service) -> set[str]:
    """The variables of what it is started with: the files of its `--config` that no variable names,
    or the one file that is mounted."""
    mount = service.mounts[0]
    if mount.source.is_file():
        return _asked(mount.source)
    names = [word.partition("/etc/clew/")[2] for word in service.fields["command"]]
    return {key for name in names if "$" not in name for key in _asked(mount.source / name)}


def _options(service: Service) -> list[Path]:
    """The files that variables choose among."""
    return [
        file
        for mount in service.mounts
        if (mount.source / "options").is_dir()
        for file in (mount.source / "options").iterdir()
    ]


@pytest.mark.parametrize("name", CONFIGURED)
def test_every_variable_of_a_configuration_is_given(name: str) -> None:
    """No default meant for 127.0.0.1 is left to hold inside a container."""
    service = services()[name]
    wanted = _read_by(service)
    assert wanted
    assert wanted <= service.environment.keys()


@pytest.mark.parametrize("name", CONFIGURED)
def test_no_variable_is_given_that_nothing_reads(name: str) -> None:
    """What the environment says has an effect."""
    service = services()[name]
    given = {key for key in service.environment if key.startswith("CLEW_")}
    options = {key for file in _options(service) for key in _asked(file)}
    assert given <= _read_by(service) | options


@pytest.mark.parametrize("name", services())
def test_addresses_are_those_of_services(name: str) -> None:
    """Whatever a service is told to call is a service here, at a port that it listens on."""
    told = [value for value in services()[name].environment.values() if _ADDRESS.fullmatch(value)]
    for value in told:
        host, port = _ADDRESS.fullmatch(value).groups()  # type: ignore[union-attr]
        assert host in services(), value
        assert int(port) in _listens_on(services()[host]), value


def test_prometheus_knows_the_others_by_their_names() -> None:
    """Targets and Alertmanagers, which it reads from files, are services of compose.yaml."""
    folder = next(
        mount.source
        for mount in services()["prometheus"].mounts
        if mount.target.endswith("/targets")
    )
    for file in ("alertmanagers.yml", "scrape.yml"):
        for group in yaml.safe_load((folder / file).read_text(encoding="utf-8")):
            for target in group["targets"]:
                host, _, port = target.partition(":")
                name = "prometheus" if host == "localhost" else host
                assert int(port) in _listens_on(services()[name]), target


def test_every_demo_service_has_a_container() -> None:
    """A service that is added to demo_services/ is added here, too."""
    folder = ROOT / "demo_services"
    starts = [*folder.glob("*/app.py"), *folder.glob("*/__main__.py")]
    demo = {file.parent.name for file in starts}
    built = {
        name: service.fields["build"] for name, service in services().items() if service.is_built
    }
    assert demo == built.keys()
    assert all(build["args"] == {"SERVICE": name} for name, build in built.items())
    assert {build["dockerfile"] for build in built.values()} == {"demo_services/Dockerfile"}


def test_a_demo_service_is_checked_at_the_port_it_serves() -> None:
    """The health check, the server and the published port name one number."""
    for service in services().values():
        if service.is_built and "healthcheck" in service.fields:
            (port,) = {published.inside for published in service.published}
            served = {"catalog": "CATALOG_PORT", "inventory": "INVENTORY_PORT"}
            variable = served.get(service.name, "UVICORN_PORT")
            assert service.environment[variable] == str(port)
            assert f", {port})" in service.fields["healthcheck"]["test"][-1]


def _listens_on(service: Service) -> set[int]:
    """Ports that are published, or that its own environment gives it to listen on."""
    own = [value for key, value in service.environment.items() if key.endswith("_PORT")]
    given = {int(value) for value in own if value.isdecimal()}
    return given | {port.inside for port in service.published} | _USUAL.get(service.name, set())


def _without_comments(file: Path) -> str:
    lines = file.read_text(encoding="utf-8").splitlines()
    return "\n".join(line for line in lines if not line.lstrip().startswith("#"))
