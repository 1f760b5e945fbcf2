"""Coming in and going out: who gets in, what is left on the page, what the trail tells, and how it all begins."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta, tzinfo
from typing import Any
from urllib.parse import urljoin, urlsplit

import pyotp
import pytest
from flask import Flask, flash, get_flashed_messages
from flask.testing import FlaskClient
from sqlalchemy import select, update

from app.accounts import factor, rules, security, sessions
from app.accounts.models import Account
from app.accounts.operations import give_password
from app.community.models import Community
from app.kernel.audit import AuditEntry
from app.kernel.db import db, transaction
from app.kernel.scope import as_system
from app.roles import Role
from tests.web.page import Page, one_database
from tests.world import PASSWORD, World, owner

STAFF = Role.STAFF.value
ABOUT_DOORS = ["log_in", "log_in_failed", "log_out", "lock_out", "unlock", "second_factor", "second_factor_off"]


@pytest.fixture
def staffed(world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    """Everybody has the same password; the hash is a cheap one, also of those unknown, so that the tests are quick."""
    cheap = security.generate_password_hash
    monkeypatch.setattr(security, "generate_password_hash", lambda password: cheap(password, "pbkdf2:sha256:1"))
    monkeypatch.setitem(world.app.config, "AUTH_DB_FAKE_PASSWORD_HASH_CHECK", security.hashed("of nobody"))
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
            .where(AuditEntry.action.in_(ABOUT_DOORS))
            .order_by(AuditEntry.id)
        )
        return [(action, actor) for action, actor in rows]


def get_account(world: World, username: str) -> Account:
    with world.app.app_context(), as_system("test"):
        account = db.session.scalars(select(Account).where(Account.username == username)).one()
        db.session.expunge(account)
        return account


def with_phone(world: World, username: str, secret: str = pyotp.random_base32()) -> pyotp.TOTP:
    """Somebody's account asks for codes from now on; what their phone shows is ``.now()`` of this."""
    phone = pyotp.TOTP(secret)
    with world.app.app_context(), as_system("test"), transaction():
        account = db.session.scalars(select(Account).where(Account.username == username)).one()
        account.totp_sealed = factor.sealed(account, secret)
    return phone


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


# --- guessing -----------------------------------------------------------------------------------------------------

WAIT = re.compile(r"错误次数过多，请在 \d\d:\d\d 后再试。")
ALWAYS_NEW = re.compile(rf'{WAIT.pattern}|name="csrf_token" value="[^"]+"')


