"""Buildings have a column that orders them by their numbers: 2号楼 before 10号楼."""

import re

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

OLD = "ix_person_community_id_building_name_key_id", ["community_id", "building", "name_key", "id"]
NEW = "ix_person_community_id_building_key_name_key_id", ["community_id", "building_key", "name_key", "id"]
OF_LEADERS = "ix_building_leader_community_id_building_key_id", ["community_id", "building_key", "id"]


def upgrade() -> None:
    op.drop_index(OLD[0], "person")
    op.add_column("person", sa.Column("building_key", sa.String(200)))
    op.add_column("building_leader", sa.Column("building_key", sa.String(200), nullable=False, server_default=""))
    connection = op.get_bind()
    for name in ("person", "building_leader"):
        table = sa.table(name, sa.column("id"), sa.column("building"), sa.column("building_key"))
        keys = [
            {"row": row, "key": re.sub(r"\d+", lambda number: number[0].zfill(4), building)[:200]}
            for row, building in connection.execute(sa.select(table.c.id, table.c.building))
            if building is not None
        ]
        if keys:
            changed = sa.update(table).where(table.c.id == sa.bindparam("row"))
            connection.execute(changed.values(building_key=sa.bindparam("key")), keys)
    with op.batch_alter_table("building_leader") as batch:
        batch.alter_column("building_key", server_default=None)
    op.create_index(NEW[0], "person", NEW[1])
    op.create_index(OF_LEADERS[0], "building_leader", OF_LEADERS[1])


def downgrade() -> None:
    op.drop_index(OF_LEADERS[0], "building_leader")
    op.drop_index(NEW[0], "person")
    for table in ("building_leader", "person"):
        op.drop_column(table, "building_key")
    op.create_index(OLD[0], "person", OLD[1])
