"""Certificates for tests; a test that needs some is skipped where nothing makes them."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tools import authority


def make_authority(folder: Path, days: int = 2) -> Path:
    """Put ca, server and client (.key and .pem) into `folder`, for 127.0.0.1, and return it."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("the program openssl makes the certificates")
    return authority.make_authority(openssl, folder, days)