class Clock:
    """The portal's clock: it stands still, that no code runs out meanwhile, until a test puts it forward."""

    def __init__(self) -> None:
        self.at = time.time()

    def later(self, **by: float) -> None:
        self.at += timedelta(**by).total_seconds()

    def now(self) -> float:
        return self.at


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()

    class Moved(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> datetime:
            return datetime.fromtimestamp(clock.at, tz)

    monkeypatch.setattr("app.kernel.db.datetime", Moved)
    monkeypatch.setattr(sessions, "time", clock.now)
    return clock


@pytest.fixture
def tried(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The passwords that were hashed, and the codes that were compared."""
    tried: list[str] = []
    check, match = security.check_password_hash, rules.matching_step

    def checked(stored: str, password: str) -> bool:
        tried.append(password)
        return check(stored, password)

    def matched(secret: str, code: str, at: datetime, after: int) -> int | None:
        tried.append(code)
        return match(secret, code, at, after)

    monkeypatch.setattr(security, "check_password_hash", checked)
    monkeypatch.setattr(rules, "matching_step", matched)
    return tried


def guess_a_password(world: World) -> Callable[[int], Any]:
    client = world.client()
    return lambda number: log_in(client, password=f"guess {number}")


def guess_for_many(world: World) -> Callable[[int], Any]:
    client = world.client()

    def guess(number: int) -> Any:
        client.environ_base["HTTP_X_FORWARDED_FOR"] = f"10.0.{number // 250}.{number % 250}"  # which anybody can say
        return log_in(client, f"name{number}", "welcome 2026")

    return guess


def guess_from_within(world: World) -> Callable[[int], Any]:
    client = world.client("security_administrator")
    return lambda number: change(client, f"guess {number}", "a new long sentence")


def guess_a_code(world: World) -> Callable[[int], Any]:
    client = world.client()
    with_phone(world, STAFF)
    assert log_in(client).location == "/login/code/?next=/"
    return lambda number: client.post("/login/code/", data={"code": f"{number:06}"})


GUESSERS = [guess_a_password, guess_for_many, guess_from_within, guess_a_code]


@one_database
@pytest.mark.parametrize("guesser", GUESSERS, ids=lambda guesser: guesser.__name__)
def test_of_a_thousand_guesses_by_each_door_ten_are_looked_at(
    staffed: World, tried: list[str], guesser: Callable[[World], Callable[[int], Any]]
) -> None:
    guess = guesser(staffed)
    tried.clear()
    last = [guess(number) for number in range(1000)][-1]
    assert 5 <= len(tried) <= 10, "people mistype, guessers do not get far"
    page = Page(last)
    assert WAIT.search(" ".join([*page.flashes(), page.text]))
    assert not page.defects()
    assert set(page.english()) <= {"name999"}


def test_who_mistyped_too_often_waits_longer_each_time_and_then_gets_in(
    staffed: World, clock: Clock, tried: list[str]
) -> None:
    client = staffed.client()
    pages = [Page(log_in(client, password="wrong")) for _time in range(5)]
    assert [page.flashes() for page in pages[:4]] == [["用户名或密码错误。"]] * 4, "four mistakes are forgiven"
    assert WAIT.search(pages[4].flashes()[0]), "the fifth says when to go on"
    for minutes in (1, 2, 4, 8, 16, 30, 30):
        tried.clear()
        page = Page(log_in(client))
        assert page.status == 429
        assert WAIT.fullmatch(page.flashes()[0])
        assert page.filled_in()["username"] == STAFF
        assert not page.defects()
        clock.later(minutes=minutes, seconds=-20)
        assert log_in(client).status_code == 429, "the right password does not open either"
        assert not tried, "it does not even reach the hash"
        clock.later(seconds=21)
        assert log_in(client, password="wrong").status_code == 200
    clock.later(minutes=31)
    assert log_in(client).status_code == 302
    assert trail(staffed).count(("lock_out", "干事甲 (office_staff)")) == 8
    client.post("/logout/")
    assert log_in(client, password="wrong").status_code == 200, "what came before is forgotten"
    assert log_in(client).status_code == 302


def test_waiting_does_not_tell_who_has_an_account(staffed: World, tried: list[str]) -> None:
    staffed.lock("supervisor")
    told: list[list[tuple[int, str]]] = []
    for number, username in enumerate((STAFF, "nobody", "supervisor")):
        tried.clear()
        client = at(staffed.client(), f"10.0.0.{number}")
        answers = [log_in(client, username, f"guess {guess}") for guess in range(7)]
        told.append([(answer.status_code, ALWAYS_NEW.sub("", answer.text.replace(username, ""))) for answer in answers])
        assert len(tried) == 5
    assert told[0] == told[1] == told[2]
    assert [status for status, _text in told[0]] == [200] * 5 + [429] * 2


def at(client: FlaskClient, address: str) -> FlaskClient:
    """The browser of somebody at another machine."""
    client.environ_base["REMOTE_ADDR"] = address
    return client


def test_one_address_trying_many_names_waits_and_the_office_beside_it_does_not(staffed: World) -> None:
    thief, colleague = at(staffed.client(), "10.0.0.66"), at(staffed.client(), "10.0.0.7")
    for number in range(9):
        assert log_in(thief, f"name{number}", "welcome 2026").status_code == 200
        log_in(colleague, password="wrong")
        assert log_in(colleague).status_code == 302, "mistakes of those who get in do not add up"
        colleague.post("/logout/")
    assert log_in(thief, "name9", "welcome 2026").status_code == 200
    assert log_in(thief).status_code == 429, "a name it has not tried"
    assert log_in(colleague).status_code == 302


def test_many_at_once_do_not_slip_through(staffed: World, tried: list[str]) -> None:
    with ThreadPoolExecutor(8) as together:
        answers = list(together.map(lambda number: log_in(staffed.client(), password=f"guess {number}"), range(24)))
    assert {answer.status_code for answer in answers} <= {200, 409, 429}
    assert len(tried) == 5


def test_logging_out_is_not_counted(staffed: World) -> None:
    client = staffed.client()
    assert {client.post("/logout/").status_code for _time in range(30)} == {302}
    assert log_in(client).status_code == 302


def test_an_administrator_spares_somebody_the_waiting(staffed: World) -> None:
    client, key = at(staffed.client(), "10.0.0.7"), get_account(staffed, STAFF).id
    for _time in range(6):
        log_in(client, password="wrong")
    administrator = staffed.client("administrator")
    page = Page(administrator.get(f"/account/show/{key}"))
    assert re.search(r"多次输错密码，\d\d:\d\d 前不能登录", page.text)
    assert not page.defects()
    assert not page.english()
    assert f"/account/unlock/{key}" in page.source
    page = Page(administrator.get(administrator.post(f"/account/unlock/{key}").location))
    assert page.flashes() == ["干事甲现在可以重新登录了。"]
    assert f"/account/unlock/{key}" not in page.source
    assert log_in(client).status_code == 302
    assert ("unlock", "管理员甲 (administrator)") in trail(staffed)


def test_who_cannot_log_in_because_of_others_at_the_same_machine_is_helped_as_well(staffed: World) -> None:
    client, key = at(staffed.client(), "10.0.0.7"), get_account(staffed, STAFF).id
    log_in(client)
    client.post("/logout/")
    for number in range(10):
        log_in(client, f"name{number}", "wrong")
    assert log_in(client).status_code == 429
    administrator = staffed.client("administrator")
    page = Page(administrator.get(f"/account/show/{key}"))
    assert re.search(r"10\.0\.0\.7.+\d\d:\d\d", page.text)
    assert not page.defects()
    page = Page(administrator.get(administrator.post(f"/account/unlock/{key}").location))
    assert "10.0.0.7" not in page.text
    assert log_in(client).status_code == 302


def test_ten_failures_from_one_machine_shut_out_no_other_on_a_server_that_listens_to_both_kinds_of_addresses(
    staffed: World,
) -> None:
    thief = at(staffed.client(), "::ffff:10.0.0.66")
    for number in range(10):
        log_in(thief, f"name{number}", "wrong")
    assert log_in(thief).status_code == 429
    assert log_in(at(staffed.client(), "::ffff:10.0.0.7")).status_code == 302


def test_who_runs_the_server_lets_the_only_administrator_in_again(staffed: World) -> None:
    """They have lost password and phone, and somebody keeps guessing at their name."""
    with_phone(staffed, "administrator", SECRET)
    client, run = staffed.client(), staffed.app.test_cli_runner()
    for _time in range(5):
        log_in(client, "administrator", "wrong")
    assert log_in(client, "administrator").status_code == 429
    with staffed.app.app_context():
        assert "no account nobody" in run.invoke(args=["rescue", "nobody"]).output
        done = run.invoke(args=["rescue", "administrator"])
    assert done.exit_code == 0, done.output
    assert log_in(client, "administrator", done.output.strip()).location == "/"
    assert client.get("/").location == "/password/"
    assert ("second_factor_off", "服务器管理员") in trail(staffed)


# --- the first password -------------------------------------------------------------------------------------------

OWN = "一句容易记住的长长的话"


def test_who_was_given_a_password_chooses_their_own_before_anything_else(staffed: World) -> None:
    key = get_account(staffed, STAFF).id
    administrator = staffed.client("administrator")
    given = given_password(Page(administrator.get(administrator.post(f"/account/reset/{key}").location)))
    assert "尚未设置自己的密码" in administrator.get(f"/account/show/{key}").text
    client = staffed.client()
    assert log_in(client, password=given).status_code == 302
    for address in ("/", "/person/list/", "/person/add/", "/search/?q=a", "/password/second-factor/"):
        assert client.get(address).location == "/password/", address
    assert client.post("/person/add/", data={"name": "周宁"}).location == "/password/"
    for answer in (
        client.get("/search/answers/?q=a", headers={"Accept": "application/json"}),
        client.post("/person/add/", json={"name": "周宁"}),
    ):
        assert answer.status_code == 403
    page = Page(client.get("/password/"))
    assert page.heading == "请设置自己的密码"
    assert not page.defects()
    assert not page.english()
    assert Page(change(client, given, given)).complaint("new"), "the given one is not one's own"
    assert client.get("/").location == "/password/"
    assert change(client, given, OWN).location == "/"
    assert client.get("/person/list/").status_code == 200
    other = staffed.client()
    log_in(other, password=OWN)
    assert other.get("/").status_code == 200, "it is asked for once"


def test_who_will_not_choose_can_leave(staffed: World) -> None:
    given = staffed.client("administrator").post(f"/account/reset/{get_account(staffed, STAFF).id}")
    assert given.status_code == 302
    client = staffed.client(STAFF)
    assert client.get("/").location == "/password/"
    assert client.post("/logout/").location == "/login/"
    assert Page(client.get("/login/")).flashes() == ["您已退出登录。"]


def given_password(page: Page) -> str:
    found = re.search(r"[a-z2-9]{4}-[a-z2-9]{4}-[a-z2-9]{4}", " ".join(page.flashes()))
    assert found is not None
    return found[0]


def test_the_names_of_person_and_place_are_no_password(staffed: World) -> None:
    client = staffed.client(STAFF)
    for guess in ("春和社区123456", "chunheshequ2026", "woaini5201314", "ganshijia19750312"):
        assert Page(change(client, PASSWORD, guess)).complaint("new") == "密码过于简单，容易被猜中。", guess


def test_full_width_letters_of_a_chinese_keyboard_are_the_same_password(staffed: World) -> None:
    assert change(staffed.client(STAFF), PASSWORD, "我家门前有１２棵树ｏｋ").location == "/"
    assert log_in(staffed.client(), password="我家门前有12棵树ok").status_code == 302


# --- how long it lasts --------------------------------------------------------------------------------------------


def test_who_does_nothing_for_an_hour_is_out_and_who_works_is_not(staffed: World, clock: Clock) -> None:
    client = staffed.client()
    log_in(client)
    for _time in range(3):
        clock.later(minutes=50)
        assert client.get("/").status_code == 200
    clock.later(minutes=61)
    door = client.get("/facility/list/?q=书")
    assert door.status_code == 302
    page = Page(client.get(door.location))
    assert "超过 60 分钟没有操作" in page.text
    assert not page.defects()
    assert not page.english()
    assert client.post(door.location, data=keys(STAFF, PASSWORD)).location == "/facility/list/?q=%E4%B9%A6"
    assert client.get("/").status_code == 200


def test_after_ten_hours_everybody_logs_in_again(staffed: World, clock: Clock) -> None:
    client = staffed.client()
    log_in(client)
    for _time in range(11):
        clock.later(minutes=54)
        assert client.get("/").status_code == 200
    clock.later(minutes=7)
    assert client.get("/").status_code == 302


def test_a_cookie_that_came_before_grows_old_all_the_same(staffed: World, monkeypatch: pytest.MonkeyPatch) -> None:
    client = staffed.client()
    client.get("/lang/en")
    assert '<html lang="en">' in client.get("/login/").text

    class TenHoursLater(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> datetime:
            return datetime.now(tz) + timedelta(hours=10, minutes=1)

    monkeypatch.setattr(sessions, "datetime", TenHoursLater)
    assert '<html lang="zh-CN">' in client.get("/login/").text


def test_what_one_page_is_told_is_not_told_to_another_with_the_same_cookie(staffed: World) -> None:
    client = staffed.client()
    client.post("/logout/")
    cookie = client.get_cookie("session").value  # type: ignore[union-attr]
    for _time in range(2):
        with staffed.app.test_request_context("/login/", headers={"Cookie": f"session={cookie}"}):
            flash("您好", "info")
            assert get_flashed_messages() == ["您已退出登录。", "您好"]


def test_what_was_typed_when_the_session_ended_is_sent_again_after_logging_in(staffed: World, clock: Clock) -> None:
    client = staffed.client()
    log_in(client)
    form = {**Page(client.get("/facility/add/")).filled_in(), "name": "图书室 <b>", "address": "东街1号\n二楼"}
    clock.later(minutes=61)
    page = Page(client.post("/facility/add/?back=/", data=form))
    assert page.status == 401
    assert page.heading == "请重新登录"
    assert "还没有保存" in page.text
    assert not page.defects()
    assert not page.english()
    assert page.form.get("action") == "/facility/add/?back=/"
    kept = page.filled_in()
    assert {name: kept[name] for name in ("name", "address")} == {name: form[name] for name in ("name", "address")}
    assert log_in(client).status_code == 302
    assert Page(client.post("/facility/add/?back=/", data=kept)).complaint("name") == "", "the portal looks at it anew"


def test_a_password_that_was_sent_too_late_does_not_stand_in_the_page(staffed: World, clock: Clock) -> None:
    client = staffed.client()
    log_in(client)
    clock.later(minutes=61)
    answer = change(client, PASSWORD, OWN)
    assert answer.status_code == 401
    assert PASSWORD not in answer.text
    assert OWN not in answer.text
    assert "没有保存任何内容" in answer.text


def test_who_is_not_in_and_sends_something_comes_to_where_one_can_look_afterwards(staffed: World) -> None:
    client = staffed.client()
    door = client.post("/account/reset/1")
    assert door.status_code == 302
    assert client.post(door.location, data=keys(STAFF, PASSWORD)).location == "/"


def test_logging_out_takes_along_how_the_lists_were_left(staffed: World) -> None:
    client = staffed.client()
    log_in(client)
    client.get("/facility/list/?q=书")
    assert client.get_cookie("left", path="/facility/") is not None
    answer = client.post("/logout/")
    assert client.get_cookie("left", path="/facility/") is None
    assert sum(len(name) + len(value) + 4 for name, value in answer.headers) < 4096, "more than a proxy takes"


def test_one_sees_when_and_from_where_the_account_was_used(staffed: World) -> None:
    thief = at(staffed.client(), "10.0.0.66")
    log_in(at(staffed.client(), "10.0.0.7"))
    for _time in range(3):
        log_in(thief, password="wrong")
    client = at(staffed.client(), "10.0.0.8")
    log_in(client)
    page = Page(client.get("/password/"))
    facts = {row.dt.get_text(): row.dd.get_text() for row in page.soup.select(".facts > div")}  # type: ignore[union-attr]
    assert facts["本次登录"].endswith("，来自 10.0.0.8")
    assert facts["上次登录"].endswith("，来自 10.0.0.7")
    assert facts["此后失败次数"] == "3"
    assert "有人在试您的密码" in page.text
    assert not page.defects()
    assert not page.english()


# --- the second factor --------------------------------------------------------------------------------------------


def test_somebody_sets_up_their_phone_and_logs_in_with_it(staffed: World, clock: Clock) -> None:
    client, elsewhere = staffed.client(), staffed.client()
    log_in(client)
    log_in(elsewhere)
    page = Page(client.get("/password/second-factor/"))
    assert not page.defects()
    assert not page.english()
    assert page.soup.select_one("main img")["src"].startswith("data:image/svg+xml")  # type: ignore[index, union-attr]
    secret = page.soup.code.get_text().replace(" ", "")  # type: ignore[union-attr]
    phone = Phone(secret, clock)
    page = Page(client.post("/password/second-factor/", data={"code": "000000", "old": PASSWORD}))
    assert page.complaint("code")
    assert page.soup.code.get_text().replace(" ", "") == secret, "the phone need not scan again"  # type: ignore[union-attr]
    assert Page(client.post("/password/second-factor/", data={"code": phone.code(), "old": "wrong"})).complaint("old")
    right = {"code": phone.code(), "old": PASSWORD, "token": page.filled_in()["token"]}
    page = Page(client.post("/password/second-factor/", data=right))
    assert page.heading == "备用码 干事甲 (office_staff)"
    assert len(set(page.flashes()[0].split())) == 10
    assert not page.defects()
    left = stored(staffed)
    assert client.post("/password/second-factor/", data=right).location == "/password/", "F5 makes others"
    assert stored(staffed) == left
    assert client.get("/").status_code == 200
    assert elsewhere.get("/").status_code == 302, "what was open without the phone goes on"
    assert secret not in stored(staffed), "it stands in the database as it is"
    assert not set(page.flashes()[0].split()) & set(stored(staffed).split('"'))

    fresh = staffed.client()
    answer = log_in(fresh, onward="/facility/list/")
    assert answer.location == "/login/code/?next=/facility/list/"
    page = Page(fresh.get(answer.location))
    assert not page.defects()
    assert not page.english()
    assert fresh.get("/").status_code == 302, "the password alone opens"
    page = Page(fresh.post(answer.location, data={"code": phone.code()}))
    assert page.flashes() == ["验证码错误，或已经用过。"], "the code it was set up with opens again"
    clock.later(seconds=30)
    assert (
        fresh.post(answer.location, data={"code": f" {phone.code()[:3]} {phone.code()[3:]}"}).location
        == "/facility/list/"
    )
    assert fresh.get("/facility/list/").status_code == 200
    late = staffed.client()
    log_in(late)
    assert late.post("/login/code/", data={"code": phone.code()}).status_code == 200, "a code seen over a shoulder"
    assert late.get("/").status_code == 302
    told = [action for action, _who in trail(staffed)]
    assert told == ["log_in", "log_in", "log_in_failed", "second_factor", "log_in_failed", "log_in", "log_in_failed"]


class Phone:
    """What shows the codes of ``secret``."""

    def __init__(self, secret: str, clock: Clock) -> None:
        self._totp, self._clock = pyotp.TOTP(secret), clock

    def code(self) -> str:
        return self._totp.at(int(self._clock.now()))


def stored(world: World) -> str:
    """All that is in the database about accounts."""
    with world.app.app_context(), as_system("test"):
        return str([db.session.execute(select(table)).all() for table in (Account.__table__, AuditEntry.__table__)])


def test_without_the_phone_a_recovery_code_opens_once(staffed: World, clock: Clock) -> None:
    client = staffed.client(STAFF)
    secret = Page(client.get("/password/second-factor/")).soup.code.get_text().replace(" ", "")  # type: ignore[union-attr]
    given = {"code": Phone(secret, clock).code(), "old": PASSWORD}
    codes = Page(client.post("/password/second-factor/", data=given)).flashes()[0].split()
    for code, opens in ((codes[0], True), (codes[0], False), (codes[1].lower().replace("-", ""), True)):
        fresh = staffed.client()
        log_in(fresh)
        assert (fresh.post("/login/code/", data={"code": code}).status_code == 302) == opens, code
    assert "还剩 8 个备用码" in client.get("/password/").text
    answer = client.post("/password/second-factor/", data={"do": "codes", "old": PASSWORD})
    renewed = Page(answer).flashes()[0].split()
    assert not set(renewed) & set(codes)
    fresh = staffed.client()
    log_in(fresh)
    assert fresh.post("/login/code/", data={"code": codes[2]}).status_code == 200
    assert fresh.post("/login/code/", data={"code": renewed[2]}).status_code == 302
    assert Page(client.post("/password/second-factor/", data={"do": "off", "old": "wrong"})).complaint("old")
    assert client.post("/password/second-factor/", data={"do": "off", "old": PASSWORD}).location == "/password/"
    assert log_in(staffed.client()).location == "/"


def test_the_password_is_good_for_a_few_minutes_only_until_the_code_comes(staffed: World, clock: Clock) -> None:
    with_phone(staffed, STAFF, SECRET)
    client = staffed.client()
    assert client.get("/login/code/").location.startswith("/login/")
    log_in(client)
    clock.later(minutes=6)
    assert client.post("/login/code/", data={"code": Phone(SECRET, clock).code()}).location.startswith("/login/")
    assert client.get("/").status_code == 302


SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


def test_the_secret_of_another_account_opens_nothing(staffed: World, clock: Clock) -> None:
    """Somebody who can write to the database puts their own in place of the secretary's."""
    with_phone(staffed, STAFF, SECRET)
    own = get_account(staffed, STAFF).totp_sealed
    with staffed.app.app_context(), as_system("test"), transaction():
        db.session.execute(update(Account).where(Account.username == "branch_secretary").values(totp_sealed=own))
    client = staffed.client()
    log_in(client, "branch_secretary")
    assert client.post("/login/code/", data={"code": Phone(SECRET, clock).code()}).status_code == 500
    assert client.get("/").status_code == 302


def test_an_administrator_helps_who_lost_the_phone(staffed: World) -> None:
    with_phone(staffed, STAFF, SECRET)
    key, administrator = get_account(staffed, STAFF).id, staffed.client("administrator")
    page = Page(administrator.get(f"/account/show/{key}"))
    assert f"/account/drop-factor/{key}" in page.source
    assert not page.english()
    page = Page(administrator.get(administrator.post(f"/account/drop-factor/{key}").location))
    assert page.flashes() == ["干事甲现在只用密码登录。"]
    assert log_in(staffed.client()).location == "/"
    assert ("second_factor_off", "管理员甲 (administrator)") in trail(staffed)


def test_a_role_that_needs_a_phone_sets_it_up_before_anything_else(staffed: World, clock: Clock) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(staffed.app.config, "SECOND_FACTOR", frozenset({"administrator"}))
        client = staffed.client("administrator")
        assert client.get("/account/list/").location == "/password/second-factor/"
        page = Page(client.get("/password/second-factor/"))
        assert "您的角色必须使用两步登录。" in page.text
        secret = page.soup.code.get_text().replace(" ", "")  # type: ignore[union-attr]
        client.post("/password/second-factor/", data={"code": Phone(secret, clock).code(), "old": PASSWORD})
        assert client.get("/account/list/").status_code == 200
        page = Page(client.post("/password/second-factor/", data={"do": "off", "old": PASSWORD}))
        assert page.complaint("old") == "您的角色必须使用两步登录。"
        assert 'value="off"' not in page.source
        assert staffed.client(STAFF).get("/").status_code == 200, "others need none"


# --- who manages whom ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("stronger", ["administrator", "auditor", "system_administrator"])
def test_nobody_manages_an_account_that_may_more_than_they_could_grant(staffed: World, stronger: str) -> None:
    with staffed.app.app_context(), as_system("test"), transaction():
        db.session.execute(update(Account).values(community_id=staffed.here.id))
    client = staffed.client("security_administrator")
    own, theirs = get_account(staffed, STAFF).id, get_account(staffed, stronger).id
    with_phone(staffed, stronger, SECRET)
    before = get_account(staffed, stronger)
    page = Page(client.get(f"/account/show/{theirs}"))
    assert f"/account/reset/{theirs}" not in page.source
    assert "您的账号无权管理这种角色的账号。" in page.text
    assert not page.defects()
    assert f"/account/reset/{own}" in client.get(f"/account/show/{own}").text
    for act in ("reset", "unlock", "drop-factor"):
        assert client.post(f"/account/{act}/{theirs}").status_code == 403, act
        assert client.post(f"/account/{act}/{own}").status_code == 302, act
    form = Page(client.get(f"/account/edit/{theirs}")).filled_in()
    for sent in ({"active": None}, {"role": STAFF}, {"username": "mine"}):
        page = Page(client.post(f"/account/edit/{theirs}", data=without_none({**form, **sent})))
        assert page.complaint("role") == "您的账号无权管理这种角色的账号。", sent
    form = Page(client.get(f"/account/edit/{own}")).filled_in()
    assert Page(client.post(f"/account/edit/{own}", data={**form, "role": stronger})).complaint("role")
    assert client.post(f"/account/edit/{own}", data={**form, "role": "supervisor"}).status_code == 302
    new = {"username": "zhouning", "full_name": "周宁", "active": "1", "community_id": str(staffed.here.id)}
    assert Page(client.post("/account/add/", data={**new, "role": stronger})).complaint("role")
    assert client.post("/account/add/", data={**new, "role": "supervisor"}).status_code == 302
    after = get_account(staffed, stronger)
    assert (after.version, after.password, after.totp_sealed) == (before.version, before.password, before.totp_sealed)


def test_whoever_finds_the_administrators_browser_open_does_not_become_the_administrator(staffed: World) -> None:
    """The ways for others would not ask for the old password; for oneself there is one's own page, which does."""
    with_phone(staffed, "administrator", SECRET)
    before = get_account(staffed, "administrator")
    client = staffed.client("administrator")
    for act in ("reset", "unlock", "drop-factor"):
        assert client.post(f"/account/{act}/{before.id}").status_code == 403, act
    page = Page(client.get(f"/account/show/{before.id}"))
    assert not [form for form in page.soup.select("main form") if str(before.id) in str(form["action"])]
    assert page.soup.select_one("main .buttons a[href='/password/']")
    assert not page.defects()
    for wanted in ("off", "codes"):
        answer = client.post("/password/second-factor/", data={"do": wanted})
        assert Page(answer).complaint("old"), wanted
    after = get_account(staffed, "administrator")
    assert (after.password, after.totp_sealed) == (before.password, before.totp_sealed)


def without_none(form: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in form.items() if value is not None}


def test_accounts_of_another_community_are_not_there(staffed: World) -> None:
    client, key = staffed.client("security_administrator"), get_account(staffed, "stranger").id
    for act in ("reset", "unlock", "drop-factor", "edit"):
        assert client.post(f"/account/{act}/{key}").status_code == 404, act
    new = {"username": "zhouning", "full_name": "周宁", "active": "1", "role": STAFF}
    page = Page(client.post("/account/add/", data={**new, "community_id": str(staffed.there.id)}))
    assert page.status == 200
    assert count(staffed, Account) == 8


# --- under which name the portal is called ------------------------------------------------------------------------


@one_database
def test_the_portal_answers_to_its_own_names_and_to_numbers_only(world: World) -> None:
    client = world.client()
    for host in ("localhost", "localhost:8080", "192.168.1.10:8080", "127.0.0.1", "[::1]:8080", "[fe80::1]"):
        assert client.get("/login/", headers={"Host": host}).status_code == 200, host
    for host in ("evil.example", "evil.example:80", "localhost.evil.example", "192.168.1.10.evil.example", ""):
        answer = client.get("/login/", headers={"Host": host})
        assert answer.status_code == 400, host
        assert answer.mimetype == "text/plain"
        assert answer.text == "本系统不使用这个网址，请用管理员告知的网址打开。"
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(world.app.config, "HOSTS", ("portal.office.lan",))
        patch.setitem(world.app.config, "ANY_ADDRESS", False)
        assert client.get("/login/", headers={"Host": "Portal.Office.LAN:443"}).status_code == 200
        assert client.get("/login/", headers={"Host": "192.168.1.10"}).status_code == 400


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
    with world.app.app_context(), owner() as connection:
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
    auditor, given = empty.client("user1"), given_password(Page(client.get(made.location)))
    assert change(auditor, given, "a sentence of my own").location == "/"
    beginning = Page(auditor.get("/audit_entry/list/"))
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
