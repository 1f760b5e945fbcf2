"""Records as they are added, changed and removed: what is refused, what is kept, and what lies in the database."""

from __future__ import annotations

from contextlib import suppress
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import UniqueConstraint, func, select, text

from app.assistance import operations as assistance
from app.community.models import CommitteeMember, Community, Person
from app.disclosure.lifecycle import State
from app.disclosure.models import Notice
from app.finance import operations as finance
from app.finance.models import LedgerEntry
from app.kernel import codes, listing, records, sheets
from app.kernel.codes import Code, CodesAreKept
from app.kernel.crypto import Tampered
from app.kernel.db import Conflict, db, today, transaction
from app.kernel.fields import fields_of
from app.kernel.listing import Question
from app.kernel.registers import REGISTERS
from app.kernel.scope import Scope, as_system, working_in
from app.party.models import PartyMember, PartyOrganization, PostAssignment, ServicePost
from app.volunteers.models import Volunteer, VolunteerTeam
from config import ROOT
from tests.rows import IN_COMMUNITY, LINKS, MODELS, a_row, an_id_number, some_data
from tests.web.page import Page, one_database
from tests.web.typed import an_issued_notice
from tests.world import World, owner

WANG = an_id_number(date(1956, 3, 7), 1)
LI = an_id_number(date(1960, 5, 1), 2)
TODAY = today()
OWNED = set(IN_COMMUNITY) - {"community"}


def wrong(world: World, register: str, data: dict[str, Any], key: int | None = None) -> list[str]:
    """The fields with something wrong in them."""
    with world.work():
        model = MODELS[register]
        record = db.session.get(model, key) if key else None
        return [violation.field for violation in records.problems(model, data, record)]


def change(world: World, register: str, key: int, **data: Any) -> None:
    with world.work(), transaction():
        records.change(db.session.get(MODELS[register], key), data)


# --- codes -------------------------------------------------------------------------------------------------------

CODED = [
    (name, declared.name)
    for name in MODELS
    for declared in fields_of(MODELS[name]).values()
    if declared.kind in {"code", "choice"} and declared.lender is None and hasattr(declared.origin, "columns")
]


@pytest.mark.parametrize(("register", "coded"), CODED, ids=map(".".join, CODED))
def test_a_value_that_is_not_on_the_list_is_refused(world, register, coded):
    data = some_data(world, register)
    assert wrong(world, register, data) == []
    for value in ("没有", "", "\0", "1 ", "1'--"):
        assert wrong(world, register, {**data, coded: value}) == [coded]


def test_a_code_of_another_list_is_refused(world):
    data = some_data(world, "person")
    assert wrong(world, "person", data | {"nationality": "01", "sex": "1"}) == []
    assert wrong(world, "person", data | {"sex": "01"}) == ["sex"]


@pytest.fixture
def retire(world):
    """Retire a code from a day on; afterwards it is as before."""
    retired = []

    def retire(code_list: str, value: str, on: date) -> None:
        with world.app.app_context(), as_system("test"), transaction():
            code = db.session.scalars(select(Code).where(Code.code_list == code_list, Code.value == value)).one()
            code.retired_on = on
            retired.append(code.id)

    yield retire
    with world.app.app_context(), as_system("test"), transaction():
        for key in retired:
            db.session.get(Code, key).retired_on = None


def test_a_retired_code_is_kept_by_an_old_record_and_refused_for_a_new_one(world, retire):
    old, other = world.person(sex="9"), world.person(sex="1")
    data = some_data(world, "person") | {"sex": "9"}
    assert wrong(world, "person", data) == []
    retire("sex", "9", TODAY)
    assert wrong(world, "person", data) == ["sex"]
    assert wrong(world, "person", {"sex": "9", "building": "3号楼"}, old) == []
    assert wrong(world, "person", {"sex": "9"}, other) == ["sex"]
    with world.work():
        assert listing.row(Person, old, ["sex"]).values["sex"] == "未说明的性别"


def test_a_code_can_be_chosen_until_the_day_it_retires(world, retire):
    data = some_data(world, "person") | {"sex": "9"}
    retire("sex", "9", TODAY + timedelta(days=1))
    assert wrong(world, "person", data) == []


