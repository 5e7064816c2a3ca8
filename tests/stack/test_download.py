"""Downloads: from a server of this test, over the loopback interface."""

import hashlib
import http.server
import io
import socket
import tarfile
import threading
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from stack._binaries import BINARIES, Binary, Release
from stack._download import Releases
from stack._errors import WayClosed
from stack._progress import Work
from tests.stack.fakes import recorded

PLATFORM = ("linux", "amd64")
PROGRAM = b"#!/bin/sh\necho loki, version 3.7.8\n"


@dataclass
class Site:
    """A releases' site: what it serves by path, and how often it was asked."""

    url: str
    files: dict[str, bytes] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)


@pytest.fixture
def site() -> Iterator[Site]:
    """A web server on a port that the system chose."""

    class Answer(http.server.BaseHTTPRequestHandler):
        """Serves what the site holds."""

        def do_GET(self) -> None:
            served.asked.append(self.path)
            body = served.files.get(self.path)
            self.send_response(404 if body is None else 200)
            self.end_headers()
            self.wfile.write(body or b"")

        def log_message(self, *_: object) -> None:
            """Keep quiet."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    served = Site(f"http://127.0.0.1:{server.server_address[1]}")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield served
    server.shutdown()
    thread.join()
    server.server_close()


def tar(name: str, content: bytes) -> bytes:
    """Return a .tar.gz with one file in a folder, as the projects pack theirs."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as archive:
        entry = tarfile.TarInfo(f"loki-3.7.8.linux-amd64/{name}")
        entry.size = len(content)
        archive.addfile(entry, io.BytesIO(content))
    return out.getvalue()


def packed(name: str, content: bytes) -> bytes:
    """Return a .zip with one file."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr(name, content)
    return out.getvalue()


def released(archive: bytes, sha256: str | None = None) -> Binary:
    """A program whose release is the archive, with its own checksum unless another is given."""
    checksum = hashlib.sha256(archive).hexdigest() if sha256 is None else sha256
    release = Release("dl/{os}-{arch}", "loki", {"linux-amd64": checksum} if checksum else {})
    return replace(BINARIES["loki"], release=release)


def work() -> Work:
    """Work that tells nobody."""
    return recorded()[0].work("downloading")


@pytest.mark.parametrize("archive", [tar("loki", PROGRAM), packed("loki", PROGRAM)])
def test_the_program_is_unpacked(archive: bytes, site: Site, tmp_path: Path) -> None:
    """From a tar or a zip the one program is taken, byte for byte, and the archive is removed."""
    site.files["/dl/linux-amd64"] = archive
    Releases(site.url, PLATFORM).fetch(released(archive), tmp_path / "loki", work())
    assert (tmp_path / "loki").read_bytes() == PROGRAM
    assert [file.name for file in tmp_path.iterdir()] == ["loki"]


def test_a_wrong_checksum_is_refused_and_told(site: Site, tmp_path: Path) -> None:
    """What differs from the pinned checksum is not unpacked; both checksums are named."""
    archive = tar("loki", PROGRAM)
    site.files["/dl/linux-amd64"] = archive
    with pytest.raises(WayClosed) as caught:
        Releases(site.url, PLATFORM).fetch(released(archive, "0" * 64), tmp_path / "loki", work())
    assert "0" * 64 in caught.value.reason
    assert hashlib.sha256(archive).hexdigest() in caught.value.reason
    assert list(tmp_path.iterdir()) == []


def test_without_a_checksum_nothing_is_downloaded(site: Site, tmp_path: Path) -> None:
    """A platform whose checksum is not pinned closes the way before a byte is asked for."""
    binary = released(b"", sha256="")
    with pytest.raises(WayClosed, match="no pinned checksum for linux-amd64"):
        Releases(site.url, PLATFORM).fetch(binary, tmp_path / "loki", work())
    assert site.asked == []


def test_an_archive_without_the_program_is_told(site: Site, tmp_path: Path) -> None:
    """The missing member is named."""
    archive = tar("promtail", PROGRAM)
    site.files["/dl/linux-amd64"] = archive
    with pytest.raises(WayClosed, match="holds no file loki"):
        Releases(site.url, PLATFORM).fetch(released(archive), tmp_path / "loki", work())


def test_a_file_that_is_no_archive_is_told(site: Site, tmp_path: Path) -> None:
    """Bytes that have the right checksum but no known form close the way."""
    site.files["/dl/linux-amd64"] = b"<html>"
    with pytest.raises(WayClosed, match="can't be read"):
        Releases(site.url, PLATFORM).fetch(released(b"<html>"), tmp_path / "loki", work())


def test_a_missing_file_is_told_with_its_address(site: Site, tmp_path: Path) -> None:
    """A 404 names the address, and does not make the whole site count as out of reach."""
    releases = Releases(site.url, PLATFORM)
    archive = tar("loki", PROGRAM)
    with pytest.raises(WayClosed, match=r"/dl/linux-amd64 answered 404"):
        releases.fetch(released(archive), tmp_path / "loki", work())
    site.files["/dl/linux-amd64"] = archive
    releases.fetch(released(archive), tmp_path / "loki", work())


def test_a_site_out_of_reach_is_tried_once(tmp_path: Path) -> None:
    """After one failed connection the other binaries do not wait for it again."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))  # bound but not listening: a connection is refused
        releases = Releases(f"http://127.0.0.1:{closed.getsockname()[1]}", PLATFORM)
        binary = released(tar("loki", PROGRAM))
        releases.check(binary)
        with pytest.raises(WayClosed, match="out of reach"):
            releases.fetch(binary, tmp_path / "loki", work())
    with pytest.raises(WayClosed, match="out of reach"):
        releases.check(binary)
