"""Tells what the shop has, with Flask. Telemetry comes from outside: `clew run gunicorn …`."""

from __future__ import annotations

import json
import logging
from typing import Any

from flask import Flask, Response, abort, jsonify, request
from werkzeug.exceptions import HTTPException

from demo_services.shared.edge import MAX_BODY
from demo_services.shared.faults import FAULTS

logger = logging.getLogger(__name__)

PRODUCTS = {
    "clew": "A ball of thread, to find the way back",
    "lantern": "Light for long corridors",
    "map": "Of the labyrinth, not to scale",
    "sword": "In case somebody lives there",
}


def create_app() -> Flask:
    """The service; its products never change."""
    app = Flask("catalog")
    app.config["MAX_CONTENT_LENGTH"] = MAX_BODY

    @app.before_request
    def suffer() -> None:
        FAULTS.strike()

    @app.get("/products")
    def products() -> Response:
        """All, or those that `?sku=…&sku=…` names."""
        wanted = set(request.args.getlist("sku")) or PRODUCTS.keys()
        found = [_product(sku) for sku in PRODUCTS if sku in wanted]
        logger.info("showing %d products", len(found))
        return jsonify(found)

    @app.get("/products/<sku>")
    def product(sku: str) -> Response:
        if sku not in PRODUCTS:
            logger.warning("no product %r", sku[:40])
            abort(404, "There is no such product")
        return jsonify(_product(sku))

    @app.errorhandler(HTTPException)
    def say_why(error: HTTPException) -> Any:
        body = json.dumps({"detail": error.description})
        return Response(body, error.code, content_type="application/json")

    return app


def _product(sku: str) -> dict[str, str]:
    return {"sku": sku, "description": PRODUCTS[sku]}


app = create_app()
