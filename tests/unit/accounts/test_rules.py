"""Rules about accounts and their doors."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from app.accounts.rules import (
    GUESSES,
    HABITS,
    MAX_PASSWORD,
    check_manager,
    check_password,
    check_username,
    guesses,
    is_over,
    is_own_host,
    known_words,
    matching_step,
    may_let_in,
    may_manage,
    network,
    normal,
    wait_after,
)
from app.roles import GRANTS, Role, rights

GOOD = "春天来了 去看花吧 好"
ADMINISTRATOR, SECURITY = Role.ADMINISTRATOR, Role.SECURITY_ADMINISTRATOR


@pytest.mark.parametrize("username", ["zhangming", "li.hua", "wang_fang-2", "abc", "a" * 40])
def test_plain_user_names_are_taken(username):
    assert not list(check_username(username))


@pytest.mark.parametrize("username", ["", "ab", "a" * 41, "张明", "Zhang", "1abc", "a b c", "abc\n", "abc@x", "ａｂｃ"])
def test_other_user_names_are_refused(username):
    assert [violation.field for violation in check_username(username)] == ["username"]


# --- passwords ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "password",
    [
        *(GOOD, "correct horse battery", "x7#Kq!9zQw", "wo jia zai dongjie", "我家门前有两棵大枣树"),
        *("长" + "柿子熟了挂满枝头" * 15, "dajia zaoshang hao", "清晨六点半出门遛弯儿", "w8kd-7mfa-q2hx"),
    ],
)
def test_length_counts_not_kinds_of_characters(password):
    assert not list(check_password(password, password, "zhangming", known_words("张明", "春和社区")))


@pytest.mark.parametrize(
    ("password", "again", "field"),
    [
        ("", "", "new"),
        ("short", "short", "new"),
        ("a1b2c3d4e", "a1b2c3d4e", "new"),
        ("zhangming2026", "zhangming2026", "new"),
        ("my ZHANGMING pass", "my ZHANGMING pass", "new"),
        (GOOD + "a" * MAX_PASSWORD, GOOD + "a" * MAX_PASSWORD, "new"),
        (GOOD, GOOD + "。", "again"),
        (GOOD, "", "again"),
    ],
)
def test_a_password_that_is_short_easy_or_mistyped_is_refused(password, again, field):
    assert [violation.field for violation in check_password(password, again, "zhangming")] == [field]


@pytest.mark.parametrize(
    "password",
    [
        *("aaaaaaaaaaaa", "121212121212", "1234567890", "0987654321", "qwertyuiop123", "1qaz2wsx3edc", "P@ssw0rd2024"),
        *(
            "password123",
            "a123456789",
            "woaini5201314",
            "woaini1314520",
            "5201314woaini",
            "woaini123456",
            "iloveyou520",
        ),
        *(
            "1975031219750312",
            "wangfang1985",
            "zhangwei123456",
            "lina19880808",
            "13812345678",
            "8888888888",
            "1314520521",
        ),
        *("我爱你我爱你我爱你", "一二三四五六七八九十", "为人民服务为人民服务", "不忘初心牢记使命", "zhongguo2026"),
        *("weirenminfuwu123", "１２３４５６７８９０", "WOAINI5201314", "dangyuan2026", "abcd1234efgh"),
    ],
)
def test_what_everybody_takes_is_refused(password):
    assert guesses(normal(password), ["nobody"]) < GUESSES
    assert [found.field for found in check_password(password, password, "nobody")] == ["new"]


@pytest.mark.parametrize(
    "password",
    ["春和社区123456", "chunhe123456", "chunheshequ2026", "ouyangmin1990", "欧阳敏欧阳敏2026", "minmin19900101"],
)
def test_what_a_guesser_knows_of_the_person_is_refused(password):
    known = known_words("欧阳敏", "春和社区")
    assert {"chunhe", "chunheshequ", "春和", "ouyangmin"} <= set(known)
    assert [found.field for found in check_password(password, password, "nobody", known)] == ["new"]


def test_a_word_that_somebody_else_is_called_by_does_not_stick():
    """The library remembers what it was told of the person before."""
    own = guesses("ruanxiaowu zhuoyuan", ["ruanxiaowu", "zhuoyuan"])
    assert guesses("ruanxiaowu zhuoyuan", []) > 100 * own


def test_the_habits_are_words_of_their_own():
    assert len(HABITS) == len(set(HABITS)) > 100


# --- doors -------------------------------------------------------------------------------------------------------


def test_the_wait_grows_from_a_minute_to_half_an_hour():
    minutes = [wait_after(failures, 5) / timedelta(minutes=1) for failures in (0, 1, 4, 5, 6, 7, 8, 9, 10, 11, 10**9)]
    assert minutes == [0, 0, 0, 1, 2, 4, 8, 16, 30, 30, 30]


@pytest.mark.parametrize(
    ("began", "seen", "over"),
    [(0, 0, True), (0, 36_000, False), (-1, 36_000, True), (32_400, 32_400, False), (30_000, 32_399, True)],
)
def test_a_session_ends_when_nothing_is_done_and_after_its_whole_time(began, seen, over):
    assert is_over(began, seen, 36_000, timedelta(hours=1), timedelta(hours=10)) == over


@pytest.mark.parametrize(
    ("address", "whose"),
    [
        ("192.168.1.10", "192.168.1.10"),
        ("2001:db8::1", "2001:db8::/64"),
        ("2001:db8::ffff:0:0:9", "2001:db8::/64"),
        ("2001:db8:0:1::1", "2001:db8:0:1::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("", ""),
    ],
)
def test_who_has_many_addresses_counts_as_one(address, whose):
    assert network(address) == whose


def test_on_a_server_that_listens_to_both_kinds_of_addresses_the_offices_machines_stay_apart():
    assert network("::ffff:192.168.1.10") == network("192.168.1.10")
    assert network("::ffff:192.168.1.10") != network("::ffff:192.168.1.11")


@pytest.mark.parametrize(
    ("host", "any_address", "own"),
    [
        ("portal.lan", False, True),
        ("Portal.LAN.", False, True),
        ("192.168.1.10", True, True),
        ("192.168.1.10", False, False),
        ("::1", True, True),
        ("1.2.3.4.evil.example", True, False),
        ("xportal.lan", True, False),
        ("portal.lan.evil.example", True, False),
        ("", True, False),
        ("0x7f.1", True, False),
        ("a:.", True, False),
    ],
)
def test_the_portal_answers_to_its_names_and_perhaps_to_numbers(host, any_address, own):
    assert is_own_host(host, ("portal.lan",), any_address) == own


# --- second factor -----------------------------------------------------------------------------------------------

RFC_SECRET = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"


@pytest.mark.parametrize(
    ("seconds", "code"), [(59, "287082"), (1111111109, "081804"), (1234567890, "005924"), (20000000000, "353130")]
)
def test_codes_are_those_of_the_standard(seconds, code):
    """The examples of RFC 6238, appendix B, by their last six digits."""
    at = datetime(1970, 1, 1) + timedelta(seconds=seconds)
    step = seconds // 30
    assert matching_step(RFC_SECRET, code, at, 0) == step
    for seconds_off, found in ((-30, step), (30, step), (-60, None), (60, None)):
        assert matching_step(RFC_SECRET, code, at + timedelta(seconds=seconds_off), 0) == found
    assert matching_step(RFC_SECRET, code, at, step) is None, "it was used"
    assert matching_step(RFC_SECRET, code, at, step - 1) == step


@pytest.mark.parametrize("code", ["", "287081", "28708", "2870820", "２８７０８２", "287 082", "abcdef", "-87082"])
def test_anything_else_is_no_code(code):
    assert matching_step(RFC_SECRET, code, datetime(1970, 1, 1, 0, 0, 59), 0) is None


# --- who manages whom --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("own", "before", "after", "may"),
    [
        (ADMINISTRATOR, None, ADMINISTRATOR, True),
        (ADMINISTRATOR, Role.AUDITOR, Role.STAFF, True),
        (SECURITY, None, Role.SECRETARY, True),
        (SECURITY, Role.SUPERVISOR, Role.STAFF, True),
        (SECURITY, Role.STAFF, Role.SYSTEM_ADMINISTRATOR, False),
        (SECURITY, Role.SYSTEM_ADMINISTRATOR, Role.SYSTEM_ADMINISTRATOR, False),
        (SECURITY, SECURITY, SECURITY, False),
        (SECURITY, Role.STAFF, ADMINISTRATOR, False),
        (SECURITY, ADMINISTRATOR, Role.STAFF, False),
        (SECURITY, ADMINISTRATOR, ADMINISTRATOR, False),
        (SECURITY, None, Role.AUDITOR, False),
        (Role.SYSTEM_ADMINISTRATOR, Role.STAFF, Role.STAFF, False),
        (Role.SECRETARY, Role.STAFF, Role.STAFF, False),
        ("", Role.STAFF, Role.STAFF, False),
    ],
)
def test_one_manages_those_whose_role_one_could_grant_before_and_after(own, before, after, may):
    assert [found.field for found in check_manager(own, before, after, GRANTS)] == ([] if may else ["role"])
    if before == after:
        assert may_manage(own, before, GRANTS) == may
        assert may_let_in(own, before, GRANTS, is_self=False) == may


def test_nobody_gives_themselves_a_password():
    assert may_let_in(ADMINISTRATOR, ADMINISTRATOR, GRANTS, is_self=False)
    assert not any(may_let_in(role, role, GRANTS, is_self=True) for role in Role)


def test_whoever_the_security_administrator_gives_a_password_has_no_part_of_an_administrators_duties():
    """They know the password they gave: with that of the system administrator they could take the backups along."""
    for role in GRANTS[SECURITY]:
        assert not rights(role, "backup") | rights(role, "account") | rights(role, "audit_entry"), role
