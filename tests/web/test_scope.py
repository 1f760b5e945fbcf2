"""Whose rows one sees and may touch, asked of the session itself: no page, no filter, no view between.

Every register is tried, also those that will be added: one row here (春和), one there (秋实).
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from itertools import count
from threading import Barrier, Thread
from typing import Any
from unittest.mock import patch

import pytest
from flask.testing import FlaskClient
from flask_login import current_user
from sqlalchemy import delete, event, exists, func, insert, literal, select, union_all, update
from sqlalchemy.exc import IntegrityError, ProgrammingError
from sqlalchemy.orm import Session, aliased, joinedload, selectinload
from sqlalchemy.orm.exc import ObjectDeletedError

from app.accounts.models import Account
from app.community.models import Community, Person
from app.kernel import listing, paging, records, scope, undo
from app.kernel.codes import Code
from app.kernel.db import Conflict, db, transaction
from app.kernel.entries import SearchEntry
from app.kernel.fields import fields_of
from app.kernel.listing import Question
from app.kernel.registers import REGISTERS
from app.kernel.scope import NOTHING, OutOfScope, Scope, as_system, working_in
from app.party.models import PostAssignment, ServicePost
from app.volunteers.models import Volunteer
from tests.rows import IN_COMMUNITY, LINKS, MODELS, a_row, some_data
from tests.web.page import Page
from tests.world import Place, World, owner

every_register = pytest.mark.parametrize("register", IN_COMMUNITY)
MOVABLE_LINKS = [(register, link) for register, link in LINKS if register != "notice_step"]
"""A step once taken is never changed."""
every_link = pytest.mark.parametrize(("register", "link"), LINKS, ids=map(".".join, LINKS))


def a_row_at(world: World, register: str, at: Place) -> int:
    return at.id if register == "community" else a_row(world, register, at)


@contextmanager
def work_in(world: World, view: Scope) -> Iterator[Session]:
    """A fresh session in a scope."""
    with world.app.app_context(), working_in(view):
        yield db.session


def is_guarded(world: World) -> bool:
    """Does the database have barriers of its own?"""
    with world.app.app_context():
        return bool(db.engine.dialect.name == "postgresql")


@contextmanager
def session_of_system(world: World) -> Iterator[Session]:
    with world.app.app_context(), as_system("test"):
        yield db.session


def branch_below(world: World, place: Place) -> Scope:
    with session_of_system(world) as session:
        return Scope(place.id, path=session.get_one(Community, place.id).path)


def on_the_pages_of(model: Any, order: str = "") -> set[int]:
    """What is on all pages of the list."""
    found: set[int] = set()
    for number in count(1):
        rows = paging.page(model, fields_of(model), Question(order=order, page=number)).rows
        found |= {row.id for row in rows}
        if len(rows) < listing.PAGE_SIZE:
            return found


def ways_of_reading(session: Session, model: Any, mine: int, theirs: int) -> dict[str, set[int]]:
    """Which of the two rows each way of asking gives."""
    alias, inner, other = aliased(model), select(model.id).subquery(), aliased(model)
    whole = aliased(model, select(model).subquery())
    both = {mine, theirs}
    seen = {
        "column": session.scalars(select(model.id)),
        "entity": [row.id for row in session.scalars(select(model))],
        "alias": session.scalars(select(alias.id)),
        "two aliases": session.scalars(select(alias.id).join(other, other.id == alias.id)),
        "old query": [row.id for row in session.query(model).all()],
        "old query of a column": [row[0] for row in session.query(model.id)],
        "where": session.scalars(select(model.id).where(model.id.in_(both))),
        "or true": session.scalars(select(model.id).where((model.id == theirs) | literal(1).is_not(None))),
        "join from a code": session.scalars(select(model.id).select_from(Code).join(model, model.id.in_(both))),
        "outer join": session.scalars(select(model.id).select_from(Code).outerjoin(model, model.id.in_(both))),
        "subquery": session.scalars(select(inner.c.id)),
        "aliased subquery": [row.id for row in session.scalars(select(whole))],
        "common table expression": session.scalars(select(select(model.id).cte().c.id)),
        "union": session.execute(union_all(select(model.id), select(alias.id))).scalars(),
        "scalar subquery": [
            session.scalar(select(select(model.id).where(model.id == key).scalar_subquery())) for key in both
        ],
        "exists": [key for key in both if session.scalar(select(exists().where(model.id == key)))],
        "count": [
            key for key in both if session.scalar(select(func.count()).select_from(model).where(model.id == key))
        ],
        "sum": [key for key in both if session.scalar(select(func.sum(model.id)).where(model.id == key))],
        "streamed": session.scalars(select(model.id).execution_options(yield_per=2)),
        "get": [key for key in both if session.get(model, key) is not None],
        "whole list": [row.id for row in listing.rows(model, fields_of(model), Question(), limit=None)],
        "by id": [key for key in both if listing.row(model, key, [model.__title__])],
        "title": [key for key in both if listing.title(model, key) is not None],
    }
    return {way: set(found) & both for way, found in seen.items()}


def wrongly(seen: dict[str, set[int]], expected: set[int]) -> dict[str, set[int]]:
    assert len(seen) > 20
    return {way: found for way, found in seen.items() if found != expected}


# --- reading -----------------------------------------------------------------------------------------------------


def test_only_code_lists_and_holidays_belong_to_no_community(world):
    assert set(REGISTERS) == set(MODELS)
    assert set(MODELS) - set(IN_COMMUNITY) == {"code", "special_day"}


@every_register
def test_each_sees_what_is_theirs_however_they_ask(world, register):
    mine, theirs = a_row_at(world, register, world.here), a_row_at(world, register, world.there)
    model = MODELS[register]
    for view, visible in (
        (NOTHING, set()),
        (Scope(world.here.id), {mine}),
        (Scope(world.there.id), {theirs}),
        (branch_below(world, world.east), {mine}),
        (branch_below(world, world.district), {mine, theirs}),
        (Scope(everything=True), {mine, theirs}),
    ):
        with work_in(world, view) as session:
            assert wrongly(ways_of_reading(session, model, mine, theirs), visible) == {}, view
            for order in ("", model.__title__):
                assert on_the_pages_of(model, order) & {mine, theirs} == visible, (view, order)


@every_register
def test_the_bare_table_of_a_register_shows_no_more_than_its_model(world, register):
    mine, theirs = a_row_at(world, register, world.here), a_row_at(world, register, world.there)
    table = MODELS[register].__table__
    with session_of_system(world) as session:
        assert {mine, theirs} <= set(session.scalars(select(table.c.id)))
    seen: set[int] = set()
    with world.work(), suppress(OutOfScope):
        seen = set(db.session.scalars(select(table.c.id)))
    assert theirs not in seen


def test_a_path_that_begins_alike_is_not_below(world):
    """/1/1/ is not above /1/12/."""
    mine = world.person()
    below = branch_below(world, world.east)
    with work_in(world, below) as session:
        assert session.scalar(select(Person.id)) == mine
    with work_in(world, Scope(world.east.id, path=below.path[:-2] + "/")) as session:
        assert session.scalar(select(Person.id)) is None


@every_link
def test_a_link_to_another_community_leads_nowhere(world, register, link):
    """Should such a link ever stand in the database, following it shows nothing. PostgreSQL lets it not even stand."""
    declared = fields_of(MODELS[register])[link]
    relation = getattr(MODELS[register], declared.relation)
    own, foreign = a_row_at(world, register, world.here), a_row(world, declared.target.__tablename__, world.there)
    table = MODELS[register].__table__
    pointing = table.update().where(table.c.id == own).values({link: foreign})
    if is_guarded(world):
        with pytest.raises(Conflict), session_of_system(world) as session, transaction():
            session.connection().execute(pointing)
        return
    with session_of_system(world) as session, transaction():
        session.connection().execute(pointing)
    for view, visible in ((Scope(world.here.id), False), (branch_below(world, world.district), True)):
        found = {}
        for way, options in {
            "lazy": [],
            "joined": [joinedload(relation)],
            "select in": [selectinload(relation)],
        }.items():
            with work_in(world, view) as session:
                row = session.scalars(
                    select(MODELS[register]).where(MODELS[register].id == own).options(*options)
                ).one()
                found[way] = getattr(row, declared.relation) is not None
        with work_in(world, view):
            found["list page"] = bool(listing.row(MODELS[register], own, [link]).values[link])
        assert found == dict.fromkeys(found, visible), view


def test_what_a_post_works_out_counts_and_names_only_its_own_community(world):
    post = world.post(places=3)
    world.appointment(post, world.member(world.person("张明")))
    stranger = world.member(world.make("person", world.there, name="李华"), at=world.there)
    theirs = world.appointment(world.post(at=world.there), stranger, at=world.there)
    if is_guarded(world):
        pytest.skip("such an appointment cannot stand here")
    with session_of_system(world) as session, transaction():
        session.get(PostAssignment, theirs).post_id = post
    with world.work():
        assert listing.row(ServicePost, post, ["holders", "vacant"]).values == {"holders": "张明", "vacant": 2}
    with session_of_system(world):
        row = listing.row(ServicePost, post, ["holders", "vacant"]).values
        assert set(row["holders"].split("、")) == {"张明", "李华"}
        assert row["vacant"] == 1


def test_threads_with_different_scopes_never_see_each_others_rows(world):
    places = [world.here, world.there] * 4
    people = {
        place: {world.make("person", place, name="张明") for _ in range(3)} for place in (world.here, world.there)
    }
    start, mixed, rounds = Barrier(len(places)), [], []

    def look(place: Place) -> None:
        start.wait()
        for _ in range(25):
            with world.work(place):
                seen = set(db.session.scalars(select(Person.id)))
                rounds.append(place)
                if seen != people[place]:
                    mixed.append((place, seen))

    interval = sys.getswitchinterval()
    sys.setswitchinterval(0.00001)
    try:
        threads = [Thread(target=look, args=(place,)) for place in places]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(interval)
    assert mixed == []
    assert len(rounds) == 25 * len(places)


# --- writing -----------------------------------------------------------------------------------------------------


@contextmanager
def refused(world: World, register: str) -> Iterator[None]:
    """The block is out of scope, and afterwards the register is as it was."""
    before = contents(world, register)
    with pytest.raises((OutOfScope, ObjectDeletedError)):  # what is behind PostgreSQL's barrier is not there at all
        yield
    assert contents(world, register) == before


def contents(world: World, register: str) -> list[Any]:
    table = MODELS[register].__table__
    with session_of_system(world) as session:
        return list(session.connection().execute(select(table).order_by(table.c.id)))


@every_register
def test_a_row_is_added_only_to_ones_own_community(world, register):
    model, data = MODELS[register], some_data(world, register)
    for place, allowed in ((world.here, True), (world.there, False), (world.district, False)):
        data |= {"parent_id": place.id} if register == "community" else {"community_id": place.id}

        def add(data=data):
            with world.work(), transaction():
                db.session.add(model(**data))

        if allowed:
            before = len(contents(world, register))
            add()
            assert len(contents(world, register)) > before
        else:
            with refused(world, register):
                add()


@every_register
def test_nobody_at_work_adds_nothing(world, register):
    data = some_data(world, register)
    with refused(world, register), work_in(world, NOTHING) as session, transaction():
        session.add(MODELS[register](**data))


@pytest.mark.parametrize("register", [name for name in IN_COMMUNITY if name != "community"])
def test_a_row_is_moved_neither_out_of_ones_community_nor_into_it(world, register):
    mine, theirs = a_row(world, register), a_row(world, register, world.there)
    with refused(world, register), world.work(), transaction():
        db.session.get(MODELS[register], mine).community_id = world.there.id
    for expired in (False, True):
        with refused(world, register), session_of_system(world) as session:
            row = session.get(MODELS[register], theirs)
            if expired:
                session.expire(row)
            with working_in(Scope(world.here.id)), transaction():
                row.community_id = world.here.id


@every_register
def test_another_communitys_row_is_neither_changed_nor_deleted_even_when_in_hand(world, register):
    """The row was loaded by a job of the system in the same session."""
    theirs = a_row_at(world, register, world.there)
    for expired in (False, True):
        with refused(world, register), session_of_system(world) as session:
            row = session.get(MODELS[register], theirs)
            if expired:
                session.expire(row)
            with working_in(Scope(world.here.id)), transaction():
                row.created_at = None
        with refused(world, register), session_of_system(world) as session:
            row = session.get(MODELS[register], theirs)
            if expired:
                session.expire(row)
            with working_in(Scope(world.here.id)), transaction():
                session.delete(row)


@pytest.mark.parametrize("register", sorted(set(IN_COMMUNITY) - {"community", "notice", "notice_step", "audit_entry"}))
def test_ones_own_row_is_changed_twice_in_one_piece_of_work_and_then_deleted(world, register):
    mine = a_row(world, register)
    with world.work():
        row = db.session.get(MODELS[register], mine)
        for hour in (8, 9):
            with transaction():
                row.created_at = datetime(2026, 3, 5, hour)
        with transaction():
            db.session.delete(row)
    with session_of_system(world) as session:
        assert session.get(MODELS[register], mine) is None


@pytest.mark.parametrize(("register", "link"), MOVABLE_LINKS, ids=map(".".join, MOVABLE_LINKS))
def test_a_link_is_pointed_only_at_a_row_of_ones_own_community(world, register, link):
    target = fields_of(MODELS[register])[link].target.__tablename__
    mine = a_row_at(world, register, world.here)
    own, foreign = a_row(world, target), a_row(world, target, world.there)

    def point(at: int, view: Scope) -> None:
        with work_in(world, view) as session, transaction():
            setattr(session.get(MODELS[register], mine), link, at)

    for view in (Scope(world.here.id), branch_below(world, world.district)):
        with refused(world, register):
            point(foreign, view)
        with refused(world, register):
            point(2**31 - 1, view)
        point(own, view)
        assert getattr(world.get(register, mine), link) == own


def test_a_community_is_hung_only_below_what_one_looks_after(world):
    """The street of 春和 may not take 秋实 or give 春和 away."""
    street = branch_below(world, world.east)
    with refused(world, "community"), work_in(world, street) as session, transaction():
        session.get(Community, world.here.id).parent_id = world.there.id
    with refused(world, "community"), work_in(world, street) as session, transaction():
        session.add(Community(name="新社区", level="3", parent_id=world.there.id))
    with work_in(world, street) as session, transaction():
        session.add(Community(name="新社区", level="3", parent_id=world.here.id))
    with work_in(world, street) as session:
        assert session.scalar(select(func.count()).select_from(Community)) == 3


@pytest.mark.parametrize("register", [name for name in IN_COMMUNITY if name != "audit_entry"])
def test_a_statement_changes_and_deletes_only_ones_own_rows(world, register):
    mine, theirs = a_row_at(world, register, world.here), a_row_at(world, register, world.there)
    model = MODELS[register]
    with world.work(), transaction():
        db.session.execute(update(model).values(version=99))
    with session_of_system(world) as session:
        versions = dict(session.execute(select(model.id, model.version).where(model.id.in_([mine, theirs]))).all())
    assert versions == {mine: 99, theirs: 1}
    with world.work(), transaction():
        assert db.session.execute(delete(model).where(model.id == theirs)).rowcount == 0
        if register != "community":
            assert db.session.execute(delete(model).where(model.id == mine)).rowcount == 1
    with session_of_system(world) as session:
        assert session.get(model, theirs) is not None


@pytest.mark.parametrize("register", [name for name in IN_COMMUNITY if name != "community"])
def test_a_statement_pushes_no_row_into_another_community(world, register):
    model, data, mine = MODELS[register], some_data(world, register), a_row(world, register)
    columns = {name: value for name, value in data.items() if name in model.__table__.c}
    with refused(world, register), world.work(), transaction():
        db.session.execute(update(model).where(model.id == mine).values(community_id=world.there.id))
    with refused(world, register), world.work(), transaction():
        db.session.execute(insert(model).values(**columns | {"community_id": world.there.id}))
    with refused(world, register), world.work(), transaction():
        db.session.execute(insert(model), [columns | {"community_id": world.there.id}])


def test_a_statement_points_no_link_at_another_community(world):
    mine, foreign = a_row(world, "volunteer"), a_row(world, "person", world.there)
    with refused(world, "volunteer"), world.work(), transaction():
        db.session.execute(update(Volunteer).where(Volunteer.id == mine).values(person_id=foreign))


# --- each layer, switched off ------------------------------------------------------------------------------------


@contextmanager
def switched_off(name: str, listener: Any) -> Iterator[None]:
    event.remove(Session, name, listener)
    try:
        yield
    finally:
        event.listen(Session, name, listener, insert=True)  # as it was: before those of the capabilities


@contextmanager
def without_barriers(world: World, name: str) -> Iterator[None]:
    """PostgreSQL's policies on the table ``name`` let everything through."""
    if not is_guarded(world):
        yield
        return

    def alter(verb: str) -> None:
        with world.app.app_context(), owner() as connection:
            connection.exec_driver_sql(f'ALTER TABLE "{name}" {verb} ROW LEVEL SECURITY')

    alter("DISABLE")
    try:
        yield
    finally:
        alter("ENABLE")


