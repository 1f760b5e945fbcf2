"""search_words(question, most) on PostgreSQL: no more entries than are wanted, and always over the index of words.

The planner takes words for so frequent that it would rather read the entries one by one, which is dear.
"""

from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

WORDS = "array_to_tsvector(string_to_array(words, ' '))"


def upgrade() -> None:
    if op.get_bind().dialect.name != "postgresql":
        return
    op.execute("DROP FUNCTION search_words(text)")
    found = f"SELECT id FROM search_entry WHERE {WORDS} @@ question::tsquery LIMIT most"  # noqa: S608 (our own names)
    op.execute(
        "CREATE FUNCTION search_words(question text, most integer DEFAULT NULL) RETURNS TABLE (rowid bigint) "
        f"LANGUAGE plpgsql STABLE SET enable_seqscan = off AS $$ BEGIN RETURN QUERY {found}; END $$"
    )


def downgrade() -> None:
    if op.get_bind().dialect.name != "postgresql":
        return
    op.execute("DROP FUNCTION search_words(text, integer)")
    found = f"SELECT id FROM search_entry WHERE {WORDS} @@ question::tsquery"  # noqa: S608 (our own names)
    op.execute(
        f"CREATE FUNCTION search_words(question text) RETURNS TABLE (rowid bigint) LANGUAGE sql STABLE AS $$ {found} $$"
    )
