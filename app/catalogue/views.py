"""The catalogue on the screen: brought in from a sheet, what is due, what was missed."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any
from urllib.parse import urlencode

from flask import Response, abort, flash, redirect, request, url_for
from flask_appbuilder import expose
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.catalogue import compliance, imports, operations
from app.catalogue.models import CatalogueItem, DisclosureSetting, Occasion
from app.catalogue.operations import Entry
from app.catalogue.sheets import NoCatalogue
from app.community.models import Community
from app.disclosure import operations as disclosure
from app.disclosure import rules, sources
from app.disclosure.paper import press
from app.disclosure.views import about_token
from app.kernel import audit, scope
from app.kernel.access import Right, needs, permitted
from app.kernel.capability import Capability, Page
from app.kernel.db import Conflict, db, today, transaction
from app.kernel.files import file_name, file_response, pdf_response
from app.kernel.register import Register
from app.kernel.workbooks import XLSX, NotASheet
from app.kernel.workdays import calendar
from app.printing import PrintRefused

FIRST_YEAR, LAST_YEAR = 2000, 2100
MOST_LISTED = 100
"""Of each group of duties; a whole district can owe thousands."""


class CatalogueItemRegister(Register):
    model = CatalogueItem
    show_template = "catalogue_item/show.html"

    def page(self, template: str, **context: Any) -> str:
        return super().page(
            template, **{"draft_address": draft_address, "several": bool(scope.current().path), **context}
        )

    @staticmethod
    def in_words(matter: operations.Matter) -> str:
        return operations.in_words(matter.limit) if matter.limit else ""

    def more(self, record: CatalogueItem) -> dict[str, Any]:
        matter = next(iter(operations.matters(today(), CatalogueItem.id == record.id)), None)
        allowed = rules.allowed(source.columns, record.columns) if (source := sources.find(record.source)) else []
        return {"matter": matter, "columns": [column.label for column in allowed], "item": record}

    # --- what is due -----------------------------------------------------------------------------------------

    @expose("/progress/")
    @needs(Right.VIEW)
    def progress(self) -> str:
        """What this month needs, then every item with its periods."""
        day = today()
        matters = operations.matters(day)
        return self.page(
            "catalogue_item/progress.html",
            title=_("What has to be posted"),
            matters=matters,
            groups=_groups(operations.open_entries(matters), day),
            unread=[matter for matter in matters if matter.limit is None],
            places=operations.community_names(),
            known=calendar().knows_ahead(day),
            may_draft=permitted("notice", Right.DRAFT),
            most=MOST_LISTED,
        )

    # --- what may be posted ----------------------------------------------------------------------------------

    @expose("/source/<int:key>", methods=["GET", "POST"])
    @needs(Right.EDIT)
    def source(self, key: int) -> Any:
        """From which source notices about an item are made, and which columns may stand in them, under which mask."""
        item: CatalogueItem = self.record(key)
        chosen = request.values.get("source", item.source)
        if (source := sources.find(chosen)) is None:
            abort(404)
        if request.method == "POST" and "save" in request.form:
            columns = {
                column.name: mask if (mask := request.form.get(f"mask.{column.name}", "")) in rules.MASKS else ""
                for column in source.columns
                if column.name in request.form.getlist("columns")
            }
            if source.columns and not columns:
                flash(_("Choose at least one column."), "danger")
            else:
                try:
                    operations.choose_source(key, source.name, columns, request.form.get("version", type=int))
                except Conflict:
                    flash(_("Somebody else has changed this record meanwhile. Please look at it again."), "danger")
                else:
                    flash(_("Notices about “%(name)s” are now made like this.", name=item.name), "success")
                return redirect(url_for(".show", key=key))
        return self.page(
            "catalogue_item/source.html",
            title=_("What may be posted: %(name)s", name=item.name),
            item=item,
            source=source,
            offered=sources.labels(),
            chosen=(source.name == item.source and item.columns) or dict.fromkeys(c.name for c in source.columns),
        )

    # --- the catalogue comes in ------------------------------------------------------------------------------

    @expose("/import/", methods=["GET", "POST"])
    @needs(Right.ADD)
    def bring_in(self) -> Any:
        """A catalogue from a sheet, or the built-in one: looked at first, then taken over as a whole."""
        if scope.current().path:
            abort(404)  # a catalogue is that of one community
        errors: list[str] = []
        found: imports.Preview | None = None
        if request.method == "POST":
            try:
                found = self._read_import()
            except (NotASheet, NoCatalogue) as wrong:
                errors.append(_(wrong.message, **wrong.params))
            if found is not None and "save" in request.form and not found.problems:
                try:
                    added, changed = imports.take_over(found)
                except Conflict:
                    errors.append(_("Somebody else has changed the catalogue meanwhile. Please try again."))
                else:
                    flash(
                        _("%(added)s items were added, %(changed)s changed.", added=added, changed=changed), "success"
                    )
                    return redirect(url_for(".progress"))
        return self.page(
            "catalogue_item/import.html",
            title=_("Bring in a catalogue"),
            found=found,
            errors=errors,
            carried=json.dumps(found.carried(), ensure_ascii=False) if found else "",
        )

    @staticmethod
    def _read_import() -> imports.Preview:
        if "carried" in request.form:
            try:
                return imports.preview_carried(json.loads(request.form["carried"]))
            except (ValueError, TypeError, KeyError, RecursionError):
                abort(400)
        if "builtin" in request.form:
            return imports.preview_builtin()
        upload = request.files.get("file")
        if upload is None or not upload.filename:
            raise NotASheet(_l("Please choose a file first."))
        return imports.preview_file(upload.read(), upload.filename)

    # --- how it went -----------------------------------------------------------------------------------------

    @staticmethod
    def _asked_year() -> int:
        year = request.args.get("year", str(today().year))
        is_year = len(year) == 4 and year.isdecimal()
        return int(year) if is_year and FIRST_YEAR <= int(year) <= LAST_YEAR else abort(400)

    def _compliance(self) -> compliance.Table:
        """The table asked for: all communities in scope, or the items of one."""
        year, community = self._asked_year(), request.args.get("community", "")
        if not scope.current().path:
            community = str(scope.current().community_id)
        if community:
            place = db.session.get(Community, int(community)) if community.isdecimal() and len(community) < 10 else None
            return compliance.of_items(place, year, today()) if place is not None else abort(404)
        return compliance.of_communities(year, today())

    @expose("/compliance/")
    @needs(Right.VIEW)
    def compliance(self) -> str:
        """Item × period (for several communities: community × result): on time, late, missed."""
        year = self._asked_year()
        return self.page(
            "catalogue_item/compliance.html",
            title=_("Disclosure in %(year)s", year=year),
            year=year,
            this_year=today().year,
            table=self._compliance(),
        )

    @expose("/compliance.pdf")
    @needs(Right.VIEW)
    def compliance_pdf(self) -> Response:
        """The same table on paper."""
        table = self._compliance()
        try:
            data = press().draw_now(compliance.sheet(table, today()))
        except PrintRefused as refused:
            flash(refused.told(_), "danger")
            return redirect(f"{url_for('.compliance')}?{request.query_string.decode()}")  # type: ignore[return-value]
        self._tell("print")
        return pdf_response(data, file_name(table.title, today(), "pdf"), f"compliance-{table.year}.pdf")

    def _tell(self, action: str) -> None:
        with transaction():
            audit.write(action, self.name, f"{self._asked_year()}", None, scope.current().community_id)

    @expose("/compliance.xlsx")
    @needs(Right.VIEW)
    def compliance_xlsx(self) -> Response:
        """The same table as a sheet."""
        self._tell("export")
        table = self._compliance()
        data = compliance.workbook(table, today(), scope.current().actor)
        return file_response(data, XLSX, file_name(table.title, today(), "xlsx"), f"compliance-{table.year}.xlsx")


def _groups(waiting: Sequence[Entry], day: date) -> list[tuple[str, str, list[Entry]]]:
    """What is waiting as the page groups it: overdue, due this month, due later."""
    end = (day.replace(day=28) + timedelta(days=4)).replace(day=1)
    overdue = [entry for entry in waiting if entry.duty.due_on < day]
    soon = [entry for entry in waiting if day <= entry.duty.due_on < end]
    later = [entry for entry in waiting if entry.duty.due_on >= end]
    return [
        ("missed", _("Overdue"), overdue),
        ("due", _("To be posted this month"), soon),
        ("later", _("Later"), later),
    ]


def draft_address(entry: Entry) -> str:
    """Where a notice that answers a duty is drafted."""
    asked = {**disclosure.first_question(entry.item, entry.duty), "about": about_token(entry)}
    return f"{url_for('notice.draft', source=entry.item.source)}?{urlencode(asked)}"


class OccasionRegister(Register):
    model = Occasion


class DisclosureSettingRegister(Register):
    """One row a community; whoever looks after one community is led straight to it."""

    model = DisclosureSetting

    @expose("/list/")
    @needs(Right.VIEW)
    def list(self) -> Any:
        if scope.current().path:
            return super().list()
        kept = operations.settings_of(scope.current().community_id or 0)
        if kept.id:
            return redirect(url_for(".show", key=kept.id))
        return redirect(url_for(".add")) if self.may(Right.ADD) else super().list()


CAPABILITY = Capability(
    label=_l("Catalogue"),
    icon="catalogue",
    pages=(
        Page(_l("What has to be posted"), "catalogue_item.progress", "catalogue_item"),
        Page(_l("The whole year"), "catalogue_item.compliance", "catalogue_item"),
    ),
    views=(CatalogueItemRegister, OccasionRegister, DisclosureSettingRegister),
    tasks=operations.tasks,
)
