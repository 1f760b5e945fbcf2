"""The life of a notice: 拟稿 → 审核 → 审批 → 上墙 → 撤下 → 归档, and whether it still tells the truth."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from threading import Barrier, BrokenBarrierError
from typing import Any

import pytest
from flask.testing import FlaskClient
from flask_babel import force_locale, gettext
from sqlalchemy import select, update

from app.accounts.models import Account
from app.boards import operations as boards
from app.boards.models import Posting
from app.catalogue.models import CatalogueItem
from app.catalogue.operations import choose_source
from app.community.models import Person
from app.disclosure import operations, sources, truth
from app.disclosure.lifecycle import STEPS, UNISSUED, State, Step
from app.disclosure.models import Notice, NoticeIsFinal, NoticeStep
from app.disclosure.operations import About, Recipe, Refused
from app.disclosure.rules import Wording
from app.kernel import listing
from app.kernel.audit import AuditEntry
from app.kernel.codes import Code
from app.kernel.db import count_of, db, refresh_statistics, today, transaction
from app.kernel.scope import as_system
from app.party.models import ServicePost
from app.printing import Press
from app.roles import Role
from tests.rows import MODELS, a_row
from tests.web.page import HAN, Page, one_database
from tests.web.test_speed import counted
from tests.web.typed import CLERK, a_draft, an_issued_notice
from tests.world import Place, World, owner

TODAY = today()
SECRETARY = "刘芳 (branch_secretary)"
FINAL = "An issued notice is final; it cannot be deleted."
MOVED = "The notice has moved on meanwhile; please look at it again."
MEANWHILE = "Somebody else has changed this notice meanwhile. Please look at it again."
REASON = "Please give the reason."
NOT_REVIEWED = "The notice has to be reviewed before it is approved."
DRAFTER_REVIEWS = "Whoever drafted a notice may not review it here; ask a colleague."
DRAFTER_APPROVES = "Whoever drafted a notice may not approve it here; ask a colleague."
REVIEWER_APPROVES = "Whoever reviewed a notice may not approve it here; ask a colleague."
CONFIRM = "Please look at these places and confirm that they may be posted."
CHANGED = "The records behind this draft have changed since. Please take them up again."
ALTERED = "The stored sheet is not the one that was issued: it was altered outside the portal. Tell the administrator."
NO_SUCH_CODE = "There is no notice with this code here. If the sheet bears it, it did not come from this office."
NO_CODE = "A check code has eight letters and digits, such as 7K2M-9QXD."
UNCHANGED = "The records behind this notice have not changed since it was issued."
NOT_OFFERED = "Only the columns offered here may be posted about this matter."


def zh(world: World, message: Any) -> str:
    """A message as a Chinese page says it."""
    with world.app.test_request_context(), force_locale("zh"):
        said = gettext(str(message))
    assert HAN.search(said), f"not translated: {message}"
    return str(said)


# --- making -------------------------------------------------------------------------------------------------------


def a_roster(
    world: World,
    source: str = "service_post",
    columns: tuple[str, ...] = ("name", "holders"),
    asked: dict[str, str] | None = None,
    opening: str = "现公示如下。",
    boards: tuple[int, ...] = (),
    **about: Any,
) -> int:
    """A kept draft made from the records, as the drafting page keeps it, without drawing it; returns its id."""
    found = sources.find(source)
    assert found is not None
    with world.work():
        wording = Wording("政策宣讲岗公示", "春和社区居民委员会", opening=opening, columns=columns)
        recipe = Recipe(found.settled(asked or {}), wording, boards)
        item = db.session.get(CatalogueItem, about["item_id"]) if "item_id" in about else None
        sheet = operations.compose(found, recipe, item)
        return operations.draft(source, world.here.id, sheet, recipe, CLERK, About(**about)).id


def a_text(world: World, opening: str) -> int:
    return a_roster(world, sources.TEXT, (), opening=opening)


def approve(world: World, key: int, at: Place | None = None, on: date = TODAY) -> Notice:
    with world.work(at):
        operations.approve(key, SECRETARY, on)
    issued: Notice = world.get("notice", key, at)
    return issued


def a_board(world: World, name: str = "东门公示栏", at: Place | None = None) -> int:
    return a_row(world, "notice_board", at, name=name)


def postings(world: World, key: int) -> list[Posting]:
    with world.work():
        found = list(db.session.scalars(select(Posting).where(Posting.notice_id == key).order_by(Posting.id)))
        for posting in found:
            db.session.expunge(posting)
    return found


def hang_up(world: World, key: int, on: date = TODAY) -> None:
    """The notice hangs on every board it is meant for."""
    for posting in postings(world, key):
        with world.work():
            boards.hang(posting.id, on, CLERK, TODAY)


def a_posted_roster(world: World, **given: Any) -> int:
    """A roster made from the records that hangs on a board since today."""
    key = a_roster(world, boards=(a_board(world, f"公示栏{len(given)}"),), **given)
    approve(world, key)
    hang_up(world, key)
    return key


STEP_FORMS = 'form[action^="/notice/"]'


def state(world: World, key: int) -> str:
    return str(world.get("notice", key).state)


def outdated(world: World, at: Place | None = None) -> list[int]:
    with world.work(at):
        return [notice.id for notice in truth.outdated()]


def rename(world: World, name: str) -> None:
    """Whoever holds the post is called ``name`` from now on."""
    with world.work(), transaction():
        db.session.scalars(select(Person).where(Person.name.startswith("王"))).one().name = name


def acts(world: World, register: str, key: int) -> list[str]:
    with world.app.app_context(), as_system("test"):
        statement = select(AuditEntry.action).where(AuditEntry.register == register, AuditEntry.record_id == key)
        return list(db.session.scalars(statement.order_by(AuditEntry.id)))


def after(client: FlaskClient, address: str, **data: Any) -> Page:
    """The page one is led to by pressing a button."""
    answer = client.post(address, data=data)
    assert answer.status_code == 302, answer.status_code
    return Page(client.get(answer.location))


@pytest.fixture
def posts(world: World) -> World:
    """Two posts, one of them held by 王小明."""
    post = world.post(name="政策宣讲岗")
    world.post(name="环境监督岗")
    world.appointment(post, world.member(world.person(name="王小明")))
    return world


@pytest.fixture
def people(world: World) -> dict[str, FlaskClient]:
    """Three secretaries and a clerk of one office, logged in."""
    with world.app.app_context(), as_system("test"), transaction():
        for username, name in (("user1", "副书记乙"), ("user2", "副书记丙")):
            account = Account(username=username, full_name=name, role=Role.SECRETARY, community_id=world.here.id)
            db.session.add(account)
    names = {"clerk": "office_staff", "first": "branch_secretary", "second": "user1", "third": "user2"}
    return {name: world.client(username) for name, username in names.items()}


# --- the whole way ------------------------------------------------------------------------------------------------


def test_a_notice_goes_its_way_from_the_draft_to_the_archive(world: World) -> None:
    board = a_board(world)
    key = a_draft(world, world.here, (board,))
    clerk, secretary = world.client("office_staff"), world.client("branch_secretary")
    seen = [state(world, key)]
    for person, step in ((clerk, "submit"), (secretary, "review"), (secretary, "issue")):
        page = after(person, f"/notice/{step}/{key}", version=world.get("notice", key).version)
        assert page.status == 200
        assert not page.soup.select(".flash.danger"), page.flashes()
        seen.append(state(world, key))
    (posting,) = postings(world, key)
    clerk.post(f"/posting/hang/{posting.id}", data={"posted_on": TODAY.isoformat()})
    seen.append(state(world, key))
    free_from = postings(world, key)[0].free_from
    assert free_from is not None
    with world.work():
        boards.take_down(posting.id, free_from, CLERK, free_from)
    seen.append(state(world, key))
    page = after(clerk, f"/notice/archive/{key}")
    seen.append(state(world, key))
    assert seen == ["draft", "in_review", "reviewed", "issued", "posted", "taken_down", "archived"]
    assert acts(world, "notice", key) == ["add", "submit", "review", "approve", "post", "take_down", "archive"]
    assert acts(world, "posting", posting.id) == ["add", "post", "take_down"]
    notice = world.get("notice", key)
    assert (notice.drafted_by, notice.reviewed_by, notice.issued_by) == (
        CLERK,
        "书记甲 (branch_secretary)",
        "书记甲 (branch_secretary)",
    )
    steps = [" ".join(line.get_text(" ", strip=True).split()) for line in page.soup.select(".history li")]
    labels = [
        zh(world, label) for step, label in STEPS.items() if step not in {Step.SEND_BACK, Step.TAKE_BACK, Step.VOID}
    ]
    assert [line.split()[0] for line in steps] == labels
    assert "干事甲" in steps[0]
    assert "书记甲" in steps[1]
    assert "东门公示栏" in steps[3]
    assert not page.defects()
    assert not page.english()
    trail = Page(world.client("auditor").get("/audit_entry/list/"))
    for label in labels:
        assert label in trail.text


@one_database
def test_a_step_that_does_not_follow_is_refused_and_told(world: World) -> None:
    key = a_draft(world, world.here)
    client = world.client("branch_secretary")
    for step, expected in (("review", State.DRAFT), ("archive", State.DRAFT), ("void", State.DRAFT)):
        page = after(client, f"/notice/{step}/{key}", note="原因")
        assert page.flashes() == [zh(world, MOVED)]
        assert state(world, key) == expected
    approve(world, key)
    for step in ("submit", "review", "send-back"):
        after(client, f"/notice/{step}/{key}", note="原因")
        assert state(world, key) == State.ISSUED
    assert acts(world, "notice", key) == ["add", "approve"]


@one_database
def test_a_step_on_what_one_has_not_seen_is_refused(world: World) -> None:
    """The page was opened, then a colleague changed the draft."""
    key = a_roster(world, sources.TEXT, ())
    seen = world.get("notice", key).version
    with world.work():
        notice = db.session.get_one(Notice, key)
        recipe = Recipe.of(notice)
        assert recipe is not None
        operations.draft(sources.TEXT, world.here.id, notice.sheet, recipe, "乙", About(), 2, key)
    for step in ("submit", "issue"):
        page = after(world.client("branch_secretary"), f"/notice/{step}/{key}", version=seen)
        assert page.flashes() == [zh(world, MEANWHILE)]
        assert state(world, key) == State.DRAFT
    after(world.client("branch_secretary"), f"/notice/issue/{key}", version=world.get("notice", key).version)
    assert state(world, key) == State.ISSUED


WAYS = {
    # step: the state it is taken in, and who may
    "submit": (State.DRAFT, "SO"),
    "review": (State.IN_REVIEW, "SO"),
    "send-back": (State.IN_REVIEW, "SO"),
    "issue": (State.REVIEWED, "S"),
    "void": (State.ISSUED, "S"),
    "archive": (State.TAKEN_DOWN, "SO"),
    "renew": (State.DRAFT, "SO"),
    "correct": (State.ISSUED, "SO"),
    "delete": (State.DRAFT, "SO"),
}
ROLES = {"S": Role.SECRETARY, "O": Role.STAFF, "V": Role.SUPERVISOR, "A": Role.ADMINISTRATOR, "U": Role.AUDITOR}


def in_state(world: World, wanted: State, at: Place | None = None) -> int:
    """A notice brought into a state."""
    place = at or world.here
    key = a_draft(world, place)
    ways = {
        State.IN_REVIEW: [Step.SUBMIT],
        State.REVIEWED: [Step.SUBMIT, Step.REVIEW],
        State.ISSUED: [Step.APPROVE],
        State.TAKEN_DOWN: [Step.APPROVE],
        State.VOID: [Step.APPROVE, Step.VOID],
    }
    with world.work(place):
        for step in ways.get(wanted, []):
            if step is Step.APPROVE:
                operations.approve(key, SECRETARY, TODAY)
            else:
                operations.take(step, key, SECRETARY, note="原因")
        if wanted is State.TAKEN_DOWN:
            with transaction():
                db.session.get_one(Notice, key).state = wanted
    return key


@one_database
def test_only_who_has_the_right_takes_a_step(world: World) -> None:
    clients = {letter: world.client(role.value) for letter, role in ROLES.items()}
    for step, (before, allowed) in WAYS.items():
        for letter, client in clients.items():
            key = in_state(world, before)
            answer = client.post(f"/notice/{step}/{key}", data={"note": "原因"})
            moved = world.get("notice", key) is None or state(world, key) != before
            if letter in allowed:
                assert answer.status_code == 302, (step, letter)
                assert moved or step in {"renew", "correct"}, (step, letter)
            else:
                assert answer.status_code == 403, (step, letter)
                assert not moved, (step, letter)


@one_database
def test_the_page_offers_each_the_steps_they_may_take(world: World) -> None:
    key = in_state(world, State.IN_REVIEW)
    offered = {}
    for role in ("office_staff", "branch_secretary", "supervisor"):
        page = Page(world.client(role).get(f"/notice/show/{key}"))
        assert not page.defects()
        offered[role] = {str(form["action"]).split("/")[2] for form in page.soup.select(f"main {STEP_FORMS}")}
    assert offered == {
        "office_staff": {"review", "send-back"},
        "branch_secretary": {"review", "send-back", "issue"},
        "supervisor": set(),
    }


@one_database
def test_for_the_neighbours_a_notice_does_not_exist(world: World) -> None:
    stranger = world.client("stranger")
    for step, (before, _allowed) in {**WAYS, "cancel": (State.ISSUED, "")}.items():
        key = in_state(world, before)
        assert stranger.post(f"/notice/{step}/{key}", data={"note": "原因"}).status_code == 404, step
        assert state(world, key) == before


@one_database
def test_the_neighbours_see_neither_page_nor_paper_nor_code(world: World) -> None:
    key = an_issued_notice(world, world.here)
    stranger = world.client("stranger")
    for page in ("show", "pdf", "page", "printing", "progress", "delete"):
        assert stranger.get(f"/notice/{page}/{key}").status_code == 404, page
    code = world.get("notice", key).short_code
    assert zh(world, NO_SUCH_CODE) in Page(stranger.get(f"/notice/check/?code={code}")).text
    assert stranger.get("/notice/draft/text?notice=" + str(a_draft(world, world.here))).status_code == 404
    assert str(world.get("notice", key).number) not in Page(stranger.get("/notice/list/")).text


# --- sent back ----------------------------------------------------------------------------------------------------


@one_database
def test_a_notice_is_sent_back_with_a_reason_only(world: World) -> None:
    key = in_state(world, State.REVIEWED)
    client = world.client("branch_secretary")
    page = after(client, f"/notice/send-back/{key}", note="  ")
    assert page.flashes() == [zh(world, REASON)]
    assert state(world, key) == State.REVIEWED
    page = after(client, f"/notice/send-back/{key}", note="第二段写错了日期")
    notice = world.get("notice", key)
    assert (notice.state, notice.reviewed_by) == (State.DRAFT, None)
    page = Page(world.client("office_staff").get(f"/notice/show/{key}"))
    assert "第二段写错了日期" in page.text
    assert any(f"notice={key}" in link for link in page.links()), "the drafter can go on writing"
    assert acts(world, "notice", key) == ["add", "submit", "review", "send_back"]


@pytest.mark.parametrize("before", UNISSUED)
@one_database
def test_what_is_not_issued_can_be_deleted_with_its_steps(world: World, before: State) -> None:
    key = in_state(world, before)
    if before is State.DRAFT:
        with world.work():
            operations.take(Step.SUBMIT, key, CLERK)
            operations.take(Step.SEND_BACK, key, SECRETARY, note="原因")
    after(world.client("branch_secretary"), f"/notice/delete/{key}")
    assert world.get("notice", key) is None
    with world.work():
        assert db.session.scalars(select(NoticeStep)).all() == []


@pytest.mark.parametrize("before", [State.ISSUED, State.VOID])
@one_database
def test_what_is_issued_cannot_be_deleted(world: World, before: State) -> None:
    key = in_state(world, before)
    client = world.client("branch_secretary")
    assert f"/notice/delete/{key}" not in Page(client.get(f"/notice/show/{key}")).links()
    page = after(client, f"/notice/delete/{key}")
    assert page.flashes() == [zh(world, FINAL)]
    assert state(world, key) == before


# --- two and three people -----------------------------------------------------------------------------------------


@one_database
def test_two_people_means_nobody_approves_what_they_drafted(world: World, people: dict[str, FlaskClient]) -> None:
    world.make("disclosure_setting", procedure="two")
    form = {"title": "停水通知", "issuer": "春和社区居民委员会", "opening": "明日停水。", "do": "issue"}
    page = after(people["first"], "/notice/draft/text", **form)
    assert page.flashes() == [zh(world, DRAFTER_APPROVES)]
    with world.work():
        key = db.session.scalars(select(Notice.id)).one()
    assert state(world, key) == State.DRAFT, "what was written is kept"
    after(people["second"], f"/notice/issue/{key}")
    assert state(world, key) == State.ISSUED


@one_database
def test_three_people_draft_review_and_approve(world: World, people: dict[str, FlaskClient]) -> None:
    world.make("disclosure_setting", procedure="three")
    form = {"title": "停水通知", "issuer": "春和社区居民委员会", "opening": "明日停水。", "do": "submit"}
    after(people["first"], "/notice/draft/text", **form)
    with world.work():
        key = db.session.scalars(select(Notice.id)).one()
    assert state(world, key) == State.IN_REVIEW

    def refused(who: str, step: str, *messages: str) -> bool:
        before = state(world, key)
        page = after(people[who], f"/notice/{step}/{key}")
        return page.flashes() == [zh(world, message) for message in messages] and state(world, key) == before

    assert refused("first", "review", DRAFTER_REVIEWS)
    assert refused("first", "issue", NOT_REVIEWED, DRAFTER_APPROVES)
    assert refused("third", "issue", NOT_REVIEWED)
    after(people["second"], f"/notice/review/{key}")
    assert refused("first", "issue", DRAFTER_APPROVES)
    assert refused("second", "issue", REVIEWER_APPROVES)
    after(people["third"], f"/notice/issue/{key}")
    notice = world.get("notice", key)
    assert (notice.state, notice.sequence) == (State.ISSUED, 1)
    assert len({notice.drafted_by, notice.reviewed_by, notice.issued_by}) == 3


@one_database
def test_whoever_wrote_a_draft_last_is_its_drafter(world: World, people: dict[str, FlaskClient]) -> None:
    """Otherwise one could rewrite a colleague's draft and let it pass alone."""
    world.make("disclosure_setting", procedure="two")
    key = a_draft(world, world.here)
    address = f"/notice/draft/text?notice={key}"
    form = {**Page(people["second"].get(address)).filled_in(), "opening": "另写一稿。", "do": "keep"}
    assert people["second"].post(address, data=form).status_code == 302
    assert "副书记乙" in world.get("notice", key).drafted_by
    after(people["second"], f"/notice/issue/{key}")
    assert state(world, key) == State.DRAFT
    after(people["first"], f"/notice/issue/{key}")
    assert state(world, key) == State.ISSUED