def test_a_code_that_is_made_renamed_or_retired_is_so_at_once_in_the_same_piece_of_work(world):
    def offered() -> list[str]:
        return [label for value, label in codes.choices(["skill"], TODAY)["skill"] if value == "77"]

    with world.app.app_context(), as_system("test"), suppress(ZeroDivisionError), transaction():
        assert codes.label("skill", "77") == "77"
        trial = db.session.begin_nested()
        code = records.add(Code, {"code_list": "skill", "value": "77", "label": "修鞋"})
        assert offered() == ["修鞋"]
        records.change(code, {"label": "修鞋配钥匙"})
        assert offered() == ["修鞋配钥匙"]
        records.change(code, {"retired_on": TODAY})
        assert offered() == []
        assert codes.label("skill", "77") == "修鞋配钥匙"
        trial.rollback()
        assert codes.label("skill", "77") == "77"
        raise ZeroDivisionError


def test_a_code_is_never_deleted(world):
    with world.app.app_context(), as_system("test"):
        code = db.session.scalars(select(Code).where(Code.code_list == "sex")).first()
        with pytest.raises(CodesAreKept), transaction():
            records.remove(code)
        assert db.session.get(Code, code.id) is not None


# --- links -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("register", "link"), LINKS, ids=map(".".join, LINKS))
def test_a_link_leads_only_to_a_row_of_the_same_community(world, register, link):
    target = fields_of(MODELS[register])[link].target.__tablename__
    data = some_data(world, register)
    assert wrong(world, register, data) == []
    for foreign in (a_row(world, target, world.there), 2**31 - 1):
        assert wrong(world, register, {**data, link: foreign}) == [link]


@pytest.mark.parametrize("register", sorted(OWNED))
def test_a_new_record_belongs_to_the_community_at_work(world, register):
    assert world.get(register, a_row(world, register)).community_id == world.here.id
    assert world.get(register, a_row(world, register, world.there), world.there).community_id == world.there.id


def test_one_who_looks_after_several_communities_links_within_one(world):
    """A form shows what is wrong beside its field; it does not end in an error page."""
    with world.app.app_context(), as_system("test"):
        branch = Scope(world.district.id, path=db.session.get(Community, world.district.id).path)
    mine, foreign = world.person(), world.make("person", world.there, name="李华")
    data = some_data(world, "volunteer") | {"team_id": None, "community_id": world.here.id}
    with world.app.app_context(), working_in(branch):
        assert records.problems(Volunteer, data | {"person_id": mine}) == []
        told = records.problems(Volunteer, data | {"person_id": foreign})
    assert [violation.field for violation in told] == ["person_id"]


# --- what there can be only once ---------------------------------------------------------------------------------


UNIQUE = [
    ("representative", "person_id"),
    ("building_leader", "building"),
    ("procedure", "name"),
    ("party_organization", "name"),
    ("party_member", "person_id"),
    ("service_post", "name"),
    ("post_assignment", "applied_on"),
    ("pledge", "period"),
    ("volunteer_team", "name"),
    ("volunteer", "person_id"),
    ("cultural_team", "name"),
    ("cultural_team_member", "person_id"),
    ("facility", "name"),
    ("service_point", "name"),
    ("notice_board", "name"),
    ("book_corner", "name"),
    ("partner_unit", "uscc"),
    ("plan_item", "content"),
    ("allowance_household", "granted_on"),
    ("catalogue_item", "name"),
    ("disclosure_setting", "community_id"),
    ("posting", "board_id"),
    ("screen", "board_id"),
    ("special_day", "on"),
    ("community", "name"),
    ("account", "username"),
    ("code", "value"),
]


@pytest.mark.parametrize(("register", "named"), UNIQUE, ids=[register for register, _named in UNIQUE])
def test_a_second_record_of_the_same_is_named_beside_its_field(world, register, named):
    data = some_data(world, register)
    assert wrong(world, register, data) == []
    with world.app.app_context(), as_system("test"), transaction():
        record = records.add(
            MODELS[register], {**data, **({"community_id": world.here.id} if register in OWNED else {})}
        )
        key = record.id
    view = Scope(everything=True) if register == "community" else Scope(world.here.id)
    with world.app.app_context(), working_in(view):
        told = records.problems(MODELS[register], data)
        assert named in [violation.field for violation in told]
        assert all("same" in violation.message for violation in told)
        assert records.problems(MODELS[register], data, db.session.get(MODELS[register], key)) == []
    if register == "code":
        with world.app.app_context(), owner() as connection:
            connection.execute(Code.__table__.delete().where(Code.__table__.c.id == key))


