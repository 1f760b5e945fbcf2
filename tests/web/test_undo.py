"""What was deleted or changed in one go stands again as it was, unless somebody has built on it since."""

from __future__ import annotations

from datetime import timedelta
from threading import Barrier, Thread

import pytest
from flask import Flask
from sqlalchemy import inspect, select, update

from app.accounts.models import Account
from app.kernel import records, undo
from app.kernel.audit import AuditEntry
from app.kernel.db import db, now, transaction
from app.kernel.registers import REGISTERS
from app.kernel.scope import as_system
from app.kernel.undo import CannotUndo, ChangedRow, ChangeSet
from tests.rows import IN_COMMUNITY, a_row
from tests.web.page import Page, one_database
from tests.web.test_access import REGISTER_GRANTS
from tests.web.test_import import Desk, people
from tests.world import World

DELETABLE = [name for name in IN_COMMUNITY if "S" in REGISTER_GRANTS[name][3]]


def stored(world: World, register: str, key: int) -> dict[str, object] | None:
    row = world.get(register, key)
    if row is None:
        return None
    return {a.key: getattr(row, a.key) for a in inspect(type(row)).column_attrs if a.key not in ("version", "photo")}


def last_change(world: World) -> int:
    with world.work():
        return db.session.scalars(select(ChangeSet.id).order_by(ChangeSet.id.desc())).first() or 0


@pytest.mark.parametrize("register", DELETABLE)
def test_what_was_deleted_stands_again_with_every_value(world: World, register: str) -> None:
    key = a_row(world, register)
    before = stored(world, register, key)
    client = world.client("branch_secretary")
    deleted = Page(client.post(f"/{register}/delete/{key}", follow_redirects=True))
    assert stored(world, register, key) is None
    address = f"/change_set/show/{last_change(world)}"
    assert address in deleted.links()
    page = Page(client.get(address))
    restored = Page(client.post(page.form.get("action"), follow_redirects=True))
    assert "已撤销" in restored.text
    assert stored(world, register, key) == before


def test_the_list_of_changes_tells_what_was_deleted_and_by_whom(world: World) -> None:
    key = world.person("张明", id_number="11010519491231002X")
    client = world.client("office_staff")
    client.post(f"/person/delete/{key}")
    page = Page(client.get("/change_set/list/"))
    assert "张明" in page.text
    assert "干事甲" in page.text
    assert "可以撤销" in page.text


def test_a_restored_secret_can_still_be_read_and_found(world: World) -> None:
    key = world.person("张明", id_number="11010519491231002X")
    client = world.client("branch_secretary")
    client.post(f"/person/delete/{key}")
    client.post(f"/change_set/undo/{last_change(world)}")
    with world.work():
        assert world.get("person", key).id_number == "11010519491231002X"
    assert "张明" in Page(client.get("/person/list/?q=11010519491231002X")).text


def test_what_belonged_to_it_comes_back_with_it_and_the_trail_tells(world: World) -> None:
    key = world.person("张明")
    client = world.client("branch_secretary")
    client.post(f"/person/delete/{key}")
    client.post(f"/change_set/undo/{last_change(world)}")
    with world.work():
        told = db.session.execute(
            select(AuditEntry.action, AuditEntry.actor).where(AuditEntry.register == "person").order_by(AuditEntry.id)
        ).all()
    assert [action for action, _who in told][-2:] == ["restore", "undo"]
    assert told[-1][1].startswith("书记甲")


def test_what_was_undone_cannot_be_undone_again(world: World) -> None:
    key = world.person("张明")
    client = world.client("branch_secretary")
    client.post(f"/person/delete/{key}")
    address = f"/change_set/undo/{last_change(world)}"
    client.post(address)
    page = Page(client.post(address))
    assert page.soup.select("form[action]") == [
        f for f in page.soup.select("form[action]") if "undo" not in f["action"]
    ]
    with world.work():
        assert len(db.session.scalars(select(REGISTERS["person"].model.id)).all()) == 1


def test_a_place_taken_meanwhile_is_told_and_nothing_is_overwritten(world: World) -> None:
    key = world.make("volunteer_team", name="绿风队", kind="1")
    client = world.client("branch_secretary")
    client.post(f"/volunteer_team/delete/{key}")
    world.make("volunteer_team", name="绿风队", kind="1")
    page = Page(client.post(f"/change_set/undo/{last_change(world)}"))
    assert "又新增了另一条" in page.text


