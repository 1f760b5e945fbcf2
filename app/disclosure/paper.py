"""Sheets on their way to the printer: drawn at once where they are short, in the background where they are long."""

from __future__ import annotations

from base64 import b64encode

from flask import current_app

from app.printing import Poster, Press, Snapshot, page_count, pictures, render

LONG = 300
"""Rows above which a sheet is drawn in the background, with its progress shown."""
ROWS_A_PAGE = 25
"""About how many rows of a long roster stand on a page."""
PREVIEW_PAGES = 3


def press() -> Press:
    """The press of this portal."""
    found: Press = current_app.extensions["press"]
    return found


def is_long(sheet: Snapshot) -> bool:
    return sheet.table is not None and len(sheet.table.rows) > LONG


def is_drawn(sheet: Snapshot) -> bool:
    """Is a long sheet ready? If not it is ordered, and if it was refused before, ``PrintRefused`` tells why."""
    refused = press().progress(press().key(sheet)).refused
    if press().pdf(press().order(sheet)) is not None:
        return True
    if refused is not None:
        raise refused
    return False


def count_pages(sheet: Snapshot) -> int:
    """How many pages a sheet has: drawn to know it, unless it is so long that an estimate must do.

    Raises ``PrintRefused``.
    """
    if is_long(sheet) and sheet.table:
        return -(-len(sheet.table.rows) // ROWS_A_PAGE)
    return page_count(render(sheet))


def first_pages(sheet: Snapshot | Poster, dpi: int = 70, first: int = PREVIEW_PAGES) -> list[bytes]:
    """The first pages as PNG files. Raises ``PrintRefused``.

    The whole sheet is drawn for them, as its columns and the count of its pages depend on every row. Only what was
    issued is kept by the press; drafts and wall prints change too often.
    """
    is_final = isinstance(sheet, Snapshot) and not sheet.draft
    return pictures(press().draw_now(sheet) if is_final else render(sheet), dpi=dpi, first=first)


def embedded(pages: list[bytes]) -> list[str]:
    """PNG files as they are put into a page."""
    return [b64encode(page).decode() for page in pages]
