"""Run by Alembic: ours are the tables of the models, not the framework's unused ones."""

from __future__ import annotations

from alembic import context
from flask import current_app
from flask_appbuilder import Model
from sqlalchemy import NullPool, create_engine

from app.cli import ours

address = context.get_x_argument(as_dictionary=True).get("database")
engine = create_engine(address, poolclass=NullPool) if address else current_app.extensions["migrate"].db.engine

with engine.connect() as connection:
    context.configure(
        connection=connection,
        target_metadata=Model.metadata,
        include_object=ours,
        compare_type=True,
        render_as_batch=True,
    )
    with context.begin_transaction():
        context.run_migrations()
