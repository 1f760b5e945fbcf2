"""Which font draws what, where it comes from, and whether it has the characters.

Roles follow GB/T 9704-2012, 7.2 and 7.3: 小标宋 for the title, 仿宋 for the body, 黑体 and 楷体 for
first- and second-level headings; tables and page numbers are 宋体. Each role is a chain of
families; a character is drawn by the first family that has it.

Two rules keep fontconfig and Pango from choosing by themselves: every family added by file has
exactly one file, and system families are named with their region ("… CJK SC"), because the
unnamed fallback draws Japanese forms.

Font files are looked for in

* ``PORTAL_FONTS`` or ``.cache/fonts`` under the project: FandolFang-Regular.otf, the 仿宋
  (Debian ships it inside ``texlive-lang-chinese``; only this one file is needed);
* ``PORTAL_OFFICE_FONTS`` or ``instance/fonts``: licensed fonts an office owns (方正小标宋,
  仿宋_GB2312…), .ttf or .otf, recognised by file or family name; they go first in their role.
"""

import atexit
import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal, Protocol

from fontTools.ttLib import TTCollection, TTFont, TTLibError
from weasyprint import CSS
from weasyprint.text.ffi import ffi, fontconfig
from weasyprint.text.fonts import FontConfiguration

from .fetchers import FileFetcher
from .refusal import Phrase, PrintRefused
from .text import printable

Role = Literal["title", "body", "heading", "subheading", "table", "strong"]

_PROJECT = Path(__file__).resolve().parents[2]
_FANG_SONG_FILE = "FandolFang-Regular.otf"
_FANG_SONG = "Portal FangSong"
_BOLD = 700


class Place(Protocol):
    """Where a text stands on a sheet."""

    def phrase(self) -> Phrase:
        """The place in words."""
        ...


@dataclass(frozen=True)
class Font:
    """A family in one weight; ``path`` is set when it is added by file, else the system has it."""

    family: str
    weight: int = 400
    path: Path | None = None


_SONG = Font("Noto Serif CJK SC")
_SONG_BOLD = Font("Noto Serif CJK SC", _BOLD)
_HEI = Font("Noto Sans CJK SC")
_KAI = Font("LXGW WenKai")
_KAI_LIGHT = Font("LXGW WenKai Light")

_OFFICE_NAMES: dict[Role, str] = {
    "title": r"小标宋|xiaobiaosong|xbs",
    "body": r"仿宋|fang-?song|simfang",
    "subheading": r"楷体|kai-?ti|simkai",
    "heading": r"黑体|hei-?ti|simhei",
}


@dataclass(frozen=True)
class Fonts:
    """Everything WeasyPrint needs to draw with the project's fonts. One per process and folder."""

    chains: dict[Role, tuple[Font, ...]]
    configuration: FontConfiguration
    stylesheet: CSS

    def families(self, role: Role) -> str:
        """The CSS ``font-family`` value of ``role``."""
        return ", ".join(f'"{font.family}"' for font in self.chains[role])

    def check(self, texts: Iterable[tuple[Role, Place, str]]) -> None:
        """Refuse ("glyph_missing", with character and place) a text that no font of its role can draw."""
        by_role: dict[Role, list[tuple[Place, str]]] = {}
        for role, place, text in texts:
            by_role.setdefault(role, []).append((place, printable(text)))
        for role, places in by_role.items():
            missing = _missing(self.chains[role], {c for _, text in places for c in text})
            if missing:
                place, character = next((p, c) for p, text in places for c in text if c in missing)
                raise PrintRefused(
                    "glyph_missing",
                    character=character,
                    codepoint=f"U+{ord(character):04X}",
                    place=place.phrase(),
                )


def load() -> Fonts:
    """The fonts of this process, found once; refuses ("font_missing") when a required one is not there."""
    return _load(
        Path(os.environ.get("PORTAL_FONTS") or _PROJECT / ".cache" / "fonts"),
        Path(os.environ.get("PORTAL_OFFICE_FONTS") or _PROJECT / "instance" / "fonts"),
    )


