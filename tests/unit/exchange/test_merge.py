"""Two records of one person become one with all their hats and history, and two again when it is taken back."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from flask_appbuilder import Model
from sqlalchemy import select

from app.community.models import Person
from app.exchange import merge
from app.exchange.merge import OTHER, CannotMerge, Layout
from app.kernel import undo
from app.kernel.access import Right
from app.kernel.audit import AuditEntry
from app.kernel.db import Record, db, transaction
from app.kernel.registers import REGISTERS
from app.kernel.undo import ChangeSet
from tests.rows import MODELS, a_row, an_id_number
from tests.world import World

BORN = date(1956, 3, 5)
DAY = date(2026, 3, 5)
OF_THE_RECORD = {"audit_entry", "trail_head", "trail_anchor", "change_set", "changed_row"}
"""What grows with everything that is done."""
POINTING = [(model.__tablename__, column) for model, column in merge.pointing_at(Person)]


@pytest.fixture(autouse=True)
def _who_may_everything(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The rules are tried without a request; who may what is tried with the pages."""
    monkeypatch.setattr(merge, "permitted", lambda _register, _right: True)


def everything(world: World) -> dict[str, list[tuple[Any, ...]]]:
    """All that is stored, but how often a row was changed."""
    found = {}
    with world.app.app_context(), db.engine.connect() as connection:
        for table in Model.metadata.sorted_tables:
            if table.name not in OF_THE_RECORD and not table.name.startswith(("ab_", "search")):
                columns = [column for column in table.columns if column.key not in {"version"}]
                found[table.name] = sorted((tuple(row) for row in connection.execute(select(*columns))), key=repr)
    return found


def lay_out(world: World, one: int, two: int) -> Layout:
    return merge.lay_out(db.session.get_one(Person, one), db.session.get_one(Person, two))


def become_one(world: World, one: int, two: int, **chosen: str) -> int:
    """Merge two people; returns the id of the change. ``chosen`` says by the person's field whose value stays."""
    with world.work(), transaction(), undo.recorded("merge", "person", "张明") as change:
        merge.merge(lay_out(world, one, two), {f"person.{one}.{name}": whose for name, whose in chosen.items()})
    with world.work():
        return db.session.scalars(select(ChangeSet.id).order_by(ChangeSet.id.desc())).first() or change.id


def take_back(world: World, change: int) -> None:
    with world.work(), transaction():
        undo.undo(db.session.get_one(ChangeSet, change))


# --- what points at a person -------------------------------------------------------------------------------------


def test_whatever_points_at_a_person_can_be_taken_back() -> None:
    """Undo keeps records only: a table beside them could not be brought back."""
    seen, waiting = set(), [Person]
    while waiting:
        for model, _column in merge.pointing_at(waiting.pop()):
            if model not in seen:
                assert issubclass(model, Record), model
                seen.add(model)
                waiting.append(model)
    assert len(seen) > 8


@pytest.mark.parametrize(("register", "link"), POINTING)
def test_what_points_at_the_one_that_goes_points_at_the_one_that_stays_and_back(
    world: World, register: str, link: str
) -> None:
    kept, other = world.person("张明"), world.person("张明", phone="13812345678")
    key = a_row(world, register, **{link: other})
    before = everything(world)
    change = become_one(world, kept, other)
    assert getattr(world.get(register, key), link) == kept
    assert world.get("person", other) is None
    take_back(world, change)
    assert everything(world) == before


@pytest.mark.parametrize(("register", "link"), POINTING)
def test_where_both_stand_nothing_dangles_and_undo_brings_both_back(world: World, register: str, link: str) -> None:
    kept, other = world.person("张明"), world.person("张明", phone="13812345678")
    mine, theirs = a_row(world, register, **{link: kept}), a_row(world, register, **{link: other})
    before = everything(world)
    change = become_one(world, kept, other)
    left = [world.get(register, key) for key in (mine, theirs)]
    assert {getattr(row, link) for row in left if row is not None} == {kept}
    take_back(world, change)
    assert everything(world) == before


def test_everything_at_once_comes_back(world: World) -> None:
    kept = world.person("张明", id_number=None, birth_on=BORN)
    other = world.person("张明", id_number=an_id_number(BORN, 1), phone="13812345678")
    for register, link in POINTING:
        a_row(world, register, **{link: kept})
        a_row(world, register, **{link: other})
    before = everything(world)
    take_back(world, become_one(world, kept, other))
    assert everything(world) == before


# --- fields ------------------------------------------------------------------------------------------------------


def test_what_is_blank_in_one_is_taken_from_the_other(world: World) -> None:
    kept, other = world.person("张明", building="1号楼"), world.person("张明", building="2号楼", phone="13812345678")
    become_one(world, kept, other)
    row = world.get("person", kept)
    assert (row.building, row.phone) == ("1号楼", "13812345678")


def test_where_they_differ_the_chosen_value_stays(world: World) -> None:
    kept, other = world.person("张明", building="1号楼"), world.person("张明", building="2号楼", phone="13812345678")
    become_one(world, kept, other, building=OTHER, phone="kept")
    row = world.get("person", kept)
    assert (row.building, row.phone) == ("2号楼", None)


def test_the_one_on_file_first_stays_whichever_is_named_first(world: World) -> None:
    first, second = world.person("张明"), world.person("张明")
    with world.work():
        assert lay_out(world, second, first).pairs[0].kept.id == first


