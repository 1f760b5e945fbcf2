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
