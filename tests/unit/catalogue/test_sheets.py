"""Catalogues come in from the sheets offices have. The shapes are those of published catalogues, the words made up."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.catalogue.limits import read_time_limit
from app.catalogue.sheets import CatalogueRow, NoCatalogue, best_catalogue, read_catalogue
from app.kernel.workbooks import Grid, Range, open_workbook
from config import ROOT


def grid(text: str, *merged: Range, name: str = "目录", hidden: bool = False) -> Grid:
    """A sheet drawn with a line for each row and | between the cells; \\ stands for a line break in a cell."""
    rows = [[cell.strip().replace("\\", "\n") for cell in line.split("|")] for line in text.strip("\n").splitlines()]
    width = max(map(len, rows))
    return Grid(name, tuple((*row, *[""] * (width - len(row))) for row in rows), merged, hidden)


def told(remarks) -> list[tuple[int, str]]:
    return [(remark.line, remark.message % remark.params) for remark in remarks]


# --- the shapes of published catalogues ----------------------------------------------------------------------------

CHANNELS = "■政府网站 □政府公报\\□两微一端 □发布会/听证会\\■社区/企事业单位/村公示栏（电子屏）"
TOWN = grid(
    f"""
附件2
柳荫街道基层政务公开标准目录（社会救助领域）
序号|公 开 事 项||公开内容\\（要素）|公开依据|公开时限|公开主体|公开渠道和载体|公开对象||公开方式||公开层级|
|一级\\事项|二级\\事项||||||全社会|特定群体|主动|依申请公开|县级|乡、村级
1|综合业务|监督检查|●社会救助信访电话\\●投诉举报电话|《政府信息公开条例》|制定或获取信息之日起10个工作日内|民政部门、街道办事处|{CHANNELS}|√||√||√|√
2||政策法规文件|文件全文|《最低生活保障审核确认办法》|同上|同上|同上|√||√|||√
3|最低生活保障|审核信息|初审对象名单|同上|公示7个工作日|街道办事处|□政府网站 ☑社区公示栏|√|低保申请人|√||×|√
""",
    Range(1, 0, 1, 13),
    Range(2, 1, 2, 2),
    *(Range(2, column, 3, column) for column in (0, 3, 4, 5, 6, 7)),
    Range(2, 8, 2, 9),
    Range(2, 10, 2, 11),
    Range(2, 12, 2, 13),
    Range(4, 1, 5, 1),
)


def test_the_standard_catalogue_of_a_sub_district_with_a_head_of_two_lines():
    sheet = read_catalogue(TOWN)
    assert (sheet.title, sheet.head_row) == ("柳荫街道基层政务公开标准目录（社会救助领域）", 3)
    assert sheet.items == (
        CatalogueRow(
            line=5,
            position="1",
            first_level="综合业务",
            name="监督检查",
            content="●社会救助信访电话\n●投诉举报电话",
            basis="《政府信息公开条例》",
            time_limit="制定或获取信息之日起10个工作日内",
            publisher="民政部门、街道办事处",
            channels="政府网站、社区/企事业单位/村公示栏（电子屏）",
            audience="全社会",
            manner="主动公开",
            tier="县级、乡、村级",
        ),
        CatalogueRow(
            line=6,
            position="2",
            first_level="综合业务",
            name="政策法规文件",
            content="文件全文",
            basis="《最低生活保障审核确认办法》",
            time_limit="制定或获取信息之日起10个工作日内",
            publisher="民政部门、街道办事处",
            channels="政府网站、社区/企事业单位/村公示栏（电子屏）",
            audience="全社会",
            manner="主动公开",
            tier="乡、村级",
        ),
        CatalogueRow(
            line=7,
            position="3",
            first_level="最低生活保障",
            name="审核信息",
            content="初审对象名单",
            basis="《最低生活保障审核确认办法》",
            time_limit="公示7个工作日",
            publisher="街道办事处",
            channels="社区公示栏",
            audience="全社会、特定群体（低保申请人）",
            manner="主动公开",
            tier="乡、村级",
        ),
    )
    assert sheet.problems == sheet.unknown_headings == ()
    assert told(sheet.ignored) == [(1, "“附件2” stands above the headings.")]


def test_the_catalogue_of_a_community_with_a_head_of_one_line_and_notes_around():
    sheet = read_catalogue(
        grid(
            """
