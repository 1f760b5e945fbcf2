"""What is kept of the fonts from sheet to sheet saves time and changes nothing."""

from dataclasses import replace

import pytest
from weasyprint.pdf import fonts
from weasyprint.text.fonts import get_hb_object_data

from app.printing import draw, embedding

from .samples import NOTICE, SHORT_REGISTER

ONE_CHARACTER_APART = replace(SHORT_REGISTER, title="春晖社区共建单位联络册")
SHEETS = (SHORT_REGISTER, NOTICE, ONE_CHARACTER_APART)


def test_every_byte_is_as_weasyprint_writes_it_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = [draw(sheet) for sheet in SHEETS]
    assert [draw(sheet) for sheet in SHEETS] == drawn
    assert fonts.Font.subset is embedding._subset
    monkeypatch.setattr(fonts.Font, "subset", embedding._original_subset)
    monkeypatch.setattr(fonts, "get_hb_object_data", get_hb_object_data)
    monkeypatch.setattr(embedding, "install", lambda: None)
    monkeypatch.setattr(embedding, "compress", lambda _document, _pdf: None)
    assert [draw(sheet) for sheet in SHEETS] == drawn


def test_only_the_last_fonts_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    kept: dict[tuple[object, ...], bytes] = {}
    monkeypatch.setattr(embedding, "_cut_down", kept)
    monkeypatch.setattr(embedding, "_KEPT", 2)
    draw(SHORT_REGISTER)
    first = list(kept)
    draw(NOTICE)
    assert len(first) == len(kept) == 2
    assert not set(first) & set(kept)