def test_every_register_with_a_unique_rule_is_tried_above():
    ruled = {
        name
        for name, model in MODELS.items()
        if any(isinstance(constraint, UniqueConstraint) for constraint in model.__table__.constraints)
    }
    assert ruled - {register for register, _named in UNIQUE} == {"person", "notice"}


def test_two_communities_may_have_a_team_of_the_same_name(world):
    for place in (world.here, world.there):
        a_row(world, "volunteer_team", place, name="红马甲")
    assert wrong(world, "volunteer_team", some_data(world, "volunteer_team") | {"name": "红马甲"}) == ["name"]


def test_one_identity_number_is_one_resident(world):
    first = world.person("王强", id_number=WANG)
    data = some_data(world, "person") | {"name": "王小强", "id_number": WANG}
    assert wrong(world, "person", data) == ["id_number"]
    assert wrong(world, "person", data | {"id_number": LI}) == []
    assert wrong(world, "person", {"id_number": WANG, "phone": "13812345678"}, first) == []
    assert world.make("person", world.there, name="王强", id_number=WANG)


def test_many_residents_may_have_no_identity_number(world):
    world.person("王强")
    assert wrong(world, "person", some_data(world, "person") | {"name": "王强"}) == []


# --- rules that need the database --------------------------------------------------------------------------------

APPOINTED = {
    "applied_on": TODAY,
    "recommended_on": TODAY,
    "recommended_by": "居民小组",
    "appointed_on": TODAY,
    "appointed_by": "支部委员会",
    "ended_on": None,
}


def test_a_full_post_takes_nobody_until_somebody_leaves(world):
    post, branch = world.post(places=2), world.branch()
    first, second, third = (world.member(branch_id=branch) for _ in range(3))
    data = {**APPOINTED, "post_id": post, "member_id": third}
    held = world.appointment(post, first)
    assert wrong(world, "post_assignment", data) == []
    world.appointment(post, second)
    assert wrong(world, "post_assignment", data) == ["post_id"]
    assert wrong(world, "post_assignment", {"recommended_by": "党小组"}, held) == []
    change(world, "post_assignment", held, ended_on=TODAY)
    assert wrong(world, "post_assignment", data) == []
    with world.work():
        assert listing.row(ServicePost, post, ["vacant"]).values["vacant"] == 1


def test_a_member_holds_a_post_only_once(world):
    post, member = world.post(places=3), world.member()
    data = {**APPOINTED, "post_id": post, "member_id": member}
    assert wrong(world, "post_assignment", data) == []
    world.appointment(post, member)
    assert wrong(world, "post_assignment", data) != []


def test_a_post_has_no_fewer_places_than_holders(world):
    post = world.post(places=2)
    for _ in range(2):
        world.appointment(post, world.member())
    assert wrong(world, "service_post", {"places": 1}, post) == ["places"]
    assert wrong(world, "service_post", {"places": 2}, post) == []


def test_a_members_group_belongs_to_the_members_branch(world):
    branch, other = world.branch(), world.branch()
    own = world.branch(kind="4", parent_id=branch, name="第一党小组")
    data = some_data(world, "party_member") | {"branch_id": branch, "group_id": own}
    assert wrong(world, "party_member", data) == []
    assert wrong(world, "party_member", data | {"branch_id": other}) == ["group_id"]
    assert wrong(world, "party_member", data | {"branch_id": own, "group_id": None}) == ["branch_id"]


def test_what_the_identity_number_says_agrees_with_the_rest_also_when_only_one_is_changed(world):
    key = world.person("王强", id_number=WANG, birth_on=date(1956, 3, 7), sex="1")
    assert wrong(world, "person", {"birth_on": date(1956, 3, 7)}, key) == []
    assert wrong(world, "person", {"birth_on": date(1956, 3, 8)}, key) == ["birth_on"]
    assert wrong(world, "person", {"id_number": LI}, key) == ["birth_on", "sex"]


