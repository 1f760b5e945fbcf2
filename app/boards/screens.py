"""The display screens (电子显示屏): what hangs on a board, turned through for whoever stands before it."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Iterator
from typing import Any

from flask import Response, current_app, flash, jsonify, make_response, redirect, render_template, request, url_for
from flask_appbuilder import BaseView, expose
from flask_babel import gettext as _
from sqlalchemy import select
from werkzeug.wrappers import Response as Answer

from app.boards.models import Screen
from app.boards.operations import hanging
from app.boards.slides import slides
from app.community.models import Community
from app.disclosure.models import Notice, NoticeWasAltered
from app.kernel.access import PUBLIC, Right, needs
from app.kernel.db import db, transaction
from app.kernel.named import Named
from app.kernel.register import Register
from app.kernel.scope import Scope, as_system, working_in
from app.printing import Snapshot

log = logging.getLogger("portal")

SCREEN = "显示屏"
"""Who is at work when a screen asks."""


def new_token() -> str:
    """The secret part of a screen's address: 192 random bits in 32 characters."""
    return secrets.token_urlsafe(24)


class ScreenRegister(Register):
    model = Screen
    in_sheets = False  # a screen gets its secret address as it is added
    show_template = "screen/show.html"

    @expose("/renew/<int:key>", methods=["POST"])
    @needs(Right.EDIT)
    def renew(self, key: int) -> Answer:
        """Give a screen a new address; the old one stops working."""
        self.added(self.record(key))
        flash(_("The screen has a new address; please open it there."), "success")
        return redirect(url_for(".show", key=key))

    def added(self, record: Screen) -> None:
        with transaction():
            record.token = new_token()

    def more(self, record: Screen) -> dict[str, Any]:
        if record.token is None:
            return {"path": ""}
        portal = current_app.config["ADDRESS"] or request.host_url.rstrip("/")
        return {"path": url_for("display.page", token=record.token), "portal": portal}


class ScreenView(Named, BaseView):
    """What a screen shows. Nobody logs in there: the address is the key, and all it opens hangs in public already."""

    name = "display"
    route_base = "/screen"

    @expose("/<token>/")
    @needs(PUBLIC)
    def page(self, token: str) -> Response:
        """The empty page, the same for every address; kept for a day, so that it opens while the server is away."""
        response = make_response(render_template("screen.html"))
        response.headers["Cache-Control"] = "private, max-age=86400"
        return response

    @expose("/<token>/slides")
    @needs(PUBLIC)
    def slides(self, token: str) -> Answer:
        """What hangs on the board of the screen now, as JSON: ``community``, ``board`` and ``slides``."""
        with as_system(SCREEN):
            screen = db.session.scalar(select(Screen).where(Screen.token_index == Screen.token.index(token)))
        if screen is None:
            return Response(status=404)
        with working_in(Scope(screen.community_id, actor=SCREEN)):
            response = jsonify(
                community=db.session.get_one(Community, screen.community_id).name,
                board=screen.board.name,
                slides=slides([*_sheets(hanging(screen.board_id))]),
            )
        response.add_etag()
        return response.make_conditional(request)


def _sheets(notices: list[Notice]) -> Iterator[Snapshot]:
    """What was issued; a sheet that no longer is what was issued is not shown to anybody."""
    for notice in notices:
        try:
            yield notice.sheet
        except NoticeWasAltered:
            log.error("altered notice", extra={"notice": notice.id})
