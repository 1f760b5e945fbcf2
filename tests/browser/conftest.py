"""A real browser before a running portal: its own server, its own database, and people who log in."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Thread
from typing import TYPE_CHECKING

import pytest
from flask import Flask
from playwright.sync_api import Browser, ConsoleMessage, Page, Request, Response, expect, sync_playwright
from sqlalchemy import select
from werkzeug.serving import WSGIRequestHandler, make_server
from werkzeug.test import run_wsgi_app

from app.accounts.models import Account
from app.accounts.operations import give_password
from app.kernel.db import db, transaction
from app.kernel.scope import as_system
from app.roles import Role
from tests.browser import BROWSERS, installed
from tests.rows import IN_COMMUNITY, a_row
from tests.world import PASSWORD, World, close, new_portal

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

ARGUMENTS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--in-process-gpu",  # what draws need not be a process of its own, which takes a tenth of the computing time
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PATIENCE = 30_000
"""Milliseconds: much longer than anything takes, so that a busy machine fails no test."""
expect.set_options(timeout=PATIENCE)
COLLEAGUE = "colleague"
"""A second branch secretary of 春和."""


@dataclass(frozen=True)
class Portal:
    address: str
    world: World


class _Quiet(WSGIRequestHandler):
    def log_request(self, *_of_no_interest: object) -> None:
        pass


@contextmanager
def served(app: Flask) -> Iterator[str]:
    """Serve the portal for the length of the block, at the address that is given."""

    def whole(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        # Sent piece by piece, a file would stay open where the browser goes before it has all of it.
        pieces, status, headers = run_wsgi_app(app, environ, buffered=True)
        start_response(status, headers.to_wsgi_list())
        return pieces

    server = make_server("127.0.0.1", 0, whole, threaded=True, request_handler=_Quiet)
    thread = Thread(target=server.serve_forever, name="portal")
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture(scope="session")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Portal]:
    """The portal as it runs in an office, with a row in every register and one list that is full."""
    folder = tmp_path_factory.mktemp("browser")
    app = new_portal(folder)
    with app.app_context(), as_system("test"):
        world = World(app)
        _let_in(world)
    for register in IN_COMMUNITY:
        if register not in {"community", "account", "notice"}:
            a_row(world, register)
    _fill(world)
    with served(app) as address:
        yield Portal(address, world)
    close(app)


def _let_in(world: World) -> None:
    with transaction():
        db.session.add(Account(username=COLLEAGUE, full_name="钱书记", role=Role.SECRETARY, community_id=world.here.id))
    with transaction():
        for account in db.session.scalars(select(Account)):
            give_password(account, PASSWORD)


def _fill(world: World) -> None:
    """As many volunteers as a page shows, with names and teams of every length."""
    teams = [
        world.make("volunteer_team", name=name, kind="1", service="助老、助残、" * 12) for name in ("红", "蓝" * 60)
    ]
    for number in range(60):
        person = world.person("阿依古丽·买买提明" * (number % 3) or "", phone=f"138{number:08d}", building="3号楼2单元")
        world.make("volunteer", person_id=person, team_id=teams[number % 2])


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """The system's Chromium or Chrome; skips, visibly, where there is none."""
    found = installed()
    if found is None:
        reason = f"no browser for the tests: none of {', '.join(BROWSERS)}"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=ARGUMENTS)
        yield browser
        browser.close()


class Desks:
    """Gives out pages, each of a person (or nobody) at a computer of their own, and notes what they run into.

    The person has logged in before; those who do so in a test use :func:`log_in`.
    """

    def __init__(self, browser: Browser, portal: Portal) -> None:
        self.browser, self.portal = browser, portal
        self.contexts: list[object] = []
        self.requests: list[str] = []
        self.trouble: list[str] = []

    def __call__(self, username: str = "", **options: object) -> Page:
        settings = {"viewport": {"width": 1366, "height": 768}, "locale": "zh-CN", **options}
        context = self.browser.new_context(base_url=self.portal.address, **settings)  # type: ignore[arg-type]
        context.set_default_timeout(PATIENCE)
        context.on("request", self._asked)
        context.on("requestfailed", self._failed)
        context.on("response", self._answered)
        context.on("console", self._said)
        context.on("weberror", lambda error: self.trouble.append(f"script: {error.error}"))
        self.contexts.append(context)
        page = context.new_page()
        if username:
            cookie = self.portal.world.client(username).get_cookie("session")
            assert cookie
            at = {"url": self.portal.address, "httpOnly": cookie.http_only, "sameSite": cookie.same_site}
            context.add_cookies([{"name": cookie.key, "value": cookie.value, **at}])  # type: ignore[typeddict-item]
            page.goto("/")
        return page

    def _asked(self, request: Request) -> None:
        self.requests.append(request.url)
        if not request.url.startswith((f"{self.portal.address}/", "data:image/")):
            self.trouble.append(f"leaves the machine: {request.url}")

    def _failed(self, request: Request) -> None:
        # Pages that are left while a picture still loads.
        if request.failure != "net::ERR_ABORTED":
            self.trouble.append(f"failed: {request.url} {request.failure}")

    def _answered(self, response: Response) -> None:
        if response.status >= 400:
            self.trouble.append(f"{response.status}: {response.url}")

    def _said(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self.trouble.append(f"console: {message.text}")


@pytest.fixture
def desk(browser: Browser, portal: Portal) -> Iterator[Callable[..., Page]]:
    """Whatever a test does: no request leaves the machine or fails, and nothing is complained of in the console."""
    desks = Desks(browser, portal)
    yield desks
    for context in desks.contexts:
        context.close()  # type: ignore[attr-defined]
    assert not desks.trouble


def log_in(page: Page, username: str) -> None:
    page.goto("/login/")
    page.fill("#f-username", username)
    page.fill("#f-password", PASSWORD)
    page.click("main button")
    page.wait_for_url("/")
