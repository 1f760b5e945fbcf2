"""Finding somebody while they say their name, a roster that comes in, many rows at once: in a real browser."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count

import pytest
from playwright.sync_api import Page, expect

from app.roles import Role
from tests.browser.conftest import Portal
from tests.web.test_import import a_sheet

pytestmark = pytest.mark.browser

Desk = Callable[..., Page]
SECRETARY, STAFF = Role.SECRETARY.value, Role.STAFF.value
BOX = "header form[role=search] input"
_names = count(0x8C00)


def a_name() -> str:
    """Somebody nobody else in these tests is called."""
    return "欧阳" + chr(next(_names)) + "娜"


def test_somebody_is_found_with_the_keyboard_alone_while_they_say_their_name(desk: Desk, portal: Portal) -> None:
    name = a_name()
    key = portal.world.person(name, building="9号楼", phone="13700001234")
    page = desk(STAFF)
    page.keyboard.press("/")
    expect(page.locator(BOX)).to_be_focused()
    page.keyboard.type(name[:3], delay=30)
    answer = page.locator("header [role=option]", has_text=name)
    expect(answer).to_contain_text("9号楼")
    expect(answer).to_contain_text("137****1234")
    expect(answer).to_have_attribute("aria-selected", "false")
    page.keyboard.press("ArrowDown")
    expect(answer).to_have_attribute("aria-selected", "true")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/person/show/{key}")
    page.keyboard.press("/")
    page.keyboard.type(name, delay=30)
    expect(answer).to_be_visible()
    page.keyboard.press("Escape")
    expect(answer).to_be_hidden()


def test_nothing_is_asked_while_an_input_method_is_at_work(desk: Desk, portal: Portal) -> None:
    page = desk(STAFF)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "/search/answers/" in request.url else None)
    page.locator(BOX).focus()
    page.evaluate(
        """box => {
            const input = document.querySelector(box);
            input.dispatchEvent(new CompositionEvent('compositionstart', { bubbles: true }));
            input.value = 'zhang';
            input.dispatchEvent(new InputEvent('input', { bubbles: true, isComposing: true }));
        }""",
        BOX,
    )
    page.wait_for_timeout(400)
    assert asked == []
    page.evaluate(
        """box => {
            const input = document.querySelector(box);
            input.value = '张';
            input.dispatchEvent(new CompositionEvent('compositionend', { bubbles: true }));
        }""",
        BOX,
    )
    expect(page.locator("header [role=listbox]")).to_be_visible()
    assert len(asked) == 1


def test_a_roster_is_chosen_looked_at_taken_over_and_undone(desk: Desk, portal: Portal) -> None:
    first, second = a_name(), a_name()
    page = desk(SECRETARY)
    page.goto("/volunteer/list/")
    page.get_by_role("link", name="导入表格").first.click()
    sheet = a_sheet(
        ("志愿者名册", None, None), ("姓名", "手机", "楼栋"), (first, "13700005678", "6号楼"), (second, "12", None)
    )
    page.set_input_files("#f-file", {"name": "名册.xlsx", "mimeType": "application/octet-stream", "buffer": sheet})
    page.get_by_role("button", name="先看一看").click()
    expect(page.locator("h1")).to_contain_text("确认各列")
    page.get_by_role("button", name="查看各行").click()
    expect(page.locator("main")).to_contain_text("1行可以导入。 1行有错误")
    expect(page.locator("td.bad")).to_have_text("12")
    page.get_by_role("button", name="导入没有问题的1行").click()
    expect(page.locator(".flash.success")).to_contain_text("已从“名册.xlsx”导入1条记录")
    page.locator(".flash.success a").click()
    page.get_by_role("button", name="撤销").click()
    expect(page.locator(".flash.success")).to_contain_text("已撤销")
    page.goto(f"/person/list/?q={first}")
    expect(page.locator("main")).to_contain_text("没有")


def test_rows_are_ticked_and_changed_together(desk: Desk, portal: Portal) -> None:
    family = a_name()[:3]
    keys = [portal.world.person(f"{family}{given}", building="1号楼") for given in "甲乙丙"]
    page = desk(SECRETARY)
    page.goto(f"/person/list/?q={family}")
    for row in range(2):
        page.locator("tbody input[type=checkbox]").nth(row).check()
    page.get_by_role("button", name="批量修改").first.click()
    page.fill("#f-building", "2号楼")
    page.locator("main form button.primary").click()
    expect(page.locator("main")).to_contain_text("1号楼")
    page.locator("main form button.primary").click()
    expect(page.locator(".flash.success")).to_contain_text("2条")
    buildings = [portal.world.get("person", key).building for key in keys]
    assert sorted(buildings) == ["1号楼", "2号楼", "2号楼"]