# --- what is doubtful ---------------------------------------------------------------------------------------------


@one_database
def test_doubtful_places_are_shown_and_need_a_tick(world: World) -> None:
    key = a_text(world, "王某住3幢501室。\n李某住5栋203，长期透析。")
    client = world.client("branch_secretary")
    page = Page(client.get(f"/notice/show/{key}"))
    shown = [item.get_text(strip=True) for item in page.soup.select("li.doubt")]
    assert len(shown) == 3
    for words in ("3幢501室", "5栋203", "透析"):
        assert any(words in line for line in shown)
    assert page.soup.select_one('form[action*="issue"] input[name=confirmed][required]')
    assert not page.defects()
    page = after(client, f"/notice/issue/{key}")
    assert state(world, key) == State.DRAFT
    assert page.flashes() == [zh(world, CONFIRM)]
    after(client, f"/notice/issue/{key}", confirmed="1")
    assert state(world, key) == State.ISSUED


@one_database
def test_the_number_of_a_repairman_is_posted_when_somebody_has_confirmed_it_and_who_is_kept(world: World) -> None:
    client = world.client("branch_secretary")
    written = {"title": "停水通知", "issuer": "居委会", "opening": "联系人：王师傅 138 1234 5678。"}
    page = Page(client.post("/notice/draft/text", data={**written, "do": "preview"}))
    assert page.soup.select(".preview img"), "cannot even be looked at"
    key = int(client.post("/notice/draft/text", data={**written, "do": "issue"}).location.rpartition("/")[2])
    assert state(world, key) == State.DRAFT
    page = Page(client.get(f"/notice/show/{key}"))
    assert ["138 1234 5678" in item.get_text() for item in page.soup.select("li.doubt")] == [True]
    assert not page.english()
    after(client, f"/notice/issue/{key}", confirmed="1")
    with world.work():
        last = db.session.get_one(Notice, key).steps[-1]
        told = last.step, last.by, last.note
    assert told == ("approve", "书记甲 (branch_secretary)", "经确认可以公示：138 1234 5678")


