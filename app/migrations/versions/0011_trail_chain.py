"""The trail is chained, and anchored once a day."""

import json
from datetime import datetime
from hashlib import sha256
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

# As the chain began; what it covers may change, what has been chained stays.
BEGINNING = ""
SHARED = ("at", "actor", "action", "register", "community_id", "address")
OWN = ("subject", "record_id", "changes")


def upgrade() -> None:
    op.create_table(
        "trail_anchor",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("entries", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("day", name=op.f("pk_trail_anchor")),
    )
    op.create_table(
        "trail_head",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("entries", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_trail_head")),
    )
    with op.batch_alter_table("audit_entry") as table:
        table.add_column(sa.Column("digest", sa.String(length=64), nullable=False, server_default=BEGINNING))
    _chain_what_is_there()
    with op.batch_alter_table("audit_entry") as table:
        table.alter_column("digest", server_default=None)


def _link(before: str, row: Any) -> str:
    shared, own = (
        json.dumps(
            [row[name] for name in names],
            ensure_ascii=False,
            sort_keys=True,
            separators=(",", ":"),
            default=datetime.isoformat,
        )
        for names in (SHARED, OWN)
    )
    return sha256(f"{before}\n{shared}\n{own}".encode()).hexdigest()


def _column(name: str) -> Any:
    kinds: dict[str, Any] = {"at": sa.DateTime(), "changes": sa.JSON()}
    return sa.column(name, kinds.get(name, sa.String()))


def _chain_what_is_there() -> None:
    connection = op.get_bind()
    entries = sa.table("audit_entry", sa.column("id"), sa.column("digest"), *map(_column, SHARED + OWN))
    count, digest = 0, BEGINNING
    for row in connection.execute(sa.select(entries).order_by(entries.c.id)).mappings().all():
        count, digest = count + 1, _link(digest, row)
        connection.execute(entries.update().where(entries.c.id == row["id"]).values(digest=digest))
    head = sa.table("trail_head", sa.column("id"), sa.column("entries"), sa.column("digest"))
    connection.execute(head.insert().values(id=1, entries=count, digest=digest))


def downgrade() -> None:
    with op.batch_alter_table("audit_entry") as table:
        table.drop_column("digest")
    op.drop_table("trail_head")
    op.drop_table("trail_anchor")
