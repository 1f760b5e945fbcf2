"""The index of words is emptied, and written anew by the start that follows: names have a term for where they stand."""

from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute("TRUNCATE search_entry")  # leaves no gaps in the index of words, as deleting would
        return
    op.execute("DROP TRIGGER search_entry_gone")
    op.execute("DELETE FROM search_entry")
    op.execute("INSERT INTO search_words (search_words) VALUES ('delete-all')")
    op.execute(
        "CREATE TRIGGER search_entry_gone AFTER DELETE ON search_entry BEGIN "
        "INSERT INTO search_words (search_words, rowid, words) VALUES ('delete', old.id, old.words); END"
    )


def downgrade() -> None:
    """The further term does no harm."""
