"""The inventory holds, gives back and sells, over gRPC, and refuses what makes no sense."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import grpc
import pytest
from sqlalchemy import Engine

from demo_services.inventory import generate, service
from demo_services.inventory.generated import inventory_pb2 as pb
from demo_services.inventory.generated import inventory_pb2_grpc as pb_grpc
from demo_services.inventory.stock import StockRoom
from demo_services.orders.goods import GrpcGoods
from demo_services.orders.order import Order
from demo_services.orders.saga import Refused
from demo_services.shared.downstream import Unavailable
from demo_services.shared.faults import FAULTS
from tests.demo_services.conftest import IMPATIENT


@pytest.fixture
def room(engine: Engine) -> StockRoom:
    return StockRoom(engine, {"clew": (10, 100), "map": (5, 7)})


@pytest.fixture
def goods(room: StockRoom) -> Iterator[GrpcGoods]:
    """The orders service's client, in front of a real server on a free port."""
    server, port = service.serve(room, "127.0.0.1:0")
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        yield GrpcGoods(channel, IMPATIENT)
    server.stop(0).wait()


def levels(room: StockRoom) -> dict[str, tuple[int, int, int]]:
    return {level.sku: (level.free, level.held, level.sold) for level in room.levels()}


def order(key: str = "a", **items: int) -> Order:
    return Order(key, 1, items or {"clew": 2, "map": 1})


def test_goods_are_held_once(goods: GrpcGoods, room: StockRoom) -> None:
    """Asked twice for one order, they are held once, at the same price."""
    assert goods.reserve(order()) == 207
    assert goods.reserve(order()) == 207
    assert levels(room) == {"clew": (8, 2, 0), "map": (4, 1, 0)}


def test_goods_are_given_back_once(goods: GrpcGoods, room: StockRoom) -> None:
    """And nothing can be held for that order any more."""
    goods.reserve(order())
    goods.release(order())
    goods.release(order())
    assert levels(room) == {"clew": (10, 0, 0), "map": (5, 0, 0)}
    with pytest.raises(Refused, match="given up"):
        goods.reserve(order())


def test_a_release_before_its_reservation_stands(goods: GrpcGoods, room: StockRoom) -> None:
    """A reservation that comes late holds nothing."""
    goods.release(order())
    with pytest.raises(Refused, match="given up"):
        goods.reserve(order())
    assert levels(room) == {"clew": (10, 0, 0), "map": (5, 0, 0)}


def test_goods_are_sold_once(goods: GrpcGoods, room: StockRoom) -> None:
    """What is sold is not given back."""
    goods.reserve(order())
    assert room.sell("a")
    assert not room.sell("a")
    goods.release(order())
    assert levels(room) == {"clew": (8, 0, 2), "map": (4, 0, 1)}


@pytest.mark.parametrize(
    ("wanted", "status", "why"),
    [
        (order(sword=1), 404, "no 'sword'"),
        (order(clew=11), 409, "not enough of 'clew'"),
        (order(clew=0), 422, "quantity 0"),
        (order(clew=-5), 422, "quantity -5"),
        (Order("a", 1, {}), 422, "at least one item"),
        (order("x" * 81), 422, "1 to 80 characters"),
        (order(""), 422, "1 to 80 characters"),
    ],
)
def test_what_makes_no_sense_is_refused(
    goods: GrpcGoods, room: StockRoom, wanted: Order, status: int, why: str
) -> None:
    """With the reason, and without holding anything."""
    with pytest.raises(Refused, match=why) as refused:
        goods.reserve(wanted)
    assert refused.value.status == status
    assert levels(room) == {"clew": (10, 0, 0), "map": (5, 0, 0)}


def test_the_same_goods_twice_are_refused(room: StockRoom) -> None:
    """Which of the two numbers would hold?"""
    server, port = service.serve(room, "127.0.0.1:0")
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        stub = pb_grpc.InventoryStub(channel)
        item = pb.Item(sku="clew", quantity=1)
        with pytest.raises(grpc.RpcError, match="stands there twice"):
            stub.Reserve(pb.ReserveRequest(order="a", items=[item, item]), timeout=5)
        with pytest.raises(grpc.RpcError) as refused:
            stub.Reserve(pb.ReserveRequest(order="a" * 70_000, items=[item]), timeout=5)
    assert refused.value.code() == grpc.StatusCode.RESOURCE_EXHAUSTED
    server.stop(0).wait()


def test_an_inventory_that_fails_is_unavailable(goods: GrpcGoods) -> None:
    """Neither an error of its own nor its absence is a refusal."""
    FAULTS.set("errors", 1)
    with pytest.raises(Unavailable, match="the inventory service failed"):
        goods.reserve(order())
    with grpc.insecure_channel("127.0.0.1:1") as nowhere, pytest.raises(Unavailable):
        GrpcGoods(nowhere, IMPATIENT).reserve(order())


def test_generated_code_is_that_of_the_proto(tmp_path: Path) -> None:
    """What is committed is what the generator makes now."""
    pytest.importorskip("grpc_tools")
    generate.generate(tmp_path)
    for made in (tmp_path / generate.FOLDER).iterdir():
        committed = generate.ROOT / generate.FOLDER / made.name
        assert committed.read_text() == made.read_text(), f"run {generate.__name__}: {made.name}"
