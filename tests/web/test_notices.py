"""From a register to the wall: drafting, looking, issuing, printing, and what can never be changed afterwards."""

from __future__ import annotations

import base64
import hashlib
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from threading import Barrier
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select

from app.disclosure import sources
from app.disclosure.models import Notice, NoticeIsFinal
from app.kernel.audit import AuditEntry
from app.kernel.db import db, today, transaction
from app.kernel.fields import Access, fields_of
from app.kernel.registers import REGISTERS
from app.kernel.scope import as_system
from app.kernel.values import half_width
from app.printing import pictures, render
from tests.rows import MODELS, a_row
from tests.web.page import Page, one_database
from tests.web.typed import a_draft, a_full_row, id_number
from tests.world import Place, World

YEAR = today().year
PNG = b"\x89PNG\r\n\x1a\n"
WRITTEN = {"title": "政策宣讲岗公示", "issuer": "春和社区居民委员会", "opening": "现公示如下。", "closing": ""}
TABLE = {"columns": ["name", "holders"], "layout": "notice", "paper": "A4", "landscape": "0"}


@pytest.fixture
def posts(world: World) -> World:
    """Two posts, one of them held by 王小明."""
    post = world.post(name="政策宣讲岗")
    world.post(name="环境监督岗")
    world.appointment(post, world.member(world.person(name="王小明", phone="13812345678", address="南街1号")))
    return world


def draft(client: FlaskClient, do: str, register: str = "service_post", **change: Any) -> Any:
    return client.post(f"/notice/draft/{register}", data={**WRITTEN, **TABLE, "do": do, **change})


def stored(world: World, at: Place | None = None) -> list[Notice]:
    with world.work(at):
        notices = list(db.session.scalars(select(Notice).order_by(Notice.id)))
        for notice in notices:
            db.session.expunge(notice)
    return notices


PRINTABLE = [name for name, model in MODELS.items() if sources.printable(model)]


# --- drafting -----------------------------------------------------------------------------------------------------


def test_there_is_much_to_print() -> None:
    assert {"service_post", "party_member", "volunteer", "facility", "partner_unit"} <= set(PRINTABLE)
    assert not {"account", "audit_entry", "code", "notice"} & set(PRINTABLE)


@one_database
@pytest.mark.parametrize("register", PRINTABLE)
def test_a_notice_can_be_drafted_from_every_register(world: World, register: str) -> None:
    a_full_row(world, register)
    client = world.client("branch_secretary")
    assert f"/notice/draft/{register}" in Page(client.get(f"/{register}/list/")).links()
    page = Page(client.get(f"/notice/draft/{register}"))
    assert page.status == 200
    assert not page.defects()
    assert not page.english()
    assert not page.summary(), "the notice proposed by the portal itself is not in order"
    pictures = page.soup.select(".preview img")
    assert pictures
    for picture in pictures:
        assert base64.b64decode(str(picture["src"]).removeprefix("data:image/png;base64,")).startswith(PNG)
    proposed = page.filled_in()
    assert proposed["title"]
    assert "春和" in proposed["title"]


@one_database
def test_a_table_too_wide_for_an_upright_sheet_is_first_offered_on_its_side(world: World) -> None:
    """Upright, the names of the keepers would stand one character below the other."""
    client = world.client("branch_secretary")
    for number in range(3):
        a_row(
            world,
            "facility",
            name=f"为民服务大厅（{number}号楼）",
            place="社区办公楼一层东侧大厅",
            opening_hours="周一至周五8:30-12:00,14:30-17:30",
            keeper_id=world.person("徐建平"),
            area=Decimal(120),
            phone="0931-8002101",
        )
    form = Page(client.get("/notice/draft/facility")).filled_in()
    assert form["landscape"] == "1"
    upright = Page(client.post("/notice/draft/facility", data=form | {"landscape": "0", "do": "preview"}))
    assert upright.filled_in()["landscape"] == "0", "what people choose stays"
    assert Page(client.get("/notice/draft/committee_member")).filled_in()["landscape"] == "0"


def test_what_is_private_is_never_offered_for_a_notice(world: World) -> None:
    for name, view in REGISTERS.items():
        for declared in sources.printable(view.model):
            assert declared.field.access is Access.OPEN, (name, declared.name)
    offered = {declared.name for declared in sources.printable(REGISTERS["person"].model)}
    assert not offered & {"phone", "id_number", "birth_on", "address"}


