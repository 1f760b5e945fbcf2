"""How long rows about people are kept, where that is said: declared on the model, judged by hand."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True)
class Retention:
    """Rows are kept for ``years`` after the day in the field ``counted_from``; ``basis`` says why, in Chinese.

    A row that has no such day is in use and kept. A model that declares nothing (``__kept__``) keeps its rows as
    long as their purpose lasts.
    """

    years: int
    counted_from: str
    basis: str

    def last_counted(self, today: date) -> date:
        """The last day of ``counted_from`` whose term is over on ``today``: the same day so many years earlier."""
        try:
            return today.replace(year=today.year - self.years)
        except ValueError:  # the 29th of February
            return date(today.year - self.years, 2, 28)
