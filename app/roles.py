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
    """The kinds of staff account.

    Where an office splits the administrator's duties, one person has the system, another the accounts; the auditor
    is a third in any case.
    """

    SECRETARY = "branch_secretary"
    STAFF = "office_staff"
    SUPERVISOR = "supervisor"
    ADMINISTRATOR = "administrator"
    AUDITOR = "auditor"
    SYSTEM_ADMINISTRATOR = "system_administrator"
    SECURITY_ADMINISTRATOR = "security_administrator"


TITLES: Mapping[str, Any] = {
    Role.SECRETARY: _l("Branch secretary"),
    Role.STAFF: _l("Office staff"),
    Role.SUPERVISOR: _l("Supervisor"),
    Role.ADMINISTRATOR: _l("Administrator"),
    Role.AUDITOR: _l("Auditor"),
    Role.SYSTEM_ADMINISTRATOR: _l("System administrator"),
    Role.SECURITY_ADMINISTRATOR: _l("Security administrator"),
}


____ = Right.NONE
VIEW = Right.VIEW
POST = Right.VIEW | Right.DRAFT
KEEP = Right.VIEW | Right.ADD | Right.EDIT
MORE = Right.VIEW | Right.ADD
KEYS = Right.VIEW | Right.EDIT
RULE = KEEP | Right.DELETE
WORK = RULE | Right.DRAFT
FULL = WORK | Right.PRIVATE
BARE = FULL | Right.REVEAL
DRAW = POST | Right.DELETE | Right.REVIEW | Right.HANG
SIGN = DRAW | Right.ISSUE
HANG = VIEW | Right.HANG

