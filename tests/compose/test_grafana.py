"""Grafana's provisioning, held against what Grafana's documentation allows: the server is not run.

Grafana ignores a key that it does not know: a link whose key is misspelt is just not there.
Sources: https://grafana.com/docs/grafana/v13.2/datasources/ (jaeger, loki, prometheus: "Provision
the data source") and https://grafana.com/docs/grafana/v13.2/administration/correlations/.
"""

import configparser
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
import yaml

from tests.compose.document import ROOT, services

GRAFANA = ROOT / "backends" / "grafana"
SOURCES = GRAFANA / "provisioning" / "datasources" / "clew.yaml"
DASHBOARDS = GRAFANA / "provisioning" / "dashboards" / "clew.yaml"

_FIELDS = {
    "name", "uid", "type", "access", "url", "isDefault", "editable", "jsonData", "correlations"
}  # fmt: skip
_JSON_DATA = {
    "prometheus": {"httpMethod", "prometheusType", "timeInterval", "exemplarTraceIdDestinations"},
    "loki": {"maxLines", "derivedFields"},
    "jaeger": {"nodeGraph", "tracesToLogsV2", "tracesToMetrics"},
}
_LINK_FIELDS = {
    "exemplarTraceIdDestinations": {"name", "datasourceUid", "urlDisplayLabel"},
    "derivedFields": {
        "name", "matcherType", "matcherRegex", "url", "datasourceUid", "urlDisplayLabel"
    },
    "tracesToLogsV2": {
        "datasourceUid", "spanStartTimeShift", "spanEndTimeShift", "customQuery", "query"
    },
    "tracesToMetrics": {
        "datasourceUid", "spanStartTimeShift", "spanEndTimeShift", "tags", "queries"
    },
}  # fmt: skip


def expanded(text: str, environment: Mapping[str, str]) -> str:
    """The text after Grafana put its environment for $NAME and ${NAME}, and a dollar for $$."""

    def value(found: re.Match[str]) -> str:
        if found[0] == "$$":
            return "$"
        return environment.get(found[1] or found[2], "")

    return re.sub(r"\$\$|\$\{([^}]*)\}|\$(\w+)", value, text)


def sources() -> dict[str, dict[str, Any]]:
    """The provisioned data sources by uid, as Grafana in compose.yaml sees them."""
    loaded = yaml.safe_load(SOURCES.read_text(encoding="utf-8"))
    environment = services()["grafana"].environment
    as_seen = json.loads(
        json.dumps(loaded["datasources"]), object_hook=lambda node: _expand(node, environment)
    )
    return {source["uid"]: source for source in as_seen}


def _expand(node: dict[str, Any], environment: Mapping[str, str]) -> dict[str, Any]:
    return {
        key: expanded(value, environment) if isinstance(value, str) else value
        for key, value in node.items()
    }


def referenced(node: Any) -> Iterator[str]:
    """Every uid that something in the node points to."""
    if isinstance(node, dict):
        for key, value in node.items():
            if key in ("datasourceUid", "targetUID"):
                yield value
            yield from referenced(value)
    elif isinstance(node, list):
        for value in node:
            yield from referenced(value)


def linked(uid: str, target: str) -> bool:
    """Whether the one source has a link of some kind to the other."""
    return target in set(referenced(sources()[uid]))


def test_the_three_stores_have_fixed_uids() -> None:
    """Dashboards, and the links that `clew follow` prints, name the sources by these."""
    assert {uid: source["type"] for uid, source in sources().items()} == {
        "prometheus": "prometheus",
        "loki": "loki",
        "jaeger": "jaeger",
    }


def test_every_link_leads_to_a_source() -> None:
    """No link names a uid that is not provisioned."""
    assert set(referenced(list(sources().values()))) <= sources().keys()


@pytest.mark.parametrize(
    ("uid", "target"),
    [("jaeger", "loki"), ("jaeger", "prometheus"), ("loki", "jaeger"), ("prometheus", "jaeger")],
)
def test_the_stores_are_linked(uid: str, target: str) -> None:
    """From a trace to logs and metrics, and from a log line or an exemplar to the trace."""
    assert linked(uid, target)


@pytest.mark.parametrize("uid", ["prometheus", "loki", "jaeger"])
def test_only_known_keys_are_used(uid: str) -> None:
    """Every key is one that Grafana's documentation has."""
    source = sources()[uid]
    assert source.keys() <= _FIELDS
    assert source["jsonData"].keys() <= _JSON_DATA[source["type"]]
    for name, fields in _LINK_FIELDS.items():
        links = source["jsonData"].get(name, [])
        for link in links if isinstance(links, list) else [links]:
            assert link.keys() <= fields, name


