"""The search box in the head of every page: its answers while one types, and the page that works without script."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache, lru_cache
from typing import Any

from flask import abort, jsonify, request, url_for
from flask_appbuilder import BaseView, expose
from flask_babel import gettext as _
from sqlalchemy import bindparam, literal, select, union_all
from werkzeug.wrappers import Response

from app.kernel import search
from app.kernel.access import Right, needs, permitted
from app.kernel.db import db, today
from app.kernel.fields import Access, Declared, Label, fields_of, title_field
from app.kernel.listing import COUNT_LIMIT, Listing, Question
from app.kernel.named import Named
from app.kernel.present import full_text, text
from app.kernel.register import MAX_SEARCH
from app.kernel.registers import REGISTERS

MOST = 5
"""Rows shown of each register."""
MOST_GROUPS = 6
"""Registers shown below the box; the page shows all."""
LONGEST_HINT = 30


@dataclass(frozen=True)
class Hat:
    """Another register the record stands in: a person who is a volunteer."""

    label: Label
    address: str


@dataclass(frozen=True)
class Answer:
    """A record that was found; ``hint`` tells it from its namesakes."""

    label: str
    hint: str
    address: str
    hats: tuple[Hat, ...] = ()


@dataclass(frozen=True)
class Group:
    """What was found in one register; ``more`` says that the list has more than is shown."""

    register: str
    label: Label
    answers: tuple[Answer, ...]
    more: bool
    address: str


class SearchView(Named, BaseView):
    name = "search"
    route_base = "/search"

    @expose("/")
    @needs(Right.VIEW)
    def index(self) -> str:
        question = _asked()
        groups, by_ear = find(question)
        counts = {group.register: _count(group, question) for group in groups}
        return str(
            self.render_template(
                "search.html",
                title=_("Search"),
                question=question,
                groups=groups,
                counts=counts,
                most=COUNT_LIMIT,
                by_ear=by_ear,
            )
        )

    @expose("/answers/")
    @needs(Right.VIEW)
    def answers(self) -> Response:
        """What the box shows: groups of answers, the first registers only."""
        question = _asked()
        groups, by_ear = find(question, MOST_GROUPS)
        return jsonify(
            by_ear=by_ear,
            groups=[
                {
                    "label": str(group.label),
                    "more": group.more,
                    "address": group.address,
                    "answers": [
                        {
                            "label": answer.label,
                            "hint": answer.hint,
                            "address": answer.address,
                            "hats": [str(hat.label) for hat in answer.hats],
                        }
                        for answer in group.answers
                    ],
                }
                for group in groups
            ],
        )


def _asked() -> str:
    question = request.args.get("q", "").strip()
    if len(question) > MAX_SEARCH:
        abort(400)
    return question


def _count(group: Group, question: str) -> int:
    return Listing(REGISTERS[group.register].model).count(Question(question)) if group.more else len(group.answers)


def find(question: str, most_groups: int | None = None) -> tuple[list[Group], bool]:
    """What ``question`` finds for the person at work, people first; and whether only by ear."""
    seen = {name for name in REGISTERS if permitted(name, Right.VIEW)}
    models = [view.model for name, view in REGISTERS.items() if name in seen]
    models.sort(key=lambda model: (not model.__same__, not hats(model)))
    found, by_ear = search.first(models, question, MOST), False
    if not any(hats(model) for model in found):  # nobody has all the words: somebody may in what is about them
        linked = [model for model in models if title_field(model).kind == "link"]
        for model, keys in search.first_linked(linked, question, MOST).items():
            found[model] = list(dict.fromkeys((*found.get(model, ()), *keys)))
    if not found:
        found, by_ear = search.first(models, question, MOST, by_ear=True), True
    shown_first = [model for model in models if model in found][:most_groups]
    groups = [_group(model, found[model], question, seen) for model in shown_first]
    shown = [group for group in groups if group.answers]
    return shown, by_ear and bool(shown)


def _group(model: Any, keys: Sequence[int], question: str, seen: Collection[str]) -> Group:
    register, title, hints = model.__tablename__, title_field(model), _hints(model)
    selected = db.session.execute(_telling(model, today()), {"keys": keys[:MOST]})
    rows = {row[0]: row[1:] for row in selected}
    worn = _worn(model, list(rows), seen)
    answers = tuple(
        Answer(
            label=text(title, rows[key][0]),
            hint="  ".join(filter(None, map(_hint, hints, rows[key][1:]))),
            address=url_for(f"{register}.show", key=key),
            hats=tuple(worn[key]),
        )
        for key in keys[:MOST]
        if key in rows
    )
    address = url_for(f"{register}.list", q=question)
    return Group(register, model.__label__, answers, len(keys) > MOST, address)


@lru_cache(maxsize=256)
def _telling(model: Any, _day: date) -> Any:
    """The statement for the titles and hints of the rows ``keys``; what is worked out may depend on the day."""
    found = Listing(model)
    values = [found.expression(declared) for declared in (title_field(model), *_hints(model))]
    return found.with_joins(select(model.id, *values).where(model.id.in_(bindparam("keys", expanding=True))))


@cache
def hats(model: Any) -> tuple[Declared, ...]:
    """The links by which rows of other registers are called after one of ``model``."""
    titles = (title_field(view.model) for view in REGISTERS.values())
    return tuple(title for title in titles if title.kind == "link" and title.target is model)


@cache
def _wearing(links: tuple[Declared, ...]) -> Any:
    """The statement for who of ``keys`` wears which hat."""
    parts = []
    for link in links:
        wearer = getattr(link.model, link.name)
        register = literal(link.model.__tablename__)
        parts.append(select(register, link.model.id, wearer).where(wearer.in_(bindparam("keys", expanding=True))))
    return union_all(*parts)


def _worn(model: Any, keys: Sequence[int], seen: Collection[str]) -> dict[int, list[Hat]]:
    found: dict[int, list[Hat]] = defaultdict(list)
    links = tuple(link for link in hats(model) if link.model.__tablename__ in seen)
    if not links or not keys:
        return found
    for register, key, wearer in db.session.execute(_wearing(links), {"keys": keys}):
        label = REGISTERS[register].model.__label__
        found[wearer].append(Hat(label, url_for(f"{register}.show", key=key)))
    return found


@cache
def _hints(model: Any) -> list[Declared]:
    """What tells rows apart: the hints of the register, or the next columns of its list; and a masked phone."""
    known = [declared for declared in fields_of(model).values() if declared.name != model.__title__]
    hints = [declared for declared in known if declared.field.hint]
    if not hints:
        columns = (d for d in known if d.field.in_list and d.name != "community_id" and d.kind not in {"flag", "link"})
        hints = [declared for declared in columns if declared.field.access is Access.OPEN][:2]
    private = [d for d in known if d.field.search and d.field.access is Access.PRIVATE and d not in hints]
    return hints + private


def _hint(declared: Declared, value: Any) -> str:
    """A value in few words. Private ones stay masked for everybody: people at the counter see the screen, too."""
    shown = full_text(declared, value)
    if shown and declared.field.access is not Access.OPEN:
        return shown[:4] if declared.kind == "date" else declared.field.mask(shown)
    if declared.kind in {"integer", "decimal"} and shown:
        return f"{declared.field.label} {shown}"
    return shown if len(shown) <= LONGEST_HINT else f"{shown[:LONGEST_HINT]}…"
