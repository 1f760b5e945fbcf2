"""Wall prints are complete, read from two metres, and run over as many sheets as they need."""

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import Any, get_args

import pytest
from PIL import Image, ImageChops

from app.printing import PrintRefused
from app.printing.abreast import Lines
from app.printing.poster_drawing import CARD_SIZES, SIZES, _largest, draw
from app.printing.posters import LIMITS, USUAL_PAPER, Design, Entry, Poster
from app.printing.refusal import Phrase

from .reading import POINTS_PER_MM, Reading
from .samples import LONG, RARE_NAMES
from .test_content import EXPECTED_FONTS
from .test_qr import code_of, picture, read

DESIGNS: tuple[Design, ...] = get_args(Design)
WALLS = [design for design in DESIGNS if design != "cards"]
LEAST = {"A3": 24.0, "A4": 24 / 2**0.5}
HOTLINE = "0571-88886666"
MANY = 16
ADDRESS = "http://10.12.0.8/verify/7KQ2-M9XD"
NAMES = ("王建国", "李秀兰", "欧阳振华", "张伟", *("王" + name for name in RARE_NAMES))
STEPS = ("提出申请", "受理审核", "入户调查", "民主评议", "张榜公示", "审批发放")
TASKS = (
    "每周参加一次社区环境卫生清洁，带头清理楼道杂物。",
    "结对帮扶独居老人，每月上门探望两次，帮助买药、缴费。",
    "为居民义务维修水电，随叫随到，不收一分钱。",
)
FACTS = Entry(lines=(("地点", "党群服务中心一楼2号窗口"), ("咨询", "0571-66668888")), qr="tel:057188886666")


def name(i: int) -> str:
    return NAMES[i % len(NAMES)]


def pledge(i: int) -> Entry:
    done = f"已参加活动{i + 2}次。"
    return Entry(name(i), "第一党支部", (("承诺", TASKS[i % 3]), ("践诺", done), ("点评", "说到做到。")))


def post(i: int) -> Entry:
    holders = "、".join(name(i + j) for j in range(3))
    return Entry(f"政策宣讲{i + 1}岗", "定员3人", (("职责", TASKS[i % 3]), ("在岗党员", holders)))


def person(i: int) -> Entry:
    return Entry(name(i), "居委会副主任", (("分工", TASKS[i % 3]), ("电话", f"0571-888{i:05}")))


def team(i: int) -> Entry:
    members = "\n".join(name(i + j) for j in range(1, 9))
    return Entry(f"治安巡逻{i + 1}队", "每周二晚7:00", (("队长", name(i)), ("队员", members)))


def step(i: int) -> Entry:
    return Entry(STEPS[i % 6], "申请人", (("材料", "身份证复印件\n户口簿复印件"), ("时限", f"{i + 1}个工作日")))


def point(i: int) -> Entry:
    lines = (("地址", f"春晖路{i + 1}号"), ("时间", "7:00-19:00"), ("电话", f"0571-777{i:05}"))
    return Entry(f"阳光食堂{i + 1}店", "老年人八折", lines, group=("便民餐饮", "家政维修")[i % 2])


def card(i: int) -> Entry:
    lines = (("联络员", name(i)), ("电话", f"0571-888{i:05}"), ("服务", "困难帮扶、矛盾调解"))
    return Entry(HOTLINE, "24小时民情热线", lines, group="独居老人", qr="tel:057188886666")


MAKERS: dict[Design, tuple[str, Callable[[int], Entry]]] = {
    "pledges": ("党员公开承诺公示栏", pledge),
    "posts": ("党员设岗定责一览表", post),
    "people": ("社区两委成员分工", person),
    "teams": ("志愿服务队伍名册", team),
    "procedure": ("低保办理流程", step),
    "directory": ("便民服务点一览表", point),
    "cards": ("民情连心卡", card),
}


