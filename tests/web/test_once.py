"""A page that is sent twice, by a double click or a second try, makes one record; two wishes make two."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Barrier, Thread
from typing import Any

from sqlalchemy import func, select, update
from werkzeug.security import check_password_hash

from app.accounts.models import Account, note
from app.community.models import Person
from app.kernel import once
from app.kernel.db import db, now, transaction
from app.kernel.once import SentForm
from app.kernel.registers import REGISTERS
from app.kernel.scope import as_system
from tests.rows import a_row
from tests.web.page import Page
from tests.world import World

ADD = "/person/add/"


def token_of(client: Any, address: str = ADD) -> str:
    return str(Page(client.get(address)).filled_in()["token"])


def people(world: World) -> list[str]:
    with world.work():
        return list(db.session.scalars(select(Person.name).order_by(Person.id)))


def test_a_page_sent_twice_makes_one_record_and_leads_to_it_both_times(world: World) -> None:
    client = world.client("office_staff")
    form = {"name": "张明", "token": token_of(client)}
    first, second = client.post(ADD, data=form), client.post(ADD, data=form)
    assert people(world) == ["张明"]
    assert first.status_code == second.status_code == 302
    assert first.location == second.location
    assert "张明" in Page(client.get(second.location)).text


def test_who_goes_back_and_types_another_name_gets_another_record(world: World) -> None:
    client = world.client("office_staff")
    token = token_of(client)
    for name in ("张明", "李华"):
        assert client.post(ADD, data={"name": name, "token": token}).status_code == 302
    assert people(world) == ["张明", "李华"]


def test_a_page_that_comes_back_with_an_error_is_still_the_same_page(world: World) -> None:
    client = world.client("office_staff")
    token = token_of(client)
    wrong = Page(client.post(ADD, data={"name": "", "token": token}))
    assert wrong.filled_in()["token"] == token
    for _twice in range(2):
        assert client.post(ADD, data={"name": "张明", "token": token}).status_code == 302
    assert people(world) == ["张明"]


def test_what_is_no_token_of_ours_guards_nothing_and_breaks_nothing(world: World) -> None:
    client = world.client("office_staff")
    for name, token in zip("甲乙丙丁戊", ("", "x" * 32, "0" * 33, "张" * 32, "A" * 32), strict=True):
        page = Page(client.post(ADD, data={"name": "", "token": token}))
        assert re.fullmatch("[0-9a-f]{32}", page.filled_in()["token"])
        assert client.post(ADD, data={"name": f"居民{name}", "token": token}).status_code == 302
    assert client.post(ADD, data={"name": "张明", "token": "\0" * 32}).status_code < 500


def test_somebody_elses_page_tells_nothing(world: World) -> None:
    """Who knows the token and all that was sent with it is led to a record they may not see."""
    form = {"name": "张明", "token": "0" * 32}
    assert world.client("office_staff").post(ADD, data=form).status_code == 302
    assert world.client("stranger").post(ADD, data=form).status_code == 404
    with world.work(world.there):
        assert db.session.scalars(select(Person.name)).all() == []


def test_the_same_words_on_another_register_are_another_wish(world: World) -> None:
    client = world.client("office_staff")
    form = {"name": "阅览角", "place": "一楼", "token": "0" * 32}
    made = client.post(ADD, data=form).location
    assert made.startswith("/person/show/")
    assert client.post("/book_corner/add/", data=form).location.startswith("/book_corner/show/")
    with world.work():
        assert db.session.scalars(select(REGISTERS["book_corner"].model.name)).all() == ["阅览角"]
    assert people(world) == ["阅览角"]
    assert client.post(ADD, data=form).location == made, "each page leads to its own"


def test_two_sendings_at_the_same_moment_make_one_record(world: World) -> None:
    form = {"name": "张明", "token": "0" * 32}
    clients, locations, start = [world.client("office_staff") for _ in range(4)], [], Barrier(4)

    def send(client: Any) -> None:
        start.wait()
        locations.append(client.post(ADD, data=form).location)

    threads = [Thread(target=send, args=[client]) for client in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert people(world) == ["张明"]
    assert len(locations) == 4
    assert len(set(locations)) == 1
    assert locations[0]


# --- a new account ------------------------------------------------------------------------------------------------

NEW_ACCOUNT = "/account/add/"


def new_account(world: World, client: Any) -> dict[str, str]:
    return {
        "username": "xiaozhang",
        "full_name": "张明",
        "role": "office_staff",
        "community_id": str(world.here.id),
        "active": "1",
        "token": token_of(client, NEW_ACCOUNT),
    }


@contextmanager
def the_account(world: World) -> Iterator[Account]:
    with world.app.app_context(), as_system("test"), transaction():
        yield db.session.scalars(select(Account).where(Account.username == "xiaozhang")).one()


def password_of(world: World) -> str | None:
    with the_account(world) as account:
        return account.password


def test_a_new_account_sent_twice_is_one_and_its_password_is_shown(world: World) -> None:
    client = world.client("administrator")
    form = new_account(world, client)
    world.client("administrator").post(NEW_ACCOUNT, data=form)  # the answer got lost on the way
    shown = Page(client.get(client.post(NEW_ACCOUNT, data=form).location))
    assert "仅显示这一次" in shown.text
    given = re.findall(r"[a-z2-9]{4}-[a-z2-9]{4}-[a-z2-9]{4}", " ".join(shown.flashes()))
    assert check_password_hash(password_of(world) or "", given[-1]), "the one shown last opens"


def test_the_page_that_made_an_account_takes_no_password_away_from_who_uses_it(world: World) -> None:
    """The administrator presses F5 on the old page, when its owner has chosen a password, or has just come in."""
    client = world.client("administrator")
    form = new_account(world, client)
    shown = client.post(NEW_ACCOUNT, data=form).location
    client.get(shown)
    for used in ({"password_given": False}, {"password_given": True, "last_login": now()}):
        with the_account(world) as account:
            note(account, **used)
        before = password_of(world)
        again = client.post(NEW_ACCOUNT, data=form)
        assert again.location == shown, "it just leads to the record"
        assert "仅显示这一次" not in Page(client.get(shown)).text
        assert password_of(world) == before, used


def test_the_page_that_made_an_account_opens_no_stronger_one(world: World) -> None:
    """Who was added as staff is the administrator by now; the security administrator still has the page."""
    client = world.client("security_administrator")
    form = new_account(world, client)
    shown = client.post(NEW_ACCOUNT, data=form).location
    client.get(shown)
    with the_account(world) as account:
        account.role = "administrator"
    before = password_of(world)
    assert client.post(NEW_ACCOUNT, data=form).location == shown
    assert "仅显示这一次" not in Page(client.get(shown)).text
    assert password_of(world) == before


def test_a_screen_keeps_its_address_when_the_page_that_made_it_is_sent_again(world: World) -> None:
    client, address = world.client("branch_secretary"), "/screen/add/"
    board = a_row(world, "notice_board")
    form = {"name": "大厅屏", "board_id": str(board), "token": token_of(client, address)}
    shown = client.post(address, data=form).location
    secret = re.compile(r"/screen/[\w-]{32}/")
    before = secret.findall(client.get(shown).text)
    assert before
    assert client.post(address, data=form).location == shown
    assert secret.findall(client.get(shown).text) == before


def test_what_was_sent_is_forgotten_after_a_day(world: World) -> None:
    client = world.client("office_staff")
    client.post(ADD, data={"name": "张明", "token": "0" * 32})
    with world.app.app_context(), as_system("test"), transaction():
        db.session.execute(update(SentForm).values(at=now() - once.KEPT * 2))
    client.post(ADD, data={"name": "李华", "token": "1" * 32})
    with world.app.app_context(), as_system("test"):
        assert db.session.scalar(select(func.count()).select_from(SentForm)) == 1
