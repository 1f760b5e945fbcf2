"""From a poster to the bytes of a PDF, in this process.

A wall is read from two metres: the main text is never smaller than 24 pt on A3 (17 pt on A4), and as
much larger as it can be without taking another sheet. What room is then left on a sheet goes between
the entries. Cards are read in the hand and have sizes of their own.
"""

import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, partial
from itertools import chain, cycle, islice, pairwise, takewhile
from math import ceil, sqrt
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from weasyprint import CSS, HTML, Document
from weasyprint.formatting_structure import boxes
from weasyprint.urls import FatalURLFetchingError

from . import fonts, justify, qr
from .abreast import Lines
from .drawing import as_pdf, no_complaints, no_garbage_collection, within
from .fetchers import InertFetcher
from .posters import Entry, Kind, Poster
from .refusal import N_, Phrase, PrintRefused
from .text import GAP, GLUE, TIE, chinese_date, pieces, printable, spaced, title_lines, width

# The main text in points on A3, largest first; A4 is A3 made smaller by √2. Cards in points.
SIZES = (38, 34, 31, 28, 26, 24)
CARD_SIZES = (12, 11.5, 11, 10.5, 10, 9, 8)
CARD_ROOM = 45  # mm: what a card of 54 mm holds between its margins
_CARDS_PER_SHEET = 10

_TEMPLATES = FileSystemLoader(Path(__file__).parent / "templates" / "posters")
_PAGES = Environment(
    loader=_TEMPLATES, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
)
_STYLES = Environment(loader=_TEMPLATES, autoescape=False, undefined=StrictUndefined)  # noqa: S701 - only our own numbers
_ROLES: dict[Kind, fonts.Role] = {
    "title": "title",
    "heading": "title",
    "subtitle": "subheading",
    "subheading": "subheading",
    "issuer": "subheading",
}
_CARD = N_("the height of card %(nth)s")

_USUAL = 0.85  # the share of a column's cells that decides how wide it wishes to be
_TERM, _POINT = 5.0, 8.0  # ems up to which a cell, or a heading, stays on one line while there is room
_POINTS_PER_MM = 72 / 25.4
_POINTS_PER_PIXEL = 0.75
# On A3: type in points, lengths in mm.
_LARGEST_ABREAST = 31  # where entries stand side by side
_TITLE_SIZES = (72, 66, 60, 54, 48)  # upright; lying, from the third on
_SUBTITLE_SIZE = 28
_FOOT_SIZE = 21
_QR_SIZE = 20
_SIDE = 20
_EDGE = 13  # above the head and below the foot
_NAME, _OFFICE = 4, 6  # characters of what stays on one line of a list
_LAST = 3  # characters that stay together at the end of a text
_LONG_TEXT = 100  # characters that fill a narrow column from top to bottom
_MANY_SHEETS = 5  # beyond which nobody waits for larger type
_MARKED = ("pledges", "procedure")  # where what begins a sheet looks different
_MOST_LEFT = 1 / 3  # of a sheet before the last
_SLACK = 5  # points that WeasyPrint may want below the last table of a sheet
_MOST_EXTRA = 1.4  # ems added between two entries at most
_OPTICAL_MIDDLE = 0.4  # the part of the room left on a single sheet that goes above the entries
_MOST_LEAD = 3.0  # ems of it at most
_SENTENCE_END = re.compile(rf".{{{2 * _LAST}}}[^ -~、，；：{GAP}{TIE}]{{{_LAST}}}\Z")
_IN_WORD = re.compile(r"[-.\w]", re.ASCII)


def draw(poster: Poster) -> bytes:
    """The PDF of ``poster``; the same poster gives the same bytes.

    Raises ``PrintRefused``: "font_missing", "glyph_missing" before anything is drawn, "too_large" for a
    card with more text than it can hold, "drawing_failed" when WeasyPrint had anything to complain about.
    """
    loaded = fonts.load()
    loaded.check((_ROLES.get(place.kind, "heading"), place, text) for place, text in poster.texts())
    justify.install()
    board = _Board(_clean(poster), loaded)
    with no_garbage_collection(), no_complaints():
        try:
            return as_pdf(_cards(board) if poster.design == "cards" else _sheets(board), poster.digest())
        except FatalURLFetchingError as error:
            raise PrintRefused("drawing_failed", detail=str(error)) from error


