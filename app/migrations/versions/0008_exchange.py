"""Changes that can be taken back, and sheets that came in."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_index("ix_person_id_number_index", "person")  # the unique one beginning with the community serves
    op.create_table(
        "change_set",
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.Column("actor", sa.String(length=120), nullable=False),
        sa.Column("action", sa.String(length=30), nullable=False),
        sa.Column("register", sa.String(length=60), nullable=False),
        sa.Column("subject", sa.String(length=120), nullable=False),
        sa.Column("community_id", sa.Integer(), nullable=True),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("added", sa.JSON(), nullable=False),
        sa.Column("undone_at", sa.DateTime(), nullable=True),
        sa.Column("undone_by", sa.String(length=120), nullable=True),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_change_set")),
    )
    op.create_index(op.f("ix_change_set_at"), "change_set", ["at"], unique=False)
    op.create_index(op.f("ix_change_set_community_id"), "change_set", ["community_id"], unique=False)
    op.create_table(
        "changed_row",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("change_set_id", sa.Integer(), nullable=False),
        sa.Column("register", sa.String(length=60), nullable=False),
        sa.Column("row_id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=True),
        sa.Column("title", sa.String(length=120), nullable=False),
        sa.Column("before", sa.JSON(), nullable=True),
        sa.ForeignKeyConstraint(
            ["change_set_id"], ["change_set.id"], name=op.f("fk_changed_row_change_set_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_changed_row")),
    )
    op.create_index(op.f("ix_changed_row_change_set_id"), "changed_row", ["change_set_id"], unique=False)
    op.create_table(
        "remembered_heading",
        sa.Column("register", sa.String(length=60), nullable=False),
        sa.Column("heading", sa.String(length=120), nullable=False),
        sa.Column("column", sa.String(length=120), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("community_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["community_id"], ["community.id"], name=op.f("fk_remembered_heading_community_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_remembered_heading")),
        sa.UniqueConstraint(
            "community_id", "register", "heading", name=op.f("uq_remembered_heading_community_id_register_heading")
        ),
    )
    op.create_index(op.f("ix_remembered_heading_community_id"), "remembered_heading", ["community_id"], unique=False)
    op.create_table(
        "sheet_upload",
        sa.Column("register", sa.String(length=60), nullable=False),
        sa.Column("filename", sa.String(length=200), nullable=False),
        sa.Column("actor", sa.String(length=120), nullable=False),
        sa.Column("state", sa.String(length=30), nullable=False),
        sa.Column("row_key", sa.String(length=32), nullable=False),
        sa.Column("file_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("tables_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("table", sa.Integer(), nullable=False),
        sa.Column("columns", sa.JSON(), nullable=False),
        sa.Column("decisions", sa.JSON(), nullable=False),
        sa.Column("counts", sa.JSON(), nullable=False),
        sa.Column("complaint", sa.JSON(), nullable=True),
        sa.Column("change_set_id", sa.Integer(), nullable=True),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("community_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["community_id"], ["community.id"], name=op.f("fk_sheet_upload_community_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sheet_upload")),
    )
    op.create_index(op.f("ix_sheet_upload_community_id"), "sheet_upload", ["community_id"], unique=False)
    op.create_table(
        "outcome_page",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("upload_id", sa.Integer(), nullable=False),
        sa.Column("outcome", sa.String(length=30), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("rows", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["upload_id"], ["sheet_upload.id"], name=op.f("fk_outcome_page_upload_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outcome_page")),
        sa.UniqueConstraint("upload_id", "outcome", "number", name=op.f("uq_outcome_page_upload_id_outcome_number")),
    )


def downgrade() -> None:
    op.create_index("ix_person_id_number_index", "person", ["id_number_index"])
    op.drop_table("outcome_page")
    op.drop_table("sheet_upload")
    op.drop_table("remembered_heading")
    op.drop_table("changed_row")
    op.drop_table("change_set")
