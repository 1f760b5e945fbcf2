"""What can be undone: deleted records, bulk edits, merges and imports of the last thirty days."""

from __future__ import annotations

from collections.abc import Sequence

from flask import abort, flash, redirect, request, url_for
from flask_appbuilder import BaseView, expose
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from werkzeug.wrappers import Response

from app.kernel import audit, registers, undo
from app.kernel.access import Right, needs, permitted
from app.kernel.db import Conflict, db, transaction
from app.kernel.named import Named
from app.kernel.register import existing
from app.kernel.undo import ACTIONS, KEPT_DAYS, CannotUndo, ChangeSet
from app.kernel.values import N_, Violation

LISTED = 100
ROWS = 100

TITLE = _l("Undo and recycle bin")


class ChangesView(Named, BaseView):
    """The list of changes, one change, and the button that takes it back."""

    name = "change_set"
    route_base = "/change_set"
    default_view = "list"

    @expose("/list/")
    @needs(Right.VIEW)
    def list(self) -> str:
        seen = [name for name in registers.REGISTERS if permitted(name, Right.VIEW)]
        page = min(max(request.args.get("page", 1, type=int), 1), 10_000)
        found = select(ChangeSet).where(ChangeSet.register.in_(seen)).order_by(ChangeSet.id.desc())
        changes = db.session.scalars(found.limit(LISTED + 1).offset((page - 1) * LISTED)).all()
        return str(
            self.render_template(
                "changes/list.html",
                title=TITLE,
                changes=changes[:LISTED],
                page=page,
                has_more=len(changes) > LISTED,
                actions=ACTIONS,
                labels=registers.labels(),
                is_open=undo.is_open,
                days=KEPT_DAYS,
            )
        )

    @expose("/show/<int:key>")
    @needs(Right.VIEW)
    def show(self, key: int) -> str:
        return self._page(self._change(key))

    @expose("/undo/<int:key>", methods=["POST"])
    @needs(Right.VIEW)
    def undo(self, key: int) -> str | Response:
        change = self._change(key)
        if not self._may_undo(change):
            abort(403)
        try:
            with transaction():
                undo.undo(change)
                audit.write("undo", change.register, change.subject, community_id=change.community_id)
        except CannotUndo as refused:
            return self._page(self._change(key), refused.reasons)
        except Conflict:
            return self._page(self._change(key), [Violation("", N_("Somebody else was at it at the same moment."))])
        flash(_("“%(name)s” was undone: everything is as it was before.", name=change.subject), "success")
        return redirect(url_for(".show", key=key))

    @staticmethod
    def _may_undo(change: ChangeSet) -> bool:
        return all(permitted(register, right) for register, right in undo.needed_rights(change))

    @staticmethod
    def _change(key: int) -> ChangeSet:
        change: ChangeSet = existing(ChangeSet, key)
        if not permitted(change.register, Right.VIEW):
            abort(404)
        return change

    def _page(self, change: ChangeSet, reasons: Sequence[Violation] | None = None) -> str:
        reasons = undo.obstacles(change) if reasons is None else reasons
        return str(
            self.render_template(
                "changes/show.html",
                title=change.subject,
                change=change,
                action=ACTIONS[change.action][0],
                label=registers.labels()[change.register],
                rows=change.rows[:ROWS],
                more=max(0, len(change.rows) - ROWS),
                labels=registers.labels(),
                added=[
                    (registers.labels()[register], sum(high - low + 1 for low, high in ranges))
                    for register, ranges in change.added.items()
                ],
                reasons=[_(reason.message, **reason.params) for reason in reasons],
                may_undo=self._may_undo(change),
                list_title=TITLE,
            )
        )