@dataclass(frozen=True)
class _Item:
    """An entry as the templates print it."""

    nth: int  # of all entries, from 1
    number: int  # of the entries of its group that have a heading
    heading: str
    subheading: str
    group: str
    lines: list[tuple[str, list[str]]]
    qr: str
    repeats: bool = False  # a card that has been there before

    def cell(self, label: str) -> str:
        """What a table has in the column of ``label``."""
        return "\n".join(text for own, texts in self.lines if own == label for text in texts)


@dataclass(frozen=True)
class _Block:
    """What is kept on one sheet if it can be: an entry, a row of entries, a group in a table, ten cards."""

    group: str  # printed over the block that begins it
    items: list[_Item]
    columns: int


# From which it is learned how names stand side by side.
_SPECIMEN = _Block("", [_Item(1, 1, "国", "", "", [("国", ["国", "国"])], "")], 1)


@dataclass(frozen=True)
class _Setting:
    """What is found by trying: the main text in points, and what follows from where the blocks came to stand."""

    size: float
    sheets: int = 0
    firsts: Collection[int] = ()  # the blocks that begin a sheet
    extra: Mapping[int, float] = field(default_factory=dict)  # room added before a block, in points
    once: bool = False  # no card that repeats another


class _Board:
    """A poster ready to be laid out in one setting after another."""

    def __init__(self, poster: Poster, loaded: fonts.Fonts) -> None:
        self.design, self.columns, self._loaded = poster.design, _columns(poster), loaded
        self.scale = 1.0 if poster.paper == "A3" else 1 / sqrt(2)
        self._values = _values(poster, self.scale) | {"families": loaded.families}

    def card(self, nth: int) -> _Block:
        """The card of entry ``nth`` by itself."""
        return _Block("", [card for block in self._values["blocks"] for card in block.items if card.nth == nth][:1], 1)

    def render(self, setting: _Setting, blocks: Sequence[_Block] = ()) -> Document:
        """All of the poster, or only some ``blocks``."""
        blocks = blocks or self._values["blocks"]
        if self.design != "teams":
            return self._laid_out(setting, blocks)
        return self._laid_out(setting, blocks, Lines.of(self._laid_out(setting, [_SPECIMEN])))

    def _laid_out(self, setting: _Setting, blocks: Sequence[_Block], names: Lines | None = None) -> Document:
        values = self._values | {"setting": setting, "blocks": blocks, "names": names}
        fetcher, configuration = InertFetcher(), self._loaded.configuration
        style = _STYLES.get_template(f"{self.design}.css").render(values)
        page = _PAGES.get_template(f"{self.design}.html").render(values)
        sheet_style = CSS(string=style, font_config=configuration, url_fetcher=fetcher)
        return HTML(string=page, url_fetcher=fetcher).render(
            stylesheets=[self._loaded.stylesheet, sheet_style],
            font_config=configuration,
            cache=dict(names.images) if names else None,
        )


def _sheets(board: _Board) -> Document:
    """On as few sheets as the smallest type takes, set as large as these allow, the room left shared out.

    A size that tears figures or words which the smallest leaves whole is too large, and so is one with which entries
    that nearly fit leave much of a sheet empty before the last: it looks as if some were missing.
    """
    sizes = [size * board.scale for size in SIZES if size <= _LARGEST_ABREAST or board.columns == 1]
    lay_out = cache(lambda size: board.render(_Setting(size)))
    smallest = lay_out(sizes[-1])
    fewest, torn, left = len(smallest.pages), _torn(smallest), max(_left(smallest), _MOST_LEFT)

    def fits(size: float) -> bool:
        document = within(fewest, partial(lay_out, size))
        return document is not None and _torn(document) <= torn and _left(document) <= left

    if fewest > _MANY_SHEETS:
        sizes = sizes[-1:]
    size = _largest(sizes, fits, fewest / sum(map(_filled, smallest.pages)))

    document = lay_out(size)
    extra = _extra(document, size)
    if fewest > 1 and not extra and board.design not in _MARKED:
        return document  # nothing would be set differently
    firsts = {next(iter(_block_boxes(page))) for page in document.pages}
    setting = _Setting(size, fewest, firsts)
    filled = board.render(replace(setting, extra=extra))
    return filled if len(filled.pages) == fewest else board.render(setting)