def test_what_it_belonged_to_must_stand_first(world: World) -> None:
    person = world.person("张明")
    volunteer = world.make("volunteer", person_id=person)
    client = world.client("branch_secretary")
    client.post(f"/volunteer/delete/{volunteer}")
    first = last_change(world)
    client.post(f"/person/delete/{person}")
    second = last_change(world)
    assert "请先恢复" in Page(client.get(f"/change_set/show/{first}")).text
    client.post(f"/change_set/undo/{second}")
    client.post(f"/change_set/undo/{first}")
    assert world.get("volunteer", volunteer).person_id == person


def test_an_id_that_another_has_got_meanwhile_keeps_its_new_owner(world: World) -> None:
    key = world.person("张明")
    client = world.client("branch_secretary")
    client.post(f"/person/delete/{key}")
    with world.work(), transaction():
        model = REGISTERS["person"].model
        newcomer = model(id=key, name="李强", community_id=world.here.id)
        db.session.add(newcomer)
    client.post(f"/change_set/undo/{last_change(world)}")
    assert world.get("person", key).name == "李强"
    with world.work():
        assert set(db.session.scalars(select(model.name))) == {"李强", "张明"}


def test_changes_of_many_are_taken_back_together_or_not_at_all(world: World) -> None:
    first, second = world.person("张明", building="1号楼"), world.person("李强", building="1号楼")
    model = REGISTERS["person"].model
    with world.work():
        with transaction(), undo.recorded("bulk_edit", "person", "楼栋", 2) as change:
            for key in (first, second):
                records.change(db.session.get_one(model, key), {"building": "2号楼"})
        key = change.id
        with transaction():
            records.change(db.session.get_one(model, second), {"building": "3号楼"})
        with pytest.raises(CannotUndo) as refused, transaction():
            undo.undo(db.session.get_one(ChangeSet, key))
        assert [reason.params for reason in refused.value.reasons] == [{"name": "李强"}]
    assert [world.get("person", key).building for key in (first, second)] == ["2号楼", "3号楼"]


def test_rows_added_and_rows_changed_go_back_in_one_step(world: World) -> None:
    old = world.person("张明", building="1号楼")
    model = REGISTERS["person"].model
    with world.work():
        with transaction(), undo.recorded("import", "person", "名单.xlsx", 2) as change:
            records.change(db.session.get_one(model, old), {"building": "2号楼"})
            new = records.add(model, {"name": "李强"}).id
        with transaction():
            undo.undo(db.session.get_one(ChangeSet, change.id))
    assert world.get("person", old).building == "1号楼"
    assert world.get("person", new) is None


def test_what_others_have_built_on_stays(world: World) -> None:
    model = REGISTERS["person"].model
    with world.work():
        with transaction(), undo.recorded("import", "person", "名单.xlsx") as change:
            new = records.add(model, {"name": "李强"}).id
        key = change.id
    world.make("volunteer", person_id=new)
    page = Page(world.client("branch_secretary").get(f"/change_set/show/{key}"))
    assert "正在使用" in page.text
    assert "志愿者" in page.text


def test_after_thirty_days_it_is_over_and_what_was_kept_is_forgotten(world: World) -> None:
    key = world.person("张明")
    client = world.client("branch_secretary")
    client.post(f"/person/delete/{key}")
    with world.work(), transaction():
        db.session.execute(
            update(ChangeSet).values(at=now() - timedelta(days=undo.KEPT_DAYS, minutes=1)),
            execution_options={"synchronize_session": False},
        )
    old = last_change(world)
    assert "超过30天" in Page(client.get(f"/change_set/show/{old}")).text
    client.post(f"/person/delete/{world.person('李强')}")
    assert client.get(f"/change_set/show/{old}").status_code == 404
    with world.work():
        assert set(db.session.scalars(select(ChangedRow.change_set_id))) == {last_change(world)}


