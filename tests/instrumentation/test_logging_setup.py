"""Where log lines pass: clew's handler, once, whatever the application and its server configure."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from tests.instrumentation.conftest import Script

# What each program prints is its log lines; these two get the ids and the plain text alike.
_START = "import clew.auto, logging, sys\nlog = logging.getLogger('shop')\n"


def _lines(script: Script, code: str, **settings: str) -> list[str]:
    """The messages of the JSON lines of logger "shop" that `code` writes after clew began."""
    plain = script(_START + code, **settings)
    assert plain == []
    return [line["message"] for line in script.log_lines if line["logger"] == "shop"]


def _records(script: Script) -> list[str]:
    return [item.data.body.string_value for item in script.sink.logs() if item.scope == "shop"]


def test_without_any_configuration(script: Script) -> None:
    """From INFO on lines are written and exported, though nobody configured logging."""
    assert _lines(script, "log.debug('d'); log.info('i'); log.error('e')") == ["i", "e"]
    assert _records(script) == ["i", "e"]
    assert script.stderr == ""


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        ("logging.basicConfig()", ["i", "e"]),
        ("logging.basicConfig(level=logging.DEBUG)", ["d", "i", "e"]),
        ("logging.basicConfig(level=logging.WARNING)", ["e"]),
        ("logging.basicConfig(level='ERROR', force=True)", ["e"]),
        ("logging.basicConfig(stream=sys.stdout, format='%(message)s')", ["i", "e"]),
    ],
)
def test_basic_config(call: str, expected: list[str], script: Script) -> None:
    """basicConfig after clew chooses the level; the lines stay clew's, each once."""
    code = f"{call}\nlog.debug('d'); log.info('i'); log.error('e')"
    assert _lines(script, code) == expected
    assert _records(script) == expected
    assert script.stderr == ""