def poster(design: Design, count: int, **changes: Any) -> Poster:
    """A poster of ``count`` entries on its usual paper."""
    title, make = MAKERS[design]
    paper, landscape = USUAL_PAPER[design]
    entries = tuple(make(i) for i in range(count))
    whole = Poster(
        design=design,
        title=title,
        subtitle="2026年第一季度",
        issuer="春晖社区居民委员会",
        issued_on="2026-03-05",
        entries=(*entries, FACTS) if design == "procedure" else entries,
        footer=f"监督电话：{HOTLINE}（工作日）",
        paper=paper,
        landscape=landscape,
        short_code="7KQ2-M9XD",
        qr=ADDRESS,
    )
    return replace(whole, **changes)


@cache
def drawn(design: Design, count: int) -> Reading:
    return Reading(draw(poster(design, count)))


def plain(text: str) -> str:
    return "".join(text.split())


def sizes(reading: Reading, text: str) -> set[float]:
    """The type sizes in which a text that stands on one page is set."""
    for page in reading.chars:
        chars = [c for c in page if not c["text"].isspace()]
        at = "".join(c["text"] for c in chars).find(plain(text))
        if at >= 0:
            return {round(c["size"], 1) for c in chars[at : at + len(plain(text))]}
    raise AssertionError(f"{text} is on no single page")


def main_text(reading: Reading, whole: Poster) -> float:
    """The size of the main text, in points: all of it has one."""
    items = [item for entry in whole.entries for _, text in entry.lines for item in text.split("\n")]
    found = set().union(*(sizes(reading, item) for item in items))
    assert len(found) == 1, found
    return found.pop()


@pytest.mark.parametrize("design", DESIGNS)
@pytest.mark.parametrize("count", [1, MANY])
def test_every_given_text_is_printed(design: Design, count: int) -> None:
    found = plain(drawn(design, count).text)
    for place, text in poster(design, count).texts():
        for part in text.split("\n"):
            assert plain(part) in found, place


@pytest.mark.parametrize("design", DESIGNS)
def test_all_fonts_are_embedded_subsets_of_the_expected_families(design: Design) -> None:
    reading = drawn(design, MANY)
    assert reading.fonts
    for font in reading.fonts:
        subset, _, family = font["BaseFont"].name.partition("+")
        assert len(subset) == 6
        assert family in EXPECTED_FONTS
        assert "ToUnicode" in font
    for descriptor in reading.font_descriptors:
        assert {"FontFile2", "FontFile3"} & descriptor.keys()


@pytest.mark.parametrize("design", DESIGNS)
def test_title_and_language_are_set_and_nothing_is_attached(design: Design) -> None:
    reading = drawn(design, 1)
    assert reading.title_and_outline[0] == MAKERS[design][0]
    assert reading.catalog["Lang"] == b"zh-CN"
    for found in reading.objects:
        assert not {"EF", "Annots", "JS", "AA", "URI"} & found.keys()
        assert getattr(found.get("Subtype"), "name", "") != "Image"


@pytest.mark.parametrize("design", WALLS)
def test_a_wall_is_read_from_two_metres(design: Design) -> None:
    few, many = (main_text(drawn(design, count), poster(design, count)) for count in (1, MANY))
    assert LEAST["A3"] <= many < few, "few entries are set larger"
    assert few in SIZES


@pytest.mark.parametrize("room", [0.5, 1.0, 1.2, 1.4, 9.0])
@pytest.mark.parametrize("most", [*SIZES, 0])
def test_the_largest_size_that_fits_is_found_whatever_was_expected(most: float, room: float) -> None:
    tried = []

    def fits(size: float) -> bool:
        tried.append(size)
        return size <= most

    assert _largest(SIZES, fits, room) == max(most, SIZES[-1])
    assert len(tried) == len(set(tried))


