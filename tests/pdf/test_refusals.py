"""What cannot be printed well is refused with a reason, and nothing hangs."""

import errno
import json
import pickle
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from unittest.mock import Mock

import pytest
from weasyprint import Document
from weasyprint.logger import LOGGER
from weasyprint.urls import FatalURLFetchingError

from app.printing import Column, Phrase, PrintRefused, Snapshot, Table, drawing, fonts, render, stop
from app.printing import worker as printing_worker
from app.printing.drawing import draw
from app.printing.fetchers import FileFetcher, InertFetcher
from app.printing.snapshot import LIMITS

from .reading import Reading
from .samples import NOTICE, REGISTER

TABLE = REGISTER.table
assert TABLE is not None


def words(phrase: object) -> str:
    assert isinstance(phrase, Phrase)
    return phrase.told()


def test_a_missing_character_is_refused_by_name_and_place_in_the_title() -> None:
    with pytest.raises(PrintRefused) as refused:
        draw(replace(NOTICE, title="关于\ue000的公示"))
    assert refused.value.reason == "glyph_missing"
    assert str(refused.value) == "No installed font has the character “\ue000” (U+E000): the title."


def test_a_missing_character_is_refused_by_row_and_column_in_a_table() -> None:
    rows = list(TABLE.rows)
    rows[11] = ("12", "王\U00033479", *rows[11][2:])
    with pytest.raises(PrintRefused) as refused:
        draw(replace(REGISTER, table=replace(TABLE, rows=tuple(rows))))
    assert refused.value.params["character"] == "\U00033479"
    assert words(refused.value.params["place"]) == "row 12, column “姓名”"


def test_a_refusal_is_told_in_the_readers_language() -> None:
    with pytest.raises(PrintRefused) as refused:
        draw(replace(NOTICE, paragraphs=("好", "\ue000")))
    chinese = {
        refused.value.message: "没有字体能印“%(character)s”（%(codepoint)s），位置：%(place)s。",
        "paragraph %(nth)s": "正文第%(nth)s段",
    }
    assert refused.value.told(chinese.__getitem__) == "没有字体能印“\ue000”（U+E000），位置：正文第2段。"


def test_a_private_use_character_is_refused_even_where_a_font_has_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fonts, "_characters", lambda font: frozenset({0xE000, 0x516C}))
    assert fonts._missing(fonts.load().chains["body"], {"\ue000", "公"}) == {"\ue000"}


def test_a_missing_font_is_refused_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORTAL_FONTS", str(tmp_path))
    with pytest.raises(PrintRefused) as refused:
        draw(NOTICE)
    assert refused.value.reason == "font_missing"
    assert refused.value.params == {"font": "FandolFang-Regular.otf"}


def test_a_missing_system_family_is_not_replaced_by_another() -> None:
    with pytest.raises(PrintRefused, match="Noto Serif CJK XX Bold"):
        fonts._font_file(fonts.Font("Noto Serif CJK XX", 700))


@pytest.mark.parametrize("role", ["title", "body", "heading", "subheading", "table", "strong"])
def test_every_role_draws_every_ideograph_of_gbk(role: fonts.Role) -> None:
    ideographs = {chr(code) for code in range(0x4E00, 0x9FA6)}
    assert fonts._missing(fonts.load().chains[role], ideographs) == set()


