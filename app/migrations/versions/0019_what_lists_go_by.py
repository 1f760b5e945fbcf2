"""What lists are ordered and filtered by has an index, in which what is alike is in the order of the register."""

from collections.abc import Iterator, Mapping

from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

# Of each table the columns that stand between the community and the id.
NEW = {
    "allowance_household": "household_size, kind",
    "book_corner": "books, opening_hours, place",
    "building_leader": "households",
    "catalogue_item": (
        "board_id position, category position, first_level position, name position, source position, "
        "time_limit position"
    ),
    "committee_member": "office_phone position, reception position",
    "cultural_team": "kind, rehearsal_place, rehearsal_time",
    "cultural_team_member": "part, team_id",
    "disclosure_setting": "post_for, procedure, promptly, warn",
    "facility": "kind, opening_hours, place, state",
    "ledger_entry": "amount on, direction on, handled_by on, kind on, purpose on",
    "notice": "drafted_by, item_id, number, period, source, state, title",
    "notice_board": "height, kind, place, width",
    "notice_step": "by, note, notice_id, step",
    "occasion": "item_id, subject",
    "partner_unit": "kind",
    "partnership_agreement": "name ends_on, signed_on ends_on, starts_on ends_on, unit_id ends_on",
    "party_member": "branch_id, group_id, is_retired",
    "party_organization": "elected_on path, kind path, name path, path",
    "person": "birth_on name_key, building name_key, phone name_key, political_status name_key, sex name_key",
    "personal_data_request": "applicant, decision, kind",
    "plan_item": "content, progress, unit_id, year",
    "pledge": "period",
    "post_assignment": "post_id",
    "posting": "board_id",
    "procedure": "audience, place, time_limit",
    "representative": "area",
    "service_point": "kind, opening_hours, phone, place",
    "service_post": "name, places",
    "volunteer": "skill, stars, team_id",
    "volunteer_team": "kind, service",
}
# Of each table the columns.
OLD = {
    "allowance_household": "kind",
    "catalogue_item": "source",
    "committee_member": "position",
    "cultural_team": "kind",
    "facility": "kind, state",
    "ledger_entry": "community_id amount id, direction, kind",
    "notice": "source, state",
    "notice_board": "kind",
    "notice_step": "step",
    "partner_unit": "kind",
    "partnership_agreement": "community_id signed_on id, community_id starts_on id",
    "party_organization": "community_id elected_on id, kind",
    "person": "community_id birth_on id, political_status, sex",
    "personal_data_request": "decision, kind",
    "plan_item": "progress",
    "pledge": "period",
    "service_point": "kind",
    "volunteer": "skill, stars",
    "volunteer_team": "kind",
}


def _indexes(tables: Mapping[str, str], around: str = "{}") -> Iterator[tuple[str, str, list[str]]]:
    """Name, table and columns of each."""
    for table, indexes in tables.items():
        for index in indexes.split(", "):
            columns = around.format(index).split()
            yield "_".join(["ix", table, *columns]), table, columns


def upgrade() -> None:
    for name, table, _columns in _indexes(OLD):
        op.drop_index(name, table)
    for name, table, columns in _indexes(NEW, "community_id {} id"):
        op.create_index(name, table, columns)


def downgrade() -> None:
    for name, table, _columns in _indexes(NEW, "community_id {} id"):
        op.drop_index(name, table)
    for name, table, columns in _indexes(OLD):
        op.create_index(name, table, columns)
