"""The configuration files against the stack that starts them, and the pinned versions."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from stack._binaries import ALERTMANAGER, BINARIES, COLLECTOR, CONSUL, LOKI, PROMETHEUS
from stack._components import all_components, environment
from stack._ports import PORTS
from stack._prometheus_folder import write_prometheus_folder
from stack._settings import ROOT, TUNING, Settings
from stack._shop_stores import shop_stores

EXPANDING = (
    "collector_config/gateway.yaml",
    "collector_config/agent.yaml",
    "collector_config/options/hosts.yaml",
    "collector_config/options/sampling_tail.yaml",
    "collector_config/options/logs_files.yaml",
    "backends/jaeger/config.yaml",
    "backends/loki/config.yaml",
)
_VARIABLE = re.compile(r"\$\{(?:env:)?([A-Z_0-9]+):-([^}]*)\}")
_ANY_VARIABLE = re.compile(r"\$\{(?:env:)?([A-Z_0-9]+)[^}]*\}")

# The collector's exporter for OTLP over gRPC is the one part whose type is not its module's name
# without underscores.
_TYPES = {"otlpexporter": "otlpgrpc"}


def text_of(path: str) -> str:
    """Return a file of the checkout without its comments."""
    lines = (ROOT / path).read_text().splitlines()
    return "\n".join(line.split(" #")[0] for line in lines if not line.lstrip().startswith("#"))


def load(path: str) -> Any:
    """Return a YAML file of the checkout as objects."""
    return yaml.safe_load((ROOT / path).read_text())


@pytest.fixture
def settings() -> Settings:
    """Settings of an empty environment."""
    return Settings.read({})


@pytest.mark.parametrize("path", EXPANDING)
def test_every_variable_has_a_default(path: str) -> None:
    """A configuration file works without any variable set."""
    assert _ANY_VARIABLE.findall(text_of(path)) == [
        name for name, _ in _VARIABLE.findall(text_of(path))
    ]


@pytest.mark.parametrize("path", EXPANDING)
def test_defaults_in_files_are_the_stacks_own(path: str, settings: Settings) -> None:
    """Where the stack gives a variable, the file's default is the same, but for folders."""
    given = environment(settings)
    for name, default in _VARIABLE.findall(text_of(path)):
        if name in given and not name.endswith(("_DATA_DIR", "_RULES_DIR", "_HOST_NAME")):
            assert default == given[name], name


@pytest.mark.parametrize("path", EXPANDING)
def test_variables_in_files_are_known(path: str, settings: Settings) -> None:
    """A file asks for no variable that the stack neither gives nor passes on."""
    asked = {name for name, _ in _VARIABLE.findall(text_of(path))}
    assert asked <= set(environment(settings)) | set(TUNING) | {"CLEW_HOST_ROOT"}


def test_every_port_variable_reaches_what_listens(settings: Settings) -> None:
    """Each port's variable is in a file, or its number is among its component's arguments."""
    texts = "".join(text_of(path) for path in EXPANDING)
    given = {
        c.name: " ".join([*c.arguments, *c.environment.values(), "-"])
        for c in shop_stores(settings)
    }
    given |= {c.name: " ".join(c.arguments) for c in all_components(settings)}
    for port in PORTS:
        number = re.escape(str(settings.ports[port.variable]))
        in_arguments = re.search(rf"(^|[ :]){number}( |$)", given[port.component])
        assert port.variable in texts or in_arguments, port.variable


def test_moving_a_port_moves_those_who_depend_on_it() -> None:
    """The collector and Jaeger send to where Prometheus then listens."""
    moved = Settings.read({"CLEW_PROMETHEUS_PORT": "19090", "CLEW_JAEGER_OTLP_GRPC_PORT": "24444"})
    given = environment(moved)
    assert given["CLEW_PROMETHEUS_URL"] == "http://127.0.0.1:19090"
    assert given["CLEW_JAEGER_OTLP_GRPC_ADDRESS"] == "127.0.0.1:24444"
    prometheus = next(c for c in all_components(moved) if c.name == "prometheus")
    assert "--web.listen-address=127.0.0.1:19090" in prometheus.arguments
    assert prometheus.ready_url == "http://127.0.0.1:19090/-/ready"


def test_everything_listens_on_the_loopback_interface(settings: Settings) -> None:
    """No component is within reach from another machine."""
    assert environment(settings)["CLEW_LISTEN_HOST"] == "127.0.0.1"
    for component in all_components(settings):
        for argument in component.arguments:
            if "listen-address=" in argument:
                assert argument.endswith("=") or "=127.0.0.1:" in argument
    for path in EXPANDING:
        assert "0.0.0.0" not in text_of(path)


def test_jaeger_does_not_trace_itself() -> None:
    """Spans of Jaeger's own queries, on by default, do not go among those of the services."""
    query = load("backends/jaeger/config.yaml")["extensions"]["jaeger_query"]
    assert query["enable_tracing"] is False


