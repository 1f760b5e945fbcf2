"""What people do at the portal, done with a real browser."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import date
from typing import Any

import pytest
from playwright.sync_api import Dialog, Page, expect

from app.kernel.access import Right
from app.kernel.db import today
from app.kernel.registers import REGISTERS
from app.roles import Role, rights
from tests.browser.conftest import COLLEAGUE, Portal, log_in
from tests.rows import an_id_number
from tests.world import PASSWORD

pytestmark = pytest.mark.browser

Desk = Callable[..., Page]
SECRETARY, STAFF = Role.SECRETARY.value, Role.STAFF.value
TODAY = today().isoformat()

DRAWN = {"service_post", "partner_unit"}
SIZES = {"office screen": (1366, 768), "zoomed to 200 %": (683, 384), "phone": (390, 844)}
TOO_BROAD = """() => {
    const width = innerWidth;
    if (document.documentElement.scrollWidth <= width) return [];
    return [document.documentElement.scrollWidth, ...[...document.querySelectorAll('body *')]
        .filter((tag) => tag.getBoundingClientRect().right > width + 1)
        .slice(0, 4).map((tag) => tag.outerHTML.slice(0, 90))];
}"""
SHIFT = """() => new Promise((done) => {
    let sum = 0;
    const add = (list) => { for (const entry of list.getEntries()) if (!entry.hadRecentInput) sum += entry.value; };
    const observer = new PerformanceObserver(add);
    observer.observe({ type: 'layout-shift', buffered: true });
    setTimeout(() => { add({ getEntries: () => observer.takeRecords() }); done(sum); }, 400);
})"""


def tab_to(page: Page, selector: str) -> None:
    """Press Tab until the focus is on ``selector``, as somebody without a mouse does."""
    for _press in range(60):
        page.keyboard.press("Tab")
        if page.evaluate("wanted => document.activeElement.matches(wanted)", selector):
            return
    raise AssertionError(f"the keyboard does not reach {selector}")


def write(page: Page, selector: str, text: str) -> None:
    tab_to(page, selector)
    page.keyboard.type(text)


def choose(page: Page, name: str, typed: str, label: str) -> None:
    """Choose in a search select with the mouse."""
    page.fill(f"#f-{name}", typed)
    page.locator(f"#f-{name}-list [role=option]", has_text=label).click()
    expect(page.locator(f"#f-{name}")).to_have_value(label)


def cell(page: Page, row: str, heading: str) -> str:
    """What stands in the list under ``heading`` in the one row that has ``row`` in it."""
    headings = [text.strip() for text in page.locator("main thead th").all_inner_texts()]
    return page.locator("main tbody tr", has_text=row).locator("td").nth(headings.index(heading)).inner_text()


def pages_of(role: Role) -> Iterator[str]:
    """Home, and for every register of the role its list and its form to add; of the slow notice drafts, some."""
    yield "/"
    for name in REGISTERS:
        may = rights(role, name)
        if Right.VIEW in may:
            yield f"/{name}/list/"
        if Right.ADD in may:
            yield f"/{name}/add/"
        if Right.DRAFT in may and name in DRAWN:
            yield f"/notice/draft/{name}"


# --- the work of an office ----------------------------------------------------------------------------------------


def test_the_secretary_fills_a_vacant_post_with_the_keyboard_alone(desk: Desk, portal: Portal) -> None:
    world = portal.world
    world.member(world.person("王淑英"))
    post = world.post("治安巡逻岗")
    page = desk()
    page.goto("/login/")
    expect(page.locator("#f-username")).to_be_focused()
    page.keyboard.type(SECRETARY)
    write(page, "#f-password", PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("/")
    tab_to(page, ".menu summary:has(+ ul a[href='/service_post/list/'])")
    page.keyboard.press("Enter")
    tab_to(page, ".menu a[href='/service_post/list/']")
    page.keyboard.press("Enter")
    page.wait_for_url("**/service_post/list/")
    assert cell(page, "治安巡逻岗", "空缺") == "1"
    tab_to(page, f"a[href='/service_post/show/{post}']")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/service_post/show/{post}")
    tab_to(page, "main a[href^='/post_assignment/add/']")
    page.keyboard.press("Enter")
    page.wait_for_url("**/post_assignment/add/**")
    expect(page.locator("#f-post_id")).to_have_value("治安巡逻岗")
    write(page, "#f-member_id", "wangshuying")
    expect(page.locator("#f-member_id-list [role=option]")).to_have_count(1)
    expect(page.locator("#f-member_id-list [aria-selected=true]")).to_contain_text("王淑英")
    page.keyboard.press("Enter")
    expect(page.locator("#f-member_id")).to_have_value("王淑英")
    write(page, "#f-recommended_on", TODAY)
    write(page, "#f-recommended_by", "居民小组")
    write(page, "#f-appointed_on", TODAY)
    write(page, "#f-appointed_by", "支部委员会")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/service_post/show/{post}")
    expect(page.locator(".flash")).to_contain_text("王淑英")
    page.goto("/service_post/list/")
    assert cell(page, "治安巡逻岗", "空缺") == "0"
    assert cell(page, "治安巡逻岗", "在岗党员") == "王淑英"


def test_the_secretary_corrects_a_phone_number_from_the_roster(desk: Desk, portal: Portal) -> None:
    portal.world.member(portal.world.person("赵丽华", phone="13812345678"))
    page = desk(SECRETARY)
    page.goto("/party_member/list/")
    page.locator("main tbody tr", has_text="赵丽华").get_by_role("link", name="编辑").click()
    expect(page.locator("#f-phone")).to_have_value("13812345678")
    page.fill("#f-phone", "13987654321")
    page.get_by_role("button", name="保存", exact=True).click()
    page.wait_for_url("**/party_member/list/")
    expect(page.locator(".flash")).to_contain_text("赵丽华")
    assert cell(page, "赵丽华", "联系电话") == "13987654321"


def test_a_member_who_is_not_on_file_is_registered_on_the_way(desk: Desk, portal: Portal) -> None:
    portal.world.branch(name="第九党支部")
    page = desk(SECRETARY)
    page.goto("/party_member/add/")
    page.fill("#f-joined_on", "2001-07-01")
    page.fill("#f-person_id", "欧阳建国")
    offered = page.locator("#f-person_id-list")
    expect(offered).to_contain_text("没有符合条件的记录。")
    with page.expect_popup() as opened:
        offered.get_by_role("link").click()
    file = opened.value
    expect(file.locator("#f-name")).to_have_value("欧阳建国")
    file.fill("#f-phone", "13700001111")
    file.get_by_role("button", name="保存", exact=True).click()
    expect(file.locator(".flash")).to_contain_text("已添加居民“欧阳建国”")
    file.close()
    choose(page, "person_id", "欧阳", "欧阳建国")
    choose(page, "branch_id", "第九", "第九党支部")
    expect(page.locator("#f-joined_on")).to_have_value("2001-07-01")
    page.get_by_role("button", name="保存", exact=True).click()
    expect(page.locator(".flash")).to_contain_text("已添加党员“欧阳建国”")
    page.goto("/party_member/list/?q=oyjg")
    assert cell(page, "欧阳建国", "联系电话") == "13700001111"


def test_a_resident_becomes_a_volunteer_in_a_team_without_being_typed_again(desk: Desk, portal: Portal) -> None:
    portal.world.person("张明", phone="13811112222", building="5号楼1单元")
    portal.world.make("volunteer_team", name="银龄互助队", kind="1")
    page = desk(STAFF)
    page.goto("/volunteer/list/")
    page.locator("header .primary").click()
    page.fill("#f-person_id", "zhangming")
    option = page.locator("#f-person_id-list [role=option]")
    expect(option).to_have_count(1)
    expect(option).to_contain_text("5号楼1单元")
    option.click()
    choose(page, "team_id", "银龄", "银龄互助队")
    page.get_by_role("button", name="保存", exact=True).click()
    expect(page.locator(".flash")).to_contain_text("已添加志愿者“张明”")
    page.goto("/volunteer/list/?q=zhangming")
    assert cell(page, "张明", "所在队伍") == "银龄互助队"
    assert cell(page, "张明", "联系电话").startswith("138")


def test_enter_searches_and_only_what_was_picked_with_the_arrows_is_opened(desk: Desk, portal: Portal) -> None:
    namesakes = {portal.world.person("葛淑华", building=building) for building in ("8号楼", "9号楼")}
    page = desk(STAFF)
    box, offered = page.locator(".finder input"), page.locator(".finder-list .answer")
    for waits in (False, True):
        box.fill("葛淑华")
        if waits:
            expect(offered).to_have_count(2)
        box.press("Enter")
        page.wait_for_url("**/search/?q=**")
        expect(page.locator("main .found li")).to_have_count(2)
        page.goto("/")
    opened = []
    for keys in (["ArrowDown"], ["ArrowUp", "ArrowUp"], ["ArrowDown", "ArrowDown", "ArrowUp", "ArrowDown"]):
        box.fill("葛淑华")
        expect(offered).to_have_count(2)
        for key in keys:
            box.press(key)
        box.press("Enter")
        page.wait_for_url("**/person/show/*")
        opened.append(int(page.url.rpartition("/")[2]))
        page.goto("/")
    assert opened[0] != opened[2]
    assert {*opened} == namesakes


def test_a_notice_is_looked_at_then_issued_with_its_number_then_printed(desk: Desk, portal: Portal) -> None:
    portal.world.post("环境卫生岗")
    page = desk(SECRETARY)
    page.goto("/service_post/list/")
    page.get_by_role("link", name="打印公示").click()
    picture = page.locator(".preview img").first
    expect(picture).to_be_visible(timeout=15_000)
    assert picture.evaluate("image => image.decode().then(() => image.naturalWidth)") > 300
    address = page.url
    page.once("dialog", lambda dialog: dialog.dismiss())
    page.get_by_role("button", name="签发").click()
    assert page.url == address, "issued although the person said no"
    page.once("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name="签发").click()
    page.wait_for_url("**/notice/show/*", timeout=15_000)
    number = f"〔{today().year}〕1号"
    expect(page.locator(".flash")).to_contain_text(number)
    expect(page.locator("dl.facts")).to_contain_text(number)
    first_page = page.locator(".beside img")
    first_page.scroll_into_view_if_needed()
    assert first_page.evaluate("image => image.decode().then(() => image.naturalWidth)") > 300
    address = page.get_by_role("link", name="打开PDF打印").get_attribute("href")
    sheet = page.context.request.get(str(address))
    assert sheet.status == 200
    assert sheet.headers["content-type"] == "application/pdf"
    assert sheet.body().startswith(b"%PDF")
    page.goto("/notice/list/")
    expect(page.locator("main tbody tr")).to_contain_text([number])


def test_what_the_browser_prints_says_what_it_is_and_leaves_out_what_only_a_screen_can_do(
    desk: Desk, portal: Portal
) -> None:
    page = desk(SECRETARY)
    page.emulate_media(media="print")
    page.goto("/volunteer/list/?q=3号楼")
    head = page.locator(".on-paper")
    expect(head).to_be_visible()
    expect(head).to_have_text(re.compile(rf"第1页，共\d页 · {TODAY} · 查询：3号楼"))
    person = portal.world.person("冯纸上", id_number=an_id_number(date(1956, 3, 5), 77))
    page.goto(f"/person/show/{person}")
    expect(page.locator("dl.facts")).to_contain_text("冯纸上")
    for on_screen in (page.get_by_text("为此记录添加"), page.locator(".reveal").first):
        expect(on_screen).to_be_attached()
        expect(on_screen).to_be_hidden()


# --- mistakes and accidents ---------------------------------------------------------------------------------------


def test_what_was_mistyped_stays_and_the_page_leads_to_it(desk: Desk, portal: Portal) -> None:
    member = portal.world.member(portal.world.person("孙二月"))
    page = desk(SECRETARY)
    page.goto(f"/party_member/edit/{member}")
    page.fill("#f-joined_on", "2026-02-31")
    page.fill("#f-phone", "13600000000")
    page.get_by_role("button", name="保存", exact=True).click()
    summary = page.locator("#problems")
    expect(summary).to_be_focused()
    expect(summary).to_contain_text("没有这一天：2026-02-31。")
    wrong = page.locator("#f-joined_on")
    expect(wrong).to_have_value("2026-02-31")
    expect(wrong).to_have_accessible_description("没有这一天：2026-02-31。")
    expect(page.locator("#f-phone")).to_have_value("13600000000")
    tab_to(page, "#problems a")
    page.keyboard.press("Enter")
    expect(wrong).to_be_focused()
    expect(wrong).to_be_in_viewport()
    beside = page.locator("#e-joined_on").bounding_box()
    box = wrong.bounding_box()
    assert box
    assert beside
    assert 0 <= beside["y"] - box["y"] < 3 * box["height"], "the message stands far from its field"
    page.keyboard.press("Control+a")
    page.keyboard.type("2026-02-28")
    page.keyboard.press("Enter")
    expect(page.locator(".flash")).to_contain_text("已保存党员“孙二月”")
    expect(page.locator("dl.facts")).to_contain_text("2026-02-28")


@pytest.mark.parametrize("script", [True, False], ids=["script", "no script"])
def test_a_filter_that_was_typed_but_not_picked_is_not_forgotten(desk: Desk, portal: Portal, script: bool) -> None:
    branch = portal.world.branch(name=f"滨河{script}党支部")
    groups = [
        portal.world.make("party_organization", name=f"滨河{script}{name}小组", kind="4", parent_id=branch)
        for name in ("东", "西")
    ]
    page = desk(SECRETARY, java_script_enabled=script)
    page.goto(f"/party_member/list/?group_id={groups[0]}")
    box, chip = page.locator("#by-group_id"), page.locator(".narrowed .chip")
    expect(box).to_have_value(f"滨河{script}东小组")
    for typed, said in (("第九组", "档案中没有“第九组”"), (f"滨河{script}", "请从列表中选择")):
        box.fill(typed)
        page.locator("form.search button").last.click()
        expect(box).to_have_accessible_description(re.compile(said))
        expect(box).to_have_value(typed)
        expect(chip).to_have_count(0)
    box.fill(f"滨河{script}西")
    page.locator("form.search button").last.click()
    expect(chip).to_contain_text(f"滨河{script}西小组")
    box.fill("没有的")
    if script:
        expect(page.locator("#by-group_id-list")).to_contain_text("没有符合条件的记录。")
    box.press("Enter")
    expect(box).to_have_accessible_description(re.compile("档案中没有"))
    expect(chip).to_have_count(0)


def test_of_two_who_edit_one_member_neither_loses_anything(desk: Desk, portal: Portal) -> None:
    member = portal.world.member(portal.world.person("周同时", phone="13800000000"))
    first, second = desk(SECRETARY), desk(COLLEAGUE)
    for page in (first, second):
        page.goto(f"/party_member/edit/{member}")
    first.fill("#f-phone", "13811111111")
    first.fill("#f-joined_on", "2011-07-01")
    first.get_by_role("button", name="保存", exact=True).click()
    expect(first.locator(".flash")).to_be_visible()
    second.fill("#f-phone", "13822222222")
    second.fill("#f-full_member_on", "2012-07-01")
    second.get_by_role("button", name="保存", exact=True).click()
    conflict = second.locator(".conflict")
    expect(conflict).to_be_visible()
    expect(conflict).to_contain_text(f"({SECRETARY})")
    expect(conflict.locator("tr", has_text="联系电话").locator("td")).to_have_text(["13811111111", "13822222222"])
    expect(second.locator("#f-phone")).to_have_value("13822222222")
    expect(second.locator("#f-full_member_on")).to_have_value("2012-07-01")
    second.get_by_role("button", name="保存", exact=True).click()
    expect(second.locator(".flash")).to_be_visible()
    for kept in ("13822222222", "2011-07-01", "2012-07-01"):
        expect(second.locator("dl.facts")).to_contain_text(kept)


def test_deleting_asks_by_name(desk: Desk, portal: Portal) -> None:
    person = portal.world.person("吴多余")
    page = desk(SECRETARY)
    page.goto(f"/person/show/{person}")
    page.get_by_role("link", name="删除").click()
    expect(page.locator("main")).to_contain_text("确定要从居民中删除“吴多余”吗？")
    page.get_by_role("link", name="取消").click()
    expect(page.get_by_role("heading", name="吴多余")).to_be_visible()
    page.get_by_role("link", name="删除").click()
    page.get_by_role("button", name="删除“吴多余”").click()
    expect(page.locator(".flash")).to_contain_text("已删除居民“吴多余”。")
    page.goto("/person/list/?q=wuduoyu")
    expect(page.locator("main")).to_contain_text("没有符合条件的记录。")


def test_leaving_a_changed_form_warns(desk: Desk) -> None:
    page, asked = desk(STAFF), []
    stay = True

    def answer(dialog: Dialog) -> None:
        asked.append(dialog.type)
        if stay:
            dialog.dismiss()
        else:
            dialog.accept()

    page.on("dialog", answer)
    away = page.locator("nav.menu a[href='/']")
    page.goto("/person/add/")
    away.click()
    page.wait_for_url("/")
    assert not asked, "nothing had been typed"
    page.goto("/person/add/")
    page.locator("#f-name").press_sequentially("郑犹豫")
    with page.expect_event("dialog"):
        away.click(no_wait_after=True)
    expect(page.locator("#f-name")).to_have_value("郑犹豫")
    assert asked == ["beforeunload"]
    stay = False
    away.click()
    page.wait_for_url("/")
    assert asked == ["beforeunload"] * 2


# --- every page ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", [Role.SECRETARY, Role.ADMINISTRATOR, Role.AUDITOR])
def test_no_page_asks_another_machine_fails_or_scrolls_sideways(desk: Any, role: Role) -> None:
    page, broad = desk(), []
    page.goto("/login/")
    visited = ["/login/", *pages_of(role)]
    for path in visited:
        if path == "/":
            page.fill("#f-username", role.value)
            page.fill("#f-password", PASSWORD)
            page.click("main button")
            page.wait_for_url("/")
        elif path != "/login/":
            page.goto(path)
        for size, (width, height) in SIZES.items():
            page.set_viewport_size({"width": width, "height": height})
            if found := page.evaluate(TOO_BROAD):
                broad.append((path, size, found))
    assert not broad
    assert len(desk.requests) > len(visited)
    assert not desk.trouble


def test_on_a_small_screen_what_is_done_with_a_row_stays_in_view_and_a_shadow_tells_of_more(desk: Desk) -> None:
    page = desk(STAFF, viewport={"width": 1024, "height": 768})
    page.goto("/volunteer/list/?page=1")
    sheet, edit = page.locator("main .sheet"), page.get_by_role("link", name="编辑").first
    expect(sheet).to_have_class(re.compile(r"\bmore\b"))
    for _scrolled in range(2):
        assert edit.evaluate(
            "link => { const at = link.getBoundingClientRect();"
            " return link.contains(document.elementFromPoint(at.x + at.width / 2, at.y + at.height / 2)); }"
        ), "covered or out of sight"
        sheet.evaluate("box => { box.scrollLeft = box.scrollWidth; }")
    expect(sheet).not_to_have_class(re.compile(r"\bmore\b"))


def test_the_buttons_of_a_form_stand_in_one_row_at_150_percent(desk: Desk) -> None:
    page = desk(STAFF, viewport={"width": 911, "height": 512})
    page.goto("/person/add/")
    heights = page.locator(".save > .button").evaluate_all("all => all.map((one) => one.getBoundingClientRect().top)")
    assert len(heights) == 3
    assert len(set(heights)) == 1


@pytest.mark.parametrize(("width", "height"), [(360, 740), (683, 384)])
def test_on_a_small_screen_the_head_takes_little_of_it_and_the_menu_brings_the_rest(
    desk: Desk, width: int, height: int
) -> None:
    page = desk(SECRETARY, viewport={"width": width, "height": height})
    for path in ("/", "/volunteer/list/", "/person/add/"):
        page.goto(path)
        head = page.locator("header.bar").bounding_box()
        assert head is not None
        assert head["height"] < height / 6, path
        expect(page.locator("header.bar input[type=search]")).to_be_visible()
        expect(page.locator(".whoami")).to_contain_text("春和社区")
    away = page.get_by_role("button", name="退出登录")
    expect(away).to_be_hidden()
    page.locator(".menu-button").click()
    expect(away).to_be_visible()
    expect(page.get_by_role("link", name="我的账号")).to_be_visible()


def test_the_menu_opens_on_a_phone(desk: Desk) -> None:
    page = desk(SECRETARY, viewport={"width": 390, "height": 844}, has_touch=True)
    menu = page.locator("nav.menu")
    expect(menu).to_be_hidden()
    page.locator(".menu-button").tap()
    expect(menu).to_be_visible()
    menu.get_by_text("党务工作", exact=True).tap()
    menu.locator("a[href='/party_member/list/']").tap()
    page.wait_for_url("**/party_member/list/")
    expect(menu).to_be_hidden()


def test_log_in_list_and_form_work_without_javascript(desk: Desk) -> None:
    page = desk(java_script_enabled=False)
    log_in(page, STAFF)
    page.locator("nav.menu").get_by_role("link", name="工作台").click()
    page.goto("/person/list/")
    page.locator("header .primary").click()
    page.fill("#f-name", "冯无脚本")
    page.select_option("#f-sex", label="女")
    page.fill("#f-phone", "1370000222")
    page.get_by_role("button", name="保存", exact=True).click()
    expect(page.locator("#e-phone")).to_be_visible()
    expect(page.locator("#f-name")).to_have_value("冯无脚本")
    page.fill("#f-phone", "13700002222")
    page.get_by_role("button", name="保存", exact=True).click()
    expect(page.locator(".flash")).to_contain_text("已添加居民“冯无脚本”")
    page.goto("/person/list/")
    page.fill("#q", "冯无")
    page.locator("form.search button:not([hidden])", has_text="查询").click()
    expect(page.locator("main tbody tr")).to_have_count(1)


@pytest.mark.parametrize("path", ["/", "/volunteer/list/"])
def test_nothing_jumps_while_a_page_loads(desk: Desk, path: str) -> None:
    page = desk(STAFF)
    page.goto(path)
    assert page.evaluate(SHIFT) < 0.05