@cache
def _load(folder: Path, office_folder: Path) -> Fonts:
    fang_song = Font(_FANG_SONG, path=folder / _FANG_SONG_FILE)
    chains: dict[Role, tuple[Font, ...]] = {
        "title": (_SONG_BOLD,),
        "body": (fang_song, _KAI_LIGHT, _SONG),
        "heading": (_HEI,),
        "subheading": (_KAI, _SONG),
        "table": (_SONG,),
        "strong": (_HEI,),
    }
    for font in {font for chain in chains.values() for font in chain}:
        _font_file(font)  # refuses what is missing
    for role, font in _office_fonts(office_folder).items():
        chains[role] = (font, *chains[role])

    configuration = FontConfiguration()
    added = sorted({f for chain in chains.values() for f in chain if f.path}, key=lambda font: font.family)
    rules = "".join(
        f'@font-face {{ font-family: "{font.family}"; font-weight: {font.weight}; src: url("{font.path.as_uri()}") }}\n'
        for font in added
        if font.path
    )
    fetcher = FileFetcher(font.path for font in added if font.path)
    return Fonts(chains, configuration, CSS(string=rules, font_config=configuration, url_fetcher=fetcher))


# A configuration deletes its copies of font files when it goes, which must be before Python does.
atexit.register(_load.cache_clear)


def _office_fonts(folder: Path) -> dict[Role, Font]:
    found: dict[Role, Font] = {}
    paths = sorted(folder.iterdir()) if folder.is_dir() else []
    for path in paths:
        if path.suffix.lower() not in (".ttf", ".otf"):
            continue
        try:
            with TTFont(path, lazy=True) as font:
                names = " ".join([path.stem, *_family_names(font)])
        except TTLibError as error:
            raise PrintRefused("font_missing", font=path.name) from error
        for role, pattern in _OFFICE_NAMES.items():
            if role not in found and re.search(pattern, names, re.IGNORECASE):
                weight = _BOLD if role == "title" else 400
                found[role] = Font(f"Portal office {role}", weight, path.resolve())
                break
    return found


def _family_names(font: TTFont) -> set[str]:
    return {record.toUnicode() for record in font["name"].names if record.nameID in (1, 4, 16)}


def _font_file(font: Font) -> Path:
    """The file that holds ``font``; refuses ("font_missing") by its name."""
    path = font.path or _system_file(font)
    if path is None or not path.is_file():
        name = path.name if path else font.family + (" Bold" if font.weight == _BOLD else "")
        raise PrintRefused("font_missing", font=name)
    return path


@cache
def _system_file(font: Font) -> Path | None:
    """Ask fontconfig, which always answers with some font, and take only the one asked for."""
    configuration = fontconfig.FcInitLoadConfigAndFonts()
    pattern = ffi.gc(fontconfig.FcPatternCreate(), fontconfig.FcPatternDestroy)
    fontconfig.FcPatternAddString(pattern, b"family", font.family.encode())
    style = "Bold" if font.weight == _BOLD else "Light" if font.family.endswith(" Light") else "Regular"
    fontconfig.FcPatternAddString(pattern, b"style", style.encode())
    fontconfig.FcConfigSubstitute(configuration, pattern, fontconfig.FcMatchPattern)
    fontconfig.FcDefaultSubstitute(pattern)
    match = fontconfig.FcFontMatch(configuration, pattern, ffi.new("FcResult *"))
    if match == ffi.NULL:
        return None
    try:
        if font.family not in _strings(match, b"family") or style not in _strings(match, b"style"):
            return None
        return Path(_strings(match, b"file")[0])
    finally:
        fontconfig.FcPatternDestroy(match)
        fontconfig.FcConfigDestroy(configuration)


def _strings(pattern: object, key: bytes) -> list[str]:
    value, found = ffi.new("FcChar8 **"), list[str]()
    while fontconfig.FcPatternGetString(pattern, key, len(found), value) == fontconfig.FcResultMatch:
        found.append(ffi.string(value[0]).decode())
    return found


@cache
def _characters(font: Font) -> frozenset[int]:
    path = _font_file(font)
    if path.suffix.lower() in (".ttc", ".otc"):
        with TTCollection(path, lazy=True) as collection:
            face = next(face for face in collection if font.family in _family_names(face))
            return frozenset(face.getBestCmap())
    with TTFont(path, lazy=True) as face:
        return frozenset(face.getBestCmap())


def _missing(chain: Iterable[Font], characters: set[str]) -> set[str]:
    left = {c for c in characters if c != "\n" and not c.isspace()}
    for font in chain:
        if not left:
            break
        has = _characters(font)
        left = {c for c in left if ord(c) not in has}
    # Private-use characters mean something else on every machine, even where a font has them.
    private = {c for c in characters if 0xE000 <= ord(c) <= 0xF8FF or ord(c) >= 0xF0000}
    return left | private
