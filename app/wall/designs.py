"""What hangs on a wall besides notices: plain rows in, a poster out. Knows no database and no clock."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from flask_babel import lazy_gettext as _l

from app.kernel.fields import Label
from app.printing import Entry

Row = Mapping[str, str]
Rows = Mapping[str, Sequence[Row]]
"""The rows of each register a design is made of, as text by field name, already masked.

``#id``, ``#community_id`` and, for links, such as ``#team_id`` say which rows belong together; they are not printed.
"""


@dataclass(frozen=True)
class Place:
    """The community as its wall prints name it."""

    name: str
    phone: str
    address: str


@dataclass(frozen=True)
class Design:
    """One kind of wall print.

    ``registers`` are what it is made of, the first of them guarding it; ``choose`` names the field of that register by
    which one print is chosen among several (a quarter, a procedure). ``title`` and ``footer`` are proposals.
    """

    name: str
    label: Label
    registers: tuple[str, ...]
    compose: Callable[[Rows, Place], list[Entry]]
    title: str
    choose: str = ""
    footer: str = ""
    subtitle: str = ""
    asked: Mapping[str, str] = field(default_factory=dict)


def _lines(row: Row, *labelled: tuple[str, str]) -> tuple[tuple[str, str], ...]:
    return tuple((label, row[name]) for label, name in labelled if row.get(name))


def _pledges(rows: Rows, _place: Place) -> list[Entry]:
    return [
        Entry(row["member_id"], lines=_lines(row, ("承诺", "pledge"), ("践诺", "done"), ("点评", "review")))
        for row in rows["pledge"]
    ]


def _posts(rows: Rows, _place: Place) -> list[Entry]:
    return [
        Entry(
            row["name"],
            f"{row['places']}个名额",
            (("职责", row["duties"]), ("在岗党员", row["holders"] or "（空缺，欢迎申报）")),
        )
        for row in rows["service_post"]
    ]


def _people(rows: Rows, _place: Place) -> list[Entry]:
    return [
        Entry(
            row["person_id"],
            row["position"],
            _lines(row, ("分工", "duties"), ("接待", "reception"), ("电话", "office_phone")),
        )
        for row in rows["committee_member"]
    ]


def _teams(teams: str, members: str, does: str) -> Callable[[Rows, Place], list[Entry]]:
    def compose(rows: Rows, _place: Place) -> list[Entry]:
        by_team: dict[str, list[Row]] = {}
        for row in rows[members]:
            by_team.setdefault(row["#team_id"], []).append(row)
        entries = []
        for team in rows[teams]:
            others = (row for row in by_team.get(team["#id"], ()) if row["#person_id"] != team["#leader_id"])
            names = "\n".join(row["person_id"] for row in others)
            lines = _lines({**team, "names": names}, ("队长", "leader_id"), ("队员", "names"))
            entries.append(Entry(team["name"], team[does], lines, team["kind"]))
        return entries

    return compose


def _procedure(rows: Rows, place: Place) -> list[Entry]:
    entries = []
    for row in rows["procedure"]:
        whole = _lines(
            row,
            ("办理对象", "audience"),
            ("所需材料", "documents"),
            ("办理时限", "time_limit"),
            ("办理地点", "place"),
            ("咨询电话", "phone"),
        )
        steps = [line.strip() for line in row["steps"].splitlines() if line.strip()]
        entries += [Entry(step, group=row["name"]) for step in steps]
        entries.append(Entry(lines=whole or (("办理地点", place.address or place.name),), group=row["name"]))
    return entries


def _directory(rows: Rows, _place: Place) -> list[Entry]:
    return [
        Entry(
            row["name"],
            row.get("provider", ""),
            _lines(row, ("地址", "place"), ("时间", "opening_hours"), ("电话", "phone")),
            row["kind"],
        )
        for row in rows["service_point"]
    ]


def _cards(rows: Rows, place: Place) -> list[Entry]:
    """One card for each committee member whom residents can reach, or one for the office."""
    dial = f"tel:{place.phone}" if place.phone else ""
    liaisons = [row for row in rows["committee_member"] if row.get("office_phone")]
    return [
        Entry(
            place.phone or row["office_phone"],
            "有事请找社区",
            (("联络员", f"{row['person_id']}　{row['office_phone']}"), *_lines(row, ("服务内容", "duties"))),
            qr=dial,
        )
        for row in liaisons
    ] or [Entry(place.phone or place.name, "有事请找社区", (("地址", place.address),), qr=dial)]


DESIGNS = (
    Design("posts", _l("Service-post board"), ("service_post",), _posts, "{name}无职党员设岗定责"),
    Design("pledges", _l("Member pledges"), ("pledge",), _pledges, "{name}党员公开承诺", choose="period"),
    Design(
        "people",
        _l("Who is who"),
        ("committee_member",),
        _people,
        "{name}两委成员及分工",
        footer="服务电话：{phone}",
        asked={"is_in_office": "1"},
    ),
    Design(
        "volunteers",
        _l("Volunteer teams"),
        ("volunteer_team", "volunteer"),
        _teams("volunteer_team", "volunteer", "service"),
        "{name}志愿服务队",
    ),
    Design(
        "culture",
        _l("Cultural teams"),
        ("cultural_team", "cultural_team_member"),
        _teams("cultural_team", "cultural_team_member", "rehearsal_time"),
        "{name}文化队伍",
    ),
    Design(
        "procedure",
        _l("Procedure chart"),
        ("procedure",),
        _procedure,
        "{choice}流程图",
        choose="name",
        footer="咨询电话：{phone}",
    ),
    Design(
        "directory",
        _l("Service directory"),
        ("service_point",),
        _directory,
        "{name}便民服务点",
        footer="服务电话：{phone}",
    ),
    Design("cards", _l("Link cards"), ("committee_member",), _cards, "{name}民情连心卡", asked={"is_in_office": "1"}),
)

PRINTED_AS: dict[str, Any] = {"volunteers": "teams", "culture": "teams"}
"""Which of the printing designs draws it, where the name differs."""


def by_name(name: str) -> Design | None:
    return next((design for design in DESIGNS if design.name == name), None)


def choices(rows: Iterable[Row], choose: str) -> list[str]:
    """What can be chosen, in the order of the rows, each once."""
    return list(dict.fromkeys(row[choose] for row in rows if row.get(choose)))
