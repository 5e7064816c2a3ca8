"""A lens inside the test's own process: sent to and asked without sockets."""

from __future__ import annotations

import gzip
import json
import time
from typing import Any

from starlette.testclient import TestClient

from clew_lens.api import app as api
from clew_lens.otlp import http as receiver
from clew_lens.otlp.intake import Intake
from clew_lens.otlp.limits import Limits
from clew_lens.store import Database, Writer

JSON = {"content-type": "application/json"}
PROTOBUF = {"content-type": "application/x-protobuf"}
SECOND = 1_000_000_000


class Bench:
    """Sends OTLP and asks the query API. `now` is the start of the test, in nanoseconds."""

    def __init__(self, path: str = "memory", limits: Limits | None = None) -> None:
        self.now = time.time_ns()
        self.database = Database(path)
        self.writer = Writer(self.database, interval=0.001)
        self.writer.start()
        self.intake = Intake(self.writer, limits)
        self.receiver = TestClient(receiver.app(self.intake))
        self.api = TestClient(api.app(self.database))

    def post(self, path: str, body: bytes, **headers: str) -> Any:
        """The raw answer to raw bytes; header names with `_` for `-`."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.receiver.post(path, content=body, headers={**PROTOBUF, **named})

    def send(self, path: str, message: dict[str, Any], *, compress: bool = False) -> Any:
        """Send a message in JSON, wait until it is stored, return the decoded answer."""
        body, headers = json.dumps(message).encode(), dict(JSON)
        if compress:
            body, headers["content-encoding"] = gzip.compress(body), "gzip"
        answer = self.receiver.post(path, content=body, headers=headers)
        assert answer.status_code == 200, answer.text
        assert self.writer.flush(), "the writer did not commit in time"
        return answer.json()

    def get(self, path: str, **params: Any) -> Any:
        """The decoded answer to a question that must succeed."""
        answer = self.ask(path, **params)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def ask(self, path: str, **params: Any) -> Any:
        """The raw answer to a question. A parameter `from` is written `from_`."""
        named = {name.rstrip("_"): value for name, value in params.items()}
        return self.api.get(f"/api/v1{path}", params=named)

    def count(self, table: str) -> int:
        """Rows stored in a table."""
        with self.database.reader() as read:
            return int(read.one(f"SELECT count(*) FROM {table}")[0])

    def close(self) -> None:
        """Stop the writer and close the store."""
        self.writer.stop()
        self.database.close()