def test_an_id_number_moves_over_readable_found_by_its_number_and_goes_back(world: World) -> None:
    number = an_id_number(BORN, 1)
    kept, other = world.person("张明"), world.person("张明", id_number=number)
    before = everything(world)
    change = become_one(world, kept, other)
    with world.work():
        found = db.session.scalars(select(Person).where(Person.id_number_index == Person.id_number.index(number))).one()
        assert (found.id, found.id_number) == (kept, number)
    take_back(world, change)
    assert everything(world) == before


def test_a_number_of_somebody_born_on_another_day_is_refused_and_nothing_changes(world: World) -> None:
    kept, other = world.person("张明", birth_on=date(1971, 8, 1)), world.person("张明", id_number=an_id_number(BORN, 1))
    before = everything(world)
    with pytest.raises(CannotMerge) as refused:
        become_one(world, kept, other, birth_on="kept")
    assert [violation.field for _row, violation in refused.value.reasons] == ["birth_on"]
    assert everything(world) == before


# --- hats --------------------------------------------------------------------------------------------------------


def test_the_same_hat_on_both_becomes_one_with_what_was_blank_filled(world: World) -> None:
    kept, other = world.person("张明"), world.person("张明")
    team = world.make("volunteer_team", name="绿风队", kind="1")
    mine = world.make("volunteer", person_id=kept, stars="1")
    theirs = world.make("volunteer", person_id=other, team_id=team, stars="2")
    become_one(world, kept, other)
    row = world.get("volunteer", mine)
    assert (row.team_id, row.stars, world.get("volunteer", theirs)) == (team, "1", None)


def test_what_hangs_on_a_hat_comes_over_with_it(world: World) -> None:
    branch = world.branch()
    kept, other = world.person("张明"), world.person("张明")
    mine, theirs = world.member(kept, branch), world.member(other, branch)
    held = world.appointment(world.post(branch_id=branch), theirs)
    first = world.make("pledge", member_id=mine, period="2026Q1", pledge="打扫楼道")
    same = world.make("pledge", member_id=theirs, period="2026Q1", pledge="打扫楼道", done="每周一次")
    later = world.make("pledge", member_id=theirs, period="2026Q2", pledge="照看花坛")
    become_one(world, kept, other)
    assert world.get("post_assignment", held).member_id == mine
    assert world.get("pledge", later).member_id == mine
    assert world.get("pledge", same) is None
    assert world.get("pledge", first).done == "每周一次"


def test_the_value_of_a_hat_is_chosen_like_that_of_the_person(world: World) -> None:
    kept, other = world.person("张明"), world.person("张明")
    mine = world.make("volunteer", person_id=kept, stars="1")
    world.make("volunteer", person_id=other, stars="2")
    with world.work(), transaction(), undo.recorded("merge", "person", "张明"):
        merge.merge(lay_out(world, kept, other), {f"volunteer.{mine}.stars": OTHER})
    assert world.get("volunteer", mine).stars == "2"


def test_who_both_hold_the_same_post_cannot_become_one_and_nothing_changes(world: World) -> None:
    branch = world.branch()
    kept, other = world.person("张明"), world.person("张明")
    post = world.post(branch_id=branch, places=2)
    world.appointment(post, world.member(kept, branch))
    day = date(2026, 3, 6)
    world.make(
        "post_assignment",
        post_id=post,
        member_id=world.member(other, branch),
        applied_on=day,
        recommended_on=day,
        recommended_by="居民小组",
        appointed_on=day,
        appointed_by="支部委员会",
    )
    before = everything(world)
    with world.work():
        reasons = merge.obstacles(lay_out(world, kept, other), {})
    assert [(row.__tablename__, violation.field) for row, violation in reasons] == [("post_assignment", "member_id")]
    with pytest.raises(CannotMerge):
        become_one(world, kept, other)
    assert everything(world) == before


def test_looking_whether_it_can_be_done_changes_nothing(world: World) -> None:
    kept, other = world.person("张明"), world.person("张明", id_number=an_id_number(BORN, 1))
    world.make("volunteer", person_id=kept)
    world.make("volunteer", person_id=other)
    before = everything(world)
    with world.work():
        assert merge.obstacles(lay_out(world, kept, other), {}) == []
    assert everything(world) == before


def test_a_hat_of_a_register_one_may_not_change_is_in_the_way(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    branch = world.branch()
    kept, other = world.person("张明"), world.person("张明")
    world.member(kept, branch), world.member(other, branch)
    monkeypatch.setattr(merge, "permitted", lambda register, right: register != "party_member" or right == Right.VIEW)
    with world.work():
        reasons = merge.obstacles(lay_out(world, kept, other), {})
    assert [row.__tablename__ for row, _violation in reasons] == ["party_member"]


def test_the_trail_tells_of_the_merge(world: World) -> None:
    kept, other = world.person("张明"), world.person("张明")
    become_one(world, kept, other)
    with world.work():
        entry = db.session.scalars(select(AuditEntry).where(AuditEntry.action == "merge")).one()
        assert (entry.register, entry.record_id, entry.subject) == ("person", kept, "张明")
        assert str(other) in entry.changes["name"][0]


def test_a_merge_that_others_have_built_on_is_not_taken_back(world: World) -> None:
    kept, other = world.person("张明"), world.person("张明", building="2号楼")
    change = become_one(world, kept, other)
    with world.work(), transaction():
        db.session.get_one(Person, kept).building = "3号楼"
    with pytest.raises(undo.CannotUndo):
        take_back(world, change)
    assert world.get("person", other) is None


def test_every_register_a_person_stands_on_is_tried_here() -> None:
    linked = {model.__tablename__ for model, _column in merge.pointing_at(Person)}
    assert linked <= set(REGISTERS) | set(MODELS)
