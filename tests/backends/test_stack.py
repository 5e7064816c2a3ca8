"""The stack of real programs: up, through, back, down."""

import socket

import pytest

from stack._ports import PORTS
from stack._process import identity
from tests.backends.own_stack import OwnStack
from tests.backends.signals import (
    Request,
    exemplars,
    lines,
    send,
    series,
    spans,
    streams,
    values,
)
from tests.stack.waiting import eventually

pytestmark = pytest.mark.backends


def test_status_tells_that_everything_is_ready(own_stack: OwnStack) -> None:
    """After `up` all five components run and are ready, and `status` succeeds."""
    assert own_stack.run("status").returncode == 0
    assert {entry["name"]: entry["ready"] for entry in own_stack.status()} == {
        "jaeger": True,
        "loki": True,
        "alertmanager": True,
        "prometheus": True,
        "collector": True,
    }


def test_up_again_leaves_everything_alone(own_stack: OwnStack) -> None:
    """A second `up` starts nothing and says so."""
    before = [entry["pid"] for entry in own_stack.status()]
    assert "already up" in own_stack.run("up", check=True).stderr
    assert [entry["pid"] for entry in own_stack.status()] == before


def test_a_span_reaches_jaeger(own_stack: OwnStack) -> None:
    """Sent to the collector, it is found in Jaeger by its correlation id."""
    request = Request()
    send(own_stack, request)
    assert eventually(lambda: spans(own_stack, request)) == ["GET /probe"]


def test_a_log_line_reaches_loki(own_stack: OwnStack) -> None:
    """It is found by its correlation id and carries its trace id; neither is an index label."""
    request = Request()
    send(own_stack, request)
    (line,) = eventually(lambda: lines(own_stack, request))
    assert line["trace_id"] == request.trace_id
    assert line["correlation_id"] == request.correlation_id
    assert eventually(lambda: streams(own_stack, request)) == [
        {
            "service_name": request.service,
            "service_namespace": "shop",
            "deployment_environment_name": "test",
        }
    ]


def test_a_metric_reaches_prometheus_with_its_exemplar(own_stack: OwnStack) -> None:
    """The series carries the promoted resource attributes, and its exemplar leads to the trace."""
    request = Request()
    send(own_stack, request)
    labels = eventually(lambda: series(own_stack, request))[0]
    assert labels["http_route"] == "/probe"
    assert labels["service_name"] == request.service
    assert labels["service_namespace"] == "shop"
    assert labels["service_version"] == "1.2.3"
    assert labels["service_instance_id"] == "instance-1"
    assert labels["deployment_environment_name"] == "test"
    assert eventually(lambda: exemplars(own_stack, request)) == [request.trace_id]


def test_the_stack_watches_itself(own_stack: OwnStack) -> None:
    """The collector's and Jaeger's own metrics arrive, and the others are scraped."""
    eventually(lambda: values(own_stack, "otelcol_process_uptime_seconds_total"))
    eventually(lambda: values(own_stack, "jaeger_storage_badger_size_bytes_lsm"))
    wanted = {"prometheus": 1.0, "loki": 1.0, "alertmanager": 1.0}
    eventually(lambda: values(own_stack, "up") == wanted)


def test_what_was_stored_outlives_a_restart_and_down_leaves_nothing(empty_stack: OwnStack) -> None:
    """After `down` no process and no open port is left; after `up` all signals are there again."""
    request = Request()
    empty_stack.run("up", check=True)
    send(empty_stack, request)
    eventually(lambda: spans(empty_stack, request))
    eventually(lambda: lines(empty_stack, request))
    eventually(lambda: series(empty_stack, request))
    pids = [entry["pid"] for entry in empty_stack.status()]

    told = empty_stack.run("down", check=True).stderr
    assert "killed" not in told
    assert [identity(pid) for pid in pids] == [None] * 5
    assert [port.variable for port in PORTS if _answers(empty_stack, port.variable)] == []
    assert empty_stack.run("status").returncode == 1

    empty_stack.run("up", check=True)
    assert eventually(lambda: spans(empty_stack, request)) == ["GET /probe"]
    assert eventually(lambda: lines(empty_stack, request))
    assert eventually(lambda: series(empty_stack, request))


def test_the_collector_holds_what_a_backend_that_is_down_cannot_take(empty_stack: OwnStack) -> None:
    """With Loki down a line is accepted, waits in the collector, and arrives when Loki is back."""
    request = Request()
    empty_stack.run("up", check=True)
    empty_stack.run("down", "loki", check=True)
    send(empty_stack, request)
    eventually(lambda: spans(empty_stack, request))
    empty_stack.run("up", "loki", check=True)
    assert eventually(lambda: lines(empty_stack, request), seconds=60)


def test_a_second_stack_is_told_whose_ports_it_wants(
    own_stack: OwnStack, empty_stack: OwnStack
) -> None:
    """`up` on another stack's ports starts nothing and names the holder's pid and the variable."""
    jaeger = next(entry for entry in own_stack.status() if entry["name"] == "jaeger")
    port = own_stack.environ["CLEW_JAEGER_QUERY_PORT"]
    rival = OwnStack({**empty_stack.environ, "CLEW_JAEGER_QUERY_PORT": port})
    done = rival.run("up")
    assert done.returncode == 1
    assert f"port {port}, wanted by jaeger" in done.stderr
    assert f"process {jaeger['pid']} (" in done.stderr
    assert "set CLEW_JAEGER_QUERY_PORT" in done.stderr
    assert {entry["state"] for entry in rival.status()} == {"not started"}


def _answers(stack: OwnStack, variable: str) -> bool:
    try:
        socket.create_connection(("127.0.0.1", int(stack.environ[variable])), timeout=1).close()
    except ConnectionRefusedError:
        return False
    return True