def test_money_cannot_have_moved_tomorrow_and_the_ledger_begins_with_the_latest(world):
    data = some_data(world, "ledger_entry")
    assert wrong(world, "ledger_entry", data | {"on": TODAY}) == []
    assert wrong(world, "ledger_entry", data | {"on": TODAY + timedelta(days=1)}) == ["on"]
    days = [TODAY - timedelta(days=ago) for ago in (3, 0, 9)]
    keys = [a_row(world, "ledger_entry", on=day) for day in days]
    with world.work():
        assert [row.id for row in listing.rows(LedgerEntry, ["on"], Question())] == [keys[i] for i in (1, 0, 2)]


@pytest.mark.parametrize(
    ("register", "start", "end"),
    [("committee_member", "since", "until"), ("allowance_household", "granted_on", "ended_on")],
)
def test_a_term_does_not_end_before_it_starts(world, register, start, end):
    data = some_data(world, register)
    assert wrong(world, register, data | {start: TODAY, end: TODAY}) == []
    assert wrong(world, register, data | {start: TODAY, end: TODAY - timedelta(days=1)}) == [end]


@pytest.mark.parametrize(("until", "serves"), [(None, True), (TODAY, True), (TODAY - timedelta(days=1), False)])
def test_a_committee_member_serves_to_the_last_day_of_office(world, until, serves):
    key = a_row(world, "committee_member", until=until)
    with world.work():
        found = listing.rows(CommitteeMember, ["position"], Question(filters={"is_in_office": True}))
    assert [row.id for row in found] == ([key] if serves else [])


def figures(world: World, operations: Any) -> list[int]:
    with world.work():
        return [figure.value for figure in operations.figures()]


@one_database
def test_a_number_on_the_home_page_leads_to_the_rows_it_counts(world):
    hangs, _waits = (an_issued_notice(world, world.here) for _notice in range(2))
    with world.work(), transaction():
        db.session.get_one(Notice, hangs).state = State.POSTED
    world.appointment(world.post(), world.member())
    a_row(world, "post_assignment", applied_on=TODAY)
    a_row(world, "allowance_household", ended_on=TODAY - timedelta(days=1))
    client = world.client("branch_secretary")
    tiles = {tile.span.get_text(): tile for tile in Page(client.get("/")).soup.select(".figures a")}
    for label in ("在墙公示", "在岗人数", "低保户数", "党员"):
        rows = Page(client.get(tiles[label]["href"])).soup.select("main tbody tr")
        assert len(rows) == int(tiles[label].strong.get_text()), label


def test_the_money_of_this_month_is_added_up_by_direction(world):
    first = TODAY.replace(day=1)
    assert figures(world, finance) == [0, 0]
    for direction, amount, on in (
        ("in", "24000", first),
        ("out", "862.50", TODAY),
        ("out", "1248.36", TODAY),
        ("out", "5000", first - timedelta(days=1)),
    ):
        a_row(world, "ledger_entry", direction=direction, amount=Decimal(amount), on=on)
    a_row(world, "ledger_entry", world.there, direction="in", amount=Decimal("7"))
    assert figures(world, finance) == [24000, 2111]


def test_the_households_that_are_paid_now_are_counted_with_their_people_and_money(world):
    assert figures(world, assistance) == [0, 0, 0]
    yesterday, tomorrow = TODAY - timedelta(days=1), TODAY + timedelta(days=1)
    for size, amount, start, end in (
        (3, "1485", yesterday, None),
        (1, "716.50", TODAY, TODAY),
        (2, "890", yesterday, yesterday),
        (4, "1924", tomorrow, None),
    ):
        terms = {"granted_on": start, "ended_on": end}
        a_row(world, "allowance_household", household_size=size, monthly_amount=Decimal(amount), **terms)
    assert figures(world, assistance) == [2, 4, 2202]


# --- deleting ----------------------------------------------------------------------------------------------------


USED = [(register, link) for register, link in LINKS if register != "notice_step"]


@pytest.mark.parametrize(("register", "link"), USED, ids=map(".".join, USED))
def test_what_uses_a_record_is_listed_and_keeps_it_from_going(world, register, link):
    target = fields_of(MODELS[register])[link].target
    data = some_data(world, register)
    key = data[link] or a_row(world, target.__tablename__)
    with world.work():
        assert not [use for use in records.uses_of(db.session.get(target, key)) if use.register == register]
    with world.work(), transaction():
        user = records.add(MODELS[register], {**data, link: key}).id
    with world.work():
        (use,) = (use for use in records.uses_of(db.session.get(target, key)) if use.register == register)
        assert (use.count, len(use.titles)) == (1, 1)
        assert use.label == REGISTERS[register].label
    with pytest.raises(Conflict), world.work(), transaction():
        records.remove(db.session.get(target, key))
    with world.work():
        assert db.session.get(target, key) is not None
        assert db.session.get(MODELS[register], user) is not None


