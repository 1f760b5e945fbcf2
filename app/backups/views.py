"""The page on which the administrator sees that there are backups, makes one, and takes it along."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from flask import abort, current_app, flash, redirect, request, send_file, url_for
from flask_appbuilder import BaseView, expose
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import current_user
from werkzeug.wrappers import Response

from app.accounts.models import Account
from app.accounts.operations import check_own
from app.accounts.views import messages
from app.backups import instance, operations, rules, schedule
from app.backups.problem import Problem
from app.kernel import audit, scope
from app.kernel.access import Right, needs
from app.kernel.audit import AuditEntry
from app.kernel.capability import Capability, Page
from app.kernel.db import count_of, db, now, transaction
from app.kernel.named import Named

TITLE = _l("Backups")


class BackupsView(Named, BaseView):
    name = "backup"
    route_base = "/backup"
    default_view = "list"

    @expose("/list/")
    @needs(Right.VIEW)
    def list(self) -> str:
        return self._page({})

    @expose("/make", methods=["POST"])
    @needs(Right.ADD)
    def make(self) -> Response:
        """Begin a backup unless one is being made."""
        try:
            if operations.announce():
                schedule.begin(scope.current().actor)
        except Problem as problem:
            flash(_(problem.message, **problem.params), "danger")
        return redirect(url_for(".list"))

    @expose("/download/<name>")
    @needs(Right.ADD)
    def download(self, name: str) -> Response:
        """An encrypted backup; one that everybody can read does not leave the machine by a browser."""
        backup = operations.find(name)
        if backup is None or not backup.is_sealed:
            abort(404)
        with transaction():
            audit.write("backup_taken", "", backup.path.name)
        return send_file(
            backup.path, "application/octet-stream", as_attachment=True, download_name=backup.path.name, max_age=0
        )

    @expose("/key", methods=["POST"])
    @needs(Right.ADD)
    def key(self) -> str | Response:
        """Set the key that backups are encrypted with from now on.

        Who has it can open everything, so that somebody else's browser left open is not enough to set it.
        """
        if _is_key_fixed():
            abort(404)
        key, again = (request.form.get(name, "").strip() for name in ("key", "again"))
        errors = {}
        if len(key) < rules.SHORTEST_KEY:
            errors["key"] = _("At least %(least)s characters.", least=rules.SHORTEST_KEY)
        elif not key.isprintable() or len(key) > rules.LONGEST_KEY:
            errors["key"] = _("At most %(most)s characters.", most=rules.LONGEST_KEY)
        elif key != again:
            errors["again"] = _("The two keys are not the same.")
        account = db.session.get_one(Account, current_user.id)
        if not errors:
            errors = messages(check_own(account, request.form.get("old", "")))
        if errors:
            return self._page(errors)
        instance.write_whole(Path(current_app.config["INSTANCE"]) / operations.KEY, f"{key}\n".encode())
        current_app.config["BACKUP_KEY"] = key
        with transaction():
            audit.write("backup_key", "")
        flash(_("From the next backup on, backups are encrypted with this key. Please write it down now."), "success")
        return redirect(url_for(".list"))

    def _page(self, errors: dict[str, str]) -> str:
        state, second = operations.state(), current_app.config["BACKUPS"]
        has_key = bool(current_app.config["BACKUP_KEY"])
        context: dict[str, Any] = {
            "title": TITLE,
            "state": state,
            "is_old": rules.is_old(operations.moment(), state.last_good),
            "missing": rules.is_missing(has_key, second is not None, _was_taken_along()),
            "backups": operations.backups(),
            "second": second,
            "has_key": has_key,
            "is_key_fixed": _is_key_fixed(),
            "least": rules.SHORTEST_KEY,
            "errors": errors,
        }
        return str(self.render_template("backup/list.html", **context))


def _was_taken_along() -> bool:
    """Has anybody downloaded a backup lately?"""
    lately = AuditEntry.at >= now() - rules.TAKEN_ALONG_EVERY
    with scope.as_system("backup"):
        return bool(count_of(AuditEntry, AuditEntry.action == "backup_taken", lately))


def _is_key_fixed() -> bool:
    """Does the key come from the environment, where it cannot be changed from here?"""
    return "PORTAL_BACKUP_KEY" in os.environ


CAPABILITY = Capability(
    label=TITLE, icon="archive", pages=(Page(TITLE, "backup.list", "backup"),), others=(BackupsView,)
)
