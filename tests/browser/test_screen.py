"""The screen in the hall, with a real browser: pages turn, the server goes and comes, and a day goes by in a moment."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import count

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Route, expect

from app.boards.models import Screen
from app.boards.screens import new_token
from app.kernel.db import db, transaction
from app.printing import Column, Snapshot, Table
from tests.browser.conftest import PATIENCE, Portal, served
from tests.web.test_screens import a_board, a_sheet, put_up, take_down
from tests.world import World

pytestmark = pytest.mark.browser

SENTENCE = "为保障消防通道畅通方便居民出行，经居民代表会议讨论通过，对小区机动车停放秩序作如下调整。"
TWO_PAGES = Snapshot(layout="notice", title="关于停车的公告", issuer="春和社区居民委员会", paragraphs=(SENTENCE * 6,))
ROSTER = Snapshot(
    layout="register",
    title="楼栋长名册",
    issuer="春和社区居民委员会",
    table=Table(
        (Column("序号"), Column("姓名"), Column("联系电话")),
        tuple((str(n), "阿依古丽·买买提" if n % 3 else "张伟", "0523-86881234") for n in range(1, 31)),
    ),
)
WIDE = Snapshot(
    layout="register",
    title="关于春和社区在职党员服务岗位认领情况及履职情况的公示",
    number="春和社区〔2026〕3号",
    issuer="中共春和社区委员会",
    issued_on="2026-03-05",
    table=Table(
        tuple(
            map(
                Column,
                ("序号", "姓名", "岗位名称（楼栋）", "岗位职责", "上岗日期", *(f"{n}月服务时长" for n in "一二三四")),
            )
        ),
        tuple((str(n), "欧阳振华", "环境卫生监督岗", SENTENCE, "2026年10月18日", *["12.5"] * 4) for n in range(1, 9)),
    ),
)

MINUTE, HOUR = 60_000, 3_600_000
NEXT_ANSWER = 61_000
SIZES = {"usual": (1920, 1080), "small": (1366, 768), "4K": (3840, 2160), "upright": (1080, 1920)}
CUT_OFF = """() => [document.documentElement, document.getElementById('body'), document.querySelector('#body > *')]
    .some((box) => box.scrollWidth > box.clientWidth || (box.id && box.scrollHeight > box.clientHeight))"""

_boards = count(1)


@dataclass
class Hall:
    """A screen before a board of its own, whose clock the test winds."""

    context: BrowserContext
    page: Page
    world: World
    board: int
    screen: int
    path: str

    def put_up(self, sheet: Snapshot) -> int:
        return put_up(self.world, self.board, sheet)

    def switch_on(self) -> Page:
        self.page.clock.install()
        self.page.goto(self.path)
        return self.page

    def wait(self, milliseconds: int) -> None:
        self.page.clock.run_for(milliseconds)

    def until(self, state: str) -> None:
        """Wait for what the script has taken in (the page's policy lets Playwright's own waiting look only once)."""
        for _moment in range(PATIENCE // 50):
            if self.page.evaluate(state):
                return
            self.page.wait_for_timeout(50)
        raise AssertionError(state)

    def lose_server(self, answer: Callable[[Route], None] = lambda route: route.abort()) -> None:
        self.page.route("**/slides", answer)

    def find_server(self) -> None:
        self.page.unroute("**/slides")


@pytest.fixture
def hall(browser: Browser, portal: Portal) -> Iterator[Hall]:
    world = portal.world
    board = a_board(world, f"大厅{next(_boards)}")
    screen = world.make("screen", board_id=board)
    context = browser.new_context(base_url=portal.address, viewport={"width": 1366, "height": 768}, locale="zh-CN")
    context.set_default_timeout(PATIENCE)
    yield Hall(context, context.new_page(), world, board, screen, give_address(world, screen))
    context.close()


def give_address(world: World, screen: int) -> str:
    token = new_token()
    with world.work(), transaction():
        db.session.get_one(Screen, screen).token = token
    return f"/screen/{token}/"


# --- turning ------------------------------------------------------------------------------------------------------


def test_the_pages_turn_by_themselves_and_begin_again(hall: Hall) -> None:
    hall.put_up(TWO_PAGES)
    hall.put_up(a_sheet("关于低保的公示"))
    page = hall.switch_on()
    expect(page.locator("header")).to_contain_text("春和社区")
    expect(page.locator("h1")).to_have_text("关于低保的公示")
    expect(page.locator("#page")).to_be_empty()
    hall.wait(11_000)  # the shortest time of a slide, and a moment
    for progress in ("第1页/共2页", "第2页/共2页"):
        expect(page.locator("h1")).to_have_text("关于停车的公告")
        expect(page.locator("#page")).to_have_text(progress)
        hall.wait(31_000)  # 8 seconds and 131 characters
    expect(page.locator("h1")).to_have_text("关于低保的公示")
    assert page.locator("h1").count() == 1


def test_a_reader_holds_a_page_with_the_space_bar_and_turns_with_the_arrows(hall: Hall) -> None:
    hall.put_up(TWO_PAGES)
    page = hall.switch_on()
    progress = expect(page.locator("#page"))
    progress.to_have_text("第1页/共2页")
    page.keyboard.press(" ")
    expect(page.locator("#paused")).to_have_text("已暂停，按空格键继续")
    hall.wait(MINUTE)
    progress.to_have_text("第1页/共2页")
    page.keyboard.press("ArrowRight")
    progress.to_have_text("第2页/共2页")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowLeft")
    progress.to_have_text("第2页/共2页")
    hall.wait(2 * MINUTE + 1_000)
    expect(page.locator("#paused")).to_be_empty()
    progress.to_have_text("第1页/共2页")


def test_nothing_is_cut_off_on_any_screen(hall: Hall) -> None:
    for sheet in (TWO_PAGES, ROSTER, WIDE, replace(WIDE, paragraphs=(SENTENCE,))):
        hall.put_up(sheet)
    page = hall.page
    slides = page.request.get(f"{hall.path}slides").json()["slides"]
    for size, (width, height) in SIZES.items():
        page.set_viewport_size({"width": width, "height": height})
        page.goto(hall.path)
        for slide in slides:
            expect(page.locator("h1")).to_have_text(slide["title"])
            assert not page.evaluate(CUT_OFF), (size, slide["title"], slide["page"])
            shown = page.evaluate("parseFloat(getComputedStyle(document.querySelector('#body > *')).fontSize)")
            assert shown > min(width, height) / 50, (size, slide["title"], slide["page"])
            page.keyboard.press("ArrowRight")


def test_a_screen_that_is_turned_on_its_side_fits_again(hall: Hall) -> None:
    hall.put_up(ROSTER)
    page = hall.switch_on()
    table = page.locator("#body > *")
    expect(table).to_be_visible()
    before = table.evaluate("table => table.style.fontSize")
    page.set_viewport_size({"width": 768, "height": 1366})
    expect(table).not_to_have_css("font-size", before)
    assert not page.evaluate(CUT_OFF)


def test_the_hall_has_the_right_time_though_the_machine_has_not(hall: Hall) -> None:
    hall.page.clock.install(time="2001-01-01T00:00:00")
    hall.page.goto(hall.path)
    expect(hall.page.locator("h1")).to_have_text("春和社区")
    hall.wait(1_000)
    expect(hall.page.locator("#day")).not_to_contain_text("2001年")


# --- what changes on the board ------------------------------------------------------------------------------------


def test_a_notice_goes_and_another_comes_with_the_next_answer(hall: Hall) -> None:
    posting = hall.put_up(a_sheet("关于低保的公示"))
    page = hall.switch_on()
    expect(page.locator("h1")).to_have_text("关于低保的公示")
    take_down(hall.world, posting)
    hall.wait(NEXT_ANSWER)
    expect(page.locator("h1")).to_have_text("春和社区")
    expect(page.locator("main")).to_contain_text("目前没有公示")
    hall.put_up(a_sheet("关于停车的公告"))
    hall.wait(NEXT_ANSWER)
    expect(page.locator("h1")).to_have_text("关于停车的公告")


def test_the_page_being_read_stays_when_something_is_added(hall: Hall) -> None:
    hall.put_up(TWO_PAGES)
    page = hall.switch_on()
    expect(page.locator("#page")).to_have_text("第1页/共2页")
    page.keyboard.press("ArrowRight")
    expect(page.locator("#page")).to_have_text("第2页/共2页")
    hall.put_up(a_sheet("关于低保的公示"))
    hall.wait(NEXT_ANSWER)
    hall.until("playing.length === 3")
    expect(page.locator("#page")).to_have_text("第2页/共2页")
    page.keyboard.press("ArrowRight")
    expect(page.locator("h1")).to_have_text("关于低保的公示")


def test_an_address_that_was_taken_back_shows_and_keeps_nothing(hall: Hall) -> None:
    hall.put_up(a_sheet("关于停车的公告"))
    page = hall.switch_on()
    expect(page.locator("h1")).to_have_text("关于停车的公告")
    assert page.evaluate("localStorage.length") == 2
    give_address(hall.world, hall.screen)
    hall.wait(NEXT_ANSWER)
    expect(page.locator("h1")).to_have_text("此地址已停用")
    assert "关于停车的公告" not in page.content()
    assert page.evaluate("localStorage.length") == 0


# --- bad days -----------------------------------------------------------------------------------------------------


def test_the_pages_go_on_for_a_day_without_the_server_and_no_longer(hall: Hall) -> None:
    hall.put_up(TWO_PAGES)
    page = hall.switch_on()
    expect(page.locator("#page")).to_have_text("第1页/共2页")
    hall.lose_server()
    hall.wait(40_000)
    expect(page.locator("#page")).to_have_text("第2页/共2页")
    page.clock.fast_forward(23 * HOUR)
    expect(page.locator("h1")).to_have_text("关于停车的公告")
    page.clock.fast_forward(1 * HOUR)
    hall.wait(1_000)
    expect(page.locator("h1")).to_have_text("暂无法更新")
    assert "停车" not in page.locator("main").inner_text()
    hall.find_server()
    hall.wait(NEXT_ANSWER)
    expect(page.locator("h1")).to_have_text("关于停车的公告")


def test_after_days_of_sleep_the_screen_shows_what_hangs_now(hall: Hall) -> None:
    posting = hall.put_up(a_sheet("关于停车的公告"))
    page = hall.switch_on()
    expect(page.locator("h1")).to_have_text("关于停车的公告")
    take_down(hall.world, posting)
    hall.put_up(a_sheet("关于低保的公示"))
    page.clock.fast_forward(70 * HOUR)
    expect(page.locator("h1")).to_have_text("关于低保的公示")


def test_a_clock_that_is_set_back_stops_nothing(hall: Hall) -> None:
    hall.put_up(TWO_PAGES)
    page = hall.switch_on()
    expect(page.locator("#page")).to_have_text("第1页/共2页")
    page.clock.set_system_time("2001-01-01T00:00:00")
    with page.expect_response("**/slides"):
        hall.wait(1_000)
    expect(page.locator("#page")).to_have_text("第1页/共2页")
    hall.wait(31_000)
    expect(page.locator("#page")).to_have_text("第2页/共2页")


@pytest.mark.parametrize("body", ["<html>", "{}", '{"community": "x", "slides": [{}]}'])
def test_an_answer_that_makes_no_sense_changes_nothing(hall: Hall, body: str) -> None:
    hall.put_up(a_sheet("关于停车的公告"))
    page = hall.switch_on()
    expect(page.locator("h1")).to_have_text("关于停车的公告")
    hall.lose_server(lambda route: route.fulfill(body=body))
    with page.expect_response("**/slides"):
        hall.wait(NEXT_ANSWER)
    hall.wait(NEXT_ANSWER)
    expect(page.locator("h1")).to_have_text("关于停车的公告")


@pytest.mark.parametrize(
    "broken",
    [
        "Object.defineProperty(window, 'localStorage', { get() { throw new Error('switched off'); } });",
        "Storage.prototype.setItem = () => { throw new Error('full'); };",
        "localStorage.setItem(`screen ${location.pathname}`, '{\"community\": 1');",
        'localStorage.setItem(`screen ${location.pathname}`, \'{"community": "x", "slides": [{"seconds": 9}]}\');',
    ],
    ids=["no storage", "full storage", "torn storage", "odd storage"],
)
def test_a_screen_that_can_keep_nothing_still_shows_everything(hall: Hall, broken: str) -> None:
    hall.put_up(a_sheet("关于停车的公告"))
    hall.page.add_init_script(broken)
    page = hall.switch_on()
    expect(page.locator("h1")).to_have_text("关于停车的公告")


def test_a_screen_whose_storage_fills_up_does_not_keep_an_old_answer_under_a_new_date(hall: Hall) -> None:
    posting = hall.put_up(a_sheet("关于停车的公告"))
    page = hall.switch_on()
    expect(page.locator("h1")).to_have_text("关于停车的公告")
    page.evaluate("() => { Storage.prototype.setItem = () => { throw new Error('full'); }; }")
    take_down(hall.world, posting)
    hall.wait(NEXT_ANSWER)
    expect(page.locator("main")).to_contain_text("目前没有公示")
    assert page.evaluate("localStorage.length") == 0


def test_a_screen_switched_on_while_the_server_is_away_shows_what_it_showed_before(hall: Hall) -> None:
    """A power cut: the browser has kept the page itself, and the page what it heard last."""
    hall.put_up(a_sheet("关于停车的公告"))
    with served(hall.world.app) as address:
        hall.page.goto(f"{address}{hall.path}")
        expect(hall.page.locator("h1")).to_have_text("关于停车的公告")
        hall.page.close()
    again = hall.context.new_page()
    again.goto(f"{address}{hall.path}")
    expect(again.locator("h1")).to_have_text("关于停车的公告")


def test_a_new_version_of_the_page_is_taken_up_and_nothing_else_that_answers_in_its_place(hall: Hall) -> None:
    hall.put_up(a_sheet("关于停车的公告"))
    page = hall.switch_on()
    expect(page.locator("h1")).to_have_text("关于停车的公告")
    shell = page.request.get(hall.path).text()
    answers = ["<html>请先登录无线网络</html>", shell, shell.replace("screen.js?v=", "screen.js?v=0")]
    page.route(f"**{hall.path}", lambda route: route.fulfill(body=answers[0], content_type="text/html; charset=utf-8"))
    page.evaluate("document.body.dataset.version = 'old'")
    for _same in range(2):
        with page.expect_response(f"**{hall.path}"):
            hall.wait(10 * MINUTE)
        answers.pop(0)
    expect(page.locator("body")).to_have_attribute("data-version", "old")
    hall.wait(10 * MINUTE)
    expect(page.locator("body:not([data-version]) h1")).to_have_text("关于停车的公告")


def test_a_colleague_who_leaves_a_screen_open_does_not_stay_logged_in_by_it(
    hall: Hall, desk: Callable[..., Page]
) -> None:
    page = desk("branch_secretary")
    page.goto(f"/screen/show/{hall.screen}")
    with page.context.expect_event("request", lambda request: request.url.endswith("/slides")) as asked:
        page.click("main a[target=_blank]")
    assert "cookie" not in asked.value.all_headers()
    expect(page.context.pages[1].locator("h1")).to_have_text("春和社区")
