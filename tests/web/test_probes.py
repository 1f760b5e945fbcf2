"""What people try, by accident or not, to reach another community's records or another's secrets."""

from __future__ import annotations

import re
from datetime import date
from io import BytesIO

import pytest
from PIL import Image
from sqlalchemy import select

from app.boards.models import Posting
from app.kernel.db import db, today
from app.kernel.listing import Question
from app.kernel.listing import rows as listed
from app.kernel.registers import REGISTERS
from app.kernel.scope import as_system
from tests.rows import a_row
from tests.web.typed import a_draft, a_full_row, an_issued_notice, posting_of
from tests.world import World, the_day_is

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
    assert "/person/show/" not in client.get("/person/list/", query_string={"q": FOREIGN}).text
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


# --- disclosure ---------------------------------------------------------------------------------------------------

MATTER = "外社区的事项"
BOARD = "外社区的公示栏"


@pytest.fixture
def theirs(world: World) -> dict[str, int]:
    """What the other community discloses: an item with an occasion, hanging on a board, with a photograph."""
    at = world.there
    item = world.make(
        "catalogue_item", at, name=MATTER, first_level="", time_limit="每月公布一次", since=date(2026, 1, 1)
    )
    board = world.make("notice_board", at, name=BOARD, kind="1", place="外社区", width=100, height=100)
    occasion = world.make("occasion", at, item_id=item, subject="外社区的会", on=date(2026, 3, 2))
    notice = an_issued_notice(world, at, (board,), item_id=item, duty="2026-03", period="2026年3月")
    posting = posting_of(world, notice, board, at)
    picture = BytesIO()
    Image.new("RGB", (20, 20)).save(picture, "PNG")
    form = {"posted_on": today().isoformat(), "photo": (BytesIO(picture.getvalue()), "x.png")}
    assert world.client("stranger").post(f"/posting/hang/{posting}", data=form).status_code == 302
    return {"catalogue_item": item, "notice_board": board, "occasion": occasion, "notice": notice, "posting": posting}


def test_the_pages_of_disclosure_tell_nothing_of_the_neighbours(world: World, theirs: dict[str, int]) -> None:
    a_full_row(world, "catalogue_item")
    number = world.get("notice", theirs["notice"], world.there).number
    code = world.get("notice", theirs["notice"], world.there).short_code
    own, stranger = world.client("branch_secretary"), world.client("stranger")
    told = dict.fromkeys((MATTER, BOARD, "外社区的会", number), False)
    with the_day_is(date(2026, 11, 23)):
        for address in (
            "/",
            "/catalogue_item/progress/",
            "/catalogue_item/compliance/?year=2026",
            f"/catalogue_item/compliance/?year=2026&community={world.there.id}",
            "/catalogue_item/list/",
            "/catalogue_item/list/?q=外",
            f"/catalogue_item/list/?board_id={theirs['notice_board']}",
            "/catalogue_item/choices/",
            "/occasion/list/",
            f"/occasion/list/?item_id={theirs['catalogue_item']}",
            f"/occasion/add/?item_id={theirs['catalogue_item']}",
            "/posting/today/",
            "/posting/list/",
            "/posting/list/?q=外",
            "/posting/choices/",
            "/notice/list/",
            "/notice/outdated/",
            "/notice_step/list/",
            "/screen/list/",
            f"/screen/add/?board_id={theirs['notice_board']}",
            f"/notice/check/{code}",
        ):
            page, seen = own.get(address), stranger.get(address)
            assert page.status_code == 200, address
            assert not [word for word in told if word in page.text], address
            told = {word: found or word in seen.text for word, found in told.items()}
    assert all(told.values()), "the neighbours themselves are not told, either"
    assert stranger.get(f"/notice/check/{code}").location == f"/notice/show/{theirs['notice']}"


def test_files_of_the_neighbours_are_not_handed_out(world: World, theirs: dict[str, int]) -> None:
    for address in (
        f"/notice/pdf/{theirs['notice']}",
        f"/notice/page/{theirs['notice']}",
        f"/posting/bundle/{theirs['notice_board']}",
        f"/posting/photo/{theirs['posting']}",
    ):
        for person in ("branch_secretary", "supervisor"):
            assert world.client(person).get(address).status_code == 404, address
    assert world.client("stranger").get(f"/posting/photo/{theirs['posting']}").status_code == 200
    sheet = world.client("supervisor").get(f"/catalogue_item/compliance.xlsx?community={world.there.id}")
    assert sheet.status_code == 404


