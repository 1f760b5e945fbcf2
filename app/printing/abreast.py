"""Lists of names side by side: WeasyPrint lays out lines of them, and the names are written into these.

A name in a box of its own costs WeasyPrint half a millisecond, and a community has a thousand volunteers. For a line of
names it keeps room, as for an image; where a line stands and where a page ends remains its business.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from weasyprint import Document
from weasyprint.formatting_structure import boxes

from .lettering import Lettering, Pen, Unfit
from .text import GAP, TIE


@dataclass(frozen=True)
class _Room:
    """Room for some names on a line, which WeasyPrint takes for an image; sizes in CSS pixels."""

    names: Sequence[str]
    pitch: float
    lettering: Lettering

    def get_intrinsic_size(self, _resolution: object, _font_size: object) -> tuple[float, float, None]:
        """What WeasyPrint asks an image; it stands on the baseline."""
        return len(self.names) * self.pitch, 1, None

    def draw(self, stream: Any, _width: float, height: float, _style: Any) -> None:
        """What WeasyPrint asks an image to do."""
        pen = Pen(stream)
        for nth, name in enumerate(self.names):
            pen.write(self.lettering, self.lettering.line(name), nth * self.pitch, height)
        pen.lift()


@dataclass
class Lines:
    """The lines of names of one document.

    ``images`` are what WeasyPrint finds at their addresses.
    """

    lettering: Lettering
    pitch: float  # from one name to the next
    most: int  # on a line
    images: dict[str, _Room] = field(default_factory=dict)

    @classmethod
    def of(cls, specimen: Document) -> "Lines":
        """Names as they stand in ``specimen``, where at least one is a box of the class "member" in its line."""
        list_, name = next(
            (box, child)
            for box in specimen.pages[0]._page_box.descendants()
            for line in (box.children if isinstance(box, boxes.BlockBox) else ())
            if isinstance(line, boxes.LineBox)
            for child in line.children
            if child.element is not None and child.element.get("class") == "member"
        )
        pitch = name.margin_width()
        return cls(Lettering(name.style), pitch, int(list_.width // pitch))

    def addresses(self, names: Sequence[str]) -> list[str]:
        """Where there are images of the lines that ``names`` fill; none if one of them does not fit on a line."""
        if not all(map(self._fits, names)):
            return []
        lines = [names[at : at + self.most] for at in range(0, len(names), self.most)]
        images = {
            f"names:{nth}": _Room(line, self.pitch, self.lettering) for nth, line in enumerate(lines, len(self.images))
        }
        self.images.update(images)
        return list(images)

    def _fits(self, name: str) -> bool:
        try:
            return not {GAP, TIE} & set(name) and self.lettering.width(name) <= self.pitch
        except Unfit:
            return False
