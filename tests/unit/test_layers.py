"""Which parts of the code may do what: read off the code itself."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

APP = Path(__file__).parents[2] / "app"

PAST_THE_SESSION = {
    "connection",
    "engine",
    "create_engine",
    "exec_driver_sql",
    "bulk_save_objects",
    "bulk_insert_mappings",
}
"""What goes round the checks of scope in the session: reads are not limited, links not looked at."""

MAY_GO_PAST = {
    "cli.py": "the administrator's commands",
    "portal.py": "puts the application together",
    "accounts/at_work.py": "finds out who is at work, on which the scope depends",
    "accounts/doors.py": "counts attempts, of nobody yet",
    "accounts/operations.py": "locks the table for the first account",
    "backups/databases.py": "copies whole databases",
    "backups/operations.py": "copies whole databases",
    "backups/rotation.py": "seals every secret anew",
    "trail/sightings.py": "one statement that does nothing the second time",
    "trail/whole.py": "goes through the chain of all communities, and shows none of it",
}


def names_in(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Attribute):
            yield node.attr
        elif isinstance(node, ast.Name):
            yield node.id


def test_only_the_kernel_and_a_few_named_parts_go_past_the_session() -> None:
    found = {
        str(file.relative_to(APP))
        for file in APP.rglob("*.py")
        if file.relative_to(APP).parts[0] not in {"kernel", "migrations"} and PAST_THE_SESSION & set(names_in(file))
    }
    assert found == set(MAY_GO_PAST)


def imports_of(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""


def test_the_kernel_and_the_printer_know_no_capability() -> None:
    known = {"kernel": ("app.kernel",), "printing": ("app.printing",)}
    for folder, allowed in known.items():
        for file in (APP / folder).rglob("*.py"):
            strange = {name for name in imports_of(file) if name.startswith("app.") and not name.startswith(allowed)}
            assert not strange, f"{file}: {strange}"


def test_rules_are_pure() -> None:
    """They know no Flask, no database and no clock."""
    impure = {"flask", "flask_login", "sqlalchemy", "app.kernel.db", "time"}
    for file in APP.rglob("rules.py"):
        assert not impure & {name.partition("._")[0] for name in imports_of(file)}, file
        assert not {"now", "today", "utcnow"} & {
            node.func.attr
            for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
        }, file
