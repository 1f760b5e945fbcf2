"""The disclosure catalogue: brought in from the office's own sheet, and what it asks for from then on."""

from __future__ import annotations

import csv
import json
from datetime import date, timedelta
from decimal import Decimal
from io import BytesIO, StringIO
from typing import Any
from urllib.parse import quote, unquote

import pytest
from bs4 import Tag
from flask.testing import FlaskClient
from openpyxl import Workbook, load_workbook
from sqlalchemy import select

from app.accounts.models import Account
from app.catalogue import imports
from app.catalogue.models import CatalogueItem
from app.disclosure import operations as notices
from app.disclosure import sources
from app.disclosure.models import Notice
from app.disclosure.operations import Recipe
from app.disclosure.rules import Wording
from app.kernel.db import db, transaction
from app.kernel.scope import as_system
from app.roles import Role
from tests.pdf.reading import Reading
from tests.rows import a_row
from tests.web.page import HAN, Page, one_database
from tests.web.typed import a_draft, a_full_row, an_issued_notice, posting_of
from tests.world import Place, World, the_day_is

MONDAY = date(2026, 3, 9)
NEW_YEAR = date(2026, 1, 1)
HEAD = ["序号", "类别", "公开事项", "公开内容", "公开时限", "公开主体"]
FINANCE = ["1", "财务", "财务收支明细", "每笔收支的日期、类别、事由和金额", "每月10日前公布上月收支", "居民委员会"]
ASSEMBLY = ["2", "居务", "居民会议决定", "表决结果、决定事项", "自决定作出之日起5个工作日内公开", "居民委员会"]
PLAN = ["3", "党务", "年度工作计划", "年度目标任务", "每年公布一次", "社区党组织"]


def a_csv(*rows: list[str], head: list[str] = HEAD) -> bytes:
    written = StringIO()
    csv.writer(written).writerows([head, *rows])
    return written.getvalue().encode("utf-8-sig")


def look(client: FlaskClient, data: bytes, filename: str = "公开目录.csv") -> Page:
    """The page after a file was chosen and “look at it first” pressed."""
    return Page(client.post("/catalogue_item/import/", data={"file": (BytesIO(data), filename)}))


def take_over(client: FlaskClient, seen: Page) -> Page:
    """The page after “take it over” was pressed on what was seen."""
    answer = client.post("/catalogue_item/import/", data={**seen.filled_in(), "save": "1"}, follow_redirects=True)
    return Page(answer)


def states(seen: Page) -> dict[str, str]:
    """What the preview says of each matter: 新增, 有变动 or 无变动."""
    return {text(row, "th"): text(row.select("td")[-1], ".standing") for row in seen.soup.select("tbody tr")}


def on_file(world: World, at: Place | None = None) -> list[CatalogueItem]:
    with world.work(at):
        found = list(db.session.scalars(select(CatalogueItem).order_by(CatalogueItem.position, CatalogueItem.id)))
        db.session.expunge_all()
    return found


def an_item(world: World, time_limit: str, name: str = "财务收支", at: Place | None = None, **more: Any) -> int:
    given = {"name": name, "first_level": "", "time_limit": time_limit, "since": NEW_YEAR, **more}
    return world.make("catalogue_item", at, **given)


def assert_in_order(page: Page) -> None:
    assert page.status == 200
    assert not page.defects()
    assert not page.english()


# --- a sheet comes in ---------------------------------------------------------------------------------------------


def test_a_sheet_is_looked_at_first_and_taken_over_as_a_whole(world: World) -> None:
    clerk = world.client("office_staff")
    seen = look(clerk, a_csv(FINANCE, ASSEMBLY))
    assert_in_order(seen)
    assert states(seen) == {"财务收支明细": "新增", "居民会议决定": "新增"}
    assert "每月" in seen.text, "does not say how the time limit is understood"
    assert on_file(world) == [], "stored before anybody decided"
    done = take_over(clerk, seen)
    assert "新增2项" in done.flashes()[0]
    assert done.soup.select_one("#all") is not None, "is not led on to what is due"
    first, second = on_file(world)
    assert (first.position, first.category, first.name, first.time_limit) == (1, "财务", FINANCE[2], FINANCE[4])
    assert (second.content, second.publisher, second.source) == (ASSEMBLY[3], ASSEMBLY[5], "text")
    assert on_file(world, world.there) == []


@one_database
def test_the_same_sheet_a_second_time_changes_nothing(world: World) -> None:
    clerk, data = world.client("office_staff"), a_csv(FINANCE, ASSEMBLY)
    take_over(clerk, look(clerk, data))
    before = [(item.id, item.version) for item in on_file(world)]
    seen = look(clerk, data)
    assert set(states(seen).values()) == {"无变动"}
    assert "新增0项，更新0项" in take_over(clerk, seen).flashes()[0]
    assert [(item.id, item.version) for item in on_file(world)] == before


@one_database
def test_a_newer_sheet_adds_and_changes_and_leaves_the_rest_alone(world: World) -> None:
    clerk = world.client("office_staff")
    take_over(clerk, look(clerk, a_csv(FINANCE, ASSEMBLY)))
    seen = look(clerk, a_csv([*FINANCE[:4], "每季度公布一次", FINANCE[5]], PLAN))
    assert states(seen) == {"财务收支明细": "有变动", "年度工作计划": "新增"}
    assert "1项不在这张表里" in seen.text
    assert "新增1项，更新1项" in take_over(clerk, seen).flashes()[0]
    limits = {item.name: item.time_limit for item in on_file(world)}
    assert limits == {FINANCE[2]: "每季度公布一次", ASSEMBLY[2]: ASSEMBLY[4], PLAN[2]: PLAN[4]}


