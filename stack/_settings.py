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
TUNING = (
    "CLEW_COLLECTOR_MEMORY_MIB",
    "CLEW_COLLECTOR_QUEUE_BYTES",
    "CLEW_COLLECTOR_METRICS_INTERVAL",
    "CLEW_HOST_METRICS_INTERVAL",
    "CLEW_AGENT_MEMORY_MIB",
    "CLEW_AGENT_QUEUE_BYTES",
    "CLEW_SAMPLING_SHARE",
    "CLEW_SAMPLING_SLOW",
    "CLEW_SAMPLING_WAIT",
    "CLEW_SAMPLING_TRACES",
    "CLEW_FOLLOWED_IDS",
    "CLEW_LOG_FILES",
    "CLEW_TRACES_RETENTION",
    "CLEW_LOGS_RETENTION",
)
# What chooses among the files of collector_config/options; each value names a file there.
SAMPLINGS = ("none", "tail")
LOG_SOURCES = ("otlp", "files")


@dataclass(frozen=True)
class Settings:
    """Where things are, and which ports are used.

    `stack_dir` holds state, logs and stored data; `cache_dir` holds binaries; `releases_url` is
    where the projects' release files are downloaded from; `start_timeout` is in seconds;
    `passed_on` are the variables that components see; `without` names optional components that
    are not wanted, `also` those that start only when asked for. `sampling` and `logs` are of
    SAMPLINGS and LOG_SOURCES; `token` and `tls_dir` guard OTLP where they are not empty.
    """

    root: Path
    stack_dir: Path
    cache_dir: Path
    releases_url: str
    start_timeout: float
    ports: Mapping[str, int]
    passed_on: Mapping[str, str]
    without: tuple[str, ...] = ()
    also: tuple[str, ...] = ()
    sampling: str = "none"
    logs: str = "otlp"
    token: str = ""
    tls_dir: str = ""
    alerts_dir: Path | None = None
    alertmanager_config: Path | None = None

    @property
    def alerts(self) -> Path:
        """The folder of the rules: Prometheus's files, and Loki's in loki/."""
        return self.alerts_dir or self.root / "alerts"

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
            passed_on={name: environ[name] for name in (*_PASSED_ON, *TUNING) if environ.get(name)},
            without=_names(environ, "CLEW_STACK_WITHOUT"),
            also=_names(environ, "CLEW_STACK_WITH"),
            sampling=_choice(environ, "CLEW_SAMPLING", SAMPLINGS),
            logs=_choice(environ, "CLEW_LOGS", LOG_SOURCES),
            token=_token(environ),
            tls_dir=_tls_dir(environ),
            alerts_dir=_maybe(environ, "CLEW_ALERTS_DIR"),
            alertmanager_config=_maybe(environ, "CLEW_ALERTMANAGER_CONFIG"),
        )


def _names(environ: Mapping[str, str], name: str) -> tuple[str, ...]:
    return tuple(environ.get(name, "").replace(",", " ").split())


def _choice(environ: Mapping[str, str], name: str, choices: tuple[str, ...]) -> str:
    text = environ.get(name, "").strip() or choices[0]
    if text not in choices:
        raise SettingError(f"{name}={text!r} is unknown: choose from {', '.join(choices)}")
    return text


def _token(environ: Mapping[str, str]) -> str:
    token = environ.get("CLEW_OTLP_TOKEN", "")
    if token and not (token.isascii() and token.isprintable() and " " not in token):
        raise SettingError("CLEW_OTLP_TOKEN can't be sent: give ASCII letters, digits and signs")
    return token


def _tls_dir(environ: Mapping[str, str]) -> str:
    text = environ.get("CLEW_OTLP_TLS_DIR", "")
    if not text:
        return ""
    folder = Path(text).expanduser().absolute()
    missing = [name for name in ("server.crt", "server.key") if not (folder / name).is_file()]
    if missing:
        raise SettingError(
            f"CLEW_OTLP_TLS_DIR={text!r} lacks {' and '.join(missing)}: put the certificate and "
            "its key there, in PEM"
        )
    return str(folder)


def _path(environ: Mapping[str, str], name: str, default: Path) -> Path:
    text = environ.get(name, "")
    return Path(text).expanduser().absolute() if text else default


def _user_cache(environ: Mapping[str, str]) -> Path:
    # https://specifications.freedesktop.org/basedir-spec/latest/: a relative XDG_CACHE_HOME is
    # ignored.
    text = environ.get("XDG_CACHE_HOME", "")
    return Path(text) if text.startswith("/") else Path.home() / ".cache"


def _maybe(environ: Mapping[str, str], name: str) -> Path | None:
    text = environ.get(name, "")
    return Path(text).expanduser().absolute() if text else None


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