和风社区居务公开目录
填报单位：和风社区居委会||||填报时间：2026年1月
序号|类别|公开事项|公开内容|公开依据|公开时限|责任主体|公开形式|备注
1|居务|居委会成员|姓名、职务、分工|《城市居民委员会组织法》|长期公开，变更及时更新|居委会|社区公示栏\\微信群|
2||会议决定|决定的事项和实施情况|《城市居民委员会组织法》|每季度公布一次|居委会|社区公示栏、电子显示屏|按次

3|财务|财务收支|收入、支出、结余|《城市居民委员会组织法》|每月公布一次|居委会|社区公示栏|
注：1.本目录由居委会负责解释。
制表人：张三||审核人：李四
"""
        )
    )
    assert [(item.line, item.position, item.category, item.name, item.channels) for item in sheet.items] == [
        (4, "1", "居务", "居委会成员", "社区公示栏、微信群"),
        (5, "2", "居务", "会议决定", "社区公示栏、电子显示屏"),
        (7, "3", "财务", "财务收支", "社区公示栏"),
    ]
    assert sheet.title == "和风社区居务公开目录"
    assert sheet.unknown_headings == ("备注",)
    assert sheet.problems == ()
    assert [remark.line for remark in sheet.ignored] == [2, 8, 9]


def test_a_party_catalogue_names_what_is_disclosed_and_whether_inside_the_party_or_to_society():
    sheet = read_catalogue(
        grid(
            """
和风社区党总支党务公开目录
序号|公开内容|公开范围||公开方式|公开时间|责任人
||党内|社会|||
一、固定公开
1|党组织设置、班子成员及分工|√|√|公示栏|长期公开|组织委员
二、定期公开
2|党费收缴、使用情况|√||党员大会|每半年一次|组织委员
"""
        )
    )
    assert [(item.category, item.name, item.audience, item.channels, item.manner) for item in sheet.items] == [
        ("固定公开", "党组织设置、班子成员及分工", "党内、社会", "公示栏", ""),
        ("定期公开", "党费收缴、使用情况", "党内", "党员大会", ""),
    ]
    assert [item.publisher for item in sheet.items] == ["组织委员"] * 2
    assert sheet.ignored == sheet.problems == ()


def test_a_csv_knows_of_no_merged_cells_so_blank_categories_and_main_matters_stand_for_those_above():
    sheet = read_catalogue(
        grid(
            """
公开类别|一级事项|二级事项|公开内容要素|公开时限
党务|组织建设|发展党员|拟接收的预备党员|公示5个工作日
||党费|收缴和使用|每季度
|教育管理|学习计划|全年安排|每年
居务||居民公约|全文|长期公开
|民主协商||议题和结果|会后5个工作日内
"""
        )
    )
    assert [(item.category, item.first_level, item.name) for item in sheet.items] == [
        ("党务", "组织建设", "发展党员"),
        ("党务", "组织建设", "党费"),
        ("党务", "教育管理", "学习计划"),
        ("居务", "", "居民公约"),
        ("居务", "", "民主协商"),
    ]
    assert [item.position for item in sheet.items] == ["1", "2", "3", "4", "5"]


def test_a_village_catalogue_by_year_plan_in_which_the_headings_come_again_on_every_page():
    sheet = read_catalogue(
        grid(
            """
2026年村（居）务公开事项清单
序号|1.公开事项|2.公开依据|3.公开时限（频次）|4.公开主体|5.公开渠道|6.公开层级
1|财务收支|组织法|每季度的首个月20日|居委会|公开栏|村级
2026年村（居）务公开事项清单
序号|1.公开事项|2.公开依据|3.公开时限（频次）|4.公开主体|5.公开渠道|6.公开层级
2|低保对象|审核确认办法|每月|居委会|公开栏|村级
"""
        )
    )
    assert [(item.name, item.tier) for item in sheet.items] == [("财务收支", "村级"), ("低保对象", "村级")]
    assert told(sheet.ignored) == [(4, AGAIN), (5, AGAIN)]


AGAIN = "The headings or the title once more."


def test_tables_below_each_other_may_have_their_columns_in_another_order():
    sheet = read_catalogue(
        grid(
            """