@every_register
def test_without_the_layer_on_reads_everything_leaks_unless_the_database_has_barriers(world, register):
    mine, theirs = a_row_at(world, register, world.here), a_row_at(world, register, world.there)
    model = MODELS[register]
    with (
        switched_off("do_orm_execute", scope._limit_statements),
        patch.object(scope, "_limited", lambda statement, _criterion: statement),  # by which list pages are read
    ):
        with world.work():
            visible = {mine} if is_guarded(world) else {mine, theirs}
            assert wrongly(ways_of_reading(db.session, model, mine, theirs), visible) == {}
            assert on_the_pages_of(model) & {mine, theirs} == visible
        with without_barriers(world, register), world.work():
            assert wrongly(ways_of_reading(db.session, model, mine, theirs), {mine, theirs}) == {}
    with without_barriers(world, register), world.work():
        assert wrongly(ways_of_reading(db.session, model, mine, theirs), {mine}) == {}


def test_without_the_layer_on_writes_a_row_moves_away_unless_the_database_has_barriers(world):
    def move() -> None:
        with world.work(), transaction():
            db.session.get(Person, mine).community_id = world.there.id

    mine = world.person()
    with refused(world, "person"):
        move()
    with switched_off("before_flush", scope._check_writes):
        if is_guarded(world):
            with pytest.raises(ProgrammingError, match="row-level security"):
                move()
            assert world.get("person", mine) is not None
        with without_barriers(world, "person"):
            move()
    assert world.get("person", mine) is None
    assert world.get("person", mine, world.there) is not None


