"""On the boards: what hangs where since when, what has to come down, and what the clerk takes along to the wall."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from io import BytesIO
from itertools import count
from threading import Barrier
from typing import Any
from urllib.parse import quote

import pytest
from flask.testing import FlaskClient
from PIL import Image
from sqlalchemy import func, select

from app.boards.models import Posting
from app.disclosure.models import Notice
from app.kernel.audit import AuditEntry
from app.kernel.db import db
from app.kernel.scope import as_system
from tests.pdf.reading import Reading
from tests.web.page import Page, one_database
from tests.web.typed import a_draft, an_issued_notice, han, posting_of
from tests.world import Place, World, owner, the_day_is

MONDAY = date(2026, 3, 9)
FREE = date(2026, 3, 25)  # fifteen days after Monday have passed
DAY = timedelta(days=1)
_serial = count(1)


def a_board(world: World, name: str = "东门公示栏", at: Place | None = None, width: int = 120, height: int = 90) -> int:
    return world.make("notice_board", at, name=name, kind="1", place="小区东门", width=width, height=height)


def a_quarterly_item(world: World, **more: Any) -> int:
    given = {"name": "财务收支", "first_level": "", "time_limit": "每季度公布一次", "since": date(2026, 1, 1)}
    return world.make("catalogue_item", **{**given, **more})


def an_event(world: World) -> dict[str, Any]:
    """What a notice answers that tells of something that has happened, with nothing said of how long it hangs."""
    item = a_quarterly_item(world, name="实事项目", first_level=han(next(_serial)), time_limit="及时公开")
    return {"item_id": item, "duty": "event-1", "period": "修路"}


def issued(world: World, *boards: int, on: date = MONDAY, **more: Any) -> int:
    """A notice about a matter of the catalogue, issued on a day."""
    with the_day_is(on):
        return an_issued_notice(world, world.here, boards, **{**an_event(world), **more})


def announced(world: World, *boards: int, on: date = MONDAY) -> int:
    """An announcement outside of the catalogue, issued on a day: the water is cut off tomorrow."""
    with the_day_is(on):
        return an_issued_notice(world, world.here, boards)


def hung(world: World, *boards: int, on: date = MONDAY, **more: Any) -> int:
    """A notice issued and hung on all its boards on one day."""
    notice = issued(world, *boards, on=on, **more)
    for board in boards:
        assert hang(world, notice, board, on=on).status_code == 302
    return notice


def hang(world: World, notice: int, board: int, on: date = MONDAY, person: str = "office_staff", **form: Any) -> Any:
    """The answer to somebody who confirms on a day that a notice hangs; ``form`` says otherwise."""
    with the_day_is(on):
        address = f"/posting/hang/{posting_of(world, notice, board)}"
        return world.client(person).post(address, data={"posted_on": on.isoformat(), **form})


def take_down(world: World, notice: int, board: int, on: date, **form: Any) -> Any:
    with the_day_is(on):
        address = f"/posting/down/{posting_of(world, notice, board)}"
        return world.client("office_staff").post(address, data={"taken_down_on": on.isoformat(), **form})


def the_posting(world: World, notice: int, board: int) -> Posting:
    found: Posting = world.get("posting", posting_of(world, notice, board))
    return found


def state(world: World, notice: int) -> str:
    return str(world.get("notice", notice).state)


def boards_of(world: World, notice: int) -> set[int]:
    with world.work():
        return set(db.session.scalars(select(Posting.board_id).where(Posting.notice_id == notice)))


def look(world: World, on: date = MONDAY, person: str = "office_staff") -> Page:
    with the_day_is(on):
        page = Page(world.client(person).get("/posting/today/"))
    assert_in_order(page)
    return page


def going_up(page: Page) -> list[int]:
    return [int(link.rpartition("/")[2]) for link in page.links() if link.startswith("/posting/hang/")]


def coming_down(page: Page) -> list[int]:
    forms = page.soup.select("form[action^='/posting/down/']")
    return [int(str(form["action"]).rpartition("/")[2]) for form in forms]


def assert_in_order(page: Page) -> None:
    assert page.status == 200
    assert not page.defects()
    assert not page.english()


# --- where it is to hang ------------------------------------------------------------------------------------------


def test_an_issued_notice_is_to_go_up_on_the_boards_its_draft_names(world: World) -> None:
    east, west, north = (a_board(world, name) for name in ("东门", "西门", "北门"))
    item = a_quarterly_item(world, board_id=north)
    assert boards_of(world, issued(world, east, west)) == {east, west}
    assert boards_of(world, issued(world, east, item_id=item, duty="2026Q1", period="一季度")) == {east}
    assert boards_of(world, issued(world, item_id=item, duty="2026Q1", period="一季度")) == {north}
    assert boards_of(world, issued(world)) == set()


@one_database
def test_a_board_of_the_neighbours_is_not_hung_on_whatever_a_form_says(world: World) -> None:
    own, theirs = a_board(world), a_board(world, "外社区的", world.there)
    assert boards_of(world, issued(world, own, theirs)) == {own}
    notice = issued(world)
    for board in (theirs, 0, 10**40):
        answer = world.client("office_staff").post(f"/posting/add-board/{notice}", data={"board": str(board)})
        assert answer.status_code == 404
    assert boards_of(world, notice) == set()


@one_database
def test_a_notice_is_hung_on_one_more_board_and_dropped_from_another_and_back(world: World) -> None:
    east, west, clerk = a_board(world, "东门"), a_board(world, "西门"), world.client("office_staff")
    notice = issued(world, east)
    page = Page(clerk.get(f"/notice/show/{notice}"))
    assert [option["value"] for option in page.soup.select("#f-board option")] == [str(west)]
    for _twice in range(2):
        answer = clerk.post(f"/posting/add-board/{notice}", data={"board": str(west)})
        assert answer.location == f"/notice/show/{notice}"
    assert boards_of(world, notice) == {east, west}
    dropped = posting_of(world, notice, east)
    clerk.post(f"/posting/drop/{dropped}")
    assert going_up(look(world)) == [posting_of(world, notice, west)]
    assert hang(world, notice, east).location == "/posting/today/"
    assert world.get("posting", dropped).posted_on is None, "hangs where it was dropped"
    clerk.post(f"/posting/add-board/{notice}", data={"board": str(east)})
    assert set(going_up(look(world))) == {dropped, posting_of(world, notice, west)}


@one_database
def test_what_hangs_is_not_dropped_and_a_draft_is_not_hung(world: World) -> None:
    board, clerk = a_board(world), world.client("office_staff")
    notice = hung(world, board)
    clerk.post(f"/posting/drop/{posting_of(world, notice, board)}")
    assert the_posting(world, notice, board).dropped_by is None
    clerk.post(f"/posting/add-board/{a_draft(world, world.here)}", data={"board": str(board)})
    with world.work():
        assert db.session.scalar(select(func.count()).select_from(Posting)) == 1


# --- up -----------------------------------------------------------------------------------------------------------


def test_hanging_is_confirmed_with_the_day_and_tells_until_when(world: World) -> None:
    board = a_board(world)
    notice = issued(world, board)
    with the_day_is(MONDAY):
        page = Page(world.client("office_staff").get(f"/posting/hang/{posting_of(world, notice, board)}"))
    assert_in_order(page)
    assert page.filled_in()["posted_on"] == "2026-03-09"
    assert page.filled_in()["due_down_on"] == "2026-03-25"
    assert "15" in page.text
    hang(world, notice, board)
    posting = the_posting(world, notice, board)
    assert (posting.posted_on, posting.free_from, posting.due_down_on) == (MONDAY, FREE, FREE)
    assert posting.posted_by == "干事甲 (office_staff)"
    assert state(world, notice) == "posted"
    page = Page(world.client("office_staff").get(f"/posting/show/{posting.id}"))
    assert_in_order(page)
    assert "2026-03-25" in page.text


@one_database
def test_a_day_in_the_past_may_be_given_and_the_time_runs_from_it(world: World) -> None:
    board = a_board(world)
    notice = issued(world, board)
    assert hang(world, notice, board, on=MONDAY + 3 * DAY, posted_on="2026年3月9日").status_code == 302
    assert the_posting(world, notice, board).free_from == FREE


WRONG = {
    "tomorrow": ({"posted_on": "2026-03-11"}, "posted_on", ""),
    "before it was issued": ({"posted_on": "2026-03-08"}, "posted_on", "2026-03-09"),
    "no day": ({"posted_on": ""}, "posted_on", ""),
    "no such day": ({"posted_on": "2026-02-30"}, "posted_on", "2026-02-30"),
    "down too early": ({"posted_on": "2026-03-09", "due_down_on": "2026-03-24"}, "due_down_on", "2026-03-25"),
    "down at some time": ({"posted_on": "2026-03-09", "due_down_on": "以后"}, "due_down_on", "2026-03-05"),
}


@one_database
@pytest.mark.parametrize("case", WRONG)
def test_what_cannot_be_is_told_beside_its_field_and_nothing_hangs(world: World, case: str) -> None:
    form, field, said = WRONG[case]
    board = a_board(world)
    notice = issued(world, board)
    page = Page(hang(world, notice, board, on=MONDAY + DAY, **form))
    assert_in_order(page)
    assert page.complaint(field)
    assert said in page.complaint(field)
    assert {name: page.filled_in()[name] for name in form} == form, "what was typed is lost"
    assert the_posting(world, notice, board).posted_on is None
    assert state(world, notice) == "issued"


@one_database
def test_the_office_may_let_it_hang_longer(world: World) -> None:
    board = a_board(world)
    notice = issued(world, board)
    hang(world, notice, board, due_down_on="2026-04-30")
    assert the_posting(world, notice, board).due_down_on == date(2026, 4, 30)


@one_database
def test_after_confirming_one_is_back_where_one_came_from(world: World) -> None:
    board, clerk = a_board(world), world.client("office_staff")
    for back, onward in (("/notice/list/", "/notice/list/"), ("//evil.example/", "/posting/today/")):
        posting = posting_of(world, issued(world, board), board)
        with the_day_is(MONDAY):
            up = clerk.post(f"/posting/hang/{posting}", query_string={"back": back}, data={"posted_on": "2026-03-09"})
        with the_day_is(FREE):
            down = clerk.post(f"/posting/down/{posting}", data={"taken_down_on": FREE.isoformat(), "back": back})
        assert [up.location, down.location] == [onward, onward]


@one_database
def test_everything_for_a_board_is_confirmed_at_once(world: World) -> None:
    east, west, clerk = a_board(world, "东门"), a_board(world, "西门"), world.client("office_staff")
    first, second = issued(world, east, west), issued(world, east)
    with the_day_is(MONDAY):
        done = Page(clerk.post(f"/posting/hang-all/{east}", follow_redirects=True))
        again = Page(clerk.post(f"/posting/hang-all/{east}", follow_redirects=True))
    assert "2" in done.flashes()[0]
    assert not again.flashes(), "says that something was hung"
    assert {the_posting(world, notice, east).posted_on for notice in (first, second)} == {MONDAY}
    assert the_posting(world, first, west).posted_on is None


def test_two_colleagues_who_confirm_at_once_hang_it_once(world: World) -> None:
    board = a_board(world)
    posting = posting_of(world, issued(world, board), board)
    with the_day_is(MONDAY):
        answers = at_once(world, f"/posting/hang/{posting}", {"posted_on": "2026-03-09"})
    assert [answer.status_code for answer in answers] == [302, 302]
    assert acts(world, "posting", posting) == ["add", "post"]
    with the_day_is(FREE):
        answers = at_once(world, f"/posting/down/{posting}", {"taken_down_on": FREE.isoformat()})
    assert [answer.status_code for answer in answers] == [302, 302]
    assert acts(world, "posting", posting) == ["add", "post", "take_down"]


def at_once(world: World, address: str, form: dict[str, str]) -> list[Any]:
    """What two colleagues hear who send the same form at the same moment."""
    clients, start = [world.client(person) for person in ("office_staff", "branch_secretary")], Barrier(2)

    def send(client: FlaskClient) -> Any:
        start.wait()
        return client.post(address, data=form)

    with ThreadPoolExecutor(2) as people:
        return list(people.map(send, clients))


def acts(world: World, register: str, key: int) -> list[str]:
    with world.app.app_context(), as_system("test"):
        told = select(AuditEntry.action).where(AuditEntry.register == register, AuditEntry.record_id == key)
        return list(db.session.scalars(told.order_by(AuditEntry.id)))


@one_database
def test_each_act_at_a_board_is_told_in_the_trail(world: World) -> None:
    east, west = a_board(world, "东门"), a_board(world, "西门")
    notice = hung(world, east)
    world.client("office_staff").post(f"/posting/add-board/{notice}", data={"board": str(west)})
    world.client("office_staff").post(f"/posting/drop/{posting_of(world, notice, west)}")
    take_down(world, notice, east, FREE)
    assert acts(world, "posting", posting_of(world, notice, east)) == ["add", "post", "take_down"]
    assert acts(world, "posting", posting_of(world, notice, west)) == ["add", "drop"]
    assert acts(world, "notice", notice) == ["add", "approve", "post", "take_down"]
    page = Page(world.client("auditor").get("/audit_entry/list/"))
    assert not page.english()


# --- the photograph -----------------------------------------------------------------------------------------------


def a_photograph() -> bytes:
    """As a telephone takes it: turned by a mark, with the place where it was taken."""
    picture, exif = Image.new("RGB", (2400, 1200), "white"), Image.Exif()
    exif[0x0112] = 6  # stands on its side
    exif[0x010F] = "SecretPhone"
    exif.get_ifd(0x8825).update({1: "N", 2: (32.0, 30.0, 0.0), 3: "E", 4: (119.0, 55.0, 0.0)})
    written = BytesIO()
    picture.save(written, "JPEG", exif=exif)
    return written.getvalue()


def test_the_photograph_is_drawn_anew_and_seen_only_inside_the_community(world: World) -> None:
    board, taken = a_board(world), a_photograph()
    assert b"SecretPhone" in taken
    notice = issued(world, board)
    assert hang(world, notice, board, photo=(BytesIO(taken), "IMG_1.jpg")).status_code == 302
    address = f"/posting/photo/{posting_of(world, notice, board)}"
    answer = world.client("office_staff").get(address)
    assert (answer.status_code, answer.mimetype) == (200, "image/jpeg")
    assert answer.headers["Cache-Control"] == "no-store"
    with Image.open(BytesIO(answer.data)) as picture:
        assert picture.size == (800, 1600), "does not stand upright, or was not made smaller"
        assert not dict(picture.getexif())
    assert b"SecretPhone" not in answer.data
    assert b"Exif" not in answer.data
    assert world.client("supervisor").get(address).status_code == 200
    assert world.client("stranger").get(address).status_code == 404
    assert world.client("administrator").get(address).status_code == 403
    page = Page(world.client("office_staff").get(f"/posting/show/{posting_of(world, notice, board)}"))
    assert_in_order(page)
    assert page.soup.select_one(f"img[src='{address}']") is not None


@one_database
def test_what_is_no_photograph_is_refused_beside_its_field(world: World) -> None:
    board = a_board(world)
    notice = issued(world, board)
    for data, name in ((b"<script>alert(1)</script>", "x.jpg"), (b"%PDF-1.7", "x.pdf"), (b"", "leer.jpg")):
        page = Page(hang(world, notice, board, photo=(BytesIO(data), name)))
        assert_in_order(page)
        assert page.complaint("photo")
    assert the_posting(world, notice, board).posted_on is None
    assert world.client("office_staff").get(f"/posting/photo/{posting_of(world, notice, board)}").status_code == 404


# --- confirmed by mistake -----------------------------------------------------------------------------------------


def take_back(world: World, notice: int, board: int, on: date = MONDAY, person: str = "office_staff") -> Any:
    with the_day_is(on):
        return world.client(person).post(f"/posting/take-back/{posting_of(world, notice, board)}")


def offers_to_take_back(world: World, notice: int, board: int, on: date, person: str) -> bool:
    with the_day_is(on):
        page = Page(world.client(person).get(f"/posting/show/{posting_of(world, notice, board)}"))
    assert_in_order(page)
    return page.soup.select_one("form[action^='/posting/take-back/']") is not None


def test_whoever_confirmed_the_wrong_notice_takes_that_back_and_it_is_to_go_up_again(world: World) -> None:
    board, photo = a_board(world), (BytesIO(a_photograph()), "IMG_1.jpg")
    notice = issued(world, board)
    hang(world, notice, board, photo=photo)
    assert offers_to_take_back(world, notice, board, MONDAY, "office_staff")
    assert take_back(world, notice, board).status_code == 302
    posting = the_posting(world, notice, board)
    assert (posting.posted_on, posting.posted_by, posting.free_from, posting.due_down_on) == (None,) * 4
    assert world.client("office_staff").get(f"/posting/photo/{posting.id}").status_code == 404
    assert state(world, notice) == "issued"
    assert going_up(look(world)) == [posting.id]
    assert acts(world, "posting", posting.id) == ["add", "post", "take_back"]
    assert acts(world, "notice", notice) == ["add", "approve", "post", "take_back"]
    assert_in_order(Page(world.client("office_staff").get(f"/notice/show/{notice}")))
    assert hang(world, notice, board).status_code == 302, "cannot be hung up for good now"


@one_database
def test_what_was_confirmed_for_the_wrong_board_goes_on_hanging_on_the_right_one(world: World) -> None:
    east, west = a_board(world, "东门"), a_board(world, "西门")
    notice = hung(world, east, west)
    take_back(world, notice, west)
    assert state(world, notice) == "posted"
    world.client("office_staff").post(f"/posting/drop/{posting_of(world, notice, west)}")
    assert going_up(look(world)) == []
    take_back(world, notice, east)
    assert state(world, notice) == "issued"


@one_database
def test_what_came_down_elsewhere_has_hung_whatever_is_taken_back(world: World) -> None:
    east, west = a_board(world, "东门"), a_board(world, "西门")
    notice = hung(world, east, west)
    take_down(world, notice, east, FREE)
    take_back(world, notice, west, FREE)
    assert state(world, notice) == "taken_down"


@one_database
def test_only_who_confirmed_it_takes_it_back_within_thirty_days_and_while_it_hangs(world: World) -> None:
    board = a_board(world)
    notice, gone = hung(world, board), hung(world, board)
    take_down(world, gone, board, FREE)
    for key, day, person in (
        (notice, MONDAY, "branch_secretary"),
        (notice, MONDAY + 31 * DAY, "office_staff"),
        (gone, FREE, "office_staff"),
    ):
        assert not offers_to_take_back(world, key, board, day, person)
        take_back(world, key, board, day, person)
        assert the_posting(world, key, board).posted_on == MONDAY
    assert offers_to_take_back(world, notice, board, MONDAY + 30 * DAY, "office_staff")


def test_what_it_was_said_to_replace_stays_up_after_all(world: World) -> None:
    board, item = a_board(world), a_quarterly_item(world)
    first = hung(world, board, item_id=item, duty="2026Q1", period="2026年第一季度")
    second = hung(world, board, on=FREE, item_id=item, duty="2026Q2", period="2026年第二季度")
    third = hung(world, board, on=FREE, item_id=item, duty="2026Q3", period="2026年第三季度")
    assert the_posting(world, second, board).due_down_on is not None
    take_back(world, third, board, FREE)
    assert the_posting(world, second, board).due_down_on is None
    assert the_posting(world, first, board).due_down_on == FREE, "the second still takes its place"


# --- down ---------------------------------------------------------------------------------------------------------


def test_a_notice_stays_its_minimum_time_and_comes_down_on_the_first_free_day(world: World) -> None:
    board = a_board(world)
    notice = hung(world, board)
    page = Page(take_down(world, notice, board, FREE - DAY))
    assert_in_order(page)
    told = page.complaint("taken_down_on")
    assert "15" in told
    assert "2026-03-25" in told
    assert state(world, notice) == "posted"
    assert take_down(world, notice, board, FREE).status_code == 302
    posting = the_posting(world, notice, board)
    assert (posting.taken_down_on, posting.taken_down_by) == (FREE, "干事甲 (office_staff)")
    assert state(world, notice) == "taken_down"


@one_database
@pytest.mark.parametrize("day", ["2026-03-08", "2026-03-27", "", "2026-13-01"])
def test_a_day_on_which_it_cannot_have_come_down_is_refused(world: World, day: str) -> None:
    board = a_board(world)
    notice = hung(world, board)
    page = Page(take_down(world, notice, board, FREE + DAY, taken_down_on=day))
    assert_in_order(page)
    assert page.complaint("taken_down_on")
    assert page.filled_in()["taken_down_on"] == day
    assert state(world, notice) == "posted"


@one_database
def test_what_the_office_says_of_the_minimum_time_holds_from_the_day_of_issue(world: World) -> None:
    board, item = a_board(world), a_quarterly_item(world, time_limit="公示不少于5个工作日")
    first = issued(world, board, item_id=item, duty="event-1", period="发展党员")
    world.make("disclosure_setting", post_for=3)
    second = issued(world, board)
    with world.work():
        spans = {key: (row.post_for, row.post_unit) for key in (first, second) if (row := db.session.get(Notice, key))}
    assert spans == {first: (5, "working"), second: (3, "calendar")}
    for notice, free_from in ((first, date(2026, 3, 17)), (second, date(2026, 3, 13))):
        hang(world, notice, board)
        assert the_posting(world, notice, board).free_from == free_from


@one_database
def test_an_announcement_outside_of_the_catalogue_comes_down_when_it_is_over(world: World) -> None:
    board, clerk, over = a_board(world), world.client("office_staff"), MONDAY + DAY
    notice = announced(world, board)
    with the_day_is(MONDAY):
        page = Page(clerk.get(f"/posting/hang/{posting_of(world, notice, board)}"))
    assert_in_order(page)
    assert page.filled_in()["due_down_on"] == "2026-03-25", "nobody knows yet when it is over"
    assert hang(world, notice, board, due_down_on=over.isoformat()).status_code == 302
    assert coming_down(look(world, over)) == [posting_of(world, notice, board)]
    with the_day_is(over):
        assert_in_order(Page(clerk.get(f"/posting/down/{posting_of(world, notice, board)}")))
    assert take_down(world, notice, board, over).status_code == 302
    assert state(world, notice) == "taken_down"


@one_database
def test_an_announcement_hangs_the_usual_time_unless_somebody_says_otherwise(world: World) -> None:
    board = a_board(world)
    notice = announced(world, board)
    assert Page(hang(world, notice, board, due_down_on="2026-03-08")).complaint("due_down_on"), "before it went up"
    hang(world, notice, board)
    posting = the_posting(world, notice, board)
    assert (posting.free_from, posting.due_down_on) == (MONDAY, FREE)
    assert take_down(world, notice, board, MONDAY).status_code == 302


def test_a_notice_on_two_boards_is_taken_down_only_when_both_are_bare(world: World) -> None:
    east, west = a_board(world, "东门"), a_board(world, "西门")
    notice = hung(world, east, west)
    take_down(world, notice, east, FREE)
    assert state(world, notice) == "posted"
    take_down(world, notice, west, FREE + DAY)
    assert state(world, notice) == "taken_down"


def test_what_a_correction_replaces_comes_down_at_once(world: World) -> None:
    board, secretary = a_board(world), world.client("branch_secretary")
    old = hung(world, board)
    tuesday = MONDAY + DAY
    with the_day_is(tuesday):
        correction = int(secretary.post(f"/notice/correct/{old}").location.rpartition("/")[2])
        secretary.post(f"/notice/issue/{correction}")
    assert boards_of(world, correction) == {board}, "is not to go up where the old one hangs"
    assert take_down(world, old, board, tuesday).status_code == 200, "nothing hangs in its place yet"
    hang(world, correction, board, on=tuesday)
    assert coming_down(look(world, tuesday)) == [posting_of(world, old, board)]
    assert take_down(world, old, board, tuesday).status_code == 302
    assert state(world, old) == "taken_down"
    assert state(world, correction) == "posted"


@one_database
def test_what_is_corrected_before_it_hangs_everywhere_no_longer_goes_up(world: World) -> None:
    east, west, secretary = a_board(world, "东门"), a_board(world, "西门"), world.client("branch_secretary")
    old = issued(world, east, west)
    hang(world, old, east)
    assert going_up(look(world)) == [posting_of(world, old, west)]
    with the_day_is(MONDAY):
        correction = int(secretary.post(f"/notice/correct/{old}").location.rpartition("/")[2])
        assert going_up(look(world)) == [posting_of(world, old, west)], "a draft replaces nothing"
        secretary.post(f"/notice/issue/{correction}")
    assert set(going_up(look(world))) == {posting_of(world, correction, board) for board in (east, west)}


def test_the_next_quarters_notice_makes_the_last_one_due_to_come_down(world: World) -> None:
    board, item = a_board(world), a_quarterly_item(world)
    first = hung(world, board, item_id=item, duty="2026Q1", period="2026年第一季度")
    assert the_posting(world, first, board).due_down_on is None, "hangs until the next takes its place"
    summer = date(2026, 6, 30)
    assert coming_down(look(world, summer)) == []
    second = hung(world, board, on=summer, item_id=item, duty="2026Q2", period="2026年第二季度")
    assert the_posting(world, first, board).due_down_on == summer
    assert coming_down(look(world, summer)) == [posting_of(world, first, board)]
    early = summer + 2 * DAY
    hung(world, board, on=early, item_id=item, duty="2026Q3", period="2026年第三季度")
    free_from = the_posting(world, second, board).free_from
    assert free_from is not None
    assert free_from > early
    assert the_posting(world, second, board).due_down_on == free_from, "its own time is not over yet"


# --- today --------------------------------------------------------------------------------------------------------


def tasks(world: World, on: date, person: str = "office_staff") -> list[tuple[int, bool]]:
    """What the first page says is waiting at the boards: how much, and whether it presses."""
    with the_day_is(on):
        page = Page(world.client(person).get("/"))
    assert_in_order(page)
    found = page.soup.select(".tasks a[href='/posting/today/']")
    return [(int(task.select("strong")[0].get_text()), task.has_attr("class")) for task in found]


@one_database
def test_the_first_page_says_what_goes_up_and_what_should_be_down(world: World) -> None:
    board = a_board(world)
    notice = issued(world, board)
    assert tasks(world, MONDAY) == [(1, False)]
    hang(world, notice, board)
    assert tasks(world, FREE - DAY) == []
    assert tasks(world, FREE) == [(1, False)]
    issued(world, board, on=FREE)
    assert tasks(world, FREE + DAY) == [(1, True), (1, False)], "what presses does not come first"
    assert tasks(world, FREE + DAY, "supervisor") == [(1, True), (1, False)]
    take_down(world, notice, board, FREE + DAY)
    assert tasks(world, FREE + DAY) == [(1, False)]


@one_database
def test_the_boards_tell_what_fits_and_a_large_sheet_takes_two_places(world: World) -> None:
    board = a_board(world, width=120, height=90)
    a_board(world, "小栏", width=21, height=29)
    assert "0/10" in rooms(look(world))[0]
    hung(world, board)
    hung(world, board, paper="A3")
    page = look(world)
    assert "3/10" in rooms(page)[0]
    assert "0/0" in rooms(page)[1]


@one_database
def test_the_bar_of_a_board_that_holds_too_much_is_red_and_of_others_green(world: World) -> None:
    small = a_board(world, "小栏", width=30, height=40)
    hung(world, small)
    assert [is_red(bar) for bar in look(world).soup.select(".room meter")] == [False]
    hung(world, small)
    assert [is_red(bar) for bar in look(world).soup.select(".room meter")] == [True]


def is_red(bar: Any) -> bool:
    """HTML has a meter of which little is best be red, not yellow, where the best is below ``low`` and it is above
    ``high``."""
    if "optimum" not in bar.attrs:
        return False
    best, low, high, value = (float(bar[name]) for name in ("optimum", "low", "high", "value"))
    return best < low and value > high


def rooms(page: Page) -> list[str]:
    """Places taken and places there are, board by board."""
    found = []
    for room in page.soup.select(".room"):
        numbers = "".join(letter if letter.isdecimal() else " " for letter in room.get_text()).split()
        found.append("/".join(numbers[:2]))
    return found


@one_database
def test_whoever_only_looks_is_offered_nothing_to_press(world: World) -> None:
    board = a_board(world)
    issued(world, board)
    hung(world, board)
    page = look(world, FREE, "supervisor")
    assert going_up(page) == []
    assert not page.soup.select("main form")


@one_database
def test_the_postings_are_found_by_where_they_stand(world: World) -> None:
    east, west, clerk = a_board(world, "东门"), a_board(world, "西门"), world.client("office_staff")
    waiting, hanging, gone = issued(world, east), hung(world, east), hung(world, west)
    take_down(world, gone, west, FREE)
    for place, notice, board in (("to_go_up", waiting, east), ("up", hanging, east), ("down", gone, west)):
        page = Page(clerk.get(f"/posting/list/?place={place}"))
        assert_in_order(page)
        shown = {link for link in page.links() if link.startswith("/posting/show/")}
        assert shown == {f"/posting/show/{posting_of(world, notice, board)}"}


# --- what is taken along ------------------------------------------------------------------------------------------


def read(answer: Any) -> list[str]:
    """The text of each page of a PDF, without spaces; no font of it may be missing."""
    assert (answer.status_code, answer.mimetype) == (200, "application/pdf")
    reading = Reading(answer.data)
    fonts = {letter["fontname"] for page in reading.chars for letter in page}
    assert fonts
    assert all("+" in font for font in fonts), "a font is not embedded"
    return ["".join(text.split()) for text in reading.page_texts]


@one_database
def test_the_bundle_holds_the_list_and_then_every_notice_that_goes_up(world: World) -> None:
    east, west = a_board(world, "东门公示栏"), a_board(world, "西门公示栏")
    down, first, second = hung(world, east), issued(world, east, west), issued(world, east)
    dropped, elsewhere = issued(world, east), issued(world, west)
    clerk = world.client("office_staff")
    clerk.post(f"/posting/drop/{posting_of(world, dropped, east)}")
    rows = {key: world.get("notice", key) for key in (down, first, second, dropped, elsewhere)}
    with the_day_is(FREE):
        answer = clerk.get(f"/posting/bundle/{east}")
    listed, *sheets = read(answer)
    assert "东门公示栏张贴清单" in listed
    assert [rows[key].number in listed for key in rows] == [True, True, True, False, False]
    assert [rows[key].title in listed for key in (down, first, second)] == [True, True, True]
    assert [next(key for key in rows if rows[key].number in sheet) for sheet in sheets] == [second, first]
    assert listed.index(rows[second].number) < listed.index(rows[first].number), "the list has another order"
    assert acts(world, "notice_board", east)[-1] == "print"


@one_database
def test_what_hangs_on_a_board_can_be_printed_again_as_a_whole(world: World) -> None:
    board, bare, clerk = a_board(world, "东门公示栏"), a_board(world, "西门公示栏"), world.client("office_staff")
    stays, goes_up = (world.get("notice", make(world, board)) for make in (hung, issued))
    with the_day_is(MONDAY):
        buttons = Page(clerk.get(f"/notice_board/show/{board}")).links()
        address = f"/posting/bundle/{board}?whole=1"
        assert address in buttons
        assert address in look(world).links()
        listed, *sheets = read(clerk.get(address))
        assert [notice.number in listed for notice in (stays, goes_up)] == [True, True]
        assert [goes_up.number in sheets[0], stays.number in sheets[1]] == [True, True]
        assert "在墙" in listed
        answer = clerk.get(f"/posting/bundle/{bare}?whole=1", follow_redirects=True)
    assert Page(answer).flashes() == ["这里没有张贴公示。"]


@one_database
def test_what_is_kept_of_a_board_and_a_notice_is_called_what_it_is(world: World) -> None:
    board, clerk = a_board(world), world.client("office_staff")
    notice = world.get("notice", issued(world, board))
    with the_day_is(MONDAY):
        bundle, sheet = clerk.get(f"/posting/bundle/{board}"), clerk.get(f"/notice/pdf/{notice.id}")
    assert quote("东门公示栏张贴清单及公告 2026-03-09.pdf") in bundle.headers["Content-Disposition"]
    assert quote(f"{notice.title} {notice.number}.pdf") in sheet.headers["Content-Disposition"]


@one_database
def test_a_notice_that_was_altered_behind_the_portals_back_is_not_bundled(world: World) -> None:
    board = a_board(world)
    notice = issued(world, board)
    with world.app.app_context(), owner() as connection:
        table = Notice.__table__
        altered = world.get("notice", notice).snapshot.replace("请监督", "请付款")
        connection.execute(table.update().where(table.c.id == notice).values(snapshot=altered))
    assert going_up(look(world)) == [posting_of(world, notice, board)]
    answer = world.client("office_staff").get(f"/posting/bundle/{board}")
    assert answer.location == f"/notice/show/{notice}", "is not led to where it is told"
    assert acts(world, "notice_board", board) == ["add"]
