"""How often a page asks the database: as often with 250 rows as with 25."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from itertools import count
from typing import Any

import pytest
from sqlalchemy import event, select, update

from app import roles
from app.boards.models import Posting
from app.catalogue.models import CatalogueItem, Occasion
from app.community.models import Person
from app.disclosure.lifecycle import State
from app.disclosure.models import Notice
from app.kernel import listing, paging, records
from app.kernel.access import Right
from app.kernel.db import db, refresh_statistics, today, transaction
from app.kernel.listing import Question
from app.kernel.scope import working_in
from app.party.models import PartyMember, PostAssignment
from app.printing import Snapshot
from app.roles import Role
from app.volunteers.models import Volunteer
from tests.rows import MODELS, a_row, people_of_a_street
from tests.web.page import Page, on_postgresql, one_database
from tests.world import World

MOST_FOR_A_LIST = 3
MOST_FOR_CHOICES = 3
MOST_FOR_A_FORM = 3
MOST_FOR_SAVING = 7
MOST_FOR_DISCLOSURE = 8
ONE_FOR_SEARCHING = 1
"""Whether anything is written as it was typed; if not, what sounds alike is looked for."""
MOST_FOR_HOME = 45
"""Every figure and every task of every capability."""
MOST_STEPS = 150
"""Hundreds, for a page of 4,000 people; to put them all in order takes 450."""
every_role = pytest.mark.parametrize("role", [role.value for role in Role])


def seen_by(role: str) -> list[str]:
    return [register for register in MODELS if Right.VIEW in roles.rights(role, register)]


@contextmanager
def counted(world: World) -> Iterator[list[str]]:
    """The statements sent to the database in the block."""
    sent: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if not statement.startswith(("PRAGMA", "BEGIN")):
            sent.append(statement)

    with world.app.app_context():
        engine = db.engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        event.remove(engine, "before_cursor_execute", note)


def add_volunteers(world: World, number: int, team: int) -> None:
    own: dict[str, Any] = {"community_id": world.here.id}
    with world.work(), transaction():
        for _ in range(number):
            person = Person(**own, name="王强", sex="1", phone="13812345678")
            db.session.add(Volunteer(**own, person=person, team_id=team, skill="1"))


def add_assignments(world: World, number: int, post: int, branch: int) -> None:
    own: dict[str, Any] = {"community_id": world.here.id}
    with world.work(), transaction():
        for _ in range(number):
            member = PartyMember(**own, person=Person(**own, name="王强", sex="1"), branch_id=branch)
            db.session.add(PostAssignment(**own, post_id=post, member=member))


@every_role
def test_a_list_page_asks_the_database_at_most_three_times(world, role):
    client = world.client(role)
    for register in seen_by(role):
        if register not in {"audit_entry", "account", "community", "code"}:
            a_row(world, register)
        with counted(world) as sent:
            answer = client.get(f"/{register}/list/")
        led_on = register == "disclosure_setting" and role != Role.SUPERVISOR  # straight to the one row there is
        assert answer.status_code == (302 if led_on else 200), register
        most = MOST_FOR_A_LIST + (Right.VIEW in roles.rights(role, "backup"))  # which is for those who see everything
        assert len(sent) <= most, "\n\n".join([register, *sent])


def test_a_longer_list_of_volunteers_asks_no_more_often(world):
    team = world.make("volunteer_team", name="红马甲", kind="1")
    clients, asked = [world.client(role) for role in (Role.STAFF, Role.SECRETARY)], []
    assert clients[0].get("/volunteer/list/").status_code == 200  # the first page of a process reads the code lists
    for number in (50, 200):
        add_volunteers(world, number, team)
        for client in clients:
            for question in ("?page=1", "?q=王", "?order=person_id&desc=1", "?page=2"):
                with counted(world) as sent:
                    answer = client.get(f"/volunteer/list/{question}")
                assert answer.text.count("王强") >= 25
                asked.append(len(sent))
    assert asked[:8] == asked[8:]
    assert max(asked) <= MOST_FOR_A_LIST + ONE_FOR_SEARCHING


def test_a_filtered_list_asks_at_most_once_more_for_the_name_of_what_was_chosen(world):
    team = world.make("volunteer_team", name="红马甲", kind="1")
    add_volunteers(world, 30, team)
    client = world.client("office_staff")
    with counted(world) as sent:
        answer = client.get(f"/volunteer/list/?team_id={team}&skill=1")
    assert answer.status_code == 200
    assert len(sent) <= MOST_FOR_A_LIST + 1, "\n\n".join(sent)


def test_the_statement_of_a_filter_or_a_search_serves_for_whatever_is_asked_alike(world):
    teams = [world.make("volunteer_team", name=name, kind="1") for name in ("红马甲", "蓝马甲")]
    add_volunteers(world, 3, teams[0])
    client = world.client("office_staff")
    for kept, alike in (
        (paging._statement_as_before, [f"team_id={team}" for team in teams]),
        (paging._finding, ["q=王", "q=强"]),
    ):
        written = []
        for question in alike:
            assert client.get(f"/volunteer/list/?{question}").status_code == 200
            written.append(kept.cache_info().misses)
        assert written[0] == written[1]


def test_a_list_that_is_known_to_be_long_is_not_counted_at_every_look(world, monkeypatch):
    for module in (listing, paging):
        monkeypatch.setattr(module, "COUNT_LIMIT", 10)
    paging._statement_as_before.cache_clear()
    world.app.extensions.pop("paging", None)
    add_volunteers(world, 30, world.make("volunteer_team", name="红马甲", kind="1"))
    client, counts = world.client("office_staff"), []
    for _look in range(2):
        with counted(world) as sent:
            assert "30" in client.get("/volunteer/list/?page=1").text
        counts.append(sum("count(" in statement for statement in sent))
    paging._statement_as_before.cache_clear()
    assert counts == [2, 0]


def steps(question: Question) -> int:
    """The steps, in hundreds, that SQLite takes for a page of people."""
    taken, driver = count(), db.session.connection().connection.driver_connection
    driver.set_progress_handler(lambda: next(taken) and 0, 100)
    paging.page(Person, ["name", "building"], question)
    driver.set_progress_handler(None, 0)
    return next(taken)


@one_database
def test_a_page_of_a_long_list_takes_as_few_steps_in_any_order_and_filtered_by_anything(world, monkeypatch):
    """Counting aside."""
    for module in (listing, paging):
        monkeypatch.setattr(module, "COUNT_LIMIT", 100)
    paging._statement_as_before.cache_clear()
    street = people_of_a_street(world, 5, 800)
    with world.app.test_request_context(), working_in(street):
        refresh_statistics()
        steps(Question())  # the first look counts them all
        for by in ({}, {"sex": "1"}, {"political_status": "01"}, {"sex": "9"}, {"sex": "9", "political_status": "01"}):
            for order in ("", "name", "sex", "birth_on", "phone", "building", "political_status"):
                for descending in (False, True):
                    assert steps(Question("", by, order, descending)) <= MOST_STEPS, (by, order, descending)


@on_postgresql
def test_postgresql_plans_a_list_that_is_looked_at_again_only_a_few_times(world):
    client = world.client(Role.STAFF.value)
    for _look in range(20):
        client.get("/volunteer/list/")
    with world.app.app_context(), db.engine.connect() as connection:
        kept = "SELECT generic_plans, custom_plans FROM pg_prepared_statements"
        plans = connection.exec_driver_sql(f"{kept} WHERE statement LIKE '%%FROM volunteer%%'").all()
    assert {(again > 0, anew) for again, anew in plans} == {(True, 5)}


@pytest.mark.parametrize("writing", ["flushed", "in one statement", "past the session"])
def test_what_no_transaction_has_brought_to_its_end_is_undone(world, writing):
    key, long_ago = a_row(world, "volunteer"), date(1999, 1, 1)
    with world.work():
        match writing:
            case "flushed":
                db.session.get_one(Volunteer, key).registered_on = long_ago
                db.session.flush()
            case "in one statement":
                db.session.execute(update(Volunteer).values(registered_on=long_ago))
            case _:
                db.session.connection().execute(update(Volunteer.__table__).values(registered_on=long_ago))
        assert db.session.scalars(select(Volunteer.registered_on)).all() == [long_ago]
        db.session.remove()
        assert db.session.scalars(select(Volunteer.registered_on)).all() != [long_ago]


def test_a_longer_list_of_assignments_asks_no_more_often(world):
    post, branch = world.post(places=3), world.branch()
    client, asked = world.client("branch_secretary"), []
    for number in (25, 225):
        add_assignments(world, number, post, branch)
        for register in ("post_assignment", "party_member", "service_post"):
            with counted(world) as sent:
                assert client.get(f"/{register}/list/").status_code == 200
            asked.append(len(sent))
    assert asked[:3] == asked[3:]
    assert max(asked) <= MOST_FOR_A_LIST


@every_role
def test_choosing_a_record_asks_at_most_three_times_and_searching_once_more(world, role):
    client = world.client(role)
    for register in seen_by(role):
        for question, more in (("", 0), ("?q=王", ONE_FOR_SEARCHING)):
            with counted(world) as sent:
                answer = client.get(f"/{register}/choices/{question}")
            assert answer.status_code == 200, register
            assert len(sent) <= MOST_FOR_CHOICES + more, "\n\n".join([register, *sent])


def test_choosing_never_loads_the_table(world):
    team = world.make("volunteer_team", name="红马甲", kind="1")
    client, asked = world.client("office_staff"), []
    for number in (30, 200):
        add_volunteers(world, number, team)
        for address in ("/person/choices/", "/person/choices/?q=王", "/volunteer/choices/?q=王"):
            with counted(world) as sent:
                offered = client.get(address).get_json()
            asked.append(len(sent))
            assert len(offered) == 20
            assert all("LIMIT" in statement for statement in sent if " person" in statement)
    assert asked[:3] == asked[3:]
    assert max(asked) <= MOST_FOR_CHOICES + ONE_FOR_SEARCHING


def test_opening_a_record_and_saving_it_ask_as_often_among_many_rows_as_among_few(world):
    team = world.make("volunteer_team", name="红马甲", kind="1")
    client, opening, saving = world.client("office_staff"), [], []
    for number in (5, 100):
        add_volunteers(world, number, team)
        key = world.make("volunteer", person_id=world.person(), team_id=team, skill="1")
        address = f"/volunteer/edit/{key}"
        client.get(address)  # that somebody looked is noted once a day
        with counted(world) as sent:
            page = Page(client.get(address))
        opening.append(len(sent))
        with counted(world) as sent:
            answer = client.post(address, data={**page.filled_in(), "skill": "2"})
        saving.append(len(sent))
        assert answer.status_code == 302
        assert world.get("volunteer", key).skill == "2"
    assert opening[0] == opening[1] <= MOST_FOR_A_FORM
    assert saving[0] == saving[1] <= MOST_FOR_SAVING, "\n\n".join(sent)


@pytest.mark.parametrize("register", ["volunteer", "post_assignment", "party_member", "cultural_team_member"])
def test_a_form_with_links_loads_no_table(world, register):
    """The select of a link fetches what is typed; the page does not bring along everybody on file."""
    add_volunteers(world, 60, world.make("volunteer_team", name="红马甲", kind="1"))
    client = world.client("branch_secretary")
    with counted(world) as sent:
        answer = client.get(f"/{register}/add/")
    assert answer.status_code == 200
    assert "王强" not in answer.text
    assert len(sent) <= MOST_FOR_A_LIST, "\n\n".join(sent)


def test_the_home_page_asks_as_often_with_many_rows_as_with_few(world):
    team = world.make("volunteer_team", name="红马甲", kind="1")
    client, asked = world.client("branch_secretary"), []
    for number in (1, 100):
        add_volunteers(world, number, team)
        with counted(world) as sent:
            assert client.get("/").status_code == 200
        asked.append(len(sent))
    assert asked[0] == asked[1]


def add_disclosures(world: World, number: int) -> None:
    """Items of each kind, each with an occasion and a notice that hangs on a board of its own and one that is to."""
    with world.work(), transaction():
        for _ in range(number):
            nth = next(_numbers)
            board = records.add(
                MODELS["notice_board"], {"name": f"栏{nth}", "kind": "1", "place": "东", "width": 90, "height": 90}
            )
            limit = ("每月公布一次", "每季度公布一次", "长期公开", "公示7天", "视情况")[nth % 5]
            item = CatalogueItem(community_id=world.here.id, name=f"事项{nth}", first_level="", time_limit=limit)
            db.session.add(item)
            db.session.flush()
            own = {"community_id": world.here.id}
            db.session.add(Occasion(**own, item_id=item.id, subject="会", on=today()))
            for posted_on in (today(), None):
                sheet = Snapshot(layout="notice", title="公示", issuer="居委会", paragraphs=("请监督。",))
                notice = Notice(
                    **own,
                    title="公示",
                    issuer="居委会",
                    source="text",
                    state=State.POSTED if posted_on else State.ISSUED,
                    drafted_by="干事甲",
                    item_id=item.id,
                    duty="standing",
                    snapshot=sheet.to_json(),
                )
                db.session.add(Posting(**own, notice=notice, board_id=board.id, posted_on=posted_on))


_numbers = count()


@pytest.mark.parametrize(
    "address",
    ["/", "/catalogue_item/progress/", "/catalogue_item/compliance/", "/posting/today/", "/notice/outdated/"],
)
def test_what_is_due_and_what_hangs_asks_as_often_for_many_items_as_for_few(world, address):
    asked = []
    for number in (1, 30):
        add_disclosures(world, number)
        for role in (Role.SECRETARY, Role.SUPERVISOR):
            client = world.client(role)
            with counted(world) as sent:
                assert client.get(address).status_code == 200
            asked.append(len(sent))
    assert asked[:2] == asked[2:]
    assert max(asked) <= (MOST_FOR_HOME if address == "/" else MOST_FOR_DISCLOSURE), "\n\n".join(sent)


def test_looking_a_sheet_through_does_not_load_the_sheets_that_hang(world):
    """A photograph of a board and the text of a long roster are not read to say how many there are."""
    add_disclosures(world, 3)
    client = world.client("office_staff")
    for address in ("/posting/list/", "/notice/list/"):
        with counted(world) as sent:
            assert client.get(address).status_code == 200
        assert not [statement for statement in sent if "photo" in statement or "snapshot" in statement], address
