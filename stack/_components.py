"""What runs: each component's command, environment, ports and sign of readiness."""

import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from stack._collector_files import agent, gateway
from stack._ports import HOST, PORTS
from stack._settings import Settings


@dataclass(frozen=True)
class Component:
    """One program of the stack. `ports` is by purpose; `data_dir` is for what it stores.

    One that is `optional` is found among the system's packages or left out, and so is one that
    `needs` a component which is left out. One that is `on_request` starts only where it is named.
    `not_as_root` is the user that root gives the program to.
    `prepare` is called with the program's path and that user, if any, before the start.
    """

    name: str
    binary: str
    arguments: tuple[str, ...]
    environment: Mapping[str, str]
    ready_url: str
    ports: Mapping[str, int]
    data_dir: Path
    optional: bool = False
    on_request: bool = False
    needs: tuple[str, ...] = ()
    not_as_root: str | None = None
    prepare: Callable[[Path, str | None], None] | None = None


def all_components(settings: Settings) -> tuple[Component, ...]:
    """Return the components in the order of starting; stopping goes the other way.

    The collector is the first to stop: what its queues hold goes out while the backends still
    listen. Prometheus is the last: it takes the others' last metrics.
    """
    return (
        _component(
            settings, "prometheus", "CLEW_PROMETHEUS_PORT", "/-/ready", _prometheus(settings)
        ),
        _component(
            settings,
            "alertmanager",
            "CLEW_ALERTMANAGER_PORT",
            "/-/ready",
            _alertmanager(settings),
            prepare=lambda _program, _user: _link_receiver(settings),
        ),
        _component(settings, "loki", "CLEW_LOKI_PORT", "/ready", _loki(settings)),
        _component(settings, "jaeger", "CLEW_JAEGER_HEALTH_PORT", "/status", _jaeger(settings)),
        _component(settings, "collector", "CLEW_COLLECTOR_HEALTH_PORT", "/", gateway(settings)),
        _component(
            settings, "agent", "CLEW_AGENT_HEALTH_PORT", "/", agent(settings), on_request=True
        ),
    )


def data_dir(settings: Settings, name: str) -> Path:
    """Return the folder where the component keeps what it stores."""
    return settings.stack_dir / "data" / name


def address(settings: Settings, variable: str) -> str:
    """Return host:port of the port that `variable` moves."""
    return f"{HOST}:{settings.ports[variable]}"


def _component(
    settings: Settings,
    name: str,
    ready_port: str,
    ready_path: str,
    arguments: tuple[str, ...],
    on_request: bool = False,
    prepare: Callable[[Path, str | None], None] | None = None,
) -> Component:
    return Component(
        name=name,
        binary="otelcol" if name in ("collector", "agent") else name,
        arguments=arguments,
        environment=environment(settings),
        ready_url=f"http://{address(settings, ready_port)}{ready_path}",
        ports={p.purpose: settings.ports[p.variable] for p in PORTS if p.component == name},
        data_dir=data_dir(settings, name),
        on_request=on_request,
        prepare=prepare,
    )


def environment(settings: Settings) -> dict[str, str]:
    """Return the variables that the configuration files expand: every port and address."""
    return {
        **settings.passed_on,
        **{variable: str(number) for variable, number in settings.ports.items()},
        "CLEW_LISTEN_HOST": HOST,
        "CLEW_JAEGER_OTLP_GRPC_ADDRESS": address(settings, "CLEW_JAEGER_OTLP_GRPC_PORT"),
        "CLEW_PROMETHEUS_URL": f"http://{address(settings, 'CLEW_PROMETHEUS_PORT')}",
        "CLEW_LOKI_URL": f"http://{address(settings, 'CLEW_LOKI_PORT')}",
        "CLEW_GATEWAY_OTLP_GRPC_ADDRESS": address(settings, "CLEW_OTLP_GRPC_PORT"),
        "CLEW_HOST_NAME": socket.gethostname(),
        "CLEW_COLLECTOR_DATA_DIR": str(data_dir(settings, "collector")),
        "CLEW_AGENT_DATA_DIR": str(data_dir(settings, "agent")),
        "CLEW_JAEGER_DATA_DIR": str(data_dir(settings, "jaeger")),
        "CLEW_LOKI_DATA_DIR": str(data_dir(settings, "loki")),
        "CLEW_LOKI_RULES_DIR": str(settings.alerts / "loki"),
        "CLEW_ALERTMANAGER_URL": f"http://{address(settings, 'CLEW_ALERTMANAGER_PORT')}",
        **({"CLEW_OTLP_TOKEN": settings.token} if settings.token else {}),
        **({"CLEW_OTLP_TLS_DIR": settings.tls_dir} if settings.tls_dir else {}),
    }


def _jaeger(settings: Settings) -> tuple[str, ...]:
    return ("--config", str(settings.root / "backends/jaeger/config.yaml"))


def _loki(settings: Settings) -> tuple[str, ...]:
    return (
        f"-config.file={settings.root / 'backends/loki/config.yaml'}",
        "-config.expand-env=true",
    )


def _prometheus(settings: Settings) -> tuple[str, ...]:
    return (
        f"--config.file={prometheus_folder(settings) / 'prometheus.yml'}",
        f"--storage.tsdb.path={data_dir(settings, 'prometheus')}",
        f"--web.listen-address={address(settings, 'CLEW_PROMETHEUS_PORT')}",
        "--web.enable-otlp-receiver",
        "--enable-feature=exemplar-storage",
    )


def prometheus_folder(settings: Settings) -> Path:
    """Return the folder that Prometheus reads its configuration from (see `_prometheus_folder`)."""
    return settings.stack_dir / "etc" / "prometheus"


def alertmanager_file(settings: Settings) -> Path:
    """Return the Alertmanager's configuration."""
    own = settings.root / "backends/alertmanager/alertmanager.yml"
    return settings.alertmanager_config or own


def _link_receiver(settings: Settings) -> None:
    """Put the file with the receiver's address where the Alertmanager looks for it: unlike other
    files in its configuration, `url_file` is relative to the folder that it is started in."""
    link = data_dir(settings, "alertmanager") / "oncall.url"
    link.unlink(missing_ok=True)
    link.symlink_to(alertmanager_file(settings).with_name("oncall.url").resolve())


def _alertmanager(settings: Settings) -> tuple[str, ...]:
    return (
        f"--config.file={alertmanager_file(settings)}",
        f"--storage.path={data_dir(settings, 'alertmanager')}",
        f"--web.listen-address={address(settings, 'CLEW_ALERTMANAGER_PORT')}",
        "--cluster.listen-address=",  # one alone: no gossip port
    )