@one_database
@pytest.mark.parametrize("field", ["title", "table"])
def test_elsewhere_than_in_the_text_no_mobile_number_is_posted(world: World, field: str) -> None:
    written = {"title": "值班表", "issuer": "居委会", "opening": "请看。", field: "姓名\t电话\n王师傅\t13812345678"}
    page = Page(world.client("branch_secretary").post("/notice/draft/text", data={**written, "do": "preview"}))
    assert "手机" in page.complaint(field)
    assert not page.soup.select(".preview img")


@one_database
def test_however_many_doubtful_places_there_are_the_answer_has_room(world: World) -> None:
    """What is told after a redirect travels in a cookie of four kilobytes."""
    key = a_text(world, "\n".join(f"王某住{number}幢{number * 37 % 899 + 100}室。" for number in range(1, 1000)))
    answer = world.client("branch_secretary").post(f"/notice/issue/{key}")
    assert answer.status_code == 302
    assert len(answer.headers["Set-Cookie"]) < 4000


@one_database
def test_what_may_never_be_posted_cannot_be_confirmed(world: World) -> None:
    """It cannot be kept through the page; were it in a draft all the same, no tick would let it pass."""
    world.person(phone="13812345678")
    key = a_text(world, "请联系13812345678，住3幢501室。")
    client = world.client("branch_secretary")
    page = Page(client.get(f"/notice/show/{key}"))
    assert page.soup.select("li.bad")
    assert not page.soup.select('form[action*="issue"]')
    page = after(client, f"/notice/issue/{key}", confirmed="1")
    assert "手机" in page.flashes()[0]
    assert state(world, key) == State.DRAFT


