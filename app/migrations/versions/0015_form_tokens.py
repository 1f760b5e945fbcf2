"""Forms that were sent, so that a double click makes one record."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "sent_form",
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("record_id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_sent_form")),
    )
    op.create_index(op.f("ix_sent_form_at"), "sent_form", ["at"])
    with op.batch_alter_table("notice") as notice:
        notice.drop_constraint(op.f("uq_notice_form_token"), type_="unique")
        notice.drop_column("form_token")


def downgrade() -> None:
    with op.batch_alter_table("notice") as notice:
        notice.add_column(sa.Column("form_token", sa.String(length=32), nullable=True))
        notice.create_unique_constraint(op.f("uq_notice_form_token"), ["form_token"])
    op.drop_table("sent_form")
