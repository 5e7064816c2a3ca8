"""kube-apiserver and etcd: built once from their Go modules, started on free ports of loopback."""

from __future__ import annotations

import os
import shutil
import ssl
import subprocess
import tempfile
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.collector.running import free_ports
from tests.e2e.wait import wait_until

_HERE = Path(__file__).parent
_CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "clew" / "kubernetes"
# The folder here with the module's go.mod, and the package that is the program.
_PACKAGES = {
    "etcd": "go.etcd.io/etcd/server/v3",
    "kube-apiserver": "k8s.io/kubernetes/cmd/kube-apiserver",
}
_FOLDERS = {"etcd": "etcd", "kube-apiserver": "apiserver"}
_TOKEN = "only-for-this-test"
_START_S = 120.0


def program(name: str) -> Path:
    """The program, built if it is not in the cache yet: minutes, and 2 GB of Go's own cache."""
    built = _CACHE / name
    if built.exists():
        return built
    go = shutil.which("go")
    if go is None:
        pytest.skip(f"{name} is not built, and there is no Go to build it")
    _CACHE.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="clew-build-") as folder:
        # A copy: go may write into its go.mod what it has found out.
        module = shutil.copytree(_HERE / _FOLDERS[name], Path(folder) / "module")
        options = ("-mod=mod", "-trimpath", "-ldflags=-s -w")
        subprocess.run(
            [go, "build", *options, "-o", built, _PACKAGES[name]], cwd=module, check=True
        )
    return built


@dataclass(frozen=True)
class ApiServer:
    """A running API server."""

    url: str
    folder: Path

    def kubectl(self, *words: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        """Run kubectl as an administrator of this server and no other."""
        kubectl = shutil.which("kubectl")
        if kubectl is None:
            pytest.skip("kubectl is not on this machine")
        access = ("--server", self.url, "--insecure-skip-tls-verify", "--token", _TOKEN)
        return subprocess.run(
            [kubectl, "--kubeconfig=/dev/null", f"--cache-dir={self.folder / 'cache'}"]
            + [*access, *words],
            input=stdin, capture_output=True, text=True, timeout=300, check=False,
        )  # fmt: skip


@contextmanager
def api_server(folder: Path) -> Iterator[ApiServer]:
    """etcd and an API server before it, with the admission plugins that are on by default.

    All but ServiceAccount: a controller would make the accounts that it asks for, and none runs.
    """
    etcd, apiserver = program("etcd"), program("kube-apiserver")
    client, peer, port = free_ports(3)
    store = f"http://127.0.0.1:{client}"
    key = folder / "accounts.key"
    subprocess.run(["openssl", "genrsa", "-out", key, "2048"], check=True, capture_output=True)
    (folder / "tokens.csv").write_text(f'{_TOKEN},admin,admin,"system:masters"\n')
    with (
        _running(
            folder / "etcd.log",
            etcd, "--data-dir", folder / "etcd", "--listen-client-urls", store,
            "--advertise-client-urls", store, "--listen-peer-urls", f"http://127.0.0.1:{peer}",
            "--unsafe-no-fsync",
        ),
        _running(
            folder / "apiserver.log",
            apiserver, "--etcd-servers", store, "--bind-address", "127.0.0.1",
            "--secure-port", str(port), "--cert-dir", folder / "certificates",
            "--service-cluster-ip-range", "10.96.0.0/16", "--authorization-mode", "RBAC",
            "--token-auth-file", folder / "tokens.csv",
            "--service-account-issuer", "https://kubernetes.default.svc",
            "--service-account-key-file", key, "--service-account-signing-key-file", key,
            "--disable-admission-plugins", "ServiceAccount",
        ) as process,
    ):  # fmt: skip
        server = ApiServer(f"https://127.0.0.1:{port}", folder)

        def ready() -> bool:
            log = (folder / "apiserver.log").read_text(errors="replace")
            assert process.poll() is None, log[-3000:]
            return _answers(f"{server.url}/readyz")

        wait_until(ready, "the API server", _START_S)
        yield server


def _answers(url: str) -> bool:
    anybody = ssl.create_default_context()
    anybody.check_hostname, anybody.verify_mode = False, ssl.CERT_NONE
    request = urllib.request.Request(url, headers={"Authorization": f"Bearer {_TOKEN}"})
    try:
        with urllib.request.urlopen(request, timeout=5, context=anybody) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


@contextmanager
def _running(log: Path, *command: str | Path) -> Iterator[subprocess.Popen[bytes]]:
    with log.open("wb") as out:
        process = subprocess.Popen([str(word) for word in command], stdout=out, stderr=out)
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
