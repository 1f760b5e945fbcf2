"""A finished PDF looked at: pictures for the screen, how many pages it has. In the workers only, one at a time.

PDFium keeps state for the whole process, and drawing a picture keeps a processor busy.
"""

from io import BytesIO

import pypdfium2

# What is gained beyond takes four times as long.
_COMPRESSION = 3


def pictures(pdf: bytes, dpi: int, first: int) -> list[bytes]:
    """The first ``first`` pages of ``pdf`` as PNG files, ``dpi`` dots to the inch."""
    found = []
    with pypdfium2.PdfDocument(pdf) as document:
        for index in range(min(first, len(document))):
            target = BytesIO()
            document[index].render(scale=dpi / 72).to_pil().save(target, "PNG", compress_level=_COMPRESSION)
            found.append(target.getvalue())
    return found


def page_count(pdf: bytes) -> int:
    """How many pages ``pdf`` has."""
    with pypdfium2.PdfDocument(pdf) as document:
        return len(document)
