"""The trail: each act leaves one entry, in the same transaction, and no entry gives away what it guards."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, update

from app.accounts.models import Account
from app.accounts.operations import give_password
from app.community.models import Community, Person
from app.disclosure import operations as disclosure
from app.kernel import records
from app.kernel.audit import AuditEntry
from app.kernel.codes import Code
from app.kernel.db import Conflict, db, now, today, transaction
from app.kernel.fields import fields_of
from app.kernel.scope import OutOfScope, Scope, as_system, working_in
from app.party.models import PartyMember
from app.volunteers.models import Volunteer, VolunteerTeam
from tests.rows import MODELS, a_row, an_id_number, some_data
from tests.web.page import one_database
from tests.web.typed import a_draft
from tests.world import PASSWORD, World, owner

WANG = an_id_number(date(1956, 3, 7), 1)
LI = an_id_number(date(1960, 5, 1), 2)
SECRETARY = "书记甲 (branch_secretary)"
TOLD = sorted(set(MODELS) - {"audit_entry", "notice_step"})
"""The registers whose rows the trail tells of; of the steps of a notice it tells as acts on the notice."""


@contextmanager
def told(world: World) -> Iterator[list[AuditEntry]]:
    """The entries that the block leaves, in a list that is filled at its end."""
    entries: list[AuditEntry] = []
    with world.app.app_context(), as_system("test"):
        last = db.session.scalar(select(func.max(AuditEntry.id))) or 0
    yield entries
    with world.app.app_context(), as_system("test"):
        entries.extend(db.session.scalars(select(AuditEntry).where(AuditEntry.id > last).order_by(AuditEntry.id)))
        db.session.expunge_all()


def acts(entries: list[AuditEntry]) -> list[tuple[str, str, str]]:
    return [(entry.action, entry.register, entry.subject) for entry in entries]


def post(world: World, address: str, form: dict[str, Any] | None = None, by: str = "branch_secretary") -> None:
    answer = world.client(by).post(address, data=form)
    assert answer.status_code == 302, answer.status_code


# --- one act, one entry ------------------------------------------------------------------------------------------


def test_adding_a_resident_leaves_one_entry_with_who_what_when_and_where(world):
    start = now() - timedelta(seconds=1)
    with told(world) as entries:
        post(world, "/person/add/", {"name": "王强", "sex": "1", "building": "3号楼"})
    (entry,) = entries
    assert (entry.action, entry.register, entry.subject) == ("add", "person", "王强")
    assert (entry.actor, entry.address) == (SECRETARY, "127.0.0.1")
    assert entry.community_id == world.here.id
    assert start <= entry.at <= now()
    with world.work():
        assert db.session.get(Person, entry.record_id).name == "王强"
    assert entry.changes["building"] == ["", "3号楼"]


def test_correcting_a_resident_leaves_one_entry_with_before_and_after(world):
    key = world.person("王强", building="3号楼", sex="1")
    with told(world) as entries:
        post(world, f"/person/edit/{key}", {"name": "王强", "sex": "1", "building": "5号楼", "version": "1"})
    (entry,) = entries
    assert (entry.action, entry.register, entry.subject, entry.record_id) == ("edit", "person", "王强", key)
    assert (entry.actor, entry.changes) == (SECRETARY, {"building": ["3号楼", "5号楼"]})


def test_deleting_a_resident_leaves_one_entry_that_tells_what_was_deleted(world):
    key = world.person("王强", building="3号楼", phone="13812345678")
    with told(world) as entries:
        post(world, f"/person/delete/{key}")
    (entry,) = entries
    assert (entry.action, entry.register, entry.subject, entry.record_id) == ("delete", "person", "王强", key)
    assert (entry.actor, entry.community_id) == (SECRETARY, world.here.id)
    assert entry.changes["building"] == ["3号楼", ""]
    assert entry.changes["phone"] == ["138****5678", ""]


@pytest.mark.parametrize("register", TOLD)
def test_adding_and_deleting_leave_one_entry_each_in_every_register(world, register):
    data = some_data(world, register)
    with told(world) as entries, world.app.app_context(), working_in(Scope(everything=True, actor="甲")):
        own = {"community_id": world.here.id} if "community_id" in fields_of(MODELS[register]) else {}
        with transaction():
            record = records.add(MODELS[register], {**data, **own})
        key = record.id
        if register != "code":
            with transaction():
                records.remove(record)
    assert [(entry.action, entry.register, entry.record_id, entry.actor) for entry in entries] == [
        (action, register, key, "甲") for action in ("add", "delete") if register != "code" or action == "add"
    ]
    assert all(entry.subject for entry in entries)
    if register == "code":
        with world.app.app_context(), owner() as connection:
            connection.execute(Code.__table__.delete().where(Code.__table__.c.id == key))


def test_saving_without_a_change_leaves_no_entry(world):
    key = world.person("王强", building="3号楼")
    with told(world) as entries:
        post(world, f"/person/edit/{key}", {"name": "王强", "building": "3号楼", "version": "1"})
    assert entries == []


def test_a_renamed_record_is_found_by_its_old_and_new_name(world):
    key = world.person("王强")
    with told(world) as entries:
        post(world, f"/person/edit/{key}", {"name": "王小强", "version": "1"})
    (entry,) = entries
    assert "王强" in (entry.subject, *entry.changes["name"])
    assert entry.changes["name"] == ["王强", "王小强"]


def test_a_second_change_in_the_same_piece_of_work_still_knows_what_was_before(world):
    key = world.person("王强", building="1号楼")
    with told(world) as entries, world.app.app_context(), as_system("test"):
        row = db.session.get(Person, key)
        for building in ("2号楼", "3号楼"):
            with transaction():
                records.change(row, {"building": building})
    assert [entry.changes for entry in entries] == [{"building": ["1号楼", "2号楼"]}, {"building": ["2号楼", "3号楼"]}]


def test_a_phone_corrected_on_the_members_form_is_told_of_the_person(world):
    member = world.member(world.person("王强", phone="13812345678"))
    with told(world) as entries, world.work(), transaction():
        records.change(db.session.get(PartyMember, member), {"phone": "13900000000"})
    assert acts(entries) == [("edit", "person", "王强")]


def test_a_hundred_rows_of_a_sheet_leave_a_hundred_entries(world):
    with told(world) as entries, world.work(), transaction():
        for number in range(100):
            records.add(Person, {"name": "王" + "一二三四五六七八九十"[number % 10]})
    assert len(entries) == 100
    assert {entry.action for entry in entries} == {"add"}


# --- plain words -------------------------------------------------------------------------------------------------


def test_the_trail_tells_codes_links_and_flags_in_plain_words(world):
    branch, other = world.branch(name="第一党支部"), world.branch(name="第二党支部")
    member = world.member(world.person("王强", sex="1"), branch)
    with told(world) as entries:
        person = world.get("party_member", member).person_id
        form = {"person_id": person, "branch_id": other, "is_retired": "1", "sex": "2", "version": "1.1"}
        post(world, f"/party_member/edit/{member}", form)
    changes = {name: sides for entry in entries for name, sides in entry.changes.items()}
    assert changes["branch_id"] == ["第一党支部", "第二党支部"]
    assert changes["sex"] == ["男", "女"]
    assert not {"True", "False"} & set(changes["is_retired"])


# --- what it must not tell ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("way", ["as a record", "in one statement"])
def test_what_is_renamed_in_between_is_called_by_its_new_name(world, way):
    team = a_row(world, "volunteer_team", name="晨光队")
    first, second = world.person(), world.person()
    with told(world) as entries, world.work(), transaction():
        records.add(Volunteer, {"person_id": first, "team_id": team, "registered_on": today()})
        if way == "as a record":
            db.session.get_one(VolunteerTeam, team).name = "夕阳队"
        else:
            db.session.execute(update(VolunteerTeam).values(name="夕阳队"))
        records.add(Volunteer, {"person_id": second, "team_id": team, "registered_on": today()})
    added = [entry.changes["team_id"][1] for entry in entries if entry.register == "volunteer"]
    assert added == ["晨光队", "夕阳队"]


@one_database  # PostgreSQL lets no such link stand
def test_what_another_community_calls_its_own_is_not_told(world):
    theirs, ours = (a_row(world, "volunteer_team", at, name="晨光队") for at in (world.there, world.here))
    volunteer = a_row(world, "volunteer", team_id=ours)
    with world.app.app_context(), owner() as connection:
        connection.execute(update(Volunteer.__table__).values(team_id=theirs))
    with told(world) as entries, world.work(), transaction():
        db.session.get_one(Volunteer, volunteer).team_id = ours
    (entry,) = entries
    assert entry.changes["team_id"] == [str(theirs), "晨光队"]


def test_private_fields_and_secrets_are_masked_in_the_trail(world):
    given = {"phone": "13812345678", "birth_on": "1956-03-07", "id_number": WANG, "address": "春和路18号3号楼501"}
    with told(world) as entries:
        post(world, "/person/add/", {"name": "王强", **given})
        key = entries_key(world, "王强")
        other = {"phone": "13900001111", "id_number": LI, "address": "和平里2号", "birth_on": "1960-05-01"}
        post(world, f"/person/edit/{key}", {"name": "王强", **other, "version": "1"})
        post(world, f"/person/delete/{key}")
    assert [entry.action for entry in entries] == ["add", "edit", "delete"]
    whole = str([entry.changes for entry in entries])
    for secret in (*given.values(), *other.values(), WANG[6:14], LI[6:14], "03-07", "春和路"):
        assert secret not in whole
    assert entries[0].changes["phone"] == ["", "138****5678"]
    assert entries[1].changes["phone"] == ["138****5678", "139****1111"]
    assert set(entries[1].changes) == {"phone", "birth_on", "id_number", "address", "sex"}, "the number tells the sex"


def entries_key(world: World, name: str) -> int:
    with world.work():
        return db.session.scalars(select(Person.id).where(Person.name == name)).one()


@pytest.mark.parametrize("register", TOLD)
def test_no_entry_of_any_register_holds_a_private_value(world, register):
    """Every text field that is not open gets a value that must not be found in the trail."""
    given = {
        name: "秘密的内容"
        for name, declared in fields_of(MODELS[register]).items()
        if declared.field.access.value != "open" and declared.lender is None and declared.kind == "text"
    }
    data = some_data(world, register)
    own = {"community_id": world.here.id} if "community_id" in fields_of(MODELS[register]) else {}
    with told(world) as entries, world.app.app_context(), as_system("test"):
        db.session.add(MODELS[register](**data | own | given))
        db.session.flush()
        db.session.commit()
    (entry,) = entries
    assert "秘密的内容" not in str(entry.changes)
    assert set(given) <= set(entry.changes)
    if register == "code":
        with world.app.app_context(), owner() as connection:
            connection.execute(Code.__table__.delete().where(Code.__table__.c.id == entry.record_id))


def test_a_new_password_is_told_but_not_shown(world):
    with world.app.app_context(), as_system("test"):
        key = db.session.scalars(select(Account.id).where(Account.username == "office_staff")).one()
    with told(world) as entries:
        post(world, f"/account/reset/{key}", by="administrator")
    (entry,) = entries
    with world.app.app_context(), as_system("test"):
        stored = db.session.get(Account, key).password
    assert (entry.register, entry.record_id) == ("account", key)
    assert entry.actor == "管理员甲 (administrator)"
    assert "scrypt" in stored
    assert "scrypt" not in str(entry.changes)


def test_a_changed_role_is_told(world):
    with world.app.app_context(), as_system("test"):
        account = db.session.scalars(select(Account).where(Account.username == "office_staff")).one()
        key = account.id
    with told(world) as entries:
        given = {"username": "office_staff", "full_name": "干事甲", "role": "branch_secretary"}
        form = {**given, "community_id": world.here.id, "active": "1", "version": "1"}
        post(world, f"/account/edit/{key}", form, by="administrator")
    (entry,) = entries
    assert (entry.action, entry.register, entry.actor) == ("edit", "account", "管理员甲 (administrator)")
    assert set(entry.changes) == {"role"}


# --- coming and going --------------------------------------------------------------------------------------------


def test_a_log_in_a_wrong_password_and_a_log_out_leave_one_entry_each(world):
    with world.app.app_context(), as_system("test"), transaction():
        give_password(db.session.scalars(select(Account).where(Account.username == "office_staff")).one(), PASSWORD)
    client = world.client()
    with told(world) as entries:
        assert client.post("/login/", data={"username": "office_staff", "password": "wrong one"}).status_code == 200
        assert client.post("/login/", data={"username": "office_staff", "password": PASSWORD}).status_code == 302
        assert client.post("/logout/").status_code == 302
    assert [entry.action for entry in entries] == ["log_in_failed", "log_in", "log_out"]
    assert {entry.actor for entry in entries} == {"干事甲 (office_staff)"}
    assert PASSWORD not in str([vars(entry) for entry in entries])


def test_issuing_a_notice_leaves_one_entry_of_issuing(world):
    key = a_draft(world, world.here)
    with told(world) as entries, world.work():
        disclosure.approve(key, "甲", date(2026, 3, 5))
    assert [(entry.action, entry.register, entry.record_id) for entry in entries] == [("approve", "notice", key)]


def test_each_step_of_a_notice_leaves_one_entry_on_the_notice(world):
    key = a_draft(world, world.here)
    with told(world) as entries:
        post(world, f"/notice/submit/{key}", by="office_staff")
        post(world, f"/notice/send-back/{key}", {"note": "请补充"})
        post(world, f"/notice/submit/{key}", by="office_staff")
        post(world, f"/notice/review/{key}")
        post(world, f"/notice/issue/{key}")
        post(world, f"/notice/void/{key}", {"note": "不再需要"})
    assert [(entry.action, entry.register, entry.record_id) for entry in entries] == [
        (step, "notice", key) for step in ("submit", "send_back", "submit", "review", "approve", "void")
    ]
    assert {entry.actor for entry in entries} == {SECRETARY, "干事甲 (office_staff)"}


def test_taking_over_a_catalogue_leaves_one_entry_for_each_item_that_changed(world):
    def take_over(*limits: str) -> None:
        rows = [{"line": 2, "position": "1", "name": f"事项{n}", "time_limit": limit} for n, limit in enumerate(limits)]
        form = {"carried": json.dumps({"builtin": False, "rows": rows}), "save": "1"}
        post(world, "/catalogue_item/import/", form, by="office_staff")

    with told(world) as entries:
        take_over("每月公布一次", "每年公布一次")
        take_over("每季度公布一次", "每年公布一次")
    assert acts(entries) == [
        ("add", "catalogue_item", "事项0"),
        ("add", "catalogue_item", "事项1"),
        ("edit", "catalogue_item", "事项0"),
    ]
    assert entries[-1].changes == {"time_limit": ["每月公布一次", "每季度公布一次"]}


# --- together or not at all --------------------------------------------------------------------------------------


def test_what_is_rolled_back_was_never_told(world):
    def work(fails: bool) -> None:
        with world.work(), transaction():
            records.add(Person, {"name": "王强"})
            records.change(records.add(Person, {"name": "李华"}), {"building": "1号楼"})
            if fails:
                raise KeyError

    with told(world) as entries, pytest.raises(KeyError):
        work(fails=True)
    assert entries == []
    with told(world) as entries:
        work(fails=False)
    assert acts(entries) == [("add", "person", "王强"), ("add", "person", "李华"), ("edit", "person", "李华")]


def test_what_the_database_refuses_was_never_told(world):
    key = a_row(world, "representative")
    person = world.get("representative", key).person_id
    with told(world) as entries:
        with world.work(), pytest.raises(Conflict), transaction():
            records.remove(db.session.get(Person, person))
        with world.work(), pytest.raises(OutOfScope), transaction():
            db.session.get(Person, person).community_id = world.there.id
    assert entries == []


def test_after_a_failure_the_next_work_of_the_same_session_tells_only_of_itself(world):
    def fail() -> None:
        with transaction():
            db.session.add(Person(name="王强", community_id=world.there.id))

    with told(world) as entries, world.work():
        with pytest.raises(OutOfScope):
            fail()
        with transaction():
            records.add(Person, {"name": "李华"})
    assert acts(entries) == [("add", "person", "李华")]


# --- who reads it ------------------------------------------------------------------------------------------------


def test_the_auditor_of_the_district_reads_of_every_act_below_and_a_stranger_of_none(world):
    world.person("王强")
    a_row(world, "person", world.there)
    with world.app.app_context(), as_system("test"):
        code = db.session.scalars(select(Code).where(Code.code_list == "skill")).first()
        key, label = code.id, code.label
    with told(world) as entries, world.work():
        for text in ("理发", label):
            with transaction():
                records.change(db.session.get(Code, key), {"label": text})
    assert [entry.register for entry in entries] == ["code", "code"]
    with world.app.app_context(), as_system("test"):
        auditor = Scope(world.district.id, path=db.session.get(Community, world.district.id).path)
        everything = set(db.session.scalars(select(AuditEntry.id)))
    with world.app.app_context(), working_in(auditor):
        seen = set(db.session.scalars(select(AuditEntry.id)))
    with world.work(world.there):
        elsewhere = set(db.session.scalars(select(AuditEntry.register)))
    assert seen == everything
    assert "code" not in elsewhere
