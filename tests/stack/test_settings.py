"""Settings: the environment, read once."""

from pathlib import Path

import pytest

from stack._collector_files import agent, gateway
from stack._errors import SettingError
from stack._settings import Settings


def test_defaults_stand_in_the_checkout_and_the_users_cache(tmp_path: Path) -> None:
    """Without variables the state is in .stack and binaries are in the user's cache."""
    settings = Settings.read({"XDG_CACHE_HOME": "/var/cache/me"}, root=tmp_path)
    assert settings.stack_dir == tmp_path / ".stack"
    assert settings.cache_dir == Path("/var/cache/me/clew/backends")


def test_a_relative_cache_home_is_ignored(tmp_path: Path) -> None:
    """XDG_CACHE_HOME counts only if it is absolute, as its specification says."""
    settings = Settings.read({"XDG_CACHE_HOME": "cache"}, root=tmp_path)
    assert settings.cache_dir == Path.home() / ".cache/clew/backends"


def test_folders_are_absolute_whatever_is_set(tmp_path: Path) -> None:
    """A relative CLEW_STACK_DIR is meant from the current folder, not from a component's."""
    assert Settings.read({"CLEW_STACK_DIR": "here"}, root=tmp_path).stack_dir.is_absolute()


@pytest.mark.parametrize("text", ["0", "-5", "soon"])
def test_a_bad_timeout_is_named(text: str, tmp_path: Path) -> None:
    """The error names the variable and the value."""
    with pytest.raises(SettingError, match="CLEW_STACK_TIMEOUT"):
        Settings.read({"CLEW_STACK_TIMEOUT": text}, root=tmp_path)


def test_releases_come_over_the_web_only(tmp_path: Path) -> None:
    """A releases address that is no web address is refused."""
    with pytest.raises(SettingError, match="CLEW_RELEASES_URL"):
        Settings.read({"CLEW_RELEASES_URL": "file:///tmp"}, root=tmp_path)


def test_components_see_only_what_is_meant_for_them(tmp_path: Path) -> None:
    """OTEL_* variables of the user's services do not reach the collector; tuning ones do."""
    environ = {"OTEL_EXPORTER_OTLP_HEADERS": "k=v", "HOME": "/h", "CLEW_LOGS_RETENTION": "48h"}
    settings = Settings.read(environ, root=tmp_path)
    assert dict(settings.passed_on) == {"HOME": "/h", "CLEW_LOGS_RETENTION": "48h"}


def test_what_chooses_the_collectors_files() -> None:
    """Each variable's value becomes a file that exists; an unknown value names the known ones."""
    plain = Settings.read({})
    assert [Path(a).name for a in gateway(plain)] == [
        "gateway.yaml",
        "hosts.yaml",
        "sampling_none.yaml",
        "access.yaml",
        "transport.yaml",
    ]
    chosen = {"CLEW_SAMPLING": "tail", "CLEW_LOGS": "files", "CLEW_OTLP_TOKEN": "s3cret"}
    settings = Settings.read(chosen)
    names = [Path(a).name for a in (*gateway(settings), *agent(settings))]
    for name in ("sampling_tail.yaml", "logs_files.yaml", "agent_to_gateway_token.yaml"):
        assert name in names
    for one in (*gateway(settings), *agent(settings), *gateway(plain), *agent(plain)):
        assert Path(one.removeprefix("--config=")).is_file()
    for name in ("CLEW_SAMPLING", "CLEW_LOGS"):
        with pytest.raises(SettingError, match=f"{name}='on' is unknown: choose from"):
            Settings.read({name: "on"})


def test_what_guards_otlp_is_checked_before_anything_starts(tmp_path: Path) -> None:
    """A folder without the certificate, and a token that no header takes."""
    with pytest.raises(SettingError, match="lacks server.crt and server.key"):
        Settings.read({"CLEW_OTLP_TLS_DIR": str(tmp_path)})
    (tmp_path / "server.crt").touch()
    (tmp_path / "server.key").touch()
    settings = Settings.read({"CLEW_OTLP_TLS_DIR": str(tmp_path)})
    assert settings.tls_dir == str(tmp_path)
    assert any(a.endswith("transport_tls.yaml") for a in gateway(settings))
    with pytest.raises(SettingError, match="can't be sent"):
        Settings.read({"CLEW_OTLP_TOKEN": "two words"})
