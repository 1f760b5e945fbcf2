"""The geometry of a sheet, in millimetres and points.

GB/T 9704-2012, 5.2: A4 210 × 297 mm, 37 mm above and 28 mm left of the type area, which is
156 × 225 mm and holds 22 lines of 28 characters of size 3 (16 pt). A3 is the same page enlarged
by √2, so that it reads from farther away. A landscape sheet is the portrait one turned: the
binding edge comes to the top.
"""

from dataclasses import dataclass
from math import sqrt

from .values import Paper

POINTS_PER_MM = 72 / 25.4
_LINES, _CHARACTERS = 22, 28


@dataclass(frozen=True)
class Sheet:
    """One paper size; lengths in mm, ``em`` and ``line`` in points."""

    width: float
    height: float
    top: float
    left: float
    type_width: float
    type_height: float
    scale: float

    @property
    def right(self) -> float:
        """The margin right of the type area, mm."""
        return self.width - self.left - self.type_width

    @property
    def bottom(self) -> float:
        """The margin below the type area, mm."""
        return self.height - self.top - self.type_height

    @property
    def em(self) -> float:
        """The body size, points."""
        return 16 * self.scale

    @property
    def pitch(self) -> float:
        """From one body character to the next, points: 28 to 156 mm."""
        return 156 * self.scale * POINTS_PER_MM / _CHARACTERS - 0.003

    @property
    def line(self) -> float:
        """From one line to the next, points: 22 to 225 mm, a hair less so that rounding cannot cost a line."""
        return 225 * self.scale * POINTS_PER_MM / _LINES - 0.01

    @property
    def type_ems(self) -> float:
        """How wide the type area is, in ems of the body size."""
        return self.type_width * POINTS_PER_MM / self.em


def sheet(paper: Paper, landscape: bool) -> Sheet:
    """The geometry for a paper size and direction."""
    k = sqrt(2) if paper == "A3" else 1.0
    width, height = (297.0, 420.0) if paper == "A3" else (210.0, 297.0)
    if landscape:
        return Sheet(height, width, 28 * k, 35 * k, 225 * k, 156 * k, k)
    return Sheet(width, height, 37 * k, 28 * k, 156 * k, 225 * k, k)
