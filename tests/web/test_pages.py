"""Every page there is, as each person meets it: in order, in Chinese, and quiet about what went wrong inside."""

from __future__ import annotations

import html
import re
from collections import Counter
from collections.abc import Iterator
from itertools import product
from typing import Any, cast
from urllib.parse import parse_qsl, urljoin, urlsplit

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, text
from werkzeug.test import TestResponse

from app import roles
from app.accounts import security
from app.kernel import listing, paging
from app.kernel.access import Right
from app.kernel.codes import Code
from app.kernel.db import db
from app.kernel.registers import REGISTERS
from app.kernel.scope import as_system
from app.roles import Role
from app.web import rows
from app.web.kept import Kept
from tests.web.page import Page, on_postgresql, one_database
from tests.web.typed import a_full_row, han
from tests.world import World, owner

NOT_VISITED = re.compile(
    r"/static/|/lang/|/screen/[\w-]{32}/|/notice/(pdf|page|draft)/|/posting/bundle/|/wall/"
    r"|/exchange/template/|.*\.(pdf|xlsx|ics)$"
)
"""Files, the screens in the halls, and what costs a print; test_notices.py and test_wall.py look at that."""
LONGEST = 40_000  # bytes; a page of 25 rows over a slow line


@pytest.fixture
def inhabited(world: World) -> World:
    """The small world with a row, all fields filled, in every register."""
    for register in REGISTERS:
        a_full_row(world, register)
    return world


def crawl(client: FlaskClient, records: int = 1) -> Iterator[tuple[str, TestResponse]]:
    """Every page that can be reached by following links from the first.

    Of pages that differ only in the record, ``records`` are looked at, of those that differ in what is asked, one.
    """
    waiting, seen, kinds = ["/"], {"/"}, Counter[Any]()
    while waiting:
        address = waiting.pop()
        answer = client.get(address, follow_redirects=True)
        yield address, answer
        for found in re.findall(r'<a [^>]*?href="([^"]*)"', answer.get_data(as_text=True)):
            onward = urljoin(address, html.unescape(found)).partition("#")[0]
            parts = urlsplit(onward)
            kind = re.sub(r"\d+", "0", parts.path), tuple(sorted(name for name, _ in parse_qsl(parts.query)))
            enough = records if not parts.query else 1
            if onward in seen or kinds[kind] >= enough or NOT_VISITED.match(parts.path):
                continue
            seen.add(onward)
            kinds[kind] += 1
            waiting.append(onward)


def pages_of(role: Role) -> set[str]:
    """The pages of the menu besides the lists, but for those that draw."""
    found = {"/catalogue_item/progress/", "/catalogue_item/compliance/", "/posting/today/", "/notice/check/"}
    return found if Right.VIEW in roles.rights(role, "notice") else set()


def lists_of(role: Role) -> set[str]:
    """The lists of the menu; what is left out of it is reached from the records it belongs to."""
    shown = [name for name, view in REGISTERS.items() if view.in_menu]
    return {f"/{name}/list/" for name in shown if Right.VIEW in roles.rights(role, name)}


PARSED: set[str] = set()
"""The pages, numbers aside, that were parsed strictly before."""


@one_database
@pytest.mark.parametrize("role", list(Role))
def test_every_page_a_role_can_reach_is_in_order(inhabited: World, role: Role) -> None:
    visited, wrong, titles = set(), {}, dict[str, set[str]]()
    for address, answer in crawl(inhabited.client(role.value), records=2 if role is Role.SECRETARY else 1):
        assert answer.status_code == 200, (address, answer.status_code, answer.location)
        assert not urlsplit(address).netloc, address
        page = Page(answer)
        # What makes the page is the same for all who see it; parsing it strictly takes longer than drawing it.
        template = re.sub(r"\d+", "0", urlsplit(address).path)
        found = [
            *page.defects(strictly=template not in PARSED),
            *(f"English: {words}" for words in page.english()),
            *unguarded(page),
        ]
        if page.language != "zh-CN":
            found.append("does not say that it is Chinese")
        if found:
            wrong[address] = found
        PARSED.add(template)
        visited.add(urlsplit(address).path)
        titles.setdefault(page.title, set()).add(answer.request.path)
    assert not wrong
    assert not {title: paths for title, paths in titles.items() if len(paths) > 1}, "pages with the same title"
    assert visited >= {"/", "/password/"} | lists_of(role) | pages_of(role)


TOKENS = re.compile(r'name="(?:csrf_token|token)" value="[^"]*"')


