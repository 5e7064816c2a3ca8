"""Ports: numbers, variables, and what is said of one that is taken."""

import os
import socket
from collections.abc import Iterator

import pytest

from stack._errors import PortTaken, SettingError
from stack._ports import PORTS, check_free, is_free, read_ports


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    """A listening socket of this process, on a port that the system chose."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        yield server


def test_without_variables_every_port_has_its_default() -> None:
    """An empty environment gives the documented numbers."""
    numbers = read_ports({})
    assert numbers["CLEW_OTLP_HTTP_PORT"] == 4318
    assert numbers == {port.variable: port.default for port in PORTS}


def test_a_variable_moves_its_port_alone() -> None:
    """Setting one variable changes that number and no other."""
    numbers = read_ports({"CLEW_LOKI_PORT": "3101"})
    assert numbers == {**read_ports({}), "CLEW_LOKI_PORT": 3101}


@pytest.mark.parametrize("text", ["0", "65536", "-1", "http", "3100.0", "²"])
def test_a_bad_number_is_named_with_its_variable(text: str) -> None:
    """The error names the variable and the value."""
    with pytest.raises(SettingError, match=r"CLEW_LOKI_PORT=.*is no port"):
        read_ports({"CLEW_LOKI_PORT": text})


def test_two_ports_alike_are_refused() -> None:
    """Two variables with the same number are an error that names both."""
    with pytest.raises(SettingError, match="CLEW_LOKI_PORT and CLEW_PROMETHEUS_PORT are both 9090"):
        read_ports({"CLEW_LOKI_PORT": "9090"})


def test_a_taken_port_is_explained(listener: socket.socket) -> None:
    """The message names port, component, holder's pid and the variable to set."""
    number = listener.getsockname()[1]
    with pytest.raises(PortTaken) as caught:
        check_free(["loki"], {**read_ports({}), "CLEW_LOKI_PORT": number, "CLEW_LOKI_GRPC_PORT": 1})
    said = str(caught.value)
    assert f"port {number}, wanted by loki (HTTP)" in said
    assert f"process {os.getpid()} (" in said
    assert "set CLEW_LOKI_PORT to another port" in said


def test_every_taken_port_is_listed_at_once(listener: socket.socket) -> None:
    """A person sees all conflicts in one message."""
    number = listener.getsockname()[1]
    numbers = {**read_ports({}), "CLEW_LOKI_PORT": number, "CLEW_LOKI_GRPC_PORT": number}
    with pytest.raises(PortTaken) as caught:
        check_free(["loki"], numbers)
    assert "CLEW_LOKI_PORT" in str(caught.value)
    assert "CLEW_LOKI_GRPC_PORT" in str(caught.value)


def test_ports_of_other_components_are_not_looked_at(listener: socket.socket) -> None:
    """A taken port hinders only the component that wants it."""
    number = listener.getsockname()[1]
    check_free(["nobody"], {**read_ports({}), "CLEW_LOKI_PORT": number})


def test_a_port_is_free_once_its_listener_has_closed(listener: socket.socket) -> None:
    """Closing the listener frees the port."""
    number = listener.getsockname()[1]
    assert not is_free(number)
    listener.close()
    assert is_free(number)
