"""Sheets out: a list as a workbook, as CSV or on paper; templates to fill in; contacts and dates for a telephone."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from io import BytesIO
from typing import Any

from flask import Response, abort, flash, jsonify, redirect, request, session, url_for
from flask_appbuilder import BaseView, expose
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response as Answer

from app.community.models import Community
from app.culture.models import CulturalTeam
from app.disclosure.paper import is_long, press
from app.exchange import cards, export, sheetwriter, template
from app.exchange.cards import Contact, Entry
from app.exchange.export import Order
from app.kernel import audit, listing, registers, scope
from app.kernel.access import Right, needs
from app.kernel.db import OFFICE_TIME, db, now, today, transaction
from app.kernel.fields import Access, Declared, fields_of
from app.kernel.files import file_name, file_response, pdf_response
from app.kernel.listing import COUNT_LIMIT, Listing, Question
from app.kernel.named import Named
from app.kernel.present import reads_in_full
from app.kernel.questions import in_words
from app.kernel.register import LIST_ACTIONS, ListAction
from app.kernel.reveal import REASONS, read_reason
from app.kernel.values import Invalid, storable
from app.kernel.workbooks import XLSX
from app.partners.models import PartnershipAgreement, PartnerUnit, PlanItem
from app.printing import LIMITS, PrintRefused, Snapshot, render

MOST_ROWS = {"xlsx": 1_048_576 - 2, "csv": sys.maxsize, "pdf": LIMITS["rows"]}
"""A workbook has so many, of which the remark and the heads take two."""
PRINTS = "prints"
"""Where the session keeps which long prints somebody ordered: the key at the press, and the register."""
MOST_PRINTS = 5

FORMS = {"xlsx": "Excel", "csv": "CSV", "pdf": "PDF", "vcf": "通讯录"}


class OutView(Named, BaseView):
    """Everything that leaves the portal as a file. Registers are named in the address; their own rights count."""

    name = "exchange"
    route_base = "/exchange"
    default_view = "export"

    # --- lists -----------------------------------------------------------------------------------------------

    @expose("/export/<name>", methods=["GET", "POST"])
    @needs(Right.VIEW)
    def export(self, name: str) -> str | Answer:
        """The page that asks how, and the file itself; which rows, the address says as it does for the list."""
        asked = _Asked(_register(name, Right.VIEW))
        if request.method == "POST":
            asked.read()
            try:
                if not asked.errors and (answer := asked.answer()) is not None:
                    return answer
            except PrintRefused as refused:
                asked.errors["form"] = refused.told(_)
        return str(
            self.render_template(
                "exchange/out.html",
                title=_("Export: %(register)s", register=asked.view.label),
                asked=asked,
                list_address=asked.list_address,
                reasons=REASONS,
            )
        )

    @expose("/printing/<code>")
    @needs(Right.VIEW)
    def printing(self, code: str) -> str:
        """How far the drawing of a long list is; leads to the PDF when it is done."""
        view = _ordered(code)
        return str(
            self.render_template(
                "exchange/printing.html",
                title=_("Being drawn: %(title)s", title=view.label),
                code=code,
                view=view,
                progress=press().progress(code),
            )
        )

    @expose("/progress/<code>")
    @needs(Right.VIEW)
    def progress(self, code: str) -> Response:
        """The state of the drawing as JSON: state, done, total, message."""
        _ordered(code)
        progress = press().progress(code)
        message = progress.refused.told(_) if progress.refused else ""
        return jsonify(state=progress.state, done=progress.done, total=progress.total, message=message)

    @expose("/printed/<code>")
    @needs(Right.VIEW)
    def printed(self, code: str) -> Answer:
        """A long list once it is drawn."""
        view, data = _ordered(code), press().pdf(code)
        if data is None:
            return redirect(url_for(".printing", code=code))
        return pdf_response(data, *_names(view, "pdf"))

    @expose("/cancel/<code>", methods=["POST"])
    @needs(Right.VIEW)
    def cancel(self, code: str) -> Answer:
        """Stop drawing a long list."""
        view = _ordered(code)
        press().cancel(code)
        flash(_("Drawing was stopped. The list can be printed at any time."), "success")
        return redirect(f"/{view.name}/list/")

    # --- templates -------------------------------------------------------------------------------------------

    @expose("/template/<name>")
    @needs(Right.VIEW)
    def template(self, name: str) -> Answer:
        """The empty sheet to fill in for a register."""
        view = _register(name, Right.ADD)
        if not _is_filled_in(view):
            abort(404)
        name = file_name(export.chinese(view.label), "填写模板", "xlsx")
        return file_response(template.template(view.model), XLSX, name, f"{view.name} template.xlsx")

    # --- for a telephone -------------------------------------------------------------------------------------

    @expose("/calendar/<name>")
    @needs(Right.VIEW)
    def calendar(self, name: str) -> str:
        """The dates of a list as they would stand in a calendar, and what could not be understood."""
        view, entries, left_out = _dates(name)
        return str(
            self.render_template(
                "exchange/calendar.html",
                title=_("Calendar: %(register)s", register=view.label),
                view=view,
                entries=[(entry, cards.told(entry.recurring)) for entry in entries],
                left_out=left_out,
                file=f"{url_for('.calendar_file', name=name)}?{request.query_string.decode()}",
            )
        )

    @expose("/calendar/<name>.ics")
    @needs(Right.VIEW)
    def calendar_file(self, name: str) -> Answer:
        """The same as an .ics file."""
        view, entries, _left_out = _dates(name)
        data = cards.calendar(export.chinese(view.label), entries, now())
        _tell(Order(view, view.asked(request.args), ()), "日历", len(entries))
        return file_response(data, "text/calendar; charset=utf-8", *_names(view, "ics"))


def _register(name: str, right: Right) -> Any:
    """The view of a register named in an address, for those with the ``right`` on it."""
    view = registers.REGISTERS.get(name)
    if view is None:
        abort(404)
    if not view.may(right):
        abort(403)
    return view


def _is_filled_in(view: Any) -> bool:
    """Do rows of the register come in on sheets?"""
    return bool(view.in_sheets and template.typed_fields(view.model))


def _names(view: Any, ending: str) -> tuple[str, str]:
    """What a file is called: in Chinese, and in plain letters for old programmes."""
    return file_name(export.chinese(view.label), today(), ending), f"{view.name} {today()}.{ending}"


def _tell(order: Order, form: str, count: int, reason: str = "", action: str = "export") -> None:
    """Put into the trail what went out: of which register, how many rows, which, and why in full."""
    with export.in_chinese():
        words = in_words(order.view.model, order.question)
    facts = {"form": form, "rows": str(count), "range": words, "reason": reason}
    parts = (f"{form} {count} 行", f"完整显示：{reason}" if reason else "", f"范围：{words}")
    with transaction():
        audit.write(
            action,
            order.view.name,
            "；".join(filter(None, parts)),
            changes={name: ["", fact] for name, fact in facts.items() if fact},
        )


@dataclass
class _Asked:
    """The export page while it is being filled in."""

    view: Any
    form: str = "xlsx"
    columns: str = "list"
    in_full: bool = False
    reason: str = ""
    errors: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.question: Question = replace(self.view.asked(request.args), page=1)  # all rows, not the page one was on

    @property
    def list_address(self) -> str:
        query = request.query_string.decode()
        return f"/{self.view.name}/list/{'?' if query else ''}{query}"

    @property
    def seen(self) -> list[Declared]:
        """The columns in which the person sees the list."""
        found: list[Declared] = self.view.columns_seen(request.args)
        return found

    @property
    def order(self) -> Order:
        whole = self.columns == "all"
        fields = export.all_fields(self.view) if whole else self.seen
        return Order(self.view, self.question, fields, self.in_full, numbered=whole)

    @property
    def counted(self) -> str:
        """How many rows there are, as far as counting is cheap."""
        count = Listing(self.view.model).count(self.question)
        if count > COUNT_LIMIT:
            return str(_("More than %(count)s", count=COUNT_LIMIT))
        return str(_("Total: %(count)s", count=count))

    @property
    def in_words(self) -> str:
        return in_words(self.view.model, self.question)

    @property
    def offered(self) -> list[tuple[str, str, list[str]]]:
        """The choices of columns: value, label, the headings."""
        return [
            ("list", _("As in the list"), [str(declared.field.label) for declared in self.seen]),
            ("all", _("All fields"), [str(declared.field.label) for declared in export.all_fields(self.view)]),
        ]

    @property
    def masked(self) -> list[Declared]:
        """The fields that stand masked in the file."""
        return [d for d in export.all_fields(self.view) if d.field.access is not Access.OPEN]

    @property
    def revealable(self) -> list[str]:
        """What the person may have without the mask."""
        return [str(declared.field.label) for declared in self.masked if export.may_reveal(declared)]

    @property
    def has_contacts(self) -> bool:
        return self.view.name in _CONTACTS

    @property
    def has_template(self) -> bool:
        return _is_filled_in(self.view)

    def read(self) -> None:
        """Take what was posted."""
        self.form = request.form.get("form", "xlsx")
        self.columns = request.form.get("columns", "list")
        offered = set(FORMS) - (set() if self.has_contacts else {"vcf"})
        if self.form not in offered or self.columns not in {"list", "all"}:
            abort(400)
        self.in_full = "in_full" in request.form and bool(self.revealable)
        self.reason = storable(request.form.get("reason", "")).strip()[:1000]
        if not self.in_full:
            return
        if self.form == "pdf":
            self.errors["in_full"] = _("A printed list is always masked. Please take Excel, or untick this.")
        try:
            self.reason = read_reason(self.reason)
        except Invalid as wrong:
            self.errors["reason"] = _(wrong.message, **wrong.params)

    def answer(self) -> Answer | None:
        """The file, or None with what is wrong in ``errors``. Raises ``PrintRefused``."""
        moment, who = datetime.now(OFFICE_TIME), scope.current().actor
        community = db.session.get(Community, scope.current().community_id)
        place = community.name if community is not None else ""
        order = self.order
        if self.form == "vcf":
            return self._contacts(order)
        table = export.table(order)
        if table.count > MOST_ROWS[self.form]:
            self.errors["form"] = _(
                "There are %(count)s rows, and at most %(limit)s fit. Please filter the list first, or take CSV.",
                count=table.count,
                limit=MOST_ROWS[self.form],
            )
            return None
        if self.form == "pdf":
            return self._print(export.paper(order, table, place, who, moment))
        remark = export.remark(order, table.count, place, who, moment)
        file = BytesIO()
        if self.form == "xlsx":
            sheetwriter.write_xlsx(file, order.label, remark, table.columns, table.rows)
        else:
            sheetwriter.write_csv(file, remark, table.columns, table.rows)
        _tell(order, FORMS[self.form], table.count, self.reason if self.in_full else "")
        mimetype = XLSX if self.form == "xlsx" else "text/csv; charset=utf-8"
        return file_response(file.getvalue(), mimetype, *_names(self.view, self.form))

    def _contacts(self, order: Order) -> Answer | None:
        found = list(_CONTACTS[self.view.name](self.question, self.in_full))
        if not found:
            self.errors["form"] = _("There is nobody to be called in this list.")
            return None
        _tell(order, FORMS["vcf"], len(found), self.reason if self.in_full else "")
        return file_response(cards.vcards(found), "text/vcard; charset=utf-8", *_names(self.view, "vcf"))

    def _print(self, sheet: Snapshot) -> Answer:
        """The PDF of a short list; a long one is drawn in the background."""
        rows = len(sheet.table.rows) if sheet.table else 0
        if not is_long(sheet):
            data = render(sheet)
            _tell(self.order, FORMS["pdf"], rows)
            return pdf_response(data, *_names(self.view, "pdf"))
        code = press().order(sheet)
        _tell(self.order, FORMS["pdf"], rows)
        before = list(session.get(PRINTS, {}).items())
        session[PRINTS] = dict([*before[1 - MOST_PRINTS :], (code, self.view.name)])
        return redirect(url_for("exchange.printing", code=code))


def _ordered(code: str) -> Any:
    """The register of a long print that the person ordered."""
    name = session.get(PRINTS, {}).get(code)
    return _register(name, Right.VIEW) if name else abort(404)


# --- contacts and dates ------------------------------------------------------------------------------------------


def _key(register: str, key: int) -> str:
    return f"{register}-{key}@community-portal"


def _liaisons(question: Question, in_full: bool) -> Iterable[Contact]:
    phone = fields_of(PartnerUnit)["liaison_phone"]
    for row in listing.rows(PartnerUnit, ["name", "liaison_id", "liaison_phone", "address"], question, limit=None):
        if name := row.values["liaison_id"]:
            yield Contact(
                _key(PartnerUnit.__tablename__, row.id),
                name,
                row.values["name"],
                "共建单位联络员",
                (row.values["liaison_phone"] or "") if in_full and reads_in_full(phone) else "",
                row.values["address"] or "",
            )


_CONTACTS: dict[str, Callable[[Question, bool], Iterable[Contact]]] = {PartnerUnit.__tablename__: _liaisons}

Dates = tuple[list[Entry], list[tuple[str, str]]]
"""The entries of a calendar, and what could not be understood: whose, and the words."""


def _rehearsals(question: Question) -> Dates:
    entries, left_out = [], []
    for row in listing.rows(CulturalTeam, ["name", "rehearsal_time", "rehearsal_place"], question, limit=None):
        name, words = row.values["name"], row.values["rehearsal_time"] or ""
        recurring = cards.understood(words)
        if recurring:
            key, place = _key(CulturalTeam.__tablename__, row.id), row.values["rehearsal_place"] or ""
            entries.append(Entry(key, f"{name}排练", today(), place, words, recurring))
        else:
            left_out.append((name, words))
    return entries, left_out


def _agreements(question: Question) -> Dates:
    rows = listing.rows(PartnershipAgreement, ["name", "unit_id", "ends_on"], question, limit=None)
    return [
        Entry(
            _key(PartnershipAgreement.__tablename__, row.id),
            f"共建协议到期：{row.values['unit_id']}",
            row.values["ends_on"],
            note=row.values["name"],
        )
        for row in rows
        if row.values["ends_on"] >= today()
    ], []


def _plan(question: Question) -> Dates:
    rows = listing.rows(PlanItem, ["content", "unit_id", "due_on", "done_on"], question, limit=None)
    return [
        Entry(
            _key(PlanItem.__tablename__, row.id),
            f"共建事项到期：{row.values['content']}",
            row.values["due_on"],
            note=row.values["unit_id"],
        )
        for row in rows
        if row.values["due_on"] and not row.values["done_on"]
    ], []


_CALENDARS: dict[str, Callable[[Question], Dates]] = {
    CulturalTeam.__tablename__: _rehearsals,
    PartnershipAgreement.__tablename__: _agreements,
    PlanItem.__tablename__: _plan,
}


def _dates(name: str) -> tuple[Any, list[Entry], list[tuple[str, str]]]:
    if name not in _CALENDARS:
        abort(404)
    view = _register(name, Right.VIEW)
    entries, left_out = _CALENDARS[name](replace(view.asked(request.args), page=1))
    return view, entries, left_out


# --- buttons above the lists -------------------------------------------------------------------------------------


def _always(_model: Any) -> bool:
    return True


def _has_dates(model: Any) -> bool:
    return model.__tablename__ in _CALENDARS


LIST_ACTIONS.append(ListAction(_l("Export"), "/exchange/export/{}".format, Right.VIEW, _always, icon="download"))
LIST_ACTIONS.append(ListAction(_l("Calendar"), "/exchange/calendar/{}".format, Right.VIEW, _has_dates, icon="list"))
