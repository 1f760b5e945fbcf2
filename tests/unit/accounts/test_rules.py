"""Rules about accounts."""

from __future__ import annotations

import pytest

from app.accounts.rules import MAX_PASSWORD, check_password, check_username

GOOD = "春天来了 去看花吧 好"


@pytest.mark.parametrize("username", ["zhangming", "li.hua", "wang_fang-2", "abc", "a" * 40])
def test_plain_user_names_are_taken(username):
    assert not list(check_username(username))


@pytest.mark.parametrize("username", ["", "ab", "a" * 41, "张明", "Zhang", "1abc", "a b c", "abc\n", "abc@x", "ａｂｃ"])
def test_other_user_names_are_refused(username):
    assert [violation.field for violation in check_username(username)] == ["username"]


@pytest.mark.parametrize("password", [GOOD, "correct horse battery", "x7#Kq!9zQw", "长" + "一二三四五六七八九" * 14])
def test_length_counts_not_kinds_of_characters(password):
    assert not list(check_password(password, password, "zhangming"))


@pytest.mark.parametrize(
    ("password", "again", "field"),
    [
        ("", "", "new"),
        ("short", "short", "new"),
        ("a1b2c3d4e", "a1b2c3d4e", "new"),
        ("aaaaaaaaaaaa", "aaaaaaaaaaaa", "new"),
        ("121212121212", "121212121212", "new"),
        ("zhangming2026", "zhangming2026", "new"),
        ("my ZHANGMING pass", "my ZHANGMING pass", "new"),
        (GOOD + "a" * MAX_PASSWORD, GOOD + "a" * MAX_PASSWORD, "new"),
        (GOOD, GOOD + "。", "again"),
        (GOOD, "", "again"),
    ],
)
def test_a_password_that_is_short_easy_or_mistyped_is_refused(password, again, field):
    assert [violation.field for violation in check_password(password, again, "zhangming")] == [field]
