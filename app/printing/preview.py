"""Pictures of a finished PDF, for the screen."""

from io import BytesIO
from threading import Lock

import pypdfium2

# PDFium keeps global state and is not safe to use from two threads.
_lock = Lock()


def pictures(pdf: bytes, dpi: int = 72, first: int = 3) -> list[bytes]:
    """The first ``first`` pages of ``pdf`` as PNG files, ``dpi`` dots to the inch."""
    found = []
    with _lock, pypdfium2.PdfDocument(pdf) as document:
        for index in range(min(first, len(document))):
            target = BytesIO()
            document[index].render(scale=dpi / 72).to_pil().save(target, "PNG", optimize=True)
            found.append(target.getvalue())
    return found
