"""What deploy/kubernetes has of other rooms is what they have."""

from pathlib import Path

import yaml

from deploy._copies import ROOMS, ROOT, wanted
from tests.deploy.rendered import of_kind, workloads

AGAIN = "run `python -m deploy`"


def test_lists_and_rules_are_up_to_date() -> None:
    """A board, a rule or an option that was added is in the cluster, too."""
    for file, text in wanted():
        assert file.read_text(encoding="utf-8") == text, f"{file.name}: {AGAIN}"


def test_every_file_of_a_room_is_in_its_config_map() -> None:
    """The ConfigMaps hold the files themselves, byte for byte."""
    held = {
        (key, text)
        for overlay in ("demo", "production")
        for each in of_kind(overlay, "ConfigMap")
        for key, text in each.get("data", {}).items()
    }
    files = [
        file
        for room, maps in ROOMS.items()
        for each in maps
        for pattern in each.patterns
        for file in (ROOT / room).glob(pattern)
    ]
    assert len(files) > 20
    for file in files:
        assert (file.name, file.read_text(encoding="utf-8")) in held, file


def test_every_file_of_a_projected_map_is_mounted() -> None:
    """A volume that picks keys of a ConfigMap picks all: a new rule reaches its store."""
    held = {each["metadata"]["name"]: set(each["data"]) for each in of_kind("demo", "ConfigMap")}
    picked = [
        source["configMap"]
        for workload in workloads("demo")
        for volume in workload.pod.get("volumes", [])
        for source in volume.get("projected", {}).get("sources", [])
        if "items" in source["configMap"]
    ]
    assert picked
    for each in picked:
        assert {item["key"] for item in each["items"]} == held[each["name"]]


def test_rules_are_whole_in_the_operators_form() -> None:
    """Each alert and each recording of alerts/ is in the PrometheusRule."""
    (rule,) = of_kind("production", "PrometheusRule")
    assert _names(rule["spec"]["groups"]) == sorted(
        name for file in (ROOT / "alerts").glob("*.rules.yml") for name in _names(_groups(file))
    )


def _groups(file: Path) -> list[dict[str, list[dict[str, str]]]]:
    found: list[dict[str, list[dict[str, str]]]] = yaml.safe_load(file.read_text())["groups"]
    return found


def _names(groups: list[dict[str, list[dict[str, str]]]]) -> list[str]:
    return sorted(
        rule.get("alert") or rule["record"] for group in groups for rule in group["rules"]
    )
