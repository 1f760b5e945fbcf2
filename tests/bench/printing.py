"""A notice and rosters on paper, beside headless Chromium and Typst: the same words in the same fonts."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from html import escape
from pathlib import Path
from random import Random
from statistics import median

import pypdfium2

from app.printing import Column, Snapshot, Table, columns, fonts, render, stop
from app.printing.sheet import sheet as geometry
from tests.browser import installed
from tests.pdf.samples import NOTICE, POSTS, RARE_NAMES

ROUNDS = 5
TWO_PAGES = replace(NOTICE, paragraphs=NOTICE.paragraphs[:7])


def roster(rows: int) -> Snapshot:
    """Eight columns as a register has them; every tenth name is a rare one."""
    chance = Random(rows)

    def row(number: int) -> tuple[str, ...]:
        given = chance.choice(RARE_NAMES) if number % 10 == 0 else "".join(chance.choices("建国秀兰振华思远淑珍", k=2))
        return (
            str(number),
            chance.choice("赵钱孙李周吴郑王冯陈") + given,
            chance.choice(("男", "女")),
            chance.choice(POSTS),
            f"春晖路{chance.randint(1, 99)}号{chance.randint(1, 20)}幢{chance.randint(1, 28)}室",
            f"139{chance.randint(0, 99_999_999):08}",
            f"2026年{chance.randint(1, 12)}月{chance.randint(1, 28)}日",
            f"{chance.randint(0, 4_000) / 2:.1f}",
        )

    labels = ("序号", "姓名", "性别", "岗位", "住址", "联系电话", "上岗日期", "时长")
    heads = tuple(Column(label, "right" if label == "时长" else "left") for label in labels)
    return Snapshot(
        layout="register",
        title="春晖社区党员服务岗位名册",
        number="春晖社区〔2026〕13号",
        issuer="中共春晖社区委员会",
        issued_on="2026-03-05",
        table=Table(heads, tuple(row(number) for number in range(1, rows + 1))),
    )


SHEETS = {"2-page notice": TWO_PAGES, "200 x 8 roster": roster(200), "5,000 x 8 roster": roster(5_000)}


def prints(folder: Path, plainly: bool = False) -> None:
    """Medians, ratios to the portal, peak memory and sizes; ``plainly``: also 5,000 rows laid out by WeasyPrint."""
    print(f"\n{'':18}{'':10}{'seconds':>9}{'ratio':>8}{'MB':>7}{'kB':>8}{'pages':>7}")
    browser = installed()
    for name, sheet in SHEETS.items():
        _prepare(folder, sheet)
        commands = {"portal": _portal(folder), "Typst": _typst(folder)}
        if browser:
            commands["Chromium"] = _chromium(browser, folder)
        portal = 0.0
        for engine, command in commands.items():
            if engine == "portal":  # from a worker that is running, as in the server
                seconds = portal = _median(partial(_render, sheet, folder))
            else:
                seconds = _median(partial(subprocess.run, command, capture_output=True, check=True))
            memory = _peak_memory(command)
            pdf = folder / f"{engine}.pdf"
            with pypdfium2.PdfDocument(pdf) as document:
                pages = len(document)
            figures = (
                f"{seconds:9.2f}{seconds / portal:8.2f}{memory / 1e6:7.0f}{pdf.stat().st_size / 1e3:8.0f}{pages:7}"
            )
            print(f"{name:18}{engine:10}{figures}", flush=True)
    stop()
    if plainly:
        _plainly(SHEETS["5,000 x 8 roster"])


def _render(sheet: Snapshot, folder: Path) -> None:
    (folder / "portal.pdf").write_bytes(render(sheet, timeout=300))


def _median(work: Callable[[], object]) -> float:
    work()
    taken = []
    for _round in range(ROUNDS):
        start = time.perf_counter()
        work()
        taken.append(time.perf_counter() - start)
    return median(taken)


def _plainly(sheet: Snapshot) -> None:
    from app.printing import drawing, stamping

    stamping.LONG = len(sheet.table.rows) + 1 if sheet.table else 0
    start = time.perf_counter()
    pdf = drawing.draw(sheet)
    seconds = time.perf_counter() - start
    with pypdfium2.PdfDocument(pdf) as document:
        print(f"plainly: {seconds:.1f} s, {len(document) / seconds:.1f} pages a second, {len(pdf) / 1e3:.0f} kB")


def _portal(folder: Path) -> list[str]:
    """The drawing alone, in a process that ends with it."""
    call = f"draw(Snapshot.from_json(open('{folder}/sheet.json', encoding='utf-8').read()))"
    return [sys.executable, "-c", f"from app.printing import Snapshot, draw; {call}"]


def _peak_memory(command: list[str]) -> int:
    """The most bytes that ``command`` and all it starts hold at once, what they share counted once."""
    most = 0
    with subprocess.Popen(
        command, start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        while process.poll() is None:
            most = max(most, sum(map(_memory, _session(process.pid))))
            time.sleep(0.02)
    return most


def _session(leader: int) -> list[int]:
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            if int(path.read_text().rpartition(")")[2].split()[3]) == leader:
                found.append(int(path.parent.name))
        except (FileNotFoundError, ProcessLookupError):
            continue
    return found


def _memory(process: int) -> int:
    try:
        lines = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return 0
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))


# ---- the same sheet for the others ----------------------------------------------------------------------------


def _prepare(folder: Path, sheet: Snapshot) -> None:
    page = geometry(sheet.paper, sheet.landscape)
    fit = columns.fit(sheet.table, page.type_ems) if sheet.table else None
    size = fit.size * page.em if fit else page.em
    widths = fit.percents if fit else ()
    (folder / "sheet.json").write_text(sheet.to_json(), encoding="utf-8")
    (folder / "sheet.html").write_text(_html(sheet, size, widths), encoding="utf-8")
    typst = f"#let size = {size}pt\n#let widths = ({''.join(f'{width}%, ' for width in widths)})\n" + TYPST
    (folder / "sheet.typ").write_text(typst, encoding="utf-8")


def _html(sheet: Snapshot, size: float, widths: Sequence[float]) -> str:
    text = "".join(f"<p>{escape(line)}</p>" for line in sheet.paragraphs)
    table = ""
    if sheet.table:
        cols = "".join(f'<col style="width: {width}%">' for width in widths)
        head = "".join(f"<th>{escape(column.label)}</th>" for column in sheet.table.columns)
        rows = "".join("<tr>" + "".join(f"<td>{escape(c)}</td>" for c in row) + "</tr>" for row in sheet.table.rows)
        table = f"<table>{cols}<thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
    fang_song = fonts._font_file(fonts.load().chains["body"][0])
    return f"""<!doctype html><html lang="zh-CN"><meta charset="utf-8"><title>{escape(sheet.title)}</title><style>
