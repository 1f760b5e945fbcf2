"""Is the trail whole? For the auditor: the anchors to keep elsewhere, and going through the chain."""

from __future__ import annotations

from flask import request
from flask_appbuilder import BaseView, expose
from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from app.kernel import chain
from app.kernel.access import Right, needs
from app.kernel.audit import AuditEntry
from app.kernel.capability import Page
from app.kernel.chain import TrailAnchor, TrailHead
from app.kernel.db import db
from app.kernel.named import Named
from app.kernel.scope import as_system, current

LISTED = 60

TITLE = _l("Is the trail whole?")


class ChainView(Named, BaseView):
    """What the chain of the trail comes to, day by day; asked to, it is gone through from the beginning."""

    name = "trail_chain"
    route_base = "/trail_chain"

    @expose("/", methods=["GET", "POST"])
    @needs(Right.VIEW)
    def index(self) -> str:
        with as_system(current().actor):  # the chain is one for all communities; no entry is shown
            head = db.session.scalar(select(TrailHead))
            anchors = db.session.scalars(select(TrailAnchor).order_by(TrailAnchor.day.desc()).limit(LISTED)).all()
            found = None
            if request.method == "POST":
                found = chain.verify(db.session.connection(), AuditEntry.__table__)
        return str(self.render_template("trail/whole.html", title=TITLE, head=head, anchors=anchors, found=found))


PAGE = Page(TITLE, "trail_chain.index", "trail_chain")
