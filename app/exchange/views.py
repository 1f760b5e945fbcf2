"""Sheets in and out, and what keeps the registers tidy."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from app.exchange import duplicates, sheets_in
from app.exchange.duplicates import DuplicatesView
from app.exchange.out import OutView
from app.exchange.sheets_in import SheetsInView
from app.kernel.capability import Capability, Page
from app.web.changes import TITLE, ChangesView

CAPABILITY = Capability(
    label=_l("Tidy up"),
    icon="archive",
    pages=(
        Page(sheets_in.TITLE, "import.list", "import"),
        Page(duplicates.TITLE, "duplicates.list", "duplicates"),
        Page(TITLE, "change_set.list", "change_set"),
    ),
    others=(
        SheetsInView,
        OutView,
        DuplicatesView,
        ChangesView,
    ),
)
