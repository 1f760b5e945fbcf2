"""What guards the doors: failed log-ins, second factor, first password."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "attempt_count",
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("last_at", sa.DateTime(), nullable=False),
        sa.Column("closed_until", sa.DateTime(), nullable=True),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_attempt_count")),
    )
    op.create_index(op.f("ix_attempt_count_last_at"), "attempt_count", ["last_at"], unique=False)
    # Column by column, not as a batch: that makes the table anew on SQLite, and what points at accounts would go with it.
    op.add_column("account", sa.Column("password_given", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("account", sa.Column("totp_sealed", sa.Text(), nullable=True))
    op.add_column("account", sa.Column("totp_step", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("account", sa.Column("recovery_codes", sa.JSON(), nullable=False, server_default="[]"))


def downgrade() -> None:
    for name in ("recovery_codes", "totp_step", "totp_sealed", "password_given"):
        op.drop_column("account", name)
    op.drop_table("attempt_count")
