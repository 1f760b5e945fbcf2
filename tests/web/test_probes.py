"""What people try, by accident or not, to reach another community's records or another's secrets."""

from __future__ import annotations

import pytest

from tests.world import World

FOREIGN = "外来客"
FOREIGN_PHONE = "13912340000"


@pytest.fixture
def foreigner(world: World) -> int:
    """A resident of the other community."""
    return world.make("person", at=world.there, name=FOREIGN, phone=FOREIGN_PHONE, building="9号楼")


def test_the_choices_of_a_search_select_end_at_the_community(world: World, foreigner: int) -> None:
    own = world.person(name="本地人")
    for search in ("", FOREIGN, "wailaike", FOREIGN_PHONE[:5], "9号楼"):
        found = world.client("office_staff").get("/person/choices/", query_string={"q": search}).get_json()
        assert foreigner not in [choice["id"] for choice in found]
    neighbours = world.client("stranger").get("/person/choices/", query_string={"q": "wailaike"}).get_json()
    assert [choice["id"] for choice in neighbours] == [foreigner]
    assert own not in [choice["id"] for choice in neighbours]


def test_a_foreign_id_in_a_form_is_not_taken(world: World, foreigner: int) -> None:
    client = world.client("office_staff")
    before = len(rows(world, "volunteer"))
    answer = client.post("/volunteer/add/", data={"person_id": foreigner, "registered_on": "2026-01-01"})
    assert answer.status_code == 200
    assert "请从列表中选择" in answer.text
    assert FOREIGN not in answer.text
    assert len(rows(world, "volunteer")) == before
    own = world.person()
    assert client.post("/volunteer/add/", data={"person_id": own, "registered_on": "2026-01-01"}).status_code == 302


def test_a_foreign_id_preset_in_the_address_shows_nothing(world: World, foreigner: int) -> None:
    page = world.client("office_staff").get("/volunteer/add/", query_string={"person_id": foreigner}).text
    assert FOREIGN not in page


def test_a_filter_by_a_foreign_record_shows_neither_rows_nor_its_name(world: World) -> None:
    team = world.make("volunteer_team", at=world.there, name="外队", kind="1")
    page = world.client("office_staff").get("/volunteer/list/", query_string={"team_id": team}).text
    assert "外队" not in page


def test_a_posted_community_is_ignored(world: World) -> None:
    client = world.client("office_staff")
    data = {"name": "健身点", "kind": "1", "place": "南门", "state": "1", "community_id": world.there.id}
    key = int(client.post("/facility/add/", data=data).location.rsplit("/", 1)[1])
    assert world.get("facility", key).community_id == world.here.id
    client.post(f"/facility/edit/{key}", data={**data, "version": "1", "name": "健身苑"})
    assert world.get("facility", key).community_id == world.here.id


def test_related_lists_and_notices_hold_no_foreign_rows(world: World, foreigner: int) -> None:
    client = world.client("office_staff")
    assert FOREIGN not in client.get("/person/list/").text
    assert FOREIGN not in client.get("/person/list/", query_string={"q": FOREIGN}).text.replace(
        f'value="{FOREIGN}"', ""
    )
    assert client.get(f"/person/show/{foreigner}").status_code == 404
    assert client.get(f"/community/show/{world.there.id}").status_code == 404


def test_hidden_columns_can_be_neither_sorted_nor_filtered_by(world: World) -> None:
    client = world.client("supervisor")
    world.person(phone="13812345678")
    for order in ("id_number_index", "id_number", "password", "row_key", "phone", "birth_on", "__class__"):
        assert client.get("/person/list/", query_string={"order": order}).status_code == 400
    everything = client.get("/person/list/").text.count("/person/show/")
    assert (
        client.get("/person/list/", query_string={"id_number_index": "a", "phone": "1"}).text.count("/person/show/")
        == everything
    )


def test_searching_does_not_tell_what_one_may_not_read(world: World) -> None:
    key = world.person(name="王小明", phone="13812345678")
    supervisor, clerk = world.client("supervisor"), world.client("office_staff")
    assert f"/person/show/{key}" in clerk.get("/person/list/", query_string={"q": "1381234"}).text
    assert f"/person/show/{key}" not in supervisor.get("/person/list/", query_string={"q": "1381234"}).text
    assert f"/person/show/{key}" in supervisor.get("/person/list/", query_string={"q": "wangxiao"}).text


def test_a_supervisor_sees_the_phone_masked_everywhere(world: World) -> None:
    member = world.member(person_id=world.person(phone="13812345678"))
    client = world.client("supervisor")
    for address in ("/person/list/", "/party_member/list/", f"/party_member/show/{member}"):
        page = client.get(address).text
        assert "138****5678" in page, address
        assert "13812345678" not in page, address
    assert "13812345678" in world.client("branch_secretary").get("/party_member/list/").text


def test_an_identity_number_is_shown_to_nobody_in_full(world: World) -> None:
    key = world.person(id_number="11010519491231002X", sex="2")
    for person in ("branch_secretary", "office_staff", "supervisor"):
        page = world.client(person).get(f"/person/show/{key}").text
        assert "11010519491231002X" not in page
        assert "110***********002X" in page
    form = world.client("office_staff").get(f"/person/edit/{key}").text
    assert "11010519491231002X" not in form
    found = world.client("office_staff").get("/person/list/", query_string={"q": "11010519491231002x"}).text
    assert f"/person/show/{key}" in found


@pytest.mark.parametrize("address", ["//evil.example/", "/\\evil.example", "https://evil.example/"])
def test_nobody_is_led_out_of_the_portal(world: World, address: str) -> None:
    client = world.client("office_staff")
    data = {"name": "健身点", "kind": "1", "place": "南门", "state": "1"}
    answer = client.post("/facility/add/", query_string={"back": address}, data=data)
    assert answer.location.startswith("/facility/show/")


def rows(world: World, register: str) -> list[int]:
    from app.kernel.listing import Question
    from app.kernel.listing import rows as listed
    from app.kernel.registers import REGISTERS

    with world.work():
        return [row.id for row in listed(REGISTERS[register].model, [], Question(), limit=None)]