@font-face {{ font-family: FangSong; src: url("{fang_song.as_uri()}") }}
@page {{ size: A4; margin: 37mm 26mm 35mm 28mm; @bottom-center {{ content: counter(page) " / " counter(pages) }} }}
body {{ font: 16pt/29pt FangSong, "LXGW WenKai Light", "Noto Serif CJK SC"; margin: 0 }}
h1 {{ font: bold 22pt/35pt "Noto Serif CJK SC"; text-align: center }}
p {{ margin: 0; text-align: justify; text-indent: 2em }}
table {{ border-collapse: collapse; font: {size}pt/1.35 "Noto Serif CJK SC"; table-layout: fixed; width: 100% }}
th {{ font-family: "Noto Sans CJK SC"; font-weight: normal }}
th, td {{ border: 0.5pt solid; padding: 0.18em 0.42em; text-align: left }}
tr {{ break-inside: avoid }}
</style><h1>{escape(sheet.title)}</h1><p>{escape(sheet.number)}</p>{text}{table}<p>{escape(sheet.issuer)}</p>"""


TYPST = """
#let sheet = json("sheet.json")
#set document(title: sheet.title)
#set page(paper: "a4", margin: (top: 37mm, left: 28mm, right: 26mm, bottom: 35mm), numbering: "1 / 1")
#set text(font: ("FandolFang R", "LXGW WenKai Light", "Noto Serif CJK SC"), size: 16pt, lang: "zh", region: "cn")
#set par(justify: true, first-line-indent: (amount: 2em, all: true), leading: 13pt, spacing: 13pt)
#align(center, text(font: "Noto Serif CJK SC", size: 22pt, weight: "bold", sheet.title))
#sheet.number
#for paragraph in sheet.paragraphs [#par(paragraph)]
#if sheet.table != none {
  set text(font: "Noto Serif CJK SC", size: size)
  set par(first-line-indent: 0pt, justify: false, leading: 0.5em)
  table(
    columns: widths, stroke: 0.5pt, inset: (x: 0.42em, y: 0.35em),
    table.header(..sheet.table.columns.map(column => text(font: "Noto Sans CJK SC", column.label))),
    ..sheet.table.rows.flatten()
  )
}
#sheet.issuer
"""


def _typst(folder: Path) -> list[str]:
    """A process each time: in one process Typst would remember the last sheet and not lay it out again."""
    every = {font for chain in fonts.load().chains.values() for font in chain}
    paths = sorted({str(fonts._font_file(font).parent) for font in every})
    call = f"typst.compile('{folder}/sheet.typ', output='{folder}/Typst.pdf', font_paths={paths})"
    return [sys.executable, "-c", f"import typst; {call}"]


def _chromium(browser: str, folder: Path) -> list[str]:
    command = [browser, "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={folder}/profile"]
    return [*command, "--no-pdf-header-footer", f"--print-to-pdf={folder}/Chromium.pdf", f"file://{folder}/sheet.html"]