MANIFEST, FLEETS_MANIFEST = "collector_config/builder.yaml", "collector_config/builder_fleet.yaml"
FLEETS_FILES = (
    "collector_config/options/agent_to_kafka.yaml",
    "collector_config/options/agent_to_kafka_by_trace.yaml",
    "collector_config/options/gateway_from_kafka.yaml",
    "deploy/kubernetes/balancing/agent_balancing.yaml",
)
"""Configurations with parts that only the collector of many machines has."""
_KINDS = ("receivers", "processors", "exporters", "connectors", "extensions")


def collector_files() -> list[tuple[str, str]]:
    """Return every configuration of the collector, and the manifest that it needs."""
    files = [
        *(ROOT / "collector_config").glob("*.yaml"),
        *(ROOT / "collector_config").glob("options/*.yaml"),
    ]
    plain = {str(f.relative_to(ROOT)) for f in files if not f.name.startswith("builder")}
    return [
        *((file, MANIFEST) for file in sorted(plain - set(FLEETS_FILES))),
        *((file, FLEETS_MANIFEST) for file in FLEETS_FILES),
    ]


@pytest.mark.parametrize(("path", "manifest"), collector_files())
def test_the_manifest_builds_every_part_that_a_configuration_names(
    path: str, manifest: str
) -> None:
    """Every receiver, processor, exporter, connector and extension is in it."""
    wanted, built = load(path) or {}, load(manifest)
    for kind in _KINDS:
        types = {name.partition("/")[0].replace("_", "") for name in wanted.get(kind) or {}}
        assert types <= {built_type(entry["gomod"], kind) for entry in built.get(kind, [])}, kind


def built_type(gomod: str, kind: str) -> str:
    """Return a part's type from its module: ".../memorylimiterprocessor v1" is memorylimiter."""
    name = gomod.split()[0].rpartition("/")[2]
    return _TYPES.get(name, name.removesuffix(kind.removesuffix("s")))


@pytest.mark.parametrize("path", [MANIFEST, FLEETS_MANIFEST])
def test_the_manifest_has_the_pinned_version(path: str) -> None:
    """Every module of the collector and the distribution itself are of the one pinned version."""
    manifest = load(path)
    assert manifest["dist"]["version"] == COLLECTOR
    versions = {entry["gomod"].split()[1] for kind in _KINDS for entry in manifest.get(kind, [])}
    assert versions == {f"v{COLLECTOR}"}


def test_the_fleets_collector_has_all_that_the_other_has() -> None:
    """Each file that runs with one runs with the other: it has some parts more."""
    one, other = load(MANIFEST), load(FLEETS_MANIFEST)
    more = [
        built_type(entry["gomod"], kind)
        for kind in (*_KINDS, "providers")
        for entry in other[kind]
        if entry not in one[kind]
    ]
    assert sorted(more) == ["kafka", "kafka", "loadbalancing"]
    for kind in (*_KINDS, "providers"):
        assert all(entry in other[kind] for entry in one[kind])


# Prometheus v3.13.1 is the module version v0.313.1, and Jaeger 2.13.0 the module version v1.76.0
# (the same commit).
@pytest.mark.parametrize(
    ("module", "requirement"),
    [
        ("backends/jaeger", "github.com/jaegertracing/jaeger v1.76.0"),
        ("backends/loki", f"github.com/grafana/loki/v3 v{LOKI}"),
        (
            "backends/prometheus",
            "github.com/prometheus/prometheus v0.{}{:0>2}.{}".format(*PROMETHEUS.split(".")),
        ),
        ("backends/alertmanager", f"github.com/prometheus/alertmanager v{ALERTMANAGER}"),
        ("tests/compose/consul", f"github.com/hashicorp/consul v{CONSUL}"),
    ],
)
def test_go_modules_require_the_pinned_versions(module: str, requirement: str) -> None:
    """What go.mod builds is what the stack says it is."""
    lines = (ROOT / module / "go.mod").read_text().splitlines()
    found = [line.strip().removeprefix("require ").split(" //")[0] for line in lines]
    assert requirement in found


def test_checksums_are_whole() -> None:
    """Every pinned checksum is 64 hexadecimal digits."""
    for binary in BINARIES.values():
        for platform, checksum in binary.release.sha256.items():
            assert re.fullmatch("[0-9a-f]{64}", checksum), (binary.name, platform)


def test_prometheus_targets_of_both_worlds_name_the_same_jobs(
    tmp_path: Path,
) -> None:
    """The native target files have the same names and jobs as the ones that compose mounts."""
    native = Settings.read({"CLEW_STACK_DIR": str(tmp_path)})
    write_prometheus_folder(native)
    folder = tmp_path / "etc/prometheus/targets"
    committed = ROOT / "backends/prometheus/targets"
    assert {f.name for f in folder.iterdir()} == {f.name for f in committed.iterdir()}
    jobs = [
        {entry["labels"]["job"] for entry in yaml.safe_load((place / "scrape.yml").read_text())}
        for place in (folder, committed)
    ]
    assert jobs[0] == jobs[1]
    assert (tmp_path / "etc/prometheus/prometheus.yml").resolve() == (
        ROOT / "backends/prometheus/prometheus.yml"
    )
