"""The manifests, held against Kubernetes' schemas and against what every pod here is held to."""

import json
import re

import kubernetes_validate
import pytest

from tests.compose.document import services
from tests.deploy.rendered import OVERLAYS, asked_for, named, objects, of_kind, workloads

VERSION = "1.37"
NO_SCHEMA = {"PrometheusRule"}
"""Kinds that Kubernetes itself doesn't know: the Prometheus operator's."""
UNPROBED = {"shop/notifications": "a worker without a port"}
MADE_BY_HAND = {"production": {"otlp-token"}}
"""Secrets that an overlay leaves to whoever applies it."""
AS_ROOT = {("clew-agents/agent", "folder"): {"CHOWN"}}
"""Containers that run as root, and the capabilities that each has: one gives a folder away."""

every_overlay = pytest.mark.parametrize("overlay", OVERLAYS)


@every_overlay
def test_each_object_is_what_kubernetes_defines(overlay: str) -> None:
    """Strictly: a field that the API doesn't have, misspelt or misplaced, is an error."""
    for each in objects(overlay):
        if each["kind"] not in NO_SCHEMA:
            kubernetes_validate.validate(each, VERSION, strict=True)


def test_a_misspelt_field_is_found() -> None:
    """The check above can fail."""
    (service, *_) = of_kind("demo", "Service")
    broken = {**service, "spec": {**service["spec"], "selectors": {}}}
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(broken, VERSION, strict=True)


@every_overlay
def test_no_two_objects_have_one_name(overlay: str) -> None:
    """The second would replace the first."""
    names = [
        (each["kind"], each["metadata"].get("namespace"), each["metadata"]["name"])
        for each in objects(overlay)
    ]
    assert len(names) == len(set(names))


@every_overlay
def test_each_object_fits_into_the_api_server(overlay: str) -> None:
    """etcd takes 1.5 MiB, a ConfigMap 1 MiB."""
    for each in of_kind(overlay, "ConfigMap"):
        assert len(json.dumps(each)) < 1_000_000, each["metadata"]["name"]


@every_overlay
def test_pods_have_no_privileges(overlay: str) -> None:
    """An ordinary user, a read-only file system, no capabilities, no token of the cluster's."""
    for workload in workloads(overlay):
        pod = workload.pod
        assert pod["automountServiceAccountToken"] is False, workload.name
        assert pod["securityContext"]["runAsNonRoot"] is True, workload.name
        assert pod["securityContext"]["runAsUser"] > 0, workload.name
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        for opening in ("hostNetwork", "hostPID", "hostIPC"):
            assert opening not in pod, workload.name
        for container in workload.all_containers:
            context = container["securityContext"]
            who = (workload.name, container["name"])
            assert context["readOnlyRootFilesystem"] is True, who
            assert context["allowPrivilegeEscalation"] is False, who
            assert context["capabilities"]["drop"] == ["ALL"], who
            assert set(context["capabilities"].get("add", [])) == AS_ROOT.get(who, set()), who
            assert (context.get("runAsUser") == 0) == (who in AS_ROOT), who


@every_overlay
def test_only_agents_see_their_node(overlay: str) -> None:
    """Folders of the node are the agents' alone, and but for their queue read-only."""
    for workload in workloads(overlay):
        of_node = {
            volume["name"] for volume in workload.pod.get("volumes", []) if "hostPath" in volume
        }
        assert not of_node or workload.name == "clew-agents/agent"
        for container in workload.containers:
            for mount in container.get("volumeMounts", []):
                if mount["name"] in of_node - {"queues"}:
                    assert mount["readOnly"] is True


@every_overlay
def test_containers_are_held_to_limits(overlay: str) -> None:
    """None takes the node's memory from the others; each asks for what it needs."""
    for workload in workloads(overlay):
        for container in workload.all_containers:
            resources = container["resources"]
            assert resources["requests"].keys() == {"cpu", "memory"}, container["name"]
            assert "memory" in resources["limits"], container["name"]


@every_overlay
def test_go_programs_collect_before_the_limit(overlay: str) -> None:
    """Go's soft memory limit, where given, is below the container's hard one."""
    for workload in workloads(overlay):
        for container in workload.containers:
            given = {each["name"]: each.get("value") for each in container.get("env", [])}
            if "GOMEMLIMIT" in given:
                hard = int(container["resources"]["limits"]["memory"].removesuffix("Mi"))
                assert int(str(given["GOMEMLIMIT"]).removesuffix("MiB")) <= 0.9 * hard


