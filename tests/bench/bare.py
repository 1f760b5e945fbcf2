"""The bare minimum beside the portal: Flask, one statement by hand for each page, one template, nothing else.

No accounts, no scope, no trail, no translations, no count. It says how far a page could go on this machine.
"""

from __future__ import annotations

import sqlite3
from threading import local
from typing import Any
from urllib.parse import urlsplit

import psycopg
from flask import Flask, redirect, request

PAGE_SIZE = 25
PAGE = """<!doctype html>
<html lang="zh-CN"><head><meta charset="utf-8"><title>{{ title }}</title></head><body><h1>{{ title }}</h1>
{% if fields is defined %}<form method="post">
{% for name, value in fields %}<p><label>{{ name }} <input name="{{ name }}" value="{{ value or '' }}"></label></p>
{% endfor %}<button>保存</button></form>
{% else %}<table><thead><tr>{% for head in heads %}<th>{{ head }}</th>{% endfor %}</tr></thead><tbody>
{% for row in rows %}<tr>{% for cell in row %}<td>{{ cell or '' }}</td>{% endfor %}</tr>
{% endfor %}</tbody></table>{% endif %}</body></html>"""

VOLUNTEERS = """
SELECT v.id, p.name, sex.label, p.phone, t.name, skill.label, v.registered_on, c.name FROM volunteer v
JOIN person p ON p.id = v.person_id JOIN community c ON c.id = v.community_id
LEFT JOIN volunteer_team t ON t.id = v.team_id
LEFT JOIN code sex ON sex.code_list = 'sex' AND sex.value = p.sex
LEFT JOIN code skill ON skill.code_list = 'skill' AND skill.value = v.skill
"""
SERVICE_RECORDS = """
SELECT r.id, r."on", p.name, p.phone, r.activity, kind.label, r.hours, r.place, c.name FROM service_record r
JOIN volunteer v ON v.id = r.volunteer_id JOIN person p ON p.id = v.person_id JOIN community c ON c.id = r.community_id
LEFT JOIN code kind ON kind.code_list = 'service_kind' AND kind.value = r.kind
"""
COMMUNITIES = """
SELECT c.id, c.name, c.level, above.name, c.phone FROM community c LEFT JOIN community above ON above.id = c.parent_id
"""
FIELDS = ("person_id", "team_id", "skill", "registered_on", "stars")


def connected(address: str) -> Any:
    """A connection of the driver's own to the database at ``address``."""
    url = urlsplit(address)
    if url.scheme == "sqlite":
        return sqlite3.connect(url.path[1:])
    return psycopg.connect(
        host=url.hostname, port=url.port, user=url.username, password=url.password, dbname=url.path[1:]
    )


def application(address: str) -> Flask:
    """The pages over the database at ``address``; ``app.statements`` counts what it was asked."""
    app = Flask("bare")
    template = app.jinja_env.from_string(PAGE)
    mark = "?" if address.startswith("sqlite") else "%s"
    threads = local()
    app.statements = 0  # type: ignore[attr-defined]

    def execute(statement: str, *values: Any) -> list[Any]:
        app.statements += 1  # type: ignore[attr-defined]
        if not hasattr(threads, "connection"):
            threads.connection = connected(address)
        cursor = threads.connection.execute(statement.replace("?", mark), values)
        rows = cursor.fetchall() if cursor.description else []
        threads.connection.commit()
        return rows

    @app.get("/volunteers")
    def volunteers() -> str:
        wanted = request.args
        where, values, order = "", [], "v.id"
        if text := wanted.get("q"):
            where, values = ("p.phone LIKE ?", [f"{text}%"]) if text.isdecimal() else ("p.name LIKE ?", [f"%{text}%"])
        if team := wanted.get("team"):
            where, values = "v.team_id = ?", [int(team)]
        if wanted.get("order"):
            order = "p.name_key, v.id"
        skipped = (int(wanted.get("page", 1)) - 1) * PAGE_SIZE
        where = f"WHERE {where}" if where else ""
        # The ids first: what is passed over is not joined.
        of_page = f"SELECT v.id FROM volunteer v JOIN person p ON p.id = v.person_id {where} ORDER BY {order}"
        if not where and order == "v.id":
            of_page = "SELECT v.id FROM volunteer v ORDER BY v.id"
        of_page += f" LIMIT {PAGE_SIZE} OFFSET {skipped}"
        rows = execute(f"{VOLUNTEERS} WHERE v.id IN ({of_page}) ORDER BY {order}", *values)
        return template.render(title="志愿者", heads=range(8), rows=rows)

    @app.get("/service_records")
    def service_records() -> str:
        newest = f'SELECT id FROM service_record ORDER BY "on" DESC, id DESC LIMIT {PAGE_SIZE}'
        rows = execute(f'{SERVICE_RECORDS} WHERE r.id IN ({newest}) ORDER BY r."on" DESC, r.id DESC')
        return template.render(title="志愿服务记录", heads=range(9), rows=rows)

    @app.get("/communities")
    def communities() -> str:
        rows = execute(f"{COMMUNITIES} ORDER BY c.path LIMIT {PAGE_SIZE}")
        return template.render(title="社区", heads=range(5), rows=rows)

    @app.get("/add")
    def add() -> str:
        return template.render(title="志愿者", fields=[(name, "") for name in FIELDS])

    @app.route("/edit/<int:key>", methods=["GET", "POST"])
    def edit(key: int) -> Any:
        if request.method == "POST":
            execute("UPDATE volunteer SET skill = ? WHERE id = ?", request.form["skill"], key)
            return redirect("/volunteers")
        row = execute(f"SELECT {', '.join(FIELDS)} FROM volunteer WHERE id = ?", key)[0]
        return template.render(title="志愿者", fields=zip(FIELDS, row, strict=True))

    return app
