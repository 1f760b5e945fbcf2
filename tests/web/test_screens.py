"""The screens in the halls: open to whoever has the address, showing what hangs on one board, and nothing else."""

from __future__ import annotations

import json
import re
from contextlib import suppress
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from werkzeug.test import TestResponse

from app.boards.models import Posting, Screen
from app.disclosure.lifecycle import State
from app.disclosure.models import Notice
from app.kernel.audit import AuditEntry
from app.kernel.db import db, today, transaction
from app.kernel.scope import as_system
from app.printing import Column, Snapshot, Table
from tests.rows import a_row
from tests.web.page import Page, one_database
from tests.world import Place, World, owner

TODAY = today()


def a_sheet(title: str, **more: Any) -> Snapshot:
    return Snapshot(layout="notice", title=title, issuer="春和社区居民委员会", paragraphs=("请监督。",), **more)


def a_board(world: World, name: str = "东门公示栏", at: Place | None = None) -> int:
    return a_row(world, "notice_board", at, name=name)


def put_up(world: World, board: int, sheet: Snapshot, at: Place | None = None, **posting: Any) -> int:
    """An issued notice hangs on ``board``, unless ``posting`` says otherwise; returns the id of the posting."""
    place = at or world.here
    with world.work(place), transaction():
        notice = Notice(
            community_id=place.id,
            title=sheet.title,
            issuer=sheet.issuer,
            source="text",
            state=State.POSTED,
            drafted_by="干事甲 (office_staff)",
            snapshot=sheet.to_json(),
            digest=sheet.digest(),
        )
        row = Posting(community_id=place.id, board_id=board, notice=notice, **{"posted_on": TODAY, **posting})
        db.session.add(row)
        db.session.flush()
        return int(row.id)


def take_down(world: World, posting: int) -> None:
    with world.work(), transaction():
        db.session.get_one(Posting, posting).taken_down_on = TODAY


def a_screen(world: World, board: int, username: str = "branch_secretary") -> tuple[int, str]:
    """A screen added the way the secretary adds it: its id and the path of its address."""
    client = world.client(username)
    added = client.post("/screen/add/", data={"board_id": str(board)})
    assert added.status_code == 302, added.get_data(as_text=True)
    key = int(added.location.rpartition("/")[2])
    return key, address(client, key)


def address(client: FlaskClient, key: int) -> str:
    """The path of the address that the page of a screen shows."""
    field = Page(client.get(f"/screen/show/{key}")).soup.select_one("input#address")
    assert field is not None
    shown = str(field["value"])
    assert shown.startswith("http://localhost/screen/")
    return shown.removeprefix("http://localhost")


def ask(world: World, path: str, **headers: str) -> TestResponse:
    """What a screen hears that nobody is logged in at."""
    return world.client().get(f"{path}slides", headers={name.replace("_", "-"): text for name, text in headers.items()})


def titles(answer: TestResponse) -> list[str]:
    assert answer.status_code == 200
    return list(dict.fromkeys(slide["title"] for slide in answer.get_json()["slides"]))


# --- what it shows ------------------------------------------------------------------------------------------------


def test_a_screen_shows_without_logging_in_what_hangs_on_its_board_the_newest_first(world: World) -> None:
    board = a_board(world)
    _key, path = a_screen(world, board)
    put_up(world, board, a_sheet("关于停车的公告"))
    put_up(world, board, a_sheet("关于低保的公示"))
    answer = ask(world, path)
    assert answer.is_json
    assert answer.get_json()["community"] == "春和社区"
    assert answer.get_json()["board"] == "东门公示栏"
    assert titles(answer) == ["关于低保的公示", "关于停车的公告"]


def test_a_board_with_nothing_on_it_gives_no_slides(world: World) -> None:
    _key, path = a_screen(world, a_board(world))
    assert titles(ask(world, path)) == []


def test_only_what_hangs_on_that_board_now_is_shown(world: World) -> None:
    board, other = a_board(world), a_board(world, "西门公示栏")
    _key, path = a_screen(world, board)
    put_up(world, board, a_sheet("挂着的"))
    put_up(world, other, a_sheet("别处的"))
    put_up(world, board, a_sheet("还没挂的"), posted_on=None)
    put_up(world, board, a_sheet("不挂的"), posted_on=None, dropped_by="干事甲")
    taken = put_up(world, board, a_sheet("取下的"))
    assert titles(ask(world, path)) == ["取下的", "挂着的"]
    take_down(world, taken)
    assert titles(ask(world, path)) == ["挂着的"]