@one_database
def test_what_the_office_has_said_itself_survives_a_newer_sheet(world: World) -> None:
    clerk, board = world.client("office_staff"), a_full_row(world, "notice_board")
    take_over(clerk, look(clerk, a_csv(FINANCE)))
    key = on_file(world)[0].id
    form = Page(clerk.get(f"/catalogue_item/edit/{key}")).filled_in()
    own = {"period": "quarter", "within": "3", "post_for": "20", "board_id": str(board), "since": "2026-02-01"}
    assert clerk.post(f"/catalogue_item/edit/{key}", data={**form, **own}).status_code == 302
    choose_source(clerk, key, "ledger_entry", columns=["on", "amount"])
    take_over(clerk, look(clerk, a_csv([*FINANCE[:3], "全部收支", "每月公布一次", FINANCE[5]])))
    item = on_file(world)[0]
    assert (item.content, item.time_limit) == ("全部收支", "每月公布一次")
    assert (item.period, item.within, item.post_for, item.board_id) == ("quarter", 3, 20, board)
    assert (item.source, item.columns, item.since) == ("ledger_entry", {"on": "", "amount": ""}, date(2026, 2, 1))


def a_street_catalogue() -> bytes:
    """As streets hand them out: a title over all columns, a head of two lines, categories and matters merged."""
    book = Workbook()
    page = book.active
    assert page is not None
    page.append(["春和社区基层政务公开目录"])
    page.append(["序号", "公开事项", None, "公开内容", "公开时限", "公开对象", None, "公开方式", None])
    page.append([None, "一级事项", "二级事项", None, None, "全社会", "特定群体", "主动", "依申请"])
    page.append([1, "社会救助", "最低生活保障", "申请人姓名", "公示7天", "√", None, "√", None])
    page.append([2, None, "临时救助", "救助金额", "每季度公布一次", None, "√（申请人）", None, "√"])
    for merged in ("A1:I1", "A2:A3", "B2:C2", "D2:D3", "E2:E3", "F2:G2", "H2:I2", "B4:B5"):
        page.merge_cells(merged)
    written = BytesIO()
    book.save(written)
    return written.getvalue()


@one_database
def test_a_sheet_with_a_merged_head_of_two_lines_is_read_as_people_read_it(world: World) -> None:
    clerk = world.client("office_staff")
    seen = look(clerk, a_street_catalogue(), "目录（街道）.xlsx")
    assert_in_order(seen)
    assert "春和社区基层政务公开目录" in seen.text
    take_over(clerk, seen)
    first, second = on_file(world)
    assert (first.first_level, first.name, first.audience, first.manner) == (
        "社会救助",
        "最低生活保障",
        "全社会",
        "主动公开",
    )
    assert (second.first_level, second.name) == ("社会救助", "临时救助")
    assert (second.audience, second.manner) == ("特定群体（申请人）", "依申请公开")


@one_database
def test_what_is_doubtful_in_a_sheet_is_told_by_its_line(world: World) -> None:
    clerk = world.client("office_staff")
    unclear = ["4", "居务", "实事项目", "项目进度", "视上级部署", "居民委员会"]
    seen = look(clerk, a_csv(FINANCE, unclear, ["备注：本目录由街道制定"], head=[*HEAD[:5], "自编列"]))
    assert "自编列" in seen.text, "a column that is not taken over is not named"
    assert "第4行" in seen.text, "a line that was passed over is not named"
    assert [bool(row.select(".unread")) for row in seen.soup.select("tbody tr")] == [False, True]
    assert "新增2项" in take_over(clerk, seen).flashes()[0]


@one_database
def test_a_sheet_with_a_bad_line_is_not_taken_over_even_if_pressed(world: World) -> None:
    clerk = world.client("office_staff")
    seen = look(clerk, a_csv(FINANCE, ["2", "居务", "没有时限的", "内容", "", "居民委员会"]))
    assert seen.soup.select_one("button[name=save]") is None
    assert "第3行" in seen.text
    again = take_over(clerk, seen)
    assert again.soup.select_one("input[name=carried]") is not None
    assert on_file(world) == []


LOCKED = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504) + "EncryptedPackage".encode("utf-16-le") + bytes(1024)
NOT_TAKEN = {
    "nothing chosen": (None, "", "选择文件"),
    "an empty file": (b"", "空.csv", "没有内容"),
    "a broken workbook": (b"PK\x03\x04" + bytes(200), "坏.xlsx", "损坏"),
    "a workbook with a password": (LOCKED, "加密.xlsx", "密码"),
    "a sheet without headings": (a_csv(["王小明", "5号楼"], head=["姓名", "楼栋"]), "名单.csv", "公开事项"),
    "a sheet without time limits": (a_csv(["收支", "明细"], head=["公开事项", "公开内容"]), "缺列.csv", "公开时限"),
    "a document": (b"%PDF-1.7\n%", "目录.pdf", ".xlsx"),
    "a picture under another name": (b"\x89PNG\r\n\x1a\n" + bytes(range(256)), "照片.xlsx", ".xlsx"),
}


@one_database
@pytest.mark.parametrize("case", NOT_TAKEN)
def test_a_file_that_is_no_catalogue_is_refused_in_words(world: World, case: str) -> None:
    data, filename, said = NOT_TAKEN[case]
    clerk = world.client("office_staff")
    page = look(clerk, data, filename) if data is not None else Page(clerk.post("/catalogue_item/import/"))
    assert_in_order(page)
    (told,) = page.summary()
    assert said in told
    assert HAN.search(told)
    assert page.soup.select_one("input[type=file]") is not None, "no way to choose another"
    assert on_file(world) == []


