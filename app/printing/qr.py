"""QR codes, drawn as lines rather than dots so that they stay sharp on any printer."""

import segno

QUIET = 4 / 21  # the quiet zone as a part of the width: four modules of the smallest code's 21


def image(text: str) -> str:
    """The ``data:`` URL of an SVG image of the QR code of ``text``; nothing for no text.

    Error level M at least (ISO/IEC 18004: a seventh of it may be soiled). The image ends with the
    code; the page keeps ``QUIET`` of its width free all around. The same text gives the same image.
    """
    if not text:
        return ""
    code = segno.make_qr(text, error="m", encoding="utf-8", eci=not text.isascii())
    return code.svg_data_uri(border=0, omitsize=True)
