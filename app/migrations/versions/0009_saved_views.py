"""How each person likes to see a list; and indexes for the orders that lists are read in."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

ORDERS = (
    ("allowance_household", "granted_on"),
    ("allowance_household", "monthly_amount"),
    ("building_leader", "since_on"),
    ("catalogue_item", "position"),
    ("committee_member", "position"),
    ("cultural_team_member", "joined_on"),
    ("facility", "area"),
    ("ledger_entry", "amount"),
    ("ledger_entry", "on"),
    ("notice", "issued_on"),
    ("notice_step", "at"),
    ("occasion", "ends_on"),
    ("occasion", "on"),
    ("partnership_agreement", "ends_on"),
    ("partnership_agreement", "signed_on"),
    ("partnership_agreement", "starts_on"),
    ("party_member", "joined_on"),
    ("party_organization", "elected_on"),
    ("person", "birth_on"),
    ("plan_item", "done_on"),
    ("plan_item", "due_on"),
    ("pledge", "reviewed_on"),
    ("post_assignment", "applied_on"),
    ("post_assignment", "appointed_on"),
    ("post_assignment", "recommended_on"),
    ("posting", "due_down_on"),
    ("posting", "free_from"),
    ("posting", "posted_on"),
    ("posting", "taken_down_on"),
    ("representative", "elected_on"),
    ("volunteer", "registered_on"),
)
"""(table, column) that a list is ordered by within a community."""


def upgrade() -> None:
    op.create_table(
        "saved_view",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("register", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=20), nullable=False),
        sa.Column("arguments", sa.Text(), nullable=False),
        sa.Column("is_default", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_saved_view_account_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_saved_view")),
        sa.UniqueConstraint("account_id", "register", "name", name=op.f("uq_saved_view_account_id_register_name")),
    )
    for table, column in ORDERS:
        op.create_index(op.f(f"ix_{table}_community_id_{column}_id"), table, ["community_id", column, "id"])
    # SQLite without statistics takes the youngest of the indexes that begin with the community. Where rows are
    # fetched in no particular order that has to be the one that has them in the order of the table.
    for table in sorted({table for table, _column in ORDERS}):
        op.drop_index(op.f(f"ix_{table}_community_id"), table)
        op.create_index(op.f(f"ix_{table}_community_id"), table, ["community_id"])


def downgrade() -> None:
    for table, column in ORDERS:
        op.drop_index(op.f(f"ix_{table}_community_id_{column}_id"), table)
    op.drop_table("saved_view")