GOOD_ROW = {"line": 2, "position": "1", "name": "财务收支", "time_limit": "每月公布一次"}
TAMPERED = {
    "no JSON": "[",
    "no rows": "{}",
    "a list": "[]",
    "rows that are no rows": json.dumps({"builtin": False, "rows": "财务"}),
    "a number for a text": json.dumps({"builtin": False, "rows": [{**GOOD_ROW, "name": 5}]}),
    "a text for the line": json.dumps({"builtin": False, "rows": [{**GOOD_ROW, "line": "x"}, GOOD_ROW]}),
    "a field that no sheet has": json.dumps({"builtin": False, "rows": [{**GOOD_ROW, "community_id": "1"}]}),
    "deeply nested": "[" * 100_000,
}


@one_database
@pytest.mark.parametrize("case", TAMPERED)
def test_a_decision_about_something_else_than_was_shown_is_not_understood(world: World, case: str) -> None:
    clerk = world.client("office_staff")
    answer = clerk.post("/catalogue_item/import/", data={"carried": TAMPERED[case], "save": "1"})
    assert answer.status_code == 400
    assert on_file(world) == []


@one_database
@pytest.mark.parametrize(
    "change", [{"name": "长" * 300}, {"time_limit": ""}, {"position": "第一"}, {"content": "表情😀"}, {"name": " "}]
)
def test_what_was_carried_is_checked_again(world: World, change: dict[str, str]) -> None:
    clerk = world.client("office_staff")
    carried = json.dumps({"builtin": False, "rows": [{**GOOD_ROW, **change}]})
    page = Page(clerk.post("/catalogue_item/import/", data={"carried": carried, "save": "1"}))
    assert_in_order(page)
    assert "第2行" in page.text
    assert on_file(world) == []
    good = json.dumps({"builtin": False, "rows": [GOOD_ROW]})
    assert clerk.post("/catalogue_item/import/", data={"carried": good, "save": "1"}).status_code == 302
    assert len(on_file(world)) == 1


@one_database
def test_a_matter_that_stands_twice_in_a_sheet_is_one_item_or_told_apart(world: World) -> None:
    clerk = world.client("office_staff")
    again, other = ([*FINANCE[:3], "年度决算", *FINANCE[4:]], [*FINANCE[:4], "每年公布一次", FINANCE[5]])
    take_over(clerk, look(clerk, a_csv(FINANCE, again, other)))
    found = {item.name: (item.content, item.time_limit) for item in on_file(world)}
    assert found == {
        FINANCE[2]: (f"{FINANCE[3]}；年度决算", FINANCE[4]),
        f"{FINANCE[2]}（2）": (FINANCE[3], "每年公布一次"),
    }


# --- the built-in catalogue ---------------------------------------------------------------------------------------


@one_database
def test_the_built_in_catalogue_comes_in_with_every_time_limit_understood(world: World) -> None:
    secretary = world.client("branch_secretary")
    seen = Page(secretary.post("/catalogue_item/import/", data={"builtin": "1"}))
    assert_in_order(seen)
    assert len(states(seen)) > 30
    assert seen.soup.select_one("main details") is None, "something in it has to be looked at"
    assert not seen.soup.select("td .unread")
    take_over(secretary, seen)
    page = Page(secretary.get("/catalogue_item/progress/"))
    assert_in_order(page)
    assert page.soup.select_one("#duties-unread") is None
    assert len(now(page)) == len(on_file(world))
    again = Page(secretary.post("/catalogue_item/import/", data={"builtin": "1"}))
    assert set(states(again).values()) == {"无变动"}


@one_database
def test_donations_are_posted_without_the_other_money(world: World) -> None:
    for kind, purpose in (("04", "助老款"), ("06", "水电费")):
        a_row(world, "ledger_entry", kind=kind, purpose=purpose)
    with world.work():
        imports.take_over(imports.preview_builtin())
        item = db.session.scalars(select(CatalogueItem).where(CatalogueItem.name == "捐赠款物接收和使用")).one()
        source = sources.find(item.source)
        assert source is not None
        assert [row["purpose"] for row in source.rows(item.asked, item.columns, 10)] == ["助老款"]


@one_database
def test_every_notice_of_the_built_in_catalogue_can_be_made_from_its_source(world: World) -> None:
    with world.work():
        imports.take_over(imports.preview_builtin())
    made_from = [item for item in on_file(world) if item.source != sources.TEXT]
    assert len(made_from) > 15
    with world.work():
        for item in made_from:
            source = sources.find(item.source)
            assert source is not None
            assert set(item.columns) <= {column.name for column in source.columns}
            assert item.columns
            sheet = notices.compose(
                source, Recipe(item.asked, Wording("题", "居委会", columns=tuple(item.columns))), item
            )
            assert sheet.table is not None
            assert len(sheet.table.columns) == 1 + len(item.columns), item.name


# --- what may be posted -------------------------------------------------------------------------------------------


def choose_source(client: FlaskClient, key: int, source: str, **chosen: Any) -> Any:
    page = Page(client.get(f"/catalogue_item/source/{key}?source={source}"))
    data = {"version": page.filled_in()["version"], "source": source, "save": "1", **chosen}
    return client.post(f"/catalogue_item/source/{key}", data=data)


