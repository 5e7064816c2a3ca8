"""The manifests in a real API server, with its defaults, validation and Pod Security admission.

No kubelet and no controller runs: nothing is scheduled, and a StatefulSet makes no pods. So each
workload's pod is made here, of its template, to be judged by the admission that it would meet.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator

import pytest

from tests.deploy.programs import ApiServer, api_server
from tests.deploy.rendered import OVERLAYS, Workload, objects, of_kind, workloads

pytestmark = [
    pytest.mark.apiserver,
    pytest.mark.skipif(
        os.environ.get("CLEW_TEST_KUBERNETES") != "1", reason="CLEW_TEST_KUBERNETES is not 1"
    ),
]
_OF_OTHERS = {"PrometheusRule"}
"""Kinds whose definition the cluster gets from elsewhere."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiServer]:
    """One server for all tests: each applies under its own field manager."""
    with api_server(tmp_path_factory.mktemp("kubernetes")) as running:
        yield running


def _apply(server: ApiServer, items: list[dict[str, object]], *options: str) -> str:
    document = json.dumps({"apiVersion": "v1", "kind": "List", "items": items})
    done = server.kubectl(
        "apply", "--server-side", "--validate=strict", *options, "-f", "-", stdin=document
    )
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_each_object_is_accepted(overlay: str, server: ApiServer) -> None:
    """Applied for real and strictly, twice: the second time changes nothing, and no one warns."""
    namespaces = of_kind(overlay, "Namespace")
    rest = [each for each in objects(overlay) if each["kind"] not in {"Namespace"} | _OF_OTHERS]
    for _ in range(2):
        said = _apply(server, namespaces, "--force-conflicts")
        said += _apply(server, rest, "--force-conflicts")
        assert "Warning" not in said
    differs = server.kubectl(
        "diff", "--server-side", "--force-conflicts", "-f", "-",
        stdin=json.dumps({"apiVersion": "v1", "kind": "List", "items": rest}),
    )  # fmt: skip
    assert differs.returncode == 0, differs.stdout + differs.stderr


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_pod_security_admits_each_pod(overlay: str, server: ApiServer) -> None:
    """Each workload's pod, made of its template, passes what its namespace enforces."""
    _apply(server, of_kind(overlay, "Namespace"), "--force-conflicts")
    for workload in workloads(overlay):
        assert "created" in _dry_run(server, _pod(workload)), workload.name


def test_pod_security_refuses_a_pod_as_root(server: ApiServer) -> None:
    """The check above can fail: the admission is on."""
    _apply(server, of_kind("demo", "Namespace"), "--force-conflicts")
    workload = next(each for each in workloads("demo") if each.name == "shop/users")
    pod = _pod(workload)
    pod["spec"] = {**workload.pod, "securityContext": {"runAsUser": 0}}
    assert "violates PodSecurity" in _dry_run(server, pod)


def _pod(workload: Workload) -> dict[str, object]:
    spec = dict(workload.pod)
    claims = workload.fields["spec"].get("volumeClaimTemplates", [])
    volumes = [
        {"name": name, "persistentVolumeClaim": {"claimName": name}}
        for name in (claim["metadata"]["name"] for claim in claims)
    ]
    spec["volumes"] = [*spec.get("volumes", []), *volumes]
    namespace, _, name = workload.name.partition("/")
    metadata = {"name": name, "namespace": namespace, "labels": workload.labels}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}


def _dry_run(server: ApiServer, pod: dict[str, object]) -> str:
    done = server.kubectl("create", "--dry-run=server", "-f", "-", stdin=json.dumps(pod))
    return done.stdout + done.stderr
