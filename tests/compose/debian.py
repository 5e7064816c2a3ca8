"""From Debian's packages, where no image can be pulled: bases of images, Java, compose's plugin."""

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

from tests.support.cache import kept

SUITE = "trixie"
"""The release of Debian that has a compose plugin of version 2, and Python 3.13 as the demo has."""

_BASE_PACKAGES = "busybox-static,ca-certificates,python3,python3-pip,python3-venv"
_STORE_PACKAGES = "postgresql,rabbitmq-server,redis-server"
_PLUGIN = "usr/libexec/docker/cli-plugins/docker-compose"
_JAVA_PACKAGE = "openjdk-21-jre-headless"


def base_archive(cache: Path) -> Path:
    """A root file system as a tar archive, made with debootstrap unless the cache has it."""
    return kept(cache / f"base-{SUITE}.tar", _debootstrap(_BASE_PACKAGES))


def stores_archive(cache: Path) -> Path:
    """The same with the shop's stores in it, from their packages."""
    return kept(cache / f"stores-{SUITE}.tar", _debootstrap(_STORE_PACKAGES))


def compose_plugin(cache: Path) -> Path:
    """The docker compose plugin, unpacked from its package unless the cache has it."""
    return kept(cache / f"docker-compose-{SUITE}", _unpack_plugin)


def java_archive(cache: Path) -> Path:
    """Java as a tar archive, to be laid over the base: what its package has, unless it is there."""
    return kept(cache / f"java-{SUITE}.tar", _java)


def _debootstrap(packages: str) -> Callable[[Path, Path], None]:
    def make(folder: Path, target: Path) -> None:
        root = folder / "root"
        _run("debootstrap", "--variant=minbase", f"--include={packages}", SUITE, root, _mirror())
        _run("tar", "--numeric-owner", "-C", root, "-cf", target, ".")

    return make


def _unpack_plugin(folder: Path, target: Path) -> None:
    _run("dpkg", "-x", _package(folder, "docker-compose"), folder / "package")
    shutil.move(folder / "package" / _PLUGIN, target)


def _java(folder: Path, target: Path) -> None:
    with target.open("wb") as archive:
        package = _package(folder, _JAVA_PACKAGE)
        subprocess.run(["dpkg-deb", "--fsys-tarfile", package], stdout=archive, check=True)


def _package(folder: Path, name: str) -> Path:
    """Download a package of the suite into the folder."""
    # A list of sources of its own: the machine's packages stay those of its own release.
    keyring = "/usr/share/keyrings/debian-archive-keyring.gpg"
    sources = folder / "sources.list"
    sources.write_text(f"deb [signed-by={keyring}] {_mirror()} {SUITE} main\n")
    (folder / "lists" / "partial").mkdir(parents=True)
    options = [
        f"-oDir::Etc::SourceList={sources}",
        "-oDir::Etc::SourceParts=-",
        f"-oDir::State::Lists={folder}/lists",
        f"-oDir::Cache={folder}",
        "-oAPT::Sandbox::User=root",
    ]
    _run("apt-get", *options, "update")
    _run("apt-get", *options, "download", name, cwd=folder)
    (package,) = folder.glob(f"{name}_*.deb")
    return package


def _mirror() -> str:
    """The address that this machine's own Debian packages come from."""
    own = subprocess.run(
        ["apt-get", "indextargets", "--format", "$(SITE) $(LABEL)", "Created-By: Packages"],
        capture_output=True,
        text=True,
        check=True,
    )
    for line in own.stdout.splitlines():
        site, _, label = line.partition(" ")
        if label == "Debian":
            return site
    raise RuntimeError("apt knows no Debian archive: run `apt-get update` first")


def _run(*command: str | Path, cwd: Path | None = None) -> None:
    done = subprocess.run(
        [str(part) for part in command], cwd=cwd, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        said = "\n".join((done.stdout + done.stderr).splitlines()[-20:])
        raise RuntimeError(f"`{command[0]}` ended with {done.returncode}:\n{said}")