def test_what_is_part_of_a_record_does_not_keep_it_and_goes_with_it(world):
    step = a_row(world, "notice_step")
    notice = world.get("notice_step", step).notice_id
    with world.work(), transaction():
        draft = db.session.get(MODELS["notice"], notice)
        assert records.uses_of(draft) == []
        records.remove(draft)
    assert world.get("notice_step", step) is None


def test_the_first_of_many_uses_are_named_and_all_are_counted(world):
    team = a_row(world, "volunteer_team")
    names = [f"居民{letter}" for letter in "甲乙丙丁戊己庚"]
    for name in names:
        world.make("volunteer", person_id=world.person(name), team_id=team)
    with world.work():
        (use,) = records.uses_of(db.session.get(VolunteerTeam, team))
        assert (use.count, list(use.titles)) == (7, names[:5])


def test_what_nothing_uses_goes(world):
    key = world.person()
    with world.work(), transaction():
        records.remove(db.session.get(Person, key))
    assert world.get("person", key) is None


# --- two people, one record --------------------------------------------------------------------------------------


def test_the_second_of_two_edits_is_told_and_nothing_of_it_is_saved(world):
    key = world.person("王强", building="1号楼", phone="13812345678")
    with world.work():
        slow = db.session.get(Person, key)
        assert slow.building == "1号楼"
        change(world, "person", key, building="2号楼")
        with pytest.raises(Conflict), transaction():
            records.change(slow, {"building": "3号楼", "phone": "13900000000"})
    stored = world.get("person", key)
    assert (stored.building, stored.phone) == ("2号楼", "13812345678")


def test_deleting_what_somebody_just_changed_is_told(world):
    key = world.person("王强")
    with world.work():
        slow = db.session.get(Person, key)
        change(world, "person", key, building="2号楼")
        with pytest.raises(Conflict), transaction():
            records.remove(slow)
    assert world.get("person", key).building == "2号楼"


def test_changing_what_somebody_just_deleted_is_told(world):
    key = world.person("王强")
    with world.work():
        slow = db.session.get(Person, key)
        with world.work(), transaction():
            records.remove(db.session.get(Person, key))
        with pytest.raises(Conflict), transaction():
            records.change(slow, {"building": "2号楼"})


def test_each_change_counts_the_version_up(world):
    key = world.person("王强")
    versions = [world.get("person", key).version]
    for building in ("1号楼", "2号楼"):
        change(world, "person", key, building=building)
        versions.append(world.get("person", key).version)
    assert versions == [1, 2, 3]


def test_what_fails_halfway_leaves_nothing(world):
    def add_two() -> None:
        with world.work(), transaction():
            records.add(Person, {"name": "王强"})
            raise KeyError

    with pytest.raises(KeyError):
        add_two()
    with world.work():
        assert db.session.scalar(select(func.count()).select_from(Person)) == 0


# --- secrets -----------------------------------------------------------------------------------------------------


def raw(world: World, statement: str, **params: Any) -> list[Any]:
    with world.app.app_context(), owner() as connection:
        result = connection.execute(text(statement), params)
        return list(result) if result.returns_rows else []


def id_number(world: World, key: int) -> str | None:
    with world.work():
        return db.session.get(Person, key).id_number


def found(world: World, typed: str, username: str = "branch_secretary") -> list[int]:
    """Whom the search box offers to somebody."""
    return [row["id"] for row in world.client(username).get("/person/choices/", query_string={"q": typed}).get_json()]


def test_an_identity_number_cannot_be_read_in_the_database(world):
    key = world.person("王强", id_number=WANG)
    change(world, "person", key, building="3号楼")
    for table in ("person", "audit_entry"):
        stored = str(raw(world, f"SELECT * FROM {table}"))
        assert "王强" in stored
        assert WANG not in stored
        assert WANG[:17] not in stored
        assert WANG[6:14] not in stored
    assert id_number(world, key) == WANG


