"""An authority and certificates that it signed, made by openssl when they are needed."""

from __future__ import annotations

import subprocess
from pathlib import Path

_TIMEOUT_S = 60


def make_authority(openssl: str, folder: Path, days: int = 2) -> Path:
    """Put ca, server and client (.key and .pem) into `folder`, for 127.0.0.1, and return it.

    `openssl` is the program's path. Certificates end after so many days.
    """

    def run(*words: str) -> None:
        command = [openssl, *words]
        subprocess.run(command, cwd=folder, check=True, capture_output=True, timeout=_TIMEOUT_S)

    new = ("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
    until = ("-days", str(days))
    run(
        *new, *until, "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=test CA",
        # Python 3.13 and later ask for it.
        "-addext", "keyUsage=critical,keyCertSign,cRLSign",
    )  # fmt: skip
    for name in ("server", "client"):
        run(
            *new, *until, "-keyout", f"{name}.key", "-out", f"{name}.pem",
            "-subj", f"/CN={name}", "-CA", "ca.pem", "-CAkey", "ca.key",
            "-addext", "subjectAltName=IP:127.0.0.1", "-addext", "basicConstraints=CA:FALSE",
        )  # fmt: skip
    return folder