def test_sources_are_reached_by_their_services_names() -> None:
    """Addresses come from the environment that compose.yaml gives; Grafana can't change them."""
    for uid, source in sources().items():
        assert re.fullmatch(rf"http://{uid}:\d+", source["url"])
        assert source["editable"] is False


def test_a_trace_leads_to_its_log_lines() -> None:
    """The query of a span's log link is LogQL over the trace id in structured metadata."""
    link = sources()["jaeger"]["jsonData"]["tracesToLogsV2"]
    assert link["customQuery"] is True
    assert link["query"] == '{service_name=~".+"} | trace_id="${__trace.traceId}"'


def test_a_log_line_leads_to_its_trace() -> None:
    """The trace id is taken from the line's metadata, not searched for in its text."""
    (field,) = sources()["loki"]["jsonData"]["derivedFields"]
    assert (field["matcherType"], field["matcherRegex"]) == ("label", "trace_id")
    assert field["url"] == "${__value.raw}"


def test_metrics_of_a_span_are_selected_by_its_tags() -> None:
    """Each query leaves a place for the span's tags, and divides nothing by a missing one."""
    for query in sources()["jaeger"]["jsonData"]["tracesToMetrics"]["queries"]:
        assert query["query"].count("{$__tags") == query["query"].count("http_server_request")


CORRELATED = {
    "loki": '{{"level":"info","correlation_id":"{id}","trace_id":"0af7"}}',
    "jaeger": (
        '[{{"key":"http.route","value":"/a}}b"}},{{"key":"correlation_id",{type}"value":"{id}"}}]'
    ),
}
"""A line's labels and a span's tags, as the text that Grafana applies an expression to."""


@pytest.mark.parametrize("uid", CORRELATED)
@pytest.mark.parametrize("type_", ["", '"type":"string",'])
def test_the_correlation_id_leads_to_all_its_log_lines(uid: str, type_: str) -> None:
    """The expression finds the id, and the query asks Loki for it."""
    (correlation,) = sources()[uid]["correlations"]
    config = correlation["config"]
    (transformation,) = config["transformations"]
    text = CORRELATED[uid].format(id="order 17/b", type=type_)
    assert re.findall(transformation["expression"], text) == ["order 17/b"]
    assert transformation["field"] == config["field"]
    name = transformation["mapValue"]
    assert config["target"]["expr"] == f'{{service_name=~".+"}} | correlation_id="${{{name}}}"'


@pytest.mark.parametrize("uid", CORRELATED)
@pytest.mark.parametrize("hostile", ['x"} or {a="b', "x\\", '"', 'x" |= "'])
def test_an_id_that_would_change_the_query_gets_no_link(uid: str, hostile: str) -> None:
    """A quote or a backslash in an id, escaped as JSON has it, matches nothing."""
    (correlation,) = sources()[uid]["correlations"]
    (transformation,) = correlation["config"]["transformations"]
    escaped = json.dumps(hostile)[1:-1]
    text = CORRELATED[uid].format(id=escaped, type="")
    assert re.findall(transformation["expression"], text) == []


def test_the_step_of_metrics_is_that_of_the_services() -> None:
    """timeInterval is the interval at which the demo services push."""
    pushed = {
        service.environment["OTEL_METRIC_EXPORT_INTERVAL"]
        for service in services().values()
        if service.is_built
    }
    assert pushed == {"15000"}
    assert sources()["prometheus"]["jsonData"]["timeInterval"] == "15s"


def test_dashboards_are_read_where_they_are_mounted() -> None:
    """The provider's folder is the mount of dashboards/generated."""
    (provider,) = yaml.safe_load(DASHBOARDS.read_text(encoding="utf-8"))["providers"]
    targets = {mount.target: mount.source for mount in services()["grafana"].mounts}
    assert targets[provider["options"]["path"]] == ROOT / "dashboards" / "generated"
    assert provider["allowUiUpdates"] is False


def test_nobody_can_write_by_default() -> None:
    """Visitors are viewers, nobody signs up, and no administrator has a default password."""
    settings = configparser.ConfigParser()
    settings.read(GRAFANA / "grafana.ini", encoding="utf-8")
    assert settings["auth.anonymous"]["org_role"] == "Viewer"
    assert settings.getboolean("users", "allow_sign_up") is False
    assert settings.getboolean("security", "disable_initial_admin_creation") is True
    assert not settings.has_option("security", "admin_password")
    assert services()["grafana"].environment["GF_SECURITY_DISABLE_INITIAL_ADMIN_CREATION"] == (
        "${GRAFANA_ADMIN_PASSWORD:+false}"
    )
