"""Run by Alembic: ours are the tables of the models, not the framework's unused ones."""

from __future__ import annotations

from typing import Any

from alembic import context
from flask_appbuilder import Model
from sqlalchemy import Connection, NullPool, create_engine, event

from app.cli import ours
from app.kernel import rowsecurity
from app.kernel.db import db

address = context.get_x_argument(as_dictionary=True).get("database", db.engine.url)

engine = create_engine(address, poolclass=NullPool, hide_parameters=True)

if engine.dialect.name == "sqlite":
    # Python's driver would commit before each change of a table: an upgrade that was cut off could never be resumed.

    @event.listens_for(engine, "connect")
    def _leave_transactions_to_us(connection: Any, _record: Any) -> None:
        connection.isolation_level = None
        # A table that is made anew must not take along the rows that point at it. Within a transaction this is ignored.
        connection.execute("PRAGMA foreign_keys=OFF")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")


with engine.connect() as connection:
    context.configure(
        connection=connection,
        target_metadata=Model.metadata,
        include_object=ours,
        compare_type=True,
        render_as_batch=True,
        transactional_ddl=True,
    )
    with context.begin_transaction():
        context.run_migrations()
        if context.get_context().get_current_revision() == context.get_head_revision():  # which the models describe
            rowsecurity.set_up(connection)
        if connection.dialect.name == "sqlite" and (
            dangling := connection.exec_driver_sql("PRAGMA foreign_key_check").first()
        ):
            raise RuntimeError(f"a migration left a row of {dangling[0]} that points at nothing")