def test_a_font_of_the_office_takes_its_role_and_falls_back_per_character(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fang_song = fonts.load().chains["body"][0].path
    assert fang_song is not None
    shutil.copy(fang_song, tmp_path / "方正小标宋_GBK.otf")  # stands in for a licensed font
    monkeypatch.setenv("PORTAL_OFFICE_FONTS", str(tmp_path))
    reading = Reading(draw(replace(NOTICE, title="㛃小区公示", paragraphs=("特此公示。",))))
    title = reading.lines[0][0]
    assert title.text == "㛃小区公示"
    assert title.fonts == {"Portal-office-title-Bold", "Noto-Serif-CJK-SC-Bold"}


def test_a_complaint_while_drawing_fails_the_sheet(monkeypatch: pytest.MonkeyPatch) -> None:
    original = drawing._shortest

    def complain(steps: range, lay_out: Callable[[int], Document]) -> Document:
        LOGGER.warning(".notdef glyph rendered")
        return original(steps, lay_out)

    monkeypatch.setattr(drawing, "_shortest", complain)
    with pytest.raises(PrintRefused, match="notdef") as refused:
        draw(replace(NOTICE, paragraphs=()))
    assert refused.value.reason == "drawing_failed"


def test_weasyprint_complains_about_a_character_that_slipped_through(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fonts.Fonts, "check", lambda self, snapshot: None)
    with pytest.raises(PrintRefused, match="notdef"):
        draw(replace(NOTICE, paragraphs=("\U00033479",)))


@pytest.mark.parametrize(
    ("what", "changes"),
    [
        ("the length of the title", {"title": "长" * (LIMITS["title"] + 1)}),
        ("the length of a paragraph", {"paragraphs": ("长" * (LIMITS["paragraph"] + 1),)}),
        ("the number of paragraphs", {"paragraphs": ("短",) * (LIMITS["paragraphs"] + 1)}),
        ("the number of rows", {"table": replace(TABLE, rows=(("",) * 6,) * (LIMITS["rows"] + 1))}),
        ("the length of a cell", {"table": replace(TABLE, rows=(("长" * (LIMITS["cell"] + 1), *("",) * 5),))}),
    ],
)
def test_too_much_is_refused_when_the_sheet_is_made(what: str, changes: dict[str, object]) -> None:
    with pytest.raises(PrintRefused) as refused:
        replace(REGISTER, **changes)
    assert refused.value.reason == "too_large"
    assert words(refused.value.params["what"]) == what


@pytest.mark.usefixtures("worker")
def test_a_refusal_comes_back_from_the_worker() -> None:
    with pytest.raises(PrintRefused) as refused:
        render(replace(NOTICE, title="\ue000"))
    assert refused.value.reason == "glyph_missing"
    assert words(refused.value.params["place"]) == "the title"


@pytest.fixture
def fresh_worker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A worker that starts in this test; gives the folder for temporary files."""
    stop()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    yield tmp_path
    stop()
    assert list(tmp_path.iterdir()) == [], "workers must clear up, killed ones too"


def test_a_worker_that_overruns_is_killed_and_the_next_sheet_is_printed(fresh_worker: Path) -> None:
    with subprocess.Popen(["true"]) as dead:
        pass
    (fresh_worker / f"portal-printing-{dead.pid}-abc").mkdir()  # left by a server that was killed
    rows = tuple(TABLE.rows[i % 70] for i in range(15_000))
    started = time.monotonic()
    with pytest.raises(PrintRefused) as refused:
        render(replace(REGISTER, table=replace(TABLE, rows=rows)), timeout=0.5)
    assert refused.value.reason == "overrun"
    assert time.monotonic() - started < 20
    assert render(replace(NOTICE, paragraphs=("特此公示。",))).startswith(b"%PDF")
    (folder,) = fresh_worker.iterdir()
    while any(not Path(f"/proc/{copies.name.partition('-')[0]}").exists() for copies in folder.iterdir()):
        assert time.monotonic() - started < 20, "copies of fonts, of the living workers only"
        time.sleep(0.05)


@pytest.mark.parametrize("problem", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_is_refused(problem: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drawing, "draw", Mock(side_effect=OSError(problem, "no room")))
    with pytest.raises(PrintRefused, match="disk is full") as refused:
        printing_worker._draw(NOTICE, print)
    assert refused.value.reason == "disk_full"


@pytest.mark.usefixtures("fresh_worker")
def test_a_worker_out_of_memory_refuses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(printing_worker, "MEMORY", 300 * 1024**2)
    with pytest.raises(PrintRefused) as refused:
        render(NOTICE, timeout=20)
    assert refused.value.reason == "drawing_failed"


def test_a_refusal_survives_pickling() -> None:
    refusal = PrintRefused("font_missing", font="仿宋")
    again = pickle.loads(pickle.dumps(refusal))
    assert (again.reason, again.message, again.params, str(again)) == (
        refusal.reason,
        refusal.message,
        refusal.params,
        str(refusal),
    )


def test_a_refusal_can_be_kept_as_values() -> None:
    with pytest.raises(PrintRefused) as refused:
        draw(replace(NOTICE, paragraphs=("好", "\ue000")))
    again = PrintRefused.from_values(json.loads(json.dumps(refused.value.to_values())))
    assert (again.reason, again.params, str(again)) == ("glyph_missing", refused.value.params, str(refused.value))


def test_a_snapshot_comes_back_from_its_canonical_text() -> None:
    for sample in (NOTICE, REGISTER):
        text = sample.to_json()
        assert Snapshot.from_json(text) == sample
        assert Snapshot.from_json(text).to_json() == text
        assert len(sample.digest()) == 64
    assert NOTICE.digest() != REGISTER.digest()


def test_the_canonical_text_is_fixed() -> None:
    assert Snapshot(layout="notice", title="公示").to_json() == (
        '{"draft":false,"issued_on":"","issuer":"","landscape":false,"layout":"notice","notes":[],"number":"",'
        '"paper":"A4","paragraphs":[],"sealed":true,"short_code":"","table":null,"title":"公示","version":1}'
    )


@pytest.mark.parametrize(
    "text",
    [
        "{}",
        "[]",
        "not json",
        NOTICE.to_json().replace('"version":1', '"version":2'),
        NOTICE.to_json().replace('"paper":"A4"', '"paper":"A5"'),
        NOTICE.to_json().replace('"draft":false', '"draft":"no"'),
        NOTICE.to_json().replace('"issued_on":"2026-03-05"', '"issued_on":"2026-02-31"'),
        NOTICE.to_json().replace('"notes":', '"unknown":'),
        Snapshot(layout="notice", title="公示").to_json().replace('"notes":[]', '"notes":"text"'),
        REGISTER.to_json().replace('"align":"right"', '"align":"middle"'),
        REGISTER.to_json().replace('["1",', "["),
        REGISTER.to_json().replace('["1",', "[1,"),
        NOTICE.to_json().replace("特此公示", "\\ud800"),
    ],
)
def test_what_is_not_a_snapshot_is_refused(text: str) -> None:
    with pytest.raises(PrintRefused) as refused:
        Snapshot.from_json(text)
    assert refused.value.reason == "malformed"


def test_equal_snapshots_have_one_digest() -> None:
    one, other = (replace(REGISTER, table=Table((Column("名", weight=w),), ())) for w in (1, 1.0))
    assert one.digest() == other.digest()


@pytest.mark.parametrize("url", ["file:///etc/passwd", "http://127.0.0.1:9/", "https://example.org/", "ftp://x/", "x"])
def test_a_sheet_fetches_nothing_from_outside(url: str, tmp_path: Path) -> None:
    with pytest.raises(FatalURLFetchingError):
        InertFetcher().fetch(url)
    with pytest.raises(FatalURLFetchingError):
        FileFetcher([tmp_path / "font.otf"]).fetch(url)


def test_a_sheet_may_carry_data() -> None:
    assert InertFetcher().fetch("data:text/plain,ok").read() == b"ok"
