"""Certificates for tests, made by openssl when they are needed."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest


def make_authority(folder: Path) -> Path:
    """Put ca, server and client (.key and .pem) into `folder`, for 127.0.0.1, and return it."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("the program openssl makes the certificates")

    def run(*words: str) -> None:
        subprocess.run([openssl, *words], cwd=folder, check=True, capture_output=True, timeout=60)

    new = ("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
    run(*new, "-days", "2", "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=test CA")
    for name in ("server", "client"):
        run(
            *new, "-days", "2", "-keyout", f"{name}.key", "-out", f"{name}.pem",
            "-subj", f"/CN={name}", "-CA", "ca.pem", "-CAkey", "ca.key",
            "-addext", "subjectAltName=IP:127.0.0.1", "-addext", "basicConstraints=CA:FALSE",
        )  # fmt: skip
    return folder
