"""compose.yaml in a real Docker Engine, with images made from the stack's binaries."""

import json
import os
import signal
import time
import urllib.error
import urllib.request
from dataclasses import replace

import pytest

from clew.readers import CorrelationId, NativeReader, TraceId, Window
from tests.compose.checks import (
    DEADLINE,
    has_no_privileges,
    is_held_to_limits,
    place_order,
    reaches_the_whole_shop,
    services_of_trace,
)
from tests.compose.document import services
from tests.compose.probe import METRIC_IN_PROMETHEUS, SERVICE, Probe
from tests.compose.project import LEFT_OUT, PROFILES, Project
from tests.compose.test_services import ENDS
from tests.e2e.wait import wait_until

pytestmark = pytest.mark.engine
STAYS_UP = [
    name
    for name, service in services().items()
    if name not in (*LEFT_OUT, *ENDS) and "profiles" not in service.fields
]


def window() -> Window:
    """The last ten minutes."""
    return Window.back_from(time.time_ns() + 60 * 10**9, 600)


def test_every_service_is_up_and_healthy(project: Project) -> None:
    """Every service runs, and is healthy by its own check where it has one."""
    for name in project.services:
        state = project.inspect(name)["State"]
        if name in ENDS:
            assert (state["Status"], state["ExitCode"]) == ("exited", 0)
            continue
        assert state["Running"], name
        if "healthcheck" in services()[name].fields:
            assert state["Health"]["Status"] == "healthy", name


def test_the_collector_is_healthy_from_outside(project: Project) -> None:
    """The collector, which has no check inside, answers at its published health port."""
    with urllib.request.urlopen(project.url("CLEW_COLLECTOR_HEALTH_PORT"), timeout=5) as answer:
        assert answer.status == 200


@pytest.mark.parametrize("name", STAYS_UP)
def test_processes_have_no_privileges(project: Project, name: str) -> None:
    """Each main process runs as an ordinary user, without capabilities, and can't gain any."""
    has_no_privileges(project, name)


@pytest.mark.parametrize("name", STAYS_UP)
def test_limits_are_in_force(project: Project, name: str) -> None:
    """Each container is held to its memory, processors and processes, on a read-only root."""
    is_held_to_limits(project, name)


@pytest.mark.parametrize(("password", "without_admin"), [("", ""), ("chosen", "false")])
def test_grafana_has_an_administrator_only_with_a_password(
    project: Project, password: str, without_admin: str
) -> None:
    """With GRAFANA_ADMIN_PASSWORD there is an administrator, else grafana.ini holds."""
    environment = {**project.docker.environment, "GRAFANA_ADMIN_PASSWORD": password}
    given = replace(project, docker=replace(project.docker, environment=environment))
    rendered = json.loads(given.compose("config", "--format=json"))
    grafana = rendered["services"]["grafana"]["environment"]
    assert grafana["GF_SECURITY_ADMIN_PASSWORD"] == password
    assert grafana["GF_SECURITY_DISABLE_INITIAL_ADMIN_CREATION"] == without_admin


@pytest.mark.parametrize("profile", PROFILES)
def test_a_profile_adds_its_service(project: Project, profile: str) -> None:
    """Compose takes it with its profile and leaves it out without. test_on_*.py start it."""
    with_it = json.loads(project.compose("--profile", profile, "config", "--format=json"))
    without = json.loads(project.compose("config", "--format=json"))
    assert with_it["services"].keys() - without["services"].keys() == {profile}


