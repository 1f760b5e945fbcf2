"""What is found by the search box: entries of words, and search_words(…), which both databases are asked by."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "search_entry",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("community_id", sa.Integer(), nullable=True),
        sa.Column("words", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_search_entry")),
    )
    if op.get_bind().dialect.name == "sqlite":
        op.execute(
            "CREATE VIRTUAL TABLE search_words USING fts5(words, content='search_entry', content_rowid='id', "
            "detail=none, columnsize=0, tokenize=\"ascii tokenchars '_=~^$@#'\")"
        )
        op.execute(
            "CREATE TRIGGER search_entry_gone AFTER DELETE ON search_entry BEGIN "
            "INSERT INTO search_words (search_words, rowid, words) VALUES ('delete', old.id, old.words); END"
        )
        return
    # Plain words are kept as they are: the parser of texts has rules of its own for numbers and addresses.
    words = "array_to_tsvector(string_to_array(words, ' '))"
    # New words wait in a list that every question looks through: it is kept short.
    op.execute(
        f"CREATE INDEX ix_search_entry_words ON search_entry USING gin (({words})) WITH (gin_pending_list_limit = 128)"
    )
    found = f"SELECT id FROM search_entry WHERE {words} @@ question::tsquery"  # noqa: S608
    op.execute(
        f"CREATE FUNCTION search_words(question text) RETURNS TABLE (rowid bigint) LANGUAGE sql STABLE AS $$ {found} $$"
    )


def downgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        op.execute("DROP TABLE search_words")
    else:
        op.execute("DROP FUNCTION search_words(text)")
    op.drop_table("search_entry")
