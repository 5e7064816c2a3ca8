"""The environment, read once into one frozen object."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from stack._errors import SettingError
from stack._ports import read_ports

ROOT = Path(__file__).resolve().parent.parent

# What a component may see of the environment besides the stack's own variables. The rest is kept
# from it: an OTEL_* variable that is meant for a service would silently change what the collector
# and Jaeger do with their own telemetry.
_PASSED_ON = ("PATH", "HOME", "TMPDIR", "TZ", "GOMAXPROCS", "GOMEMLIMIT", "GOGC")
_TUNING = ("CLEW_COLLECTOR_MEMORY_MIB", "CLEW_TRACES_RETENTION", "CLEW_LOGS_RETENTION")


@dataclass(frozen=True)
class Settings:
    """Where things are, and which ports are used.

    `stack_dir` holds state, logs and stored data; `cache_dir` holds binaries; `releases_url` is
    where the projects' release files are downloaded from; `start_timeout` is in seconds;
    `passed_on` are the variables that components see; `without` names optional components that
    are not wanted.
    """

    root: Path
    stack_dir: Path
    cache_dir: Path
    releases_url: str
    start_timeout: float
    ports: Mapping[str, int]
    passed_on: Mapping[str, str]
    without: tuple[str, ...] = ()

    @classmethod
    def read(cls, environ: Mapping[str, str], root: Path = ROOT) -> "Settings":
        """Read the environment; raise SettingError for a value that can't be used."""
        return cls(
            root=root,
            stack_dir=_path(environ, "CLEW_STACK_DIR", root / ".stack"),
            cache_dir=_path(environ, "CLEW_BACKENDS_DIR", _user_cache(environ) / "clew/backends"),
            releases_url=_url(environ, "CLEW_RELEASES_URL", "https://github.com"),
            start_timeout=_seconds(environ, "CLEW_STACK_TIMEOUT", 60.0),
            ports=read_ports(environ),
            passed_on={
                name: environ[name] for name in (*_PASSED_ON, *_TUNING) if environ.get(name)
            },
            without=tuple(environ.get("CLEW_STACK_WITHOUT", "").replace(",", " ").split()),
        )


def _path(environ: Mapping[str, str], name: str, default: Path) -> Path:
    text = environ.get(name, "")
    return Path(text).expanduser().absolute() if text else default


def _user_cache(environ: Mapping[str, str]) -> Path:
    # https://specifications.freedesktop.org/basedir-spec/latest/: a relative XDG_CACHE_HOME is
    # ignored.
    text = environ.get("XDG_CACHE_HOME", "")
    return Path(text) if text.startswith("/") else Path.home() / ".cache"


def _url(environ: Mapping[str, str], name: str, default: str) -> str:
    text = environ.get(name, "") or default
    if not text.startswith(("https://", "http://")):
        raise SettingError(f"{name}={text!r} is no web address: begin it with https://")
    return text.rstrip("/")


def _seconds(environ: Mapping[str, str], name: str, default: float) -> float:
    text = environ.get(name, "")
    try:
        value = float(text) if text else default
    except ValueError:
        value = -1.0
    if value <= 0:
        raise SettingError(f"{name}={text!r} is no time: give seconds, more than 0")
    return value