# fmt: off
_TABLE: dict[str, tuple[Right, Right, Right, Right, Right, Right, Right]] = {
    #                          secretary  staff  supervisor  administrator  auditor  system  security
    "home":                   (VIEW,      VIEW,  VIEW,       VIEW,          VIEW,    VIEW,   VIEW),
    "password":               (VIEW,      VIEW,  VIEW,       VIEW,          VIEW,    VIEW,   VIEW),
    "search":                 (VIEW,      VIEW,  VIEW,       ____,          ____,    ____,   ____),
    # organisation
    "community":              (POST,      POST,  VIEW,       RULE,          VIEW,    RULE,   VIEW),
    "party_organization":     (WORK,      POST,  VIEW,       ____,          ____,    ____,   ____),
    # people
    "person":                 (BARE,      FULL,  VIEW,       ____,          ____,    ____,   ____),
    "representative":         (WORK,      WORK,  VIEW,       ____,          ____,    ____,   ____),
    "building_leader":        (WORK,      WORK,  VIEW,       ____,          ____,    ____,   ____),
    "committee_member":       (WORK,      WORK,  VIEW,       ____,          ____,    ____,   ____),
    "procedure":              (WORK,      WORK,  VIEW,       ____,          ____,    ____,   ____),
    # party members and their posts
    "party_member":           (FULL,      POST,  VIEW,       ____,          ____,    ____,   ____),
    "service_post":           (WORK,      POST,  VIEW,       ____,          ____,    ____,   ____),
    "post_assignment":        (WORK,      POST,  VIEW,       ____,          ____,    ____,   ____),
    "pledge":                 (WORK,      WORK,  VIEW,       ____,          ____,    ____,   ____),
    # volunteers, culture, facilities, partners
    "volunteer_team":         (WORK,      WORK,  VIEW,       ____,          ____,    ____,   ____),
    "volunteer":              (WORK,      WORK,  VIEW,       ____,          ____,    ____,   ____),
    "cultural_team":          (WORK,      WORK,  VIEW,       ____,          ____,    ____,   ____),
    "cultural_team_member":   (WORK,      WORK,  VIEW,       ____,          ____,    ____,   ____),
    "facility":               (WORK,      WORK,  VIEW,       ____,          ____,    ____,   ____),
    "service_point":          (WORK,      WORK,  VIEW,       ____,          ____,    ____,   ____),
    "notice_board":           (WORK,      WORK,  VIEW,       ____,          ____,    ____,   ____),
    "book_corner":            (WORK,      WORK,  VIEW,       ____,          ____,    ____,   ____),
    "partner_unit":           (WORK,      WORK,  VIEW,       ____,          ____,    ____,   ____),
    "partnership_agreement":  (WORK,      WORK,  VIEW,       ____,          ____,    ____,   ____),
    "plan_item":              (WORK,      WORK,  VIEW,       ____,          ____,    ____,   ____),
    # money and help
    "ledger_entry":           (WORK,      WORK,  VIEW,       ____,          ____,    ____,   ____),
    "allowance_household":    (WORK,      WORK,  ____,       ____,          ____,    ____,   ____),
    # disclosure
    "catalogue_item":         (RULE,      RULE,  VIEW,       ____,          ____,    ____,   ____),
    "occasion":               (RULE,      RULE,  VIEW,       ____,          ____,    ____,   ____),
    "disclosure_setting":     (KEEP,      VIEW,  VIEW,       ____,          ____,    ____,   ____),
    "notice":                 (SIGN,      DRAW,  VIEW,       ____,          ____,    ____,   ____),
    "notice_step":            (VIEW,      VIEW,  VIEW,       ____,          ____,    ____,   ____),
    "posting":                (HANG,      HANG,  VIEW,       ____,          ____,    ____,   ____),
    "screen":                 (RULE,      VIEW,  VIEW,       ____,          ____,    ____,   ____),
    "wall":                   (POST,      POST,  ____,       ____,          ____,    ____,   ____),
    # sheets in and out, undo
    "import":                 (VIEW,      VIEW,  ____,       VIEW,          ____,    VIEW,   ____),
    "duplicates":             (VIEW,      VIEW,  ____,       ____,          ____,    ____,   ____),
    "change_set":             (VIEW,      VIEW,  ____,       VIEW,          ____,    VIEW,   ____),
    "exchange":               (VIEW,      VIEW,  VIEW,       VIEW,          VIEW,    VIEW,   VIEW),
    # for programs: EDIT is to make keys and call with them, VIEW to read what can be called
    "api":                    (KEYS,      KEYS,  ____,       VIEW,          ____,    VIEW,   ____),
    # system
    "account":                (____,      ____,  ____,       KEEP,          VIEW,    ____,   KEEP),
    "special_day":            (VIEW,      VIEW,  VIEW,       RULE,          VIEW,    RULE,   ____),
    "code":                   (MORE,      MORE,  VIEW,       KEEP,          VIEW,    KEEP,   ____),
    "backup":                 (____,      ____,  ____,       MORE,          ____,    MORE,   ____),
    "audit_entry":            (____,      ____,  ____,       ____,          VIEW,    ____,   ____),
    "trail_chain":            (____,      ____,  ____,       ____,          VIEW,    ____,   ____),
    "seen":                   (VIEW,      ____,  VIEW,       ____,          VIEW,    ____,   ____),
    "about":                  (VIEW,      VIEW,  ____,       ____,          ____,    ____,   ____),
    "retention":              (VIEW,      VIEW,  ____,       ____,          ____,    ____,   ____),
    "personal_data_request":  (RULE,      KEEP,  VIEW,       ____,          ____,    ____,   ____),
}
# fmt: on


GRANTS: Mapping[str, frozenset[Role]] = {
    Role.ADMINISTRATOR: frozenset(Role),
    Role.SECURITY_ADMINISTRATOR: frozenset({Role.SECRETARY, Role.STAFF, Role.SUPERVISOR}),
}
"""Who may give which roles; an account with another role is not theirs to change, unlock or give a password either.

Who gives a password knows it: could the security administrator give one to the system administrator or the auditor,
the duties that were split would be in one hand again.
"""


OF_ALL = frozenset({"backup"})
"""What concerns every community, and is therefore only for accounts that see all of them, whatever their role says."""


_COLUMN = {role.value: index for index, role in enumerate(Role)}


def subjects() -> set[str]:
    """Everything that has a row in the table."""
    return set(_TABLE)


def rights(role: str, subject: str) -> Right:
    """What ``role`` may do on ``subject``; nothing for an unknown role or subject."""
    row, column = _TABLE.get(subject), _COLUMN.get(role)
    return Right.NONE if row is None or column is None else row[column]
