"""PostgreSQL's own barriers, behind those of the session: what a statement that goes past the session still meets.

The portal works as ``WORKING_ROLE``, which owns nothing. Row-level security shows it the communities of the scope;
composite keys tie every link to a row of the same community, whoever writes it; the trail can be read and continued,
not changed. All of it is read off the models and brought up to date with the tables, so that a new register has it
without asking. SQLite has nothing like it: there the session's two layers stand alone.
"""

from __future__ import annotations

from collections.abc import Iterator

from flask_appbuilder import Model
from sqlalchemy import Connection, Table, inspect

from app.kernel.audit import AuditEntry
from app.kernel.chain import TrailAnchor
from app.kernel.db import WORKING_ROLE as ROLE
from app.kernel.entries import SearchEntry
from app.kernel.scope import EVERYTHING, TOLD

APPEND_ONLY = (AuditEntry.__tablename__, TrailAnchor.__tablename__)
OPEN = {SearchEntry.__tablename__}
"""An index of words cannot be used behind a barrier. It gives ids; the rows themselves are behind theirs."""

_FUNCTION = """
CREATE OR REPLACE FUNCTION portal_communities(branch text) RETURNS text
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN RETURN ARRAY(SELECT id FROM community WHERE starts_with(path, branch)); END $$
"""
_SEES_EVERYTHING = f"(SELECT current_setting('{TOLD}', true)) = '{EVERYTHING}'"
_IDS = f"nullif(nullif(current_setting('{TOLD}', true), ''), '{EVERYTHING}')::integer[]"
_COMMUNITIES = f"(SELECT {_IDS})::integer[]"  # read once; the outer type tells ANY that it is one array, not rows
_ROLE = f"""
DO $$ BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{ROLE}') THEN CREATE ROLE {ROLE} NOLOGIN; END IF;
EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;  -- another portal on this server was quicker
END $$
"""
_MEMBERSHIP = f"""
DO $$ BEGIN
  GRANT {ROLE} TO CURRENT_USER;
EXCEPTION WHEN insufficient_privilege THEN  -- no news to who is a member already
  IF NOT pg_has_role(CURRENT_USER, '{ROLE}', 'MEMBER') THEN RAISE; END IF;
END $$
"""


def set_up(connection: Connection) -> None:
    """Put the barriers around all tables there are, as the owner of the database; does nothing on SQLite.

    The owner needs CREATEROLE the first time, unless the role is there already.
    """
    if connection.dialect.name != "postgresql":
        return
    present = set(inspect(connection).get_table_names())
    tables = [t for t in Model.metadata.sorted_tables if t.name in present and not t.name.startswith("ab_")]
    constraints = set(connection.exec_driver_sql("SELECT conname FROM pg_constraint").scalars())
    for statement in (*_rights(tables), *_policies(tables), *_same_community(constraints, tables)):
        connection.exec_driver_sql(statement)


def _rights(tables: list[Table]) -> Iterator[str]:
    yield _ROLE
    yield _MEMBERSHIP
    yield f"GRANT USAGE ON SCHEMA public TO {ROLE}"
    yield f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {ROLE}"
    yield f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {ROLE}"
    for table in tables:
        changing = "" if table.name in APPEND_ONLY else ", UPDATE, DELETE"
        yield f'GRANT INSERT{changing} ON "{table.name}" TO {ROLE}'


def _policies(tables: list[Table]) -> Iterator[str]:
    yield _FUNCTION
    yield "REVOKE ALL ON FUNCTION portal_communities(text) FROM PUBLIC"
    yield f"GRANT EXECUTE ON FUNCTION portal_communities(text) TO {ROLE}"
    for table in tables:
        name, seen = f'"{table.name}"', visible(table)
        yield f"ALTER TABLE {name} {'ENABLE' if seen else 'DISABLE'} ROW LEVEL SECURITY"
        yield f"DROP POLICY IF EXISTS portal_reads ON {name}"
        yield f"DROP POLICY IF EXISTS portal_writes ON {name}"
        if seen and table.name in APPEND_ONLY:  # what was done with a community is told after it is gone
            yield f"CREATE POLICY portal_reads ON {name} FOR SELECT TO {ROLE} USING ({seen})"
            yield f"CREATE POLICY portal_writes ON {name} FOR INSERT TO {ROLE} WITH CHECK (true)"
        elif seen:
            yield f"CREATE POLICY portal_writes ON {name} TO {ROLE} USING ({seen})"
    yield "DROP FUNCTION IF EXISTS portal_communities()"  # of earlier policies


def visible(table: Table) -> str:
    """The condition, in SQL, under which the scope at work has a part in a row; empty for what is common to all."""
    if table.name in OPEN:
        return ""
    if table.name == "community":  # a new one, still without a path, is seen by those who see what it hangs below
        return f"{_SEES_EVERYTHING} OR id = ANY ({_COMMUNITIES}) OR parent_id = ANY ({_COMMUNITIES})"
    if "community_id" in table.c:
        return f"{_SEES_EVERYTHING} OR community_id = ANY ({_COMMUNITIES})"
    owners = {key.parent.name: key.column.table.name for key in table.foreign_keys if visible(key.column.table)}
    for name, owner in owners.items():
        return f'{_SEES_EVERYTHING} OR "{name}" IN (SELECT id FROM "{owner}")'  # noqa: S608 (our own names)
    return ""


def _same_community(present: set[str], tables: list[Table]) -> Iterator[str]:
    """A link and the community together point at a row and its community."""
    for table in tables:
        for key in table.foreign_keys:
            target, both = key.column.table, {"id", "community_id"}
            if not both <= set(table.c.keys()) & set(target.c.keys()):
                continue
            whole, same = f"uq_{target.name}_id_community_id", f"fk_{table.name}_{key.parent.name}_same"
            if whole not in present:
                present.add(whole)
                yield f'ALTER TABLE "{target.name}" ADD CONSTRAINT "{whole}" UNIQUE (id, community_id)'
            if same not in present:
                yield (
                    f'ALTER TABLE "{table.name}" ADD CONSTRAINT "{same}" '
                    f'FOREIGN KEY ("{key.parent.name}", community_id) REFERENCES "{target.name}" (id, community_id)'
                )
