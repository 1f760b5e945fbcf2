"""Coming in and going out: who gets in, what is left on the page, what the trail tells, and how it all begins."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urljoin, urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from app.accounts import security
from app.accounts.models import Account
from app.accounts.operations import give_password
from app.community.models import Community
from app.kernel.audit import AuditEntry
from app.kernel.db import db, transaction
from app.kernel.scope import as_system
from app.roles import Role
from tests.web.page import Page, one_database
from tests.world import PASSWORD, World

STAFF = Role.STAFF.value


@pytest.fixture
def staffed(world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    """Everybody has the same password; the hash is a cheap one, so that the tests are quick."""
    cheap = security.generate_password_hash
    monkeypatch.setattr(security, "generate_password_hash", lambda password: cheap(password, "pbkdf2:sha256:1"))
    with world.app.app_context(), as_system("test"), transaction():
        for account in db.session.scalars(select(Account)):
            give_password(account, PASSWORD)
    return world


def log_in(client: FlaskClient, username: str = STAFF, password: str = PASSWORD, onward: str = "") -> Any:
    return client.post("/login/", query_string={"next": onward} if onward else {}, data=keys(username, password))


def keys(username: str, password: str) -> dict[str, str]:
    return {"username": username, "password": password}


def trail(world: World) -> list[tuple[str, str]]:
    """What was done and by whom, oldest first."""
    with world.app.app_context(), as_system("test"):
        rows = db.session.execute(
            select(AuditEntry.action, AuditEntry.actor)
            .where(AuditEntry.action.in_(["log_in", "log_in_failed", "log_out"]))
            .order_by(AuditEntry.id)
        )
        return [(action, actor) for action, actor in rows]


def get_account(world: World, username: str) -> Account:
    with world.app.app_context(), as_system("test"):
        account = db.session.scalars(select(Account).where(Account.username == username)).one()
        db.session.expunge(account)
        return account


# --- logging in ---------------------------------------------------------------------------------------------------


def test_the_right_password_opens_the_portal(staffed: World) -> None:
    client = staffed.client()
    answer = log_in(client)
    assert answer.status_code == 302
    assert answer.location == "/"
    assert Page(client.get("/")).heading.endswith("您好")
    assert client.get("/login/").location == "/", "who is in is not asked again"
    assert trail(staffed) == [("log_in", "干事甲 (office_staff)")]
    account = get_account(staffed, STAFF)
    assert account.login_count == 1
    assert account.last_login is not None


@pytest.mark.parametrize(
    ("username", "password"),
    [
        (STAFF, "wrong"),
        (STAFF, ""),
        (STAFF, PASSWORD.upper()),
        (STAFF, "密" * 5000),
        ("nobody", PASSWORD),
        ("", ""),
        ("王\x00小明", PASSWORD),
        ("' OR 1=1 --", PASSWORD),
        ("长" * 5000, "x"),
    ],
    ids=["wrong", "empty", "upper case", "long", "unknown", "nothing", "NUL", "SQL", "long name"],
)
def test_a_wrong_password_keeps_the_name_and_says_one_thing(staffed: World, username: str, password: str) -> None:
    client = staffed.client()
    page = Page(log_in(client, username, password))
    assert page.status == 200
    assert page.flashes() == ["用户名或密码错误。"]
    assert page.filled_in()["username"].replace("\ufffd", "") == username.replace("\0", "")
    assert page.filled_in()["password"] == ""
    assert not page.english() or username not in {"", STAFF}
    assert client.get("/").status_code == 302


def test_failures_are_in_the_trail_as_well(staffed: World) -> None:
    client = staffed.client()
    log_in(client, password="wrong")
    log_in(client)
    client.post("/logout/")
    told = trail(staffed)
    assert [action for action, _ in told] == ["log_in_failed", "log_in", "log_out"]
    assert {actor for _, actor in told} == {"干事甲 (office_staff)"}
    page = Page(staffed.client("auditor").get("/audit_entry/list/"))
    assert all(words in page.text for words in ("登录", "退出"))
    assert "wrong" not in page.source


def test_guessing_names_is_in_the_trail_without_the_name_that_may_be_a_password(staffed: World) -> None:
    """People type their password into the name field by mistake; the attempt is told, the text is not."""
    log_in(staffed.client(), username="MySecret-2026")
    assert [action for action, _ in trail(staffed)] == ["log_in_failed"]
    assert "MySecret" not in staffed.client("auditor").get("/audit_entry/list/").text


def test_somebody_unknown_costs_a_hash_too(staffed: World, monkeypatch: pytest.MonkeyPatch) -> None:
    hashes: list[str] = []
    check = security.check_password_hash

    def counted(stored: str, password: str) -> bool:
        hashes.append(stored)
        return check(stored, password)

    monkeypatch.setattr(security, "check_password_hash", counted)
    staffed.lock("supervisor")
    for username in (STAFF, "nobody", "supervisor"):
        hashes.clear()
        assert log_in(staffed.client(), username, "wrong").status_code == 200
        assert len(hashes) == 1, username
        assert hashes[0], username


def test_the_fake_hash_costs_as_much_as_a_real_one(app: Flask) -> None:
    fake, real = app.config["AUTH_DB_FAKE_PASSWORD_HASH_CHECK"], security.hashed("anything at all")
    assert fake.partition("$")[0] == real.partition("$")[0]


def test_a_locked_account_does_not_get_in_and_is_told_no_more_than_others(staffed: World) -> None:
    staffed.lock(STAFF)
    page = Page(log_in(staffed.client()))
    assert page.flashes() == ["用户名或密码错误。"]
    assert [action for action, _ in trail(staffed)] == ["log_in_failed"]


def test_an_account_without_a_password_opens_to_nothing(world: World) -> None:
    for password in ("", "None", PASSWORD):
        assert log_in(world.client(), password=password).status_code == 200


# --- where to -----------------------------------------------------------------------------------------------------


def test_one_gets_where_one_wanted_to_go(staffed: World) -> None:
    client = staffed.client()
    door = client.get("/facility/list/?q=书&order=name")
    assert door.status_code == 302
    answer = client.post(door.location, data=keys(STAFF, PASSWORD))
    assert client.get(answer.location).status_code == 200
    assert answer.request.path == "/login/"
    page = Page(client.get(answer.location))
    assert page.soup.select_one("#q")["value"] == "书"  # type: ignore[index]


@pytest.mark.parametrize(
    "onward",
    [
        "https://evil.example/",
        "//evil.example/",
        "/\\evil.example",
        "\\\\evil.example",
        "javascript:alert(1)",
        "http:evil.example",
        "https:///evil.example",
        "/\t/evil.example",
        " //evil.example",
        "//evil.example\x00",
        "http://localhost@evil.example/",
        "http://localhost.evil.example/",
    ],
)
def test_nobody_is_led_to_another_house(staffed: World, onward: str) -> None:
    client = staffed.client()
    for answer in (log_in(client, onward=onward), client.get("/login/", query_string={"next": onward})):
        assert answer.status_code in {302, 400}
        if answer.status_code == 302:
            there = urlsplit(urljoin("http://localhost/login/", answer.location))
            assert (there.scheme, there.netloc) == ("http", "localhost"), answer.location


# --- going out ----------------------------------------------------------------------------------------------------


def test_logging_out_ends_it(staffed: World) -> None:
    client = staffed.client()
    log_in(client)
    assert client.get("/logout/").status_code == 405, "a link or picture elsewhere would log people out"
    assert client.get("/").status_code == 200
    page = Page(client.get(client.post("/logout/").location))
    assert page.flashes() == ["您已退出登录。"]
    assert client.get("/").status_code == 302
    assert client.post("/logout/").status_code == 302, "twice does no harm"


def test_a_cookie_kept_from_before_is_worth_nothing(staffed: World) -> None:
    client, thief = staffed.client(), staffed.client()
    log_in(client)
    thief.set_cookie("session", client.get_cookie("session").value)  # type: ignore[union-attr]
    assert thief.get("/").status_code == 200
    client.post("/logout/")
    assert thief.get("/").status_code == 302


def test_a_changed_password_ends_the_sessions_elsewhere(staffed: World) -> None:
    here, elsewhere = staffed.client(), staffed.client()
    log_in(here)
    log_in(elsewhere)
    assert change(here, PASSWORD, "a new long sentence").status_code == 302
    assert here.get("/").status_code == 200
    assert elsewhere.get("/").status_code == 302


def test_the_session_cookie_cannot_be_read_by_scripts_nor_sent_from_elsewhere(staffed: World) -> None:
    cookie = log_in(staffed.client()).headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie


# --- one's own password -------------------------------------------------------------------------------------------


def change(client: FlaskClient, old: str, new: str, again: str | None = None) -> Any:
    return client.post("/password/", data={"old": old, "new": new, "again": new if again is None else again})


BAD_PASSWORDS = [
    ("wrong", "a new long sentence", None, "old"),
    ("", "a new long sentence", None, "old"),
    (PASSWORD, "short", None, "new"),
    (PASSWORD, "", None, "new"),
    (PASSWORD, "aaaaaaaaaaaa", None, "new"),
    (PASSWORD, "my office_staff 1", None, "new"),
    (PASSWORD, "x" * 100 + "abcde" * 10, None, "new"),
    (PASSWORD, "a new long sentence", "a new long sentense", "again"),
]


@one_database
@pytest.mark.parametrize(("old", "new", "again", "field"), BAD_PASSWORDS)
def test_a_bad_password_is_refused_beside_its_field(
    staffed: World, old: str, new: str, again: str | None, field: str
) -> None:
    client = staffed.client(STAFF)
    page = Page(change(client, old, new, again))
    assert page.status == 200
    assert page.complaint(field)
    assert not page.english()
    assert not page.defects()
    assert set(page.filled_in().values()) & {old, new, again} <= {""}, "a password stands in the page"
    assert log_in(staffed.client()).status_code == 302, "the old one no longer works"


def test_a_good_password_takes_the_place_of_the_old(staffed: World) -> None:
    client = staffed.client(STAFF)
    answer = change(client, PASSWORD, "一句容易记住的长长的话")
    assert answer.status_code == 302
    assert Page(client.get(answer.location)).flashes() == ["密码已修改。"]
    assert log_in(staffed.client()).status_code == 200
    assert log_in(staffed.client(), password="一句容易记住的长长的话").status_code == 302


# --- what the administrator does ----------------------------------------------------------------------------------


def test_the_administrator_gives_a_new_password_that_is_shown_once(staffed: World) -> None:
    client, key = staffed.client("administrator"), get_account(staffed, STAFF).id
    assert client.get(f"/account/reset/{key}").status_code == 405
    answer = client.post(f"/account/reset/{key}")
    page = Page(client.get(answer.location))
    found = re.search(r"[a-z2-9]{4}-[a-z2-9]{4}-[a-z2-9]{4}", page.flashes()[0])
    assert found is not None
    assert found[0] not in client.get(answer.location).text, "shown a second time"
    assert log_in(staffed.client()).status_code == 200
    assert log_in(staffed.client(), password=found[0]).status_code == 302
    stored = staffed.client("auditor").get("/audit_entry/list/").text
    assert found[0] not in stored


def test_a_new_password_is_in_the_trail(staffed: World) -> None:
    key = get_account(staffed, STAFF).id
    staffed.client("administrator").post(f"/account/reset/{key}")
    with staffed.app.app_context(), as_system("test"):
        acts = db.session.execute(
            select(AuditEntry.actor, AuditEntry.subject).where(
                AuditEntry.register == "account", AuditEntry.record_id == key
            )
        ).all()
    assert ("管理员甲 (administrator)", "干事甲") in [tuple(act) for act in acts]


def test_a_new_account_can_be_used_at_once(staffed: World) -> None:
    client = staffed.client("administrator")
    data = {"username": "zhouning", "full_name": "周宁", "role": STAFF, "active": "1"}
    answer = client.post("/account/add/", data={**data, "community_id": str(staffed.here.id)})
    assert answer.status_code == 302, Page(answer).summary()
    page = Page(client.get(answer.location))
    password = re.search(r"[a-z2-9]{4}-[a-z2-9]{4}-[a-z2-9]{4}", " ".join(page.flashes()))
    assert password is not None
    assert log_in(staffed.client(), "zhouning", password[0]).status_code == 302


@pytest.mark.parametrize(
    ("change", "field"), [({"role": "branch_secretary"}, "role"), ({"active": None}, "active")], ids=["role", "lock"]
)
def test_nobody_changes_their_own_role_or_locks_themselves_out(
    staffed: World, change: dict[str, str | None], field: str
) -> None:
    client = staffed.client("administrator")
    own, other = get_account(staffed, "administrator").id, get_account(staffed, STAFF).id
    for key, status in ((own, 200), (other, 302)):
        form = {**Page(client.get(f"/account/edit/{key}")).filled_in(), "full_name": "周宁", **change}
        answer = client.post(f"/account/edit/{key}", data={k: v for k, v in form.items() if v is not None})
        assert answer.status_code == status, field
        if status == 200:
            assert Page(answer).complaint(field)
    account = get_account(staffed, "administrator")
    assert (account.role, account.active) == ("administrator", True)


@pytest.mark.parametrize("username", ["Zhou Ning", "周宁", "zn", "1234", "zhou@ning", "office_staff"])
def test_a_bad_user_name_is_refused(staffed: World, username: str) -> None:
    data = {"username": username, "full_name": "周宁", "role": STAFF, "active": "1"}
    page = Page(
        staffed.client("administrator").post("/account/add/", data={**data, "community_id": str(staffed.here.id)})
    )
    assert page.complaint("username")
    assert page.filled_in()["username"] == username


def test_guessing_is_slowed_down(staffed: World) -> None:
    limiter = staffed.app.appbuilder.sm.limiter  # type: ignore[attr-defined]
    limiter.reset()
    limiter.enabled = True
    try:
        client = staffed.client()
        statuses = [log_in(client, password=f"guess {number}").status_code for number in range(25)]
        page = Page(log_in(client))
    finally:
        limiter.enabled = False
        limiter.reset()
    assert statuses[:5] == [200] * 5, "five mistakes are forgiven"
    assert statuses[-1] == page.status == 429
    assert page.heading == "尝试次数过多"
    assert not page.english()
    assert log_in(staffed.client()).status_code == 302


# --- the first run ------------------------------------------------------------------------------------------------

FIRST = {
    "community": "春晖社区",
    "level": "3",
    "full_name": "周宁",
    "username": "zhouning",
    "new": "a long first sentence",
    "again": "a long first sentence",
}


@pytest.fixture
def empty(world: World) -> Iterator[World]:
    """An installation that has just been made: code lists, and nothing else."""
    with world.app.app_context(), db.engine.begin() as connection:
        for table in (AuditEntry.__table__, Account.__table__):
            connection.execute(table.delete())
        connection.execute(Community.__table__.update().values(parent_id=None))
        connection.execute(Community.__table__.delete())
    return world


def count(world: World, model: Any) -> int:
    with world.app.app_context(), as_system("test"):
        return len(db.session.scalars(select(model)).all())


def test_an_empty_portal_asks_for_its_community_and_administrator(empty: World) -> None:
    client = empty.client()
    assert client.get("/").location.startswith("/login/")
    assert client.get("/login/").location == "/first-run/"
    page = Page(client.get("/first-run/"))
    assert page.status == 200
    assert not page.defects()
    assert not page.english()
    assert set(page.filled_in()) - {"csrf_token"} == set(FIRST)


@one_database
@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"community": ""}, "community"),
        ({"community": "春晖\0社区"}, "community"),
        ({"community": "春" * 100}, "community"),
        ({"full_name": ""}, "full_name"),
        ({"full_name": "1234"}, "full_name"),
        ({"full_name": "周" * 55}, "full_name"),
        ({"username": ""}, "username"),
        ({"username": "周宁"}, "username"),
        ({"new": "short", "again": "short"}, "new"),
        ({"new": "zhouning-zhouning", "again": "zhouning-zhouning"}, "new"),
        ({"again": "something else"}, "again"),
        ({"level": "9"}, "level"),
    ],
    ids=lambda value: str(value)[:40].replace("\0", "NUL"),
)
def test_the_first_page_says_what_is_wrong_and_keeps_the_rest(empty: World, wrong: dict[str, str], field: str) -> None:
    sent = {**FIRST, **wrong}
    page = Page(empty.client().post("/first-run/", data=sent))
    assert page.status == 200
    assert page.complaint(field)
    assert not page.english() or "username" in page.english() or "zhouning" in page.english()
    kept = page.filled_in()
    for name in ("community", "full_name", "username"):
        assert kept[name].replace("\ufffd", "") == sent[name].replace("\0", ""), name
    assert (kept["new"], kept["again"]) == ("", "")
    assert count(empty, Account) == count(empty, Community) == 0


def test_the_first_administrator_gets_in_and_lets_others_in(empty: World) -> None:
    client = empty.client()
    answer = client.post("/first-run/", data=FIRST)
    assert answer.location == "/login/"
    assert Page(client.get("/login/")).flashes() == ["初始设置已完成，请以管理员身份登录。"]
    assert count(empty, Account) == count(empty, Community) == 1
    assert log_in(client, "zhouning", FIRST["new"]).status_code == 302
    page = Page(client.get("/"))
    assert "春晖社区" in page.soup.get_text()
    community = Page(client.get("/account/add/"))
    assert community.status == 200
    found = client.get("/community/choices/", query_string={"q": "春晖"}).get_json()
    data = {"username": "user1", "full_name": "李明", "role": "auditor", "active": "1"}
    made = client.post("/account/add/", data={**data, "community_id": str(found[0]["id"])})
    assert made.status_code == 302, Page(made).summary()
    beginning = Page(empty.client("user1").get("/audit_entry/list/"))
    assert "春晖社区" in beginning.text
    assert set(beginning.english()) <= {"zhouning"}, "the first entries of the trail are not Chinese"


def test_the_first_page_is_gone_once_it_has_done_its_work(empty: World) -> None:
    assert empty.client().post("/first-run/", data=FIRST).status_code == 302
    client = empty.client()
    assert client.get("/first-run/").status_code == 404
    assert client.post("/first-run/", data={**FIRST, "username": "another"}).status_code == 404
    assert count(empty, Account) == 1
    assert client.get("/login/").status_code == 200


def test_the_first_page_is_not_there_where_people_work(world: World) -> None:
    for client in (world.client(), world.client("administrator")):
        assert client.get("/first-run/").status_code == 404
        assert client.post("/first-run/", data=FIRST).status_code == 404