@one_database
def test_what_is_kept_of_a_page_is_what_would_be_drawn_for_each_person_anew(inhabited: World) -> None:
    """Of other rights, another community, with other words and columns, seen one after another."""
    english, choosy = inhabited.client("office_staff"), inhabited.client("branch_secretary")
    english.get("/lang/en")
    choosy.post("/volunteer/columns/", data={"order": "person_id team_id", "column": ["person_id", "team_id"]})
    people = [english, choosy, *map(inhabited.client, ("stranger", "supervisor"))]
    pages = [f"/{name}/list/?page=1" for name in REGISTERS]
    pages += ["/", "/volunteer/add/", "/volunteer/list/?q=%E7%8E%8B", "/volunteer/list/?skill=1&order=skill"]
    pages += ["/volunteer/list/?order=skill&desc=1&registered_on.from=x"]

    def drawn() -> Iterator[str]:
        for page in pages:
            for person in people:
                yield TOKENS.sub("", person.get(page).get_data(as_text=True))

    forget_what_was_drawn(inhabited)
    first, again, anew = list(drawn()), list(drawn()), []
    for page in pages:
        for person in people:
            forget_what_was_drawn(inhabited)
            anew.append(TOKENS.sub("", person.get(page).get_data(as_text=True)))
    assert first == anew
    assert again == anew


@one_database
def test_of_a_page_that_is_looked_at_again_nothing_more_is_kept(inhabited: World) -> None:
    people = [inhabited.client(role.value) for role in Role]
    pages = [address for name in REGISTERS for address in (f"/{name}/list/?page=1", f"/{name}/add/")]

    def kept() -> int:
        for page, person in product(pages, people):
            person.get(page)
        return len(drawn_parts(inhabited)._drawn)

    assert kept() == kept() > 100


def drawn_parts(world: World) -> Kept:
    parts: Any = world.app.jinja_env.extensions[Kept.identifier]
    return cast(Kept, parts)


def forget_what_was_drawn(world: World) -> None:
    drawn_parts(world).forget()
    world.app.extensions["menu"].cache_clear()
    rows.drawn_head.cache_clear()


@one_database
def test_the_trail_tells_in_chinese_what_the_portal_did_by_itself(world: World) -> None:
    """A code list grows with a new version of the portal, as at each start."""
    with world.app.app_context(), as_system("test"):
        code = db.session.scalars(select(Code).where(Code.code_list == "skill").order_by(Code.position)).first()
        assert code is not None
        label = code.label
    with world.app.app_context(), owner() as connection:
        connection.execute(Code.__table__.delete().where(Code.__table__.c.id == code.id))
    with world.app.app_context():
        done = world.app.test_cli_runner().invoke(args=["init"])
    assert done.exit_code == 0, done.output
    page = Page(world.client("auditor").get("/audit_entry/list/"))
    assert label in page.text, "the trail shows nobody what belongs to no community"
    assert not page.english()


@on_postgresql
def test_every_link_of_the_secretary_leads_somewhere_on_postgresql_too(inhabited: World) -> None:
    answers = {address: answer.status_code for address, answer in crawl(inhabited.client("branch_secretary"))}
    assert set(answers.values()) == {200}
    assert len(answers) > 60


def unguarded(page: Page) -> Iterator[str]:
    """Which of the headers that keep a page about people safe are missing."""
    policy = page.headers.get("Content-Security-Policy", "")
    if "default-src 'self'" not in policy or "unsafe" in policy or "frame-ancestors 'none'" not in policy:
        yield f"content policy: {policy}"
    if page.headers.get("X-Content-Type-Options") != "nosniff":
        yield "may be sniffed"
    if "no-store" not in page.headers.get("Cache-Control", ""):
        yield "may be kept by a browser"


# --- when something is wrong --------------------------------------------------------------------------------------


def ask_for_the_impossible(client: FlaskClient) -> TestResponse:
    return client.get("/person/list/?page=x")


MUCH = "a" * 17 * 2**20

MISTAKES = {
    "an address that is not understood": (400, "office_staff", ask_for_the_impossible),
    "a page one has no right to": (403, "administrator", lambda client: client.get("/person/list/")),
    "a record that is not there": (404, "office_staff", lambda client: client.get("/person/show/999999")),
    "a number beyond all numbers": (404, "office_staff", lambda client: client.get(f"/person/show/{10**40}")),
    "an address that is mistyped": (404, "office_staff", lambda client: client.get("/persons/")),
    "an address mistyped before logging in": (404, None, lambda client: client.get("/persons/")),
    "a page called the wrong way": (405, "office_staff", lambda client: client.post("/person/list/")),
    "a page called the wrong way before logging in": (405, None, lambda client: client.get("/logout/")),
    "far too much": (413, "office_staff", lambda client: client.post("/person/add/", data={"name": MUCH})),
    "far too much before logging in": (413, None, lambda client: client.post("/login/", data={"username": MUCH})),
}


@one_database
@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_answered_in_chinese(world: World, mistake: str) -> None:
    status, person, act = MISTAKES[mistake]
    page = Page(act(world.client(person)))
    assert page.status == status
    assert_reads_well(page)
    assert "编号" not in page.text