def test_the_item_says_from_what_its_notices_are_made_and_which_columns_may_stand_in_them(world: World) -> None:
    key, clerk = an_item(world, "每季度公布一次", "志愿者名单"), world.client("office_staff")
    offered = Page(clerk.get(f"/catalogue_item/source/{key}?source=volunteer"))
    assert_in_order(offered)
    names = {str(box["value"]) for box in offered.soup.select("input[name=columns]")}
    assert "person_id" in names
    assert not names & {"phone", "id_number"}, "offers what may never be posted"
    chosen = {"columns": ["person_id", "stars", "phone"], "mask.person_id": "name", "mask.stars": "nonsense"}
    assert choose_source(clerk, key, "volunteer", **chosen).status_code == 302
    item = on_file(world)[0]
    assert (item.source, item.columns) == ("volunteer", {"person_id": "name", "stars": ""})
    page = Page(clerk.get(f"/catalogue_item/show/{key}"))
    assert_in_order(page)
    assert "姓名" in page.text


@one_database
def test_an_item_without_any_column_is_not_kept(world: World) -> None:
    key, clerk = an_item(world, "每季度公布一次"), world.client("office_staff")
    page = Page(choose_source(clerk, key, "volunteer"))
    assert_in_order(page)
    assert "至少" in page.flashes()[0]
    assert on_file(world)[0].source == "text"
    assert clerk.get(f"/catalogue_item/source/{key}?source=account").status_code == 404
    assert clerk.get(f"/catalogue_item/source/{key}?source=nothing").status_code == 404


def test_of_two_who_say_what_may_be_posted_the_second_is_told(world: World) -> None:
    key, clerk = an_item(world, "每季度公布一次"), world.client("office_staff")
    old = {"version": "1", "source": "person", "save": "1", "columns": ["name"]}
    assert choose_source(clerk, key, "volunteer", columns=["stars"]).status_code == 302
    answer = world.client("branch_secretary").post(f"/catalogue_item/source/{key}", data=old, follow_redirects=True)
    assert [flash for flash in Page(answer).soup.select(".flash.danger") if HAN.search(flash.get_text())]
    assert on_file(world)[0].source == "volunteer"


# --- what is due --------------------------------------------------------------------------------------------------


def progress(world: World, person: str = "office_staff") -> Page:
    return Page(world.client(person).get("/catalogue_item/progress/"))


def now(page: Page) -> dict[str, tuple[str, str]]:
    """Where each matter stands: its period or occasion, and how that stands."""
    found = {}
    for row in page.soup.select("table.matters tbody tr"):
        cell = row.select("td")[1]
        period, standing = cell.select_one(".period"), cell.select_one(".standing")
        found[row.th.get_text(strip=True)] = (
            period.get_text(strip=True) if period else "",
            _kind(standing) if standing else cell.get_text(strip=True),
        )
    return found


def _kind(standing: Tag | None) -> str:
    """Such as “missed 3”: the kind, which a colour shows, and the days, which the words say."""
    assert standing is not None
    kind = str(standing["class"][-1])
    days = "".join(letter for letter in standing.get_text() if letter.isdecimal())
    return f"{kind} {days}".strip()


def waiting(page: Page, group: str) -> list[str]:
    """The periods and occasions listed as missed, due this month or due later."""
    return [found.get_text(strip=True) for found in page.soup.select(f"#duties-{group} .period")]


def how(world: World, item: int, called: str) -> str:
    """How one period or occasion of an item stands, on the page of the item."""
    page = Page(world.client("office_staff").get(f"/catalogue_item/show/{item}"))
    lines = page.soup.select("section[aria-labelledby=rule] li")
    return {text(line, ".period"): _kind(line.select_one(".standing")) for line in lines}[called]


def text(tag: Tag, part: str) -> str:
    found = tag.select_one(part)
    assert found is not None, f"no {part} in {tag}"
    return found.get_text(strip=True)


ONE_DAY = timedelta(days=1)
KINDS = [
    ("每月公布一次", "2026-03", "2026年3月", date(2026, 3, 31)),
    ("每月10日前公布上月收支", "2026-02", "2026年2月", date(2026, 3, 10)),
    ("每季度公布一次", "2026Q1", "2026年第一季度", date(2026, 3, 31)),
    ("每半年公布一次", "2026H1", "2026年上半年", date(2026, 6, 30)),
    ("每年公布一次", "2026", "2026年", date(2026, 12, 31)),
    ("长期公开", "standing", "长期公开", date(2026, 3, 27)),
]


@one_database
@pytest.mark.parametrize(("time_limit", "duty", "called", "due_on"), KINDS, ids=[kind[0] for kind in KINDS])
def test_a_duty_of_every_kind_waits_is_prepared_and_is_kept_or_missed(
    world: World, time_limit: str, duty: str, called: str, due_on: date
) -> None:
    """Of each kind three items: one nobody sees to, one that hangs on the last day, one that hangs a day late."""
    since = date(2026, 3, 1) if duty != "2026-02" else date(2026, 2, 1)
    items = [an_item(world, time_limit, name, since=since) for name in ("没有人办", "按时上墙", "晚了一天")]
    _neglected, punctual, late = items
    board, secretary = a_full_row(world, "notice_board"), world.client("branch_secretary")
    about = [{"item_id": item, "duty": duty, "period": called} for item in (punctual, late)]
    with the_day_is(MONDAY):
        assert {how(world, item, called) for item in items} == {f"due {(due_on - MONDAY).days}"}
        drafts = [a_draft(world, world.here, (board,), **each) for each in about]
        assert how(world, punctual, called).startswith("preparing")
    with the_day_is(due_on):
        secretary.post(f"/notice/issue/{drafts[0]}")
        assert how(world, punctual, called).startswith("preparing"), "issued, but not on the board yet"
        hang(secretary, posting_of(world, drafts[0], board), due_on)
        assert [how(world, item, called) for item in items[:2]] == ["due", "posted"]
    after = due_on + ONE_DAY
    with the_day_is(after):
        assert how(world, late, called) == "missed 1", "being prepared does not excuse it"
        secretary.post(f"/notice/issue/{drafts[1]}")
        hang(secretary, posting_of(world, drafts[1], board), after)
        page = Page(secretary.get(f"/catalogue_item/compliance/?year={due_on.year}"))
    found = {text(row, "th"): _chips(row)[called] for row in page.soup.select("tbody tr")}
    assert found == {"没有人办": "missed 1", "按时上墙": "posted", "晚了一天": "late 1"}


