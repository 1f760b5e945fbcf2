"""Wall prints: made of what is on record now, of what may hang there, and of what the person typed."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import select

from app import roles
from app.accounts.models import Account
from app.community.models import Community, Person
from app.demo import DEMO_ORDER
from app.disclosure import sources
from app.kernel import records, sheets
from app.kernel.access import Right
from app.kernel.audit import AuditEntry
from app.kernel.db import db, transaction
from app.kernel.fields import Access, fields_of
from app.kernel.scope import as_system
from app.kernel.values import mask_name
from app.roles import Role
from app.wall import operations
from app.wall.designs import DESIGNS, by_name
from config import ROOT
from tests.pdf.reading import Reading
from tests.rows import MODELS
from tests.web.page import HAN, Page, one_database
from tests.web.typed import a_full_row, id_number
from tests.world import Place, World

REGISTERS = {name for design in DESIGNS for name in design.registers} | {
    "person",
    "party_organization",
    "party_member",
    "post_assignment",
}
SHOWN = {
    "posts": ["政策宣讲岗", "职责"],
    "pledges": ["践诺"],
    "people": ["分工", "电话"],
    "volunteers": ["队长", "队员"],
    "culture": ["队长", "队员"],
    "procedure": ["所需材料"],
    "directory": ["电话"],
    "cards": ["有事请找社区", "0523-86881234"],
}
"""What is to be read on each print of the demo's rows."""


@pytest.fixture
def lived_in(world: World) -> World:
    """春和 with the rows of one of the demo's communities, which are as long as real ones."""
    with world.work(), transaction():
        for name in DEMO_ORDER:
            rows = sheets.read_csv(ROOT / "seeds" / "demo" / f"{name}.csv") if name in REGISTERS else []
            sheets.load(MODELS[name], [row for row in rows if row.pop("社区") == "南渠社区"])
    return world


def a_point(world: World, name: str = "修鞋铺", at: Place | None = None, **more: Any) -> int:
    return world.make(
        "service_point", at, **{"name": name, "kind": "1", "place": "南门", "phone": "0523-86880001", **more}
    )


def look(world: World, design: str, person: str = "office_staff", **asked: str) -> Page:
    return Page(world.client(person).get(f"/wall/{design}", query_string=asked))


def read(world: World, design: str, person: str = "office_staff", **asked: str) -> str:
    """Everything that is to be read on a print, without spaces; no font of it may be missing."""
    answer = world.client(person).get(f"/wall/{design}.pdf", query_string=asked)
    assert (answer.status_code, answer.mimetype) == (200, "application/pdf")
    reading = Reading(answer.data)
    fonts = {letter["fontname"] for page in reading.chars for letter in page}
    assert fonts
    assert all("+" in font for font in fonts), "a font is not embedded"
    return "".join(reading.text.split())


def assert_in_order(page: Page) -> None:
    assert page.status == 200
    assert not page.defects()
    assert not page.english()


# --- what is printed ----------------------------------------------------------------------------------------------


def test_there_is_a_print_for_every_design_above() -> None:
    assert {design.name for design in DESIGNS} == set(SHOWN)


@one_database
def test_every_design_is_drawn_from_what_is_on_record_and_gives_nothing_private_away(lived_in: World) -> None:
    person = fields_of(Person)
    private = [name for name, declared in person.items() if declared.field.access is not Access.OPEN]
    with lived_in.work():
        people = db.session.scalars(select(Person)).all()
        secrets = {str(value) for row in people for name in private if (value := getattr(row, name))}
    assert len(secrets) > 100
    for design, words in SHOWN.items():
        said = read(lived_in, design)
        assert [word for word in words if word not in said] == [], design
        assert not [secret for secret in secrets if "".join(secret.split()) in said], design
    index = look(lived_in, "")
    assert_in_order(index)
    assert {f"/wall/{design}" for design in SHOWN} <= set(index.links())
    for design in ("pledges", "directory"):  # drawn already: what is shown is the same sheet
        page = look(lived_in, design)
        assert_in_order(page)
        assert page.soup.select(".preview img")
        assert not page.summary()


@one_database
def test_only_fields_that_may_be_posted_ever_reach_a_design(world: World) -> None:
    """Asked of the rows themselves: a design cannot print what it does not get."""
    for register in sorted({name for design in DESIGNS for name in design.registers}):
        a_full_row(world, register, **({"until": ""} if register == "committee_member" else {}))
    with world.work():
        for design in DESIGNS:
            for register, rows in operations.rows_of(design).items():
                may = {name for name, declared in fields_of(MODELS[register]).items() if declared.field.notice}
                assert rows, register
                assert {name for row in rows for name in row if not name.startswith(sources.KEY)} <= may, register