# --- records that change under a draft ----------------------------------------------------------------------------


def _a_post_more(world: World) -> None:
    world.post(name="新设岗")


def _a_post_less(world: World) -> None:
    with world.work(), transaction():
        db.session.delete(db.session.scalars(select(ServicePost).where(ServicePost.name == "环境监督岗")).one())


def _another_name(world: World) -> None:
    rename(world, "王大明")


@pytest.mark.parametrize("happens", [_a_post_more, _a_post_less, _another_name])
def test_a_draft_whose_records_changed_is_approved_only_when_taken_up_again(posts: World, happens: Any) -> None:
    key = a_roster(posts)
    happens(posts)
    client = posts.client("branch_secretary")
    page = Page(client.get(f"/notice/show/{key}"))
    assert page.soup.select(f'form[action="/notice/renew/{key}"]')
    assert not page.soup.select(f'form[action="/notice/issue/{key}"]')
    page = after(client, f"/notice/issue/{key}")
    assert page.flashes() == [zh(posts, CHANGED)]
    assert (state(posts, key), posts.get("notice", key).number) == (State.DRAFT, None)
    before = posts.get("notice", key).sheet.table.rows
    page = after(client, f"/notice/renew/{key}", version=posts.get("notice", key).version)
    assert posts.get("notice", key).sheet.table.rows != before
    assert not page.soup.select(f'form[action="/notice/renew/{key}"]')
    after(client, f"/notice/issue/{key}")
    notice = posts.get("notice", key)
    assert (notice.state, notice.sequence) == (State.ISSUED, 1)


@one_database
def test_a_draft_of_a_list_that_can_no_longer_be_asked_for_says_so(posts: World) -> None:
    key = a_roster(posts)
    with posts.work(), transaction():
        notice = db.session.get_one(Notice, key)
        notice.recipe = {**notice.recipe, "question": {"order": "a column of long ago"}}
    client = posts.client("branch_secretary")
    assert Page(client.get(f"/notice/show/{key}")).soup.select("li.bad")
    after(client, f"/notice/issue/{key}")
    assert state(posts, key) == State.DRAFT


# --- numbers ------------------------------------------------------------------------------------------------------


def test_eight_who_approve_at_once_leave_neither_gap_nor_double(posts: World) -> None:
    """Every third draft is refused, since its records have changed."""
    stale = {a_roster(posts) for _ in range(4)}
    posts.post(name="新设岗")
    good = {a_roster(posts) if number % 2 else a_draft(posts, posts.here) for number in range(12)}
    keys = [key for pair in zip(sorted(stale), sorted(good)[:4], strict=True) for key in pair] + sorted(good)[4:]
    start = Barrier(8)

    def work(mine: list[int]) -> list[int]:
        client = posts.client("branch_secretary")
        start.wait()
        return [client.post(f"/notice/issue/{key}").status_code for key in mine]

    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(work, [keys[number::8] for number in range(8)]))
    assert {code for codes in answers for code in codes} == {302}
    notices = {key: posts.get("notice", key) for key in keys}
    assert {key for key, notice in notices.items() if notice.number is None} == stale
    assert sorted(notices[key].sequence for key in good) == list(range(1, len(good) + 1))
    assert len({notices[key].short_code for key in good}) == len(good)
    for key in good:
        assert notices[key].number in notices[key].sheet.number
        assert acts(posts, "notice", key) == ["add", "approve"]


def test_a_refused_approval_uses_no_number(posts: World) -> None:
    stale = a_roster(posts)
    posts.post(name="新设岗")
    for _ in range(3):
        with pytest.raises(Refused):
            approve(posts, stale)
    assert approve(posts, a_draft(posts, posts.here)).sequence == 1
    with posts.work():
        operations.renew(stale, None)
    assert approve(posts, stale).sequence == 2


@one_database
def test_a_new_year_begins_at_one_and_the_old_one_goes_on_where_it_was(world: World) -> None:
    days = [date(2026, 12, 30), date(2026, 12, 31), date(2027, 1, 1), date(2026, 12, 31), date(2027, 1, 4)]
    numbers = [approve(world, a_draft(world, world.here), on=day).number for day in days]
    assert numbers == [
        f"春和社区〔{year}〕{nth}号" for year, nth in [(2026, 1), (2026, 2), (2027, 1), (2026, 3), (2027, 2)]
    ]


def test_a_void_notice_keeps_its_number_and_does_not_go_up(world: World) -> None:
    board = a_board(world)
    key = an_issued_notice(world, world.here, (board,))
    client = world.client("branch_secretary")
    page = after(client, f"/notice/void/{key}")
    assert page.flashes() == [zh(world, REASON)]
    assert state(world, key) == State.ISSUED
    page = after(client, f"/notice/void/{key}", note="印错了版本")
    notice = world.get("notice", key)
    assert (notice.state, notice.sequence) == (State.VOID, 1)
    assert "印错了版本" in page.text
    assert world.get("notice", an_issued_notice(world, world.here)).sequence == 2
    assert notice.title not in Page(client.get("/posting/today/")).text
    (posting,) = postings(world, key)
    with world.work(), pytest.raises(Refused):
        boards.hang(posting.id, TODAY, CLERK, TODAY)
    assert acts(world, "notice", key) == ["add", "approve", "void"]


# --- what is issued stays -----------------------------------------------------------------------------------------

COLUMNS = [column.key for column in Notice.__mapper__.column_attrs]


@pytest.fixture
def issued(world: World) -> int:
    return an_issued_notice(world, world.here)


@one_database
@pytest.mark.parametrize("expired", [False, True], ids=["loaded", "expired"])
def test_no_field_of_an_issued_notice_but_its_state_changes(world: World, issued: int, expired: bool) -> None:
    other = {"year": 1999, "sequence": 99, "pages": 99, "post_for": 99, "item_id": None, "corrects_id": issued}
    other |= {"issued_on": date(1999, 1, 1), "created_at": TODAY, "recipe": {}, "community_id": world.there.id}
    kept = set(COLUMNS) - {"state", "version", "id", "item_id"}
    assert {"snapshot", "digest", "recipe", "short_code", "number", "text", "drafted_by", "duty", "pages"} <= kept
    with world.app.app_context(), as_system("test"):
        for name in sorted(kept):
            notice = db.session.get_one(Notice, issued)
            before = getattr(notice, name)
            if expired:
                db.session.expire(notice)
            with pytest.raises(NoticeIsFinal), transaction():
                setattr(notice, name, other.get(name, "draft"))
            assert getattr(db.session.get_one(Notice, issued), name) == before, name


