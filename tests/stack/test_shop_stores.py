"""The shop's stores come from the system's packages; what can't be started is left out and said."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from stack._addresses import addresses
from stack._components import all_components
from stack._installed import PROGRAMS, Program, find_installed
from stack._optional import sort_out
from stack._ready import answers
from stack._settings import Settings
from stack._shop_stores import password_file, shop_stores
from tests.stack.fakes import script

NAMES = ["postgres", "redis", "epmd", "rabbitmq"]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings whose stack is in a folder that everybody may enter."""
    return replace(Settings.read({}), stack_dir=Path("/clew-stack"))


def everywhere(program: Program) -> Path | None:
    return Path("/bin") / program.name


def test_all_are_started_where_all_are_installed(settings: Settings) -> None:
    """Together with what is not optional, in the order of starting; the agent is on request."""
    components = [*all_components(settings), *shop_stores(settings)]
    possible, left_out = sort_out(components, (), everywhere)
    assert "agent" not in [component.name for component in possible]
    possible, left_out = sort_out(components, (), everywhere, also=("agent",))
    names = [component.name for component in possible]
    if os.geteuid() == 0 and any(each.name == "postgres" for each in left_out):
        pytest.skip("this machine has no user postgres")
    assert names == [component.name for component in components]
    assert left_out == []


def test_what_is_not_installed_is_left_out(settings: Settings) -> None:
    """The reason names the package; what needs it goes with it."""

    def no_erlang(program: Program) -> Path | None:
        return None if program.name == "epmd" else everywhere(program)

    possible, left_out = sort_out(shop_stores(settings), ("postgres",), no_erlang)
    assert [component.name for component in possible] == ["redis"]
    assert {each.name: each.why for each in left_out} == {
        "postgres": "CLEW_STACK_WITHOUT names it",
        "epmd": "not installed (Debian: apt-get install erlang-base)",
        "rabbitmq": "it needs epmd",
    }


def test_what_is_not_optional_is_never_left_out(settings: Settings) -> None:
    """It is obtained, or the start fails."""
    possible, left_out = sort_out(all_components(settings), ("jaeger",), lambda program: None)
    assert len(possible) == 5
    assert left_out == []


@pytest.mark.skipif(os.geteuid() != 0, reason="only root hands programs to another user")
def test_a_folder_that_its_user_cant_enter_is_told(settings: Settings, tmp_path: Path) -> None:
    """PostgreSQL refuses to be root, and its user can't reach data in a closed folder."""
    tmp_path.chmod(0o700)
    closed = replace(settings, stack_dir=tmp_path / "stack")
    _, left_out = sort_out(shop_stores(closed), (), everywhere)
    [postgres] = [each for each in left_out if each.name == "postgres"]
    assert "can't enter" in postgres.why or "no user postgres" in postgres.why


def test_of_several_versions_the_newest_is_found(tmp_path: Path) -> None:
    """As numbers, not as texts; before what is on PATH."""
    for version in ("9", "15", "10"):
        script(tmp_path / f"usr/lib/postgresql/{version}/bin/postgres", "")
    found = find_installed(PROGRAMS["postgres"], "", tmp_path)
    assert found == tmp_path / "usr/lib/postgresql/15/bin/postgres"


def test_a_program_is_found_on_the_path(tmp_path: Path) -> None:
    """Where no place has it; None where the path hasn't either."""
    there = script(tmp_path / "bin/redis-server", "")
    assert find_installed(PROGRAMS["redis-server"], str(there.parent), tmp_path) == there
    assert find_installed(PROGRAMS["redis-server"], str(tmp_path), tmp_path) is None


def test_only_what_runs_has_an_address(tmp_path: Path) -> None:
    """The database's has its password, which its owner alone may read."""
    settings = replace(Settings.read({}), stack_dir=tmp_path)
    password_file(settings).write_text("word\n")
    assert addresses(settings, []) == {}
    assert addresses(settings, ["jaeger", "redis"]) == {
        "CLEW_REDIS_URL": "redis://127.0.0.1:6380/0"
    }
    assert set(addresses(settings, NAMES)) == {
        "CLEW_POSTGRES_URL",
        "CLEW_REDIS_URL",
        "CLEW_RABBITMQ_URL",
    }
    assert "shop:word@127.0.0.1:5433" in addresses(settings, NAMES)["CLEW_POSTGRES_URL"]


@contextmanager
def server(answer: bytes) -> Iterator[int]:
    """A server that gives every client that answer; its port."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            while True:
                try:
                    client, _ = listening.accept()
                except OSError:
                    return
                with client:
                    client.recv(64)
                    client.sendall(answer)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield listening.getsockname()[1]
        listening.shutdown(socket.SHUT_RDWR)
    thread.join()


@pytest.mark.parametrize(
    ("scheme", "answer", "ready"),
    [
        ("redis", b"+PONG\r\n", True),
        ("redis", b"-LOADING Redis is loading\r\n", False),
        ("postgresql", b"R\0\0\0\x17", True),
        ("postgresql", b"ESFATAL\0C57P03\0Mthe database system is starting up\0", False),
        ("amqp", b"\x01\0\0", True),
        ("amqp", b"AMQP\0\0\x09\x01", False),
    ],
)
def test_a_server_is_ready_when_it_says_so(scheme: str, answer: bytes, ready: bool) -> None:
    """Each is greeted in its own protocol; an open port is not enough."""
    with server(answer) as port:
        assert answers(f"{scheme}://127.0.0.1:{port}") is ready


def test_a_closed_port_is_not_ready() -> None:
    """Nor is it an error."""
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    assert not answers(f"tcp://127.0.0.1:{port}")