def _chips(row: Tag) -> dict[str, str]:
    return {text(chip, ".period"): _kind(chip.select_one(".standing")) for chip in row.select("li")}


def hang(client: FlaskClient, posting: int, day: date) -> None:
    assert client.post(f"/posting/hang/{posting}", data={"posted_on": day.isoformat()}).status_code == 302


@one_database
def test_what_was_missed_is_due_this_month_or_later_is_told_apart(world: World) -> None:
    an_item(world, "每月公布一次", "每月的")
    an_item(world, "每半年公布一次", "半年的")
    an_item(world, "公示7天", "发生时的")
    with the_day_is(MONDAY):
        page = progress(world)
    assert_in_order(page)
    assert waiting(page, "missed") == ["2026年1月", "2026年2月"]
    assert waiting(page, "due") == ["2026年3月"]
    assert waiting(page, "later") == ["2026年上半年"]
    assert now(page)["发生时的"][1] == "发生时公开"
    assert any(link.startswith("/occasion/add/") for link in page.links())


@one_database
def test_of_the_thousands_a_district_may_owe_the_first_are_listed_and_all_are_counted(world: World) -> None:
    for number in range(12):
        an_item(world, "每月公布一次", f"事项{number}", since=date(2025, 1, 1))
    with the_day_is(MONDAY):
        page = progress(world, "supervisor")
    assert_in_order(page)
    assert len(waiting(page, "missed")) == 100
    assert "168" in text(page.soup, "a[href='#duties-missed']")
    assert "100" in text(page.soup, "#duties-missed .hint")


@one_database
def test_an_item_counts_only_from_the_day_the_office_says(world: World) -> None:
    key = an_item(world, "每月公布一次")
    with the_day_is(MONDAY):
        clerk = world.client("office_staff")
        assert len(waiting(progress(world), "missed")) == 2
        form = Page(clerk.get(f"/catalogue_item/edit/{key}")).filled_in()
        assert clerk.post(f"/catalogue_item/edit/{key}", data={**form, "since": "2026-02-15"}).status_code == 302
        assert waiting(progress(world), "missed") == ["2026年2月"]


def test_a_phrase_nobody_understands_is_asked_about_and_answered_on_the_form(world: World) -> None:
    key, clerk = an_item(world, "视上级部署情况"), world.client("office_staff")
    with the_day_is(MONDAY):
        page = progress(world)
        assert_in_order(page)
        assert page.soup.select_one("#duties-unread") is not None
        assert now(page)["财务收支"] == ("", "unread")
        (explain,) = (link for link in page.links() if link.startswith(f"/catalogue_item/edit/{key}"))
        form = Page(clerk.get(explain)).filled_in()
        answer = clerk.post(explain, data={**form, "period": "quarter"})
        assert answer.location == "/catalogue_item/progress/"
        page = progress(world)
    assert page.soup.select_one("#duties-unread") is None
    assert now(page)["财务收支"] == ("2026年第一季度", "due 22")


def test_what_happens_makes_a_duty_and_stages_make_three(world: World) -> None:
    event, stages = (
        an_item(world, "会议结束后5个工作日内公开", "协商结果"),
        an_item(world, "事前、事中、事后公开", "换届选举"),
    )
    clerk = world.client("office_staff")
    with the_day_is(MONDAY):
        page = progress(world)
        (told,) = (link for link in page.links() if link.startswith("/occasion/add/") and f"item_id={event}&" in link)
        form = Page(clerk.get(told)).filled_in()
        assert form["item_id"] == str(event)
        assert clerk.post(told, data={**form, "subject": "加装电梯协商会", "on": "2026-03-06"}).location == (
            "/catalogue_item/progress/"
        )
        given = {"item_id": str(stages), "subject": "居委会换届", "on": "2026-03-16", "ends_on": "2026-03-20"}
        assert clerk.post("/occasion/add/", data=given).status_code == 302
        page = progress(world)
        drafting = [unquote(link) for link in page.links() if link.startswith("/notice/draft/")]
    assert_in_order(page)
    assert waiting(page, "due") == [
        "加装电梯协商会",  # Friday's meeting: by Friday
        "居委会换届（事前）",  # the day before it begins
        "居委会换届（事中）",
    ]
    assert waiting(page, "later") == ["居委会换届（事后）"]
    assert any(f"about={event}:event-" in link for link in drafting)


@one_database
def test_an_occasion_does_not_end_before_it_begins(world: World) -> None:
    given = {"item_id": str(an_item(world, "公示7天")), "subject": "申请", "on": "2026-03-16"}
    page = Page(world.client("office_staff").post("/occasion/add/", data={**given, "ends_on": "2026-03-15"}))
    assert page.complaint("ends_on")


