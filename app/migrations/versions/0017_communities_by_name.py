"""An index of the names of communities: lists of many communities can be ordered by them."""

from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_community_name", "community", ["name"])


def downgrade() -> None:
    op.drop_index("ix_community_name", "community")
