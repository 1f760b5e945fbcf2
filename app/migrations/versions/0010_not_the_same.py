"""Namesakes that somebody has said to be two people."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "not_the_same",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("register", sa.String(length=60), nullable=False),
        sa.Column("first_id", sa.Integer(), nullable=False),
        sa.Column("second_id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.Column("actor", sa.String(length=120), nullable=False),
        sa.Column("community_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["community_id"], ["community.id"], name=op.f("fk_not_the_same_community_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_not_the_same")),
    )
    op.create_index(op.f("ix_not_the_same_community_id"), "not_the_same", ["community_id"], unique=False)
    op.create_index(
        op.f("ix_not_the_same_register_first_id_second_id"),
        "not_the_same",
        ["register", "first_id", "second_id"],
        unique=False,
    )


def downgrade() -> None:
    op.drop_table("not_the_same")
