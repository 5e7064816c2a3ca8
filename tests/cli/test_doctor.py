"""Each misconfiguration is seeded, and the doctor names it and nothing else."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from clew._config import Settings
from clew.cli import main
from clew.cli._doctor import _checks, _run
from clew.cli._doctor._report import Report
from clew.cli._doctor._result import Result, State
from clew.cli._doctor._surroundings import Pins, Surroundings
from clew.cli._follow_style import Style
from clew.cli.doctor import as_json, text
from clew.readers import reader_from_environ
from tests.cli.stores import Stores, stores_of
from tests.support.otlp_grpc_sink import otlp_grpc_sink
from tests.support.otlp_sink import Answer, otlp_sink
from tests.support.processes import environ

NOWHERE = "http://127.0.0.1:9"  # the discard service's port: nothing listens there
FITTING: Pins = {
    "opentelemetry-api": ("1.45.2", ()),
    "opentelemetry-sdk": ("1.45.2", ("opentelemetry-api==1.45.2",)),
}
Change = Callable[[Stores], object]


@pytest.fixture
def stores() -> Iterator[Stores]:
    """An endpoint and stores where all is well."""
    with otlp_sink() as sink, stores_of(sink) as running:
        yield running


def around(stores: Stores, **own: str) -> Surroundings:
    """The surroundings with those variables, which may replace the healthy ones."""
    healthy = {
        "OTEL_EXPORTER_OTLP_ENDPOINT": stores.sink.url,
        "CLEW_SPOOL_DIR": "off",
        "CLEW_JAEGER_URL": stores.address,
        "CLEW_LOKI_URL": stores.address,
        "CLEW_PROMETHEUS_URL": stores.address,
    }
    env = {**healthy, **own}
    reader = reader_from_environ(env)
    reports = (Report(1, "a", "shop", 2), Report(2, "b", "shop", 2))
    settings = Settings.from_environ(env)
    return Surroundings(env, settings, reader, FITTING, reports, patience_s=0.5)


def found(surroundings: Surroundings) -> list[Result]:
    return [one for one in _checks.run(surroundings) if one.state is State.PROBLEM]


def names(results: list[Result]) -> list[str]:
    return [one.check for one in results]


def test_where_all_is_well_nothing_is_found(stores: Stores) -> None:
    """Every check was made, and none has a problem."""
    results = list(_checks.run(around(stores)))
    assert {one.state for one in results} == {State.GOOD}, results


BY_VARIABLES = {
    "nothing listens": ("endpoint", {"OTEL_EXPORTER_OTLP_ENDPOINT": NOWHERE}),
    "gRPC sent to HTTP": ("protocol", {"OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}),
    "no W3C context": ("propagation", {"OTEL_PROPAGATORS": "baggage"}),
    "sampler off": ("sampling", {"OTEL_TRACES_SAMPLER": "always_off"}),
    "sampled at zero": (
        "sampling",
        {"OTEL_TRACES_SAMPLER": "parentbased_traceidratio", "OTEL_TRACES_SAMPLER_ARG": "0"},
    ),
    "all switched off": ("sampling", {"OTEL_SDK_DISABLED": "true"}),
    "traces not exported": ("sampling", {"OTEL_TRACES_EXPORTER": "none"}),
    "one identity for all": ("workers", {"OTEL_RESOURCE_ATTRIBUTES": "service.instance.id=a"}),
    "another instrumentation around": (
        "instrumented once",
        {"PYTHONPATH": "lib/opentelemetry/instrumentation/auto_instrumentation"},
    ),
    "a store that is down": ("probe: logs", {"CLEW_LOKI_URL": NOWHERE}),
}


@pytest.mark.parametrize(("check", "own"), BY_VARIABLES.values(), ids=list(BY_VARIABLES))
def test_what_variables_spoil(check: str, own: dict[str, str], stores: Stores) -> None:
    """Exactly the finding of that check, with the reason why it matters and a fix."""
    results = found(around(stores, **own))
    assert names(results) == [check]
    assert all(one.found and one.why and one.fix for one in results)


IN_STORES: dict[str, tuple[str, Change]] = {
    "the endpoint wants a token": (
        "endpoint",
        lambda stores: setattr(stores.sink, "answer", lambda request: Answer(401)),
    ),
    "the endpoint's path is wrong": (
        "endpoint",
        lambda stores: setattr(stores.sink, "answer", lambda request: Answer(404)),
    ),
    "a service drops": (
        "dropping", lambda stores: stores.counted.update(clew_export_dropped_total=7)
    ),
    "a spool fills": (
        "dropping", lambda stores: stores.counted.update(clew_export_spooled_bytes=7)
    ),
    "ids as labels": ("Loki labels", lambda stores: stores.labels.append("trace_id")),
    "no label of the service": ("Loki labels", lambda stores: stores.labels.__setitem__(0, "job")),
    "receiver off": (
        "Prometheus OTLP",
        lambda stores: stores.flags.update({"web.enable-otlp-receiver": "false"}),
    ),
    "exemplars off": ("exemplars", lambda stores: stores.flags.update({"enable-feature": ""})),
    "spans get lost": ("probe: traces", lambda stores: stores.lost.add("traces")),
    "lines get lost": ("probe: logs", lambda stores: stores.lost.add("logs")),
    "metrics get lost": ("probe: metrics", lambda stores: stores.lost.add("metrics")),
}  # fmt: skip


@pytest.mark.parametrize(("check", "change"), IN_STORES.values(), ids=list(IN_STORES))
def test_what_is_wrong_on_the_way(check: str, change: Change, stores: Stores) -> None:
    """Exactly the finding of that check, though other checks go through the same place."""
    change(stores)
    results = found(around(stores))
    assert names(results) == [check]
    assert all(one.found and one.why and one.fix for one in results)


def test_http_sent_to_grpc(stores: Stores) -> None:
    """4317 and 4318 mixed up: it says what is spoken there, and both ways out."""
    with otlp_grpc_sink() as grpc:
        results = found(around(stores, OTEL_EXPORTER_OTLP_ENDPOINT=f"http://{grpc.url}"))
    assert names(results) == ["protocol"]
    assert "speaks gRPC" in results[0].found
    assert "OTEL_EXPORTER_OTLP_PROTOCOL=grpc" in results[0].fix and "4318" in results[0].fix


def test_a_clock_that_is_off(stores: Stores) -> None:
    """A minute ahead of what the endpoint's answers say."""
    ahead = replace(around(stores), now_ns=lambda: time.time_ns() + 60 * 10**9)
    results = found(ahead)
    assert names(results) == ["clock"]
    assert "60 s ahead of" in results[0].found


