"""An order is done wholly or not at all, whatever happens at each of its steps."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from demo_services.orders.order import Order
from demo_services.orders.request import FAILED_DEPENDENCY
from demo_services.orders.store import Overtaken
from demo_services.shared import database, telemetry
from demo_services.shared.settings import Secret
from tests.demo_services.books import Books, Trouble

TWO = {"clew": 2, "map": 1}


@pytest.fixture
def books(engine: Engine) -> Books:
    """Books without trouble."""
    return Books(engine, Trouble(random.Random(1)))


def test_an_order_is_held_paid_confirmed_and_told(books: Books) -> None:
    """Its goods are sold, its price is charged, its customer knows."""
    order = books.place("a", TWO)
    assert order is not None
    assert (order.state, order.amount_cents) == ("confirmed", 207)
    books.deliver()
    assert books.check() == {"confirmed": 1}


def test_a_declined_payment_gives_the_goods_back(
    books: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both compensations run, and are told; the customer learns why."""
    told: list[str] = []
    monkeypatch.setattr(telemetry, "compensated", lambda step, order: told.append(step))
    order = books.place("a", TWO, user_id=13)
    assert order is not None
    assert (order.state, order.status) == ("cancelled", 402)
    assert order.reason == "the payment was declined"
    assert told == ["payment", "goods"]
    assert books.check() == {"cancelled": 1}


def test_too_little_stock_cancels(books: Books) -> None:
    """Of two goods one is short: neither is held, nothing is charged."""
    order = books.place("a", {"clew": 1, "map": 351})
    assert order is not None
    assert (order.state, order.reason) == ("cancelled", "not enough of 'map' is left")
    assert books.check() == {"cancelled": 1}


@pytest.mark.parametrize("step", range(2), ids=["reserve", "charge"])
@pytest.mark.parametrize("how", ["before", "after"])
def test_a_step_without_an_answer_is_taken_back(books: Books, step: int, how: str) -> None:
    """Whether or not it was done: nothing is held, nothing charged."""
    books.trouble.script = [*([""] * step), how]
    order = books.place("a", TWO)
    assert order is not None
    assert (order.state, order.status) == ("cancelled", FAILED_DEPENDENCY)
    assert books.check() == {"cancelled": 1}


@pytest.mark.parametrize("step", range(2), ids=["refund", "release"])
@pytest.mark.parametrize("how", ["before", "after"])
def test_a_compensation_without_an_answer_is_done_later(books: Books, step: int, how: str) -> None:
    """The order rests, then it is cancelled."""
    books.trouble.script = ["", "", *([""] * step), how]
    order = books.place("a", TWO, user_id=13)
    assert order is not None
    assert order.state == "compensating"
    assert books.store.backlog() == (1, 0)
    books.recover()
    assert books.check() == {"cancelled": 1}


@pytest.mark.parametrize("step", range(2), ids=["reserve", "charge"])
@pytest.mark.parametrize("how", ["killed before", "killed after"])
def test_what_a_killed_process_left_is_finished(books: Books, step: int, how: str) -> None:
    """Another one goes on, once, as if nothing had been."""
    books.trouble.script = [*([""] * step), how]
    assert books.place("a", TWO) is None
    books.now += 1
    assert books.store.abandoned() == []  # somebody may still be at work
    books.recover()
    books.deliver()
    assert books.check() == {"confirmed": 1}


def test_a_late_charge_of_a_cancelled_order_is_refused(books: Books) -> None:
    """Given up by one process, it can't be paid by another."""
    books.place("a", TWO, user_id=13)
    late = Order("a", 13, TWO, "reserved", 207)
    with pytest.raises(Overtaken):
        books.store.move(late, "confirmed")
    assert books.ledger.charge(books.ledger.refund("b")).state == "refunded"
    assert not books.room.release("a")


def test_events_wait_for_the_broker(books: Books) -> None:
    """Nothing is lost while it is down, and nothing is sent twice for no reason."""
    books.bus.down = True
    books.place("a", TWO)
    books.deliver()
    assert books.store.backlog() == (0, 1)
    books.bus.down = False
    books.deliver()
    books.deliver()
    assert books.check() == {"confirmed": 1}


@pytest.mark.long
def test_a_thousand_orders_balance(engine: Engine) -> None:
    """Answers lost, processes killed, the broker down, at random: none is lost or paid twice."""
    chance = random.Random(20261123)
    books = Books(engine, Trouble(chance, lost=0.1, killed=0.05))
    for number in range(1000):
        books.bus.down = chance.random() < 0.3
        items = {sku: chance.randint(1, 2) for sku in chance.sample(("clew", "map"), 1)}
        books.place(f"order-{number}", items, user_id=chance.choice((1, 2, 13)))
        if number % 20 == 0:
            books.recover()
            books.deliver()
    books.settle()
    ends = books.check()
    assert sum(ends.values()) == 1000
    assert min(ends["confirmed"], ends["cancelled"]) > 100


EVENT = st.sampled_from(["", "before", "after", "killed before", "killed after"])


@given(script=st.lists(EVENT, max_size=8), user_id=st.sampled_from((1, 13)), twice=st.booleans())
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
def test_no_sequence_of_trouble_breaks_the_books(
    tmp_path_factory: pytest.TempPathFactory, script: list[str], user_id: int, twice: bool
) -> None:
    """Any troubles at any steps of two orders, and messages that come twice."""
    folder: Path = tmp_path_factory.mktemp("books")
    made = database.connect(Secret(f"sqlite:///{folder}/test.db"))
    books = Books(made, Trouble(random.Random(1), script=list(script)))
    books.place("a", TWO, user_id)
    books.place("b", {"clew": 399})
    books.recover()
    waiting = books.store.waiting()
    books.settle()
    if twice:
        for each in waiting:
            books.bus.publish(each.message)
        books.deliver()
    assert sum(books.check().values()) == 2
    made.dispose()
