"""From Debian's packages, where no image can be pulled: a base for images, the compose plugin."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

SUITE = "trixie"
"""The release of Debian that has a compose plugin of version 2, and Python 3.13 as the demo has."""

_BASE_PACKAGES = "busybox-static,ca-certificates,python3,python3-pip,python3-venv"
_STORE_PACKAGES = "postgresql,rabbitmq-server,redis-server"
_PLUGIN = "usr/libexec/docker/cli-plugins/docker-compose"


def cache_dir(environ: Mapping[str, str] = os.environ) -> Path:
    """Where both are kept between runs, beside the cache of the backends' binaries."""
    return Path(environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "clew" / "engine"


def base_archive(cache: Path) -> Path:
    """A root file system as a tar archive, made with debootstrap unless the cache has it."""
    return _kept(cache / f"base-{SUITE}.tar", _debootstrap(_BASE_PACKAGES))


def stores_archive(cache: Path) -> Path:
    """The same with the shop's stores in it, from their packages."""
    return _kept(cache / f"stores-{SUITE}.tar", _debootstrap(_STORE_PACKAGES))


def compose_plugin(cache: Path) -> Path:
    """The docker compose plugin, unpacked from its package unless the cache has it."""
    return _kept(cache / f"docker-compose-{SUITE}", _unpack_plugin)


def _kept(path: Path, make: Callable[[Path, Path], None]) -> Path:
    """Make `path` in a folder beside it and move it there whole."""
    if path.exists():
        return path
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent) as name:
        made = Path(name) / "made"
        make(Path(name), made)
        made.rename(path)
    return path


def _debootstrap(packages: str) -> Callable[[Path, Path], None]:
    def make(folder: Path, target: Path) -> None:
        root = folder / "root"
        _run("debootstrap", "--variant=minbase", f"--include={packages}", SUITE, root, _mirror())
        _run("tar", "--numeric-owner", "-C", root, "-cf", target, ".")

    return make


def _unpack_plugin(folder: Path, target: Path) -> None:
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
    _run("apt-get", *options, "download", "docker-compose", cwd=folder)
    (package,) = folder.glob("docker-compose_*.deb")
    _run("dpkg", "-x", package, folder / "package")
    shutil.move(folder / "package" / _PLUGIN, target)


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