def test_two_equal_numbers_look_different_but_are_found_by_the_same_index(world):
    for place in (world.here, world.there):
        world.make("person", place, name="王强", id_number=WANG)
    rows = raw(world, "SELECT id_number_sealed, id_number_index FROM person")
    assert len({sealed for sealed, _index in rows}) == 2
    assert len({index for _sealed, index in rows}) == 1


def test_a_resident_is_found_by_the_whole_identity_number_and_by_the_end_that_everybody_sees(world):
    key = world.person("王强", id_number=WANG)
    world.person("李华", id_number=LI)
    assert [found(world, typed) for typed in (WANG, f" {WANG[:6]} {WANG[6:]}")] == [[key], [key]]
    assert [found(world, part) for part in (WANG[:17], WANG[6:14], WANG[:6], WANG[-5:])] == [[], [], [], []]
    assert found(world, WANG[-4:]) == [key]
    assert found(world, WANG, "stranger") == []


def test_a_sealed_number_moved_to_another_row_does_not_open(world):
    wang, li = world.person("王强", id_number=WANG), world.person("李华", id_number=LI)
    assert (id_number(world, wang), id_number(world, li)) == (WANG, LI)
    sealed = dict(raw(world, "SELECT id, id_number_sealed FROM person").copy())
    for key, other in ((wang, li), (li, wang)):
        raw(world, "UPDATE person SET id_number_sealed = :text WHERE id = :key", text=sealed[other], key=key)
    for key in (wang, li):
        with pytest.raises(Tampered):
            id_number(world, key)


def test_a_removed_number_leaves_neither_secret_nor_index(world):
    key = world.person("王强", id_number=WANG)
    change(world, "person", key, id_number=None)
    assert raw(world, "SELECT id_number_sealed, id_number_index FROM person") == [(None, None)]
    assert id_number(world, key) is None


# --- trees and keys ----------------------------------------------------------------------------------------------


def paths(world: World) -> dict[str, str]:
    return dict(raw(world, "SELECT name, path FROM community").copy())


def test_a_moved_community_takes_all_below_it_along(world):
    with world.app.app_context(), as_system("test"), transaction():
        west = db.session.scalars(select(Community.id).where(Community.name == "西街街道")).one()
        yard = records.add(Community, {"name": "春和小区", "level": "3", "parent_id": world.here.id}).id
    d, e, h = world.district.id, world.east.id, world.here.id
    assert paths(world)["春和小区"] == f"/{d}/{e}/{h}/{yard}/"
    with world.app.app_context(), as_system("test"), transaction():
        records.change(db.session.get(Community, h), {"parent_id": west})
    assert paths(world)["春和社区"] == f"/{d}/{west}/{h}/"
    assert paths(world)["春和小区"] == f"/{d}/{west}/{h}/{yard}/"
    assert paths(world)["东街街道"] == f"/{d}/{e}/"


def test_a_branch_made_and_moved_in_one_piece_of_work_takes_all_below_it_along(world):
    """Added, given a group, moved twice: all before anything is saved."""
    with world.work(), transaction():
        top, other, branch = (
            records.add(PartyOrganization, {"name": name, "kind": "3"}) for name in ("甲", "乙", "丙")
        )
        group = records.add(PartyOrganization, {"name": "丁", "kind": "4", "parent_id": branch.id})
        records.change(branch, {"parent_id": top.id})
        records.change(branch, {"parent_id": other.id})
        keys = other.id, branch.id, group.id
    stored = dict(raw(world, "SELECT name, path FROM party_organization").copy())
    assert stored["丙"] == "/{}/{}/".format(*keys[:2])
    assert stored["丁"] == "/{}/{}/{}/".format(*keys)


@pytest.mark.parametrize("register", ["community", "party_organization"])
def test_nothing_is_hung_below_itself(world, register):
    if register == "community":
        key, below, beside = world.east.id, world.here.id, world.district.id
    else:
        key, beside = world.branch(), world.branch()
        below = world.branch(parent_id=key)
    with world.app.app_context(), as_system("test"):
        record = db.session.get(MODELS[register], key)
        for parent, named in ((beside, []), (key, ["parent_id"]), (below, ["parent_id"])):
            assert [v.field for v in records.problems(MODELS[register], {"parent_id": parent}, record)] == named


def test_the_sort_key_follows_the_name(world):
    key = world.person("张明")
    assert world.get("person", key).name_key == "zhang ming zhangming zm 张明"
    change(world, "person", key, name="李华")
    assert world.get("person", key).name_key == "li hua lihua lh 李华"


