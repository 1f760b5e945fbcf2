"""Logs for the administrator: one JSON object a line, about requests and errors, never about people.

Addresses are logged by their endpoint, without arguments; forms, names and search words are not logged at all.
"""

from __future__ import annotations

import logging
import time

from flask import Flask, g, request
from flask_login import current_user
from pythonjsonlogger.json import JsonFormatter
from werkzeug.wrappers import Response

log = logging.getLogger("portal.requests")


def init() -> None:
    """Send the log of this process to standard error, as JSON."""
    handler = logging.StreamHandler()
    handler.setFormatter(JsonFormatter("%(asctime)s %(levelname)s %(name)s %(message)s"))
    logging.basicConfig(level=logging.INFO, handlers=[handler])
    for chatty in ("alembic", "flask_appbuilder", "weasyprint", "fontTools"):
        logging.getLogger(chatty).setLevel(logging.WARNING)


def init_app(app: Flask) -> None:
    @app.before_request
    def _start() -> None:
        g.started = time.perf_counter()

    @app.after_request
    def _tell(response: Response) -> Response:
        if request.endpoint != "static":
            log.info(
                "request",
                extra={
                    "method": request.method,
                    "endpoint": request.endpoint,
                    "status": response.status_code,
                    "ms": round((time.perf_counter() - g.get("started", time.perf_counter())) * 1000, 1),
                    "account": getattr(current_user, "id", None),
                },
            )
        return response
