"""Takes money over REST. Telemetry is none of its business: `clew run` adds it from outside."""

from __future__ import annotations

import hmac
import logging
import os
import random
from collections.abc import Callable

from fastapi import Depends, FastAPI, Header, HTTPException, Response
from pydantic import BaseModel, Field

from demo_services.payments._settings import Settings
from demo_services.payments.ledger import Charge, Ledger, State
from demo_services.shared import admin, consul, database
from demo_services.shared.edge import Edge
from demo_services.shared.faults import FAULTS

logger = logging.getLogger(__name__)


class Wanted(BaseModel):
    """A charge that is asked for."""

    order: str = Field(min_length=1, max_length=80)
    user_id: int
    amount_cents: int = Field(gt=0, le=100_000_000)


def create_app(
    settings: Settings, ledger: Ledger, chance: Callable[[], float] = random.random
) -> FastAPI:
    """The service. `chance` gives numbers from 0 to 1, against which declines are drawn."""

    def check_token(authorization: str = Header("")) -> None:
        expected = f"Bearer {settings.token.reveal()}"
        if settings.token and not hmac.compare_digest(authorization.encode(), expected.encode()):
            raise HTTPException(401, "the token is missing or wrong")

    app = FastAPI(title="payments", dependencies=[Depends(check_token)])
    app.add_middleware(Edge)

    @app.post("/charges", status_code=201)
    def charge(wanted: Wanted, response: Response) -> Charge:
        declined = chance() < max(settings.decline_rate, FAULTS.level("payment-decline"))
        state: State = "declined" if declined else "charged"
        made = ledger.charge(Charge(wanted.order, wanted.user_id, wanted.amount_cents, state))
        if made.state == "declined":
            logger.warning("declined the charge for order %s", wanted.order)
            raise HTTPException(402, "the payment was declined")
        if made.state == "refunded":
            raise HTTPException(409, "the order was given up; it can't be charged any more")
        if (made.user_id, made.amount_cents) != (wanted.user_id, wanted.amount_cents):
            raise HTTPException(409, "the order was charged before, with another amount or user")
        logger.info("charged %d cents for order %s", made.amount_cents, made.order)
        return made

    @app.post("/charges/{order}/refund")
    def refund(order: str) -> Charge:
        refunded = ledger.refund(order)
        logger.info("order %s is %s", order, refunded.state)
        return refunded

    @app.get("/charges/{order}")
    def get_charge(order: str) -> Charge:
        found = ledger.find(order)
        if found is None:
            raise HTTPException(404, "there is no charge for this order")
        return found

    return app


def from_environ() -> FastAPI:
    """The service as the environment wants it: `uvicorn --factory`."""
    settings = Settings.from_environ(consul.settings(os.environ))
    admin.start(os.environ)
    return create_app(settings, Ledger(database.connect(settings.database_url)))
