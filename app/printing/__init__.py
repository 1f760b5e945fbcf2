"""Snapshot in, PDF out.

This package knows fonts and the page; it knows nothing of the web, the database or communities.

    pdf = render(Snapshot(layout="notice", title="…", issuer="…", …))
    for png in pictures(pdf): …

    press = Press(folder)  # draws in the background, and keeps what it drew
    key = press.order(snapshot)

What cannot be printed raises ``PrintRefused`` with a ``reason`` for programs and, for people, an
English message id, its parameters and ``told(gettext)``; nothing is printed in part.
"""

from .bundle import merged
from .columns import wants_landscape
from .posters import LIMITS as POSTER_LIMITS
from .posters import USUAL_PAPER, Entry, Poster
from .press import Press, Progress
from .refusal import N_, Phrase, PrintRefused
from .snapshot import LIMITS, Column, Place, Snapshot, Table, texts
from .worker import page_count, pictures, render, stop

__all__ = [
    "LIMITS",
    "N_",
    "POSTER_LIMITS",
    "USUAL_PAPER",
    "Column",
    "Entry",
    "Phrase",
    "Place",
    "Poster",
    "Press",
    "PrintRefused",
    "Progress",
    "Snapshot",
    "Table",
    "draw",
    "merged",
    "page_count",
    "pictures",
    "render",
    "stop",
    "texts",
    "wants_landscape",
]


def draw(snapshot: Snapshot) -> bytes:
    """The PDF of ``snapshot``, drawn in this process and without a time limit: for tests and tools.

    Raises ``PrintRefused`` as ``render`` does, "overrun" excepted.
    """
    from .drawing import draw as draw_here  # loads WeasyPrint

    return draw_here(snapshot)