def _cards(board: _Board) -> Document:
    """Ten to a sheet, in the largest type in which the fullest card holds its text and nothing more is torn."""
    lay_out = cache(lambda size: board.render(_Setting(size, once=True)))
    smallest = lay_out(CARD_SIZES[-1])
    nth, height = _fullest(smallest)
    if height > CARD_ROOM:
        what, told = Phrase(_CARD, {"nth": nth}), f"{ceil(height)} mm"
        raise PrintRefused("too_large", what=what, size=told, limit=f"{CARD_ROOM} mm")
    torn, fullest = _torn(smallest), board.card(nth)

    def may_fit(size: float) -> bool:
        return _fullest(board.render(_Setting(size), [fullest]))[1] <= CARD_ROOM

    def fits(size: float) -> bool:
        return _fullest(lay_out(size))[1] <= CARD_ROOM and _torn(lay_out(size)) <= torn

    # Only a part of a card grows with the type, about one half. What is too large for the fullest need not be tried on
    # all, of which there may be hundreds.
    largest = _largest(CARD_SIZES, may_fit, (CARD_ROOM / height) ** 2)
    sizes = [size for size in CARD_SIZES if size <= largest]
    return board.render(_Setting(next(filter(fits, sizes), sizes[-1])))


def _largest(sizes: Sequence[float], fits: Callable[[float], bool], room: float) -> float:
    """The first of ``sizes``, which fall, that fits; the last if none does. What fits is expected to fit smaller, too.

    The first to be tried is the one to be expected, ``room`` being how many times larger than the last it may be.
    """
    likely = next((nth for nth, size in enumerate(sizes) if size <= sizes[-1] * room), len(sizes) - 1)
    if not fits(sizes[likely]):
        return next(filter(fits, sizes[likely + 1 : -1]), sizes[-1])
    return [sizes[likely], *takewhile(fits, reversed(sizes[:likely]))][-1]


def _fullest(document: Document) -> tuple[int, float]:
    """The card with the highest text: its number among the entries, and that height in mm."""
    found = (card for page in document.pages for card in _block_boxes(page).items())
    nth, box = max(found, key=lambda card: card[1].margin_height())
    return nth, box.margin_height() * _POINTS_PER_PIXEL / _POINTS_PER_MM


def _filled(page: Any) -> float:
    """The part of a sheet that its blocks take, from top to bottom."""
    whole = page._page_box
    part: float = (_end(_block_boxes(page)) - whole.content_box_y()) / whole.height
    return part


def _left(document: Document) -> float:
    """The largest part that is left empty of a sheet before the last."""
    return max((1 - _filled(page) for page in document.pages[:-1]), default=0.0)


def _end(sheet: Mapping[int, Any]) -> float:
    """Where the lowest of the blocks on a sheet ends."""
    end: float = max(box.position_y + box.margin_height() for box in sheet.values())
    return end


def _extra(document: Document, size: float) -> dict[int, float]:
    """How much room to add before each block to fill every sheet, in points."""
    sheets = [_block_boxes(page) for page in document.pages]
    begun = [block for sheet in sheets for block in sheet]
    extra: dict[int, float] = {}
    for page, sheet in zip(document.pages, sheets, strict=True):
        if any(begun.count(block) > 1 for block in sheet):
            continue  # an entry that runs on from sheet to sheet leaves no room
        whole = page._page_box
        room = (whole.content_box_y() + whole.height - _end(sheet)) * _POINTS_PER_PIXEL - _SLACK
        first, *others = sheet
        share = min(room / len(others), _MOST_EXTRA * size) if others else 0.0
        extra |= dict.fromkeys(others, share)
        if len(sheets) == 1:
            extra[first] = min((room - share * len(others)) * _OPTICAL_MIDDLE, _MOST_LEAD * size)
    return extra


