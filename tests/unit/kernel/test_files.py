"""What files are called that people take along: which is which is seen on the stick."""

from __future__ import annotations

from urllib.parse import quote

import pytest

from app.kernel.files import file_name, pdf_response


@pytest.mark.parametrize(
    ("words", "mark", "name"),
    [
        ("关于停水的公告", "春和社区〔2026〕12号", "关于停水的公告 春和社区〔2026〕12号.pdf"),
        ("2026/2027 年度\n预算：“两委”", "2026-11-23", "2026 2027 年度 预算：“两委” 2026-11-23.pdf"),
        (r'a\b:c*d?e"f<g>h|i', "2026-11-23", "a b c d e f g h i 2026-11-23.pdf"),
        ("..隐藏. ", "2026-11-23", "隐藏 2026-11-23.pdf"),
        ("长" * 120, "春和社区〔2026〕12号", f"{'长' * 60} 春和社区〔2026〕12号.pdf"),
    ],
)
def test_a_file_is_called_by_what_it_is_and_its_number_or_day_without_what_disks_refuse(words, mark, name):
    assert file_name(words, mark, "pdf") == name
    assert len(name.encode()) <= 255


def test_the_chinese_name_is_told_as_browsers_read_it_and_a_plain_one_for_old_programmes():
    told = pdf_response(b"%PDF", "公告 1号.pdf", "notice-1.pdf").headers["Content-Disposition"]
    assert told == f"inline; filename=\"notice-1.pdf\"; filename*=UTF-8''{quote('公告 1号.pdf')}"