@one_database
@pytest.mark.parametrize("back", UNISSUED)
def test_an_issued_notice_never_becomes_a_draft_again(world: World, issued: int, back: State) -> None:
    """Or it could be changed in two steps."""
    with world.app.app_context(), as_system("test"), pytest.raises(NoticeIsFinal), transaction():
        db.session.get_one(Notice, issued).state = back
    assert state(world, issued) == State.ISSUED


def _change(step: NoticeStep) -> None:
    step.by = "别人"


def _remove(step: NoticeStep) -> None:
    step.notice.steps.remove(step)


def _clear(step: NoticeStep) -> None:
    step.notice.steps = []


@pytest.mark.parametrize(
    "wrong", [_change, _remove, _clear, db.session.delete], ids=["change", "remove", "clear", "delete"]
)
@one_database
def test_a_step_once_taken_stays(world: World, issued: int, wrong: Any) -> None:
    with world.app.app_context(), as_system("test"):
        (step,) = db.session.get_one(Notice, issued).steps
        with pytest.raises(NoticeIsFinal), transaction():
            wrong(step)
        (step,) = db.session.get_one(Notice, issued).steps
        assert (step.step, step.by) == (Step.APPROVE, SECRETARY)


@one_database
def test_a_step_of_a_draft_stays_as_well(world: World) -> None:
    key = in_state(world, State.IN_REVIEW)
    with world.app.app_context(), as_system("test"), pytest.raises(NoticeIsFinal), transaction():
        db.session.get_one(Notice, key).steps[0].note = "改写的理由"


def alter(world: World, key: int, was: str = "请监督", put: str = "请勿监督") -> None:
    """Somebody writes into the database itself."""
    notices = Notice.__table__
    with world.app.app_context(), owner() as connection:
        stored = connection.scalar(select(notices.c.snapshot).where(notices.c.id == key))
        assert was in stored
        connection.execute(update(notices).where(notices.c.id == key).values(snapshot=stored.replace(was, put)))


@one_database
def test_an_altered_sheet_is_refused_everywhere_and_told(posts: World) -> None:
    board = a_board(posts)
    key, waiting = a_roster(posts, boards=(board,)), a_roster(posts, boards=(board,))
    for notice in (key, waiting):
        approve(posts, notice)
    hang_up(posts, key)
    token = posts.make("screen", board_id=board)
    secretary = posts.client("branch_secretary")
    secretary.post(f"/screen/renew/{token}")
    assert secretary.get("/").status_code == 200
    for notice in (key, waiting):
        alter(posts, notice, "政策宣讲岗", "政策宣传岗")
    for notice in (key, waiting):
        page = Page(secretary.get(f"/notice/show/{notice}"))
        assert page.status == 200
        assert zh(posts, ALTERED) in page.text
        assert not page.defects()
        assert not page.soup.select(f'main [href="/notice/pdf/{notice}"], main {STEP_FORMS}, main img')
        assert zh(posts, UNCHANGED) not in page.text
        for way in ("pdf", "page", "printing", "progress"):
            answer = secretary.get(f"/notice/{way}/{notice}")
            assert answer.status_code == 302, way
            assert zh(posts, ALTERED) in " ".join(Page(secretary.get(answer.location)).flashes()), way
        assert zh(posts, ALTERED) in " ".join(after(secretary, f"/notice/cancel/{notice}").flashes())
    for address in (
        "/",
        "/posting/today/",
        f"/notice_board/show/{board}",
        "/notice/list/",
        "/catalogue_item/progress/",
    ):
        assert secretary.get(address).status_code == 200, address
    assert secretary.get(f"/posting/bundle/{board}").status_code == 302
    page = Page(secretary.get("/notice/outdated/"))
    assert f"/notice/show/{key}" in page.links()
    with posts.work():
        screen = db.session.get_one(MODELS["screen"], token)
        slides = posts.client().get(f"/screen/{screen.token}/slides").get_json()["slides"]
    assert slides == []


