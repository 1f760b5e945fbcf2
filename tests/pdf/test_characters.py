"""Every character of the Table of General Standard Chinese Characters can be printed in every role.

``standard_characters.txt`` is 通用规范汉字表 (State Council, 2013) in its own order: 3,500 characters of
level one, 3,000 of level two, 1,605 of level three. Names registered since 2013 are written with them.
"""

from pathlib import Path
from typing import get_args

import pytest

from app.printing import Column, Snapshot, Table, draw, fonts

from .reading import Reading
from .samples import RARE_NAMES

STANDARD = (Path(__file__).parent / "standard_characters.txt").read_text("utf-8").replace("\n", "")
LEVEL_THREE = STANDARD[6500:]
ROLES: tuple[fonts.Role, ...] = get_args(fonts.Role)


def test_the_list_is_the_whole_table_in_three_levels() -> None:
    assert len(STANDARD) == len(set(STANDARD)) == 8105
    levels = STANDARD[:3500], STANDARD[3500:6500], LEVEL_THREE
    assert [(level[0], level[-1]) for level in levels] == [("一", "矗"), ("乂", "齉"), ("亍", "蠼")]
    assert {"𬭎", "𫖯"} <= set(LEVEL_THREE)
    assert sum(character > "\uffff" for character in STANDARD) == 196


@pytest.mark.parametrize("role", ROLES)
def test_every_role_draws_every_standard_character(role: fonts.Role) -> None:
    assert fonts._missing(fonts.load().chains[role], {*STANDARD}) == set()


@pytest.mark.parametrize("role", ROLES)
def test_every_role_draws_the_rare_names(role: fonts.Role) -> None:
    assert fonts._missing(fonts.load().chains[role], {*RARE_NAMES}) == set()


def test_the_whole_table_is_printed_in_a_register_and_can_be_copied() -> None:
    rows = [STANDARD[at : at + 50] for at in range(0, len(STANDARD), 50)]
    table = Table((Column("字"),), tuple((row,) for row in rows))
    reading = Reading(draw(Snapshot(layout="register", title="字表", table=table)))
    assert [row for row in rows if row not in reading.text] == []


# In two parts: HarfBuzz 6 cannot cut more than 900 characters out of LXGW WenKai, the second font of the body.
@pytest.mark.parametrize("part", [LEVEL_THREE[:800], LEVEL_THREE[800:]])
def test_the_third_level_is_printed_in_a_text_and_can_be_copied(part: str) -> None:
    reading = Reading(draw(Snapshot(layout="notice", title="三级字表", paragraphs=(part,))))
    printed = "".join(line.text for page in reading.lines for line in page if "—" not in line.text)
    assert part in printed
    used = {font for page in reading.lines for line in page for font in line.fonts}
    assert {"Portal-FangSong", "LXGW-WenKai-Light"} <= used
