"""The gRPC face of the stock."""

from __future__ import annotations

import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NoReturn

import grpc

from demo_services.inventory import stock
from demo_services.inventory.generated import inventory_pb2 as pb
from demo_services.inventory.generated import inventory_pb2_grpc as pb_grpc
from demo_services.shared.edge import MAX_BODY
from demo_services.shared.faults import FAULTS

logger = logging.getLogger(__name__)

_CODES = {
    stock.UnknownGoods: grpc.StatusCode.NOT_FOUND,
    stock.NotEnough: grpc.StatusCode.FAILED_PRECONDITION,
    stock.ReleasedBefore: grpc.StatusCode.ABORTED,
}


class Inventory(pb_grpc.InventoryServicer):
    """Checks what was asked, asks the stock room, and says why where it can't be done."""

    def __init__(self, room: stock.StockRoom) -> None:
        self._room = room

    def Reserve(self, request: pb.ReserveRequest, context: grpc.ServicerContext) -> pb.Reservation:
        FAULTS.strike()
        items = self._items(request, context)
        try:
            amount = self._room.reserve(_order(request.order, context), items)
        except stock.Refused as refused:
            logger.warning("order %s: %s", request.order, refused)
            context.abort(_CODES[type(refused)], str(refused))
        logger.info("reserved goods for order %s", request.order)
        return pb.Reservation(amount_cents=amount)

    def Release(self, request: pb.ReleaseRequest, context: grpc.ServicerContext) -> pb.Released:
        FAULTS.strike()
        held = self._room.release(_order(request.order, context))
        logger.info("released order %s", request.order)
        return pb.Released(held=held)

    def GetStock(self, request: pb.StockRequest, context: grpc.ServicerContext) -> pb.Stock:
        FAULTS.strike()
        return pb.Stock(levels=[pb.Level(**vars(level)) for level in self._room.levels()])

    def _items(self, request: pb.ReserveRequest, context: Any) -> dict[str, int]:
        items: dict[str, int] = {}
        for item in request.items:
            if not 1 <= item.quantity <= stock.MAX_QUANTITY:
                _invalid(context, f"quantity {item.quantity} is not from 1 to {stock.MAX_QUANTITY}")
            if item.sku in items:
                _invalid(context, f"{item.sku!r} stands there twice")
            items[item.sku] = item.quantity
        if not items:
            _invalid(context, "an order needs at least one item")
        return items


def _order(key: str, context: Any) -> str:
    if not 1 <= len(key) <= 80:
        _invalid(context, "the order's key must have 1 to 80 characters")
    return key


def _invalid(context: Any, why: str) -> NoReturn:
    logger.warning("refused: %s", why)
    context.abort(grpc.StatusCode.INVALID_ARGUMENT, why)
    raise AssertionError("abort raises")


def serve(room: stock.StockRoom, address: str) -> tuple[grpc.Server, int]:
    """A running server at `address`, and its port."""
    pool = ThreadPoolExecutor(8, thread_name_prefix="grpc")
    server = grpc.server(pool, options=[("grpc.max_receive_message_length", MAX_BODY)])
    add: Callable[[Any, grpc.Server], None] = pb_grpc.add_InventoryServicer_to_server
    add(Inventory(room), server)
    port = server.add_insecure_port(address)
    server.start()
    return server, port
