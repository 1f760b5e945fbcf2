"""Wall prints made of what the records say; nothing of them is kept but the entry in the trail."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlalchemy import select

from app.community.models import Community
from app.disclosure import sources
from app.disclosure.operations import default_issuer
from app.kernel import registers
from app.kernel.db import db
from app.kernel.values import N_, Invalid
from app.printing import LIMITS, POSTER_LIMITS, USUAL_PAPER, Poster
from app.wall import designs
from app.wall.designs import Design, Place

MOST = LIMITS["rows"]
"""Rows of a register in one print, which are 200 sheets of names: as much as a community has boards."""

TOO_MANY = N_(
    "“%(register)s” has more than the %(most)s that one wall print takes. Let each community print its own, or open "
    "the list, filter it, such as by team or building, and choose “Print notice” there."
)


@dataclass(frozen=True)
class Wish:
    """What a person says about a wall print; blank, the design's own proposal holds."""

    choice: str = ""
    title: str = ""
    subtitle: str = ""
    footer: str = ""


def rows_of(design: Design) -> dict[str, list[dict[str, str]]]:
    """What the records say, as it may be posted; the first register under the design's own filter.

    Raises ``Invalid`` for more than fit on a wall: a longer list is refused, not cut without a word.
    """
    found = {}
    for register in design.registers:
        asked = design.asked if register == design.registers[0] else {}
        found[register] = sources.posted_rows(register, asked, limit=MOST + 1)
        if len(found[register]) > MOST:
            raise _too_many(register, MOST)
    found[design.registers[0]] = _told_apart(found[design.registers[0]])
    return found


def _too_many(register: str, most: int) -> Invalid:
    return Invalid(TOO_MANY, register=registers.labels()[register], most=f"{most:,}")


def _told_apart(rows: list[dict[str, str]]) -> list[dict[str, str]]:
    """``rows`` with the community after the name, where another community has one of that name."""
    homes: dict[str, set[str]] = {}
    for row in rows:
        homes.setdefault(row.get("name", ""), set()).add(row["#community_id"])
    shared = {name for name in homes if name and len(homes[name]) > 1}
    if not shared:
        return rows
    called = {str(key): name for key, name in db.session.execute(select(Community.id, Community.name))}
    return [
        {**row, "name": f"{row['name']}（{called[row['#community_id']]}）"} if row["name"] in shared else row
        for row in rows
    ]


def proposal(design: Design, community: Community, choice: str) -> Wish:
    """The words a print begins with."""
    said = {"name": community.name, "phone": community.phone or "", "choice": choice}
    footer = design.footer.format(**said) if community.phone else ""
    return Wish(choice, design.title.format(**said), choice if design.choose == "period" else "", footer)


def poster(design: Design, community: Community, wish: Wish, rows: designs.Rows, on: date) -> Poster | None:
    """The print of ``rows``, or None if there is nothing on record to print.

    Raises ``PrintRefused``, and ``Invalid`` for more entries than are drawn.
    """
    first = design.registers[0]
    if design.choose:
        chosen = [row for row in rows[first] if row.get(design.choose) == wish.choice]
        rows = {**rows, first: chosen}
    if not rows[first] and design.name != "cards":
        return None
    place = Place(community.name, community.phone or "", community.address or "")
    drawn = designs.PRINTED_AS.get(design.name, design.name)
    paper, landscape = USUAL_PAPER[drawn]
    entries, most = tuple(design.compose(rows, place)), POSTER_LIMITS["cards" if drawn == "cards" else "entries"]
    if len(entries) > most:
        raise _too_many(first, most)
    return Poster(
        design=drawn,
        title=wish.title,
        subtitle=wish.subtitle,
        issuer=default_issuer(first, community),
        issued_on=on.isoformat(),
        entries=entries,
        footer=wish.footer,
        paper=paper,
        landscape=landscape,
    )