def test_residents_are_found_and_sorted_by_pinyin(world):
    keys = {name: world.person(name) for name in ("张明", "李华", "阿依古丽")}
    with world.work():
        assert [row.id for row in listing.rows(Person, ["name"], Question())] == [
            keys[name] for name in ("阿依古丽", "李华", "张明")
        ]
    for typed in ("zm", "zhangming", "ZhangMing", "张明", "张"):
        assert found(world, typed) == [keys["张明"]], typed


def test_a_members_phone_is_corrected_on_the_person(world):
    person = world.person("王强", phone="13812345678")
    member = world.member(person)
    with world.work(), transaction():
        records.change(db.session.get(PartyMember, member), {"phone": "13900000000", "is_retired": True})
    assert world.get("person", person).phone == "13900000000"
    assert world.get("party_member", member).is_retired


# --- sheets ------------------------------------------------------------------------------------------------------


def load(world: World, register: str, *rows: dict[Any, Any]) -> int:
    with world.work(), transaction():
        return sheets.load(MODELS[register], rows)


def test_a_sheet_becomes_records_under_the_names_people_use(world):
    good = {
        "姓名": "王 强",
        "性别": "男",
        "手机": "138 1234 5678",
        "身份证": WANG,
        "出生日期": "1956.3.7",
        "备注": "无",
    }
    assert load(world, "person", good, {"姓名": "李华", "性别": "2"}) == 2
    with world.work():
        wang, li = db.session.scalars(select(Person).order_by(Person.id))
        assert (wang.name, wang.sex, wang.phone, wang.id_number) == ("王强", "1", "13812345678", WANG)
        assert (li.name, li.sex, li.phone) == ("李华", "2", None)


@pytest.mark.parametrize(
    ("bad", "field"),
    [
        ({"姓名": ""}, "name"),
        ({"姓名": "王强1"}, "name"),
        ({"性别": "第三"}, "sex"),
        ({"出生日期": "1956-02-31"}, "birth_on"),
        ({"身份证": WANG[:-1]}, "id_number"),
        ({"性别": "男", "身份证": WANG, "出生日期": "1956-03-08"}, "birth_on"),
        ({"手机": "没有"}, "phone"),
    ],
)
def test_a_bad_row_is_refused_with_its_line_and_field_and_nothing_is_loaded(world, bad, field):
    good = {"姓名": "李华", "性别": "女"}
    assert load(world, "person", good) == 1
    with pytest.raises(sheets.BadRow) as refused:
        load(world, "person", {"姓名": "王芳"}, {**good, **bad})
    assert refused.value.line == 3
    assert [violation.field for violation in refused.value.violations] == [field]
    with world.app.test_request_context():
        assert str(refused.value).startswith("3: ")
    with world.work():
        assert db.session.scalar(select(func.count()).select_from(Person)) == 1


def test_a_sheet_without_a_required_heading_names_the_field(world):
    with pytest.raises(sheets.BadRow) as refused:
        load(world, "person", {"性别": "男"})
    assert [violation.field for violation in refused.value.violations] == ["name"]


def test_a_line_with_more_cells_than_headings_is_named(world):
    with pytest.raises(sheets.BadRow) as refused:
        load(world, "person", {"姓名": "王强", None: ["多出的"]})
    assert refused.value.line == 2


def test_a_line_with_fewer_cells_than_headings_has_blanks_at_its_end(world):
    assert load(world, "person", {"姓名": "王强", "性别": None}) == 1


def test_a_sheet_links_by_name(world):
    team = world.make("volunteer_team", name="红马甲", kind="1")
    person = world.person("王强")
    assert load(world, "volunteer", {"姓名": "王强", "所在队伍": "红马甲"}) == 1
    with world.work():
        row = db.session.scalars(select(Volunteer)).one()
        assert (row.person_id, row.team_id) == (person, team)


def test_a_name_that_is_not_on_file_or_only_elsewhere_is_refused(world):
    world.person("王强")
    world.make("person", world.there, name="李华")
    assert load(world, "volunteer", {"姓名": "王强"}) == 1
    for name in ("李华", "王小强"):
        with pytest.raises(sheets.BadRow) as refused:
            load(world, "volunteer", {"姓名": name})
        assert [violation.field for violation in refused.value.violations] == ["person_id"]