def test_what_always_hangs_is_owed_again_once_it_is_taken_down(world: World) -> None:
    item, secretary = an_item(world, "长期公开", since=date(2026, 3, 1)), world.client("branch_secretary")
    with the_day_is(MONDAY):
        board = a_full_row(world, "notice_board")
        notice = an_issued_notice(world, world.here, (board,), item_id=item, duty="standing", period="长期公开")
        hang(secretary, posting_of(world, notice, board), MONDAY)
        assert now(progress(world))["财务收支"] == ("长期公开", "posted")
    later = date(2026, 4, 9)
    with the_day_is(later):
        down = {"taken_down_on": later.isoformat()}
        assert secretary.post(f"/posting/down/{posting_of(world, notice, board)}", data=down).status_code == 302
        page = progress(world)
    assert now(page)["财务收支"] == ("长期公开", "missed 13")
    assert any(link.startswith("/notice/draft/text") for link in page.links())


@one_database
def test_drafting_from_the_progress_page_answers_the_duty(world: World) -> None:
    item, clerk = (
        an_item(world, "每季度公布一次", board_id=a_full_row(world, "notice_board")),
        world.client("office_staff"),
    )
    with the_day_is(MONDAY):
        (address,) = {link for link in progress(world).links() if link.startswith("/notice/draft/")}
        page = Page(clerk.get(address))
        form = page.filled_in()
        assert form["about"] == f"{item}:2026Q1"
        assert "财务收支" in form["title"]
        assert clerk.post(address, data={**form, "opening": "已按规定收支。", "do": "keep"}).status_code == 302
        assert now(progress(world))["财务收支"] == ("2026年第一季度", "preparing 22")


@one_database
def test_figures_are_drafted_for_the_period_they_are_about(world: World) -> None:
    """What is posted by the tenth of March is about February."""
    key, clerk = an_item(world, "每月10日前公布上月收支", since=date(2026, 2, 1)), world.client("office_staff")
    choose_source(clerk, key, "ledger_totals", columns=["direction", "amount"])
    with the_day_is(MONDAY):
        (february, march) = [
            link for link in Page(clerk.get(f"/catalogue_item/show/{key}")).links() if "about=" in link
        ][::-1]
    assert "/notice/draft/ledger_totals" in february
    assert "from=2026-02-01&to=2026-02-28" in february
    assert "from=2026-03-01&to=2026-03-31" in march


@one_database
def test_what_was_spent_is_posted_for_the_month_it_is_about(world: World) -> None:
    for day, purpose in ((27, "打印机硒鼓"), (28, "楼道灯管")):
        a_row(world, "ledger_entry", on=date(2026, 2, day), purpose=purpose)
    a_row(world, "ledger_entry", on=date(2026, 3, 1), purpose="三月水费")
    key, clerk = an_item(world, "每月10日前公布上月收支", since=date(2026, 2, 1)), world.client("office_staff")
    choose_source(clerk, key, "ledger_entry", columns=["on", "purpose", "amount"])
    with the_day_is(MONDAY):
        page = Page(clerk.get(f"/catalogue_item/show/{key}"))
        (february,) = [link for link in page.links() if f"about={key}%3A2026-02" in link]
        form = Page(clerk.get(february)).filled_in()
        assert "2026年2月" in form["title"]
        assert clerk.post(february, data={**form, "do": "keep"}).status_code == 302
    with world.work():
        notice, item = db.session.scalars(select(Notice)).one(), db.session.get_one(CatalogueItem, key)
        assert [row[2] for row in notice.sheet.table.rows] == ["楼道灯管", "打印机硒鼓"]
        assert not item.asked, "the next month has days of its own"


@one_database
def test_a_notice_about_a_month_in_which_nothing_happened_says_so(world: World) -> None:
    clerk = world.client("office_staff")
    a_row(world, "ledger_entry", on=date(2026, 2, 1))
    for days in ("on.from=2026-03-01&on.to=2026-03-31", "q=没有这样的"):
        address = f"/notice/draft/ledger_entry?{days}"
        clerk.post(address, data={**Page(clerk.get(address)).filled_in(), "do": "keep"})
    with world.work():
        said = [notice.sheet.notes[0] for notice in db.session.scalars(select(Notice).order_by(Notice.id))]
    assert said == ["本期没有相关记录。", "目前没有相关记录。"]


@one_database
def test_what_the_money_posted_comes_to_stands_below_it(world: World) -> None:
    for direction, amount, day in (("in", "1800", 1), ("out", "862.5", 2), ("out", "99999", 3)):
        a_row(world, "ledger_entry", direction=direction, amount=Decimal(amount), on=date(2026, 3, day))
    clerk = world.client("office_staff")
    address = "/notice/draft/ledger_entry?on.from=2026-03-01&on.to=2026-03-02"
    form = Page(clerk.get(address)).filled_in()
    clerk.post(
        address,
        data={**form, "columns": ["on", "direction", "amount"], "closing": "监督电话：0523-86881234", "do": "keep"},
    )
    clerk.post(address, data={**form, "columns": ["on", "purpose"], "do": "keep"})
    with world.work():
        whole, without = db.session.scalars(select(Notice).order_by(Notice.id))
        sums = "合计：收入1800.00元，支出862.50元，收支差额937.50元。"
        assert whole.sheet.notes == (sums, "监督电话：0523-86881234")
        assert sums not in without.sheet.notes, "amounts are not posted there"