def assert_reads_well(page: Page) -> None:
    assert not page.defects()
    assert not page.english()
    assert not list(unguarded(page))
    assert page.language == "zh-CN"
    assert page.soup.select('main a[href="/"]'), "no way out"


INNER = "王小明 13812345678"


def fall_over(*_args: Any, **_kwargs: Any) -> Any:
    raise RuntimeError(INNER)


def ask_nonsense_of_the_database(*_args: Any, **_kwargs: Any) -> Any:
    with as_system("test"):
        db.session.execute(text("SELECT name FROM no_such_table WHERE name = :name"), {"name": INNER})


@pytest.mark.parametrize("person", ["office_staff", None], ids=["logged in", "logged out"])
@pytest.mark.parametrize("failure", [fall_over, ask_nonsense_of_the_database])
def test_a_failure_inside_gives_a_number_and_nothing_else_away(
    world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, person: str | None, failure: Any
) -> None:
    monkeypatch.setattr(paging, "page", failure)
    monkeypatch.setattr(security, "own_path", failure)
    client = world.client(person)
    page = Page(client.get("/person/list/" if person else "/login/"))
    assert page.status == 500
    assert_reads_well(page)
    number = re.search(r"\b[0-9A-F]{8}\b", page.text)
    assert number is not None
    assert "编号" in page.text
    for inner in (INNER, "13812345678", "SELECT", "no_such_table", "Error", "Traceback", ".py", "/work"):
        assert inner not in page.source, inner
    assert number[0] in caplog.text
    assert "13812345678" not in caplog.text, "what people typed stands in the log"
    monkeypatch.undo()
    assert client.get("/person/list/" if person else "/login/").status_code == 200


# --- languages, caching, size -------------------------------------------------------------------------------------


@one_database
def test_whoever_prefers_english_gets_it(inhabited: World) -> None:
    client = inhabited.client("branch_secretary")
    assert Page(client.get("/")).heading.endswith("您好")
    there = client.get("/lang/en", headers={"Referer": "http://localhost/person/list/"})
    assert there.status_code == 302
    assert urlsplit(there.location).netloc in {"", "localhost"}
    for address in ("/", "/person/list/", "/person/add/", "/person/show/1", "/post_assignment/list/", "/notice/list/"):
        page = Page(client.get(address))
        assert page.status == 200
        assert page.language == "en"
        assert not page.defects()
    assert "Full name" in Page(client.get("/person/add/")).text
    client.get("/lang/zh")
    assert "姓名" in Page(client.get("/person/add/")).text


@one_database
def test_the_english_log_in_page_has_no_chinese(world: World) -> None:
    client = world.client()
    client.get("/lang/en")
    page = Page(client.get("/login/"))
    assert page.heading == "Log in"
    assert not page.chinese()
    assert not page.defects()


@one_database
def test_a_language_nobody_offers_changes_nothing(world: World) -> None:
    client = world.client("office_staff")
    assert client.get("/lang/xx").status_code in {302, 404}
    assert Page(client.get("/")).heading.endswith("您好")


@one_database
def test_what_never_changes_is_kept_by_the_browser_for_good(world: World) -> None:
    client = world.client()
    page = Page(client.get("/login/"))
    parts = [str(tag.get("href") or tag.get("src")) for tag in page.soup.select("link[href^='/'], script[src], use")]
    assert len(parts) > 4
    for part in {part.partition("#")[0] for part in parts}:
        assert part.startswith("/static/"), part
        answer = client.get(part, buffered=True)
        assert answer.status_code == 200, part
        assert "immutable" in answer.headers["Cache-Control"], part
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        bare = client.get(part.partition("?")[0], buffered=True)
        assert "immutable" not in bare.headers.get("Cache-Control", ""), part


@one_database
@pytest.mark.parametrize("register", ["person", "party_member", "facility", "partner_unit"])
def test_a_full_page_of_rows_is_light(world: World, register: str) -> None:
    for _ in range(listing.PAGE_SIZE + 1):
        a_full_row(world, register)
    answer = world.client("branch_secretary").get(f"/{register}/list/")
    assert answer.text.count(f"/{register}/show/") >= listing.PAGE_SIZE
    assert len(answer.data) <= LONGEST


@one_database
def test_the_pages_of_a_long_list_lead_to_each_other(world: World) -> None:
    for number in range(2 * listing.PAGE_SIZE + 1):
        world.person(name=f"张{han(number)}")
    client = world.client("office_staff")
    pages = [Page(client.get("/person/list/", query_string={"page": page})) for page in (1, 2, 3)]
    assert not [defect for page in pages for defect in page.defects()]
    assert len({page.title for page in pages}) == 3
    assert ["/person/list/?page=2" in page.links() for page in pages] == [True, False, True]
    shown = [link for page in pages for link in page.links() if link.startswith("/person/show/")]
    assert len(set(shown)) == 2 * listing.PAGE_SIZE + 1
