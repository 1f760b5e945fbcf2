"""Long tables: WeasyPrint lays out a specimen of the sheet, and the rows are written into its pages.

A row costs WeasyPrint some eight milliseconds, and nearly every page of a long roster is the same
page with other rows. So it lays out only the pages that differ: those up to where the table begins,
two or three from its middle, and the last two with all that follows. Where rows and page numbers go,
it keeps room, as for an image. The rows are measured with the same fonts and styles, divided among
the pages as WeasyPrint would divide them, and written into that room as text operators.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate, chain
from typing import Any, NamedTuple

from weasyprint import Document
from weasyprint.document import Page
from weasyprint.formatting_structure import boxes

from .lettering import Lettering, Line, Pen, Unfit

# A shorter table seldom takes more than three sheets. One that takes no more has no page to repeat, and may be drawn
# again, tighter, by WeasyPrint alone.
LONG = 60
NUMBER = "room:number"  # the address of the image in whose place a page number goes
_BEGINNING_ONLY = ".notes, .signature { display: none }"
_BESIDE = "-99 0 1 1 re"
_BETWEEN_LOOKS = 100  # rows measured between two calls of ``written``


@dataclass(eq=False)
class Room:
    """Room on a page for some rows of the table, which WeasyPrint takes for an image; sizes in CSS pixels."""

    rows: range
    width: float = 1
    height: float = 1

    def get_intrinsic_size(self, _resolution: object, _font_size: object) -> tuple[float, float, None]:
        """What WeasyPrint asks an image."""
        return self.width, self.height, None

    def draw(self, stream: Any, _width: float, _height: float, style: Any) -> None:
        """Where WeasyPrint would paint the image: leave word among the operators of the page."""
        stream.stream.append(self if self.rows else _Foot(Lettering(style), _share(style)))


class _Foot(NamedTuple):
    """Where a page number goes, in the style of its margin box."""

    lettering: Lettering
    share: float


Rows = Sequence[Sequence[str]]
# Lays out the sheet with some rows of text, or with images in their place, known by their addresses; takes more CSS.
Typeset = Callable[[Rows, Mapping[str, Room], str], Document]


def lay_out(
    rows: Rows,
    blocks: int,
    number: Callable[[int, int], str],
    typeset: Typeset,
    written: Callable[[int], None],
) -> Document:
    """The sheet with all ``rows`` in it, set in ``blocks`` side by side.

    ``number`` gives what stands in the foot of a page, from its number and the count of pages;
    ``written`` is told how many rows are written, again and again while the document is. Raises
    ``Unfit`` for rows that only WeasyPrint can lay out.
    """
    foot = {NUMBER: Room(range(0))}
    beginning = typeset([["国"] * len(rows[0])] * 2, foot, _BEGINNING_ONLY)
    grid = _Grid.of(beginning)
    measured = []
    for index, cells in enumerate(rows):
        if index % _BETWEEN_LOOKS == 0:
            written(0)
        measured.append(grid.row(cells, last=index == len(rows) - 1))
    if measured[0].height > _first_room(beginning):  # then the table begins on the next page, with its caption
        first = Room(range(1), grid.width, measured[0].height)
        beginning = typeset([], {"room:0": first} | foot, _BEGINNING_ONLY)
    first_room = _first_room(beginning)
    strips = list(_strips([row.height for row in measured], blocks, first_room, grid.room))
    pages = [strips[first : first + blocks] for first in range(0, len(strips), blocks)]
    opening, middle, closing = pages[:1], pages[1:-2], pages[-2:]
    if not middle:
        raise Unfit("no page to repeat")
    sample = middle[: 2 + len(middle) % 2]  # the closing pages are then left or right ones as they should be
    single = (range(index, index + 1) for strip in chain(*closing) for index in strip)
    # The rows of a page get all of its room, lest WeasyPrint find a place in it for one from the next.
    rooms = {
        **_rooms(chain(*opening), grid.width, lambda strip: first_room),
        **_rooms(chain(*sample), grid.width, lambda strip: grid.room),
        **_rooms(single, grid.width, lambda strip: measured[strip.start].height),
    }
    specimen = typeset([], rooms | foot, "")
    laid = specimen.pages
    begin = next((index for index, page in enumerate(laid) if _strips_on(page) == sample[0]), 0)
    end = begin + len(sample)
    if [_strips_on(page) for page in laid[begin:end]] != sample:
        raise Unfit("the rows do not divide among the pages as they were thought to")
    own: list[range] = []
    leaves = [
        *((page, own) for page in laid[:begin]),
        *((laid[begin + index % 2], strips) for index, strips in enumerate(middle)),
        *((page, own) for page in laid[end:]),
    ]
    ink = _Ink(grid, measured, written)
    return specimen.copy(
        [_Leaf(page, strips, number(nth, len(leaves)), ink) for nth, (page, strips) in enumerate(leaves, 1)]
    )


def _rooms(strips: Iterable[range], width: float, height: Callable[[range], float]) -> dict[str, Room]:
    return {f"room:{strip.start}": Room(strip, width, height(strip)) for strip in strips if strip}


def _strips_on(page: Page) -> list[range]:
    found = (box.replacement for box in page._page_box.descendants() if isinstance(box, boxes.ReplacedBox))
    return [image.rows for image in found if isinstance(image, Room) and image.rows]


class _Row(NamedTuple):
    height: float
    cells: tuple[tuple[Line, ...], ...]


class _Column(NamedTuple):
    lettering: Lettering
    share: float
    left: float  # where the text begins, and how much room it has
    room: float
    rule: float  # where the rule to its right begins, and how wide it is
    rule_width: float


def _share(style: Any) -> float:
    """How much of the room that a line leaves is to its left."""
    return {"right": 1.0, "center": 0.5}.get(style["text_align_all"], 0.0)


@dataclass(frozen=True)
class _Grid:
    """What rows look like, learned from a table of two with one line each: CSS pixels, from the table's left."""

    columns: tuple[_Column, ...]
    width: float
    left_rule: float
    line_height: float
    baseline: float  # below the top of a line
    above: float
    below: float
    rule: float  # under a row
    last_rule: float  # under the last
    room: float  # for rows on a page that the table does not begin on

    @classmethod
    def of(cls, document: Document) -> "_Grid":
        tables = _tables(document)
        page, table = tables[0]
        first, last = (row for _, table in tables for row in table.children[-1].children)
        cell = first.children[0]
        line = cell.children[0]
        left = cell.position_x

        def column(cell: Any) -> _Column:
            return _Column(
                lettering=Lettering(cell.style),
                share=_share(cell.style),
                left=cell.content_box_x() - left,
                room=cell.width,
                rule=cell.position_x + cell.border_width() - cell.border_right_width - left,
                rule_width=cell.border_right_width,
            )

        return cls(
            columns=tuple(map(column, first.children)),
            width=first.width,
            left_rule=cell.border_left_width,
            line_height=line.height,
            baseline=line.children[0].position_y + line.children[0].baseline - line.position_y,
            above=cell.padding_top,
            below=cell.padding_bottom,
            rule=cell.border_bottom_width,
            last_rule=last.children[0].border_bottom_width,
            room=page.height - (first.position_y - table.position_y),
        )

    def row(self, cells: Sequence[str], last: bool) -> _Row:
        lines = tuple(
            column.lettering.lines(cell, column.room) for column, cell in zip(self.columns, cells, strict=True)
        )
        text = max(map(len, lines)) * self.line_height
        return _Row(self.above + text + self.below + (self.last_rule if last else self.rule), lines)