@one_database
def test_a_draft_says_of_which_rows_it_is_and_offers_those_of_the_period_chosen(world: World) -> None:
    """Whoever comes from the list and then chooses the duty keeps what was typed, and gets the rows of that month."""
    for month in (2, 3):
        a_row(world, "ledger_entry", on=date(2026, month, 1), purpose=f"{month}月水费")
    key, clerk = an_item(world, "每月10日前公布上月收支", since=date(2026, 2, 1)), world.client("office_staff")
    choose_source(clerk, key, "ledger_entry", columns=["on", "purpose", "amount"])
    with the_day_is(MONDAY):
        page = Page(clerk.get("/notice/draft/ledger_entry"))
        assert "全部 · 共2条" in page.text
        assert not page.soup.select("button[formaction*='on.from']"), "no period was chosen"
        typed = page.filled_in() | {"about": f"{key}:2026-02", "title": "二月收支公示"}
        (offered,) = Page(clerk.post("/notice/draft/ledger_entry", data=typed)).soup.select("[formaction*='on.from']")
        assert "2026年2月" in offered.text
        address = str(offered["formaction"])
        page = Page(clerk.post(address, data=typed | {"do": "preview"}))
        assert "日期：2026-02-01–2026-02-28 · 共1条" in page.text
        assert page.filled_in()["title"] == "二月收支公示"
        assert not page.soup.select("button[formaction*='on.from=2026-03']")
        clerk.post(address, data=page.filled_in() | {"do": "submit"})
    with world.work():
        notice = db.session.scalars(select(Notice)).one()
    assert "日期：2026-02-01–2026-02-28 · 共1条" in Page(clerk.get(f"/notice/show/{notice.id}")).text, "who reviews it"


@one_database
def test_what_is_always_posted_from_a_register_is_all_it_has(world: World) -> None:
    key, clerk = an_item(world, "长期公开", since=date(2026, 2, 1)), world.client("office_staff")
    choose_source(clerk, key, "ledger_entry", columns=["on", "purpose", "amount"])
    with the_day_is(MONDAY):
        (address,) = {link for link in progress(world).links() if "/notice/draft/" in link}
    assert "on.from" not in address


# --- the home page ------------------------------------------------------------------------------------------------


def tasks(world: World, person: str = "office_staff") -> list[tuple[int, str]]:
    """What the first page says is waiting, of disclosures, and how it calls it."""
    page = Page(world.client(person).get("/"))
    assert_in_order(page)
    found = page.soup.select(".tasks a[href='/catalogue_item/progress/']")
    assert [task.has_attr("class") for task in found] == [place == 0 for place in range(len(found))], "what presses"
    return [(int(text(task, "strong")), text(task, "span")) for task in found]


@one_database
def test_the_first_page_counts_what_was_missed_what_is_due_soon_and_what_is_unclear(world: World) -> None:
    for time_limit in ("每月公布一次", "每月10日前公布上月收支", "每季度公布一次", "视上级部署情况"):
        an_item(world, time_limit, time_limit)
    an_item(world, "每月公布一次", at=world.there)
    with the_day_is(MONDAY):
        (missed, _), (soon, called), (unclear, _) = tasks(world)
        assert (missed, soon, unclear) == (3, 1, 1)
        assert "7" in called
        secretary = world.client("branch_secretary")
        form = Page(secretary.get("/disclosure_setting/add/")).filled_in()
        assert secretary.post("/disclosure_setting/add/", data={**form, "warn": "30"}).status_code == 302
        (missed, _), (soon, called), (unclear, _) = tasks(world)
        assert (missed, soon, unclear) == (3, 3, 1)
        assert "30" in called
        assert tasks(world, "administrator") == []


# --- how a year went ----------------------------------------------------------------------------------------------


@pytest.fixture
def a_year(world: World) -> World:
    """春和 posted January on time, February late and owes March; 秋实 has posted nothing of its quarter."""
    item = an_item(world, "每月公布一次", "=1+1", since=NEW_YEAR)
    an_item(world, "每季度公布一次", "年度计划", at=world.there)
    board, secretary = a_full_row(world, "notice_board"), world.client("branch_secretary")
    for number, day in ((1, date(2026, 1, 28)), (2, date(2026, 3, 3))):
        with the_day_is(day):
            about = {"item_id": item, "duty": f"2026-0{number}", "period": f"2026年{number}月"}
            hang(secretary, posting_of(world, an_issued_notice(world, world.here, (board,), **about), board), day)
    with world.app.app_context(), as_system("test"), transaction():
        db.session.add(
            Account(username="overseer", full_name="区督导", role=Role.SUPERVISOR, community_id=world.district.id)
        )
    return world


def tally(page: Page) -> list[int]:
    return [int(found.get_text()) for found in page.soup.select(".tally li strong")]


@one_database
def test_the_year_of_one_community_is_told_item_by_item(a_year: World) -> None:
    with the_day_is(date(2026, 4, 8)):
        clerk = a_year.client("office_staff")
        page = Page(clerk.get("/catalogue_item/compliance/"))
        before = Page(clerk.get("/catalogue_item/compliance/?year=2025"))
        theirs = Page(clerk.get(f"/catalogue_item/compliance/?community={a_year.there.id}"))
    assert_in_order(page)
    assert "春和社区" in page.heading
    assert tally(page) == [1, 1, 1, 1]
    (row,) = page.soup.select("tbody tr")
    assert _chips(row) == {
        "2026年1月": "posted",
        "2026年2月": "late 3",  # the last Saturday of February was worked
        "2026年3月": "missed 8",
        "2026年4月": "due 22",
    }
    assert_in_order(before)
    assert before.soup.select_one(".nothing") is not None
    assert "年度计划" not in theirs.text, "shows the neighbours' table"