@pytest.mark.parametrize("design", ["pledges", "directory"])
def test_on_a4_everything_is_smaller_by_the_ratio_of_the_papers(design: Design) -> None:
    small = poster(design, 4, paper="A4")
    reading = Reading(draw(small))
    assert main_text(reading, small) >= LEAST["A4"] - 0.1
    assert all(sorted(size) == pytest.approx((210, 297), abs=0.1) for size in reading.sizes)


@pytest.mark.parametrize("design", WALLS)
def test_every_sheet_has_the_head_the_foot_and_its_number(design: Design) -> None:
    reading, whole = drawn(design, MANY), poster(design, MANY)
    count = len(reading.page_texts)
    assert count > 1
    for number, text in enumerate(map(plain, reading.page_texts), 1):
        assert f"第{number}张共{count}张" in text
        for repeated in (whole.title, whole.subtitle, whole.footer, whole.issuer, "2026年3月5日", "查验码7KQ2-M9XD"):
            assert text.count(plain(repeated)) == 1, repeated


@pytest.mark.parametrize("design", WALLS)
def test_a_single_sheet_is_not_numbered(design: Design) -> None:
    assert len(drawn(design, 1).page_texts) == 1
    assert "第1张" not in drawn(design, 1).text


@pytest.mark.parametrize("design", WALLS)
def test_no_entry_is_split_between_sheets(design: Design) -> None:
    pages = [plain(text) for text in drawn(design, MANY).page_texts]
    for entry in poster(design, MANY).entries:
        texts = [entry.heading, *(item for _, text in entry.lines for item in text.split("\n"))]
        assert any(all(plain(text) in page for text in texts) for page in pages), entry


@pytest.mark.parametrize("design", DESIGNS)
def test_office_printers_can_print_it(design: Design) -> None:
    """Nothing within 5 mm of the edge, little ink, and nothing that a printer without colour would lose."""
    image = picture(drawn(design, MANY).pdf, dpi=50)
    edge = int(5 / 25.4 * 50)
    inside = (edge, edge, image.width - edge, image.height - edge)
    rim = image.copy()
    rim.paste(255, inside)
    assert rim.getextrema() == (255, 255)
    covered = 1 - sum(image.get_flattened_data()) / (255 * image.width * image.height)
    assert covered < 0.12
    colours = {tuple(round(v, 2) for v in c["non_stroking_color"]) for page in drawn(design, MANY).chars for c in page}
    assert all(luminance(colour) < 0.45 for colour in colours), colours


def luminance(colour: tuple[float, ...]) -> float:
    red, green, blue = colour if len(colour) == 3 else colour * 3
    return 0.3 * red + 0.59 * green + 0.11 * blue


@pytest.mark.parametrize("design", ["procedure", "teams"])
def test_the_same_poster_gives_the_same_bytes(design: Design) -> None:
    assert draw(poster(design, 1)) == drawn(design, 1).pdf


@pytest.mark.parametrize("design", ["posts", "people", "pledges"])
def test_names_and_telephone_numbers_stay_on_one_line(design: Design) -> None:
    texts = [plain(line.text) for page in drawn(design, MANY).lines for line in page]
    for i in range(MANY):
        assert any(name(i) in text for text in texts)
        if design == "people":
            assert any(f"0571-888{i:05}" in text for text in texts)


def test_a_sheet_is_not_left_half_empty_because_the_next_entries_nearly_fit() -> None:
    """In the largest type one row of posts would stand on the first sheet and two on the second; it is two and one."""
    duties, holders = "".join(TASKS), "、".join(map(name, range(3)))
    lines = [(("职责", duties[:length]), ("在岗党员", holders)) for length in (60, 60, 30, 30, 30, 30)]
    whole = poster("posts", 1, entries=tuple(replace(post(i), lines=lines[i]) for i in range(6)))
    reading = Reading(draw(whole))
    assert [page.count("定员3人") for page in map(plain, reading.page_texts)] == [4, 2]
    assert main_text(reading, whole) > min(SIZES), "no smaller than need be"