党务公开
事项|时限|主体
党费|每季度|党支部
居务公开
事项|主体|时限
低保|居委会|每月
"""
        )
    )
    assert [(item.name, item.time_limit, item.publisher) for item in sheet.items] == [
        ("党费", "每季度", "党支部"),
        ("低保", "每月", "居委会"),
    ]


def test_three_levels_of_matters_are_category_main_matter_and_matter():
    sheet = read_catalogue(grid("一级目录|二级目录|三级目录|时限\n居务|选举|选举结果|每届"))
    assert [(item.category, item.first_level, item.name) for item in sheet.items] == [("居务", "选举", "选举结果")]


# --- cells -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cell", "channels"),
    [
        ("■社区公示栏 □政府网站 ■微信群", "社区公示栏、微信群"),
        ("☑社区公示栏\\□政府网站\\☑其他：LED屏", "社区公示栏、其他：LED屏"),
        ("（√）社区公示栏 （ ）政府网站", "社区公示栏"),
        ("[√]社区公示栏 [ ]政府网站", "社区公示栏"),
        ("社区公示栏√ 政府网站□", "社区公示栏"),
        ("n社区公示栏 □政府网站", "社区公示栏"),
        ("请选择：■社区公示栏 □政府网站", "社区公示栏"),
        ("社区公示栏、电子显示屏", "社区公示栏、电子显示屏"),
        ("社区公示栏；\\电子显示屏", "社区公示栏、电子显示屏"),
        ("", ""),
    ],
)
def test_of_channels_with_boxes_only_the_ticked_ones_count(cell, channels):
    (item,) = read_catalogue(grid(f"事项|时限|渠道\n财务|每月|{cell}")).items
    assert item.channels == channels


def test_boxes_of_which_none_is_ticked_are_told():
    sheet = read_catalogue(grid("事项|时限|渠道\n财务|每月|□社区公示栏 □政府网站"))
    assert [(remark.line, remark.field, remark.message) for remark in sheet.problems] == [
        (2, "channels", "It cannot be seen what is ticked here.")
    ]


@pytest.mark.parametrize("tick", ["√", "✓", "✔", "■", "●", "是", "1", "V", "v", "∨", " √ "])
def test_a_tick_has_many_shapes(tick):
    (item,) = read_catalogue(grid(f"事项|时限|公开对象|\n||全社会|特定对象\n财务|每月|{tick}|")).items
    assert item.audience == "全社会"


@pytest.mark.parametrize("cross", ["", "×", "否", "□", "-", "/"])
def test_and_so_has_its_absence(cross):
    (item,) = read_catalogue(grid(f"事项|时限|公开对象|\n||全社会|特定对象\n财务|每月|{cross}|√")).items
    assert item.audience == "特定群体"


@pytest.mark.parametrize(
    ("cell", "manner"), [("主动", "主动公开"), ("依申请", "依申请公开"), ("■主动公开 □依申请公开", "主动公开")]
)
def test_the_manner_may_be_written_into_one_column(cell, manner):
    (item,) = read_catalogue(grid(f"事项|时限|公开方式\n财务|每月|{cell}")).items
    assert (item.manner, item.channels) == (manner, "")


@pytest.mark.parametrize(
    ("headings", "field"),
    [
        (
            ("公开时限", "公 开\n时 限", "公开时间", "时效", "公开频次", "公示期限", "更新频率", "五、公开时限及频次"),
            "time_limit",
        ),
        (("公开内容（要素）", "公开内容(要素)", "内容要素", "公开要素", "具体内容", "4．公开内容"), "content"),
        (("公开依据", "依据", "政策依据", "法律法规依据", "公开依据（文件）"), "basis"),
        (("公开主体", "责任主体", "责任单位", "公开单位", "责任部门", "公开责任主体", "责任人"), "publisher"),
        (("公开渠道和载体", "公开渠道", "载体", "公开形式", "公开渠道及方式", "公布形式", "公开平台"), "channels"),
        (("公开对象", "公开范围", "对象"), "audience"),
        (("公开层级", "层级"), "tier"),
        (("类别", "公开类别", "事项类别", "分类"), "category"),
        (("公开事项", "公开项目", "事项名称", "事项", "（二）公开事项", "公开事项名称"), "name"),
    ],
)
def test_headings_are_known_by_their_usual_names(headings, field):
    for heading in headings:
        cells = {"name": "公开事项", "time_limit": "公开时限", "basis": "公开依据"} | {field: heading}
        made = Grid("目录", (tuple(cells.values()), tuple(f"{name}的内容" for name in cells)))
        (item,) = read_catalogue(made).items
        assert getattr(item, field) == f"{field}的内容", heading


def test_the_own_numbers_count_if_they_rise_and_else_the_places():
    def positions(*numbers: str) -> list[str]:
        rows = [("序号", "事项", "时限"), *((number, f"事项{at}", "每月") for at, number in enumerate(numbers))]
        return [item.position for item in read_catalogue(Grid("目录", tuple(rows))).items]

    assert positions("3", "5", "12.") == ["3", "5", "12"]
    assert positions("1", "2", "1") == ["1", "2", "3"]
    assert positions("1", "", "3") == ["1", "2", "3"]
    assert positions("一", "二") == ["1", "2"]


def test_a_matter_over_several_lines_is_taken_for_each_of_them_and_told_as_repeated():
    sheet = read_catalogue(
        grid(
            "序号|事项|内容|时限|主体\n1|班子成员|姓名、分工|每年|居委会\n2||人员变更|变更后及时|",
            Range(1, 1, 2, 1),
            Range(1, 4, 2, 4),
        )
    )
    assert [(item.name, item.content, item.publisher) for item in sheet.items] == [
        ("班子成员", "姓名、分工", "居委会"),
        ("班子成员", "人员变更", "居委会"),
    ]
    assert told(sheet.problems) == [(3, "The same item stands in row 2 already.")]


# --- what is told ------------------------------------------------------------------------------------------------


def test_an_item_without_a_time_limit_is_kept_and_told():
    sheet = read_catalogue(grid("序号|事项|内容|时限\n1|财务|收支|"))
    assert [item.name for item in sheet.items] == ["财务"]
    assert [(remark.line, remark.field) for remark in sheet.problems] == [(2, "time_limit")]


def test_a_character_that_cannot_be_printed_is_told_where_it_stands():
    sheet = read_catalogue(grid("序号|事项|内容|时限\n1|财务|收支😀|每月"))
    assert [(remark.line, remark.field, remark.params) for remark in sheet.problems] == [
        (2, "content", {"found": "😀"})
    ]


def test_a_line_that_heads_no_item_is_told():
    sheet = read_catalogue(grid("序号|事项|时限\n一、党务公开\n二、居务公开\n1|低保|每月\n三、服务公开"))
    assert [(item.category, item.name) for item in sheet.items] == [("居务公开", "低保")]
    assert told(sheet.ignored) == [
        (2, "There is no item under “一、党务公开”."),
        (5, "There is no item under “三、服务公开”."),
    ]


def test_a_row_that_names_no_item_is_told_with_its_beginning():
    sheet = read_catalogue(grid(f"序号|事项|内容|时限\n1|财务|收支|每月\n2||{'长' * 50}|每月"))
    assert told(sheet.ignored) == [(3, f"No item is named: “2 {'长' * 38}…”")]


def test_cells_under_no_heading_are_told():
    sheet = read_catalogue(grid("序号|事项|时限|||联系人\n1|财务|每月||另见附件|王五"))
    assert sheet.unknown_headings == ("联系人", "E列")


@pytest.mark.parametrize(
    ("sheet", "said"),
    [
        (grid("姓名|电话\n张三|86881234"), "No row has the headings of a catalogue, such as 公开事项 and 公开时限."),
        (
            grid("序号|公开事项|公开依据\n1|财务|组织法"),
            "Row 1 has the headings 序号、公开事项、公开依据, but none for 公开时限.",
        ),
        (
            grid("某社区\n序号|公开时限|公开主体"),
            "Row 2 has the headings 序号、公开时限、公开主体, but none for 公开事项.",
        ),
        (Grid("空", ()), "No row has the headings of a catalogue, such as 公开事项 and 公开时限."),
    ],
)
def test_a_sheet_without_the_needed_headings_is_refused_with_those_found(sheet, said):
    for read in (read_catalogue, lambda sheet: best_catalogue([sheet])):
        with pytest.raises(NoCatalogue) as caught:
            read(sheet)
        assert caught.value.message % caught.value.params == said


def test_the_headings_found_are_handed_over():
    with pytest.raises(NoCatalogue) as caught:
        read_catalogue(grid("序号|公开事项|公开依据"))
    assert caught.value.headings == ("序号", "公开事项", "公开依据")


def test_of_several_sheets_the_visible_one_with_most_headings_is_read_and_the_others_are_named():
    short = grid("事项|时限\n党费|每季度", name="党务")
    full = grid("事项|时限|主体|依据\n低保|每月|居委会|办法", name="居务")
    hidden = grid("序号|事项|内容|时限|主体|依据\n1|旧|旧|每月|旧|旧", name="旧目录", hidden=True)
    roster = grid("姓名|电话\n张三|86881234", name="花名册")
    sheet = best_catalogue([roster, short, hidden, full])
    assert (sheet.sheet, sheet.others) == ("居务", ("党务",))
    assert [item.name for item in sheet.items] == ["低保"]


def test_a_catalogue_on_a_hidden_sheet_is_to_be_shown_first():
    hidden = grid("事项|时限\n低保|每月", name="居务", hidden=True)
    with pytest.raises(NoCatalogue) as caught:
        best_catalogue([grid("姓名|电话"), hidden])
    assert caught.value.params == {"sheet": "居务"}


def test_headings_without_items_make_an_empty_catalogue():
    assert read_catalogue(grid("公开事项|公开时限")).items == ()


CELL = st.one_of(st.sampled_from(["", "√", "□", "同上", "一、党务", "■栏 □网", "注：", "1"]), st.text(max_size=6))
HEADING = st.sampled_from(
    ["序号", "类别", "公开事项", "一级事项", "二级事项", "公开时限", "公开对象", "全社会", "公开方式", "主动", "备注"]
)
ROWS = st.integers(2, 6).flatmap(lambda width: st.lists(st.tuples(*[CELL | HEADING] * width), min_size=1, max_size=8))


@given(ROWS, st.integers(0, 7), st.integers(0, 1))
def test_any_grid_is_read_or_refused(rows, top, column):
    merged = (Range(top, column, len(rows) - 1, column),) if top < len(rows) else ()
    with suppress(NoCatalogue):
        sheet = read_catalogue(Grid("目录", tuple(rows), merged))
        assert all(item.name for item in sheet.items)
        assert all(remark.message % remark.params for remark in sheet.problems + sheet.ignored)


@given(st.lists(st.tuples(CELL, CELL, CELL, CELL), max_size=8))
def test_every_row_below_the_headings_is_an_item_or_told_to_be_ignored(rows):
    head = ("公开事项", "公开内容", "公开时限", "类别")
    sheet = read_catalogue(Grid("目录", (head, head, *rows, head)))
    heads_others = {line for line, row in enumerate(rows, 3) if row[3] and not any(row[:3])}
    accounted = {item.line for item in sheet.items} | {remark.line for remark in sheet.ignored} | heads_others
    assert accounted | {1} >= {line for line, row in enumerate((head, head, *rows, head), 1) if any(row)}


def test_the_longest_sheet_of_headings_is_read_in_no_time():
    rows = (("序号", "公开事项", "公开时限", "公开方式", *["说明"] * 56),) * 2_000
    assert len(read_catalogue(Grid("目录", rows)).ignored) == 1_999


# --- the built-in catalogue --------------------------------------------------------------------------------------

BUILT_IN = ROOT / "seeds" / "catalogue" / "community.csv"


def test_the_built_in_catalogue_is_a_sheet_like_any_other():
    sheet = best_catalogue(open_workbook(BUILT_IN.read_bytes(), BUILT_IN.name))
    assert sheet.problems == sheet.ignored == ()
    assert sheet.unknown_headings == ("公示来源", "公示字段", "公示条件")
    assert {item.category for item in sheet.items} == {"党务", "居务", "财务", "服务"}
    assert [item.position for item in sheet.items] == [str(number) for number in range(1, len(sheet.items) + 1)]
    for item in sheet.items:
        assert all(getattr(item, name) for name in CatalogueRow.__dataclass_fields__), item


def test_every_time_limit_of_the_built_in_catalogue_is_understood():
    sheet = best_catalogue(open_workbook(BUILT_IN.read_bytes(), BUILT_IN.name))
    assert [item.time_limit for item in sheet.items if read_time_limit(item.time_limit) is None] == []
