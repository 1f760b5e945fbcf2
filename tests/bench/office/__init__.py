"""What the portal is measured against: a competent Django admin over the same tables, with the same indexes.

Two of them, side by side. ``/admin/`` is what the documentation of Django's admin leads a careful developer to for long
tables: joined rows for the columns, autocompletion instead of selects, a search by what begins a field where that is
what people type, and the result counted without the whole table beside it. ``/tuned/`` is what somebody makes of it who
has measured: only the shown columns are read, no filter lists 400 teams, the search asks only where the typed text can
stand and has an index for phones, and the length of a whole list is kept for a minute.

Both know whose rows a person sees. Log entries, CSRF, security headers, permissions by group and cached templates are
on, as Django brings them; connections stay open, and SQLite runs with the settings the portal gives it.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import django
from django.conf import settings

USER = "district"
SESSION = "sessionid"
"""The cookie that tells who is at work."""


def configure(address: str) -> None:
    """Set Django up for this process, once, over the database at ``address``."""
    if settings.configured:
        return
    settings.configure(
        SECRET_KEY="0" * 64,
        ALLOWED_HOSTS=["localhost", "127.0.0.1"],
        DATABASES={"default": _database(address)},
        DEFAULT_AUTO_FIELD="django.db.models.AutoField",
        INSTALLED_APPS=[
            "django.contrib.admin",
            "django.contrib.auth",
            "django.contrib.contenttypes",
            "django.contrib.sessions",
            "django.contrib.messages",
            "django.contrib.staticfiles",
            "tests.bench.office",
        ],
        MIDDLEWARE=[
            "django.middleware.security.SecurityMiddleware",
            "django.contrib.sessions.middleware.SessionMiddleware",
            "django.middleware.common.CommonMiddleware",
            "django.middleware.csrf.CsrfViewMiddleware",
            "django.contrib.auth.middleware.AuthenticationMiddleware",
            "django.contrib.messages.middleware.MessageMiddleware",
            "django.middleware.clickjacking.XFrameOptionsMiddleware",
        ],
        TEMPLATES=[
            {
                "BACKEND": "django.template.backends.django.DjangoTemplates",
                "APP_DIRS": True,  # and cached, as DEBUG is off
                "OPTIONS": {
                    "context_processors": [
                        "django.template.context_processors.request",
                        "django.contrib.auth.context_processors.auth",
                        "django.contrib.messages.context_processors.messages",
                    ]
                },
            }
        ],
        ROOT_URLCONF="tests.bench.office.urls",
        LANGUAGE_CODE="zh-hans",
        TIME_ZONE="Asia/Shanghai",
        USE_TZ=False,  # as the moments are stored
        STATIC_URL="static/",
    )
    django.setup()


def _database(address: str) -> dict[str, Any]:
    url = urlsplit(address)  # with nothing of the portal, so that the worker's memory is Django's own
    if url.scheme == "sqlite":
        pragmas = "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;"
        options = {"transaction_mode": "IMMEDIATE", "timeout": 10, "init_command": pragmas}
        return {"ENGINE": "django.db.backends.sqlite3", "NAME": url.path[1:], "OPTIONS": options, "CONN_MAX_AGE": None}
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": url.path[1:],
        "USER": url.username or "",
        "PASSWORD": url.password or "",
        "HOST": url.hostname or "",
        "PORT": url.port or "",
        "CONN_MAX_AGE": None,
    }


def set_up() -> None:
    """Make Django's own tables, and the member of staff, unless they are there."""
    from django.contrib.auth.models import Group, Permission, User
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    group, is_new = Group.objects.get_or_create(name="staff")
    if is_new:
        group.permissions.set(Permission.objects.filter(content_type__app_label="office"))
    user, is_new = User.objects.get_or_create(username=USER, defaults={"is_staff": True})
    if is_new:
        user.groups.add(group)


def session(path: str = "") -> str:
    """The session of the member of staff, who has just logged in and sees what is below ``path``, or everything."""
    from django.contrib.auth.models import User
    from django.test import Client

    client = Client()
    client.force_login(User.objects.get(username=USER))
    begun = client.session
    begun["path"] = path
    begun.save()
    return str(client.cookies[SESSION].value)