# --- the database's own barriers ---------------------------------------------------------------------------------

FREE = {
    "code",
    "special_day",
    "search_entry",
    "trail_anchor",
    "trail_head",
    "attempt_count",
    "sent_form",
    "alembic_version",
}
"""Tables of no community."""


@pytest.fixture
def guarded(world) -> World:
    if not is_guarded(world):
        pytest.skip("SQLite has no barriers of its own")
    return world


def test_every_table_is_behind_a_barrier_unless_it_belongs_to_no_community(guarded):
    with guarded.app.app_context(), owner() as connection:
        tables = dict(
            connection.exec_driver_sql(
                "SELECT relname, relrowsecurity FROM pg_class "
                "WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
            ).all()
        )
    assert {name for name, behind in tables.items() if not behind} == FREE & set(tables)
    assert set(MODELS) - FREE <= {name for name, behind in tables.items() if behind}


def test_sql_that_goes_past_the_session_meets_the_barrier(guarded):
    for register in IN_COMMUNITY:
        mine, theirs = a_row_at(guarded, register, guarded.here), a_row_at(guarded, register, guarded.there)
        with guarded.work():
            connection = db.session.connection()
            seen = set(connection.exec_driver_sql(f'SELECT id FROM "{register}"').scalars())
            assert mine in seen, register
            assert theirs not in seen, register
            if register != "audit_entry":
                for change in (f'UPDATE "{register}" SET version = 7', f'DELETE FROM "{register}"'):
                    assert connection.exec_driver_sql(f"{change} WHERE id = {theirs}").rowcount == 0, register
            db.session.rollback()
        with work_in(guarded, NOTHING) as session:
            assert session.connection().exec_driver_sql(f'SELECT id FROM "{register}"').all() == [], register