def _tables(document: Document) -> list[tuple[Any, Any]]:
    """The parts of the table, each with its page; not what else is set as a table."""
    found = ((page._page_box, box) for page in document.pages for box in page._page_box.descendants())
    return [(page, box) for page, box in found if isinstance(box, boxes.TableBox) and box.children[0].is_header]


def _first_room(document: Document) -> float:
    """How much room there is for rows on the page where the table begins."""
    page, table = _tables(document)[0]
    room: float = page.content_box_y() + page.height - table.children[-1].position_y
    return room


def _strips(heights: Sequence[float], blocks: int, first_room: float, room: float) -> Iterator[range]:
    """Which rows go into which block of which page: as many as fit. Raises ``Unfit`` if one alone does not."""
    begin, used, count = 0, 0.0, 0
    for index, height in enumerate(heights):
        while used + height > (first_room if count < blocks else room) * (1 + 1e-9):  # a tolerance of WeasyPrint's
            if begin == index and count >= blocks:
                raise Unfit("a row is taller than a page")
            yield range(begin, index)
            begin, used, count = index, 0.0, count + 1
        used += height
    yield range(begin, len(heights))


class _Ink:
    """Writes rows and page numbers into the pages of the specimen."""

    def __init__(self, grid: _Grid, rows: Sequence[_Row], written: Callable[[int], None]) -> None:
        self._grid, self._rows, self._written = grid, rows, written
        self._painted: dict[Page, list[Any]] = {}

    def operators(self, page: Page, stream: Any, scale: float) -> list[Any]:
        """What WeasyPrint paints on ``page``: painted once, however often it is repeated."""
        if page not in self._painted:
            begin = len(stream.stream)
            page.paint(stream, scale)
            self._painted[page] = stream.stream[begin:]
            del stream.stream[begin:]
        return self._painted[page]

    def number(self, stream: Any, foot: _Foot, number: str) -> None:
        line = foot.lettering.line(number)
        pen = Pen(stream)
        pen.write(foot.lettering, line, (1 - line.width) * foot.share, 1)
        pen.lift()

    def table(self, stream: Any, strip: range) -> None:
        rows = [self._rows[index] for index in strip]
        tops = list(accumulate((row.height for row in rows), initial=0.0))
        self._rules(stream, rows, tops)
        self._text(stream, rows, tops)
        self._written(strip.stop)

    def _rules(self, stream: Any, rows: Sequence[_Row], tops: Sequence[float]) -> None:
        grid = self._grid
        upright = [(0.0, 0.0, grid.left_rule, tops[-1])]
        upright += [(column.rule, 0.0, column.rule_width, tops[-1]) for column in grid.columns]
        widths = [grid.last_rule if row is self._rows[-1] else grid.rule for row in rows]
        lying = [(0.0, below - width, grid.width, width) for below, width in zip(tops[1:], widths, strict=True)]
        upright_path, lying_path = (
            "\n".join(f"{x:.4f} {y:.4f} {width:.4f} {height:.4f} re" for x, y, width, height in rules)
            for rules in (upright, lying)
        )
        # Clipped to itself, as WeasyPrint does it: head and rows then look alike on every screen. What is beside the
        # table is clipped away, but without it a single rule would be moved to whole pixels.
        operators = ["q", "0 g", upright_path, lying_path, "W n", upright_path, "f", lying_path, _BESIDE, "f", "Q"]
        stream.stream.append("\n".join(operators))

    def _text(self, stream: Any, rows: Sequence[_Row], tops: Sequence[float]) -> None:
        grid, pen = self._grid, Pen(stream)
        for row, top in zip(rows, tops, strict=False):
            tallest = max(map(len, row.cells))
            for column, lines in zip(grid.columns, row.cells, strict=True):
                y = top + grid.above + grid.baseline + (tallest - len(lines)) * grid.line_height / 2
                for line in lines:
                    indent = max(column.room - line.width, 0) * column.share
                    pen.write(column.lettering, line, column.left + indent, y)
                    y += grid.line_height
        pen.lift()


class _Leaf(Page):
    """A page of the finished sheet: one of the specimen's with its number, and with other rows if there are any."""

    def __init__(self, page: Page, strips: Sequence[range], number: str, ink: _Ink) -> None:
        self.__dict__ |= vars(page)
        self._specimen, self._strips, self._number, self._ink = page, strips, number, ink

    def paint(self, stream: Any, scale: float = 1) -> None:
        """What ``write_pdf`` calls for each page."""
        strips = iter(self._strips)
        for operator in self._ink.operators(self._specimen, stream, scale):
            match operator:
                case Room():
                    self._ink.table(stream, next(strips, operator.rows))
                case _Foot():
                    self._ink.number(stream, operator, self._number)
                case _:
                    stream.stream.append(operator)