def test_versions_that_do_not_fit(stores: Stores) -> None:
    """The SDK names the API that it needs, and another one is there."""
    packages = {**FITTING, "opentelemetry-api": ("1.39.0", ())}
    results = found(replace(around(stores), packages=packages))
    assert names(results) == ["versions"]
    assert "needs opentelemetry-api 1.45.2, which is 1.39.0" in results[0].found


def test_workers_seen_with_one_identity(stores: Stores) -> None:
    """Two processes reported the same service.instance.id."""
    reports = (Report(1, "a", "shop", 2), Report(2, "a", "shop", 2))
    results = found(replace(around(stores), reports=reports))
    assert names(results) == ["workers"]


def test_without_an_application_it_says_what_it_would_need(stores: Stores) -> None:
    """Three checks are skipped, and none of them is called good."""
    results = list(_checks.run(replace(around(stores), reports=None)))
    skipped = [one for one in results if one.state is State.SKIPPED]
    assert names(skipped) == ["context", "instrumented once", "logging"]
    assert all("clew doctor module:app" in one.found for one in skipped)


_APP = """
import asyncio, contextvars, logging
from concurrent.futures import ThreadPoolExecutor
from fastapi import FastAPI
app = FastAPI()
pool = ThreadPoolExecutor(1)
def work():
    logging.getLogger("shop").info("working")
@app.get("/")
async def home():
    {call}
    return 1
{more}
"""
_CARRIED = (
    "pool.submit(contextvars.copy_context().run, work).result(); await asyncio.to_thread(work)"
)
_MIDDLEWARE = """
from opentelemetry.instrumentation.asgi import OpenTelemetryMiddleware
app.add_middleware(OpenTelemetryMiddleware)
"""
APPLICATIONS = {
    "context carried": ([], _CARRIED, ""),
    "context lost in a pool": (["context"], "pool.submit(work).result()", ""),
    "instrumented twice": (["instrumented once"], _CARRIED, _MIDDLEWARE),
    "logging taken over": (
        ["logging"], _CARRIED, "logging.getLogger().handlers = [logging.StreamHandler()]"
    ),
}  # fmt: skip