def test_entries_are_gathered_by_group_and_each_sheet_repeats_the_columns() -> None:
    reading = drawn("directory", MANY)
    order = [plain(reading.text).index(f"阳光食堂{i + 1}店") for i in (0, MANY - 2, 1, MANY - 1)]
    assert order == sorted(order), "the first group, then the second"
    for page in reading.page_texts:
        assert {"地址", "时间", "电话"} <= {word for word in ("地址", "时间", "电话") if word in page}
        assert "便民餐饮" in page or "家政维修" in page


def test_a_group_of_pledges_is_named_once_over_its_first() -> None:
    entries = tuple(replace(pledge(i), group="第一党支部" if i % 2 else "第二党支部") for i in range(4))
    entries = tuple(replace(entry, subheading="") for entry in entries)
    text = plain(Reading(draw(poster("pledges", 1, entries=entries))).text)
    assert text.count("第一党支部") == text.count("第二党支部") == 1
    assert text.index("第二党支部") < text.index(name(0)) < text.index("第一党支部") < text.index(name(1))


def test_the_steps_of_a_procedure_are_numbered_and_joined_by_arrows() -> None:
    reading = drawn("procedure", 3)
    numbers = [c["text"] for c in reading.chars[0] if c["text"] in "123" and c["non_stroking_color"][0] > 0.5]
    assert numbers == ["1", "2", "3"]
    shafts = [rule for rule in reading.rules[0] if rule["width"] < 4 and rule["height"] > 15]
    assert len(shafts) == 2, "between three steps"


def test_a_procedure_says_once_what_holds_for_all_of_it() -> None:
    text = plain(drawn("procedure", 3).text)
    assert text.count("党群服务中心一楼2号窗口") == 1
    assert text.index("入户调查") < text.index("党群服务中心")


def test_the_members_of_a_team_stand_in_columns() -> None:
    found = drawn("teams", 1)
    starts = [c["x0"] for line in found.chars for c in line if c["text"] == "王" and round(c["size"], 1) in SIZES]
    assert len(starts) > len({round(start) for start in starts})


ROUNDING = 4  # of 255: what coordinates in ten-thousandths do to a grey
LISTS = {
    "of usual names": tuple(map(name, range(40))),
    "of two names": ("王喆", "欧阳振华"),
    "with a name longer than a column": ("王喆", "阿不都热合曼·买买提明江", *map(name, range(9))),
    "with letters": ("Kim Jae", "O'Neill", "王喆"),
    "with letters among Chinese": ("王A", "B座李3号", "王喆"),
    "over several sheets": tuple(map(name, range(600))),
}


@pytest.mark.parametrize("names", LISTS.values(), ids=LISTS)
def test_members_stand_as_if_each_had_a_box_of_its_own(names: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    members = ("队员", "\n".join(names))
    entries = (replace(team(0), lines=(("队长", "王喆"), members)), replace(team(1), lines=(members,), qr=ADDRESS))
    whole = poster("teams", 1, entries=entries)
    found = Reading(draw(whole))
    monkeypatch.setattr(Lines, "addresses", lambda *_: [])
    boxed = Reading(draw(whole))
    assert found.page_texts == boxed.page_texts
    for page in range(len(boxed.page_texts)):
        apart = ImageChops.difference(picture(found.pdf, page, dpi=50), picture(boxed.pdf, page, dpi=50))
        assert apart.getextrema()[1] < ROUNDING


@pytest.mark.parametrize("design", ["pledges", "directory"])
def test_a_text_longer_than_a_sheet_runs_on_without_loss(design: Design) -> None:
    text = (LONG * 13)[:2000]
    whole = poster(design, 1, entries=(Entry("王喆", lines=(("承诺", text),)),), footer="", short_code="")
    reading = Reading(draw(whole))
    assert len(reading.page_texts) > 1
    assert min(sizes(reading, text[:12])) >= LEAST["A3"]
    bodies = ["".join(c["text"] for c in page if round(c["size"], 1) in SIZES and is_sans(c)) for page in reading.chars]
    assert plain("".join(bodies)).removeprefix("承诺") == text


def is_sans(char: dict[str, Any]) -> bool:
    return str(char["fontname"]).endswith("+Noto-Sans-CJK-SC")


@pytest.mark.parametrize("design", DESIGNS)
def test_what_is_not_known_leaves_no_trace(design: Design) -> None:
    entries = tuple(Entry(entry.heading) for entry in poster(design, 3).entries if entry.heading)
    bare = poster(design, 1, entries=entries, subtitle="", issuer="", issued_on="", footer="", short_code="", qr="")
    reading = Reading(draw(bare))
    printed = plain(reading.text)
    for text in (bare.title, *(entry.heading for entry in entries), "1", "2", "3"):
        printed = printed.replace(plain(text), "")
    assert printed == ""


def test_a_line_without_text_is_left_out_with_its_label() -> None:
    entry = Entry("王喆", lines=(("承诺", TASKS[0]), ("点评", "")))
    assert "点评" not in Reading(draw(poster("pledges", 1, entries=(entry,)))).text


HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src="file:///etc/passwd">',
    "{{ 7 * 7 }}{% raw %}",
    "<style>@import url(//x)",
    "&lt;b&gt; &#x4e00;",
)


