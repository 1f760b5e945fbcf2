"""Wall prints made of what the records say; nothing of them is kept but the entry in the trail."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from app.community.models import Community
from app.disclosure import sources
from app.disclosure.operations import default_issuer
from app.printing import USUAL_PAPER, Poster
from app.wall import designs
from app.wall.designs import Design, Place

MOST = 20_001
"""One more than a print has entries: a longer list is refused, not cut without a word."""


@dataclass(frozen=True)
class Wish:
    """What a person says about a wall print; blank, the design's own proposal holds."""

    choice: str = ""
    title: str = ""
    subtitle: str = ""
    footer: str = ""


def rows_of(design: Design) -> dict[str, list[dict[str, str]]]:
    """What the records say, as it may be posted; the first register under the design's own filter."""
    first, *others = design.registers
    found = {first: sources.posted_rows(first, design.asked, limit=MOST)}
    found.update({name: sources.posted_rows(name, {}, limit=MOST) for name in others})
    return found


def proposal(design: Design, community: Community, choice: str) -> Wish:
    """The words a print begins with."""
    said = {"name": community.name, "phone": community.phone or "", "choice": choice}
    footer = design.footer.format(**said) if community.phone else ""
    return Wish(choice, design.title.format(**said), choice if design.choose == "period" else "", footer)


def poster(design: Design, community: Community, wish: Wish, rows: designs.Rows, on: date) -> Poster | None:
    """The print of ``rows``, or None if there is nothing on record to print. Raises ``PrintRefused``."""
    first = design.registers[0]
    if design.choose:
        chosen = [row for row in rows[first] if row.get(design.choose) == wish.choice]
        rows = {**rows, first: chosen}
    if not rows[first] and design.name != "cards":
        return None
    place = Place(community.name, community.phone or "", community.address or "")
    drawn = designs.PRINTED_AS.get(design.name, design.name)
    paper, landscape = USUAL_PAPER[drawn]
    return Poster(
        design=drawn,
        title=wish.title,
        subtitle=wish.subtitle,
        issuer=default_issuer(first, community),
        issued_on=on.isoformat(),
        entries=tuple(design.compose(rows, place)),
        footer=wish.footer,
        paper=paper,
        landscape=landscape,
    )
