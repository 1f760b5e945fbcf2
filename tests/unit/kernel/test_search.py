"""The terms texts are found by: what a person is found by, as it is typed at the counter."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pypinyin import Style, lazy_pinyin
from pypinyin.constants import PHRASES_DICT

from app.community.rules import name_key
from app.kernel import terms
from app.kernel.pinyin import folded, syllables

NAMES = "张王李赵明华国建军秀英芳强单曾解查仇欧阳长重乐茜朝行吕绿丽娜伟红梅春雪"


def finds(question: str, title: str, name: bool = True, by_ear: bool = False) -> bool:
    """Does ``question`` find what is called ``title``?"""
    kept = terms.of_title(title, name)

    def is_kept(term: str) -> bool:
        return any(known.startswith(term[:-1]) for known in kept) if term.endswith("*") else term in kept

    words = terms.words(question)
    return bool(words) and all(
        any(all(map(is_kept, way)) for way in (word.by_ear if by_ear else word.ways)) for word in words
    )


@pytest.mark.parametrize(
    "question",
    [
        *("张", "明", "华", "张明", "明华", "张明华", "zhangminghua", "zhangming", "minghua", "hua", "zmh", "zm", "mh"),
        *("zhangmh", "ZhangMing", "Z", "zh", "张 华", "zhang 华", "  张明  ", "ｚｈａｎｇ"),
    ],
)
def test_a_person_is_found_by_any_part_of_the_name_its_pinyin_and_its_initials(question):
    assert finds(question, "张明华")


@pytest.mark.parametrize("question", ["章", "华明", "zhangli", "zh明", "mz", "lhm", "张李", "王 明"])
def test_a_person_is_not_found_by_what_is_not_in_the_name(question):
    assert not finds(question, "张明华")


@pytest.mark.parametrize("question", ["", "  ", "、", "——", "'", '"', "*", "(", "：&|!"])
def test_signs_alone_ask_for_nothing(question):
    assert terms.words(question) == ()


@pytest.mark.parametrize(
    ("name", "pinyin"),
    [
        ("单雄信", "shanxiongxin"),
        ("曾国藩", "zengguofan"),
        ("解晓东", "xiexiaodong"),
        ("查良镛", "zhaliangyong"),
        ("仇英", "qiuying"),
        ("任伟", "renwei"),
        ("区伟", "ouwei"),
        ("朴正", "piaozheng"),
        ("盖叫天", "gejiaotian"),
        ("欧阳修", "ouyangxiu"),
        ("单于丹", "chanyudan"),
        ("尉迟恭", "yuchigong"),
        ("万俟卨", "moqixie"),
        ("长孙无忌", "zhangsunwuji"),
        ("吕布", "lvbu"),
    ],
)
def test_a_surname_is_read_as_a_surname(name, pinyin):
    assert "".join(syllables(name, name=True)) == pinyin
    assert finds(pinyin, name)


@pytest.mark.parametrize(
    ("question", "name"),
    [
        ("danxiong", "单雄"),
        ("cenghua", "曾华"),
        ("zhangyue", "张乐"),
        ("zhangle", "张乐"),
        ("lubu", "吕布"),
        ("liuxi", "刘茜"),
    ],
)
def test_who_reads_a_name_otherwise_finds_it_too(question, name):
    assert finds(question, name)


def test_the_choir_is_found_by_its_initials():
    assert finds("hct", "银铃合唱团", name=False)
    assert finds("hechang", "银铃合唱团", name=False)


@pytest.mark.parametrize(
    ("question", "name"),
    [
        ("zangming", "张明"),
        ("zhanmin", "张明"),
        ("shishi", "石四"),
        ("cenchen", "陈晨"),
        ("nihua", "李华"),
        ("ninlin", "林宁"),
        ("lyufang", "吕芳"),
        ("章明", "张明"),
        ("张铭", "张明"),
        ("李化", "李华"),
    ],
)
def test_who_types_what_it_sounds_like_finds_it_in_the_end(question, name):
    assert not finds(question, name)
    assert finds(question, name, by_ear=True)


@pytest.mark.parametrize(
    ("question", "place", "found"),
    [
        ("2栋3单元", "2号楼3单元", True),
        ("2号楼3单元", "2幢3单元", True),
        ("2幢", "2栋", True),
        ("2栋", "12号楼3单元", False),
        ("2栋3单元", "21号楼3单元", False),
        ("2-3", "2号楼3单元", True),
        ("2-3", "2栋3单元", True),
        ("2-3", "3号楼2单元", False),
        ("2-3-501", "2号楼3单元501", True),
        ("2-501", "2号楼3单元501", True),
        ("2-3", "21号楼3单元", False),
        ("2-3", "2号楼1单元", False),
    ],
)
def test_a_building_is_found_in_the_end_under_other_names_of_the_same_number(question, place, found):
    assert not finds(question, place, name=False)
    assert finds(question, place, name=False, by_ear=True) is found


def test_what_sounds_otherwise_is_not_found_by_ear():
    assert not finds("zhaoming", "张明", by_ear=True)
    assert not finds("李", "张明", by_ear=True)


@pytest.mark.parametrize(
    ("question", "place", "found"),
    [
        ("3号楼", "3号楼2单元501", True),
        ("3号", "3号楼2单元501", True),
        ("号楼", "3号楼2单元501", True),
        ("501", "3号楼2单元501", True),
        ("50", "3号楼2单元501", True),
        ("3号楼2", "3号楼21单元", True),
        ("３号楼", "3号楼2单元501", True),
        ("3号楼", "13号楼2单元", False),
        ("3号楼", "2号楼3单元", False),
        ("3-2-501", "3-2-501", True),
        ("2-501", "3-2-501", True),
        ("3-2-5", "3-2-501", True),
        ("2-3-501", "3-2-501", False),
        ("16-1-1201", "16-1-1201", True),
        ("0523-86881234", "0523-86881234", True),
        ("0523 86881234", "0523-86881234", True),
        ("阿依古丽买买提", "阿依古丽·买买提", True),
        ("古丽·买", "阿依古丽·买买提", True),
        ("smith", "Anna Smith", True),
        ("ann", "Anna Smith", True),
        ("𠮷", "李𠮷", True),
    ],
)
def test_a_place_is_found_by_a_part_of_it_but_building_3_is_not_building_13(question, place, found):
    assert finds(question, place, name=False) is found


@pytest.mark.parametrize(
    "part",
    [
        "138",
        "8123",
        "12345678",
        "13812345678",
        "678",
        "138 1234 5678",
        " 138 1234",
        "138-1234-5678",
        "１３８－１２３４－５６７８",
    ],
)
def test_a_number_is_found_by_three_digits_on_end(part):
    assert finds(part, "13812345678", name=False)
    assert terms.words(part)[0].private


@pytest.mark.parametrize("part", ["1", "13", "3", "a"])
def test_one_or_two_digits_ask_for_nothing_private(part):
    assert terms.words(part)[0].private == ()


@given(st.text(st.sampled_from(NAMES), min_size=1, max_size=5))
def test_names_are_read_as_the_dictionary_reads_them(name):
    assert list(syllables(name)) == lazy_pinyin(name, style=Style.NORMAL, errors="ignore")


@pytest.mark.parametrize("around", ["", "没日没", "无了无", "重1", "𠮷"])
def test_words_are_read_as_the_dictionary_reads_them_whatever_stands_around_them(around):
    for word in list(PHRASES_DICT)[::40]:
        for text in (f"{word}{around}", f"{around}{word}", f"{word[1:]}{around}"):
            assert list(syllables(text)) == lazy_pinyin(text, style=Style.NORMAL, errors="ignore")


@given(st.text(st.sampled_from(NAMES), min_size=1, max_size=6), st.data())
def test_every_part_of_every_name_finds_it(name, data):
    first = data.draw(st.integers(0, len(name) - 1))
    end = data.draw(st.integers(first + 1, len(name)))
    assert finds(name[first:end], name)
    assert finds(name[first:end], name, by_ear=True) or first or end < len(name)


@given(st.text(max_size=80))
def test_whatever_is_typed_asks_for_plain_terms(question):
    for word in terms.words(question):
        for way in (*word.ways, *word.by_ear, *word.private, word.whole, word.beginning):
            for term in way:
                assert term.strip()
                assert not set(term.removesuffix("*")) & set("\"'\\*&|!():<> \t\n\0")


def test_what_sounds_alike_is_folded_alike():
    assert folded("zhangliang") == folded("zanniang") == folded("zhannian")


@pytest.mark.parametrize("typed", ["王", "wang", "wa", "w", "曾", "单", "欧阳"])
def test_a_name_that_begins_as_was_typed_has_the_term_of_where_those_stand(typed):
    key = name_key({"wang": "王", "wa": "王", "w": "王"}.get(typed, typed) + "小明")
    place = terms.place(typed, name_key)
    assert key.startswith(place)
    assert terms.of_place(key).startswith(terms.at_place(place).removesuffix("*"))


def test_where_a_number_or_a_street_stands_cannot_be_told():
    assert not any(terms.place(typed, name_key) for typed in ("138", "3-", "a1"))
