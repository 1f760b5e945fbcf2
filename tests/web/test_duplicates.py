"""The same person twice: noticed while typing, found afterwards, looked at side by side and made one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from typing import Any

import pytest
from sqlalchemy import event, func, select

from app.accounts.models import Account
from app.community.models import Person
from app.exchange import duplicates, merge
from app.kernel import records
from app.kernel.access import Right
from app.kernel.db import db, transaction
from app.kernel.scope import as_system
from app.roles import Role
from tests.rows import an_id_number
from tests.web.page import Page, one_database
from tests.world import World

BORN = date(1956, 3, 5)
OTHER = date(1971, 8, 1)


def people(world: World, name: str = "张明") -> int:
    with world.work():
        return int(db.session.scalar(select(func.count()).select_from(Person).where(Person.name == name)) or 0)


def add(world: World, follow: bool = False, **typed: str) -> Page:
    answer = world.client("office_staff").post("/person/add/", data=typed, follow_redirects=follow)
    return Page(answer)


# --- while typing ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("on_file", "typed"),
    [
        ({"birth_on": BORN}, {"birth_on": "1956-03-05"}),
        ({"phone": "13812345678"}, {"phone": "13812345678"}),
        ({"birth_on": BORN, "phone": "13812345678"}, {"phone": "13812345678"}),
        ({}, {"birth_on": "1956-03-05"}),
        ({"phone": "13812345678"}, {}),
    ],
)
def test_a_resident_who_may_be_on_file_is_asked_about_and_nothing_typed_is_lost(
    world: World, on_file: dict[str, Any], typed: dict[str, str]
) -> None:
    key = world.person("张明", building="3号楼", **on_file)
    page = add(world, name="张明", address="和平路5号", **typed)
    assert people(world) == 1
    assert "张明（" in page.complaint("name")
    assert "3号楼" in page.complaint("name")
    assert f"/person/show/{key}" in page.links()
    assert page.filled_in()["address"] == "和平路5号"
    assert "alike.others" not in page.filled_in()
    assert not page.defects()
    tick = page.form.find(".//*[@name='alike.others']")
    assert tick is not None
    add(world, **page.filled_in(), **{"alike.others": tick.get("value")})
    assert people(world) == 2


@pytest.mark.parametrize(
    ("on_file", "typed"),
    [
        ({"birth_on": BORN}, {"birth_on": "1971-08-01"}),
        ({"birth_on": BORN, "phone": "13812345678"}, {"birth_on": "1971-08-01", "phone": "13812345678"}),
        ({"id_number": an_id_number(BORN, 1)}, {"id_number": an_id_number(BORN, 3)}),
        ({"birth_on": BORN}, {"phone": "13812345678"}),
    ],
)
def test_a_namesake_who_is_clearly_another_is_added_at_once(
    world: World, on_file: dict[str, Any], typed: dict[str, str]
) -> None:
    world.person("张明", **on_file)
    add(world, name="张明", **typed)
    assert people(world) == 2


def test_whose_identity_number_it_is_is_told_with_the_way_there(world: World) -> None:
    number = an_id_number(BORN, 1)
    key = world.person("王芳", building="3号楼", id_number=number)
    page = add(world, name="王方", id_number=number)
    assert "王芳（1956-03-05，3号楼）" in page.complaint("id_number")
    assert f"/person/show/{key}" in page.links()
    assert "alike.others" not in page.filled_in()
    assert not page.defects()


def test_who_stands_on_a_register_already_is_told_with_the_way_there(world: World) -> None:
    person = world.person("王芳")
    member = world.member(person)
    typed = {"person_id": str(person), "branch_id": str(world.branch())}
    page = Page(world.client("branch_secretary").post("/party_member/add/", data=typed))
    assert page.complaint("person_id").count("王芳") == 1
    assert f"/party_member/show/{member}" in page.links()


def test_nobody_learns_of_a_record_they_may_not_see_by_what_is_unique(world: World) -> None:
    """A name of an account is taken everywhere, an identity number only in its own community."""
    for username, told in (("office_staff", "干事甲"), ("stranger", "")):
        here = str(world.here.id)
        typed = {"username": username, "full_name": "张明", "role": "office_staff", "community_id": here}
        page = Page(world.client("security_administrator").post("/account/add/", data=typed))
        assert page.complaint("username")
        assert told in page.complaint("username")
        assert "外社区书记" not in page.source
        assert any("/account/show/" in link for link in page.links()) == bool(told)
    number = an_id_number(BORN, 1)
    world.person("王芳", at=world.there, id_number=number)
    add(world, name="张明", id_number=number)
    assert people(world) == 1


def test_a_tick_about_one_namesake_is_not_a_tick_about_another(world: World) -> None:
    first = world.person("张明", birth_on=BORN)
    world.person("李强", birth_on=BORN)
    page = add(world, name="李强", birth_on="1956-03-05", **{"alike.others": str(first)})
    assert "李强" in page.complaint("name")
    assert people(world, "李强") == 1


def test_a_neighbours_resident_of_the_same_name_is_not_told_of(world: World) -> None:
    world.make("person", at=world.there, name="张明", birth_on=BORN)
    add(world, name="张明", birth_on="1956-03-05")
    assert people(world) == 1


def test_the_tick_stays_when_something_else_is_wrong(world: World) -> None:
    key = world.person("张明", birth_on=BORN)
    page = add(world, name="张明", birth_on="1956-03-05", sex="9x", **{"alike.others": str(key)})
    assert people(world) == 1
    assert not page.complaint("name")
    assert page.filled_in()["alike.others"] == str(key)


# --- finding -----------------------------------------------------------------------------------------------------


def listed(world: World, by: str = "office_staff", page: int = 1) -> Page:
    return Page(world.client(by).get(f"/duplicates/list/?page={page}"))


def compared(page: Page) -> set[tuple[int, int]]:
    """The pairs that a page offers to compare."""
    found = [link.rsplit("/", 2)[1:] for link in page.links() if link.startswith("/duplicates/compare/")]
    return {(int(first), int(second)) for first, second in found}


@pytest.mark.parametrize(
    ("one", "two"),
    [
        ({"birth_on": BORN}, {"birth_on": BORN}),
        ({"birth_on": BORN, "phone": "13812345678"}, {"birth_on": BORN, "phone": "13912345678"}),
        ({"phone": "13812345678"}, {"phone": "13812345678"}),
        ({"phone": "13812345678", "birth_on": BORN}, {"phone": "13812345678"}),
        ({"birth_on": BORN, "id_number": an_id_number(BORN, 1)}, {"birth_on": BORN}),
        ({"id_number": an_id_number(BORN, 1)}, {}),
        ({}, {}),
    ],
)
def test_two_who_are_likely_one_are_listed(world: World, one: dict[str, Any], two: dict[str, Any]) -> None:
    pair = (world.person("张明", **one), world.person("张明", **two))
    world.person("李强", **{name: value for name, value in one.items() if name != "id_number"})
    page = listed(world)
    assert compared(page) == {pair}
    assert not page.defects()


@pytest.mark.parametrize(
    ("one", "two"),
    [
        ({"birth_on": BORN}, {"birth_on": OTHER}),
        ({"birth_on": BORN, "phone": "13812345678"}, {"birth_on": OTHER, "phone": "13812345678"}),
        ({"id_number": an_id_number(BORN, 1)}, {"id_number": an_id_number(BORN, 3)}),
        ({"phone": "13812345678"}, {"phone": "13912345678"}),
        ({"phone": "13812345678"}, {"birth_on": BORN}),
    ],
)
def test_namesakes_who_are_clearly_two_are_not_listed(world: World, one: dict[str, Any], two: dict[str, Any]) -> None:
    world.person("张明", **one)
    world.person("张明", **two)
    page = listed(world)
    assert not compared(page)
    assert page.soup.select_one(".nothing")


def test_three_of_one_name_stand_together_each_with_each(world: World) -> None:
    first, second, third = (world.person("张明", birth_on=BORN) for _number in range(3))
    page = listed(world)
    assert compared(page) == {(first, second), (first, third), (second, third)}
    assert len(page.soup.select("main section")) == 1


def test_two_pairs_of_one_name_stand_apart(world: World) -> None:
    one, other = ((world.person("张明", birth_on=day), world.person("张明", birth_on=day)) for day in (BORN, OTHER))
    page = listed(world)
    assert compared(page) == {one, other}
    assert len(page.soup.select("main section")) == 2


def test_a_long_list_is_turned_page_by_page(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(merge, "PAGE_SIZE", 1)
    pairs = [(world.person(name, birth_on=BORN), world.person(name, birth_on=BORN)) for name in ("李强", "张明")]
    assert [compared(listed(world, page=page)) for page in (1, 2)] == [{pair} for pair in pairs]
    assert "page=2" in "".join(listed(world).links())
    assert listed(world, page=3).soup.select_one(".nothing")


@one_database
def test_the_pairs_of_a_page_are_found_by_their_names_however_many_people_there_are(world: World) -> None:
    """To find the names takes a look at everybody; to find who bears them, at these only."""
    with world.app.app_context(), as_system("test"), transaction():
        db.session.add(
            Account(username="district", full_name="区干事", role=Role.STAFF, community_id=world.district.id)
        )
    for _twice in range(2):
        world.person("张明", birth_on=BORN)
    with world.work(), transaction():
        for number in range(400):
            records.add(Person, {"name": "居民" + chr(ord("一") + number)})
    with steps(world) as taken:
        assert len(compared(listed(world, "district"))) == 1
    names, pairs = (taken[statement] for statement in taken if "person AS person_2" in statement)
    assert pairs < names / 5


@contextmanager
def steps(world: World) -> Iterator[Counter[str]]:
    """How many steps SQLite takes, in hundreds, for each statement sent in the block."""
    taken: Counter[str] = Counter()

    def begin(connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        connection.connection.driver_connection.set_progress_handler(lambda: taken.update([statement]), 100)

    def end(connection: Any, *_rest: Any) -> None:
        connection.connection.driver_connection.set_progress_handler(None, 0)

    with world.app.app_context():
        engine = db.engine
    event.listen(engine, "before_cursor_execute", begin)
    event.listen(engine, "after_cursor_execute", end)
    try:
        yield taken
    finally:
        event.remove(engine, "before_cursor_execute", begin)
        event.remove(engine, "after_cursor_execute", end)


def test_a_name_that_half_the_town_has_is_offered_a_few_pairs_at_a_time(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(duplicates, "PAIRS", 2)
    first, second, third = (world.person("张明", birth_on=BORN) for _number in range(3))
    client = world.client("office_staff")
    assert compared(listed(world)) == {(first, second), (first, third)}
    client.post(f"/duplicates/differ/person/{first}/{second}")
    assert compared(listed(world)) == {(first, third), (second, third)}


def test_people_of_another_community_are_not_listed(world: World) -> None:
    for _number in range(2):
        world.make("person", at=world.there, name="张明", birth_on=BORN)
    world.person("张明", birth_on=BORN)
    assert not compared(listed(world))


def test_who_was_said_to_be_two_people_is_not_listed_again(world: World) -> None:
    first, second, third = (world.person("张明", birth_on=BORN) for _number in range(3))
    client = world.client("office_staff")
    client.post(f"/duplicates/differ/person/{second}/{first}")
    assert compared(listed(world)) == {(first, third), (second, third)}
    assert compared(Page(client.get(f"/duplicates/choose/person/{first}"))) == {(first, third)}


def test_a_decision_about_a_deleted_record_does_not_stick_to_the_next_one_with_its_number(world: World) -> None:
    first, second = (world.person("张明", birth_on=BORN) for _number in range(2))
    client = world.client("office_staff")
    client.post(f"/duplicates/differ/person/{first}/{second}")
    client.post(f"/person/delete/{second}")
    with world.work(), transaction():
        db.session.add(Person(id=second, name="张明", birth_on=BORN, community_id=world.here.id))
    assert compared(listed(world)) == {(first, second)}


# --- side by side ------------------------------------------------------------------------------------------------


def compare(world: World, one: int, two: int, by: str = "office_staff") -> Page:
    return Page(world.client(by).get(f"/duplicates/compare/person/{one}/{two}"))


def unite(world: World, page: Page, one: int, two: int, **chosen: str) -> Page:
    """Press “merge” on ``page``, having chosen what differs."""
    client, form = world.client("office_staff"), {**page.filled_in(), **chosen}
    return Page(client.post(f"/duplicates/compare/person/{one}/{two}", data=form, follow_redirects=True))


def test_the_two_are_looked_at_side_by_side_merged_and_it_can_be_taken_back(world: World) -> None:
    kept, other = world.person("张明", building="1号楼"), world.person("张明", building="2号楼", phone="13812345678")
    team = world.make("volunteer_team", name="绿风队", kind="1")
    volunteer = world.make("volunteer", person_id=other, team_id=team)
    page = compare(world, other, kept)
    assert not page.defects()
    for seen in ("1号楼", "2号楼", "13812345678", "绿风队"):
        assert seen in page.text
    done = unite(world, page, other, kept, **{f"person.{kept}.building": "other"})
    row = world.get("person", kept)
    assert (row.building, row.phone, world.get("person", other)) == ("2号楼", "13812345678", None)
    assert world.get("volunteer", volunteer).person_id == kept
    (change,) = [link for link in done.links() if link.startswith("/change_set/show/")]
    world.client("office_staff").post(change.replace("show", "undo"))
    assert world.get("volunteer", volunteer).person_id == other
    assert world.get("person", kept).building == "1号楼"


def test_an_id_number_is_compared_behind_its_mask(world: World) -> None:
    number = an_id_number(BORN, 1)
    page = compare(world, world.person("张明"), world.person("张明", id_number=number))
    assert number not in page.source
    assert number[-4:] in page.text


def test_both_hats_are_shown_and_chosen_from(world: World) -> None:
    kept, other = world.person("张明"), world.person("张明")
    mine = world.make("volunteer", person_id=kept, stars="1")
    world.make("volunteer", person_id=other, stars="2")
    page = compare(world, kept, other)
    assert not page.defects()
    unite(world, page, kept, other, **{f"volunteer.{mine}.stars": "other"})
    assert world.get("volunteer", mine).stars == "2"


def test_what_the_rules_forbid_is_said_before_anything_is_changed_and_the_choice_is_kept(world: World) -> None:
    kept, other = world.person("张明", birth_on=OTHER), world.person("张明", id_number=an_id_number(BORN, 1))
    page = compare(world, kept, other)
    assert page.soup.select("[role=alert] li")
    again = unite(world, page, kept, other, **{f"person.{kept}.sex": "other"})
    assert again.soup.select("[role=alert] li")
    assert again.filled_in()[f"person.{kept}.sex"] == "other"
    assert world.get("person", other) is not None
    unite(world, again, kept, other, **{f"person.{kept}.birth_on": "other"})
    assert world.get("person", kept).birth_on == BORN


def test_what_somebody_else_changed_meanwhile_is_looked_at_once_more(world: World) -> None:
    kept, other = world.person("张明"), world.person("张明")
    page = compare(world, kept, other)
    with world.work(), transaction():
        db.session.get_one(Person, other).building = "9号楼"
    again = unite(world, page, kept, other)
    assert again.soup.select("[role=alert] li")
    assert "9号楼" in again.text
    unite(world, again, kept, other)
    assert world.get("person", kept).building == "9号楼"


def test_the_merge_starts_from_the_page_of_a_person_too(world: World) -> None:
    key, other = world.person("张明", birth_on=BORN), world.person("张敏", birth_on=BORN)
    likely = world.person("张明", birth_on=BORN)
    client = world.client("office_staff")
    address = f"/duplicates/choose/person/{key}"
    assert address in Page(client.get(f"/person/show/{key}")).links()
    page = Page(client.get(address))
    assert not page.defects()
    assert compared(page) == {(key, likely)}
    answer = client.get(address, query_string={"other": other})
    assert answer.location == f"/duplicates/compare/person/{key}/{other}"
    for wrong in ("", "x", str(key), "999999", "9" * 20):
        refused = Page(client.get(address, query_string={"other": wrong}))
        assert refused.soup.select_one(".error")
        assert not refused.defects()


def test_a_register_whose_records_are_not_recognised_by_name_offers_no_merging(world: World) -> None:
    team = world.make("volunteer_team", name="绿风队", kind="1")
    client = world.client("office_staff")
    assert not any("/duplicates/choose/" in link for link in Page(client.get(f"/volunteer_team/show/{team}")).links())
    assert client.get(f"/duplicates/choose/volunteer_team/{team}").status_code == 404


def test_who_may_only_look_is_offered_no_merging(world: World) -> None:
    page = Page(world.client("supervisor").get(f"/person/show/{world.person('张明')}"))
    assert not any("/duplicates/" in link for link in page.links())


@pytest.mark.parametrize("address", ["compare/person/{}/{}", "differ/person/{}/{}"])
def test_a_neighbours_record_cannot_be_merged_with_ones_own(world: World, address: str) -> None:
    own, foreign = world.person("张明"), world.make("person", at=world.there, name="张明")
    client = world.client("office_staff")
    for keys in ((own, foreign), (foreign, own), (own, own)):
        assert client.post(f"/duplicates/{address.format(*keys)}").status_code == 404


def test_who_may_not_delete_cannot_merge(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    rights = world.app.extensions["rights"]
    one, two = world.person("张明"), world.person("张明")
    client = world.client("office_staff")
    monkeypatch.setitem(world.app.extensions, "rights", lambda role, name: rights(role, name) & ~Right.DELETE)
    assert client.post(f"/duplicates/compare/person/{one}/{two}").status_code == 404
    assert client.post(f"/duplicates/differ/person/{one}/{two}").status_code == 404


def test_staff_cannot_merge_two_party_members_but_the_secretary_can(world: World) -> None:
    branch = world.branch()
    kept, other = world.person("张明"), world.person("张明")
    world.member(kept, branch), world.member(other, branch)
    assert compare(world, kept, other).soup.select("[role=alert] li")
    page = compare(world, kept, other, by="branch_secretary")
    assert not page.soup.select("main [role=alert]")
