"""From where a request comes, as far as the portal can know."""

from __future__ import annotations

import pytest
from flask import Flask, request

from app.accounts import sessions
from app.kernel.access import PUBLIC


@pytest.mark.parametrize(("proxies", "believed"), [(0, "127.0.0.1"), (1, "10.0.0.9"), (2, "10.0.0.8")])
def test_only_ones_own_proxies_are_believed(proxies, believed):
    app = Flask("portal")
    app.config.update(HOSTS=("localhost",), ANY_ADDRESS=True)
    app.extensions["doors"] = {"where": PUBLIC}
    app.add_url_rule("/", "where", lambda: f"{request.remote_addr} {request.host}")
    sessions.init_app(app, proxies, ())
    sent = {"X-Forwarded-For": "1.2.3.4, 10.0.0.8, 10.0.0.9", "X-Forwarded-Host": "evil.example"}
    assert app.test_client().get("/", headers=sent).text == f"{believed} localhost"