@pytest.mark.parametrize(
    ("register", "link", "target"),
    [
        ("occasion", "item_id", "catalogue_item"),
        ("catalogue_item", "board_id", "notice_board"),
        ("screen", "board_id", "notice_board"),
    ],
)
def test_a_form_points_at_nothing_of_the_neighbours(
    world: World, theirs: dict[str, int], register: str, link: str, target: str
) -> None:
    client, before = world.client("branch_secretary"), len(rows(world, register))
    own = a_row(world, target)
    given = {"name": "事项", "time_limit": "每月", "position": "1", "since": "2026-01-01"}
    given |= {"subject": "会", "on": "2026-03-02"}
    answer = client.post(f"/{register}/add/", data={**given, link: str(theirs[target])})
    assert answer.status_code == 200
    assert "请从列表中选择" in answer.text
    assert len(rows(world, register)) == before
    assert client.post(f"/{register}/add/", data={**given, link: str(own)}).status_code == 302


def test_nobody_hangs_corrects_or_answers_for_the_neighbours(world: World, theirs: dict[str, int]) -> None:
    """A draft that says it answers their duty is not kept; one that names their board does not hang there."""
    clerk, board = world.client("office_staff"), a_row(world, "notice_board")
    notice = an_issued_notice(world, world.here, (board,))
    for address in (f"/posting/add-board/{theirs['notice']}", f"/posting/hang-all/{theirs['notice_board']}"):
        assert clerk.post(address, data={"board": str(board)}).status_code == 404
    assert clerk.post(f"/posting/add-board/{notice}", data={"board": str(theirs["notice_board"])}).status_code == 404
    form = {"title": "公示", "issuer": "居委会", "opening": "请监督。", "do": "keep", "layout": "notice"}
    about, before = {"about": f"{theirs['catalogue_item']}:2026-03"}, rows(world, "notice")
    assert clerk.post("/notice/draft/text", data={**form, **about}).status_code == 200
    assert rows(world, "notice") == before
    answer = clerk.post("/notice/draft/text", data={**form, "boards": str(theirs["notice_board"])})
    key = int(answer.location.rpartition("/")[2])
    world.client("branch_secretary").post(f"/notice/issue/{key}")
    with world.app.app_context(), as_system("test"):
        assert db.session.scalars(select(Posting.id).where(Posting.notice_id == key)).all() == []


NONSENSE = [str(10**30), "-1", "²", "\0", "'; DROP TABLE notice; --", "😀" * 50]
DISCLOSURE = {"notice", "posting", "catalogue_item", "screen", "wall"}
FIELDS = "version board posted_on due_down_on taken_down_on note source columns about boards title carried save do back"
ASKED = "year community code page q order state notice about choice proposed"


def test_nonsense_sent_to_disclosure_is_answered_like_a_mistake(world: World) -> None:
    keys = {name: a_full_row(world, name) for name in ("posting", "catalogue_item", "screen")}
    keys["notice_board"] = rows(world, "notice_board")[0]
    client, wrong = world.client("branch_secretary"), []
    for rule in world.app.url_map.iter_rules():
        register = rule.endpoint.partition(".")[0]
        if register not in DISCLOSURE:
            continue
        needs = "notice_board" if rule.endpoint == "posting.hang_all" else register
        for nonsense in NONSENSE:
            key = a_draft(world, world.here) if needs == "notice" or "notice>" in rule.rule else keys.get(needs, 0)
            address = re.sub("<[a-z]+>", "text", re.sub("<int:[a-z]+>", str(key), rule.rule))
            answers = []
            if "POST" in (rule.methods or set()):
                answers.append(client.post(address, data=dict.fromkeys(FIELDS.split(), nonsense)))
            if "<int:" not in rule.rule:
                answers.append(client.get(address, query_string=dict.fromkeys(ASKED.split(), nonsense)))
            wrong += [(address, nonsense) for answer in answers if answer.status_code >= 500]
    assert wrong == []


def rows(world: World, register: str) -> list[int]:
    with world.work():
        return [row.id for row in listed(REGISTERS[register].model, [], Question(), limit=None)]
