"""Rules about people."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.community.rules import building_key, check_birth, check_identity, name_key

WOMAN = "11010519491231002X"
MAN = "11010519491231001X"


@pytest.mark.parametrize(
    ("number", "birth_on", "sex", "wrong"),
    [
        (WOMAN, date(1949, 12, 31), "2", []),
        (MAN, date(1949, 12, 31), "1", []),
        (WOMAN, None, None, []),
        (WOMAN, date(1949, 12, 31), "0", []),
        (WOMAN, date(1949, 12, 31), "9", []),
        (None, date(1950, 1, 1), "1", []),
        ("", date(1950, 1, 1), "1", []),
        (WOMAN, date(1949, 12, 30), "2", ["birth_on"]),
        (WOMAN, date(1949, 12, 31), "1", ["sex"]),
        (MAN, date(1949, 12, 31), "2", ["sex"]),
        (WOMAN, date(1950, 1, 1), "1", ["birth_on", "sex"]),
    ],
)
def test_identity_number_birth_date_and_sex_agree(number, birth_on, sex, wrong):
    assert [violation.field for violation in check_identity(number, birth_on, sex)] == wrong


@pytest.mark.parametrize(("born", "wrong"), [(date(2026, 3, 5), []), (None, []), (date(2026, 3, 6), ["birth_on"])])
def test_nobody_is_born_tomorrow(born, wrong):
    assert [violation.field for violation in check_birth(born, date(2026, 3, 5))] == wrong


def test_a_name_is_found_by_pinyin_initials_and_characters():
    assert name_key("张明") == "zhang ming zhangming zm 张明"
    assert name_key("阿依古丽·买买提").endswith("阿依古丽·买买提")


def test_names_sort_by_pinyin():
    assert sorted(("张明", "李华", "阿依古丽", "王芳"), key=name_key) == ["阿依古丽", "李华", "王芳", "张明"]


@given(st.text(st.sampled_from("张明阿依古丽·买买提Anna .-〇𠮷"), max_size=50))
def test_every_name_has_a_key_that_fits_its_column_and_ends_in_the_name(name):
    key = name_key(name)
    assert len(key) <= 200
    assert key == key.lower()


@given(st.text(st.characters(min_codepoint=0x4E00, max_codepoint=0x9FA5), min_size=1, max_size=20))
def test_every_chinese_name_can_be_found_by_its_characters(name):
    assert name in name_key(name)


@pytest.mark.parametrize("name", ["Anna Smith", "John"])
def test_a_foreigner_is_found_by_the_letters_of_the_name(name):
    assert name.lower() in name_key(name)


@pytest.mark.parametrize(("name", "pinyin"), [("单雄", "shanxiong"), ("曾国", "zengguo"), ("仇英", "qiuying")])
def test_a_surname_is_read_as_a_surname(name, pinyin):
    assert pinyin in name_key(name)


def test_names_sort_syllable_by_syllable():
    """As in a printed roster: all 陈 before all 程, though chengruo comes before chenkejian by letters."""
    assert sorted(["程若曦", "陈克俭", "陈安"], key=name_key) == ["陈安", "陈克俭", "程若曦"]


def test_buildings_stand_in_the_order_of_their_numbers():
    buildings = ["10号楼1单元", "2号楼10单元", "东区3栋", "1号楼2单元", "2号楼1单元"]
    assert sorted(buildings, key=building_key) == ["1号楼2单元", "2号楼1单元", "2号楼10单元", "10号楼1单元", "东区3栋"]
