"""The inventory, as the saga wants it: over gRPC."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import grpc

from demo_services.inventory.generated import inventory_pb2 as pb
from demo_services.inventory.generated import inventory_pb2_grpc as pb_grpc
from demo_services.orders.order import Order
from demo_services.orders.saga import Refused
from demo_services.shared.downstream import Downstream, Patience

T = TypeVar("T")

# What the inventory refuses for good reason, as HTTP says it. The rest means that it is unwell.
_REFUSALS = {
    grpc.StatusCode.INVALID_ARGUMENT: 422,
    grpc.StatusCode.NOT_FOUND: 404,
    grpc.StatusCode.FAILED_PRECONDITION: 409,
    grpc.StatusCode.ABORTED: 409,
}


class GrpcGoods:
    """Each call has a deadline, retries and a breaker."""

    def __init__(self, channel: grpc.Channel, patience: Patience) -> None:
        stub: Callable[[grpc.Channel], Any] = pb_grpc.InventoryStub
        self._stub = stub(channel)
        self._timeout_s = patience.read_s
        self._downstream = Downstream("inventory", patience, (grpc.RpcError,))

    def reserve(self, order: Order) -> int:
        items = [pb.Item(sku=sku, quantity=count) for sku, count in order.items.items()]
        request = pb.ReserveRequest(order=order.key, items=items)
        return int(self._call(self._stub.Reserve, request).amount_cents)

    def release(self, order: Order) -> None:
        self._call(self._stub.Release, pb.ReleaseRequest(order=order.key))

    def _call(self, method: Callable[..., T], request: object) -> T:
        answer = self._downstream.call(lambda: self._once(method, request))
        if isinstance(answer, Refused):
            raise answer
        return answer

    def _once(self, method: Callable[..., T], request: object) -> T | Refused:
        try:
            return method(request, timeout=self._timeout_s)
        except grpc.RpcError as error:
            status = _REFUSALS.get(error.code())
            if status is None:
                raise
            return Refused(status, error.details() or "the inventory refused")
