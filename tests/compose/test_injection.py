"""deploy/injection in containers: an image without clew, instrumented from a volume."""

import json
import urllib.request
from collections.abc import Iterator

import pytest

from tests.compose.document import ROOT
from tests.compose.project import Project
from tests.e2e.wait import wait_until

pytestmark = pytest.mark.engine
_IMAGE, _PLAIN, _NAME = "clew-injection:0.1.0", "clew-demo-users:plain", "clew-test-injected"
_ASK = (
    "import urllib.request; request = urllib.request.Request('http://127.0.0.1:8001/users/1', "
    "headers={'X-Correlation-ID': 'injected-1'}); print(urllib.request.urlopen(request).read())"
)


@pytest.fixture
def injected(project: Project) -> Iterator[str]:
    """The users service of an image without clew, with the volume that an init container filled."""
    docker = project.docker
    build = ("build", "--quiet", "--network=host")
    recipe = ROOT / "deploy" / "injection" / "Dockerfile"
    docker.run(*build, f"--file={recipe}", f"--tag={_IMAGE}", str(ROOT))
    recipe = ROOT / "demo_services" / "Dockerfile"
    options = ("--build-arg=CLEW=", "--build-arg=SERVICE=users")
    docker.run(*build, *options, f"--file={recipe}", f"--tag={_PLAIN}", str(ROOT))
    docker.run("volume", "create", _NAME)
    # Its rights, as the kubelet gives them to the pod's group.
    hold = ("--rm", "--network=none", f"--volume={_NAME}:/injected")
    docker.run("run", *hold, "--user=0", "--entrypoint=chown", _IMAGE, "10001:10001", "/injected")
    docker.run("run", *hold, "--read-only", "--cap-drop=ALL", _IMAGE)
    try:
        docker.run(
            *("run", "--detach", f"--name={_NAME}", f"--network={project.name}_clew"),
            *("--read-only", "--cap-drop=ALL", "--tmpfs=/tmp", f"--volume={_NAME}:/opt/clew:ro"),
            *("--env=PYTHONPATH=/opt/clew", "--env=OTEL_SERVICE_NAME=injected"),
            *(
                "--env=OTEL_EXPORTER_OTLP_ENDPOINT=http://collector:4318",
                "--env=CLEW_SPOOL_DIR=off",
            ),
            *("--env=UVICORN_PORT=8001", _PLAIN, "uvicorn"),
        )
        yield _NAME
    finally:
        docker.run("rm", "--force", _NAME)
        docker.run("volume", "rm", "--force", _NAME)


def test_an_image_without_clew_is_followed(project: Project, injected: str) -> None:
    """The image has no package clew; with the volume its request is a trace and a log line."""
    without = project.docker.works(
        "run", "--rm", "--network=none", "--entrypoint=python", _PLAIN, "-c", "import clew"
    )
    assert not without
    wait_until(
        lambda: project.docker.works("exec", injected, "python", "-c", _ASK), "an answer", 60.0
    )
    lines = [json.loads(line) for line in project.docker.run("logs", injected).splitlines()
             if line.startswith("{")]  # fmt: skip
    assert "injected-1" in {line.get("correlation_id") for line in lines}
    (trace, *_) = {line["trace_id"] for line in lines if line.get("correlation_id") == "injected-1"}

    def stored() -> bool:
        url = project.url("CLEW_JAEGER_QUERY_PORT", f"/api/traces/{trace}")
        try:
            with urllib.request.urlopen(url, timeout=5) as answer:
                found = json.load(answer)["data"][0]["spans"]
        except OSError:
            return False
        return "GET /users/{user_id}" in {span["operationName"] for span in found}

    wait_until(stored, "its trace in Jaeger", 60.0)