def test_what_is_sent_to_the_collector_is_in_the_stores(
    project: Project, reader: NativeReader
) -> None:
    """Span, log line, series and exemplar of one request come back by its ids."""
    probe = Probe.new()
    probe.send(project.url("CLEW_OTLP_HTTP_PORT"))
    trace = TraceId(probe.trace_id)

    (span,) = wait_until(lambda: reader.trace(trace), "trace in Jaeger", DEADLINE)
    assert (span.span_id, span.service) == (probe.span_id, SERVICE)
    (line,) = wait_until(
        lambda: reader.log_lines(CorrelationId(probe.correlation_id), window()),
        "log line in Loki",
        DEADLINE,
    )
    assert (line.trace_id, line.service) == (probe.trace_id, SERVICE)
    labels = {"probe_id": probe.correlation_id}
    (sample,) = wait_until(
        lambda: reader.samples(METRIC_IN_PROMETHEUS, labels), "series in Prometheus", DEADLINE
    )
    assert (sample.value, sample.labels["service_name"]) == (1, SERVICE)
    exemplars = wait_until(
        lambda: reader.exemplars("clew_probe_duration_seconds_bucket", labels, window()),
        "exemplar in Prometheus",
        DEADLINE,
    )
    assert {exemplar.trace_id for exemplar in exemplars} == {probe.trace_id}


def test_a_request_is_followed_through_both_services(
    project: Project, reader: NativeReader
) -> None:
    """One request is one trace of both services, with log lines in Loki and on stdout."""
    probe = Probe.new()
    request = urllib.request.Request(
        project.url("CLEW_GATEWAY_PORT", "/users/1"),
        headers={
            "traceparent": f"00-{probe.trace_id}-{probe.span_id}-01",
            "X-Correlation-ID": probe.correlation_id,
        },
    )
    with urllib.request.urlopen(request, timeout=10) as answer:
        assert json.load(answer)["name"] == "Alice"
        assert answer.headers["X-Correlation-ID"] == probe.correlation_id

    wait_until(
        lambda: services_of_trace(reader, probe) == {"gateway", "users"},
        "trace of both services",
        DEADLINE,
    )

    def services_of_the_lines() -> bool:
        lines = reader.log_lines(CorrelationId(probe.correlation_id), window())
        return {line.service for line in lines} == {"gateway", "users"}

    wait_until(services_of_the_lines, "log lines of both services", DEADLINE)
    for name in ("gateway", "users"):
        printed = [json.loads(line) for line in project.log_lines(name)]
        assert probe.correlation_id in {line.get("correlation_id") for line in printed}, name


def test_an_order_is_followed_through_the_whole_shop(
    project: Project, reader: NativeReader
) -> None:
    """PostgreSQL, RabbitMQ and Redis behind it: one trace from the edge to the notification."""
    probe = Probe.new()
    placed = place_order(project, probe)
    assert (placed["state"], placed["degraded"]) == ("confirmed", [])
    reaches_the_whole_shop(reader, probe)


def test_a_service_that_crashes_comes_back(project: Project) -> None:
    """A killed process is started again by the engine, and answers again."""
    before = project.inspect("users")
    os.kill(before["State"]["Pid"], signal.SIGKILL)

    def started_again() -> bool:
        now = project.inspect("users")
        return bool(now["RestartCount"] > before["RestartCount"] and now["State"]["Running"])

    wait_until(started_again, "restart of the service", DEADLINE)

    def answers() -> bool:
        try:
            with urllib.request.urlopen(project.url("CLEW_USERS_PORT", "/users/1"), timeout=5):
                return True
        except (urllib.error.URLError, ConnectionError):
            return False

    wait_until(answers, "answer of the restarted service", DEADLINE)


def test_stored_data_outlives_the_containers(project: Project, reader: NativeReader) -> None:
    """What was stored is there after `down` and `up`, and nothing had to be killed."""
    probe = Probe.new()
    probe.send(project.url("CLEW_OTLP_HTTP_PORT"))
    trace = TraceId(probe.trace_id)
    wait_until(lambda: reader.trace(trace), "trace in Jaeger", DEADLINE)
    project.compose("stop")
    codes = {name: project.inspect(name)["State"]["ExitCode"] for name in project.services}
    assert 128 + signal.SIGKILL not in codes.values(), codes
    project.down()
    project.up()
    wait_until(lambda: reader.trace(trace), "the same trace in Jaeger", DEADLINE)
    wait_until(lambda: reader.log_lines(trace, window()), "the same line in Loki", DEADLINE)
    labels = {"probe_id": probe.correlation_id}
    wait_until(lambda: reader.samples(METRIC_IN_PROMETHEUS, labels), "the same series", DEADLINE)