def test_the_database_ties_no_link_to_another_community(guarded):
    for register, link in LINKS:
        foreign = a_row(guarded, fields_of(MODELS[register])[link].target.__tablename__, guarded.there)
        mine = a_row(guarded, register)
        with session_of_system(guarded) as session:
            with pytest.raises(IntegrityError, match=f"fk_{register}_{link}_same"):
                session.connection().exec_driver_sql(f'UPDATE "{register}" SET {link} = {foreign} WHERE id = {mine}')
            session.rollback()


def test_what_belongs_to_a_row_is_seen_with_that_row(guarded):
    with guarded.work(), transaction(), undo.recorded("delete", "person", "张明"):
        records.remove(db.session.get(Person, guarded.person("张明")))
    for place, rows in ((guarded.here, 1), (guarded.there, 0)):
        with guarded.work(place):
            assert db.session.connection().exec_driver_sql("SELECT count(*) FROM changed_row").scalar() == rows


def test_a_community_that_goes_is_told_of_and_no_longer_found(world):
    """On PostgreSQL the entry is written when nobody sees the community any more."""
    client = world.client("administrator")
    form = {"name": "误建社区", "level": "3", "parent_id": str(world.east.id)}
    key = int(client.post("/community/add/", data=form).location.rpartition("/")[2])
    assert client.post(f"/community/delete/{key}").status_code == 302
    assert "误建社区" in world.client("auditor").get("/audit_entry/list/?action=delete").text
    with session_of_system(world):
        assert db.session.scalars(select(SearchEntry).where(SearchEntry.community_id == key)).all() == []