def test_another_communitys_notices_are_never_shown(world: World) -> None:
    """Not even if a posting of theirs came to name this board, which PostgreSQL does not let happen."""
    board = a_board(world)
    _key, path = a_screen(world, board)
    put_up(world, board, a_sheet("我们的"))
    theirs = put_up(world, a_board(world, at=world.there), a_sheet("他们的"), at=world.there)
    with suppress(IntegrityError), world.app.app_context(), owner() as connection:
        connection.execute(update(Posting.__table__).where(Posting.__table__.c.id == theirs).values(board_id=board))
    assert titles(ask(world, path)) == ["我们的"]


def test_a_screen_of_the_neighbours_shows_theirs(world: World) -> None:
    put_up(world, a_board(world), a_sheet("我们的"))
    board = a_board(world, at=world.there)
    put_up(world, board, a_sheet("他们的"), at=world.there)
    _key, path = a_screen(world, board, "stranger")
    answer = ask(world, path)
    assert titles(answer) == ["他们的"]
    assert answer.get_json()["community"] == "秋实社区"


def test_who_drafted_hung_or_photographed_a_notice_stays_in_the_office(world: World) -> None:
    board = a_board(world)
    _key, path = a_screen(world, board)
    table = Table((Column("序号"), Column("姓名")), (("1", "王*明"),))
    put_up(world, board, a_sheet("名单", table=table), posted_by="干事甲 (office_staff)", photo=b"\xff\xd8\xff")
    told = json.dumps(ask(world, path).get_json(), ensure_ascii=False)
    assert "王*明" in told
    for inner in ("干事甲", "office_staff", '"id"', "photo"):
        assert inner not in told