@pytest.mark.parametrize("design", ["pledges", "procedure", "cards"])
def test_hostile_text_is_printed_as_text(design: Design) -> None:
    script, image, braces, style, marks = HOSTILE
    entry = Entry(script, braces, ((script[:20], style), ("\u202e", marks)), "&lt;i&gt;")
    whole = poster(design, 1, entries=(entry,), title=script, subtitle=braces, issuer=marks, footer="", qr="")
    if design != "cards":  # which has no room for all of it
        whole = replace(whole, title=image, short_code=style, footer=image)
    reading = Reading(draw(whole))
    found = plain(reading.text)
    for place, text in whole.texts():
        assert plain(text).replace("\u202e", "") in found, place
    assert reading.title_and_outline[0] == whole.title
    for thing in reading.objects:
        assert not {"EF", "URI", "JS"} & thing.keys()
        assert getattr(thing.get("Subtype"), "name", "") != "Image"


# ---- cards


def mm(points: float) -> float:
    return points / POINTS_PER_MM


def titles(reading: Reading, page: int) -> list[tuple[float, float]]:
    """Where the titles of the cards begin, in mm."""
    return sorted((mm(c["x0"]), mm(c["top"])) for c in reading.chars[page] if c["text"] == "民" and c["size"] > 14)


@pytest.mark.parametrize(("count", "sheets"), [(1, 1), (MANY, 2)])
def test_cards_come_ten_to_a_sheet_which_is_always_full(count: int, sheets: int) -> None:
    reading = drawn("cards", count)
    assert len(reading.page_texts) == sheets
    for page in range(sheets):
        assert len(titles(reading, page)) == 10
    assert plain(reading.text).count("电话0571-88800000") == {1: 10, MANY: 2}[count]


def test_a_card_is_90_by_54_mm_and_the_cut_marks_say_so() -> None:
    reading = drawn("cards", MANY)
    places = titles(reading, 0)
    left, top = places[0]
    for column in range(2):
        for row in range(5):
            assert places[column * 5 + row] == pytest.approx((left + 90 * column, top + 54 * row), abs=0.1)
    marks = [rule for rule in reading.rules[0] if abs(mm(max(rule["width"], rule["height"])) - 5) < 0.1]
    upright = {round(mm(rule["x0"]), 1) for rule in marks if rule["height"] > rule["width"]}
    lying = {round(mm(rule["top"]), 1) for rule in marks if rule["width"] > rule["height"]}
    assert upright == {15.0, 105.0, 195.0}
    assert lying == {13.5 + 54 * row for row in range(6)}
    assert len(marks) == 2 * 3 + 2 * 6


