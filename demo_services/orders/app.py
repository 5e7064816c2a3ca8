"""Takes orders. Its telemetry comes from outside: `clew run uvicorn …`."""

from __future__ import annotations

import logging
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

import grpc
from fastapi import FastAPI, Header, HTTPException, Response

from demo_services import bus
from demo_services.orders import background
from demo_services.orders._settings import Settings
from demo_services.orders.goods import GrpcGoods
from demo_services.orders.money import HttpMoney
from demo_services.orders.order import FINAL, Order
from demo_services.orders.request import OrderAnswer, OrderRequest
from demo_services.orders.saga import Saga
from demo_services.orders.store import Store
from demo_services.shared import admin, consul, database, messaging
from demo_services.shared.edge import Edge
from demo_services.shared.http import HttpService

logger = logging.getLogger(__name__)
Key = Annotated[str, Header(alias="Idempotency-Key", min_length=1, max_length=80)]


def create_app(store: Store, saga: Saga, outbox: background.Outbox) -> FastAPI:
    """The service, over what it is given."""

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        with background.running(store, saga, outbox):
            yield

    app = FastAPI(title="orders", lifespan=lifespan)
    app.add_middleware(Edge)

    @app.post("/orders", status_code=201)
    def place(wanted: OrderRequest, key: Key, response: Response) -> OrderAnswer:
        order = Order(key, wanted.user_id, wanted.by_sku(), headers=messaging.carried())
        if store.add(order):
            logger.info("order %s is taken", key)
            order = saga.go_on(order)
        else:
            order = before(order, response)
        if order.state not in FINAL:
            response.status_code = 202  # it will be cancelled, or is still under way
        elif order.state == "cancelled":
            raise HTTPException(order.status, order.reason)
        return OrderAnswer.of(order)

    @app.get("/orders/{key}")
    def get_order(key: str) -> OrderAnswer:
        found = store.find(key)
        if found is None:
            raise HTTPException(404, "there is no such order")
        return OrderAnswer.of(found)

    def before(order: Order, response: Response) -> Order:
        """The order that has had this key before; it must be the same."""
        first = store.find(order.key)
        if first is None or not first.same_as(order):
            raise HTTPException(409, "this Idempotency-Key belongs to another order")
        response.status_code = 200
        return first

    return app


def from_environ() -> FastAPI:
    """The service as the environment wants it: `uvicorn --factory`."""
    settings = Settings.from_environ(consul.settings(os.environ))
    admin.start(os.environ)
    store = Store(database.connect(settings.database_url), settings.lease_s)
    payments = HttpService("payments", settings.payments_url, settings.patience)
    saga = Saga(
        store,
        GrpcGoods(grpc.insecure_channel(settings.inventory), settings.patience),
        HttpMoney(payments, settings.payments_token),
    )
    publisher = bus.publisher(settings.bus_url) if settings.bus_url else None
    if publisher is None:
        logger.warning("BUS_URL is not set: events wait in the outbox")
    return create_app(store, saga, background.Outbox(store, publisher))