def test_a_scope_ends_with_the_savepoint_in_which_it_was_told(guarded):
    guarded.person("张明")
    with guarded.work(), work_in(guarded, NOTHING) as session:
        count = "SELECT count(*) FROM person"
        trial = session.begin_nested()
        with working_in(Scope(guarded.here.id)):
            assert session.connection().exec_driver_sql(count).scalar() == 1
        trial.rollback()
        assert session.connection().exec_driver_sql(count).scalar() == 0


def test_each_transaction_of_a_connection_knows_who_is_at_work_in_it(guarded):
    """It begins with that told where it comes from the pool; what was told ends with it."""
    guarded.person("张明")
    at_work = [Scope(guarded.here.id), Scope(guarded.here.id), Scope(guarded.there.id), NOTHING, Scope(guarded.here.id)]
    with guarded.app.app_context():
        with working_in(at_work[0]):
            connection = db.engine.connect()
        seen = []
        with connection:
            for scope in at_work:
                with working_in(scope), connection.begin():
                    seen.append(connection.exec_driver_sql("SELECT count(*) FROM person").scalar())
    assert seen == [1, 1, 0, 0, 1]


def test_a_community_is_there_at_once_for_those_who_add_it(world):
    """The communities of a branch are told to PostgreSQL once, and again when there are others."""
    with work_in(world, branch_below(world, world.east)) as session, transaction():
        new = records.add(Community, {"name": "夏荷社区", "level": "3", "parent_id": world.east.id})
        person = records.add(Person, {"name": "张明", "community_id": new.id})
        assert session.scalars(select(Person.id)).all() == [person.id]


