"""What is printed: plain values, complete in themselves, the same for ever."""

import json
from dataclasses import asdict, dataclass
from typing import Any, Literal, NamedTuple, get_args

from .refusal import N_, Phrase
from .values import Paper, canonical, check_fields, digest, fault, malformed, within

Align = Literal["left", "right", "center"]
Layout = Literal["notice", "register"]

VERSION = 1
LIMITS = {
    "title": 200,
    "number": 120,
    "issuer": 120,
    "short_code": 40,
    "qr": 200,
    "paragraph": 20_000,
    "paragraphs": 2_000,
    "note": 1_000,
    "notes": 50,
    "label": 60,
    "columns": 30,
    "cell": 1_000,
    "rows": 20_000,
    "characters": 5_000_000,
}
_LIMIT_NAMES = {
    "title": N_("the length of the title"),
    "number": N_("the length of the number"),
    "issuer": N_("the length of the issuing body's name"),
    "short_code": N_("the length of the short code"),
    "qr": N_("the number of bytes in the QR code"),
    "paragraph": N_("the length of a paragraph"),
    "paragraphs": N_("the number of paragraphs"),
    "note": N_("the length of a note"),
    "notes": N_("the number of notes"),
    "label": N_("the length of a column's heading"),
    "columns": N_("the number of columns"),
    "cell": N_("the length of a cell"),
    "rows": N_("the number of rows"),
    "characters": N_("the number of characters"),
}

Kind = Literal["title", "number", "issuer", "short_code", "paragraph", "caption", "heading", "cell", "note"]
_PLACE_NAMES: dict[Kind, str] = {
    "title": N_("the title"),
    "number": N_("the number"),
    "issuer": N_("the issuing body"),
    "short_code": N_("the short code"),
    "paragraph": N_("paragraph %(nth)s"),
    "caption": N_("the caption of the table"),
    "heading": N_("the head of column %(nth)s"),
    "cell": N_("row %(nth)s, column “%(column)s”"),
    "note": N_("note %(nth)s"),
}


class Place(NamedTuple):
    """Where a text stands on the sheet; ``nth`` counts from 1."""

    kind: Kind
    nth: int = 0
    column: str = ""

    def phrase(self) -> Phrase:
        """The place in words."""
        return Phrase(_PLACE_NAMES[self.kind], {"nth": self.nth, "column": self.column})


@dataclass(frozen=True)
class Column:
    """A table column: its heading, how its cells align, and its width relative to the others."""

    label: str
    align: Align = "left"
    weight: float = 1.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "weight", float(self.weight))  # 1 and 1.0 have one canonical text


@dataclass(frozen=True)
class Table:
    """A table of text. Every row has one cell per column."""

    columns: tuple[Column, ...]
    rows: tuple[tuple[str, ...], ...]
    caption: str = ""


@dataclass(frozen=True)
class Snapshot:
    """One sheet as it was issued.

    ``number`` and ``issued_on`` (ISO date) are empty while the sheet is a draft. ``title`` may be
    broken by hand with ``\\n``. A paragraph beginning 一、 is a first-level heading, （一） a
    second-level one (GB/T 9704-2012, 7.3.3); 1. and （1） are body text. ``notes`` stand small under
    the table. ``sealed`` leaves room for a seal over the signature. ``qr`` is the text of the QR code
    in the foot of the first page, at most 200 bytes of UTF-8, so that its modules stay large enough
    to scan; empty for none.

    Raises ``PrintRefused`` ("malformed", "too_large") for values that cannot be a sheet.
    """

    layout: Layout
    title: str
    number: str = ""
    issuer: str = ""
    issued_on: str = ""
    paragraphs: tuple[str, ...] = ()
    table: Table | None = None
    notes: tuple[str, ...] = ()
    paper: Paper = "A4"
    landscape: bool = False
    sealed: bool = True
    short_code: str = ""
    draft: bool = False
    qr: str = ""
    version: int = VERSION

    def __post_init__(self) -> None:
        _check_kinds(self)
        _check_sizes(self)

    def to_json(self) -> str:
        """The canonical text: sorted keys, no spaces, characters as themselves.

        An empty ``qr`` is left out: sheets issued before there were QR codes keep their digests.
        """
        values = asdict(self)
        if not self.qr:
            del values["qr"]
        return canonical(values)

    @classmethod
    def from_json(cls, text: str) -> "Snapshot":
        """Read what ``to_json`` wrote; refuses ("malformed") unknown versions and unknown keys."""
        try:
            data: dict[str, Any] = json.loads(text)
            if data.get("version") != VERSION:
                raise malformed(f"version {data.get('version')!r}")
            if table := data.get("table"):
                data["table"] = Table(
                    columns=tuple(Column(**column) for column in table.pop("columns")),
                    rows=tuple(tuple(row) for row in table.pop("rows")),
                    **table,
                )
            for key in ("paragraphs", "notes"):
                data[key] = tuple(data[key]) if isinstance(data[key], list) else data[key]
            return cls(**data)
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise malformed(str(error)) from error

    def digest(self) -> str:
        """SHA-256 of the canonical text, in hexadecimal."""
        return digest(self.to_json())


