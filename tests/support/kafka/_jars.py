"""The broker's jars, got by Maven once and kept beside the engine tests' other parts."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

from tests.support.cache import cache_dir, kept

HERE = Path(__file__).parent
_POM = HERE / "pom.xml"


class NoKafka(Exception):
    """The machine lacks what a broker needs; the message says what, and how to get it."""


def version() -> str:
    """The version of the broker."""
    (found,) = re.findall(r"<kafka\.version>(.+)</kafka\.version>", _POM.read_text("utf-8"))
    return str(found)


def jars() -> Path:
    """The folder that holds them; raises NoKafka where neither it nor Maven is on this machine."""
    return kept(cache_dir() / f"kafka-{version()}", _copy)


def _copy(_folder: Path, target: Path) -> None:
    maven = shutil.which("mvn")
    if maven is None:
        raise NoKafka("Kafka's jars come by Maven, and there is no mvn; on Debian: maven")
    command = [maven, "--batch-mode", "--quiet", "--strict-checksums", f"--file={_POM}"]
    command += ["dependency:copy-dependencies", f"-DoutputDirectory={target}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise NoKafka(f"Maven did not get Kafka's jars:\n{done.stdout[-2000:]}{done.stderr}")
