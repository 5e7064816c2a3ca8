"""The engine tests' surroundings: made once for all of them, and only where they are wanted."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from clew.readers import NativeReader, ReaderSettings
from tests.compose import debian, images
from tests.compose.built import built
from tests.compose.docker import Docker
from tests.compose.engine import NoEngine, engine
from tests.compose.project import Project
from tests.support.cache import cache_dir

WANTED = "CLEW_TEST_DOCKER"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip, with the reason, what needs an engine unless it is wanted."""
    if os.environ.get(WANTED) == "1":
        return
    skip = pytest.mark.skip(reason=f"starts a Docker Engine (minutes, root): set {WANTED}=1")
    for item in items:
        if item.get_closest_marker("engine"):
            item.add_marker(skip)


@pytest.fixture(scope="session")
def docker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Docker]:
    """The docker command for an engine that has every image it needs."""
    binaries = _binaries()
    cache = cache_dir()
    config = tmp_path_factory.mktemp("docker-config")
    (config / "cli-plugins").mkdir()
    plugin = debian.compose_plugin(cache)
    shutil.copy(plugin, config / "cli-plugins" / "docker-compose")
    base, stores = debian.base_archive(cache), debian.stores_archive(cache)
    try:
        with engine(config) as command:
            images.make_images(command, base, stores, binaries)
            yield command
    except NoEngine as reason:
        pytest.fail(f"{WANTED}=1 asks for an engine, but {reason}")


@pytest.fixture(scope="session")
def project(docker: Docker) -> Iterator[Project]:
    """compose.yaml, up and healthy."""
    made = Project.on_free_ports(docker)
    try:
        made.build()
        made.up()
        yield made
    finally:
        made.down("--volumes")


@pytest.fixture(scope="session")
def reader(project: Project) -> NativeReader:
    """Reads the project's stores through their published ports."""
    return NativeReader.from_settings(
        ReaderSettings(
            jaeger_url=project.url("CLEW_JAEGER_QUERY_PORT"),
            loki_url=project.url("CLEW_LOKI_PORT"),
            prometheus_url=project.url("CLEW_PROMETHEUS_PORT"),
        )
    )


def _binaries() -> dict[str, Path]:
    """The stack's binaries by service; they are obtained before, by `python -m stack fetch`."""
    return {service: built(name) for service, name in images.BINARIES.items()}