def test_the_text_of_a_card_stays_inside_it() -> None:
    reading = drawn("cards", MANY)
    for c in reading.chars[0]:
        left, right, top, bottom = (mm(c[side]) for side in ("x0", "x1", "top", "bottom"))
        if top > 13.5 + 270:
            continue  # on the strip that is cut away
        assert int((left - 15 - 3) // 90) == int((right - 15 + 3) // 90) in (0, 1)
        assert int((top - 13.5 - 3) // 54) == int((bottom - 13.5 + 3) // 54) in range(5)


def test_the_code_of_a_card_reads_as_its_text() -> None:
    image = picture(drawn("cards", 1).pdf, dpi=300)
    per_mm = 300 / 25.4
    corner = image.crop(tuple(int(mm * per_mm) for mm in (15 + 60, 13.5 + 13, 15 + 88, 13.5 + 36)))
    box = Image.eval(corner, lambda value: 255 if value < 128 else 0).getbbox()
    assert box
    assert (box[2] - box[0]) / per_mm == pytest.approx(20, abs=0.3)
    assert read(corner.crop(box)) == code_of("tel:057188886666")


def test_a_card_without_a_code_of_its_own_bears_that_of_the_sheet() -> None:
    none = poster("cards", 1, entries=(replace(card(0), qr=""),), qr="tel:057188886666")
    assert picture(draw(none)).tobytes() == picture(drawn("cards", 1).pdf).tobytes()


def test_a_card_with_more_text_than_it_holds_is_refused_by_its_number() -> None:
    entries = (card(0), replace(card(1), lines=(("服务", TASKS[0] * 12),)))
    with pytest.raises(PrintRefused) as refused:
        draw(poster("cards", 1, entries=entries))
    assert refused.value.reason == "too_large"
    assert str(refused.value).startswith("Too much to print: the height of card 2 is ")
    assert str(refused.value).endswith(" mm, the limit is 45 mm.")


def test_twenty_sheets_of_different_cards_are_enough() -> None:
    with pytest.raises(PrintRefused, match="the number of entries is 201, the limit is 200"):
        poster("cards", 201)


def test_a_card_with_much_text_is_set_smaller() -> None:
    full = poster("cards", 1, entries=(replace(card(0), lines=(("服务", TASKS[0] * 2),)),))
    (size,) = sizes(Reading(draw(full)), TASKS[0])
    assert CARD_SIZES[-1] <= size < min(sizes(drawn("cards", 1), name(0)))


@pytest.mark.parametrize("changes", [{"paper": "A3"}, {"landscape": True}])
def test_cards_are_cut_from_upright_a4_sheets(changes: dict[str, Any]) -> None:
    with pytest.raises(PrintRefused, match="upright A4"):
        poster("cards", 1, **changes)


# ---- values


def told(refused: pytest.ExceptionInfo[PrintRefused], name: str) -> str:
    phrase = refused.value.params[name]
    assert isinstance(phrase, Phrase)
    return phrase.told()


@pytest.mark.parametrize(
    ("changes", "place"),
    [
        ({"title": "\ue000"}, "the title"),
        ({"footer": "\ue000"}, "the foot of the sheet"),
        ({"entries": (pledge(0), Entry("王\U00033479"))}, "the heading of entry 2"),
        ({"entries": (Entry("王喆", "\ue000"),)}, "the second heading of entry 1"),
        ({"entries": (Entry("王喆", group="\ue000"),)}, "the group of entry 1"),
        ({"entries": (Entry("王喆", lines=(("承诺", "好"), ("践诺", "\ue000"))),)}, "entry 1 “王喆”, line 2"),
        ({"entries": (Entry("王喆", lines=(("\ue000", "好"),)),)}, "entry 1 “王喆”, the name of line 1"),
    ],
)
def test_a_missing_character_is_refused_by_name_and_place(changes: dict[str, Any], place: str) -> None:
    with pytest.raises(PrintRefused) as refused:
        draw(poster("pledges", 1, **changes))
    assert refused.value.reason == "glyph_missing"
    assert told(refused, "place") == place


@pytest.mark.parametrize(
    ("what", "changes"),
    [
        ("the length of the title", {"title": "长" * (LIMITS["title"] + 1)}),
        ("the length of the heading of entry 1", {"entries": (Entry("长" * (LIMITS["heading"] + 1)),)}),
        ("the length of entry 1 “王”, line 1", {"entries": (Entry("王", lines=(("", "长" * (LIMITS["text"] + 1)),)),)}),
        ("the number of entries", {"entries": (pledge(0),) * (LIMITS["entries"] + 1)}),
        ("the number of lines of entry 1", {"entries": (Entry("王", lines=(("a", "b"),) * (LIMITS["lines"] + 1)),)}),
        ("the number of bytes in the QR code", {"qr": "长" * 67}),
        ("the number of bytes in the QR code", {"entries": (Entry("王", qr="x" * 201),)}),
        ("the number of characters", {"entries": (Entry("王", lines=(("", "长" * 2000),)),) * 101}),
    ],
)
def test_too_much_is_refused_when_the_poster_is_made(what: str, changes: dict[str, Any]) -> None:
    with pytest.raises(PrintRefused) as refused:
        poster("pledges", 1, **changes)
    assert refused.value.reason == "too_large"
    assert told(refused, "what") == what


@pytest.mark.parametrize("design", DESIGNS)
def test_a_poster_comes_back_from_its_canonical_text(design: Design) -> None:
    whole = poster(design, 3)
    text = whole.to_json()
    assert Poster.from_json(text) == whole
    assert Poster.from_json(text).to_json() == text
    assert len(whole.digest()) == 64
    assert whole.digest() != poster(design, 2).digest()


def test_the_canonical_text_is_fixed() -> None:
    assert Poster(design="people", title="分工", entries=(Entry("王喆", lines=(("电话", "1"),)),)).to_json() == (
        '{"design":"people","entries":[{"group":"","heading":"王喆","lines":[["电话","1"]],"qr":"","subheading":""}],'
        '"footer":"","issued_on":"","issuer":"","landscape":false,"paper":"A3","qr":"","short_code":"","subtitle":"",'
        '"title":"分工","version":1}'
    )


GOOD = poster("pledges", 1).to_json()


@pytest.mark.parametrize(
    "text",
    [
        "{}",
        "[]",
        "not json",
        GOOD.replace('"version":1', '"version":2'),
        GOOD.replace('"design":"pledges"', '"design":"banner"'),
        GOOD.replace('"paper":"A3"', '"paper":"A5"'),
        GOOD.replace('"landscape":false', '"landscape":0'),
        GOOD.replace('"issued_on":"2026-03-05"', '"issued_on":"2026-02-31"'),
        GOOD.replace('"footer":', '"unknown":'),
        GOOD.replace('"group":', '"unknown":'),
        GOOD.replace('["承诺",', "["),
        GOOD.replace('["承诺",', "[1,"),
        GOOD.replace('"heading":"王建国"', '"heading":null'),
        GOOD.replace("王建国", "\\ud800"),
        GOOD.replace(ADDRESS, "\\ud800"),
    ],
)
def test_what_is_not_a_poster_is_refused(text: str) -> None:
    assert text != GOOD
    with pytest.raises(PrintRefused) as refused:
        Poster.from_json(text)
    assert refused.value.reason == "malformed"


@pytest.mark.parametrize(
    ("entries", "detail"),
    [
        ((), "a poster without entries"),
        ((Entry(),), "entry 1 is empty"),
        ((pledge(0), Entry(lines=(("承诺", ""),))), "entry 2 is empty"),
    ],
)
def test_a_poster_says_something(entries: tuple[Entry, ...], detail: str) -> None:
    with pytest.raises(PrintRefused, match=detail):
        poster("pledges", 1, entries=entries)
