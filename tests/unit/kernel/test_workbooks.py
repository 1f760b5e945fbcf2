"""Uploaded files become grids of text, or one sentence that says what to do. The files are what offices really send."""

from __future__ import annotations

import io
import random
import struct
import zipfile
from contextlib import suppress
from datetime import date, datetime, time, timedelta
from pathlib import Path

import openpyxl
import pytest
import xlsxwriter

from app.kernel import workbooks
from app.kernel.workbooks import ROSTER, Limits, NotASheet, Range, column_letters, open_workbook

# --- files -------------------------------------------------------------------------------------------------------

TEXT = '<c r="{0}" t="inlineStr"><is><t>{1}</t></is></c>'


def zipped(entries: dict[str, str | bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as package:
        for name, content in entries.items():
            package.writestr(name, content)
    return file.getvalue()


MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
LINKS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"


def xlsx(rows: str, after: str = "", before: str = "") -> bytes:
    """A workbook of one sheet from the XML of its rows, also such as no program writes."""
    return zipped(
        {
            "_rels/.rels": f'<Relationships xmlns="{PACKAGE}">'
            f'<Relationship Id="r1" Type="{LINKS}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
            "xl/workbook.xml": f'<workbook xmlns="{MAIN}" xmlns:r="{LINKS}">'
            '<sheets><sheet name="目录" sheetId="1" r:id="r1"/></sheets></workbook>',
            "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{PACKAGE}">'
            f'<Relationship Id="r1" Type="{LINKS}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>',
            "xl/worksheets/sheet1.xml": f'{before}<worksheet xmlns="{MAIN}">'
            f"<sheetData>{rows}</sheetData>{after}</worksheet>",
        }
    )


def ods(rows: str, manifest: str = "<manifest:manifest/>") -> bytes:
    spaces = " ".join(
        f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"' for name in ("office", "table", "text")
    )
    return zipped(
        {
            "mimetype": "application/vnd.oasis.opendocument.spreadsheet",
            "content.xml": f"<office:document-content {spaces}><office:body><office:spreadsheet>"
            f'<table:table table:name="目录">{rows}</table:table>'
            "</office:spreadsheet></office:body></office:document-content>",
            "META-INF/manifest.xml": manifest,
        }
    )


END, FREE = 0xFFFFFFFE, 0xFFFFFFFF


def compound(name: str, stream: bytes) -> bytes:
    """A compound file, the container of the older Office, with one stream."""
    sectors = max(8, -(-len(stream) // 512))  # less than 4,096 bytes would be stored otherwise
    header = struct.pack("<8s16xHHHHH6xIIIIIIIII", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", 0x3E, 3, 0xFFFE, 9, 6, 0, 1, 1,
                         0, 4096, END, 0, END, 0)  # fmt: skip
    chain = [0xFFFFFFFD, END, *range(3, sectors + 2), END]

    def entry(called: str, kind: int, child: int, start: int, size: int) -> bytes:
        encoded = called.encode("utf-16-le")
        return struct.pack("<64sHBBIII36xIQ", encoded, len(encoded) + 2, kind, 1, FREE, FREE, child, start, size)

    directory = entry("Root Entry", 5, 1, END, 0) + entry(name, 2, FREE, 2, sectors * 512)
    return b"".join(
        (
            header,
            struct.pack("<109I", 0, *[FREE] * 108),
            struct.pack("<128I", *chain, *[FREE] * (128 - len(chain))),
            directory.ljust(512, b"\0"),
            stream.ljust(sectors * 512, b"\0"),
        )
    )


def record(number: int, content: bytes) -> bytes:
    return struct.pack("<HH", number, len(content)) + content


def xls(cells: dict[tuple[int, int], str | float], merged: tuple[int, ...] = (), locked: bool = False) -> bytes:
    """A workbook of Excel 97 with one sheet."""
    name = "目录".encode("utf-16-le")
    begin = record(0x85, struct.pack("<IBBBB", 0, 0, 0, len(name) // 2, 1) + name)
    head = record(0x809, struct.pack("<HHHHII", 0x600, 5, 0, 0, 0, 0))
    head += record(0x2F, struct.pack("<HHH48x", 1, 1, 1)) if locked else b""
    start = len(head) + len(begin) + 4
    begin = record(0x85, struct.pack("<IBBBB", start, 0, 0, len(name) // 2, 1) + name)
    body = record(0x809, struct.pack("<HHHHII", 0x600, 0x10, 0, 0, 0, 0))
    for (row, column), value in cells.items():
        if isinstance(value, str):
            text = value.encode("utf-16-le")
            body += record(0x204, struct.pack("<HHHHB", row, column, 0, len(text) // 2, 1) + text)
        else:
            body += record(0x203, struct.pack("<HHHd", row, column, 0, value))
    if merged:
        body += record(0xE5, struct.pack("<H4H", 1, *merged))
    return compound("Workbook", head + begin + record(0x0A, b"") + body + record(0x0A, b""))


def refusal(data: bytes, name: str = "目录.xlsx", limits: Limits = Limits()) -> str:  # noqa: B008 (frozen)
    with pytest.raises(NotASheet) as caught:
        open_workbook(data, name, limits)
    return caught.value.message % caught.value.params


# --- what is read ------------------------------------------------------------------------------------------------


def test_a_workbook_becomes_its_sheets_with_what_is_merged_and_what_is_hidden():
    file = io.BytesIO()
    with xlsxwriter.Workbook(file) as workbook:
        first = workbook.add_worksheet("公开目录")
        first.merge_range("A1:C1", "某社区公开目录")
        first.write_row("A2", ["序号", "事项", "时限"])
        first.merge_range("A3:A4", "党务")
        first.write_row("B3", ["党费", "每季度"])
        first.write_row("B4", ["发展党员", "公示5个工作日"])
        workbook.add_worksheet("选项").hide()
        workbook.add_worksheet("底稿").very_hidden()
        chart = workbook.add_chart({"type": "bar"})
        chart.add_series({"values": "=公开目录!$A$1:$A$2"})
        workbook.add_chartsheet("图表").set_chart(chart)
    catalogue, options, drafts = open_workbook(file.getvalue(), "目录.xlsx")
    assert catalogue.rows == (
        ("某社区公开目录", "", ""),
        ("序号", "事项", "时限"),
        ("党务", "党费", "每季度"),
        ("", "发展党员", "公示5个工作日"),
    )
    assert catalogue.merged == (Range(0, 0, 0, 2), Range(2, 0, 3, 0))
    assert [(sheet.name, sheet.hidden) for sheet in (catalogue, options, drafts)] == [
        ("公开目录", False),
        ("选项", True),
        ("底稿", True),
    ]


def test_cells_are_told_as_people_write_them():
    file = io.BytesIO()
    with xlsxwriter.Workbook(file) as workbook:
        day, moment, clock, span = (
            workbook.add_format({"num_format": form})
            for form in ("yyyy-mm-dd", 'yyyy"年"m"月"d"日" h:mm', "h:mm", "[h]:mm")
        )
        sheet = workbook.add_worksheet()
        sheet.write_datetime("A1", date(2026, 3, 5), day)
        sheet.write_datetime("B1", datetime(2026, 3, 5, 8, 30), moment)
        sheet.write_datetime("C1", time(8, 30), clock)
        sheet.write_datetime("D1", timedelta(hours=36, minutes=5), span)
        sheet.write_number("E1", 3)
        sheet.write_number("F1", 0.1 + 0.2)
        sheet.write_boolean("G1", True)
        sheet.write_boolean("H1", False)
        sheet.write_formula("I1", "=1+1", None, 2)
        sheet.write_formula("J1", '="党"&"务"', None, "党务")
        sheet.write_formula("K1", "=1/0", None, "#DIV/0!")
        sheet.write_number("L1", 110105194912310021)
        sheet.write_string("M1", " 第一行\r\n第二行\u3000\u200b")
        sheet.write_rich_string("N1", "每季度", day, "公布", "一次")
    (grid,) = open_workbook(file.getvalue(), "目录.xlsx")
    assert grid.rows == (
        (
            "2026-03-05",
            "2026-03-05 8:30",
            "8:30",
            "36:05",
            "3",
            "0.3",
            "是",
            "否",
            "2",
            "党务",
            "",
            "1.10105194912310E+17",
            "第一行\n第二行",
            "每季度公布一次",
        ),
    )


def test_a_row_has_the_number_people_see_even_if_the_sheet_begins_further_down_and_right():
    (grid,) = open_workbook(xlsx(f'<row r="3">{TEXT.format("C3", "事项")}</row>'), "目录.xlsx")
    assert grid.rows == (("", "", ""), ("", "", ""), ("", "", "事项"))


def test_a_workbook_of_openpyxl_is_read_too():
    file = io.BytesIO()
    workbook = openpyxl.Workbook()
    workbook.active.append(["事项", 2026, None, date(2026, 3, 5), True])
    workbook.save(file)
    (grid,) = open_workbook(file.getvalue(), "目录.xlsx")
    assert grid.rows == (("事项", "2026", "", "2026-03-05", "是"),)


def test_an_old_workbook_is_read_with_its_merged_cells():
    data = xls({(0, 0): "类别", (0, 1): "事项", (1, 0): "财务", (1, 1): "收支", (2, 1): 12.0}, merged=(1, 2, 0, 0))
    (grid,) = open_workbook(data, "目录.et")
    assert (grid.name, grid.rows) == ("目录", (("类别", "事项"), ("财务", "收支"), ("", "12")))
    assert grid.merged == (Range(1, 0, 2, 0),)


def test_an_open_document_is_read_and_a_million_repeated_empty_rows_do_not_hurt():
    cell = '<table:table-cell office:value-type="string"><text:p>{}</text:p></table:table-cell>'
    rows = (
        f"<table:table-row>{cell.format('事项')}{cell.format('时限')}</table:table-row>"
        '<table:table-row table:number-rows-repeated="1048575">'
        '<table:table-cell table:number-columns-repeated="16384"/></table:table-row>'
    )
    (grid,) = open_workbook(ods(rows), "目录.ods")
    assert (grid.name, grid.rows, grid.merged) == ("目录", (("事项", "时限"),), ())


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", "\t", ";"])
def test_a_csv_is_read_in_the_encodings_and_delimiters_of_office_programs(encoding, delimiter):
    lines = (
        ("某社区居务公开目录", "", ""),
        ("序号", "公开事项", "公开内容"),
        ("1", "财务收支", '"一、收入,支出;\n二、“结余”"'),
        (),
        ("2", "低保", "姓名、人数"),
    )
    text = "\r\n".join(delimiter.join(line) for line in lines)
    (grid,) = open_workbook(text.encode(encoding), "居务目录.csv")
    assert (grid.name, grid.hidden) == ("居务目录", False)
    assert grid.rows == (
        ("某社区居务公开目录", "", ""),
        ("序号", "公开事项", "公开内容"),
        ("1", "财务收支", "一、收入,支出;\n二、“结余”"),
        ("", "", ""),
        ("2", "低保", "姓名、人数"),
    )


def test_a_csv_in_which_numbers_were_protected_from_excel_gives_the_numbers():
    text = '姓名,身份证号\n张明,"=""110105195603070012"""\n李华,="0523-86881234"\n'
    assert open_workbook(text.encode(), "名册.csv")[0].rows[1:] == (
        ("张明", "110105195603070012"),
        ("李华", "0523-86881234"),
    )


@pytest.mark.parametrize(
    ("stored", "written"),
    [
        (110105195603070012, "1.10105195603070E+17"),
        (1234567890123456, "1.23456789012346E+15"),
        (123456789012345, "123456789012345"),
        (13812345678, "13812345678"),
        (-12, "-12"),
        (0.1 + 0.2, "0.3"),
        (1e300, "1.00000000000000E+300"),
    ],
)
def test_a_number_is_written_out_only_as_far_as_sheets_keep_its_digits(stored, written):
    file = io.BytesIO()
    workbook = openpyxl.Workbook()
    workbook.active.append([stored, str(stored)])
    workbook.save(file)
    (grid,) = open_workbook(file.getvalue(), "名册.xlsx")
    assert grid.rows == ((written, str(stored)),)


def test_a_cell_too_long_for_a_roster_costs_its_row_and_not_the_file():
    rows = f'<row r="1">{TEXT.format("A1", "张明")}{TEXT.format("B1", "长" * 40_000)}</row>'
    rows += f'<row r="2">{TEXT.format("A2", "李华")}{TEXT.format("B2", "短")}</row>'
    (grid,) = open_workbook(xlsx(rows), "名册.xlsx", ROSTER)
    assert grid.rows == (("张明", "长" * (ROSTER.characters + 1)), ("李华", "短"))


def test_a_roster_may_have_300_columns_and_not_301():
    wide, wider = (
        xlsx(f'<row r="1">{TEXT.format("A1", "姓名")}{TEXT.format(last + "1", "备注")}</row>') for last in ("KN", "KO")
    )
    assert len(open_workbook(wide, "名册.xlsx", ROSTER)[0].rows[0]) == 300
    assert "row 1, column KO; at most 300 columns" in refusal(wider, limits=ROSTER)


def test_a_formula_that_points_to_another_file_gives_the_value_it_had():
    rows = '<row r="1"><c r="A1" t="str"><f>\'http://127.0.0.1:9/[a.xlsx]x\'!A1</f><v>张明</v></c></row>'
    assert open_workbook(xlsx(rows), "名册.xlsx", ROSTER)[0].rows == (("张明",),)


def test_cells_cannot_break_out_of_their_place_by_the_marks_between_cells():
    (grid,) = open_workbook(xls({(0, 0): "张\x1f明\x1e", (0, 1): "李\x1d华"}), "名册.xls", ROSTER)
    assert grid.rows == (("张明", "李华"),)


def test_what_a_file_is_shows_in_its_content_not_in_its_name():
    assert open_workbook("序号,事项\n1,党费\n".encode(), "目录.xls")[0].rows == (("序号", "事项"), ("1", "党费"))
    assert open_workbook(xls({(0, 0): "事项"}), "目录.csv")[0].rows == (("事项",),)


def test_a_million_formatted_rows_without_content_do_not_hurt():
    empty = "".join(f'<row r="{row}"><c r="A{row}" s="1"/><c r="B{row}" s="1"/></row>' for row in range(2, 1_048_577))
    (grid,) = open_workbook(xlsx(f'<row r="1">{TEXT.format("A1", "事项")}</row>{empty}'), "目录.xlsx")
    assert grid.rows == (("事项",),)


def test_merged_cells_reach_no_further_than_the_content_and_do_not_overlap():
    rows = f'<row r="1">{TEXT.format("A1", "甲")}</row><row r="2">{TEXT.format("B2", "乙")}</row>'
    reaching = '<mergeCells><mergeCell ref="A1:A1048576"/></mergeCells>'
    assert open_workbook(xlsx(rows, reaching), "目录.xlsx")[0].merged == (Range(0, 0, 1, 0),)
    overlapping = "<mergeCells>" + '<mergeCell ref="A1:B2"/>' * 1000 + "</mergeCells>"
    assert open_workbook(xlsx(rows, overlapping), "目录.xlsx")[0].merged == (Range(0, 0, 1, 1),)


@pytest.mark.parametrize(
    ("column", "letters"), [(0, "A"), (25, "Z"), (26, "AA"), (701, "ZZ"), (702, "AAA"), (16383, "XFD")]
)
def test_a_column_is_named_as_sheets_name_it(column, letters):
    assert column_letters(column) == letters


# --- what is refused, in words -----------------------------------------------------------------------------------


@pytest.mark.parametrize("data", [b"", b"\r\n  ", b"\0\0\0", xlsx(""), xlsx('<row r="9"><c r="A9" s="1"/></row>')])
def test_a_file_with_nothing_in_it_is_refused(data):
    assert refusal(data) == "There is nothing in this file."


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(compound("EncryptedPackage", b"?"), id="xlsx"),
        pytest.param(xls({(0, 0): "?"}, locked=True), id="xls"),
        pytest.param(ods("?", "<manifest:encryption-data>"), id="ods"),
    ],
)
def test_a_file_under_a_password_says_so(data):
    assert "password" in refusal(data)


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(xlsx(f"<row>{TEXT.format('A1', '事项')}</row>")[:-80], id="cut off"),
        pytest.param(b"PK\x03\x04" + b"\0" * 200, id="zip without a directory"),
        pytest.param(zipped({"xl/workbook.xml": "<workbook"}), id="no sheet"),
        pytest.param(xlsx("<row><c r='??'><v>1</v></c></row>"), id="no such cell"),
        pytest.param(
            xlsx(f"<row>{TEXT.format('A1', '事项')}</row>", '<mergeCells><mergeCell ref="?"/></mergeCells>'),
            id="merged",
        ),
        pytest.param(compound("Workbook", b"?" * 5000), id="old workbook of nonsense"),
        pytest.param(compound("Workbook", b"")[:3000], id="old workbook cut off"),
        pytest.param(ods("</table:table>"), id="open document"),
    ],
)
def test_a_damaged_file_is_to_be_saved_again(data):
    assert "damaged" in refusal(data)


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(zipped({"word/document.xml": "<w:document/>"}), id="docx"),
        pytest.param(zipped({"mimetype": "application/vnd.oasis.opendocument.text"}), id="odt"),
        pytest.param(compound("WordDocument", b"?"), id="doc"),
        pytest.param(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3", id="pdf"),
        pytest.param(b"\r\n%PDF-1.4\n1 0 obj", id="pdf after an empty line"),
        pytest.param(b"{\\rtf1\\ansi 1}", id="rtf"),
    ],
)
def test_a_text_document_is_told_from_a_sheet(data):
    assert "text document" in refusal(data)


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", id="picture"),
        pytest.param(b"\xff\xd8\xff\xe0\0\x10JFIF", id="photograph"),
        pytest.param(zipped({"readme.txt": "?"}), id="zip"),
        pytest.param(compound("PowerPoint Document", b"?"), id="ppt"),
        pytest.param("<html><table><tr><td>序号</td></tr></table></html>".encode(), id="web page"),
        pytest.param(b"MIME-Version: 1.0\r\nContent-Type: text/html, 1\r\n", id="web page saved whole"),
        pytest.param("通知\n\n各位居民：\n  请明天来居委会。".encode("gbk"), id="a letter"),
        pytest.param(b"\xff\xfe\x00", id="half a character"),
        pytest.param(b"\x81\xff\xff\xff", id="no known encoding"),
    ],
)
def test_anything_else_is_to_be_saved_as_a_workbook(data):
    assert "save it as .xlsx" in refusal(data, "目录.xls")


def test_a_list_of_one_column_is_a_table_under_the_name_of_one():
    (grid,) = open_workbook("姓名\n王小明".encode(), "名册.csv")
    assert grid.rows == (("姓名",), ("王小明",))


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        (f'<row r="21">{TEXT.format("A21", "多")}</row>', "“目录” has more than 20 rows"),
        (f'<row r="1048576">{TEXT.format("A1048576", "多")}</row>', "“目录” has more than 20 rows"),
        (f'<row r="2">{TEXT.format("AA2", "宽")}</row>', "row 2, column AA; at most 6 columns"),
        (f'<row r="3">{TEXT.format("C3", "长" * 40_000)}</row>', "row 3, column C: longer than 100 characters"),
    ],
)
def test_a_sheet_beyond_the_limits_says_where(rows, told):
    assert told in refusal(xlsx(rows), limits=Limits(rows=20, columns=6, characters=100))


def test_a_sheet_up_to_the_limits_is_read():
    rows = f'<row r="20">{TEXT.format("F20", "长" * 100)}</row>'
    (grid,) = open_workbook(xlsx(rows), "目录.xlsx", Limits(rows=20, columns=6, characters=100))
    assert (len(grid.rows), len(grid.rows[0])) == (20, 6)


FAR_OFF = f'<row r="1">{TEXT.format("A1", "甲")}</row><row r="1048576">{TEXT.format("XFD1048576", "乙")}</row>'
FAR_OFF_ODS = (
    '<table:table-row table:number-rows-repeated="1048576"><table:table-cell office:value-type="string" '
    'table:number-columns-repeated="16384"><text:p>甲</text:p></table:table-cell></table:table-row>'
)


@pytest.mark.parametrize(
    "make",  # not the file itself: packing the large ones would hold up whoever runs any test
    [
        pytest.param(lambda: zipped({"xl/workbook.xml": b"\0" * 110_000_000}), id="unpacks to 110 MB"),
        pytest.param(lambda: zipped({f"xl/media/{number}": "" for number in range(2_500)}), id="2,500 entries"),
        pytest.param(lambda: xlsx(FAR_OFF), id="a cell in the last corner"),
        pytest.param(
            lambda: xls({(0, 0): "甲", (65535, 65535): "乙"}), id="a cell in the last corner of an old workbook"
        ),
        pytest.param(lambda: ods(FAR_OFF_ODS.replace("16384", "50")), id="one cell repeated everywhere"),
    ],
)
def test_a_file_that_would_fill_the_memory_is_refused(make):
    assert "too much" in refusal(make())


def test_a_long_text_used_in_every_cell_is_refused_before_it_fills_the_memory():
    shared = "长" * 4_900
    rows = "".join(f'<row r="{row}">{TEXT.format(f"A{row}", shared)}</row>' for row in range(1, 5_001))
    assert "too much" in refusal(xlsx(rows))


def test_entities_are_not_replaced():
    bomb = '<!DOCTYPE x [<!ENTITY a "甲"><!ENTITY b SYSTEM "file:///etc/hostname">]>'
    for entity in ("&a;", "&b;"):
        assert "damaged" in refusal(xlsx(f"<row>{TEXT.format('A1', entity)}</row>", before=bomb))


def test_many_short_cells_count_by_the_room_they_take_and_not_by_their_characters():
    rows = "".join(f'<row r="{row}">{TEXT.format(f"A{row}", "甲")}</row>' for row in range(1, 1_001))
    assert "too much" in refusal(xlsx(rows), limits=Limits(content=70_000))
    assert len(open_workbook(xlsx(rows), "名册.xlsx", Limits(content=80_000))[0].rows) == 1_000


def test_a_file_larger_than_20_megabytes_is_refused_unopened():
    assert refusal(b"1," * 11_000_000, "目录.csv") == "The file is larger than 15 MB."


@pytest.mark.parametrize("seed", range(12))
def test_a_file_with_some_bytes_changed_is_read_or_refused(seed):
    chance = random.Random(seed)
    sound = [
        xlsx(f'<row r="1">{TEXT.format("A1", "甲")}</row>', '<mergeCells><mergeCell ref="A1:B2"/></mergeCells>'),
        xls({(0, 0): "甲", (1, 1): 2.0}, merged=(0, 1, 0, 0)),
        ods(FAR_OFF_ODS.replace("1048576", "2").replace("16384", "2")),
    ][seed % 3]
    data = bytearray(sound)
    for _ in range(chance.randint(1, 12)):
        data[chance.randrange(len(sound))] = chance.randrange(256)
    with suppress(NotASheet):
        assert open_workbook(bytes(data), "目录.xlsx")


# --- the process of its own ----------------------------------------------------------------------------------------


def test_files_are_read_again_where_what_forks_readers_was_killed() -> None:
    _way, killed = workbooks._forker()
    killed.kill()
    killed.wait()
    (grid,) = open_workbook(b"a,b", "目录.csv")
    assert grid.rows == (("a", "b"),)
    assert workbooks._forker()[1].pid != killed.pid


def test_no_reader_knows_the_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORTAL_SECRET", "ab" * 32)
    workbooks.end_forker()
    open_workbook(b"a,b", "目录.csv")
    assert b"PORTAL_" not in Path(f"/proc/{workbooks._forker()[1].pid}/environ").read_bytes()


def test_what_forks_readers_ends_with_the_portal() -> None:
    way, forker = workbooks._forker()
    way.close()
    assert forker.wait(60) == 0
    workbooks.end_forker()


def test_a_fault_of_ours_is_no_fault_of_the_file() -> None:
    with pytest.raises(RuntimeError, match="TypeError"):
        open_workbook(b"a,b", "目录.csv", Limits(rows="many"))  # type: ignore[arg-type]
