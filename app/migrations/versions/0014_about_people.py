"""What is kept about who saw and asked for a person's data."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "sighting",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("on", sa.Date(), nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.Column("actor", sa.String(length=120), nullable=False),
        sa.Column("register", sa.String(length=60), nullable=False),
        sa.Column("record_id", sa.Integer(), nullable=False),
        sa.Column("community_id", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sighting")),
        sa.UniqueConstraint(
            "register", "record_id", "on", "actor", name=op.f("uq_sighting_register_record_id_on_actor")
        ),
    )
    op.create_index(op.f("ix_sighting_on_actor"), "sighting", ["on", "actor"], unique=False)
    op.create_index(op.f("ix_sighting_community_id"), "sighting", ["community_id"], unique=False)
    op.create_table(
        "personal_data_request",
        sa.Column("applicant", sa.String(length=50), nullable=False),
        sa.Column("kind", sa.String(length=30), nullable=False),
        sa.Column("received_on", sa.Date(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("wish", sa.Text(), nullable=True),
        sa.Column("decision", sa.String(length=30), nullable=True),
        sa.Column("answer", sa.Text(), nullable=True),
        sa.Column("done_on", sa.Date(), nullable=True),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("community_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["community_id"], ["community.id"], name=op.f("fk_personal_data_request_community_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_personal_data_request")),
    )
    for columns in (
        ("community_id",),
        ("kind",),
        ("decision",),
        ("community_id", "received_on", "id"),
        ("community_id", "due_on", "id"),
        ("community_id", "done_on", "id"),
    ):
        op.create_index(op.f(f"ix_personal_data_request_{'_'.join(columns)}"), "personal_data_request", [*columns])


def downgrade() -> None:
    op.drop_table("personal_data_request")
    op.drop_table("sighting")
