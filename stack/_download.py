"""The way over a project's own release: download, compare the checksum, unpack the one program."""

import hashlib
import http.client
import tarfile
import urllib.error
import urllib.request
import zipfile
from pathlib import Path
from typing import IO

from stack._binaries import Binary
from stack._errors import WayClosed
from stack._progress import Work

CONNECT_SECONDS = 5.0
_CHUNK = 1 << 20  # bytes
_REMEDY = "give this machine a way there (HTTPS_PROXY), or name a mirror in CLEW_RELEASES_URL"


class Releases:
    """The releases' site. Once found out of reach it is not tried again."""

    def __init__(
        self, url: str, platform: tuple[str, str], timeout: float = CONNECT_SECONDS
    ) -> None:
        self._url = url
        self._os, self._arch = platform
        self._timeout = timeout
        self._unreachable = ""

    def fetch(self, binary: Binary, target: Path, work: Work) -> None:
        """Put the program at `target`; raise WayClosed if it is not to be had, or is another."""
        expected = self._checksum(binary)
        url = f"{self._url}/{self._expand(binary.release.path)}"
        archive = target.with_name(f"{target.name}.archive")
        try:
            self._download(url, archive, expected, work)
            self._unpack(archive, self._expand(binary.release.member), target)
        finally:
            archive.unlink(missing_ok=True)

    def check(self, binary: Binary) -> None:
        """Raise WayClosed if it is known before any try that this way is closed."""
        self._checksum(binary)
        if self._unreachable:
            raise WayClosed(self._unreachable, _REMEDY)

    def _checksum(self, binary: Binary) -> str:
        platform = f"{self._os}-{self._arch}"
        expected = binary.release.sha256.get(platform)
        if not expected:
            raise WayClosed(
                f"no pinned checksum for {platform}, so what is downloaded could not be trusted",
                f"put the SHA-256 of {binary.name} {binary.version} in stack/_binaries.py",
            )
        return expected

    def _download(self, url: str, archive: Path, expected: str, work: Work) -> None:
        try:
            found = self._copy(url, archive, work)
        except urllib.error.HTTPError as error:
            raise WayClosed(f"{url} answered {error.code} {error.reason}", _REMEDY) from error
        except (OSError, http.client.HTTPException) as error:
            self._unreachable = f"{self._url} is out of reach ({error})"
            raise WayClosed(self._unreachable, _REMEDY) from error
        if found != expected:
            raise WayClosed(
                f"{url} has the SHA-256 {found}, not the pinned {expected}: refused",
                "find out who changed the file: the project, a mirror or somebody in between",
            )

    def _copy(self, url: str, archive: Path, work: Work) -> str:
        digest = hashlib.sha256()
        with (
            urllib.request.urlopen(url, timeout=self._timeout) as answer,
            archive.open("wb") as out,
        ):
            while chunk := answer.read(_CHUNK):
                digest.update(chunk)
                out.write(chunk)
                work.tick()
        return digest.hexdigest()

    def _unpack(self, archive: Path, member: str, target: Path) -> None:
        try:
            found = _from_zip(archive, member, target) or _from_tar(archive, member, target)
        except (tarfile.TarError, zipfile.BadZipFile, OSError) as error:
            raise WayClosed(f"the archive can't be read ({error})", "report it") from error
        if not found:
            raise WayClosed(f"the archive holds no file {member}", "correct stack/_binaries.py")

    def _expand(self, text: str) -> str:
        return text.format(os=self._os, arch=self._arch)


def _from_zip(archive: Path, member: str, target: Path) -> bool:
    if not zipfile.is_zipfile(archive):
        return False
    with zipfile.ZipFile(archive) as opened:
        names = [name for name in opened.namelist() if Path(name).name == member]
        if not names:
            return False
        with opened.open(names[0]) as source:
            _write(source, target)
    return True


def _from_tar(archive: Path, member: str, target: Path) -> bool:
    if zipfile.is_zipfile(archive):
        return False
    # Only the bytes of one member are read and written under our own name: no path in the archive
    # is followed.
    with tarfile.open(archive) as opened:
        for entry in opened:
            if entry.isfile() and Path(entry.name).name == member:
                source = opened.extractfile(entry)
                if source is not None:
                    _write(source, target)
                    return True
    return False


def _write(source: IO[bytes], target: Path) -> None:
    with target.open("wb") as out:
        while chunk := source.read(_CHUNK):
            out.write(chunk)
