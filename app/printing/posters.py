"""What is printed for a wall or to be cut into cards: plain values, complete in themselves.

    pdf = render(Poster(design="pledges", title="…", entries=(Entry("王喆", lines=(("承诺", "…"),)), …)))

Seven designs share one shape, a title over entries. What an entry's parts mean:

=========  ==============  =================  ==================================  ==============
design     heading         subheading         lines (label, text)                 group
=========  ==============  =================  ==================================  ==============
pledges    member          branch             承诺, 践诺, 点评                      branch
posts      service post    places             职责, 在岗党员                        kind of post
people     name            position           分工, 电话                           body
teams      team            what it does       队长, 队员 (one name to a line)        kind of team
procedure  step            who acts           材料, 时限 (one document to a line)    procedure
directory  service point   what it offers     地址, 时间, 电话: the columns          kind of service
cards      hotline         what it is for     联络员, 服务内容                       for whom
=========  ==============  =================  ==================================  ==============

In ``procedure`` an entry without heading holds for the whole chart: place, phone, hours. In ``cards``
an entry is a card; entries are repeated until the sheet is full, so that one entry gives ten cards.
"""

import json
from dataclasses import asdict, dataclass
from typing import Any, Literal, NamedTuple

from .refusal import N_, Phrase
from .values import Paper, canonical, check_fields, digest, fault, malformed, within

Design = Literal["pledges", "posts", "people", "teams", "procedure", "directory", "cards"]

VERSION = 1
# The paper that suits each design, and whether it lies on its side.
USUAL_PAPER: dict[Design, tuple[Paper, bool]] = {
    "pledges": ("A3", False),
    "posts": ("A3", False),
    "people": ("A3", False),
    "teams": ("A3", False),
    "procedure": ("A3", False),
    "directory": ("A3", True),
    "cards": ("A4", False),
}

Kind = Literal["title", "subtitle", "issuer", "footer", "short_code", "heading", "subheading", "group", "label", "text"]
LIMITS: dict[str, int] = {
    "title": 80,
    "subtitle": 100,
    "issuer": 120,
    "footer": 150,
    "short_code": 40,
    "qr": 200,
    "heading": 60,
    "subheading": 100,
    "group": 60,
    "label": 20,
    "text": 2_000,
    "entries": 500,
    "cards": 200,
    "lines": 12,
    "characters": 200_000,
}
_PLACE_NAMES: dict[Kind, str] = {
    "title": N_("the title"),
    "subtitle": N_("the subtitle"),
    "issuer": N_("the issuing body"),
    "footer": N_("the foot of the sheet"),
    "short_code": N_("the short code"),
    "heading": N_("the heading of entry %(nth)s"),
    "subheading": N_("the second heading of entry %(nth)s"),
    "group": N_("the group of entry %(nth)s"),
    "label": N_("entry %(nth)s “%(heading)s”, the name of line %(line)s"),
    "text": N_("entry %(nth)s “%(heading)s”, line %(line)s"),
}
_LENGTH = N_("the length of %(place)s")
_BYTES = N_("the number of bytes in the QR code")
_ENTRIES = N_("the number of entries")
_LINES = N_("the number of lines of entry %(nth)s")
_CHARACTERS = N_("the number of characters")


class Place(NamedTuple):
    """Where a text stands on the sheet; ``nth`` entry and ``line`` count from 1."""

    kind: Kind
    nth: int = 0
    line: int = 0
    heading: str = ""

    def phrase(self) -> Phrase:
        """The place in words."""
        return Phrase(_PLACE_NAMES[self.kind], {"nth": self.nth, "line": self.line, "heading": self.heading})


@dataclass(frozen=True)
class Entry:
    """One member, post, person, team, step, service point or card.

    ``lines`` are pairs of a label and a text; a line feed in the text begins another item. A line
    without text is left out. ``qr`` is the text of a QR code beside the entry, empty for none.
    """

    heading: str = ""
    subheading: str = ""
    lines: tuple[tuple[str, str], ...] = ()
    group: str = ""
    qr: str = ""


