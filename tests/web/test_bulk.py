"""Many records are changed or deleted together: chosen, looked at, stored, taken back."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from app.kernel import bulkedit, undo
from app.kernel.access import Right
from app.kernel.audit import AuditEntry
from app.kernel.db import db, transaction
from app.kernel.registers import REGISTERS
from app.kernel.undo import ChangeSet
from tests.web.page import Page
from tests.web.test_access import REGISTER_GRANTS
from tests.web.typed import a_full_row
from tests.world import World


def press(client: FlaskClient, page: Page, button: str, register: str = "person", **typed: str) -> Page:
    """Send the first form of ``page`` by its ``button``, with what is typed into it."""
    form = {**page.filled_in(), **typed, "bulk.step": button}
    return Page(client.post(f"/{register}/bulk/", data=form, follow_redirects=True))


def chosen(client: FlaskClient, *ids: int, register: str = "person", **typed: Any) -> Page:
    return Page(client.post(f"/{register}/bulk/", data={"ids": list(ids), **typed}))


def buildings(world: World, *ids: int) -> list[str | None]:
    return [world.get("person", key).building for key in ids]


def undo_last(world: World) -> None:
    with world.work(), transaction():
        undo.undo(db.session.scalars(select(ChangeSet).order_by(ChangeSet.id.desc())).first())  # type: ignore[arg-type]


# --- changing ----------------------------------------------------------------------------------------------------


def test_the_chosen_get_the_new_value_after_a_look_and_it_can_be_taken_back(world: World) -> None:
    ids = [world.person(name, building="1号楼") for name in ("张明", "李强")]
    left = world.person("王芳", building="1号楼")
    client = world.client("office_staff")
    first = chosen(client, *ids)
    assert "李强、张明" in first.text
    look = press(client, first, "preview", building="2号楼")
    assert buildings(world, *ids) == ["1号楼", "1号楼"]
    assert "1号楼 → 2号楼" in look.text
    done = press(client, look, "save")
    assert buildings(world, *ids, left) == ["2号楼", "2号楼", "1号楼"]
    assert any("/change_set/show/" in link for link in done.links())
    undo_last(world)
    assert buildings(world, *ids) == ["1号楼", "1号楼"]


def test_what_is_left_blank_stays_and_what_is_ticked_is_cleared(world: World) -> None:
    key = world.person("张明", building="1号楼", schooling="10", phone="13812345678")
    client = world.client("office_staff")
    look = press(client, chosen(client, key), "preview", **{"clear.building": "1"})
    press(client, look, "save")
    row = world.get("person", key)
    assert (row.building, row.schooling, row.phone) == (None, "10", "13812345678")


def test_every_change_stands_in_the_trail_under_its_record(world: World) -> None:
    key = world.person("张明", building="1号楼")
    client = world.client("office_staff")
    press(client, press(client, chosen(client, key), "preview", building="2号楼"), "save")
    with world.work():
        entry = db.session.scalars(select(AuditEntry).where(AuditEntry.record_id == key, AuditEntry.action == "edit"))
        assert entry.one().changes == {"building": ["1号楼", "2号楼"]}


def test_names_numbers_and_secrets_are_not_given_to_many(world: World) -> None:
    page = chosen(world.client("office_staff"), world.person("张明"))
    assert not {"name", "id_number"} & set(page.filled_in())
    assert {"building", "phone", "sex"} <= set(page.filled_in())


def test_a_mistyped_value_is_told_beside_its_field_and_nothing_typed_is_lost(world: World) -> None:
    key = world.person("张明")
    client = world.client("office_staff")
    page = press(client, chosen(client, key), "preview", phone="123", building="2号楼")
    assert page.complaint("phone")
    assert page.filled_in()["building"] == "2号楼"
    assert page.filled_in()["phone"] == "123"


def test_a_value_and_a_tick_to_clear_contradict_each_other(world: World) -> None:
    client = world.client("office_staff")
    page = press(client, chosen(client, world.person()), "preview", building="2号楼", **{"clear.building": "1"})
    assert page.complaint("building")
    assert page.filled_in()["clear.building"] == "1"


def test_nothing_filled_in_is_said_so(world: World) -> None:
    client = world.client("office_staff")
    assert press(client, chosen(client, world.person()), "preview").summary()


def test_going_back_from_the_look_keeps_what_was_typed(world: World) -> None:
    client = world.client("office_staff")
    look = press(client, chosen(client, world.person()), "preview", building="2号楼", **{"clear.phone": "1"})
    page = press(client, look, "choose")
    assert page.filled_in()["building"] == "2号楼"
    assert page.filled_in()["clear.phone"] == "1"


def test_whoever_the_rules_refuse_is_listed_with_the_reason_and_left_as_is(world: World) -> None:
    fits, clashes = world.person("张明"), world.person("李强", id_number="11010519491231002X")
    client = world.client("office_staff")
    look = press(client, chosen(client, fits, clashes), "preview", birth_on="1956-03-05")
    refused = look.soup.select_one("[aria-labelledby=refused]")
    assert refused is not None
    assert "李强" in refused.get_text()
    assert "出生日期" in refused.get_text()
    press(client, look, "save")
    assert str(world.get("person", fits).birth_on) == "1956-03-05"
    assert str(world.get("person", clashes).birth_on) == "1949-12-31"


def test_who_has_the_value_already_is_only_counted(world: World) -> None:
    same, other = world.person("张明", building="2号楼"), world.person("李强")
    client = world.client("office_staff")
    look = press(client, chosen(client, same, other), "preview", building="2号楼")
    assert "张明" not in look.text
    press(client, look, "save")
    assert world.get("person", same).version == 1


def test_places_that_run_out_are_seen_before_anything_is_stored(world: World) -> None:
    branch = world.branch()
    post = world.post(branch_id=branch, places=1)
    waiting = [
        world.make(
            "post_assignment",
            post_id=post,
            member_id=world.member(branch_id=branch),
            applied_on=date(2026, 3, 1),
            recommended_on=date(2026, 3, 2),
            recommended_by="居民小组",
        )
        for _number in range(2)
    ]
    client = world.client("branch_secretary")
    first = chosen(client, *waiting, register="post_assignment")
    typed = {"appointed_on": "2026-03-05", "appointed_by": "支部"}
    look = press(client, first, "preview", "post_assignment", **typed)
    refused = look.soup.select_one("[aria-labelledby=refused] tbody")
    assert refused is not None
    assert len(refused.select("tr")) == 1
    press(client, look, "save", "post_assignment")
    assert [world.get("post_assignment", key).appointed_by for key in waiting] == ["支部", None]


def test_what_somebody_else_changed_after_the_look_is_shown_again_first(world: World) -> None:
    key = world.person("张明", building="1号楼")
    client = world.client("office_staff")
    look = press(client, chosen(client, key), "preview", building="2号楼")
    with world.work(), transaction():
        db.session.get_one(REGISTERS["person"].model, key).building = "3号楼"
    again = press(client, look, "save")
    assert buildings(world, key) == ["3号楼"]
    assert again.soup.select_one("[role=alert]")
    assert "3号楼 → 2号楼" in again.text
    press(client, again, "save")
    assert buildings(world, key) == ["2号楼"]


def test_a_borrowed_value_is_set_on_the_lender_and_taken_back_there(world: World) -> None:
    person = world.person("张明", phone="13812345678")
    key = world.make("volunteer", person_id=person)
    client = world.client("office_staff")
    look = press(client, chosen(client, key, register="volunteer"), "preview", "volunteer", phone="13912345678")
    press(client, look, "save", "volunteer")
    assert world.get("person", person).phone == "13912345678"
    undo_last(world)
    assert world.get("person", person).phone == "13812345678"


def test_a_flag_is_set_to_no_as_well_as_to_yes(world: World) -> None:
    key = world.member()
    client = world.client("branch_secretary")
    for value, stored in (("1", True), ("0", False)):
        first = chosen(client, key, register="party_member")
        assert first.filled_in()["is_retired"] == ""
        look = press(client, first, "preview", "party_member", is_retired=value)
        press(client, look, "save", "party_member")
        assert world.get("party_member", key).is_retired is stored


# --- choosing ----------------------------------------------------------------------------------------------------


def test_all_that_the_list_asks_for_are_chosen_whatever_page_it_shows(world: World) -> None:
    ids = [world.person(f"张{name}", sex="1") for name in "一二三"]
    woman = world.person("张四", sex="2")
    client = world.client("office_staff")
    first = Page(client.post("/person/bulk/", data={"all": "1", "sex": "1", "q": "张", "page": "7"}))
    assert first.filled_in()["sex"] == ""
    look = press(client, first, "preview", building="2号楼")
    press(client, look, "save")
    assert buildings(world, *ids, woman) == ["2号楼"] * 3 + [None]


def test_more_than_can_be_looked_at_are_refused_in_words(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulkedit, "MOST", 1)
    ids = [world.person(), world.person()]
    page = Page(world.client("office_staff").post("/person/bulk/", data={"ids": ids}, follow_redirects=True))
    assert "1" in page.flashes()[0]


def test_choosing_nobody_leads_back_with_a_word(world: World) -> None:
    page = Page(world.client("office_staff").post("/person/bulk/", follow_redirects=True))
    assert page.flashes()


@pytest.mark.parametrize("posted", [{"ids": "x"}, {"ids": "-1"}, {"ids": str(10**12)}, {"bulk.rows": "1 x"}])
def test_a_made_up_choice_is_not_understood(world: World, posted: dict[str, str]) -> None:
    assert world.client("office_staff").post("/person/bulk/", data=posted).status_code == 400


def test_a_neighbours_record_is_neither_shown_nor_changed(world: World) -> None:
    own = world.person("张明")
    foreign = world.make("person", at=world.there, name="外人", building="9号楼")
    client = world.client("office_staff")
    first = chosen(client, own, foreign)
    look = press(client, first, "preview", building="2号楼")
    done = press(client, look, "save")
    assert "外人" not in first.text + look.text + done.text
    assert world.get("person", foreign, at=world.there).building == "9号楼"


def test_who_may_not_read_a_phone_number_does_not_read_it_in_the_look_either(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    rights = world.app.extensions["rights"]
    key = world.person("张明", phone="13812345678")
    client = world.client("office_staff")
    look = press(client, chosen(client, key), "preview", phone="13912345678")
    assert "13812345678" in look.text
    monkeypatch.setitem(world.app.extensions, "rights", lambda role, name: rights(role, name) & ~Right.PRIVATE)
    look = press(client, chosen(client, key), "preview", phone="13912345678")
    assert "138****5678" in look.text
    assert "13812345678" not in look.source


EDITABLE = [name for name, grants in REGISTER_GRANTS.items() if grants[2]]


@pytest.mark.parametrize("register", EDITABLE)
def test_the_page_and_the_look_are_sound_in_every_register(world: World, register: str) -> None:
    key = a_full_row(world, register)
    client = world.client("administrator" if "A" in REGISTER_GRANTS[register][2] else "branch_secretary")
    page = chosen(client, key, register=register)
    assert not page.defects()
    ticks = page.form.xpath(".//*[starts-with(@name, 'clear.')]/@name")
    look = press(client, page, "preview", register, **dict.fromkeys(ticks, "1"))
    assert look.status == 200
    assert not look.defects()


# --- deleting ----------------------------------------------------------------------------------------------------


def test_the_chosen_are_deleted_after_a_look_what_is_in_use_stays_and_it_can_be_taken_back(world: World) -> None:
    free, busy = world.person("张明"), world.person("李强")
    world.make("volunteer", person_id=busy)
    client = world.client("office_staff")
    look = press(client, chosen(client, free, busy), "delete")
    refused = look.soup.select_one("[aria-labelledby=refused]")
    assert refused is not None
    assert "李强" in refused.get_text()
    assert "志愿者" in refused.get_text()
    assert world.get("person", free) is not None
    press(client, look, "remove")
    assert world.get("person", free) is None
    assert world.get("person", busy) is not None
    undo_last(world)
    assert world.get("person", free).name == "张明"


def test_what_came_into_use_after_the_look_is_not_deleted(world: World) -> None:
    key = world.person("张明")
    client = world.client("office_staff")
    look = press(client, chosen(client, key), "delete")
    world.make("volunteer", person_id=key)
    again = press(client, look, "remove")
    assert world.get("person", key) is not None
    assert again.soup.select_one("[aria-labelledby=refused]")


def test_who_may_edit_but_not_delete_is_refused(world: World) -> None:
    client = world.client("branch_secretary")
    key = world.make("disclosure_setting")
    page = chosen(client, key, register="disclosure_setting")
    assert 'value="delete"' not in page.source
    answer = client.post("/disclosure_setting/bulk/", data={"bulk.rows": str(key), "bulk.step": "remove"})
    assert answer.status_code == 403
    assert world.get("disclosure_setting", key) is not None


@pytest.mark.parametrize(
    ("role", "register", "said"), [("office_staff", "person", "批量修改或删除"), ("administrator", "code", "批量修改")]
)
def test_the_button_below_the_list_says_what_can_be_done(world: World, role: str, register: str, said: str) -> None:
    world.person()
    (button,) = Page(world.client(role).get(f"/{register}/list/")).soup.select(".chosen button")
    assert button.get_text(strip=True) == said
