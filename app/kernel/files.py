"""Files that go out: what they are called, and the answer that carries one."""

from __future__ import annotations

import re
from urllib.parse import quote

from flask import Response

PDF = "application/pdf"
_REFUSED = re.compile(r'[\x00-\x1f\x7f\\/:*?"<>|]+')
"""What Windows and the file systems of USB sticks take in no name."""
_MOST = 60
"""Characters of what it is: with the rest of the name they fit in 255 bytes."""


def file_name(words: str, mark: object, ending: str) -> str:
    """A name by which people know a file again: what it is in ``words``, and its number or day as ``mark``."""
    what, which = (" ".join(_REFUSED.sub(" ", part).split()).strip(". ") for part in (words, str(mark)))
    return f"{what[:_MOST].strip()} {which}.{ending}"


def file_response(data: bytes, mimetype: str, name: str, plain: str, inline: bool = False) -> Response:
    """A file to keep, or to look at ``inline``; its Chinese ``name`` is told as RFC 5987 has it, ``plain`` is for old
    programmes."""
    response = Response(data, content_type=mimetype)
    told = f"filename=\"{plain}\"; filename*=UTF-8''{quote(name)}"
    response.headers["Content-Disposition"] = f"{'inline' if inline else 'attachment'}; {told}"
    return response


def pdf_response(data: bytes, name: str, plain: str) -> Response:
    """A PDF to look at, print or keep."""
    return file_response(data, PDF, name, plain, inline=True)