@pytest.mark.parametrize(("checks", "call", "more"), APPLICATIONS.values(), ids=list(APPLICATIONS))
def test_what_an_application_does(
    checks: list[str], call: str, more: str, stores: Stores, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """It is imported, asked once, and exactly what it does wrong is found."""
    (tmp_path / "shop.py").write_text(_APP.format(call=call, more=more))
    monkeypatch.chdir(tmp_path)
    own = {"OTEL_EXPORTER_OTLP_ENDPOINT": stores.sink.url}
    reports = _run.serve("shop:app", "/", environ(own))
    results = found(replace(around(stores), reports=reports))
    assert names(results) == checks


def test_an_application_that_is_not_there(tmp_path: Path) -> None:
    """What can't be imported is an error of the words, not a healthy application."""
    with pytest.raises(_run.DidNotRun, match="ended by itself with 2"):
        _run.serve("nowhere:app", "/", environ({"OTEL_SDK_DISABLED": "true"}))


def test_a_program_that_is_not_there() -> None:
    """Bad input, before anything is checked; so is an option that nobody knows."""
    with pytest.raises(_run.DidNotRun, match="'no-such-program' was not found"):
        _run.observe(["no-such-program"], environ({}), None)
    assert CliRunner().invoke(main, ["doctor", "--unknown"]).exit_code == 2


def test_a_finding_for_people() -> None:
    """Its sign and name, what was found, why and the fix; wrapped on a narrow terminal."""
    finding = Result("clock", State.PROBLEM, "this machine is ahead", "it matters " * 8, "set it")
    assert list(text(finding, Style()))[0] == "✗ clock                this machine is ahead"
    assert "x clock" in next(text(finding, Style(unicode=False)))
    assert next(text(finding, Style(color=True))).startswith("\x1b[31m")
    narrow = list(text(finding, Style(width=70)))
    assert max(map(len, narrow)) <= 70
    assert [line.split()[0] for line in narrow if "  " in line.strip()] == ["✗", "why", "fix"]


def test_findings_for_programs() -> None:
    """States in words, and whether all is well."""
    results = [Result("a", State.GOOD, "x"), Result("b", State.SKIPPED, "y")]
    assert json.loads(as_json(results))["well"] is True
    found = json.loads(as_json([*results, Result("c", State.PROBLEM, "z", "why", "fix")]))
    assert (found["well"], found["checks"][2]["state"]) == (False, "problem")


def test_the_command_ends_with_what_it_found(stores: Stores) -> None:
    """Exit code 1 where something is to mend, 2 where the settings can't be used."""
    own = {**around(stores).environ, "OTEL_TRACES_SAMPLER": "always_off"}
    ended = CliRunner().invoke(main, ["doctor", "--wait", "1s"], env=own)
    assert ended.exit_code == 1
    assert "✗ sampling             OTEL_TRACES_SAMPLER is always_off" in ended.stdout
    assert ended.stdout.endswith("not looked at\n")
    assert CliRunner().invoke(main, ["doctor"], env={"CLEW_LOG_LEVEL": "x"}).exit_code == 2
