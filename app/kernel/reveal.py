"""One masked value of a record in full, for a reason; and how a reason is asked for, here and in the export."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _l

from app.kernel import audit
from app.kernel.access import Right, permitted
from app.kernel.db import transaction
from app.kernel.fields import Access, Declared
from app.kernel.present import full_text, reads_in_full
from app.kernel.values import N_, Invalid, read_line

REASON = range(4, 101)
"""How many characters a reason has."""
REASONS = (
    _l("to check the identity of who has come in person"),
    _l("to fill in an application for the person"),
    _l("to compare with what another authority asks about"),
    _l("to correct what is on file"),
)
"""The usual ones; others are typed."""


def read_reason(text: str) -> str:
    """What somebody says a value is needed for. Raises ``Invalid``."""
    reason = read_line(text)
    if len(reason) not in REASON:
        least, most = REASON.start, REASON.stop - 1
        raise Invalid(
            N_("Please say in %(least)s to %(most)s characters what it is needed for."), least=least, most=most
        )
    return reason


def may_reveal(declared: Declared) -> bool:
    """Is this field masked for the person at work, who may look behind the mask for a reason?"""
    owner = (declared.lender or declared).model.__tablename__
    is_masked = declared.field.access is not Access.OPEN and not reads_in_full(declared)
    return is_masked and permitted(owner, Right.REVEAL)


def reveal(record: Any, subject: str, declared: Declared, value: Any, reason: str) -> str:
    """The full text of a value selected from ``record``, once the trail has it who looked, at what and why. Commits."""
    facts = {"field": str(declared.field.label), "reason": reason}
    key, community_id = record.id, getattr(record, "community_id", None)
    with transaction():
        changes = {name: ["", fact] for name, fact in facts.items()}
        audit.write("reveal", type(record).__tablename__, subject, key, community_id, changes)
    return full_text(declared, value)
