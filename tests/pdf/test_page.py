"""The page keeps the measures of GB/T 9704-2012 and the line rules of CLREQ."""

from itertools import pairwise

import pytest

from .reading import POINTS_PER_MM, Line, Reading
from .samples import NOTICE, PLAIN

LEFT, RIGHT = 28 * POINTS_PER_MM, (28 + 156) * POINTS_PER_MM
TOP, BOTTOM = 37 * POINTS_PER_MM, (37 + 225) * POINTS_PER_MM
NEVER_FIRST = "，。、；：？！）》」』】〕”’…—"
NEVER_LAST = "（《「『【〔“‘"


def body(page: list[Line]) -> list[Line]:
    """The lines of the type area in body size, from the left edge or the paragraph's indent."""
    return [line for line in page if line.sizes == {16.0} and line.bottom < BOTTOM + 1]


def full(reading: Reading) -> list[Line]:
    """Lines that are followed by another of the same paragraph: those must be filled."""
    lines = [line for page in reading.lines for line in body(page)]
    return [here for here, there in pairwise(lines) if is_continued(here, there)]


def is_continued(here: Line, there: Line) -> bool:
    joined = (here.text + there.text).replace(" ", "")
    return abs(there.left - LEFT) < 3 and any(joined in text.replace(" ", "") for text in NOTICE.paragraphs)


def test_paper_is_a4(notice: Reading) -> None:
    assert all(size == pytest.approx((210, 297), abs=0.1) for size in notice.sizes)


def test_text_stays_inside_the_type_area(notice: Reading) -> None:
    for page in notice.lines:
        for line in body(page):
            assert line.left >= LEFT - 0.5
            assert line.right <= RIGHT + 0.5
            assert line.bottom - 16 >= TOP - 1


def test_the_first_line_of_a_following_page_starts_37_mm_from_the_top(notice: Reading) -> None:
    first = notice.lines[1][0]
    assert first.bottom == pytest.approx(TOP + 29 - (29 - 16) / 2, abs=3)
    assert first.left == pytest.approx(LEFT, abs=0.2)


def test_a_full_page_has_22_lines_29_points_apart(notice: Reading) -> None:
    lines = body(notice.lines[1])
    assert len(lines) == 22
    steps = [there.bottom - here.bottom for here, there in pairwise(lines)]
    assert all(step == pytest.approx(28.98, abs=0.15) for step in steps), steps


def test_rare_characters_do_not_move_their_line(notice: Reading) -> None:
    lines = body(notice.lines[0])
    at = next(i for i, line in enumerate(lines) if "𬭎" in line.text)
    assert len(lines[at].fonts) > 1, "the sample must need a second font"
    assert lines[at].bottom - lines[at - 1].bottom == pytest.approx(28.98, abs=3)


def test_a_line_of_plain_text_has_28_characters(notice: Reading) -> None:
    plain = [line for page in notice.lines for line in body(page) if line.text in PLAIN and abs(line.left - LEFT) < 0.5]
    assert len(plain) > 10
    assert {len(line.text) for line in plain[:-1] if line.right > RIGHT - 5} == {28}


def test_a_paragraph_begins_two_characters_in(notice: Reading) -> None:
    line = next(line for page in notice.lines for line in page if line.text.startswith("特此公示"))
    assert line.left == pytest.approx(LEFT + 2 * 442.2 / 28, abs=0.3)


def test_the_greeting_begins_at_the_edge(notice: Reading) -> None:
    line = next(line for page in notice.lines for line in page if line.text.startswith("社区全体居民"))
    assert line.left == pytest.approx(LEFT, abs=0.3)


def test_full_lines_end_within_half_a_point_of_the_right_edge(notice: Reading) -> None:
    lines = full(notice)
    assert len(lines) > 30
    assert {line.text: line.right - RIGHT for line in lines if abs(line.right - RIGHT) > 0.5} == {}


def test_a_filled_line_is_filled_evenly(notice: Reading) -> None:
    for line in full(notice):
        if any(c.isascii() for c in line.text):
            continue
        steps = [there - here for here, there in pairwise(line.starts)]
        pairs = zip(steps, line.text, line.text[1:], strict=False)
        open_steps = [step for step, here, there in pairs if not here == there in "—…"]
        assert max(open_steps) - min(open_steps) < 0.3, line.text


def test_no_line_begins_or_ends_with_forbidden_punctuation(notice: Reading, wall_notice: Reading) -> None:
    for reading in (notice, wall_notice):
        for page in reading.lines:
            for line in page:
                if "—" in line.text and len(line.text) < 8:
                    continue  # a page number
                assert line.text[0] not in NEVER_FIRST, line.text
                assert line.text[-1] not in NEVER_LAST, line.text


def test_a_figure_keeps_its_unit(notice: Reading) -> None:
    for page in notice.lines:
        for here, there in pairwise(page):
            assert not (here.text[-1].isdigit() and there.text[0] in "年月日天个"), here.text + "|" + there.text