@dataclass(frozen=True)
class Poster:
    """One wall print; takes as many sheets as it needs, each with the head and the foot.

    ``title`` may be broken by hand with ``\\n``. ``issued_on`` is an ISO date or empty. ``footer`` says
    in large type whom to ask. ``qr`` is the text of the QR code in the foot; on cards, that of every
    card whose entry has none. A QR code holds 200 bytes of UTF-8.

    Raises ``PrintRefused`` ("malformed", "too_large") for values that cannot be a poster.
    """

    design: Design
    title: str
    subtitle: str = ""
    issuer: str = ""
    issued_on: str = ""
    entries: tuple[Entry, ...] = ()
    footer: str = ""
    paper: Paper = "A3"
    landscape: bool = False
    short_code: str = ""
    qr: str = ""
    version: int = VERSION

    def __post_init__(self) -> None:
        _check_kinds(self)
        _check_sizes(self)

    def to_json(self) -> str:
        """The canonical text: sorted keys, no spaces, characters as themselves."""
        return canonical(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> "Poster":
        """Read what ``to_json`` wrote; refuses ("malformed") unknown versions and unknown keys."""
        try:
            data: dict[str, Any] = json.loads(text)
            if data.get("version") != VERSION:
                raise malformed(f"version {data.get('version')!r}")
            data["entries"] = tuple(
                Entry(**{**entry, "lines": tuple(tuple(line) for line in entry["lines"])}) for entry in data["entries"]
            )
            return cls(**data)
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise malformed(str(error)) from error

    def digest(self) -> str:
        """SHA-256 of the canonical text, in hexadecimal."""
        return digest(self.to_json())

    def texts(self) -> list[tuple[Place, str]]:
        """Every printed text with its place, for checks and messages; what QR codes hold is not among them."""
        found = [
            (Place("title"), self.title),
            (Place("subtitle"), self.subtitle),
            (Place("issuer"), self.issuer),
            (Place("footer"), self.footer),
            (Place("short_code"), self.short_code),
        ]
        for nth, entry in enumerate(self.entries, 1):
            found += [
                (Place("heading", nth), entry.heading),
                (Place("subheading", nth), entry.subheading),
                (Place("group", nth), entry.group),
            ]
            for line, (label, text) in enumerate(entry.lines, 1):
                found += [
                    (Place("label", nth, line, entry.heading), label),
                    (Place("text", nth, line, entry.heading), text),
                ]
        return found


def _check_kinds(poster: Poster) -> None:
    if poster.version != VERSION:
        raise malformed(f"version {poster.version!r}")
    check_fields(poster, design=Design, paper=Paper)
    if poster.design == "cards" and (poster.paper, poster.landscape) != USUAL_PAPER["cards"]:
        raise malformed("cards are cut from upright A4 sheets")
    if not isinstance(poster.entries, tuple) or not poster.entries:
        raise malformed("a poster without entries")
    for nth, entry in enumerate(poster.entries, 1):
        if not isinstance(entry, Entry):
            raise malformed(f"entry {nth} is not an entry")
        check_fields(entry)
        lines = entry.lines
        if not isinstance(lines, tuple) or not all(isinstance(line, tuple) and len(line) == 2 for line in lines):
            raise malformed(f"the lines of entry {nth} are not pairs")
        if not entry.heading and not any(text for _, text in lines):
            raise malformed(f"entry {nth} is empty")
    for place, text in poster.texts():
        if wrong := fault(text):
            raise malformed(f"{place.phrase().told()} is {wrong}")


def _check_sizes(poster: Poster) -> None:
    within(LIMITS["cards" if poster.design == "cards" else "entries"], len(poster.entries), _ENTRIES)
    for nth, entry in enumerate(poster.entries, 1):
        within(LIMITS["lines"], len(entry.lines), _LINES, nth=nth)
    texts = poster.texts()
    for place, text in texts:
        within(LIMITS[place.kind], len(text), _LENGTH, place=place.phrase())
    for text in (poster.qr, *(entry.qr for entry in poster.entries)):
        within(LIMITS["qr"], len(text.encode()), _BYTES)
    within(LIMITS["characters"], sum(len(text) for _, text in texts), _CHARACTERS)
