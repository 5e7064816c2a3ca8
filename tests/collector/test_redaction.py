"""The gateway masks what no backend may hold, and nothing else, in spans and in log records."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.collector.redaction_corpus import KEPT, KEPT_ATTRIBUTES, MASKED, MASKED_KEYS
from tests.collector.running import gateway, wait_until
from tests.collector.sending import attributes, logs, post, record, span, traces
from tests.support.otlp_grpc_sink import otlp_grpc_sink
from tests.support.otlp_sink import Item, otlp_sink, plain, plain_attributes

pytestmark = pytest.mark.backends

TEXTS = [text for text, _, _ in MASKED] + KEPT
CARD, MAIL = "4111111111111111", "ada@example.com"


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[list[Item], list[Item]]]:
    """The corpus, one span and one log record a text, as the backends got it; then the keys."""
    with otlp_sink() as http, otlp_grpc_sink() as grpc:
        folder = tmp_path_factory.mktemp("gateway")
        with gateway(folder, jaeger=grpc.url, loki=http.url, prometheus=http.url) as it:
            keys = dict.fromkeys(MASKED_KEYS, "hidden") | KEPT_ATTRIBUTES
            spans = [span(attributes={"n": n, "text": t}) for n, t in enumerate(TEXTS)]
            lines = [record(t, attributes={"n": n, "text": t}) for n, t in enumerate(TEXTS)]
            events = [
                {"name": "exception", "attributes": attributes({"exception.message": MAIL})},
            ]
            status = {"code": 2, "message": f"declined {CARD} of {MAIL} at /pay?cvv=123"}
            listed = {**keys, "list": [CARD, "kept"], "number": int(CARD)}
            spans.append(span(f"GET /find?mail={MAIL}", attributes=listed, status=status))
            spans[-1]["events"] = events
            lines.append(record({"to": MAIL, "n": 1, "in": {"card": CARD}}, attributes=keys))
            assert post(f"{it.http}/v1/traces", traces(spans, owner=MAIL)) == 200
            assert post(f"{it.http}/v1/logs", logs(lines, owner=MAIL)) == 200
            wait_until(lambda: len(grpc.spans()) == len(http.logs()) == len(TEXTS) + 1)
            yield grpc.spans(), http.logs()


def _texts(stored: tuple[list[Item], list[Item]], number: int) -> list[Any]:
    spans, lines = stored
    (of_span,) = [s.attributes["text"] for s in spans if s.attributes.get("n") == number]
    ((of_line, body),) = [
        (r.attributes["text"], plain(r.data.body)) for r in lines if r.attributes.get("n") == number
    ]
    return [of_span, of_line, body]


@pytest.mark.parametrize("number", range(len(MASKED)), ids=[text[:30] for text, _, _ in MASKED])
def test_what_is_private_is_masked(stored: tuple[list[Item], list[Item]], number: int) -> None:
    """In a span's attribute, a record's attribute and its body; what stands around it stays."""
    _, gone, kept = MASKED[number]
    for text in _texts(stored, number):
        assert gone not in text
        assert "****" in text
        assert kept in text


@pytest.mark.parametrize("number", range(len(KEPT)), ids=[text[:30] for text in KEPT])
def test_what_is_not_private_stays(stored: tuple[list[Item], list[Item]], number: int) -> None:
    """Ids, numbers, routes and ordinary sentences are what on-call reads."""
    for text in _texts(stored, len(MASKED) + number):
        assert text == KEPT[number]


def test_values_of_telling_keys_are_masked(stored: tuple[list[Item], list[Item]]) -> None:
    """Whatever stands in them."""
    for item in (stored[0][-1], stored[1][-1]):
        for key in MASKED_KEYS:
            assert item.attributes[key] == "****", key


def test_other_attributes_keep_value_and_type(stored: tuple[list[Item], list[Item]]) -> None:
    """The thread and the conventions' attributes first of all."""
    for item in (stored[0][-1], stored[1][-1]):
        for key, value in KEPT_ATTRIBUTES.items():
            assert item.attributes[key] == value, key
            assert type(item.attributes[key]) is type(value), key


def test_the_other_places_of_a_span(stored: tuple[list[Item], list[Item]]) -> None:
    """Its name, status, events, lists, numbers and resource."""
    last = stored[0][-1]
    assert last.data.name == "GET /find****"
    assert last.data.status.message == "declined **** of **** at /pay****"
    assert plain_attributes(last.data.events[0].attributes) == {"exception.message": "****"}
    assert "kept" in last.attributes["list"] and CARD not in last.attributes["list"]
    assert last.attributes["number"] == "****"
    assert last.resource["owner"] == "****"


def test_a_structured_body(stored: tuple[list[Item], list[Item]]) -> None:
    """Each value in it, at any depth."""
    last = stored[1][-1]
    assert plain(last.data.body) == {"to": "****", "n": 1, "in": {"card": "****"}}
    assert last.resource["owner"] == "****"