def test_another_community_sees_and_undoes_nothing(world: World) -> None:
    key = world.person("张明")
    world.client("branch_secretary").post(f"/person/delete/{key}")
    change = last_change(world)
    stranger = world.client("stranger")
    assert "张明" not in Page(stranger.get("/change_set/list/")).text
    assert stranger.get(f"/change_set/show/{change}").status_code == 404
    assert stranger.post(f"/change_set/undo/{change}").status_code == 404


def test_who_may_not_delete_may_not_restore(world: World) -> None:
    branch = world.branch()
    world.client("branch_secretary").post(f"/party_organization/delete/{branch}")
    staff = world.client("office_staff")
    page = Page(staff.get(f"/change_set/show/{last_change(world)}"))
    assert not page.soup.select("form[action*=undo]")
    assert staff.post(f"/change_set/undo/{last_change(world)}").status_code == 403


def test_the_menu_leads_to_what_can_be_undone(app: Flask, world: World) -> None:
    assert "/change_set/list/" in Page(world.client("office_staff").get("/")).links()


# --- what must not come with it ----------------------------------------------------------------------------------


@one_database
def test_an_id_that_was_free_again_belongs_to_somebody_else_who_stays(world: World) -> None:
    desk = Desk(world, "person", "branch_secretary")
    desk.look(("姓名",), ("张明",), ("李芳",))
    desk.save()
    imported = last_change(world)
    (last,) = people(world, "id")[-1]
    desk.client.post(f"/person/delete/{last}")
    newcomer = world.person("王芳")
    assert newcomer == last
    page = Page(desk.client.post(f"/change_set/undo/{imported}"))
    assert "无法撤销" in page.text
    assert ("王芳",) in people(world)


def test_a_record_that_was_restored_still_counts_its_changes(world: World) -> None:
    desk = Desk(world, "person", "branch_secretary")
    desk.look(("姓名",), ("张明",))
    desk.save()
    imported = last_change(world)
    (key,) = people(world, "id")[0]
    with world.work(), transaction():
        records.change(db.session.get_one(REGISTERS["person"].model, key), {"building": "3号楼"})
    desk.client.post(f"/person/delete/{key}")
    desk.client.post(f"/change_set/undo/{last_change(world)}")
    assert "修改或删除" in Page(desk.client.post(f"/change_set/undo/{imported}")).text
    assert people(world, "building") == [("3号楼",)]


def test_two_clicks_on_restore_bring_back_one_record(world: World) -> None:
    key = world.person("张明")
    world.client("branch_secretary").post(f"/person/delete/{key}")
    change = last_change(world)
    ready = Barrier(2)

    def click() -> None:
        client = world.client("branch_secretary")
        ready.wait()
        client.post(f"/change_set/undo/{change}")

    clicks = [Thread(target=click) for _click in range(2)]
    for thread in clicks:
        thread.start()
    for thread in clicks:
        thread.join()
    assert people(world) == [("张明",)]


def test_undoing_a_lock_opens_no_session_that_was_ended(world: World) -> None:
    client = world.client("office_staff")
    administrator = world.client("administrator")
    with world.app.app_context(), as_system("test"):
        account = db.session.scalars(select(Account).where(Account.username == "office_staff")).one()
        with transaction(), undo.recorded("bulk_edit", "account", "停用") as change:
            records.change(account, {"active": False})
        key = change.id
        with transaction():
            db.session.get_one(ChangeSet, key).community_id = world.district.id
    assert client.get("/").status_code == 302
    administrator.post(f"/change_set/undo/{key}")
    with world.app.app_context(), as_system("test"):
        assert db.session.scalars(select(Account.active).where(Account.username == "office_staff")).one()
        assert "password" not in db.session.scalars(select(ChangedRow.before)).one()
    assert client.get("/").status_code == 302


def test_who_may_not_touch_members_may_not_undo_what_touched_them(world: World) -> None:
    member = world.member()
    person = world.get("party_member", member).person_id
    other = world.person("李芳")
    with world.work():
        with transaction(), undo.recorded("merge", "person", "李芳") as change:
            records.change(db.session.get_one(REGISTERS["party_member"].model, member), {"person_id": other})
        key = change.id
    assert world.client("office_staff").post(f"/change_set/undo/{key}").status_code == 403
    assert world.client("branch_secretary").post(f"/change_set/undo/{key}").status_code == 302
    assert world.get("party_member", member).person_id == person