def _torn(document: Document) -> int:
    """How often a figure or a word begins on one line and ends on the next."""
    count = 0
    for page in document.pages:
        for box in page._page_box.descendants(placeholders=True):
            lines = [_line_text(child) for child in box.children if isinstance(child, boxes.LineBox)]
            count += sum(bool(_IN_WORD.match(here[-1:]) and _IN_WORD.match(there)) for here, there in pairwise(lines))
    return count


def _line_text(line: boxes.LineBox) -> str:
    return "".join(box.text for box in line.descendants() if isinstance(box, boxes.TextBox))


def _block_boxes(page: Any) -> dict[int, Any]:
    """The boxes of the blocks that stand on a page, by their numbers, in order."""
    found: dict[int, Any] = {}
    for box in page._page_box.descendants(placeholders=True):
        if box.element is not None and (number := box.element.get("data-block")):
            found.setdefault(int(number), box)
    return found


def _clean(poster: Poster) -> Poster:
    entries = (
        Entry(
            heading=printable(entry.heading),
            subheading=printable(entry.subheading),
            lines=tuple((printable(label), printable(text)) for label, text in entry.lines),
            group=printable(entry.group),
            qr=entry.qr,
        )
        for entry in poster.entries
    )
    return replace(
        poster,
        title=printable(poster.title),
        subtitle=printable(poster.subtitle),
        issuer=printable(poster.issuer),
        footer=printable(poster.footer),
        short_code=printable(poster.short_code),
        entries=tuple(entries),
    )


def _values(poster: Poster, scale: float) -> dict[str, Any]:
    """What the templates are told: texts cleaned and cut into lines, type in points, lengths in mm."""
    paper_width, paper_height = (420, 297) if poster.landscape else (297, 420)
    points = (paper_width - 2 * _SIDE) * _POINTS_PER_MM

    title_sizes = _TITLE_SIZES[2:] if poster.landscape else _TITLE_SIZES
    title_size = next((size for size in title_sizes if width(poster.title) <= points / size), title_sizes[-1])
    title_set = title_lines(poster.title, points / title_size)
    subtitle_set = title_lines(poster.subtitle, points / _SUBTITLE_SIZE)
    head = (len(title_set) * title_size * 1.25 + len(subtitle_set) * _SUBTITLE_SIZE * 1.5) / _POINTS_PER_MM

    room_for_code = _QR_SIZE * (1 + 2 * qr.QUIET) if poster.qr else 0
    footer_set = title_lines(poster.footer, points / _FOOT_SIZE - (5 if poster.qr else 0))
    foot = max((len(footer_set) + 1) * _FOOT_SIZE * 1.5 / _POINTS_PER_MM, room_for_code)

    members = [text.split("\n") for entry in poster.entries for _, text in entry.lines]
    labels = list(dict.fromkeys(label for entry in poster.entries for label, text in entry.lines if text))

    return {
        "k": scale,
        "paper": (paper_width * scale, paper_height * scale),
        "side": _SIDE * scale,
        "edge": _EDGE * scale,
        "head": head * scale,
        "foot": foot * scale,
        "title": poster.title.replace("\n", ""),
        "title_lines": title_set,
        "title_size": title_size * scale,
        "subtitle_lines": subtitle_set,
        "subtitle_size": _SUBTITLE_SIZE * scale,
        "footer_lines": footer_set,
        "foot_size": _FOOT_SIZE * scale,
        "issuer": poster.issuer.replace("\n", "　"),
        "issued_on": poster.issued_on,
        "date": chinese_date(poster.issued_on) if poster.issued_on else "",
        "short_code": poster.short_code,
        "qr": qr.image(poster.qr),
        "qr_size": _QR_SIZE * scale,
        "blocks": _blocks(poster),
        "labels": labels,
        "shares": lambda size: _shares(poster, labels, points * scale / size),
        "label_ems": _between(3, 7, (width(label) for entry in poster.entries for label, _ in entry.lines)),
        "member_ems": _between(3, 8, (width(item) for texts in members for item in texts if len(texts) > 1)),
        "heading_ems": _between(3, 6, (width(entry.heading) for entry in poster.entries)),
    }