def test_a_name_two_residents_share_is_asked_about_not_guessed(world):
    for name in ("王强", "张伟", "张伟"):
        world.person(name)
    assert load(world, "volunteer", {"姓名": "王强"}) == 1
    with pytest.raises(sheets.BadRow) as refused:
        load(world, "volunteer", {"姓名": "张伟"})
    assert [violation.field for violation in refused.value.violations] == ["person_id"]


def test_a_row_of_a_sheet_may_belong_to_a_row_above_it(world):
    rows = [
        {"名称": "春和党总支", "类别": "党总支"},
        {"名称": "第一党支部", "类别": "党支部", "上级": "春和党总支"},
        {"名称": "第一党小组", "类别": "党小组", "上级": "第一党支部"},
    ]
    with world.work():
        chinese = {name: declared.name for name, declared in sheets.headings(PartyOrganization).items()}
    own = {field: heading for heading, field in reversed(chinese.items())}
    rows = [
        {
            own[field]: row[key]
            for field, key in (("name", "名称"), ("kind", "类别"), ("parent_id", "上级"))
            if key in row
        }
        for row in rows
    ]
    assert load(world, "party_organization", *rows) == 3
    with world.work():
        depth = {row.name: row.path.count("/") - 2 for row in db.session.scalars(select(PartyOrganization))}
    assert depth == {"春和党总支": 0, "第一党支部": 1, "第一党小组": 2}


@pytest.mark.parametrize("register", sorted(set(MODELS) - {"audit_entry", "notice"}))
def test_no_two_fields_of_a_sheet_have_the_same_heading(world, register):
    typed = [d for d in fields_of(MODELS[register]).values() if d.field.in_form and d.lender is None]
    with world.work():
        found = sheets.headings(MODELS[register])
    assert {declared.name for declared in found.values()} == {declared.name for declared in typed}


# --- code lists --------------------------------------------------------------------------------------------------


def test_code_lists_are_loaded_once_and_what_the_office_changed_stays(world):
    with world.app.app_context(), as_system("test"), transaction():
        before = db.session.scalar(select(func.count()).select_from(Code))
        code = db.session.scalars(select(Code).where(Code.code_list == "skill")).first()
        key, label = code.id, code.label
        code.label, code.retired_on = "理发", TODAY
    with world.app.app_context(), as_system("test"), transaction():
        assert sheets.load_codes(ROOT / "seeds" / "codes") == 0
    with world.app.app_context(), as_system("test"), transaction():
        code = db.session.get(Code, key)
        assert (code.label, code.retired_on) == ("理发", TODAY)
        assert db.session.scalar(select(func.count()).select_from(Code)) == before
        code.label, code.retired_on = label, None


def test_a_new_code_of_a_list_is_added_beside_the_old_ones(world, tmp_path):
    (tmp_path / "skill.csv").write_text("value,label,standard,position\n1,别的,,10\n98,弹钢琴,,980\n", encoding="utf-8")
    with world.app.app_context(), as_system("test"):
        assert sheets.load_codes(tmp_path) == 1
        db.session.flush()
        labels = dict(db.session.execute(select(Code.value, Code.label).where(Code.code_list == "skill")).all())
        db.session.rollback()
    assert labels["98"] == "弹钢琴"
    assert labels["1"] != "别的"


def test_every_code_list_a_field_names_has_codes(world):
    named = {
        declared.field.code
        for model in MODELS.values()
        for declared in fields_of(model).values()
        if declared.field.code
    }
    with world.work():
        loaded = set(db.session.scalars(select(Code.code_list).distinct()))
    assert named <= loaded


def test_an_assignment_is_counted_once(world):
    """The holders of a post are those appointed and not ended, each once."""
    post, member = world.post(places=2), world.member(world.person("张明"))
    key = world.appointment(post, member)
    with world.work():
        assert listing.row(ServicePost, post, ["holders", "vacant"]).values == {"holders": "张明", "vacant": 1}
        assert listing.rows(PostAssignment, ["step"], Question(filters={"step": "appointed"}))[0].id == key
    change(world, "post_assignment", key, ended_on=TODAY)
    with world.work():
        assert listing.row(ServicePost, post, ["holders", "vacant"]).values == {"holders": None, "vacant": 2}
        assert listing.rows(PostAssignment, ["step"], Question(filters={"step": "appointed"})) == []
