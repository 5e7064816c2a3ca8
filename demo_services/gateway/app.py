"""The door of the shop: takes requests in and asks the services behind it."""

from __future__ import annotations

import logging
import os
import uuid
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import Depends, FastAPI, Header, HTTPException
from fastapi.responses import Response

import clew.auto  # noqa: F401  the one line that gives this service its telemetry
from demo_services.gateway._settings import Settings
from demo_services.gateway.limit import RateLimit
from demo_services.gateway.products import Products
from demo_services.orders.request import FAILED_DEPENDENCY, OrderRequest
from demo_services.shared import admin, consul
from demo_services.shared.downstream import ServerFailed, Unavailable
from demo_services.shared.edge import Edge
from demo_services.shared.http import HttpService

logger = logging.getLogger(__name__)


def create_app(settings: Settings) -> FastAPI:
    """The gateway, in front of the services that `settings` names."""
    users = HttpService("users", settings.users_url, settings.users)
    orders = HttpService("orders", settings.orders_url, settings.orders)
    products = Products(HttpService("catalog", settings.catalog_url, settings.catalog))
    limit = Depends(RateLimit(settings.rate_limit, settings.redis_url))
    app = FastAPI(title="gateway", dependencies=[limit])
    app.add_middleware(Edge)

    # Plain `def`: FastAPI runs these in its thread pool, where `requests` may block.

    @app.get("/users/{user_id}")
    def get_user(user_id: int) -> Response:
        return passed_on(users, "GET", f"/users/{user_id}")

    @app.post("/users/")
    def create_user(user: dict[str, Any]) -> Response:
        return passed_on(users, "POST", "/users/", user, attempts=1)

    @app.get("/products")
    def get_products() -> dict[str, Any]:
        return products.all()

    @app.post("/orders", status_code=201)
    def place_order(
        wanted: OrderRequest,
        response: Response,
        key: Annotated[str, Header(alias="Idempotency-Key", min_length=1, max_length=80)] = "",
    ) -> dict[str, Any]:
        key = key or uuid.uuid4().hex
        asked(users, "GET", f"/users/{wanted.user_id}")
        body = wanted.model_dump()
        answer = asked(orders, "POST", "/orders", body, {"Idempotency-Key": key})
        response.status_code = answer.status_code
        return {**answer.json(), **products.described(list(wanted.by_sku()))}

    @app.get("/orders/{key}")
    def get_order(key: str) -> Response:
        return passed_on(orders, "GET", f"/orders/{quote(key, safe='')}")

    @app.get("/fail")
    def fail() -> None:
        logger.info("about to fail on purpose")
        raise RuntimeError("nobody handles this error; it was raised to show what one looks like")

    return app


def passed_on(service: HttpService, method: str, path: str, *args: Any, **kwargs: Any) -> Response:
    """The service's answer as it is, refusals included."""
    answer = ask(service, method, path, *args, **kwargs)
    kind = answer.headers.get("Content-Type", "application/json")
    return Response(answer.content, answer.status_code, media_type=kind)


def asked(service: HttpService, method: str, path: str, *args: Any) -> Any:
    """The service's answer, if it is none of refusal; else the refusal, as this request's own."""
    answer = ask(service, method, path, *args)
    if answer.status_code == FAILED_DEPENDENCY:
        why = f"the order is cancelled: {answer.json()['detail']}; please order again"
        raise HTTPException(503, why)
    if answer.status_code >= 400:
        raise HTTPException(answer.status_code, answer.json()["detail"])
    return answer


def ask(service: HttpService, method: str, path: str, *args: Any, **kwargs: Any) -> Any:
    """Ask, or answer 502 or 503 with the reason; the cause itself goes to the log only."""
    logger.info("asking %s: %s %s", service.name, method, path)
    try:
        return service.ask(method, path, *args, **kwargs)
    except Unavailable as error:
        failed = error.__cause__
        if isinstance(failed, ServerFailed):
            raise HTTPException(502, f"the {service.name} service {str(failed)[3:]}") from error
        raise HTTPException(503, str(error), {"Retry-After": "5"}) from error


app = create_app(Settings.from_environ(consul.settings(os.environ)))
admin.start(os.environ)
