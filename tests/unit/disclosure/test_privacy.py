"""What a notice must not say about people, wherever it stands; what somebody has to look at; and what is harmless."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from stdnum.cn import ric, uscc

from app.disclosure.privacy import Finding, check
from app.printing import Column, Snapshot, Table, texts
from tests.rows import an_id_number

EMPTY = Snapshot(layout="notice", title="公示", issuer="春和社区居民委员会")
TEXT = "请联系%s，谢谢。"
SHEETS = {
    "title": lambda text: replace(EMPTY, title=text),
    "issuer": lambda text: replace(EMPTY, issuer=text),
    "paragraph": lambda text: replace(EMPTY, paragraphs=("请居民监督。", text)),
    "caption": lambda text: replace(EMPTY, table=Table((Column("姓名"),), (("张三",),), caption=text)),
    "heading": lambda text: replace(EMPTY, table=Table((Column("姓名"), Column(text)), (("张三", ""),))),
    "cell": lambda text: replace(EMPTY, table=Table((Column("姓名"), Column("备注")), (("张三", ""), ("李四", text)))),
    "note": lambda text: replace(EMPTY, notes=("监督电话：0523-86881234", text)),
}
"""A sheet that says something in each of its places."""


def found(sheet: Snapshot) -> list[Finding]:
    return list(check(texts(sheet)))


def stops(text: str) -> bool:
    return [finding.certain for finding in check([("cell", text)])] == [True]


def doubts(text: str) -> list[str]:
    findings = list(check([("cell", text)]))
    assert not any(finding.certain for finding in findings)
    return [finding.found for finding in findings]


# --- what stops a notice ------------------------------------------------------------------------------------------

PERSONAL = [
    "11010519491231002X",
    "身份证11010519491231002x。",
    "110105 19491231 002X",
    "110105-19491231-002X",
    "110105 1949 1231 002X",
    "110105—19491231—002Ｘ",
    "1 1 0 1 0 5 1 9 4 9 1 2 3 1 0 0 2 X",
    "１１０１０５１９４９１２３１００２Ｘ",
    "11010519491231002×",
    "110105194912310021",  # mistyped, but still somebody's
    "110105\u200b19491231\u200b002X",
    "13812345678",
    "138 1234 5678",
    "138-1234-5678",
    "138–1234–5678",
    "138.1234.5678",
    "138·1234·5678",
    "1381 234 5678",
    "138\u30001234\u30005678",
    "138\u00a01234\u00a05678",
    "1 3 8 1 2 3 4 5 6 7 8",
    "138\u200b12345678",
    "手机：13812345678，",
    "0523-86881234 13812345678",
    "13812345678/13912345678",
    "8613812345678",
    "+8613812345678",
    "+86 13812345678",
    "(+86)138-1234-5678",
    "008613812345678",
    "013812345678",
    "１３８１２３４５６７８",
    "6222021001112345670",
    "6222 0210 0111 2345 670",
    "卡号4111-1111-1111-1111",
    "账号：1011 0201 0002 3456",
    "开户行农行，账号（捐款）：10110201000",
]


@pytest.mark.parametrize("place", SHEETS)
@pytest.mark.parametrize("personal", PERSONAL)
def test_an_identity_mobile_or_account_number_stops_a_notice_wherever_it_stands(place, personal):
    (finding,) = found(SHEETS[place](TEXT % personal))
    assert finding.certain
    assert finding.place.kind == place


def test_the_message_does_not_repeat_the_number_it_forbids():
    for number in ("11010519491231002X", "13812345678", "6222021001112345670", "账号10110201000234567"):
        (finding,) = check([("cell", number)])
        assert number not in finding.message % {"found": finding.found, "place": "表"}


def test_each_place_is_told_for_itself():
    sheet = replace(EMPTY, paragraphs=("13812345678", "停水"), notes=("电话13912345678或13712345678",))
    assert [(finding.place.kind, finding.place.nth) for finding in found(sheet)] == [("paragraph", 1), ("note", 1)]


BIRTHS = st.dates(date(1900, 1, 1), date(2099, 12, 31))
REGIONS = st.integers(110101, 659099).filter(lambda region: region // 10000 % 10 <= 6).map(str)
ID_NUMBERS = st.builds(an_id_number, BIRTHS, st.integers(0, 999), REGIONS)
MOBILES = st.builds("1{}{:09d}".format, st.integers(3, 9), st.integers(0, 999_999_999))
AROUND = st.text(st.characters(exclude_categories=["Nd", "No", "Nl", "Cs", "Co", "Cc"]), max_size=6)
FULL_WIDTH = str.maketrans("0123456789Xx", "０１２３４５６７８９Ｘｘ")


def written(number: str, cuts: tuple[int, ...], gap: str, wide: bool) -> str:
    """``number`` as somebody writes it: in groups of ``cuts`` digits with ``gap`` between, in wide letters."""
    groups, start = [], 0
    for length in cuts:
        groups.append(number[start : start + length])
        start += length
    text = gap.join([*groups, number[start:]])
    return text.translate(FULL_WIDTH) if wide else text


GAPS = st.sampled_from(["", " ", "-", "\u3000", "–", "－"])
PLACES = st.sampled_from(list(SHEETS))


@given(ID_NUMBERS, st.sampled_from([(), (6, 8), (3, 3, 4, 4), (6, 4, 4), (4, 4, 4, 4), (1,) * 17]), GAPS,
       st.booleans(), st.booleans(), AROUND, AROUND, PLACES)  # fmt: skip
def test_no_valid_id_number_passes(number, cuts, gap, wide, small, before, after, place):
    text = written(number.lower() if small else number, cuts, gap, wide)
    assert any(finding.certain for finding in found(SHEETS[place](f"{before}{text}{after}")))


@given(MOBILES, st.sampled_from([(), (3, 4), (3,), (7,), (4, 3), (1,) * 10]), GAPS,
       st.booleans(), st.sampled_from(["", "86", "+86", "+86 ", "0"]), AROUND, AROUND, PLACES)  # fmt: skip
def test_no_mobile_number_passes(number, cuts, gap, wide, prefix, before, after, place):
    assert any(
        finding.certain
        for finding in found(SHEETS[place](f"{before}{prefix}{written(number, cuts, gap, wide)}{after}"))
    )


# --- what somebody has to look at ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("住3号楼2单元501室", ["3号楼2单元501室"]),
        ("住3幢501", ["3幢501"]),
        ("5栋1203室、6栋101", ["5栋1203室", "6栋101"]),
        ("2单元501室", ["2单元501室"]),
        ("旧证号110105491231002", ["110105491231002"]),
        ("身患癌症，长期透析", ["身患", "癌", "透析"]),
        ("李某患有糖尿病，老伴偏瘫在床", ["患有", "糖尿病", "偏瘫"]),
        ("一级残疾", ["一级残疾"]),
        ("３号楼５０１室", ["3号楼501室"]),
    ],
)
def test_a_home_an_old_id_number_or_an_illness_is_to_be_looked_at(text, told):
    assert doubts(text) == told


def test_every_doubtful_thing_is_shown_once_for_each_place():
    sheet = replace(EMPTY, paragraphs=("住3幢501，又住3幢501", "住3幢501"))
    assert [finding.place.nth for finding in found(sheet)] == [1, 2]


def test_what_stops_a_text_comes_before_what_is_doubtful_in_it():
    assert stops("住3号楼501室，电话13812345678")


def test_a_mobile_number_that_may_be_public_is_to_be_looked_at_and_every_other_stops():
    def repairman(place: str, mobile: str) -> bool:
        return place == "note" and mobile == "13812345678"

    for text in ("王师傅 138-1234-5678", "+86 13812345678"):
        (finding,) = check([("note", text)], repairman)
        assert not finding.certain
        assert finding.found in text
    both = check([("note", "13812345678、13912345678"), ("cell", "13812345678")], repairman)
    assert [finding.certain for finding in both] == [True, True]


# --- what is harmless ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "harmless",
    [
        "",
        "0523-86881234",
        "052386881234",
        "0523-86881234转803",
        "021-13881234",
        "400-800-8888",
        "12345",
        "86881234、86881235",
        "91110000600037341L",
        "52310120MJ4933415C",
        "2026年3月5日至2026年3月11日",
        "2026-03-05至2026-03-11",
        "20260305",
        "2026-10-31 8:30-17:30",
        "春和社区〔2026〕12号",
        "东街办发〔2026〕138号",
        "合同编号2026031500012345",
        "共计13800000元",
        "13,812,345,678.00元",
        "1381234.56元",
        "3号楼120平方米",
        "3号楼 89.5㎡",
        "社区办公楼205室",
        "活动室面积1200平方米",
        "新建公厕2座15万元",
        "3号楼48户",
        "电梯2座 120人",
        "南街1号",
        "邮编225300",
        "身高138cm",
        "320***********1234",
        "138****5678",
        "账户余额12,345.67元",
        "满意率98.5%",
    ],
)
def test_office_phones_credit_codes_sums_days_and_areas_may_be_posted(harmless):
    assert found(SHEETS["paragraph"](f"现公示如下：{harmless}")) == []


DEPARTMENTS = st.sampled_from(["11", "12", "51", "52", "53", "91", "92", "93"])
DISTRICTS = st.sampled_from(["321202", "310120", "110119"])  # the last two could begin a year of birth
ORGANISATIONS = st.one_of(
    st.text("0123456789ABCDEFGHJKLMNPQRTUWXY", min_size=9, max_size=9),
    st.builds("{:02d}{:02d}{:02d}{:03d}".format, *(st.integers(0, most) for most in (99, 12, 31, 999))),
)


@given(DEPARTMENTS, DISTRICTS, ORGANISATIONS)
def test_no_credit_code_is_taken_for_a_person(department, district, organisation):
    body = f"{department}{district}{organisation}"
    code = body + uscc.calc_check_digit(body)
    also_an_id_number = body.isdigit() and ric.calc_check_digit(code) == code[-1]
    assume(not also_an_id_number)  # nobody can tell them apart
    assert not [finding for finding in check([("cell", f"统一社会信用代码{code}。")]) if finding.certain]


@given(st.integers(10**7, 10**8 - 1), st.sampled_from(["0523", "010", "021", "0755"]), st.sampled_from(["", "-", " "]))
def test_no_line_of_an_office_is_taken_for_a_mobile(line, area, gap):
    assume(not str(line).startswith("0"))
    assert found(SHEETS["note"](f"监督电话：{area}{gap}{line}")) == []
