"""`status`: what it says of each component."""

import json
import os

from stack._process import identity
from stack._state import Record
from stack._status import as_json, as_table, statuses


def record(name: str, who: str | None = None) -> Record:
    """A record of this very process, or of one that is gone."""
    return Record(
        name=name,
        pid=os.getpid(),
        identity=who if who is not None else (identity(os.getpid()) or ""),
        started=1000.0,
        command=("run",),
        ports={"HTTP": 80},
        ready_url=f"http://{name}",
    )


def test_each_state_has_its_word() -> None:
    """Running and ready, running but not ready, ended and never started are told apart."""
    records = {"a": record("a"), "b": record("b"), "c": record("c", who="gone")}
    found = statuses(["a", "b", "c", "d"], records, now=1090.0, probe=lambda url: url == "http://a")
    assert [(s.name, s.state, s.ready) for s in found] == [
        ("a", "running", True),
        ("b", "running", False),
        ("c", "ended", False),
        ("d", "not started", False),
    ]
    assert found[0].uptime == 90.0
    assert found[2].pid is None


def test_json_holds_what_a_program_needs() -> None:
    """The JSON is an array of objects with state, readiness, pid, uptime and ports."""
    found = statuses(["a"], {"a": record("a")}, now=1001.0, probe=lambda _: True)
    assert json.loads(as_json(found)) == [
        {
            "name": "a",
            "state": "running",
            "ready": True,
            "pid": os.getpid(),
            "uptime": 1.0,
            "ports": {"HTTP": 80},
        }
    ]


def test_the_table_has_a_line_for_each() -> None:
    """The table shows names, ports and a spelled uptime under a head line."""
    found = statuses(["a", "d"], {"a": record("a")}, now=1090.0, probe=lambda _: True)
    head, first, second = as_table(found).splitlines()
    assert head.split() == ["NAME", "STATE", "READY", "PID", "UPTIME", "PORTS"]
    assert "1 min 30 s" in first
    assert "80 (HTTP)" in first
    assert second.split() == ["d", "not", "started", "no", "-", "-", "-"]
