"""Payments, as the saga wants them: over REST."""

from __future__ import annotations

from urllib.parse import quote

from demo_services.orders.order import Order
from demo_services.orders.saga import Refused
from demo_services.shared.http import HttpService
from demo_services.shared.settings import Secret


class HttpMoney:
    """Charges are safe to ask for twice: payments makes one for each order."""

    def __init__(self, service: HttpService, token: Secret) -> None:
        self._service = service
        self._headers = {"Authorization": f"Bearer {token.reveal()}"} if token else {}

    def charge(self, order: Order) -> None:
        body = {"order": order.key, "user_id": order.user_id, "amount_cents": order.amount_cents}
        answer = self._service.ask("POST", "/charges", body, self._headers)
        if answer.status_code >= 400:
            raise Refused(answer.status_code, answer.json()["detail"])

    def refund(self, order: Order) -> None:
        self._service.ask("POST", f"/charges/{quote(order.key)}/refund", headers=self._headers)