@one_database
def test_the_same_sheet_is_drawn_to_the_same_bytes_for_ever(
    world: World, issued: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = world.client("office_staff")
    first = client.get(f"/notice/pdf/{issued}").data
    assert first.startswith(b"%PDF-")
    assert client.get(f"/notice/pdf/{issued}").data == first
    monkeypatch.setitem(world.app.extensions, "press", Press(tmp_path / "prints"))
    assert client.get(f"/notice/pdf/{issued}").data == first, "drawn anew, it differs"
    assert len(list((tmp_path / "prints").glob("*.pdf"))) == 1


@one_database
def test_a_printed_sheet_is_found_by_its_code(world: World, issued: int) -> None:
    notice = world.get("notice", issued)
    code, client = notice.short_code, world.client("office_staff")
    assert notice.sheet.short_code == code
    assert notice.sheet.qr.endswith(code)
    address = f"http://portal/notice/check/{code}"
    for typed in (code, code.lower(), code.replace("-", ""), f" {code.replace('-', ' ')} ", address):
        answer = client.get("/notice/check/", query_string={"code": typed})
        assert (answer.status_code, answer.location) == (302, f"/notice/show/{issued}"), typed
    assert client.get(f"/notice/check/{code}").location == f"/notice/show/{issued}"
    wrong = [("0000-0000", NO_SUCH_CODE), ("春和", NO_CODE), ("<script>", NO_CODE), ("长" * 500, NO_CODE)]
    for typed, told in wrong:
        page = Page(client.get("/notice/check/", query_string={"code": typed}))
        assert page.status == 200
        assert zh(world, told) in page.text
        assert not page.defects()
    assert zh(world, NO_CODE) not in Page(client.get("/notice/check/")).text


# --- does it still say what the records say? ----------------------------------------------------------------------


def test_a_change_to_the_roster_makes_a_posted_notice_outdated(posts: World) -> None:
    key = a_posted_roster(posts)
    assert outdated(posts) == []
    _a_post_more(posts)
    assert outdated(posts) == [key]
    client = posts.client("branch_secretary")
    page = Page(client.get(f"/notice/show/{key}"))
    assert "新设岗" in page.text
    assert not page.defects()
    assert "/notice/outdated/" in Page(client.get("/")).links()
    assert f"/notice/show/{key}" in Page(client.get("/notice/outdated/")).links()


def test_a_change_behind_the_roster_does_too(posts: World) -> None:
    """The name of a member stands in the notice only through the appointment to the post."""
    key = a_posted_roster(posts)
    assert outdated(posts) == []
    _another_name(posts)
    assert outdated(posts) == [key]
    page = Page(posts.client("office_staff").get(f"/notice/show/{key}"))
    assert "王小明" in page.text
    assert "王大明" in page.text
    rename(posts, "王小明")
    assert outdated(posts) == [], "changed back, it tells the truth again"


def name_code(world: World, code_list: str, value: str, label: str) -> str:
    """Rename a value of a code list, as the administrator of the district does; returns what it was called."""
    with world.work(world.district), transaction():
        code = db.session.scalars(select(Code).where(Code.code_list == code_list, Code.value == value)).one()
        was, code.label = code.label, label
    return was


def test_a_new_word_in_a_code_list_does_too(world: World) -> None:
    world.make("facility", name="棋牌室", kind="1", place="南楼", state="1")
    key = a_posted_roster(world, source="facility", columns=("name", "kind"))
    assert outdated(world) == []
    was = name_code(world, "facility_kind", "1", "新名称")
    try:
        assert outdated(world) == [key]
    finally:
        name_code(world, "facility_kind", "1", was)


def test_what_has_nothing_to_do_with_it_does_not_and_nothing_is_compared_again(posts: World) -> None:
    a_posted_roster(posts)
    assert outdated(posts) == []
    posts.make("facility", name="棋牌室", kind="1", place="南楼", state="1")
    posts.post(name="邻社区的岗", at=posts.there)
    with counted(posts) as sent:
        assert outdated(posts) == []
    assert not [statement for statement in sent if "FROM service_post" in statement]
    assert len(sent) == 2, "the posted notices, and the newest acts about what they were made of"
    _another_name(posts)
    with counted(posts) as sent:
        assert outdated(posts) != []
    assert [statement for statement in sent if "FROM service_post" in statement], "this count can be wrong"


def test_only_the_columns_that_were_posted_count(posts: World) -> None:
    a_posted_roster(posts, columns=("name",))
    _another_name(posts)
    with posts.work(), transaction():
        for post in db.session.scalars(select(ServicePost)):
            post.duties = "另有安排"
    assert outdated(posts) == []


@one_database
def test_the_supervisor_of_several_communities_sees_the_same_truth(posts: World) -> None:
    """Other communities' records are no difference, and what the supervisor looks at is not remembered for others."""
    with posts.app.app_context(), as_system("test"), transaction():
        neighbour = db.session.get_one(MODELS["community"], posts.there.id)
        neighbour.parent_id = posts.east.id
    posts.post(name="邻社区的岗", at=posts.there)
    key = a_posted_roster(posts)
    page = Page(posts.client("supervisor").get(f"/notice/show/{key}"))
    assert zh(posts, UNCHANGED) in page.text
    assert "邻社区的岗" not in page.text
    assert outdated(posts) == []


@one_database
def test_a_list_that_can_no_longer_be_printed_does_not_bring_down_the_home_page(posts: World) -> None:
    key = a_posted_roster(posts, columns=("name", "duties"))
    with posts.work(), transaction():
        db.session.scalars(select(ServicePost)).first().duties = "长" * 3000  # type: ignore[union-attr]
    client = posts.client("branch_secretary")
    for address in ("/", "/notice/outdated/", f"/notice/show/{key}"):
        assert client.get(address).status_code == 200, address
    assert outdated(posts) == [key]
    page = after(client, f"/notice/correct/{key}")
    assert "1000" in page.flashes()[0]


# --- corrections --------------------------------------------------------------------------------------------------


def test_one_click_corrects_what_is_no_longer_true(posts: World) -> None:
    """Drafted, numbered and on its way to the same boards; when it hangs, the old one may come down at once."""
    key = a_posted_roster(posts)
    with posts.work():
        boards.add_board(key, a_board(posts, "西门公示栏"))
    hang_up_rest = [posting for posting in postings(posts, key) if posting.posted_on is None]
    with posts.work():
        boards.hang(hang_up_rest[0].id, TODAY, CLERK, TODAY)
    old = posts.get("notice", key)
    with posts.work(), pytest.raises(Refused):
        boards.take_down(postings(posts, key)[0].id, TODAY, CLERK, TODAY)
    _another_name(posts)
    client = posts.client("branch_secretary")
    page = after(client, f"/notice/correct/{key}", do="issue")
    with posts.work():
        correction = db.session.scalars(select(Notice).where(Notice.corrects_id == key)).one()
        assert (correction.state, correction.sequence) == (State.ISSUED, 2)
        assert correction.sheet.title == "政策宣讲岗公示（更正）"
        assert correction.sheet.paragraphs[0] == f"本公告更正并代替{old.number}，原公告同时撤下。"
        assert ("政策宣讲岗", "王大明") in [row[1:] for row in correction.sheet.table.rows]
        new = correction.id
    assert old.number in page.text
    assert f"/notice/show/{key}" in page.links()
    assert f"/notice/show/{new}" in Page(client.get(f"/notice/show/{key}")).links()
    assert outdated(posts) == [], "it is being replaced"
    assert [posting.board_id for posting in postings(posts, new)] == [
        posting.board_id for posting in postings(posts, key)
    ]
    hang_up(posts, new)
    today_page = Page(client.get("/posting/today/"))
    for posting in postings(posts, key):
        assert posting.due_down_on == TODAY
        assert f"/posting/down/{posting.id}" in today_page.links()
        with posts.work():
            boards.take_down(posting.id, TODAY, CLERK, TODAY)
    assert state(posts, key) == State.TAKEN_DOWN
    assert state(posts, new) == State.POSTED
    assert posts.get("notice", key).snapshot == old.snapshot
    assert outdated(posts) == []


def test_a_second_click_makes_no_second_correction(posts: World) -> None:
    key = a_posted_roster(posts)
    _another_name(posts)
    client = posts.client("branch_secretary")
    addresses = {client.post(f"/notice/correct/{key}", data={"do": "issue"}).location for _ in range(2)}
    assert len(addresses) == 1
    with posts.work():
        assert len(db.session.scalars(select(Notice).where(Notice.corrects_id == key)).all()) == 1


def test_two_who_correct_at_once_make_one_correction(posts: World) -> None:
    key = a_posted_roster(posts)
    rename(posts, "王大明")
    clients, start = [posts.client("branch_secretary") for _ in range(3)], Barrier(3)

    def press(client: FlaskClient) -> int:
        start.wait()
        return client.post(f"/notice/correct/{key}", data={"do": "issue"}).status_code

    with ThreadPoolExecutor(3) as threads:
        assert list(threads.map(press, clients)) == [302] * 3
    with posts.work():
        (correction,) = db.session.scalars(select(Notice).where(Notice.corrects_id == key)).all()
        assert (correction.state, correction.sequence) == (State.ISSUED, 2)


def test_two_who_take_down_the_last_two_sheets_at_once_leave_nothing_hanging(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = an_issued_notice(world, world.here, tuple(a_board(world, name) for name in ("东门公示栏", "西门公示栏")))
    hang_up(world, key)
    later, meeting = TODAY + timedelta(days=60), Barrier(2)

    def count(model: Any, *where: Any) -> int:
        if model is Posting:
            with suppress(BrokenBarrierError):
                meeting.wait(0.3)  # neither has said yet that its sheet is down, unless one waits for the other
        return count_of(model, *where)

    def take_down(posting: Posting) -> None:
        with world.work():
            boards.take_down(posting.id, later, CLERK, later)

    monkeypatch.setattr(boards, "count_of", count)
    with ThreadPoolExecutor(2) as threads:
        list(threads.map(take_down, postings(world, key)))
    assert state(world, key) == State.TAKEN_DOWN


@one_database
def test_a_correction_begun_is_taken_up_again_with_what_was_written(posts: World) -> None:
    key = a_posted_roster(posts)
    _another_name(posts)
    clerk = posts.client("office_staff")
    page = after(clerk, f"/notice/correct/{key}", do="issue")  # a clerk's correction waits for approval
    with posts.work():
        begun = db.session.scalars(select(Notice.id).where(Notice.corrects_id == key)).one()
    assert state(posts, begun) == State.DRAFT
    address = next(link for link in page.links() if f"notice={begun}" in link)
    form = {**Page(clerk.get(address)).filled_in(), "opening": "写了一半。", "columns": ["name"], "do": "keep"}
    assert clerk.post(address, data=form).status_code == 302
    posts.post(name="新设岗")
    page = after(clerk, f"/notice/correct/{key}")
    again = posts.get("notice", begun)
    assert again.corrects_id == key
    assert again.sheet.paragraphs == ("写了一半。",)
    assert "新设岗" in [row[1] for row in again.sheet.table.rows]
    assert outdated(posts) == [key], "a draft replaces nothing yet"


@one_database
def test_a_correction_declared_void_replaces_nothing(posts: World) -> None:
    key = a_posted_roster(posts)
    _another_name(posts)
    client = posts.client("branch_secretary")
    client.post(f"/notice/correct/{key}", data={"do": "issue"})
    with posts.work():
        correction = db.session.scalars(select(Notice).where(Notice.corrects_id == key)).one()
        operations.take(Step.VOID, correction.id, SECRETARY, note="印错")
    assert outdated(posts) == [key]
    client.post(f"/notice/correct/{key}", data={"do": "issue"})
    with posts.work():
        states = db.session.scalars(select(Notice.state).where(Notice.corrects_id == key).order_by(Notice.id)).all()
    assert states == [State.VOID, State.ISSUED]


@one_database
def test_the_correction_of_a_correction_names_the_one_it_replaces(posts: World) -> None:
    key = a_posted_roster(posts)
    client = posts.client("branch_secretary")
    for name in ("王大明", "王中明"):
        rename(posts, name)
        client.post(f"/notice/correct/{key}", data={"do": "issue"})
        with posts.work():
            key = db.session.scalars(select(Notice.id).where(Notice.corrects_id == key)).one()
        hang_up(posts, key)
    sheet = posts.get("notice", key).sheet
    assert sheet.title == "政策宣讲岗公示（更正）"
    assert [line for line in sheet.paragraphs if "代替" in line] == [
        f"本公告更正并代替春和社区〔{TODAY.year}〕2号，原公告同时撤下。"
    ]


@one_database
@pytest.mark.parametrize("before", [State.DRAFT, State.VOID])
def test_what_does_not_hang_is_not_corrected(world: World, before: State) -> None:
    key = in_state(world, before)
    assert world.client("branch_secretary").post(f"/notice/correct/{key}").status_code == 409
    with world.work():
        assert len(db.session.scalars(select(Notice)).all()) == 1


# --- plain text and figures ---------------------------------------------------------------------------------------


@one_database
def test_a_notice_is_written_by_hand_with_a_table_pasted_from_a_sheet(world: World) -> None:
    client = world.client("branch_secretary")
    page = Page(client.get("/notice/draft/text"))
    assert page.status == 200
    assert not page.defects()
    form = {
        **page.filled_in(),
        "title": "停水通知",
        "opening": "因管道检修停水。",
        "table": "楼号\t户数\n1号楼\t48\n2号楼\t36\t\n",
        "do": "issue",
    }
    uneven = Page(client.post("/notice/draft/text", data={**form, "table": "楼号\t户数\n1号楼\t48\t多"}))
    assert "2" in uneven.complaint("table")
    assert uneven.filled_in()["table"] == "楼号\t户数\n1号楼\t48\t多"
    empty = Page(client.post("/notice/draft/text", data={**form, "opening": "", "table": ""}))
    assert empty.complaint("opening")
    hidden = Page(client.post("/notice/draft/text", data={**form, "table": "姓名\t电话\n张三\t138\u200b12345678"}))
    assert hidden.status == 200
    assert "手机" in " ".join(hidden.summary())
    key = int(client.post("/notice/draft/text", data=form).location.rpartition("/")[2])
    notice = world.get("notice", key)
    assert notice.state == State.ISSUED
    assert notice.sheet.table.rows == (("1号楼", "48"), ("2号楼", "36"))
    assert [column.align for column in notice.sheet.table.columns] == ["left", "right"]
    assert "2号楼" in notice.text
    assert outdated(world) == []


def book(world: World, on: str, direction: str, kind: str, amount: str, at: Place | None = None) -> None:
    world.make(
        "ledger_entry",
        at,
        on=date.fromisoformat(on),
        direction=direction,
        kind=kind,
        purpose="记账",
        amount=Decimal(amount),
    )


@pytest.fixture
def ledger(world: World) -> World:
    """Income and spending around the third quarter of 2026, in two kinds; and something of the neighbours'."""
    with world.app.app_context():
        kinds = db.session.scalars(
            select(Code.value).where(Code.code_list == "ledger_kind").order_by(Code.position)
        ).all()
    for on, direction, kind, amount in (
        ("2026-06-30", "in", 0, "9000.00"),
        ("2026-07-01", "in", 0, "1000.10"),
        ("2026-08-15", "in", 0, "234.56"),
        ("2026-07-20", "out", 0, "0.66"),
        ("2026-09-30", "out", 1, "1200.00"),
        ("2026-10-01", "out", 1, "8000.00"),
    ):
        book(world, on, direction, kinds[kind], amount)
    book(world, "2026-08-01", "in", kinds[0], "777777", at=world.there)
    return world


FIGURES = ("direction", "kind", "entries", "amount")


def test_figures_add_up_over_the_days_asked_for(ledger: World) -> None:
    client = ledger.client("office_staff")
    address = "/notice/draft/ledger_totals?from=2026-07-01&to=2026-09-30"
    page = Page(client.get(address))
    assert "2026年第三季度" in page.filled_in()["title"]
    key = int(client.post(address, data={**page.filled_in(), "do": "keep"}).location.rpartition("/")[2])
    rows = ledger.get("notice", key).sheet.table.rows
    figures = [(row[1], *row[3:]) for row in rows]
    assert figures == [
        ("收入", "2", "1,234.66"),
        ("收入", "2", "1,234.66"),
        ("支出", "1", "0.66"),
        ("支出", "1", "1,200.00"),
        ("支出", "2", "1,200.66"),
        ("结余", "", "34.00"),
    ]
    assert [row[2] for row in rows if row[2] == "合计"] == ["合计"] * 2


def test_posted_figures_are_outdated_only_by_what_was_booked_in_their_days(ledger: World) -> None:
    key = a_posted_roster(
        ledger, source="ledger_totals", columns=FIGURES, asked={"from": "2026-07-01", "to": "2026-09-30"}
    )
    assert outdated(ledger) == []
    kind = ledger.get("notice", key).sheet.table.rows[0][2]
    with ledger.app.app_context():
        code = db.session.scalars(select(Code.value).where(Code.code_list == "ledger_kind", Code.label == kind)).one()
    book(ledger, "2026-10-02", "in", code, "5")
    assert outdated(ledger) == []
    book(ledger, "2026-09-30", "in", code, "5")
    assert outdated(ledger) == [key]


@one_database
def test_figures_without_days_are_about_the_days_they_were_drafted_for(
    ledger: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Otherwise a posted notice would speak of another term on every new day."""
    client = ledger.client("office_staff")
    page = Page(client.get("/notice/draft/ledger_totals"))
    form = {**page.filled_in(), "do": "keep"}
    key = int(client.post("/notice/draft/ledger_totals", data=form).location.rpartition("/")[2])
    stored = ledger.get("notice", key).recipe["question"]
    assert stored == {"from": f"{TODAY.year}-01-01", "to": TODAY.isoformat()}
    monkeypatch.setattr(sources, "today", lambda: TODAY + timedelta(days=400))
    with ledger.work():
        assert operations.approve(key, SECRETARY, TODAY).number


# --- a catalogue item and its columns -----------------------------------------------------------------------------


@pytest.fixture
def item(posts: World) -> int:
    """A matter that always has to be posted, made of the posts: their name, and who holds them, masked."""
    key = posts.make("catalogue_item", name="党员岗位", first_level="党务公开", time_limit="长期公开")
    narrow(posts, key, {"name": "", "holders": "name"})
    return key


def narrow(world: World, key: int, columns: dict[str, str]) -> None:
    with world.work():
        choose_source(key, "service_post", columns, db.session.get_one(CatalogueItem, key).version)


@one_database
def test_only_the_columns_of_a_matter_are_offered_and_each_under_its_mask(posts: World, item: int) -> None:
    client, address = posts.client("branch_secretary"), f"/notice/draft/service_post?about={item}:standing"
    page = Page(client.get(address))
    assert [box["value"] for box in page.soup.select("input[name=columns]")] == ["name", "holders"]
    form = page.filled_in()
    assert form["about"] == f"{item}:standing"
    for do in ("preview", "keep", "submit", "issue"):
        for columns in (["name", "duties"], ["name", "holders", "places"], ["name", "no_such"]):
            answer = Page(client.post(address, data={**form, "columns": columns, "do": do}))
            assert answer.status == 200, do
            assert zh(posts, NOT_OFFERED) in " ".join(answer.summary())
            assert not answer.soup.select(".preview img")
    with posts.work():
        assert db.session.scalars(select(Notice)).all() == []
    key = int(client.post(address, data={**form, "do": "issue"}).location.rpartition("/")[2])
    notice = posts.get("notice", key)
    assert (notice.state, notice.item_id, notice.duty) == (State.ISSUED, item, "standing")
    assert notice.sheet.table.rows == (("1", "政策宣讲岗", "王*明"), ("2", "环境监督岗", ""))
    assert "王小明" not in notice.snapshot
    assert "王小明" not in notice.text


@one_database
def test_a_matter_cannot_be_named_to_pass_another_sources_columns(posts: World, item: int) -> None:
    """The list of a matter counts for its own source; through another the register's own rules and masks hold."""
    person = posts.person(name="李大伟", phone="13912345678")
    assert person
    client = posts.client("branch_secretary")
    address = f"/notice/draft/person?about={item}:standing"
    for column in ("phone", "id_number", "birth_on"):
        form = {**Page(client.get(address)).filled_in(), "columns": ["name", column], "do": "keep"}
        page = Page(client.post(address, data=form))
        assert page.status == 200
        assert page.summary()
        assert "13912345678" not in page.source
    with posts.work():
        assert db.session.scalars(select(Notice)).all() == []


def test_a_draft_is_not_approved_past_a_list_that_was_narrowed(posts: World, item: int) -> None:
    about = {"item_id": item, "duty": "standing", "period": "长期公开"}
    key = a_roster(posts, **about)
    narrow(posts, item, {"name": ""})
    client = posts.client("branch_secretary")
    after(client, f"/notice/issue/{key}")
    assert state(posts, key) == State.DRAFT
    assert after(client, f"/notice/renew/{key}").flashes() == [zh(posts, NOT_OFFERED)]
    page = Page(client.get(f"/notice/show/{key}"))
    again = next(link for link in page.links() if f"notice={key}" in link)
    page = Page(client.get(again))
    assert page.status == 200
    assert zh(posts, NOT_OFFERED) in " ".join(page.summary())
    assert [box["value"] for box in page.soup.select("input[name=columns]")] == ["name"]


def test_a_stricter_mask_reaches_drafts_and_what_hangs(posts: World, item: int) -> None:
    about = {"item_id": item, "duty": "standing", "period": "长期公开"}
    narrow(posts, item, {"name": "", "holders": ""})
    draft = a_roster(posts, **about)
    hanging = a_posted_roster(posts, **about)
    assert "王小明" in posts.get("notice", hanging).snapshot
    assert outdated(posts) == []
    narrow(posts, item, {"name": "", "holders": "name"})
    assert acts(posts, "catalogue_item", item).count("columns") == 3
    with pytest.raises(Refused):
        approve(posts, draft)
    assert outdated(posts) == [hanging]


def test_what_was_posted_too_openly_is_corrected_without_the_column(posts: World, item: int) -> None:
    key = a_posted_roster(posts, item_id=item, duty="standing", period="长期公开")
    narrow(posts, item, {"name": ""})
    assert outdated(posts) == [key]
    after(posts.client("branch_secretary"), f"/notice/correct/{key}", do="issue")
    with posts.work():
        correction = db.session.scalars(select(Notice).where(Notice.corrects_id == key)).one()
        assert correction.state == State.ISSUED
        assert [column.label for column in correction.sheet.table.columns] == ["序号", "岗位名称"]
        assert "王*明" not in correction.snapshot


@one_database
def test_a_matter_left_without_any_of_the_columns_is_told(posts: World, item: int) -> None:
    key = a_posted_roster(posts, item_id=item, duty="standing", period="长期公开")
    narrow(posts, item, {"duties": ""})
    page = after(posts.client("branch_secretary"), f"/notice/correct/{key}", do="issue")
    assert page.flashes() == [zh(posts, NOT_OFFERED)]
    with posts.work():
        assert len(db.session.scalars(select(Notice)).all()) == 1


# --- what a source reads ------------------------------------------------------------------------------------------


@one_database
def test_a_source_knows_every_table_it_is_made_of(world: World) -> None:
    """Or a change there would not be noticed."""
    for register in (name for name, model in MODELS.items() if sources.printable(model)):
        source = sources.find(register)
        assert source is not None
        columns = [column.name for column in source.columns]
        with world.work(), counted(world) as sent:
            source.rows({}, columns, 10)
            reads = source.reads({}, columns)
        asked = {word.strip('"(),.') for statement in sent for word in statement.split()} & set(MODELS)
        assert register in asked
        assert asked <= reads | {"community"}, register


def test_a_posted_list_of_names_is_not_outdated_by_the_order_the_database_reads_in(world: World) -> None:
    post = world.post(places=3)
    people = [world.person(name) for name in ("赵一", "钱二", "孙三")]
    members = [world.member(person) for person in people]
    for member in reversed(members):
        world.appointment(post, member)
    for analysed in (False, True):
        with world.work():
            if analysed:
                refresh_statistics()
            (row,) = listing.rows(ServicePost, ["holders"], listing.Question())
        assert row.values["holders"] == "孙三、钱二、赵一"
