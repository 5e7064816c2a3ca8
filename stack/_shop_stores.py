"""PostgreSQL, RabbitMQ and Redis as components of the stack, for the shop."""

import secrets
import shutil
import subprocess
from pathlib import Path

from stack._components import Component, data_dir
from stack._errors import ComponentFailed
from stack._ports import HOST, PORTS
from stack._settings import Settings

DATABASE_USER = "shop"


def shop_stores(settings: Settings) -> tuple[Component, ...]:
    """Return the components in the order of starting."""
    return (_postgres(settings), _redis(settings), _epmd(settings), _rabbitmq(settings))


def password_file(settings: Settings) -> Path:
    """Return the file that holds the database's password, readable by its owner alone."""
    return settings.stack_dir / "postgres.password"


def _postgres(settings: Settings) -> Component:
    port = settings.ports["CLEW_POSTGRES_PORT"]
    folder = data_dir(settings, "postgres")
    arguments = ("-D", str(folder), "-h", HOST, "-p", str(port), "-k", "")
    return Component(
        name="postgres",
        binary="postgres",
        arguments=arguments,
        environment=settings.passed_on,
        ready_url=f"postgresql://{HOST}:{port}",
        ports=_ports(settings, "postgres"),
        data_dir=folder,
        optional=True,
        not_as_root="postgres",
        prepare=lambda binary, run: _initdb(settings, binary, folder, run),
    )


def _initdb(settings: Settings, postgres: Path, folder: Path, user: str | None) -> None:
    if (folder / "PG_VERSION").exists():
        return
    password = password_file(settings)
    password.touch(mode=0o600)
    password.write_text(secrets.token_urlsafe(24))
    if user is not None:
        shutil.chown(password, user)
    command = [str(postgres.with_name("initdb")), "-D", str(folder), "-U", DATABASE_USER]
    command += ["--auth=scram-sha-256", f"--pwfile={password}", "--encoding=UTF8", "--locale=C"]
    done = subprocess.run(
        command, cwd=folder, user=user, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise ComponentFailed(f"initdb failed:\n{done.stderr.strip()}")


def _redis(settings: Settings) -> Component:
    port = settings.ports["CLEW_REDIS_PORT"]
    # Counts and copies that may be lost: nothing is written to the disk.
    arguments = ("--bind", HOST, "--port", str(port), "--save", "", "--appendonly", "no")
    return Component(
        name="redis",
        binary="redis-server",
        arguments=arguments,
        environment=settings.passed_on,
        ready_url=f"redis://{HOST}:{port}",
        ports=_ports(settings, "redis"),
        data_dir=data_dir(settings, "redis"),
        optional=True,
    )


def _epmd(settings: Settings) -> Component:
    """Erlang's name server. RabbitMQ would start one that outlives it and listens everywhere."""
    port = settings.ports["CLEW_EPMD_PORT"]
    return Component(
        name="epmd",
        binary="epmd",
        arguments=("-port", str(port), "-address", HOST),
        environment=settings.passed_on,
        ready_url=f"tcp://{HOST}:{port}",
        ports=_ports(settings, "epmd"),
        data_dir=data_dir(settings, "epmd"),
        optional=True,
    )


def _rabbitmq(settings: Settings) -> Component:
    port = settings.ports["CLEW_RABBITMQ_PORT"]
    folder = data_dir(settings, "rabbitmq")
    return Component(
        name="rabbitmq",
        binary="rabbitmq-server",
        arguments=(),
        environment={
            **settings.passed_on,
            "HOME": str(folder),  # for the cookie that nodes and tools share
            "LANG": "C.UTF-8",
            "ERL_EPMD_PORT": str(settings.ports["CLEW_EPMD_PORT"]),
            "ERL_EPMD_ADDRESS": HOST,
            # The machine's own node has settings that are not for this one.
            "RABBITMQ_CONF_ENV_FILE": "/dev/null",
            "RABBITMQ_CONFIG_FILE": str(folder / "rabbitmq"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "plugins"),
            "RABBITMQ_NODENAME": "clew@localhost",
            "RABBITMQ_NODE_IP_ADDRESS": HOST,
            "RABBITMQ_NODE_PORT": str(port),
            "RABBITMQ_DIST_PORT": str(settings.ports["CLEW_RABBITMQ_DIST_PORT"]),
            "RABBITMQ_MNESIA_BASE": str(folder),
            "RABBITMQ_PID_FILE": str(folder / "pid"),
            "RABBITMQ_LOGS": "-",
            # One scheduler that doesn't spin while it has nothing to do: this is not the only
            # program on the machine.
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": (
                "-kernel inet_dist_use_interface {127,0,0,1} +S 1:1 +sbwt none"
            ),
        },
        ready_url=f"amqp://{HOST}:{port}",
        ports=_ports(settings, "rabbitmq"),
        data_dir=folder,
        optional=True,
        needs=("epmd",),
    )


def _ports(settings: Settings, component: str) -> dict[str, int]:
    return {p.purpose: settings.ports[p.variable] for p in PORTS if p.component == component}