_CONFIG = {
    "version": 1,
    "formatters": {"plain": {"format": "PLAIN %(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "plain"}},
}


@pytest.mark.parametrize(
    "own",
    [
        {"root": {"level": "INFO", "handlers": ["console"]}},
        {"root": {"level": "INFO", "handlers": ["console"]}, "disable_existing_loggers": False},
        {"loggers": {"shop": {"level": "INFO", "handlers": ["console"], "propagate": False}}},
        {"loggers": {"shop": {"level": "INFO", "handlers": ["console"]}}},
        {"root": {"level": "INFO", "handlers": ["console"]},
         "loggers": {"shop": {"handlers": ["console"], "propagate": False}}},
    ],
    ids=["root", "root, others left", "own, no propagation", "own, propagation", "both"],
)  # fmt: skip
def test_dict_config(own: dict[str, object], script: Script) -> None:
    """dictConfig after clew: the lines stay clew's, each once, and access lines are not lost."""
    code = f"""
import logging.config
logging.config.dictConfig({ {**_CONFIG, **own}!r})
logging.getLogger('shop').disabled = False
log.info('i')
logging.getLogger('clew.access').info('GET / 200')
"""
    assert _lines(script, code) == ["i"]
    assert _records(script) == ["i"]
    assert [one["message"] for one in script.log_lines if one["logger"] == "clew.access"]
    assert script.stderr == ""


def test_file_config(script: Script, tmp_path: Path) -> None:
    """fileConfig after clew is met like dictConfig."""
    (tmp_path / "log.ini").write_text(
        "[loggers]\nkeys=root\n[handlers]\nkeys=h\n[formatters]\nkeys=\n"
        "[logger_root]\nlevel=INFO\nhandlers=h\n"
        "[handler_h]\nclass=StreamHandler\nargs=(sys.stdout,)\n"
    )
    code = f"""
import logging.config
logging.config.fileConfig({str(tmp_path / "log.ini")!r}, disable_existing_loggers=False)
log.info('i')
"""
    assert _lines(script, code) == ["i"]
    assert _records(script) == ["i"]


def test_other_handlers_stay(script: Script, tmp_path: Path) -> None:
    """Handlers that do not print to the terminal, such as files, keep their lines."""
    path = tmp_path / "shop.log"
    code = f"""
logging.basicConfig(filename={str(path)!r}, format='FILE %(message)s', level=logging.INFO)
log.info('i')
"""
    assert _lines(script, code) == ["i"]
    assert path.read_text() == "FILE i\n"


def test_handler_added_before(script: Script) -> None:
    """Printing handlers that were there before clew give way to its lines."""
    code = """
import logging, sys
logging.basicConfig(stream=sys.stdout, format='PLAIN %(message)s', level=logging.DEBUG)
import clew.auto
logging.getLogger('shop').debug('d')
"""
    assert script(code) == []
    assert [line["message"] for line in script.log_lines] == ["d"]


def test_log_format_none_leaves_the_terminal_alone(script: Script) -> None:
    """CLEW_LOG_FORMAT=none: logging prints as it would without clew; records are exported."""
    code = """
logging.basicConfig(stream=sys.stdout, format='PLAIN %(message)s', level=logging.INFO)
log.info('i')
"""
    assert script(_START + code, CLEW_LOG_FORMAT="none") == ["PLAIN i"]
    assert script.log_lines == []
    assert _records(script) == ["i"]


def test_log_format_none_keeps_the_last_resort(script: Script) -> None:
    """CLEW_LOG_FORMAT=none, and nobody configured logging: warnings still go to stderr."""
    script(_START + "log.warning('w'); log.info('i')", CLEW_LOG_FORMAT="none")
    assert script.stderr.splitlines() == ["w"]


def test_level_from_the_environment(script: Script) -> None:
    """CLEW_LOG_LEVEL is the root logger's level where the application chooses none."""
    code = "log.debug('d'); log.warning('w')"
    assert _lines(script, code, CLEW_LOG_LEVEL="DEBUG") == ["d", "w"]
    script.sink.clear()
    assert _lines(script, code, CLEW_LOG_LEVEL="ERROR") == []


def test_logs_can_be_switched_off(script: Script) -> None:
    """OTEL_LOGS_EXPORTER=none: lines are written, none exported."""
    assert _lines(script, "log.info('i')", OTEL_LOGS_EXPORTER="none") == ["i"]
    assert script.sink.logs() == []


@pytest.fixture
def plain_logging() -> object:
    """The loggers that a test changes, put back after it."""
    names = ("", "uvicorn", "uvicorn.error", "uvicorn.access", "gunicorn.error", "shop")
    loggers = [logging.getLogger(name) for name in names]
    before = [(one.handlers[:], one.propagate, one.level, one.disabled) for one in loggers]
    yield
    for one, (handlers, propagate, level, disabled) in zip(loggers, before, strict=True):
        one.handlers[:], one.propagate, one.disabled = handlers, propagate, disabled
        one.setLevel(level)


def test_restore(plain_logging: object) -> None:
    """`restore` puts handlers, propagation and levels back as they were."""
    from clew._logging_setup import LoggingSetup
    from clew.logs import ClewHandler, JsonFormatter

    own, file = logging.StreamHandler(), logging.NullHandler()
    uvicorn, shop = logging.getLogger("uvicorn"), logging.getLogger("shop")
    for one in (uvicorn, shop):
        one.handlers[:] = [own, file]
        one.propagate = False
        one.setLevel(logging.ERROR)
    root = logging.getLogger()
    root_before = (root.handlers[:], root.level)
    handler = ClewHandler(JsonFormatter("s"), None)
    setup = LoggingSetup(handler, logging.INFO, json_lines=True, access_log=True)
    setup.adopt()
    setup.adopt()
    assert root.handlers.count(handler) == 1
    assert own not in uvicorn.handlers
    assert file in uvicorn.handlers
    setup.restore()
    assert (root.handlers, root.level) == root_before
    for one in (uvicorn, shop):
        assert (one.handlers, one.propagate, one.level) == ([own, file], False, logging.ERROR)


def test_uvicorn_lines(script: Script) -> None:
    """uvicorn's own lines are clew's too, in one form, and its access lines give way to clew's."""
    code = """
import uvicorn
config = uvicorn.Config("shop:app")
logging.getLogger("uvicorn.error").info("Started")
logging.getLogger("uvicorn.access").info("access")
"""
    script(_START + code)
    lines = [(line["logger"], line["message"]) for line in script.log_lines]
    assert lines == [("uvicorn.error", "Started")]


def test_json_lines_are_whole(script: Script) -> None:
    """Every line on standard output is one JSON object."""
    script(_START + "for n in range(100): log.info('line %d\\nwith a break', n)")
    assert [line["message"] for line in script.log_lines][7] == "line 7\nwith a break"
    assert len(script.log_lines) == 100