@one_database
def test_a_field_under_a_mask_is_printed_under_it(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = sources._columns

    def masked(model: Any) -> Any:
        return tuple(
            replace(column, mask=mask_name if column.name == "provider" else column.mask) for column in whole(model)
        )

    monkeypatch.setattr(sources, "_columns", masked)
    a_point(world, provider="王小明")
    said = read(world, "directory")
    assert "王*明" in said
    assert "王小明" not in said


@one_database
def test_the_neighbours_are_on_no_wall_of_ours(world: World) -> None:
    a_point(world, "我们的修鞋铺")
    a_point(world, "他们的理发店", at=world.there)
    said = read(world, "directory")
    assert "我们的修鞋铺" in said
    assert "他们的理发店" not in said


@one_database
def test_on_a_print_of_several_communities_teams_of_one_name_keep_their_own_members(world: World) -> None:
    with world.app.app_context(), as_system("test"), transaction():
        db.session.add(Account(username="street", full_name="街道干事", role=Role.STAFF, community_id=world.east.id))
        beside = records.add(Community, {"name": "夏荷社区", "level": "3", "parent_id": world.east.id})
        other = Place(beside.id, beside.name)
    for place, leader, name in ((world.here, "赵队长", "钱春和"), (other, "孙队长", "李夏荷")):
        leads = world.make("person", place, name=leader)
        team = world.make("volunteer_team", place, name="红马甲", kind="1", leader_id=leads)
        world.make("volunteer", place, person_id=world.make("person", place, name=name), team_id=team)
    world.make("volunteer_team", other, name="蓝马甲", kind="1")
    said = read(world, "volunteers", "street")
    for place, own, neighbours in (
        ("春和", "队长赵队长队员钱春和", "李夏荷"),
        ("夏荷", "队长孙队长队员李夏荷", "钱春和"),
    ):
        _before, found, after = said.partition(f"红马甲（{place}社区）")
        assert found, said
        assert after.startswith(own)
        assert neighbours not in after.removeprefix(own).partition("马甲")[0]
    assert "蓝马甲（" not in said, "who has a name of its own needs no second one"


@one_database
def test_a_member_who_is_called_like_the_leader_is_not_left_off(world: World) -> None:
    leader, namesake = world.person("王秀英"), world.person("王秀英")
    team = world.make("volunteer_team", name="红马甲", kind="1", leader_id=leader)
    world.make("volunteer", person_id=leader, team_id=team)
    assert read(world, "volunteers").count("王秀英") == 1
    world.make("volunteer", person_id=namesake, team_id=team)
    assert read(world, "volunteers").count("王秀英") == 2


@one_database
def test_with_nothing_on_record_the_page_says_so_and_leads_to_the_list(world: World) -> None:
    for design in set(SHOWN) - {"cards"}:
        page = look(world, design)
        assert_in_order(page)
        assert not page.soup.select(".preview")
        found = by_name(design)
        assert found is not None
        assert f"/{found.registers[0]}/list/" in {str(link["href"]) for link in page.soup.select("main .nothing a")}
        assert world.client("office_staff").get(f"/wall/{design}.pdf").status_code == 404
    said = read(world, "cards")
    assert said.count("0523-86881234") >= 8, "a sheet of cards is not full"


@one_database
def test_a_print_that_would_be_cut_is_refused(world: World) -> None:
    with world.work(), transaction():
        model = MODELS["service_point"]
        db.session.add_all(
            model(community_id=world.here.id, name=f"服务点{number}", kind="1", place="南门") for number in range(501)
        )
    page = look(world, "directory")
    assert_in_order(page)
    (told,) = page.summary()
    assert "500" in told
    assert "“打印公示”" in told, "what to do instead"
    assert "/service_point/list/" in {str(link["href"]) for link in page.soup.select("main a.button")}
    listed = Page(world.client("office_staff").get("/service_point/list/"))
    assert "打印公示" in listed.text


@one_database
def test_more_people_than_fit_on_a_wall_are_refused_and_it_is_said_what_to_do(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The teams are few, but those in them are not: nobody is left out without a word."""
    team = world.make("volunteer_team", name="红马甲", kind="1")
    for _ in range(3):
        world.make("volunteer", person_id=world.person(), team_id=team)
    monkeypatch.setattr(operations, "MOST", 3)
    assert look(world, "volunteers").soup.select(".preview img")
    world.make("volunteer", person_id=world.person(), team_id=team)
    page = look(world, "volunteers")
    assert_in_order(page)
    assert not page.soup.select(".preview img")
    (told,) = page.summary()
    assert "志愿者" in told
    assert "“打印公示”" in told
    led_back = Page(world.client("office_staff").get("/wall/volunteers.pdf", follow_redirects=True))
    assert told in led_back.flashes()


# --- the words ----------------------------------------------------------------------------------------------------


@one_database
def test_what_was_typed_stands_in_the_form_again_and_on_the_print(world: World) -> None:
    a_point(world)
    proposed = look(world, "directory")
    form = {
        str(control["name"]): str(control.get("value", control.get_text()))
        for control in proposed.soup.select("main form [name]")
    }
    assert "春和社区便民服务点" in form["title"]
    assert form["footer"] == "服务电话：0523-86881234"
    typed = {**form, "title": "家门口的服务", "subtitle": "二〇二六年", "footer": "欢迎监督"}
    page = look(world, "directory", **typed)
    assert_in_order(page)
    shown = {
        str(control["name"]): str(control.get("value", control.get_text())).strip()
        for control in page.soup.select("main form [name]")
    }
    assert shown == typed
    said = read(world, "directory", **typed)
    assert [word in said for word in ("家门口的服务", "二〇二六年", "欢迎监督", "便民服务点")] == [
        True,
        True,
        True,
        False,
    ]


@one_database
def test_another_choice_brings_its_own_words_along(world: World) -> None:
    for name in ("办理居住证明", "申请低保"):
        world.make("procedure", name=name, steps="提出申请\n审核")
    first = look(world, "procedure")
    options = [option.get_text(strip=True) for option in first.soup.select("#f-choice option")]
    assert set(options) == {"办理居住证明", "申请低保"}
    other = look(world, "procedure", proposed=options[0], choice=options[1], title="别的标题")
    assert options[1] in other.soup.select_one("[name=title]").get_text()
    again = look(world, "procedure", proposed=options[1], choice=options[1], title="别的标题")
    assert "别的标题" in again.soup.select_one("[name=title]").get_text()
    nonsense = look(world, "procedure", choice="没有的", proposed="没有的", title="别的标题")
    assert options[0] in nonsense.soup.select_one("[name=title]").get_text()


HOSTILE = "<script>alert(1)</script><img src='file:///etc/passwd'>{{7*7}}"


@one_database
def test_hostile_words_are_just_words(world: World) -> None:
    a_point(world, "A&B<b>铺</b>")
    words = {"proposed": "", "title": HOSTILE[:80], "footer": "{phone} %s ${x}"}
    page = look(world, "directory", **words)
    assert page.status == 200
    assert [defect for defect in page.defects() if "left over" not in defect] == []
    assert page.soup.select_one("main script, main img[src^=file]") is None
    assert page.soup.select_one("[name=footer]")["value"] == words["footer"]
    said = read(world, "directory", **words)
    assert "<script>alert(1)</script>" in said
    assert "A&B<b>铺</b>" in said
    assert "root:" not in said


REFUSED = [
    ("footer", f"联系人身份证{id_number(7)}", "身份证"),
    ("subtitle", "王阿姨13812345678", "手机"),
    ("title", "长" * 100, "80"),
    ("title", "你好😀", "😀"),
]


@one_database
@pytest.mark.parametrize(("field", "words", "said"), REFUSED)
def test_words_that_may_not_hang_on_a_wall_are_refused_and_kept(
    world: World, field: str, words: str, said: str
) -> None:
    a_point(world)
    asked = {"proposed": "", "title": "便民服务点", field: words}
    page = look(world, "directory", **asked)
    assert_in_order(page)
    assert any(said in told for told in page.summary()), page.summary()
    control = page.soup.select_one(f"[name={field}]")
    assert control is not None
    assert str(control.get("value", control.get_text())).strip() == words
    assert not page.soup.select(".preview img")
    answer = world.client("office_staff").get("/wall/directory.pdf", query_string=asked, follow_redirects=True)
    led_back = Page(answer)
    assert answer.mimetype == "text/html"
    assert any(said in told for told in led_back.flashes())
    assert all(HAN.search(told) for told in led_back.flashes())


# --- who ----------------------------------------------------------------------------------------------------------


@one_database
def test_whoever_may_not_post_from_a_register_gets_no_print_of_it(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    a_point(world)
    assert look(world, "cards").status == 200

    def but_no_committee(role: str, subject: str) -> Right:
        return (
            roles.rights(role, subject) & ~Right.DRAFT if subject == "committee_member" else roles.rights(role, subject)
        )

    monkeypatch.setitem(world.app.extensions, "rights", but_no_committee)
    links = look(world, "").links()
    assert "/wall/directory" in links
    assert not {"/wall/people", "/wall/cards"} & set(links)
    for design in ("people", "cards"):
        assert look(world, design).status == 404
        assert world.client("office_staff").get(f"/wall/{design}.pdf").status_code == 404


@one_database
@pytest.mark.parametrize("name", ["nothing", "..", "posts.pdf.pdf", "%00", "长" * 300])
def test_a_print_there_is_not_is_a_missing_page(world: World, name: str) -> None:
    client = world.client("branch_secretary")
    for address in (f"/wall/{name}x", f"/wall/{name}x.pdf"):
        assert client.get(address).status_code == 404, address


@one_database
def test_a_print_is_told_in_the_trail(world: World) -> None:
    a_point(world)
    read(world, "directory")
    with world.app.app_context(), as_system("test"):
        entry = db.session.scalars(select(AuditEntry).order_by(AuditEntry.id.desc())).first()
        assert entry is not None
        assert (entry.action, entry.register, entry.subject) == ("print", "service_point", "春和社区便民服务点")
        assert entry.community_id == world.here.id