def _check_kinds(snapshot: Snapshot) -> None:
    if snapshot.version != VERSION:
        raise malformed(f"version {snapshot.version!r}")
    check_fields(snapshot, layout=Layout, paper=Paper)
    for name in ("paragraphs", "notes"):
        if not isinstance(getattr(snapshot, name), tuple):
            raise malformed(f"{name} is not a list of texts")
    if table := snapshot.table:
        if not table.columns:
            raise malformed("a table without columns")
        for column in table.columns:
            if column.align not in get_args(Align) or not 0 < column.weight < 1000:
                raise malformed(f"column {column.label!r}")
        for index, row in enumerate(table.rows, 1):
            if not isinstance(row, tuple) or len(row) != len(table.columns):
                raise malformed(f"row {index} has not one cell per column")
    for place, text in texts(snapshot):
        if wrong := fault(text):
            raise malformed(f"{place.phrase().told()} is {wrong}")


def _check_sizes(snapshot: Snapshot) -> None:
    sizes = {name: len(getattr(snapshot, name)) for name in ("title", "number", "issuer", "short_code")}
    sizes["qr"] = len(snapshot.qr.encode())
    sizes["paragraphs"] = len(snapshot.paragraphs)
    sizes["paragraph"] = max(map(len, snapshot.paragraphs), default=0)
    sizes["notes"] = len(snapshot.notes)
    sizes["note"] = max(map(len, snapshot.notes), default=0)
    if table := snapshot.table:
        sizes["columns"] = len(table.columns)
        sizes["label"] = max(len(text) for text in (table.caption, *(column.label for column in table.columns)))
        sizes["rows"] = len(table.rows)
        sizes["cell"] = max((len(cell) for row in table.rows for cell in row), default=0)
    sizes["characters"] = sum(len(text) for _, text in texts(snapshot))
    for what, size in sizes.items():
        within(LIMITS[what], size, _LIMIT_NAMES[what])


def texts(snapshot: Snapshot) -> list[tuple[Place, str]]:
    """Every printed text with its place, for checks and messages."""
    found = [
        (Place("title"), snapshot.title),
        (Place("number"), snapshot.number),
        (Place("issuer"), snapshot.issuer),
        (Place("short_code"), snapshot.short_code),
    ]
    found += [(Place("paragraph", index), text) for index, text in enumerate(snapshot.paragraphs, 1)]
    if table := snapshot.table:
        labels = [column.label for column in table.columns]
        found += [(Place("caption"), table.caption)]
        found += [(Place("heading", index), label) for index, label in enumerate(labels, 1)]
        found += [
            (Place("cell", index, label), cell)
            for index, row in enumerate(table.rows, 1)
            for label, cell in zip(labels, row, strict=True)
        ]
    found += [(Place("note", index), text) for index, text in enumerate(snapshot.notes, 1)]
    return found