def _between(least: float, most: float, widths: Iterable[float]) -> float:
    return min(max(widths, default=least), most)


def _blocks(poster: Poster) -> list[_Block]:
    """The entries as the design sets them, gathered by group in the order in which the groups first appear."""
    if poster.design == "cards":
        return [_Block("", cards, 2) for cards in _card_sheets(poster)]
    groups: dict[str, list[_Item]] = {}
    for nth, entry in enumerate(poster.entries, 1):
        group = groups.setdefault(entry.group, [])
        group.append(_item(entry, nth, 1 + sum(bool(item.heading) for item in group)))
    columns = _columns(poster)
    blocks = []
    for name, items in groups.items():
        together = len(items) if poster.design == "directory" else columns
        blocks += [
            _Block("" if at else name, items[at : at + together], columns) for at in range(0, len(items), together)
        ]
    return blocks


def _card_sheets(poster: Poster) -> list[list[_Item]]:
    """Ten cards each, the entries repeated until the last sheet is full."""
    cards = [_item(replace(entry, qr=entry.qr or poster.qr), nth, nth) for nth, entry in enumerate(poster.entries, 1)]
    sheets = ceil(len(cards) / _CARDS_PER_SHEET)
    endless = chain(cards, cycle([replace(card, repeats=True) for card in cards]))
    return [list(islice(endless, _CARDS_PER_SHEET)) for _ in range(sheets)]


def _columns(poster: Poster) -> int:
    """How many entries stand side by side; a long text is not squeezed into a narrow column."""
    count = len(poster.entries)
    longest = max((len(text) for entry in poster.entries for _, text in entry.lines), default=0)
    if poster.design not in ("posts", "people") or count == 1 or longest > _LONG_TEXT:
        return 1
    return 3 if poster.landscape and count not in (2, 4) else 2


def _item(entry: Entry, nth: int, number: int) -> _Item:
    lines = [(label, [_text(item.strip()) for item in text.split("\n") if item.strip()]) for label, text in entry.lines]
    return _Item(
        nth=nth,
        number=number,
        heading=_text(entry.heading, _OFFICE),
        subheading=_text(entry.subheading, _OFFICE),
        group=entry.group,
        lines=[(label, texts) for label, texts in lines if texts],
        qr=qr.image(entry.qr),
    )


def _text(text: str, name: int = _NAME) -> str:
    """Text as it is set: names in a list whole, figures apart from Chinese, no short word alone on the last line."""
    parts = text.split("、")
    if len(parts) > 1 and max(map(len, parts)) <= name:
        return "、".join(map(GLUE.join, parts))
    text = spaced(text)
    return text[:-_LAST] + GLUE.join(text[-_LAST:]) if _SENTENCE_END.search(text) else text


def _shares(poster: Poster, labels: list[str], ems: float) -> list[float]:
    """How wide the columns of a table ``ems`` wide are, in per cent: headings first, then a column for each label."""
    columns = [("", [entry.heading for entry in poster.entries])]
    columns += [
        (label, [text for entry in poster.entries for own, text in entry.lines if own == label]) for label in labels
    ]
    wishes, floors = [], []
    for label, cells in columns:
        lengths = sorted(width(line) for cell in cells for line in cell.split("\n"))
        usual = max(lengths[int((len(lengths) - 1) * _USUAL)], width(label)) if label else lengths[-1]
        piece = max(width(piece) for cell in cells for piece in pieces(cell) or [""])
        wishes.append(1 + usual)
        floors.append(1 + max(piece, min(usual, _TERM if label else _POINT)))
    spare, lacking = ems - sum(floors), sum(wishes) - sum(floors)
    if spare >= lacking:
        widths = [wish + (spare - lacking) / len(wishes) for wish in wishes]
    else:
        part = max(spare, 0) / lacking
        widths = [floor + (wish - floor) * part for wish, floor in zip(wishes, floors, strict=True)]
    return [100 * share / sum(widths) for share in widths]
