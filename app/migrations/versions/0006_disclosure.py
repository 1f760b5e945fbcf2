"""The catalogue, the way of a notice, and the boards."""

import json

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "special_day",
        sa.Column("on", sa.Date(), nullable=False),
        sa.Column("is_worked", sa.Boolean(), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_special_day")),
        sa.UniqueConstraint("on", name=op.f("uq_special_day_on")),
    )
    op.create_table(
        "disclosure_setting",
        sa.Column("procedure", sa.String(length=30), nullable=False),
        sa.Column("promptly", sa.Integer(), nullable=False),
        sa.Column("post_for", sa.Integer(), nullable=False),
        sa.Column("warn", sa.Integer(), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("community_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["community_id"], ["community.id"], name=op.f("fk_disclosure_setting_community_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_disclosure_setting")),
        sa.UniqueConstraint("community_id", name=op.f("uq_disclosure_setting_community_id")),
    )
    with op.batch_alter_table("disclosure_setting", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_disclosure_setting_community_id"), ["community_id"], unique=False)

    op.create_table(
        "catalogue_item",
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("category", sa.String(length=100), nullable=True),
        sa.Column("first_level", sa.String(length=200), nullable=True),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("content", sa.Text(), nullable=True),
        sa.Column("basis", sa.Text(), nullable=True),
        sa.Column("time_limit", sa.String(length=500), nullable=False),
        sa.Column("period", sa.String(length=30), nullable=True),
        sa.Column("within", sa.Integer(), nullable=True),
        sa.Column("post_for", sa.Integer(), nullable=True),
        sa.Column("publisher", sa.String(length=200), nullable=True),
        sa.Column("channels", sa.String(length=500), nullable=True),
        sa.Column("audience", sa.String(length=60), nullable=True),
        sa.Column("manner", sa.String(length=60), nullable=True),
        sa.Column("tier", sa.String(length=60), nullable=True),
        sa.Column("board_id", sa.Integer(), nullable=True),
        sa.Column("source", sa.String(length=30), nullable=False),
        sa.Column("since", sa.Date(), nullable=False),
        sa.Column("columns", sa.JSON(), nullable=False),
        sa.Column("asked", sa.JSON(), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("community_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["board_id"], ["notice_board.id"], name=op.f("fk_catalogue_item_board_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["community_id"], ["community.id"], name=op.f("fk_catalogue_item_community_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_catalogue_item")),
        sa.UniqueConstraint(
            "community_id", "first_level", "name", name=op.f("uq_catalogue_item_community_id_first_level_name")
        ),
    )
    with op.batch_alter_table("catalogue_item", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_catalogue_item_board_id"), ["board_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_catalogue_item_community_id"), ["community_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_catalogue_item_source"), ["source"], unique=False)

    op.create_table(
        "screen",
        sa.Column("board_id", sa.Integer(), nullable=False),
        sa.Column("row_key", sa.String(length=32), nullable=True),
        sa.Column("token_sealed", sa.Text(), nullable=True),
        sa.Column("token_index", sa.String(length=64), nullable=True),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("community_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["board_id"], ["notice_board.id"], name=op.f("fk_screen_board_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["community_id"], ["community.id"], name=op.f("fk_screen_community_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_screen")),
        sa.UniqueConstraint("board_id", name=op.f("uq_screen_board_id")),
    )
    with op.batch_alter_table("screen", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_screen_board_id"), ["board_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_screen_community_id"), ["community_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_screen_token_index"), ["token_index"], unique=False)

    op.create_table(
        "occasion",
        sa.Column("item_id", sa.Integer(), nullable=False),
        sa.Column("subject", sa.String(length=120), nullable=False),
        sa.Column("on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=True),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("community_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["community_id"], ["community.id"], name=op.f("fk_occasion_community_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["item_id"], ["catalogue_item.id"], name=op.f("fk_occasion_item_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_occasion")),
    )
    with op.batch_alter_table("occasion", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_occasion_community_id"), ["community_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_occasion_item_id"), ["item_id"], unique=False)

    op.create_table(
        "notice_step",
        sa.Column("notice_id", sa.Integer(), nullable=False),
        sa.Column("step", sa.String(length=30), nullable=False),
        sa.Column("by", sa.String(length=120), nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.Column("note", sa.String(length=200), nullable=True),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("community_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["community_id"], ["community.id"], name=op.f("fk_notice_step_community_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["notice_id"], ["notice.id"], name=op.f("fk_notice_step_notice_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notice_step")),
    )
    with op.batch_alter_table("notice_step", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_notice_step_community_id"), ["community_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_notice_step_notice_id"), ["notice_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_notice_step_step"), ["step"], unique=False)

    op.create_table(
        "posting",
        sa.Column("notice_id", sa.Integer(), nullable=False),
        sa.Column("board_id", sa.Integer(), nullable=False),
        sa.Column("posted_on", sa.Date(), nullable=True),
        sa.Column("posted_by", sa.String(length=120), nullable=True),
        sa.Column("free_from", sa.Date(), nullable=True),
        sa.Column("due_down_on", sa.Date(), nullable=True),
        sa.Column("taken_down_on", sa.Date(), nullable=True),
        sa.Column("taken_down_by", sa.String(length=120), nullable=True),
        sa.Column("dropped_by", sa.String(length=120), nullable=True),
        sa.Column("photo", sa.LargeBinary(), nullable=True),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("community_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["board_id"], ["notice_board.id"], name=op.f("fk_posting_board_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["community_id"], ["community.id"], name=op.f("fk_posting_community_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(["notice_id"], ["notice.id"], name=op.f("fk_posting_notice_id"), ondelete="RESTRICT"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_posting")),
        sa.UniqueConstraint("notice_id", "board_id", name=op.f("uq_posting_notice_id_board_id")),
    )
    with op.batch_alter_table("posting", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_posting_board_id"), ["board_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_posting_community_id"), ["community_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_posting_notice_id"), ["notice_id"], unique=False)

    with op.batch_alter_table("audit_entry", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_audit_entry_register_community_id_id"), ["register", "community_id", "id"], unique=False
        )

    with op.batch_alter_table("notice", schema=None) as batch_op:
        batch_op.add_column(sa.Column("item_id", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("period", sa.String(length=160), nullable=True))
        batch_op.add_column(sa.Column("reviewed_by", sa.String(length=120), nullable=True))
        batch_op.add_column(sa.Column("post_for", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("post_unit", sa.String(length=30), nullable=True))
        batch_op.add_column(sa.Column("corrects_id", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("short_code", sa.String(length=12), nullable=True))
        batch_op.add_column(sa.Column("text", sa.Text(), nullable=False, server_default=""))
        batch_op.add_column(sa.Column("duty", sa.String(length=40), nullable=True))
        batch_op.add_column(sa.Column("pages", sa.Integer(), nullable=False, server_default="1"))
        batch_op.add_column(sa.Column("form_token", sa.String(length=32), nullable=True))
        batch_op.create_index(batch_op.f("ix_notice_corrects_id"), ["corrects_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_notice_duty"), ["duty"], unique=False)
        batch_op.create_index(batch_op.f("ix_notice_item_id"), ["item_id"], unique=False)
        batch_op.create_unique_constraint(batch_op.f("uq_notice_short_code"), ["short_code"])
        batch_op.create_unique_constraint(batch_op.f("uq_notice_form_token"), ["form_token"])
        batch_op.create_foreign_key(
            batch_op.f("fk_notice_item_id"), "catalogue_item", ["item_id"], ["id"], ondelete="RESTRICT"
        )
        batch_op.create_foreign_key(
            batch_op.f("fk_notice_corrects_id"), "notice", ["corrects_id"], ["id"], ondelete="RESTRICT"
        )

    with op.batch_alter_table("notice", schema=None) as batch_op:
        batch_op.alter_column("text", server_default=None)
        batch_op.alter_column("pages", server_default=None)
    _make_searchable()


def _make_searchable() -> None:
    """What the notices so far say, for the search over their full text."""
    notice = sa.table("notice", sa.column("id"), sa.column("snapshot"), sa.column("text"))
    connection = op.get_bind()
    for key, snapshot in connection.execute(sa.select(notice.c.id, notice.c.snapshot)).all():
        sheet = json.loads(snapshot or "{}")
        table = sheet.get("table") or {"columns": [], "rows": []}
        said = [sheet.get("title"), sheet.get("number"), sheet.get("issuer"), *sheet.get("paragraphs", ())]
        said += [column["label"] for column in table["columns"]]
        said += [cell for row in table["rows"] for cell in row]
        said += sheet.get("notes", ())
        connection.execute(notice.update().where(notice.c.id == key).values(text="\n".join(filter(None, said))))


def downgrade() -> None:
    with op.batch_alter_table("notice", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("fk_notice_corrects_id"), type_="foreignkey")
        batch_op.drop_constraint(batch_op.f("fk_notice_item_id"), type_="foreignkey")
        batch_op.drop_constraint(batch_op.f("uq_notice_form_token"), type_="unique")
        batch_op.drop_constraint(batch_op.f("uq_notice_short_code"), type_="unique")
        batch_op.drop_index(batch_op.f("ix_notice_item_id"))
        batch_op.drop_index(batch_op.f("ix_notice_duty"))
        batch_op.drop_index(batch_op.f("ix_notice_corrects_id"))
        batch_op.drop_column("form_token")
        batch_op.drop_column("pages")
        batch_op.drop_column("duty")
        batch_op.drop_column("text")
        batch_op.drop_column("short_code")
        batch_op.drop_column("corrects_id")
        batch_op.drop_column("post_unit")
        batch_op.drop_column("post_for")
        batch_op.drop_column("reviewed_by")
        batch_op.drop_column("period")
        batch_op.drop_column("item_id")

    with op.batch_alter_table("audit_entry", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_audit_entry_register_community_id_id"))

    with op.batch_alter_table("posting", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_posting_notice_id"))
        batch_op.drop_index(batch_op.f("ix_posting_community_id"))
        batch_op.drop_index(batch_op.f("ix_posting_board_id"))

    op.drop_table("posting")
    with op.batch_alter_table("notice_step", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_notice_step_step"))
        batch_op.drop_index(batch_op.f("ix_notice_step_notice_id"))
        batch_op.drop_index(batch_op.f("ix_notice_step_community_id"))

    op.drop_table("notice_step")
    with op.batch_alter_table("occasion", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_occasion_item_id"))
        batch_op.drop_index(batch_op.f("ix_occasion_community_id"))

    op.drop_table("occasion")
    with op.batch_alter_table("screen", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_screen_token_index"))
        batch_op.drop_index(batch_op.f("ix_screen_community_id"))
        batch_op.drop_index(batch_op.f("ix_screen_board_id"))

    op.drop_table("screen")
    with op.batch_alter_table("catalogue_item", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_catalogue_item_source"))
        batch_op.drop_index(batch_op.f("ix_catalogue_item_community_id"))
        batch_op.drop_index(batch_op.f("ix_catalogue_item_board_id"))

    op.drop_table("catalogue_item")
    with op.batch_alter_table("disclosure_setting", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_disclosure_setting_community_id"))

    op.drop_table("disclosure_setting")
    op.drop_table("special_day")
