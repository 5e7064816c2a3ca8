"""Images under the pinned names, made here because none can be pulled: the stack's binaries.

Each `images/SERVICE.Dockerfile` follows the official image in what compose.yaml relies on: the
program's path, the user, the folders it may write to, and whether there is a shell. Grafana has no
stand-in: its server is no Go module.
"""

import re
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

from tests.compose.docker import Docker
from tests.compose.document import ROOT, services

BASE = "clew-test-base"
STORES_BASE = "clew-test-stores"
STORES = ("postgres", "rabbitmq", "redis")
"""Services whose stand-in is made of Debian's packages, which are of other versions."""

BINARIES = {
    "collector": "otelcol",
    "jaeger": "jaeger",
    "loki": "loki",
    "prometheus": "prometheus",
    "alertmanager": "alertmanager",
}
"""The binary, by the name that `stack` has for it, of each service whose image is made here."""

_RECIPES = Path(__file__).parent / "images"
_CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")


def make_images(docker: Docker, base: Path, stores: Path, binaries: Mapping[str, Path]) -> None:
    """Make the base, the Python image that the demo services start from, and each other image.

    `base` and `stores` are root file systems' archives; `binaries` are the programs by service.
    """
    docker.run("import", str(stores), STORES_BASE)
    for service in STORES:
        make_image(docker, service, {})
    docker.run("import", str(base), BASE)
    _build(docker, BASE, f"FROM {BASE}\nRUN ln -s /bin/busybox /usr/local/bin/wget\n", {})
    _make_python(docker)
    for service, binary in binaries.items():
        make_image(docker, service, {BINARIES[service]: binary})


def make_image(docker: Docker, service: str, files: Mapping[str, Path]) -> None:
    """Make the image of one service by its recipe, which finds these files and folders by name."""
    recipe = (_RECIPES / f"{service}.Dockerfile").read_text()
    _build(docker, services()[service].fields["image"], recipe, files)


def python_image() -> str:
    """The image that demo_services/Dockerfile starts from, the same in each stage."""
    dockerfile = (ROOT / "demo_services" / "Dockerfile").read_text()
    (image,) = set(re.findall(r"^FROM (\S+)", dockerfile, re.MULTILINE))
    return str(image)


def _make_python(docker: Docker) -> None:
    # This machine's certificates, for a package index that is reached through its proxy or mirror.
    recipe = (
        f"FROM {BASE}\nCOPY {_CERTIFICATES.name} {_CERTIFICATES}\nENV PIP_CERT={_CERTIFICATES}\n"
    )
    _build(docker, python_image(), recipe, {_CERTIFICATES.name: _CERTIFICATES})


def _build(docker: Docker, image: str, recipe: str, files: Mapping[str, Path]) -> None:
    with tempfile.TemporaryDirectory(prefix="clew-image-") as name:
        context = Path(name)
        (context / "Dockerfile").write_text(recipe)
        (context / "empty").mkdir()
        for target, source in files.items():
            copy = shutil.copytree if source.is_dir() else shutil.copy
            copy(source, context / target)
        docker.run("build", "--quiet", "--network=none", f"--tag={image}", str(context))