def test_a_sheet_that_was_altered_behind_the_portals_back_is_not_shown(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    board = a_board(world)
    _key, path = a_screen(world, board)
    put_up(world, board, a_sheet("如实的"))
    put_up(world, board, a_sheet("发放每户100元"))
    notices = Notice.__table__
    with world.app.app_context(), owner() as connection:
        for key, stored in connection.execute(select(notices.c.id, notices.c.snapshot)).all():
            altered = stored.replace("每户100元", "每户900元")
            connection.execute(notices.update().where(notices.c.id == key).values(snapshot=altered))
    assert titles(ask(world, path)) == ["如实的"]
    assert "altered notice" in caplog.text


# --- how it is answered -------------------------------------------------------------------------------------------


@one_database
def test_an_answer_is_never_kept_but_asking_whether_it_still_holds_is_cheap(world: World) -> None:
    board = a_board(world)
    _key, path = a_screen(world, board)
    first = put_up(world, board, a_sheet("关于停车的公告"))
    answer = ask(world, path)
    assert answer.headers["Cache-Control"] == "no-store"
    tag = answer.headers["ETag"]
    again = ask(world, path, If_None_Match=tag)
    assert (again.status_code, again.data) == (304, b"")
    take_down(world, first)
    changed = ask(world, path, If_None_Match=tag)
    assert titles(changed) == []
    assert changed.headers["ETag"] != tag


@one_database
def test_the_page_is_kept_for_a_day_and_holds_nothing_but_its_frame(world: World) -> None:
    board = a_board(world)
    put_up(world, board, a_sheet("关于停车的公告"))
    _key, path = a_screen(world, board)
    answer = world.client().get(path)
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "private, max-age=86400"
    assert answer.data == world.client().get("/screen/anything/").data, "the page tells whether an address is right"
    page = Page(answer)
    assert "default-src 'self'" in page.headers["Content-Security-Policy"]
    assert "unsafe" not in page.headers["Content-Security-Policy"]
    for word in ("关于停车的公告", "东门公示栏", "春和社区", path.split("/")[2]):
        assert word not in page.source
    for part in page.soup.select("script[src], link[rel=stylesheet]"):
        kept = world.client().get(str(part.get("src") or part.get("href")), buffered=True)
        assert "immutable" in kept.headers["Cache-Control"], part


@one_database
def test_a_screen_gets_no_cookie_and_needs_none(world: World) -> None:
    _key, path = a_screen(world, a_board(world))
    for asked in (path, f"{path}slides", "/screen/wrong/", "/screen/wrong/slides"):
        assert "Set-Cookie" not in world.client().get(asked).headers, asked


@one_database
@pytest.mark.parametrize("token", ["wrong", "x" * 32, "x" * 5_000, "春和社区", "%00", "%ff", "list", "show", "1"])
def test_a_wrong_address_is_nowhere(world: World, token: str) -> None:
    a_screen(world, a_board(world))
    put_up(world, a_board(world, "西门公示栏"), a_sheet("关于停车的公告"))
    answer = world.client().get(f"/screen/{token}/slides")
    assert (answer.status_code, answer.data) == (404, b"")


@one_database
def test_a_screen_whose_address_was_never_made_cannot_be_asked_for(world: World) -> None:
    """Its stored index is empty; so is what an empty address would look for."""
    world.make("screen", board_id=a_board(world))
    for token in ("None", "null", "%20"):
        assert world.client().get(f"/screen/{token}/slides").status_code == 404


@one_database
def test_nothing_can_be_sent_to_a_screens_address(world: World) -> None:
    _key, path = a_screen(world, a_board(world))
    for asked in (path, f"{path}slides"):
        assert world.client().post(asked).status_code == 405


# --- its address --------------------------------------------------------------------------------------------------


def test_a_new_screen_has_an_address_that_nobody_guesses(world: World) -> None:
    first, second = (a_screen(world, a_board(world, name))[1] for name in ("东门公示栏", "西门公示栏"))
    assert first != second
    for path in (first, second):
        assert re.fullmatch(r"/screen/[A-Za-z0-9_-]{32}/", path)


def test_a_new_address_kills_the_old_one(world: World) -> None:
    board = a_board(world)
    put_up(world, board, a_sheet("关于停车的公告"))
    key, old = a_screen(world, board)
    secretary = world.client("branch_secretary")
    assert secretary.post(f"/screen/renew/{key}").status_code == 302
    new = address(secretary, key)
    assert ask(world, old).status_code == 404
    assert titles(ask(world, new)) == ["关于停车的公告"]


def test_deleting_a_screen_kills_its_address(world: World) -> None:
    key, path = a_screen(world, a_board(world))
    world.client("branch_secretary").post(f"/screen/delete/{key}")
    assert world.get("screen", key) is None
    assert ask(world, path).status_code == 404


def test_a_board_has_one_screen(world: World) -> None:
    board = a_board(world)
    a_screen(world, board)
    again = world.client("branch_secretary").post("/screen/add/", data={"board_id": str(board)})
    assert again.status_code == 200
    assert Page(again).complaint("board_id")


def test_a_screen_that_lost_its_address_can_be_given_one(world: World) -> None:
    key = world.make("screen", board_id=a_board(world))
    secretary = world.client("branch_secretary")
    page = Page(secretary.get(f"/screen/show/{key}"))
    assert page.soup.select_one("input#address") is None
    secretary.post(f"/screen/renew/{key}")
    assert titles(ask(world, address(secretary, key))) == []


@one_database
def test_whoever_may_only_look_at_the_register_does_not_see_the_address(world: World) -> None:
    key, path = a_screen(world, a_board(world))
    page = Page(world.client("supervisor").get(f"/screen/show/{key}"))
    assert page.status == 200
    assert path not in page.source
    assert page.soup.select_one("input#address") is None
    assert world.client("supervisor").post(f"/screen/renew/{key}").status_code == 403
    assert ask(world, path).status_code == 200


@one_database
def test_the_neighbours_cannot_give_our_screen_a_new_address(world: World) -> None:
    key, path = a_screen(world, a_board(world))
    assert world.client("stranger").get(f"/screen/show/{key}").status_code == 404
    assert world.client("stranger").post(f"/screen/renew/{key}").status_code == 404
    assert ask(world, path).status_code == 200


@one_database
def test_the_page_of_a_screen_is_in_order(world: World) -> None:
    key, path = a_screen(world, a_board(world))
    page = Page(world.client("branch_secretary").get(f"/screen/show/{key}"))
    assert not page.defects()
    assert page.heading == "东门公示栏"
    assert path in page.links()
    assert "no-store" in page.headers["Cache-Control"]


def test_the_address_lies_sealed_in_the_database_and_stays_out_of_the_trail(world: World) -> None:
    key, path = a_screen(world, a_board(world))
    token = path.split("/")[2]
    with world.app.app_context(), as_system("test"):
        row = db.session.get_one(Screen, key)
        assert row.token == token
        stored = [str(value) for value in db.session.execute(select(Screen.__table__)).one()]
        trail = [json.dumps(changes) for changes in db.session.scalars(select(AuditEntry.changes))]
    assert not [text for text in (*stored, *trail) if token in text]
    assert any("token" in text for text in trail), "a new address is not told in the trail"