def test_chinese_and_figures_stand_a_quarter_em_apart(notice: Reading) -> None:
    chars = [c for page in notice.chars for c in page]
    gaps = [
        there["x0"] - here["x1"]
        for here, there in pairwise(chars)
        if here["text"] == "第" and there["text"] == "3" and abs(here["bottom"] - there["bottom"]) < 1
    ]
    assert gaps
    assert all(3.5 < gap < 7 for gap in gaps), gaps


def test_meeting_punctuation_takes_half_the_room(notice: Reading) -> None:
    found = [(line, line.text.index("”“")) for page in notice.lines for line in page if "”“" in line.text]
    assert found
    for line, at in found:
        assert line.starts[at + 1] - line.starts[at] == pytest.approx(8, abs=1.5)


def test_page_numbers_stand_right_on_odd_and_left_on_even_pages(notice: Reading) -> None:
    assert len(notice.lines) >= 3
    for index, page in enumerate(notice.lines):
        number = next(line for line in page if line.text == f"— {index + 1} —")
        assert number.sizes == {14.0}
        assert number.fonts == {"Noto-Serif-CJK-SC"}
        middle = number.bottom - 7
        assert middle - BOTTOM == pytest.approx(7 * POINTS_PER_MM, abs=3)
        if index % 2 == 0:
            assert number.right == pytest.approx(RIGHT - 14, abs=1.5)
        else:
            assert number.left == pytest.approx(LEFT + 14, abs=1.5)


def test_the_title_is_centred_in_balanced_lines_of_22_points(notice: Reading) -> None:
    lines = [line for line in notice.lines[0] if line.sizes == {22.0}]
    assert "".join(line.text for line in lines) == NOTICE.title
    assert len(lines) == 2
    assert min(len(line.text) for line in lines) > 8
    for line in lines:
        assert (line.left + line.right) / 2 == pytest.approx((LEFT + RIGHT) / 2, abs=1)
        assert line.fonts == {"Noto-Serif-CJK-SC-Bold"}


def test_headings_have_their_fonts(notice: Reading) -> None:
    found = {line.text: line.fonts for page in notice.lines for line in page}
    assert found["一、公示内容"] == {"Noto-Sans-CJK-SC"}
    assert found["（二）认领办法"] == {"LXGW-WenKai"}


def test_a_sealed_date_stands_four_characters_from_the_right_with_the_issuer_centred_over_it(notice: Reading) -> None:
    issuer, date = notice.lines[-1][-4:-2] if "查验码" in notice.lines[-1][-2].text else notice.lines[-1][-3:-1]
    assert (issuer.text, date.text) == (NOTICE.issuer, "2026年3月5日")
    assert date.right == pytest.approx(RIGHT - 4 * 442.2 / 28, abs=1.5)
    assert (issuer.left + issuer.right) / 2 == pytest.approx((date.left + date.right) / 2, abs=1)


def test_an_unsealed_issuer_stands_two_characters_from_the_right(wall_notice: Reading) -> None:
    k = 2**0.5
    right = (28 + 156) * k * POINTS_PER_MM
    issuer = next(line for line in wall_notice.lines[-1] if line.text == NOTICE.issuer)
    date = next(line for line in wall_notice.lines[-1] if line.text == "2026年3月5日")
    assert issuer.right == pytest.approx(right - 2 * 442.2 / 28 * k, abs=2)
    assert date.left == pytest.approx(issuer.left + 2 * 442.2 / 28 * k, abs=0.5)


def test_a_signature_is_never_alone_on_its_page(notice: Reading, wall_notice: Reading, register: Reading) -> None:
    for reading in (notice, wall_notice, register):
        assert NOTICE.issuer in reading.page_texts[-1]
        assert not reading.page_texts[-1].startswith(NOTICE.issuer)


def test_a3_is_the_same_page_enlarged(notice: Reading, wall_notice: Reading) -> None:
    k = 2**0.5
    assert all(size == pytest.approx((297, 420), abs=0.1) for size in wall_notice.sizes)
    small, large = notice.lines[1][0], wall_notice.lines[1][0]
    assert large.text == small.text
    assert large.left == pytest.approx(small.left * k, abs=0.3)
    assert large.right == pytest.approx(small.right * k, abs=0.5)
    assert large.sizes == {round(16 * k, 1)}


def test_a3_landscape_has_the_turned_type_area(wide_register: Reading) -> None:
    k = 2**0.5
    assert all(size == pytest.approx((420, 297), abs=0.1) for size in wide_register.sizes)
    lying = [rule for rule in wide_register.rules[0] if rule["width"] > rule["height"]]
    left, right = min(rule["x0"] for rule in lying), max(rule["x1"] for rule in lying)
    assert left == pytest.approx(35 * k * POINTS_PER_MM, abs=1)
    assert right == pytest.approx((35 + 225) * k * POINTS_PER_MM, abs=1)
