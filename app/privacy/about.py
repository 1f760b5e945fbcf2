"""What is held about a person, put together for that person: every row, where it came from, who sees it, who got it.

个人信息保护法 Art. 45 gives everybody the right to see and to copy what is held about them; Art. 17 and 48 say what
they are told of it. Everything is read off the registers' declarations.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from flask_babel import force_locale
from flask_babel import gettext as _
from sqlalchemy import func, select

from app.disclosure.lifecycle import STATES
from app.disclosure.models import Notice
from app.kernel import listing
from app.kernel.access import Right, permitted
from app.kernel.audit import AuditEntry
from app.kernel.db import db, office_time
from app.kernel.fields import Access, Declared, Label, fields_of, title_of
from app.kernel.listing import Question
from app.kernel.persons import Part, parts_of
from app.kernel.present import full_text, reads_in_full
from app.kernel.registers import REGISTERS
from app.kernel.retention import Retention
from app.kernel.reveal import may_reveal
from app.kernel.values import show
from app.printing import LIMITS, Column, Snapshot, Table
from app.roles import TITLES, rights
from app.trail import acts

MARK = "仅供本人 不得张贴"
AN_IMPORT = timedelta(hours=1)
"""So long after a row was added its import may have ended."""
A_ROW = timedelta(seconds=5)
"""So long after a person was added an import has added the hat of the same row."""


@dataclass(frozen=True)
class Line:
    """One value that is held: in which register and record, under which label."""

    register: str
    record: str
    field: str
    value: str
    origin: str


@dataclass(frozen=True)
class Readers:
    """Who reads a register, and who of them the masked fields in full."""

    register: str
    roles: Sequence[Label]
    private: Sequence[Label]
    private_roles: Sequence[Label]
    secret: Sequence[Label]
    secret_roles: Sequence[Label]


@dataclass(frozen=True)
class About:
    """What is held about ``name``; ``hidden`` registers have rows that the person at work may not read."""

    name: str
    lines: Sequence[Line]
    readers: Sequence[Readers]
    notices: Sequence[tuple[str, str, str, str]]
    events: Sequence[acts.Event]
    kept: Sequence[tuple[str, str]]
    hidden: Sequence[str]


def about(person: Any, in_full: bool = False) -> About:
    """Everything about ``person``; secrets in full only if asked ``in_full`` by somebody with the right to it."""
    model, parts = type(person), parts_of(type(person), person.id)
    seen = [part for part in parts if permitted(part.register, Right.VIEW)]
    own = [(part.model, part.ids) for part in parts if part.own]
    events = acts.done_with(own, person.created_at, person.community_id, "")
    models = list(dict.fromkeys(part.model for part in seen))
    return About(
        title_of(person),
        [line for part in seen for line in _lines(part, model, in_full)],
        [_readers(part_model) for part_model in models],
        notices(title_of(person)),
        [event for event in events if _is_disclosure(event)],
        [(str(part_model.__label__), kept_for(part_model)) for part_model in models],
        list(dict.fromkeys(str(part.model.__label__) for part in parts if part not in seen)),
    )


def _is_disclosure(event: acts.Event) -> bool:
    return event.act in {*acts.OF_LISTS, "reveal", "inform"}


# --- the rows ----------------------------------------------------------------------------------------------------


def _lines(part: Part, person: Any, in_full: bool) -> Iterable[Line]:
    shown = _fields(part, person)
    title = part.model.__title__
    names = [*dict.fromkeys([title, *(declared.name for declared in shown)])]
    label = str(part.model.__label__)
    for row in listing.rows(part.model, names, Question(), part.model.id.in_(part.ids), limit=None):
        called = show(row.values[title])
        origin = _origin(part.model, row.id)
        for declared in shown:
            if text := _text(declared, row.values[declared.name], in_full):
                yield Line(label, called, str(declared.field.label), text, origin)


def _fields(part: Part, person: Any) -> list[Declared]:
    """What a row says of the person: of their own row everything that is not said elsewhere, of another the link."""
    if not part.own:
        return [part.link] if part.link else []
    back = part.link.name if part.link else ""
    return [
        declared
        for declared in REGISTERS[part.register].fields()
        if declared.name not in {back, "community_id"} and declared.lender is None and _is_said(declared)
    ]


def _is_said(declared: Declared) -> bool:
    return declared.field.in_record or declared.field.in_list or declared.field.in_form


def _text(declared: Declared, value: Any, in_full: bool) -> str:
    whole = full_text(declared, value)
    if not whole or reads_in_full(declared) or (in_full and may_reveal(declared)):
        return whole
    return declared.field.mask(whole)


def _origin(model: Any, key: int) -> str:
    """Who typed the row, or the sheet that brought it in, and on which day; the trail knows it."""
    entry = AuditEntry
    first = select(entry).where(acts.of_rows(entry, model, (key,)), entry.action.in_(("add", "restore")))
    added = db.session.scalars(first.order_by(entry.id).limit(1)).first()
    if added is None:
        made = db.session.scalar(select(model.created_at).where(model.id == key))
        return str(_("on file since %(day)s", day=_day(made)))
    if (sheet := _sheet_of(added)) is not None:
        return str(_("from the sheet “%(file)s” on %(day)s", file=sheet.subject, day=_day(sheet.at)))
    return str(_("typed by %(who)s on %(day)s", who=added.actor, day=_day(added.at)))


def _sheet_of(added: AuditEntry) -> AuditEntry | None:
    """The import that added a row. Its entry is the last of its transaction and says how many rows were new.

    What was typed before it stands further back in the trail than that; a person who came in with a hat stands right
    before it.
    """
    entry = AuditEntry
    later = entry.id > added.id, entry.at.between(added.at, added.at + AN_IMPORT), entry.actor == added.actor
    imports = select(entry).where(*later, entry.action == "import").order_by(entry.at, entry.id).limit(1)
    sheet = db.session.scalars(imports).first()
    if sheet is None:
        return None
    rows = entry.register == sheet.register, entry.action == "add", entry.id.between(added.id, sheet.id)
    count, first = db.session.execute(select(func.count(), func.min(entry.at)).where(*rows)).one()
    _before, new = sheet.changes.get("new", ("", "0"))
    return sheet if 0 < count <= int(new) and first - added.at <= A_ROW else None


def _day(moment: datetime) -> str:
    return f"{office_time(moment):%Y-%m-%d}"


# --- who sees it, who got it -------------------------------------------------------------------------------------


def _readers(model: Any) -> Readers:
    fields = [declared for declared in REGISTERS[model.__tablename__].fields() if _is_said(declared)]

    def roles_with(right: Right, subject: str = model.__tablename__) -> list[Label]:
        return [title for role, title in TITLES.items() if right in rights(role, subject)]

    def labels(access: Access) -> list[Label]:
        return [d.field.label for d in fields if d.field.access is access and d.lender is None]

    return Readers(
        str(model.__label__),
        roles_with(Right.VIEW),
        labels(Access.PRIVATE),
        roles_with(Right.PRIVATE),
        labels(Access.SECRET),
        roles_with(Right.REVEAL),
    )


def notices(name: str) -> list[tuple[str, str, str, str]]:
    """The issued notices with the name: number, title, day, state."""
    if not name or not permitted("notice", Right.VIEW):
        return []
    columns = Notice.number, Notice.title, Notice.issued_on, Notice.state
    found = select(*columns).where(*acts.naming(name)).order_by(Notice.id.desc()).limit(acts.LISTED)
    states: dict[str, Label] = {str(state): label for state, label in STATES.items()}
    return [
        (number or "", title, show(on), str(states.get(state, "")))
        for number, title, on, state in db.session.execute(found)
    ]


# --- on paper ----------------------------------------------------------------------------------------------------


def paper(found: About, place: str, who: str, moment: datetime) -> Snapshot:
    """The same as a print for the person; Chinese whatever language the pages are in.

    Raises ``PrintRefused`` if there is too much of it.
    """
    heads = (("台账", 1.1), ("记录", 1.0), ("项目", 1.1), ("内容", 2.2), ("来源", 1.8))
    columns = tuple(Column(label, weight=weight) for label, weight in heads)
    rows = tuple(cells for line in found.lines for cells in _cells(line))
    return Snapshot(
        layout="register",
        title="个人信息查阅单",
        number=MARK,
        issuer=place,
        issued_on=f"{moment:%Y-%m-%d}",
        paragraphs=tuple(_told(found, place)),
        table=Table(columns, rows, "本单位保存的关于您的信息"),
        notes=(f"{moment:%Y-%m-%d %H:%M} 由 {who} 打印。{MARK}。",),
        sealed=False,
    )


def _cells(line: Line) -> Iterable[tuple[str, ...]]:
    """A long value takes several rows: nothing is left out."""
    most = LIMITS["cell"]
    for first in range(0, len(line.value), most):
        yield (line.register, line.record, line.field, line.value[first : first + most], line.origin)


def _told(found: About, place: str) -> Iterable[str]:
    yield (
        f"{found.name}：根据《中华人民共和国个人信息保护法》第四十五条，您有权向{place}查阅、复制您的个人信息。"
        "发现信息不准确、不完整的，可以依照第四十六条要求更正、补充；符合第四十七条规定的，可以要求删除。"
        "对处理规则有疑问的，可以依照第四十八条要求解释说明。具体内容见后表。"
    )
    yield "一、谁可以查看"
    for readers in found.readers:
        yield _readers_told(readers)
    yield "二、向谁提供或者公开过"
    for number, title, on, state in found.notices:
        yield f"公开：{title}（{'，'.join(filter(None, (number, on, state)))}）。"
    yield "公示按姓名查找，可能是同名的人。" if found.notices else "公开：没有查到载有您姓名的公示。"
    given = [event for event in found.events if event.act != "inform"]
    for event in given:
        words = "；".join(filter(None, (event.subject if not event.told else "", event.told)))
        yield f"{_day(event.at)}　{event.what}：{words}。"
    if any(event.act in acts.OF_LISTS for event in given):
        yield "导出、打印名单只记范围，您可能在其中。"
    yield "三、保存多久"
    for register, retention in found.kept:
        yield f"{register}：{retention}。"
    if found.hidden:
        yield f"另有经办人无权查看的信息：{'、'.join(found.hidden)}。"


def _readers_told(readers: Readers) -> str:
    with force_locale("zh"):
        told = f"{readers.register}：{'、'.join(map(str, readers.roles))}。"
        if readers.private:
            who = "、".join(map(str, readers.private_roles)) or "无人"
            told += f"其中{'、'.join(map(str, readers.private))}，完整显示仅限{who}。"
        if readers.secret:
            who = "、".join(map(str, readers.secret_roles)) or "无人"
            told += f"{'、'.join(map(str, readers.secret))}加密保存，{who}说明理由并留下记录后方可完整查看。"
    return told


def kept_for(model: Any) -> str:
    """How long rows of ``model`` are kept, in words."""
    retention: Retention | None = model.__kept__
    if retention is None:
        return str(_("as long as the purpose lasts"))
    counted = fields_of(model)[retention.counted_from].field.label
    return str(
        _("%(years)s years from “%(day)s” (%(basis)s)", years=retention.years, day=counted, basis=retention.basis)
    )