@pytest.mark.parametrize(
    "column", ["phone", "id_number", "birth_on", "address", "id_number_sealed", "no_such", "community_id"]
)
def test_a_column_that_is_not_offered_is_refused_when_asked_for(posts: World, column: str) -> None:
    """Somebody tampers with the form: refused, with nothing stored and nothing shown."""
    client = posts.client("branch_secretary")
    for do in ("preview", "keep", "issue"):
        answer = draft(client, do, "person", columns=["name", column])
        assert answer.status_code in {200, 400, 403}, (do, answer.status_code)
        if answer.status_code == 200:
            assert Page(answer).summary()
        assert "13812345678" not in answer.text
        assert "南街1号" not in answer.text
    assert stored(posts) == []


@pytest.mark.parametrize("source", ["no_such", "account", "notice", "audit_entry", "code"])
def test_what_is_no_public_register_has_no_notice(world: World, source: str) -> None:
    assert world.client("branch_secretary").get(f"/notice/draft/{source}").status_code == 404


@one_database
def test_the_preview_of_a_long_list_is_the_print_of_it(world: World) -> None:
    """With the count of pages at its foot, and columns as wide as the longest row wants them."""
    with world.work(), transaction():
        model = MODELS["service_point"]
        db.session.add_all(
            model(community_id=world.here.id, name=f"服务点{nth}" * (1 + nth // 300), kind="1", place="南门")
            for nth in range(320)
        )
    client, typed = world.client("branch_secretary"), {"layout": "register", "columns": ["name", "place"]}
    page = Page(draft(client, "preview", "service_point", **typed))
    assert not page.summary()
    shown = [str(picture["src"]).partition("base64,")[2] for picture in page.soup.select(".preview img")]
    assert draft(client, "keep", "service_point", **typed).status_code == 302
    (kept,) = stored(world)
    assert kept.sheet.table is not None
    assert len(kept.sheet.table.rows) == 320
    printed = pictures(render(kept.sheet), dpi=70, first=3)
    assert shown == [base64.b64encode(picture).decode() for picture in printed]
    assert client.get(f"/notice/page/{kept.id}").data == printed[0]


@one_database
def test_the_draft_follows_what_the_list_was_asked(posts: World) -> None:
    client = posts.client("branch_secretary")
    answer = client.post("/notice/draft/service_post?q=环境", data={**WRITTEN, **TABLE, "do": "keep"})
    assert answer.status_code == 302
    table = stored(posts)[0].sheet.table
    assert table is not None
    assert table.rows == (("1", "环境监督岗", ""),)
    for mistyped in ("order=phone", "q=" + "长" * 100):
        assert client.get(f"/notice/draft/service_post?{mistyped}").status_code == 400


# --- wording ------------------------------------------------------------------------------------------------------

REFUSED = [
    ("opening", f"联系人身份证 {id_number(3)}。", "身份证"),
    ("title", "请致电13812345678", "手机"),
    ("closing", "电话 138-1234-5678", "手机"),
    ("opening", "电话 138 1234 5678 王", "手机"),
    ("opening", "全角１３８１２３４５６７８", "手机"),
    ("title", "", ""),
    ("issuer", "", ""),
    ("title", "长" * 200, "120"),
    ("closing", "长" * 2000, "1000"),
    ("opening", "大家好😀", "😀"),
    ("opening", "大家好\0", ""),
]


@one_database
@pytest.mark.parametrize(("field", "text", "said"), REFUSED)
def test_a_text_that_may_not_be_posted_is_refused_and_kept(posts: World, field: str, text: str, said: str) -> None:
    page = Page(draft(posts.client("branch_secretary"), "issue", **{field: text}))
    assert page.status == 200
    assert said in page.complaint(field)
    assert page.complaint(field)
    assert page.filled_in()[field].replace("\ufffd", "").replace("\0", "") == half_width(text.replace("\0", ""))
    assert page.filled_in()["columns"] == TABLE["columns"]
    assert not page.soup.select(".preview img")
    assert stored(posts) == []
    assert not page.defects()


@one_database
def test_a_fixed_line_of_the_office_may_be_posted(posts: World) -> None:
    assert draft(posts.client("branch_secretary"), "keep", closing="监督电话：0523-86881234").status_code == 302


# --- issuing ------------------------------------------------------------------------------------------------------


def test_numbers_run_on_in_each_community_for_itself(world: World) -> None:
    client, neighbour = world.client("branch_secretary"), world.client("stranger")
    for number in (1, 2):
        key = a_draft(world, world.here)
        page = Page(client.get(client.post(f"/notice/issue/{key}").location))
        assert f"春和社区〔{YEAR}〕{number}号" in page.flashes()[0]
    neighbour.post(f"/notice/issue/{a_draft(world, world.there)}")
    assert [notice.number for notice in stored(world, world.there)] == [f"秋实社区〔{YEAR}〕1号"]
    assert [notice.number for notice in stored(world)] == [f"春和社区〔{YEAR}〕{number}号" for number in (1, 2)]


def test_a_kept_draft_has_no_number_until_it_is_issued(world: World) -> None:
    key = a_draft(world, world.here)
    assert world.get("notice", key).number is None
    client = world.client("branch_secretary")
    assert client.post(f"/notice/issue/{key}").status_code == 302
    notice = world.get("notice", key)
    assert notice.number == f"春和社区〔{YEAR}〕1号"
    assert (notice.sheet.number, notice.sheet.issued_on, notice.sheet.draft) == (
        notice.number,
        today().isoformat(),
        False,
    )
    assert notice.digest == hashlib.sha256(notice.snapshot.encode()).hexdigest()
    assert "书记甲" in notice.issued_by
    page = Page(client.get(f"/notice/show/{key}"))
    assert notice.number in page.text
    assert not page.defects()


def test_a_deleted_draft_leaves_no_gap(world: World) -> None:
    client = world.client("branch_secretary")
    first, second = a_draft(world, world.here), a_draft(world, world.here)
    assert client.post(f"/notice/delete/{first}").status_code == 302
    assert client.post(f"/notice/issue/{second}").status_code == 302
    assert world.get("notice", second).sequence == 1
    assert world.get("notice", first) is None


def test_many_who_issue_at_once_get_a_number_each(world: World) -> None:
    keys = [a_draft(world, world.here) for _ in range(6)]
    start = Barrier(len(keys))
    clients = [world.client("branch_secretary") for _ in keys]

    def issue(client: FlaskClient, key: int) -> int:
        start.wait()
        return client.post(f"/notice/issue/{key}").status_code

    with ThreadPoolExecutor(len(keys)) as people:
        assert list(people.map(issue, clients, keys)) == [302] * len(keys)
    assert sorted(world.get("notice", key).sequence or 0 for key in keys) == [1, 2, 3, 4, 5, 6]


def test_two_who_issue_the_same_draft_make_one_notice(world: World) -> None:
    key = a_draft(world, world.here)
    start = Barrier(2)

    def issue(client: FlaskClient) -> int:
        start.wait()
        return client.post(f"/notice/issue/{key}").status_code

    with ThreadPoolExecutor(2) as people:
        statuses = list(people.map(issue, [world.client("branch_secretary") for _ in range(2)]))
    assert set(statuses) <= {302, 409}
    assert world.get("notice", key).sequence == 1
    assert acts(world, key).count("approve") == 1


def acts(world: World, key: int) -> list[str]:
    with world.app.app_context(), as_system("test"):
        statement = select(AuditEntry.action).where(AuditEntry.register == "notice", AuditEntry.record_id == key)
        return list(db.session.scalars(statement.order_by(AuditEntry.id)))


# --- who may do what ----------------------------------------------------------------------------------------------


def test_staff_draft_and_the_secretary_issues(posts: World) -> None:
    clerk = posts.client("office_staff")
    page = Page(clerk.get(draft(clerk, "keep").location))
    key = stored(posts)[0].id
    assert not page.soup.select(f'form[action="/notice/issue/{key}"]')
    assert draft(clerk, "issue").status_code == 403
    assert clerk.post(f"/notice/issue/{key}").status_code == 403
    assert [notice.number for notice in stored(posts)] == [None]
    assert posts.client("branch_secretary").post(f"/notice/issue/{key}").status_code == 302


def test_a_neighbours_notice_does_not_exist(world: World) -> None:
    own, foreign = a_draft(world, world.here), a_draft(world, world.there)
    client = world.client("branch_secretary")
    for method, page in [
        ("GET", "show"),
        ("GET", "pdf"),
        ("GET", "page"),
        ("GET", "delete"),
        *(("POST", action) for action in ("issue", "delete")),
    ]:
        assert client.open(f"/notice/{page}/{foreign}", method=method).status_code == 404, page
        answer = client.open(f"/notice/{page}/{own}", method=method) if page not in {"pdf", "page"} else None
        assert answer is None or answer.status_code in {200, 302}, page
        if (method, page) == ("POST", "issue"):
            own = a_draft(world, world.here)
    neighbour = world.get("notice", foreign, at=world.there)
    assert neighbour is not None
    assert neighbour.number is None


# --- what hangs on the wall stays what it is ----------------------------------------------------------------------


@pytest.fixture
def issued(world: World) -> int:
    key = a_draft(world, world.here)
    world.client("branch_secretary").post(f"/notice/issue/{key}")
    return key


def test_an_issued_notice_cannot_be_deleted_or_issued_again(world: World, issued: int) -> None:
    client, before = world.client("branch_secretary"), world.get("notice", issued)
    page = Page(client.get(f"/notice/show/{issued}"))
    assert not page.soup.select(f'[href="/notice/delete/{issued}"], form[action="/notice/issue/{issued}"]')
    for method in ("GET", "POST"):
        answer = client.open(f"/notice/delete/{issued}", method=method)
        assert answer.status_code in {302, 403, 409}
    assert client.post(f"/notice/issue/{issued}").status_code in {302, 403, 409}
    for route in ("edit", "add"):
        assert client.post(f"/notice/{route}/{issued}", data={"title": "x"}).status_code in {403, 404}
    after = world.get("notice", issued)
    assert (after.number, after.snapshot, after.digest) == (before.number, before.snapshot, before.digest)


@pytest.mark.parametrize(
    "change", ["title", "number", "snapshot", "digest", "state", "issued_by", "source", "issuer", "sequence"]
)
def test_no_part_of_the_program_changes_an_issued_notice(world: World, issued: int, change: str) -> None:
    with world.app.app_context(), as_system("test"):
        notice = db.session.get_one(Notice, issued)
        setattr(notice, change, 99 if change == "sequence" else "draft")
        with pytest.raises(NoticeIsFinal), transaction():
            db.session.flush()
        assert getattr(db.session.get_one(Notice, issued), change) not in {99, "draft"}


def test_no_part_of_the_program_deletes_an_issued_notice(world: World, issued: int) -> None:
    with world.app.app_context(), as_system("test"):
        with pytest.raises(NoticeIsFinal), transaction():
            db.session.delete(db.session.get_one(Notice, issued))
        assert db.session.scalar(select(func.count()).select_from(Notice)) == 1


@one_database
def test_the_sheet_stays_the_same_to_the_byte_while_the_roster_changes(posts: World) -> None:
    client = posts.client("branch_secretary")
    told = Page(client.get(draft(client, "issue").location)).flashes()
    notice = stored(posts)[0]
    assert f"春和社区〔{YEAR}〕1号" in told[0], "kept and approved in one go"
    assert notice.sheet.table is not None
    assert notice.sheet.table.rows == (("1", "政策宣讲岗", "王小明"), ("2", "环境监督岗", ""))
    first = client.get(f"/notice/pdf/{notice.id}")
    assert first.status_code == 200
    assert first.mimetype == "application/pdf"
    assert first.data.startswith(b"%PDF-")
    person = REGISTERS["person"].model
    with posts.work(), transaction():
        db.session.scalars(select(person)).one().name = "王大明"
    posts.post(name="新设岗")
    assert client.get(f"/notice/pdf/{notice.id}").data == first.data
    picture = client.get(f"/notice/page/{notice.id}")
    assert picture.mimetype == "image/png"
    assert picture.data.startswith(PNG)
    assert acts(posts, notice.id) == ["add", "approve", "print", "print"]
    trail = Page(posts.client("auditor").get("/audit_entry/list/"))
    for words in ("签发", "打印", notice.number or ""):
        assert words in trail.text, words


@one_database
def test_a_sheet_holds_nothing_personal_that_was_not_asked_for(posts: World) -> None:
    """Every public column of every register about people, printed: no phone, address, birth date or number."""
    client = posts.client("branch_secretary")
    for register in ("person", "party_member", "volunteer"):
        a_full_row(posts, register)
        columns = [declared.name for declared in sources.printable(REGISTERS[register].model)]
        assert draft(client, "keep", register, columns=columns).status_code == 302
    person = fields_of(REGISTERS["person"].model)
    private = [name for name, declared in person.items() if declared.field.access is not Access.OPEN]
    with posts.work():
        people = [[getattr(row, name) for name in private] for row in db.session.scalars(select(person["name"].model))]
    secrets = {str(value) for values in people for value in values if value}
    assert len(secrets) > 5
    for notice in stored(posts):
        assert not [secret for secret in secrets if secret in notice.snapshot]


@one_database
def test_a_kept_draft_is_taken_up_again_and_stays_one(world: World) -> None:
    world.post(name="政策宣讲岗")
    client = world.client("office_staff")
    page = Page(client.get("/notice/draft/service_post?q=政策"))
    form = {**page.filled_in(), "columns": ["name", "duties"], "title": "岗位公式", "do": "keep"}
    key = int(client.post("/notice/draft/service_post?q=政策", data=form).location.rsplit("/", 1)[1])
    again = next(link for link in Page(client.get(f"/notice/show/{key}")).links() if f"notice={key}" in link)
    assert "q=" in again, "the search the draft was made from"
    page = Page(client.get(again))
    assert page.filled_in()["title"] == "岗位公式"
    form = {**page.filled_in(), "columns": ["name"], "title": "岗位公示", "do": "keep"}
    assert client.post(again, data=form).location == f"/notice/show/{key}"
    kept = world.get("notice", key)
    assert kept.title == "岗位公示"
    assert [column.label for column in kept.sheet.table.columns] == ["序号", "岗位名称"]
    stranger = world.client("stranger")
    assert stranger.get(again).status_code == 404
    world.client("branch_secretary").post(f"/notice/issue/{key}")
    assert client.get(again).status_code == 404, "an issued notice is not taken up again"
    late = Page(client.post(again, data={**form, "title": "晚了一步"}))
    assert late.summary()
    assert late.filled_in()["title"] == "晚了一步", "what was typed is lost"
    assert world.get("notice", key).title == "岗位公示"
    assert (
        client.post(again, data={**late.filled_in(), "columns": ["name"], "do": "keep"}).location
        != f"/notice/show/{key}"
    )
    assert [notice.title for notice in stored(world)] == ["岗位公示", "晚了一步"]


@one_database
def test_a_notice_holds_the_whole_list_whatever_page_one_was_on(world: World) -> None:
    for _number in range(30):
        world.person()
    client = world.client("office_staff")
    address = "/notice/draft/person?page=2"
    form = {**Page(client.get(address)).filled_in(), "columns": ["name"], "do": "keep"}
    key = int(client.post(address, data=form).location.rsplit("/", 1)[1])
    assert len(world.get("notice", key).sheet.table.rows) == 30


@one_database
def test_a_number_hidden_in_a_record_does_not_reach_the_wall(world: World) -> None:
    world.make("facility", name="棋牌室", kind="1", place="王阿姨家13812345678", state="1")
    client = world.client("branch_secretary")
    page = Page(client.get("/notice/draft/facility"))
    assert any("138" in told and "第1行" in told for told in page.summary())
    form = {**page.filled_in(), "columns": ["name", "place"], "do": "issue"}
    assert client.post("/notice/draft/facility", data=form).status_code == 200
    with world.work():
        assert not db.session.scalars(select(Notice)).all()
    without = {**form, "columns": ["name"]}
    assert client.post("/notice/draft/facility", data=without).status_code == 302


@one_database
def test_of_two_at_one_draft_the_second_is_told(world: World) -> None:
    world.post()
    client, other = world.client("office_staff"), world.client("branch_secretary")
    form = {**Page(client.get("/notice/draft/service_post")).filled_in(), "columns": ["name"], "do": "keep"}
    key = int(client.post("/notice/draft/service_post", data=form).location.rsplit("/", 1)[1])
    address = f"/notice/draft/service_post?notice={key}"
    mine = {**Page(client.get(address)).filled_in(), "columns": ["name"], "do": "keep", "title": "第一稿"}
    theirs = {**Page(other.get(address)).filled_in(), "columns": ["name"], "do": "keep", "title": "第二稿"}
    looked_at = Page(other.get(f"/notice/show/{key}")).soup.select_one("form[action*=issue] [name=version]")["value"]
    assert client.post(address, data=mine).status_code == 302
    page = Page(other.post(address, data=theirs))
    assert page.filled_in()["title"] == "第二稿", "what was typed is lost"
    assert world.get("notice", key).title == "第一稿"
    other.post(f"/notice/issue/{key}", data={"version": looked_at})
    assert world.get("notice", key).number is None, "issued a text she never saw"
    assert client.post("/notice/draft/person?notice=" + str(key), data=mine).status_code == 404
    assert client.post("/notice/draft/service_post?notice=", data=form).status_code == 302


def test_a_drafting_page_sent_twice_makes_one_notice(posts: World) -> None:
    client = posts.client("branch_secretary")
    token = Page(client.get("/notice/draft/service_post")).filled_in()["token"]
    first, second = (draft(client, "issue", token=token) for _click in range(2))
    assert first.status_code == second.status_code == 302
    assert first.location == second.location
    assert len(stored(posts)) == 1
