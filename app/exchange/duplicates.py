"""Records likely to be the same person: listed, looked at side by side, merged or told apart for good."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from flask import abort, flash, redirect, request, url_for
from flask_appbuilder import BaseView, expose
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import func, select
from werkzeug.wrappers import Response

from app.exchange import merge
from app.exchange.merge import KEPT, OTHER, CannotMerge, Difference, Layout, Pair
from app.kernel import listing, registers, undo
from app.kernel.access import Right, needs, permitted
from app.kernel.db import Conflict, db, transaction
from app.kernel.fields import Declared, Derived, Label, fields_of, title_of
from app.kernel.listing import Question
from app.kernel.named import Named
from app.kernel.present import text
from app.kernel.register import existing, looked_at, undoable
from app.kernel.values import Violation

TITLE = _l("People on file twice")
NEEDED = Right.EDIT | Right.DELETE
"""What it takes on a register to merge its records."""
PAIRS = 10
"""Pairs of one group offered for comparison at once; others follow as these are settled."""
HISTORY = 20
"""Rows of another register shown for each of the two."""


@dataclass(frozen=True)
class Entry:
    """A record among those that may be one: its texts, and the registers that point at it."""

    id: int
    texts: Sequence[str]
    hats: Sequence[Label]


@dataclass(frozen=True)
class Line:
    """A field of two rows side by side; ``difference`` is None where they agree."""

    declared: Declared
    kept: str
    other: str
    difference: Difference | None


@dataclass(frozen=True)
class Hats:
    """What of another register points at the two records: (id, text) of each row, or only how many."""

    register: str
    label: str
    kept: Sequence[tuple[int, str]]
    other: Sequence[tuple[int, str]]


class DuplicatesView(Named, BaseView):
    """The pages, for every register whose model says by what its records are recognised (``__same__``)."""

    name = "duplicates"
    route_base = "/duplicates"
    default_view = "list"

    @expose("/list/")
    @needs(Right.VIEW)
    def list(self) -> str:
        view = self._view(request.args.get("register") or next(iter(_registers()), ""))
        typed = request.args.get("page", "1")
        if not typed.isdecimal() or len(typed) > 6 or not int(typed):
            abort(400)
        columns = _telling(view)
        groups, more = merge.groups(view.model, int(typed))
        firsts = [group.first(PAIRS) for group in groups]
        entries = _entries(view.model, columns, [key for group in firsts for key in group.ids])
        shown = [
            (group, [entries[key] for key in group.ids], {key: place for place, key in enumerate(group.ids, 1)})
            for group in firsts
        ]
        return str(
            self.render_template(
                "exchange/duplicates.html",
                title=TITLE,
                register=view,
                columns=columns,
                groups=shown,
                page=int(typed),
                more=more,
            )
        )

    @expose("/choose/<name>/<int:key>")
    @needs(Right.VIEW)
    def choose(self, name: str, key: int) -> str | Response:
        """With whom a record is to be merged."""
        view = self._view(name)
        record, problem = existing(view.model, key), ""
        if "other" in request.args:
            other = int(typed) if (typed := request.args["other"]).isdecimal() and len(typed) < 10 else 0
            if other != key and listing.title(view.model, other) is not None:
                return redirect(url_for(".compare", name=name, first=key, second=other))
            problem = _("Please choose one from the list.") if other != key else _("This is the record itself.")
        columns = _telling(view)
        drawn = str(
            self.render_template(
                "exchange/duplicates_choose.html",
                title=_("Merge %(name)s", name=title_of(record)),
                register=view,
                record=record,
                name=title_of(record),
                problem=problem,
                columns=columns,
                entries=_entries(view.model, columns, merge.resembling(record)).values(),
            )
        )
        looked_at(record)
        return drawn

    @expose("/compare/<name>/<int:first>/<int:second>", methods=["GET", "POST"])
    @needs(Right.VIEW)
    def compare(self, name: str, first: int, second: int) -> str | Response:
        """Two records side by side; posted, they are merged."""
        view = self._view(name)
        one, two = self._both(view, first, second)
        told: list[str] = []
        if request.method == "POST":
            try:
                with transaction(), undo.recorded("merge", name, title_of(one), 2) as change:
                    layout = merge.lay_out(one, two)
                    kept = layout.pairs[0].kept.id
                    if layout.token != request.form.get("token"):
                        raise Conflict
                    merge.merge(layout, request.form)
            except CannotMerge as refused:
                told = _told(refused.reasons)
            except Conflict:
                one, two = self._both(view, first, second)
                told = [_("Somebody else has changed one of the two meanwhile: please look once more.")]
            else:
                flash(undoable(_("The two records have been merged."), change), "success")
                return redirect(url_for(f"{name}.show", key=kept))
        layout = merge.lay_out(one, two)
        told = told or _told(merge.obstacles(layout, request.form))
        first_pair, *hats = layout.pairs
        drawn = str(
            self.render_template(
                "exchange/duplicates_compare.html",
                title=_("The same person? %(name)s", name=title_of(first_pair.kept)),
                list_title=TITLE,
                register=view,
                first=first,
                second=second,
                pair=first_pair,
                layout=layout,
                lines=_lines(first_pair, whole=True),
                hats=[(pair, title_of(pair.kept), _lines(pair)) for pair in hats],
                history=_history(first_pair),
                moves=_moves(layout),
                chosen=request.form,
                KEPT=KEPT,
                OTHER=OTHER,
                reasons=told,
                days=undo.KEPT_DAYS,
            )
        )
        looked_at(one, two)
        return drawn

    @expose("/differ/<name>/<int:first>/<int:second>", methods=["POST"])
    @needs(Right.VIEW)
    def differ(self, name: str, first: int, second: int) -> Response:
        """Somebody says that the two are not the same person."""
        view = self._view(name)
        with transaction():
            merge.tell_apart(*self._both(view, first, second))
        flash(_("Noted: these are two people. They will not be listed together again."), "success")
        return redirect(url_for(".list", register=name))

    @staticmethod
    def _view(name: str) -> Any:
        """The register of that name, if its records can be merged by the person at work."""
        if name not in _registers():
            abort(404)
        return registers.REGISTERS[name]

    @staticmethod
    def _both(view: Any, first: int, second: int) -> tuple[Any, Any]:
        one, two = existing(view.model, first), existing(view.model, second)
        if one is two or one.community_id != two.community_id:
            abort(404)
        return one, two


def _registers() -> list[str]:
    return [name for name, view in registers.REGISTERS.items() if view.model.__same__ and permitted(name, NEEDED)]


def _telling(view: Any) -> list[Declared]:
    """The fields that tell whether two records are the same."""
    same = {name for key in view.model.__same__ for name in key}
    return [
        declared
        for declared in fields_of(view.model).values()
        if declared.name in same or declared.field.hint or (declared.field.in_list and declared.kind != "link")
    ]


def _entries(model: Any, columns: Sequence[Declared], ids: Sequence[int]) -> dict[int, Entry]:
    rows = listing.rows(model, [declared.name for declared in columns], Question(), model.id.in_(ids), limit=None)
    hats = _hats(model, ids)
    return {
        row.id: Entry(row.id, [text(declared, row.values[declared.name]) for declared in columns], hats.get(row.id, ()))
        for row in rows
    }


def _hats(model: Any, ids: Sequence[int]) -> dict[int, list[Label]]:
    """The registers whose rows point at each of the records."""
    found: dict[int, list[Label]] = {}
    for link in registers.links_to(model):
        column = getattr(link.model, link.name)
        for key in db.session.scalars(select(column).where(column.in_(ids)).distinct()):
            found.setdefault(key, []).append(link.model.__label__)
    return found


def _told(reasons: Iterable[tuple[Any, Violation]]) -> list[str]:
    """The reasons in words: 岗位分配 张明：…"""
    told = []
    for row, violation in reasons:
        model: Any = type(row)
        declared = fields_of(model).get(violation.field)
        about = f"{model.__label__} {title_of(row)}"
        about = f"{about} · {declared.field.label}" if declared else about
        told.append(f"{about}{_(': ')}{_(violation.message, **violation.params)}")
    return told


def _lines(pair: Pair, whole: bool = False) -> list[Line]:
    """What people type of the two rows side by side: where they differ, or all of it."""
    model: Any = type(pair.kept)
    differences = {difference.declared.name: difference for difference in pair.differences}
    shown = [
        declared
        for declared in fields_of(model).values()
        if declared.field.in_form
        and declared.lender is None
        and not isinstance(declared.origin, Derived)
        and (whole or declared.name in differences)
    ]
    names = [declared.name for declared in shown]
    sides = []
    for row in (pair.kept, pair.other):
        found = listing.row(model, row.id, names)
        sides.append([text(declared, found.values[declared.name] if found else None) for declared in shown])
    return [
        Line(declared, kept, other, differences.get(declared.name))
        for declared, kept, other in zip(shown, *sides, strict=True)
    ]


def _history(pair: Pair) -> list[Hats]:
    found = []
    for link in registers.links_to(type(pair.kept)):
        kept, other = (_pointing(link, row.id) for row in (pair.kept, pair.other))
        if kept or other:
            label = str(link.model.__label__)
            if link.model.__title__ != link.name:
                label = f"{label} · {link.field.label}"
            found.append(Hats(link.model.__tablename__, label, kept, other))
    return found


def _pointing(link: Declared, key: int) -> list[tuple[int, str]]:
    """The rows by which a register points at a record; without the right to read them, only how many."""
    condition = getattr(link.model, link.name) == key
    if not permitted(link.model.__tablename__, Right.VIEW):
        count = db.session.scalar(select(func.count()).select_from(link.model).where(condition))
        return [(0, _("%(count)s records", count=count))] if count else []
    columns = [
        declared
        for declared in fields_of(link.model).values()
        if declared.field.in_list and declared.lender is None and declared.name not in {link.name, "community_id"}
    ]
    rows = listing.rows(link.model, [d.name for d in columns], Question(), condition, limit=HISTORY)
    return [(row.id, " · ".join(filter(None, (_named(d, row.values[d.name]) for d in columns)))) for row in rows]


def _named(declared: Declared, value: Any) -> str:
    """A value as it is shown; a number, a day, a yes says what it is about."""
    shown = text(declared, value)
    bare = declared.kind in {"integer", "decimal", "date", "flag"}
    return f"{declared.field.label} {shown}" if bare and shown else shown


def _moves(layout: Layout) -> list[tuple[str, int]]:
    """How many rows of which register come over to the record that stays."""
    counts: dict[Any, int] = {}
    for move in layout.moves:
        counts[type(move.row)] = counts.get(type(move.row), 0) + 1
    return [(str(getattr(model, "__label__", model.__name__)), count) for model, count in counts.items()]
