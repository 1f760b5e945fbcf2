"""The pages of the API: one's own keys, and what can be called."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from flask import Flask, abort, current_app, flash, redirect, request, url_for
from flask_appbuilder import BaseView, expose
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import current_user
from werkzeug.wrappers import Response

from app.accounts.models import Account
from app.api import calls, document, gate, keys, rules
from app.api.calls import arguments, open_doors
from app.api.models import ApiKey
from app.kernel.access import Right, needs
from app.kernel.capability import Capability, Page
from app.kernel.db import db, today, transaction
from app.kernel.fields import Declared, fields_of
from app.kernel.named import Named
from app.kernel.registers import REGISTERS
from app.kernel.values import Invalid, Violation, read_date, read_line, show

USUAL_LIFE = timedelta(days=180)
TITLE = _l("API keys")


class ApiView(Named, BaseView):
    """Keys are made and revoked here by whom they belong to; the administrator, too, reads what they open."""

    name = "api"
    route_base = "/api_key"
    default_view = "list"

    @expose("/list/", methods=["GET", "POST"])
    @needs(Right.EDIT)
    def list(self) -> str:
        """One's own keys. A new one is shown in the answer to the form, and never again."""
        errors: dict[str, str] = {}
        given = {"name": "", "expires_on": show(today() + USUAL_LIFE)}
        secret = ""
        if request.method == "POST":
            given = {name: request.form.get(name, "") for name in given}
            secret, errors = self._make(given)
        account = db.session.get_one(Account, current_user.id)
        return str(
            self.render_template(
                "api/keys.html",
                title=TITLE,
                keys=keys.of(account),
                today=today(),
                given=given,
                errors=errors,
                secret=secret,
                longest=rules.LONGEST_NAME,
                root=calls.ROOT,
            )
        )

    @staticmethod
    def _make(given: dict[str, str]) -> tuple[str, dict[str, str]]:
        """The secret of a new key, or what is wrong with what was typed, by field."""
        errors: dict[str, str] = {}
        read: dict[str, Any] = {}
        for name, reader in (("name", read_line), ("expires_on", read_date)):
            try:
                read[name] = reader(given[name])
            except Invalid as invalid:
                errors[name] = _(invalid.message, **invalid.params)
        if errors:
            return "", errors
        with transaction():
            secret, found = keys.make(db.session.get_one(Account, current_user.id), **read)
        return secret, _beside(found)

    @expose("/revoke/<int:key>", methods=["POST"])
    @needs(Right.EDIT)
    def revoke(self, key: int) -> Response:
        found = db.session.get(ApiKey, key) if 0 < key < 2**31 else None
        if found is None or found.account_id != current_user.id:
            abort(404)
        with transaction():
            keys.revoke(found)
        flash(_("The key “%(name)s” was revoked; it opens nothing any more.", name=found.name), "success")
        return redirect(url_for(".list"))

    # --- what can be called ----------------------------------------------------------------------------------

    @expose("/document/")
    @needs(Right.VIEW)
    def document(self) -> str:
        """How to call, and the registers there are."""
        registers = [view for view in REGISTERS.values() if any(open_doors(view))]
        return str(
            self.render_template(
                "api/document.html",
                title=_("Description of the API"),
                registers=registers,
                root=calls.ROOT,
                limit=gate.CALLS,
                messages=gate.MESSAGES,
                portal=current_app.config["ADDRESS"] or request.host_url.rstrip("/"),
            )
        )

    @expose("/register/")
    @needs(Right.VIEW)
    def register(self) -> str:
        """The calls and the fields of one register."""
        view = REGISTERS.get(request.args.get("name", ""))
        doors = [*open_doors(view)] if view is not None else []
        if view is None or not doors:
            abort(404)
        offered = document.offered_codes()
        parts = document.add_schema(view, offered), document.change_schema(view, offered)
        return str(
            self.render_template(
                "api/register.html",
                title=_("API: %(register)s", register=view.label),
                view=view,
                doors=[(door, document.NAMES[door.name], calls.ROOT + door.path(view.name, "{key}")) for door in doors],
                fields=[
                    (declared, _kinds()[declared.kind], *(declared.name in part["properties"] for part in parts))
                    for declared in fields_of(view.model).values()
                    if declared.field.in_record or declared.field.in_form
                ],
                required=set(parts[0].get("required", ())),
                choices={d.name: _choices(d, offered) for d in fields_of(view.model).values()},
                arguments=[(name, declared) for name, declared in arguments(view).items() if declared is not None],
            )
        )


def _beside(found: list[Violation]) -> dict[str, str]:
    return {violation.field: _(violation.message, **violation.params) for violation in found}


def _choices(declared: Declared, offered: dict[str, list[tuple[str, str]]]) -> list[tuple[str, str]]:
    if declared.field.code:
        return offered[declared.field.code]
    return [(value, str(label)) for value, label in (declared.field.options or dict)().items()]


def _kinds() -> dict[str, str]:
    """What the kinds of fields are called."""
    return {
        "text": _("text"),
        "long": _("text of several lines"),
        "integer": _("whole number"),
        "decimal": _("number with two decimals"),
        "date": _("day"),
        "moment": _("moment"),
        "flag": _("true or false"),
        "code": _("code"),
        "choice": _("code"),
        "link": _("number of a record"),
    }


def openapi() -> Response:
    """The OpenAPI document."""
    return gate.answer(document.document())


def init_app(app: Flask, doors: dict[str, Any]) -> None:
    """Put the calls in, once every register is known; ``doors`` learns what each needs."""
    blueprint = calls.blueprint(doors)
    blueprint.add_url_rule("/openapi.json", "openapi", openapi)
    doors[f"{calls.BLUEPRINT}.openapi"] = ("api", Right.VIEW)
    app.register_blueprint(blueprint)
    app.extensions["csrf"].exempt(blueprint)  # nothing is done here on behalf of a cookie
    gate.tell_errors_in_json(app)


CAPABILITY = Capability(
    label=_l("API for programs"),
    icon="key",
    pages=(
        Page(TITLE, "api.list", "api", Right.EDIT),
        Page(_l("Description of the API"), "api.document", "api"),
    ),
    others=(ApiView,),
)
