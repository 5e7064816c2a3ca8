"""The command line."""

from __future__ import annotations

import pytest

from clew_lens._settings import parse


def test_the_defaults_are_local() -> None:
    """This machine only, no token, the ports that OTLP names."""
    settings = parse([])
    assert (settings.host, settings.port, settings.token) == ("127.0.0.1", 4319, "")
    assert (settings.otlp_http_port, settings.otlp_grpc_port) == (4318, 4317)


def test_another_address_gets_a_token() -> None:
    """Whoever listens beyond this machine has a token, a new one each time, unless one is given."""
    first, second = parse(["--host", "0.0.0.0"]).token, parse(["--host", "0.0.0.0"]).token
    assert len(first) >= 20 and first != second
    assert parse(["--host", "0.0.0.0", "--token", "mine"]).token == "mine"


def test_a_token_is_not_shown() -> None:
    """A settings object in a log gives nothing away."""
    assert "mine" not in repr(parse(["--token", "mine"]))


def test_sizes_times_and_ports() -> None:
    """Units are understood."""
    words = "--keep-size 2G --keep-age 7d --memory-limit 256MiB --otlp-grpc-port off --store a.db"
    settings = parse(words.split())
    assert (settings.keep_size, settings.keep_age) == (2 << 30, 7 * 86400)
    assert (settings.memory_limit, settings.otlp_grpc_port) == (256 << 20, -1)


def test_what_is_kept_in_memory_fits_there() -> None:
    """Without a file, the size to keep is bounded by the memory limit."""
    settings = parse(["--memory-limit", "100M", "--keep-size", "5G"])
    assert settings.keep_size < settings.memory_limit


@pytest.mark.parametrize(
    "words", ["--port 99999", "--port x", "--keep-size lots", "--keep-age 5", "--what"]
)
def test_wrong_words_end_with_a_message(words: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit status 2, and the option stands in the message."""
    with pytest.raises(SystemExit) as ended:
        parse(words.split())
    assert ended.value.code == 2
    assert words.split()[0] in capsys.readouterr().err
