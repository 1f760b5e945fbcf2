"""The trail in plain words; who has seen a person; what an account did."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from functools import cache
from typing import Any

from flask import abort, request, url_for
from flask_appbuilder import BaseView, expose
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from app.accounts.models import Account
from app.accounts.security import scope_of
from app.kernel.access import Right, needs, permitted
from app.kernel.audit import AuditEntry
from app.kernel.capability import Capability
from app.kernel.db import db, today
from app.kernel.fields import Declared, fields_of, title_of
from app.kernel.named import Named
from app.kernel.persons import own_parts, person_model, person_of
from app.kernel.register import ON_SHOW, RECORD_ACTIONS, RecordAction, Register, existing
from app.kernel.registers import REGISTERS, labels
from app.kernel.values import Invalid, read_date
from app.trail import acts, sightings
from app.trail.whole import PAGE, ChainView

USUAL_TERM = timedelta(days=6)
LONGEST_TERM = timedelta(days=92)

CHANGES = _l("What was changed")


def _is_of_people(register: str) -> bool:
    return register in REGISTERS and person_model(REGISTERS[register].model) is not None


def _is_of_another(entry: AuditEntry) -> bool:
    """Has somebody else got the id of the record since?"""
    model = REGISTERS[entry.register].model
    made = db.session.scalar(select(model.created_at).where(model.id == entry.record_id))
    return made is not None and made > entry.at


@cache
def _by_account() -> Declared:
    """The field that says who did it, as one chooses an account; always the same one, as what is kept drawn is."""
    actor = fields_of(AuditEntry)["actor"]
    return replace(actor, kind="choice", field=replace(actor.field, options=_accounts))


class AuditEntryRegister(Register):
    model = AuditEntry
    show_template = "audit_entry/show.html"
    beside_fields = (CHANGES,)

    def filters(self) -> list[Declared]:
        """Besides the usual ones the days, and the accounts there are."""
        return [fields_of(AuditEntry)["at"], _by_account(), *super().filters()]

    def more(self, record: AuditEntry) -> dict[str, Any]:
        seen = record.record_id is not None and _is_of_people(record.register) and not _is_of_another(record)
        return {
            "changes": acts.changes_of(record.register, record.changes),
            "seen_address": url_for("seen.show", name=record.register, key=record.record_id) if seen else "",
        }

    def beside(self, ids: Sequence[int]) -> dict[int, Sequence[str]]:
        found = select(AuditEntry.id, AuditEntry.register, AuditEntry.changes).where(AuditEntry.id.in_(ids))
        return {key: (acts.in_words(register, changes),) for key, register, changes in db.session.execute(found)}

    @expose("/by/<int:key>")
    @needs(Right.VIEW)
    def by(self, key: int) -> str:
        """What an account did on the days between ``from`` and ``to``: day by day, and act by act."""
        account: Account = existing(Account, key)
        typed, wrong = dict(request.args), dict[str, str]()
        last = _day("to", today(), wrong)
        first = _day("from", last - USUAL_TERM, wrong)
        if not wrong and first > last:
            wrong["from"] = _("This day is after the other one.")
        elif not wrong and last - first > LONGEST_TERM:
            wrong["from"] = _("At most %(days)s days are shown at once.", days=LONGEST_TERM.days + 1)
        term = (first, last) if not wrong else None
        return self.page(
            "trail/by.html",
            title=_("What %(name)s did", name=account.full_name),
            account=account,
            typed={"from": typed.get("from", str(first)), "to": typed.get("to", str(last))},
            wrong=wrong,
            days=acts.days_of(account.username, *term) if term else [],
            events=acts.events_of(account.username, *term) if term else [],
            most=acts.LISTED,
            labels=labels(),
            in_trail=f"{self.route_base}/list/?actor={scope_of(account).actor}&at.from={first}&at.to={last}",
        )


def _accounts() -> dict[str, str]:
    found = db.session.scalars(select(Account).order_by(Account.username))
    return {account.actor: account.actor for account in found}


def _day(name: str, otherwise: date, wrong: dict[str, str]) -> date:
    """The day typed as the argument ``name``; what is wrong with it goes into ``wrong``."""
    try:
        return read_date(request.args[name]) if request.args.get(name, "").strip() else otherwise
    except Invalid as invalid:
        wrong[name] = _(invalid.message, **invalid.params)
        return otherwise


class SeenView(Named, BaseView):
    """Who has seen a person, under whichever hat: for the auditor, and for those who answer for the community."""

    name = "seen"
    route_base = "/seen"
    default_view = "show"

    @expose("/<name>/<int:key>")
    @needs(Right.VIEW)
    def show(self, name: str, key: int) -> str:
        if not _is_of_people(name):
            abort(404)
        view, reads_all = REGISTERS[name], permitted("audit_entry", Right.VIEW)
        if not view.may(Right.VIEW) and not reads_all:
            abort(403)
        person, told = person_of(view.model, key), acts.last_of(name, key)
        called = told.subject if told is not None else ""
        if person is not None:
            record, parts = existing(*person), own_parts(*person)
            rows = [(part.model, part.ids) for part in parts if reads_all or permitted(part.register, Right.VIEW)]
            since, community_id = record.created_at, record.community_id
            if view.may(Right.VIEW):
                called = title_of(existing(view.model, key))
        elif told is not None and reads_all:
            rows, since, community_id = [(view.model, (key,))], acts.last_made(name, key), told.community_id
        else:
            abort(404)
        return str(
            self.render_template(
                "trail/seen.html",
                title=_("Who has seen: %(name)s", name=called or f"№ {key}"),
                register=view,
                key=key,
                subject=called,
                is_there=person is not None and view.may(Right.VIEW),
                hats=[model.__label__ for model, _ids in rows],
                events=acts.done_with(rows, since, community_id, called),
                most=acts.LISTED,
                labels=labels(),
            )
        )


ON_SHOW.append(sightings.note)
RECORD_ACTIONS.append(
    RecordAction(
        _l("Who has seen it"), "/seen/{register}/{key}", "seen", lambda model: person_model(model) is not None, "eye"
    )
)
RECORD_ACTIONS.append(
    RecordAction(
        _l("What this account did"), "/audit_entry/by/{key}", "audit_entry", lambda model: model is Account, "list"
    )
)

CAPABILITY = Capability(
    label=_l("Trail"), icon="archive", views=(AuditEntryRegister,), pages=(PAGE,), others=(SeenView, ChainView)
)
