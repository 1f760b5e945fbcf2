"""Sheets to print in tests. People and places are made up."""

from app.printing import Column, Snapshot, Table

RARE_NAMES = ["㛃", "䶮", "喆", "堃", "昇", "淼", "翀", "龑", "𠅤", "𬭎", "𫖯"]

LONG = (
    "为进一步规范社区党务居务公开工作，保障居民群众的知情权、参与权、表达权和监督权，根据《中华人民共和国城市"
    "居民委员会组织法》和街道2026年第3号通知要求，经社区党委会议研究决定，现将第一季度党员服务岗位认领情况予以"
    "公示（含“先锋岗”“示范岗”），公示期为7天，自2026年3月5日起至2026年3月11日止。居民群众如有异议，可于公示期内"
    "来电、来信或者到社区党群服务中心（A座201室）反映——反映情况应当实事求是……"
)
PLAIN = "春风吹过小区的每一条道路居民群众在党群服务中心门前的公开栏下驻足细看" * 12

NOTICE = Snapshot(
    layout="notice",
    title="关于2026年第一季度在职党员服务岗位认领情况的公示",
    number="春晖社区〔2026〕12号",
    issuer="中共春晖社区委员会",
    issued_on="2026-03-05",
    paragraphs=(
        "社区全体居民：",
        LONG,
        "一、公示内容",
        "（一）岗位设置。社区设政策宣传、环境卫生监督、治安巡逻等9个岗位，由" + "、".join(RARE_NAMES) + "等认领。",
        "（二）认领办法",
        "1. 本人申报；2. 支部推荐；3. 社区党委审定。",
        PLAIN,
        PLAIN,
        "二、受理方式",
        LONG,
        "特此公示。",
    ),
    notes=("监督电话：0571-88886666（工作日9:00—17:00）",),
    short_code="7KQ2-M9XD",
)

POSTS = ("环境卫生监督岗", "政策宣传岗", "治安巡逻岗", "便民代办岗")
ROWS = tuple(
    (
        str(i + 1),
        "王" + RARE_NAMES[i % 11],
        POSTS[i % 4],
        "负责小区楼道、绿化带的卫生巡查与劝导，每周不少于两次，遇有问题及时上报" if i % 3 else "协助开展政策宣传",
        f"2026年{i % 12 + 1}月{i % 28 + 1}日",
        f"{i * 37.5:.1f}",
    )
    for i in range(70)
)
REGISTER = Snapshot(
    layout="register",
    title="春晖社区党员服务岗位名册",
    number="春晖社区〔2026〕13号",
    issuer="中共春晖社区委员会",
    issued_on="2026-03-05",
    table=Table(
        columns=(
            Column("序号", "center"),
            Column("姓名", "center"),
            Column("岗位"),
            Column("职责"),
            Column("上岗日期", "center"),
            Column("时长（小时）", "right"),
        ),
        rows=ROWS,
    ),
    notes=("监督电话：0571-88886666",),
)
SHORT_REGISTER = Snapshot(
    layout="register",
    title="春晖社区共建单位联络表",
    issuer="春晖社区居民委员会",
    issued_on="2026-12-31",
    sealed=False,
    table=Table(
        columns=(Column("单位"), Column("联络员"), Column("电话")), rows=(("春晖小学", "王喆", "0571-88880001"),)
    ),
)


_DUTIES = (
    "负责小区楼道、绿化带的卫生巡查与劝导，每周不少于两次，遇有问题及时向社区网格员上报并跟踪处理结果",
    "向居民群众宣传党的方针政策和社区各项便民措施，协助做好文明城市创建入户宣传与意见收集工作",
    "参加夜间治安巡逻，留意消防通道占用、飞线充电等安全隐患，及时劝阻并做好登记",
)
_NAMES = ("王建国", "李秀兰", "欧阳振华", "张伟", "陈思远", "赵淑珍")


def table_notice(rows: int) -> Snapshot:
    """A notice whose table has sentences in it."""
    return Snapshot(
        layout="notice",
        title="春晖社区2026年第三季度在职党员服务岗位认领情况的公示",
        number="春晖社区〔2026〕12号",
        issuer="中共春晖社区委员会",
        issued_on="2026-03-05",
        paragraphs=(
            "社区全体居民：",
            "为方便居民群众监督，现将本季度在职党员服务岗位认领情况予以公示，公示期为2026年3月5日至2026年3月11日。"
            "居民群众如有异议，请于公示期内向社区党群服务中心反映。",
        ),
        table=Table(
            columns=tuple(map(Column, ("序号", "岗位名称", "岗位职责", "认领人", "服务时间"))),
            rows=tuple((f"{i + 1:03}", POSTS[i % 4], _DUTIES[i % 3], _NAMES[i % 6], "每周六上午") for i in range(rows)),
        ),
        notes=("监督电话：0571-88886666（工作日9:00—17:00）",),
        short_code="7KQ2-M9XD",
    )


def roster(rows: int, columns: int = 3) -> Snapshot:
    """A register of short cells."""
    labels = ("序号", "姓名", "楼栋", "联系电话")[:columns]
    return Snapshot(
        layout="register",
        title="居民小组长名册",
        issuer="春晖社区居民委员会",
        issued_on="2026-03-05",
        table=Table(
            columns=tuple(map(Column, labels)),
            rows=tuple(
                (f"{i + 1:03}", _NAMES[i % 6], f"{i % 20 + 1}号楼{i % 3 + 1}单元", f"1380571{i:04}")[:columns]
                for i in range(rows)
            ),
        ),
    )
