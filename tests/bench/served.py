"""What gunicorn serves for the bench: the portal as it is, with the bench's register, and the Django admin."""

from __future__ import annotations

import os
from typing import Any

ADDRESS = "BENCH_ADDRESS"


def portal() -> Any:
    from app.portal import build
    from tests.bench import registers

    registers.declare()
    return registers.a_portal(os.environ[ADDRESS], build)


def admin() -> Any:
    from tests.bench import office

    office.configure(os.environ[ADDRESS])
    from django.core.handlers.wsgi import WSGIHandler

    return WSGIHandler()


def bare() -> Any:
    from tests.bench import bare

    return bare.application(os.environ[ADDRESS])