def test_a_community_that_is_moved_is_gone_at_once(guarded):
    guarded.person("张明")
    everybody = "SELECT name FROM person"
    with work_in(guarded, branch_below(guarded, guarded.east)) as session:
        connection = session.connection()
        assert connection.exec_driver_sql(everybody).scalar() == "张明"
        connection.exec_driver_sql(f"UPDATE community SET path = '/0/' WHERE id = {guarded.here.id}")
        assert connection.exec_driver_sql(everybody).all() == []


def people_seen(client: FlaskClient) -> list[str]:
    return [str(cell.text) for cell in Page(client.get("/person/list/?page=1")).soup.select("tbody td:not(.do) > a")]


def change_account(world: World, username: str, **values: Any) -> None:
    with session_of_system(world) as session:
        session.execute(update(Account).where(Account.username == username).values(**values))
        session.commit()


def test_who_goes_to_work_elsewhere_sees_that_community_from_the_next_page_on(world):
    world.person("张明")
    world.make("person", world.there, name="李芳")
    client = world.client("office_staff")
    assert people_seen(client) == people_seen(client) == ["张明"]
    change_account(world, "office_staff", community_id=world.there.id)
    assert people_seen(client) == people_seen(client) == ["李芳"]


def test_a_page_tells_the_database_once_who_is_at_work(guarded):
    guarded.person("张明")
    client, told, telling = guarded.client("office_staff"), [], scope._telling
    people_seen(client)
    with patch.object(scope, "_telling", side_effect=lambda of: told.append(of) or telling(of)):
        assert people_seen(client) == ["张明"]
    assert [of.community_id for of in told] == [guarded.here.id]


@pytest.mark.parametrize("ended", [{"session_epoch": 7}, {"active": False}])
def test_a_session_that_has_ended_opens_no_row_though_the_database_was_told_whose_it_was(guarded, ended):
    guarded.person("张明")
    client = guarded.client("office_staff")
    assert people_seen(client) == ["张明"]
    cookie = {"Cookie": f"session={client.get_cookie('session').value}"}
    change_account(guarded, "office_staff", **ended)
    with guarded.app.test_request_context("/person/list/", headers=cookie):
        assert not current_user.is_authenticated
        assert db.session.connection().exec_driver_sql("SELECT count(*) FROM person").scalar() == 0
