"""Settings: whatever is missing or wrong stops the start and says what."""

from __future__ import annotations

import stat

import pytest

from app.portal import build
from config import SettingError, Settings, make_secret

SECRET = "ab" * 32


def test_the_settings_are_read(tmp_path):
    settings = Settings.read({"PORTAL_INSTANCE": str(tmp_path), "PORTAL_SECRET": SECRET, "PORTAL_HTTPS": "1"})
    database, secret = f"sqlite:///{tmp_path}/portal.db", bytes.fromhex(SECRET)
    assert settings == Settings(tmp_path, database, secret, https=True, daily_backup=True)


def test_without_https_cookies_travel_in_the_clear_only_because_nobody_said_otherwise(tmp_path):
    assert not Settings.read({"PORTAL_INSTANCE": str(tmp_path), "PORTAL_SECRET": SECRET}).https


def test_there_is_no_built_in_secret(tmp_path):
    with pytest.raises(SettingError, match="PORTAL_SECRET"):
        Settings.read({"PORTAL_INSTANCE": str(tmp_path)})


@pytest.mark.parametrize(
    "secret", ["", "ab" * 31, "secret", "xy" * 32, "a" * 65], ids=["", "short", "word", "xy", "odd"]
)
def test_a_weak_or_misspelt_secret_is_refused_and_not_repeated(tmp_path, secret):
    with pytest.raises(SettingError, match="PORTAL_SECRET") as refused:
        Settings.read({"PORTAL_INSTANCE": str(tmp_path), "PORTAL_SECRET": secret})
    assert not secret or secret not in str(refused.value)


@pytest.mark.parametrize("content", [b"", b"zz", b"\xff\xfe\x00", b"ab" * 8])
def test_a_damaged_secret_file_is_named(tmp_path, content):
    (tmp_path / "secret").write_bytes(content)
    with pytest.raises(SettingError, match="SECRET"):
        Settings.read({"PORTAL_INSTANCE": str(tmp_path)})


@pytest.mark.parametrize("address", ["portal.db", "mysql://x/y", "postgresql://x/y", "sqlite://", "postgres://x"])
def test_a_database_this_portal_does_not_speak_is_refused(tmp_path, address):
    with pytest.raises(SettingError, match="PORTAL_DATABASE"):
        Settings.read({"PORTAL_INSTANCE": str(tmp_path), "PORTAL_SECRET": SECRET, "PORTAL_DATABASE": address})


@pytest.mark.parametrize("address", ["sqlite:////srv/portal.db", "postgresql+psycopg://portal@db/portal"])
def test_sqlite_and_postgresql_are_spoken(tmp_path, address):
    given = {"PORTAL_INSTANCE": str(tmp_path), "PORTAL_SECRET": SECRET, "PORTAL_DATABASE": address}
    assert Settings.read(given).database == address


@pytest.mark.parametrize("flag", ["yes", "true", "on", "2", ""])
def test_a_flag_is_0_or_1_and_nothing_else(tmp_path, flag):
    with pytest.raises(SettingError, match="PORTAL_HTTPS"):
        Settings.read({"PORTAL_INSTANCE": str(tmp_path), "PORTAL_SECRET": SECRET, "PORTAL_HTTPS": flag})


def test_a_secret_is_made_once_for_its_owner_only(tmp_path):
    environment = {"PORTAL_INSTANCE": str(tmp_path / "new" / "instance")}
    file = tmp_path / "new" / "instance" / "secret"
    make_secret(environment)
    made = file.read_text()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert Settings.read(environment).secret == bytes.fromhex(made)
    make_secret(environment)
    assert file.read_text() == made


def test_two_installations_have_two_secrets(tmp_path):
    for name in ("one", "two"):
        make_secret({"PORTAL_INSTANCE": str(tmp_path / name)})
    assert (tmp_path / "one" / "secret").read_text() != (tmp_path / "two" / "secret").read_text()


def test_no_file_is_made_where_the_environment_has_the_secret(tmp_path):
    make_secret({"PORTAL_INSTANCE": str(tmp_path), "PORTAL_SECRET": SECRET})
    assert not (tmp_path / "secret").exists()


def read(tmp_path, **given):
    return Settings.read({"PORTAL_INSTANCE": str(tmp_path), "PORTAL_SECRET": SECRET, **given})


def test_what_guards_the_log_in_is_read(tmp_path):
    plain = read(tmp_path, PORTAL_ADDRESS="http://portal.lan:8080")
    assert (plain.hosts, plain.proxies, plain.idle_minutes, plain.second_factor) == ((), 0, 60, frozenset())
    assert plain.own_names == ("localhost", "portal.lan")
    given = {"PORTAL_HOSTS": "Portal.lan, 10.0.0.1", "PORTAL_IDLE": "30", "PORTAL_PROXIES": "1"}
    settings = read(tmp_path, **given, PORTAL_SECOND_FACTOR="administrator, auditor")
    assert settings.own_names == ("portal.lan", "10.0.0.1")
    assert (settings.idle_minutes, settings.proxies) == (30, 1)
    assert settings.second_factor == {"administrator", "auditor"}


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        *(("PORTAL_IDLE", text) for text in ("", "4", "601", "1e2", "-60", "sixty")),
        *(("PORTAL_PROXIES", text) for text in ("", "6", "yes")),
        *(("PORTAL_HOSTS", text) for text in ("http://portal.lan", "portal lan", "portal.lan/x", "门户")),
    ],
)
def test_a_wrong_setting_is_named(tmp_path, name, wrong):
    with pytest.raises(SettingError, match=name):
        read(tmp_path, **{name: wrong})


def test_a_second_factor_is_asked_of_roles_there_are(tmp_path):
    settings = Settings(tmp_path, f"sqlite:///{tmp_path}/portal.db", bytes(32), second_factor=frozenset({"boss"}))
    with pytest.raises(SettingError, match=r"PORTAL_SECOND_FACTOR.*boss"):
        build(settings)