@one_database
def test_whoever_looks_after_several_sees_each_community_and_each_one_s_items(a_year: World) -> None:
    with the_day_is(date(2026, 4, 8)):
        overseer = a_year.client("overseer")
        page = Page(overseer.get("/catalogue_item/compliance/"))
        one = Page(overseer.get(f"/catalogue_item/compliance/?community={a_year.there.id}"))
        street = Page(a_year.client("supervisor").get("/catalogue_item/compliance/"))
        foreign = a_year.client("supervisor").get(f"/catalogue_item/compliance/?community={a_year.there.id}")
        waits = progress(a_year, "overseer")
    assert_in_order(page)
    rows = {
        row.th.get_text(strip=True): [cell.get_text(strip=True) for cell in row.select("td")[:4]]
        for row in page.soup.select("tbody tr")
    }
    assert rows == {"春和社区": ["1", "1", "1", "1"], "秋实社区": ["0", "0", "1", "1"]}
    assert tally(page) == [1, 1, 2, 2]
    assert tally(one) == [0, 0, 1, 1]
    assert "年度计划" in one.text
    assert "秋实" not in street.text
    assert foreign.status_code == 404
    assert_in_order(waits)
    assert "秋实社区" in waits.text
    assert not [link for link in waits.links() if link.startswith("/notice/draft/")]


@one_database
@pytest.mark.parametrize("asked", ["year=1999", "year=x", "year=02026", "year=20260", "year=", f"year={'9' * 50}"])
def test_a_year_nobody_asks_for_is_not_understood(world: World, asked: str) -> None:
    for ending in ("/", ".pdf", ".xlsx"):
        assert world.client("office_staff").get(f"/catalogue_item/compliance{ending}?{asked}").status_code == 400


@one_database
def test_the_year_as_a_sheet_has_real_days_and_a_frozen_head_and_no_formulas(a_year: World) -> None:
    with the_day_is(date(2026, 4, 8)):
        own = a_year.client("office_staff").get("/catalogue_item/compliance.xlsx?year=2026")
        all_of_them = a_year.client("overseer").get("/catalogue_item/compliance.xlsx")
    assert quote("春和社区2026年党务居务公开情况 2026-04-08.xlsx") in own.headers["Content-Disposition"]
    page = load_workbook(BytesIO(own.data)).active
    assert page is not None
    assert "春和社区2026年" in str(page["A1"].value)
    assert "2026-04-08" in str(page["A2"].value)
    assert "干事甲" in str(page["A2"].value)
    head, first, second = ([cell.value for cell in row] for row in page["A3:F5"])
    assert head == ["公开事项", "公开时限", "周期", "应公开日期", "上墙日期", "结果"]
    assert first[0] == "=1+1"
    assert page["A4"].data_type == "s", "a name became a formula"
    assert [str(first[3])[:10], str(first[4])[:10], first[5]] == ["2026-01-30", "2026-01-28", "按时公开"]
    assert page["D4"].is_date
    assert [str(second[4])[:10], second[5]] == ["2026-03-03", "逾期公开"]
    assert page.freeze_panes == "B4"
    page = load_workbook(BytesIO(all_of_them.data)).active
    assert page is not None
    rows = [[cell.value for cell in row] for row in page["A4:F5"]]
    assert rows == [["春和社区", 1, 1, 1, 1, "33%"], ["秋实社区", 0, 0, 1, 1, "0%"]]


@one_database
def test_the_year_on_paper_says_the_same(a_year: World) -> None:
    with the_day_is(date(2026, 4, 8)):
        answer = a_year.client("overseer").get("/catalogue_item/compliance.pdf")
    assert answer.mimetype == "application/pdf"
    said = "".join(Reading(answer.data).text.split())
    assert "2026年党务居务公开情况" in said
    assert "春和社区111133%" in said
    assert "合计：按时公开1项，逾期公开1项，未公开2项，未到期2项" in said


# --- how a community discloses ------------------------------------------------------------------------------------


def test_the_settings_lead_straight_to_the_one_row(world: World) -> None:
    secretary, clerk = world.client("branch_secretary"), world.client("office_staff")
    assert secretary.get("/disclosure_setting/list/").location == "/disclosure_setting/add/"
    assert clerk.get("/disclosure_setting/list/").status_code == 200, "whoever may not add sees that there is nothing"
    form = Page(secretary.get("/disclosure_setting/add/")).filled_in()
    added = secretary.post("/disclosure_setting/add/", data={**form, "procedure": "two"}).location
    for person in (secretary, clerk):
        assert person.get("/disclosure_setting/list/").location == added
    again = Page(secretary.post("/disclosure_setting/add/", data=form))
    assert again.status == 200
    assert any("春和社区" in told for told in again.summary())
    stranger = world.client("stranger").post("/disclosure_setting/add/", data=form)
    assert stranger.status_code == 302, "another community has its own"
    everybody = Page(world.client("supervisor").get("/disclosure_setting/list/"))
    assert "春和社区" in everybody.text
    assert "秋实社区" not in everybody.text


@one_database
def test_what_promptly_means_is_the_offices_to_say(world: World) -> None:
    item = an_item(world, "及时公开")
    world.make("occasion", item_id=item, subject="捐赠", on=date(2026, 3, 6))
    with the_day_is(MONDAY):
        assert now(progress(world))["财务收支"] == ("捐赠", "due 25")
        world.make("disclosure_setting", promptly=5)
        assert now(progress(world))["财务收支"] == ("捐赠", "due 4")
