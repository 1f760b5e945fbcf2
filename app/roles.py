"""Who may do what: the one table of permissions.

A row is a register (or a page of its own), a column a role. What is not written here nobody may do; the
application does not start with a register that has no row.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from flask_babel import lazy_gettext as _l

from app.kernel.access import Right


class Role(StrEnum):
    """The five kinds of staff account."""

    SECRETARY = "branch_secretary"
    STAFF = "office_staff"
    SUPERVISOR = "supervisor"
    ADMINISTRATOR = "administrator"
    AUDITOR = "auditor"


TITLES: Mapping[str, Any] = {
    Role.SECRETARY: _l("Branch secretary"),
    Role.STAFF: _l("Office staff"),
    Role.SUPERVISOR: _l("Supervisor"),
    Role.ADMINISTRATOR: _l("Administrator"),
    Role.AUDITOR: _l("Auditor"),
}


____ = Right.NONE
VIEW = Right.VIEW
POST = Right.VIEW | Right.DRAFT
KEEP = Right.VIEW | Right.ADD | Right.EDIT
MORE = Right.VIEW | Right.ADD
RULE = KEEP | Right.DELETE
WORK = RULE | Right.DRAFT
FULL = WORK | Right.PRIVATE
BARE = FULL | Right.REVEAL
DRAW = POST | Right.DELETE | Right.REVIEW | Right.HANG
SIGN = DRAW | Right.ISSUE
HANG = VIEW | Right.HANG

# fmt: off
_TABLE: dict[str, tuple[Right, Right, Right, Right, Right]] = {
    #                          secretary  staff  supervisor  administrator  auditor
    "home":                   (VIEW,      VIEW,  VIEW,       VIEW,          VIEW),
    "password":               (VIEW,      VIEW,  VIEW,       VIEW,          VIEW),
    "search":                 (VIEW,      VIEW,  VIEW,       ____,          ____),
    # organisation
    "community":              (POST,      POST,  VIEW,       RULE,          VIEW),
    "party_organization":     (WORK,      POST,  VIEW,       ____,          ____),
    # people
    "person":                 (BARE,      FULL,  VIEW,       ____,          ____),
    "representative":         (WORK,      WORK,  VIEW,       ____,          ____),
    "building_leader":        (WORK,      WORK,  VIEW,       ____,          ____),
    "committee_member":       (WORK,      WORK,  VIEW,       ____,          ____),
    "procedure":              (WORK,      WORK,  VIEW,       ____,          ____),
    # party members and their posts
    "party_member":           (FULL,      POST,  VIEW,       ____,          ____),
    "service_post":           (WORK,      POST,  VIEW,       ____,          ____),
    "post_assignment":        (WORK,      POST,  VIEW,       ____,          ____),
    "pledge":                 (WORK,      WORK,  VIEW,       ____,          ____),
    # volunteers, culture, facilities, partners
    "volunteer_team":         (WORK,      WORK,  VIEW,       ____,          ____),
    "volunteer":              (WORK,      WORK,  VIEW,       ____,          ____),
    "cultural_team":          (WORK,      WORK,  VIEW,       ____,          ____),
    "cultural_team_member":   (WORK,      WORK,  VIEW,       ____,          ____),
    "facility":               (WORK,      WORK,  VIEW,       ____,          ____),
    "service_point":          (WORK,      WORK,  VIEW,       ____,          ____),
    "notice_board":           (WORK,      WORK,  VIEW,       ____,          ____),
    "book_corner":            (WORK,      WORK,  VIEW,       ____,          ____),
    "partner_unit":           (WORK,      WORK,  VIEW,       ____,          ____),
    "partnership_agreement":  (WORK,      WORK,  VIEW,       ____,          ____),
    "plan_item":              (WORK,      WORK,  VIEW,       ____,          ____),
    # money and help
    "ledger_entry":           (WORK,      WORK,  VIEW,       ____,          ____),
    "allowance_household":    (WORK,      WORK,  ____,       ____,          ____),
    # disclosure
    "catalogue_item":         (RULE,      RULE,  VIEW,       ____,          ____),
    "occasion":               (RULE,      RULE,  VIEW,       ____,          ____),
    "disclosure_setting":     (KEEP,      VIEW,  VIEW,       ____,          ____),
    "notice":                 (SIGN,      DRAW,  VIEW,       ____,          ____),
    "notice_step":            (VIEW,      VIEW,  VIEW,       ____,          ____),
    "posting":                (HANG,      HANG,  VIEW,       ____,          ____),
    "screen":                 (RULE,      VIEW,  VIEW,       ____,          ____),
    "wall":                   (POST,      POST,  ____,       ____,          ____),
    # sheets in and out, undo
    "import":                 (VIEW,      VIEW,  ____,       VIEW,          ____),
    "duplicates":             (VIEW,      VIEW,  ____,       ____,          ____),
    "change_set":             (VIEW,      VIEW,  ____,       VIEW,          ____),
    "exchange":               (VIEW,      VIEW,  VIEW,       VIEW,          VIEW),
    # system
    "account":                (____,      ____,  ____,       KEEP,          VIEW),
    "special_day":            (VIEW,      VIEW,  VIEW,       RULE,          VIEW),
    "code":                   (MORE,      MORE,  VIEW,       KEEP,          VIEW),
    "audit_entry":            (____,      ____,  ____,       ____,          VIEW),
}
# fmt: on


_COLUMN = {role.value: index for index, role in enumerate(Role)}


def subjects() -> set[str]:
    """Everything that has a row in the table."""
    return set(_TABLE)


def rights(role: str, subject: str) -> Right:
    """What ``role`` may do on ``subject``; nothing for an unknown role or subject."""
    row, column = _TABLE.get(subject), _COLUMN.get(role)
    return Right.NONE if row is None or column is None else row[column]
