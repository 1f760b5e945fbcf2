"""A program of the office, calling the API with a key of somebody's account."""

from __future__ import annotations

import json
from datetime import date, timedelta
from typing import Any

from sqlalchemy import select
from werkzeug.test import TestResponse

from app.accounts.models import Account
from app.api import gate, keys
from app.kernel.db import db, today, transaction
from app.kernel.scope import as_system
from tests.world import World

ROOT = "/api/v1"


def a_key(world: World, username: str, expires_on: date | None = None) -> str:
    """The secret of a new key of ``username``."""
    with world.app.app_context(), as_system("test"), transaction():
        account = db.session.scalars(select(Account).where(Account.username == username)).one()
        secret, wrong = keys.make(account, "门禁系统", expires_on or today() + timedelta(days=30))
        assert not wrong, wrong
        return secret


class Program:
    """Calls as ``username``, as often as it likes; bodies are sent as JSON."""

    def __init__(self, world: World, username: str = "office_staff") -> None:
        world.app.extensions["api_limits"] = gate.Limits(10**6, 10**6)
        self._client = world.app.test_client(use_cookies=False)
        self.headers = {"Authorization": f"Bearer {a_key(world, username)}"}

    def call(self, method: str, path: str, body: Any = None, **more: Any) -> TestResponse:
        if body is not None:
            more |= {"data": json.dumps(body), "content_type": "application/json"}
        address = path if path.startswith("/api") else ROOT + path
        return self._client.open(address, method=method, headers=self.headers, **more)

    def get(self, path: str, **asked: Any) -> TestResponse:
        return self.call("GET", path, query_string=asked)

    def post(self, path: str, **body: Any) -> TestResponse:
        return self.call("POST", path, body)

    def patch(self, path: str, **body: Any) -> TestResponse:
        return self.call("PATCH", path, body)

    def delete(self, path: str) -> TestResponse:
        return self.call("DELETE", path)
