"""What is on file about one person: the person, the hats on them, and where else they are named.

It is read off the links between registers, so that a register added later takes part by itself. A model that says how
its rows are recognised (``__same__``) is a person; one that is called by its link to a person is a hat, or something a
hat does, such as a pledge; any other link only names the person, such as the keeper of a facility.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from app.kernel import registers
from app.kernel.db import db
from app.kernel.fields import Access, Declared, fields_of, title_field


@dataclass(frozen=True)
class Part:
    """Rows of one register by which a person is on file; ``link`` leads to the person, or is None for the person.

    They are either the person's ``own``, or others' that name the person.
    """

    model: Any
    link: Declared | None
    ids: tuple[int, ...]
    own: bool

    @property
    def register(self) -> str:
        return str(self.model.__tablename__)


def person_model(model: Any) -> Any:
    """The model of the person that rows of ``model`` are, or belong to; None where they are no people."""
    while not model.__same__:
        title = title_field(model)
        if title.kind != "link":
            return None
        model = title.target
    return model


def person_of(model: Any, key: int) -> tuple[Any, int] | None:
    """The model and id of the person behind a row; None where it is no person, or not in scope."""
    if person_model(model) is None:
        return None
    found: int | None = db.session.scalar(select(model.id).where(model.id == key))
    while found is not None and not model.__same__:
        title = title_field(model)
        found = db.session.scalar(select(getattr(model, title.name)).where(model.id == found))
        model = title.target
    return None if found is None else (model, found)


def parts_of(model: Any, key: int) -> list[Part]:
    """The person, then every row in scope about them, register by register."""
    found = [Part(model, None, (key,), True)]
    for part in found:  # it grows meanwhile: hats have rows of their own
        if not part.own:
            continue
        for link in registers.links_to(part.model):
            column = getattr(link.model, link.name)
            ids = db.session.scalars(select(link.model.id).where(column.in_(part.ids)).order_by(link.model.id))
            if rows := tuple(ids):
                found.append(Part(link.model, link, rows, link.model.__title__ == link.name))
    return found


def own_parts(model: Any, key: int) -> list[Part]:
    return [part for part in parts_of(model, key) if part.own]


def is_about_people(model: Any) -> bool:
    """Does the page of a row show anything about somebody that not everybody may read?"""
    return any(d.field.access is not Access.OPEN and d.field.in_record for d in fields_of(model).values())
