"""A register on many pages."""

from itertools import pairwise

from app.printing import Column, Table, wants_landscape

from .reading import Reading
from .samples import REGISTER, ROWS, SHORT_REGISTER

LABELS = [column.label for column in REGISTER.table.columns]


def test_every_page_repeats_the_table_head(register: Reading, wide_register: Reading) -> None:
    for reading in (register, wide_register):
        assert len(reading.page_texts) > 2
        for text in reading.page_texts:
            for label in LABELS:
                assert text.count(label) >= 1, label


def test_every_page_says_which_of_how_many_it_is(register: Reading) -> None:
    count = len(register.page_texts)
    for index, text in enumerate(register.page_texts, 1):
        assert f"第{index}页共{count}页" in text


def test_no_row_is_split_between_pages(register: Reading, wide_register: Reading) -> None:
    for reading in (register, wide_register):
        at = 0
        pages = ["".join(text.split()) for text in reading.page_texts]
        for row in ROWS:
            joined = "".join(row)
            while at < len(pages) and joined not in pages[at]:
                at += 1
            assert at < len(pages), f"{joined} is on no single page"


def test_figures_end_at_the_same_place(register: Reading) -> None:
    ends = set()
    for page in register.chars:
        for here, there in pairwise(page):
            if here["text"] == "." and there["text"] in "05":
                ends.add(round(there["x1"], 1))
    assert len(ends) == 1


def test_dates_and_names_stay_on_one_line(register: Reading, wide_register: Reading) -> None:
    for reading in (register, wide_register):
        texts = [line.text.replace(" ", "") for page in reading.lines for line in page]
        for row in ROWS:
            for value in (row[1], row[4]):
                assert any(value in text for text in texts), value


def test_a_draft_says_so_on_every_page_and_has_no_number_or_date(wide_register: Reading) -> None:
    for text in wide_register.page_texts:
        assert "草稿" in text
    assert "2026〕" not in wide_register.text


def test_an_issued_sheet_is_not_marked_as_draft(register: Reading) -> None:
    assert "草稿" not in register.text


def test_a_short_register_fits_one_page_with_issuer_and_date_above_the_table(short_register: Reading) -> None:
    (text,) = short_register.page_texts
    assert "春晖社区居民委员会截至2026年12月31日" in text
    assert text.index("截至") < text.index("联络员")


def test_a_table_of_many_columns_wants_to_lie_on_its_side() -> None:
    wide = Table(columns=tuple(Column(f"第{i}项内容") for i in range(12)), rows=(("居民群众反映",) * 12,))
    assert wants_landscape(wide)
    assert SHORT_REGISTER.table
    assert not wants_landscape(SHORT_REGISTER.table)