@every_overlay
def test_readiness_is_probed_or_the_reason_is_stated(overlay: str) -> None:
    """No pod gets requests before it can answer."""
    for workload in workloads(overlay):
        probed = all("readinessProbe" in container for container in workload.containers)
        assert probed != (workload.name in UNPROBED), workload.name


@every_overlay
def test_configuration_and_secrets_are_there(overlay: str) -> None:
    """Each ConfigMap and Secret that a pod names exists, in its namespace."""
    for workload in workloads(overlay):
        namespace = workload.fields["metadata"]["namespace"]
        for kind, name in asked_for(workload):
            by_hand = kind == "Secret" and name in MADE_BY_HAND.get(overlay, set())
            assert by_hand or (namespace, name) in named(overlay, kind), (workload.name, name)


@every_overlay
def test_every_service_has_pods(overlay: str) -> None:
    """A selector that nothing matches would be an address where nobody is; so would a port."""
    for service in of_kind(overlay, "Service"):
        selector = service["spec"].get("selector")
        if selector is None:
            assert service["spec"]["type"] == "ExternalName"
            continue
        matched = [
            workload
            for workload in workloads(overlay)
            if workload.fields["metadata"]["namespace"] == service["metadata"]["namespace"]
            and selector.items() <= workload.labels.items()
        ]
        (workload,) = matched
        ports = {
            port["name"]: port["containerPort"]
            for container in workload.containers
            for port in container["ports"]
        }
        for port in service["spec"]["ports"]:
            assert ports[port["targetPort"]] == port["port"], service["metadata"]["name"]


@every_overlay
def test_every_namespace_is_shut_by_default(overlay: str) -> None:
    """A policy without a pod selector holds both ways: the others only open what they name."""
    shut = {
        policy["metadata"]["namespace"]
        for policy in of_kind(overlay, "NetworkPolicy")
        if policy["spec"]["podSelector"] == {}
        and set(policy["spec"]["policyTypes"]) == {"Ingress", "Egress"}
    }
    assert shut == {name for _, name in named(overlay, "Namespace")}


@every_overlay
def test_what_scales_survives_a_drain(overlay: str) -> None:
    """A workload that a HorizontalPodAutoscaler has is also kept by a PodDisruptionBudget."""
    scaled = {
        (each["metadata"]["namespace"], each["spec"]["scaleTargetRef"]["name"])
        for each in of_kind(overlay, "HorizontalPodAutoscaler")
    }
    assert scaled
    assert scaled <= named(overlay, "PodDisruptionBudget")
    for workload in workloads(overlay):
        if tuple(workload.name.split("/")) in scaled:
            assert "replicas" not in workload.fields["spec"], "kubectl apply would undo the scaling"


def test_images_are_those_of_compose() -> None:
    """One version of each program, whichever way it is started."""
    composed = {service.fields["image"] for service in services().values() if not service.is_built}
    own = re.compile(r"clew-(demo-\w+:plain|injection:[\d.]+)|busybox:[\d.]+")
    for workload in workloads("demo"):
        for container in workload.all_containers:
            image = container["image"]
            assert image in composed or own.fullmatch(image), image


def test_the_shop_is_told_what_compose_tells_it() -> None:
    """The services' own settings, telemetry aside, have the same names in both."""
    telemetry = re.compile(r"OTEL_|CLEW_|PYTHONPATH|ADMIN_PORT|CONSUL_URL")
    for workload in workloads("demo"):
        if (
            workload.fields["metadata"]["namespace"] == "shop"
            and workload.fields["kind"] == "Deployment"
        ):
            given = {each["name"] for each in workload.containers[0]["env"]}
            composed = services()[workload.fields["metadata"]["name"]].environment.keys()
            assert {name for name in given if not telemetry.match(name)} == {
                name for name in composed if not telemetry.match(name)
            }


def test_pods_with_the_label_are_instrumented_and_no_others() -> None:
    """clew comes to a Deployment by its label alone: its command has nothing of clew."""
    for workload in workloads("demo"):
        wanted = workload.fields["metadata"]["labels"].get("clew/inject") == "yes"
        names = [each["name"] for each in workload.pod.get("initContainers", [])]
        assert ("clew" in names) == wanted, workload.name
        assert not any("clew" in word for word in workload.containers[0].get("command", []))
