"""A hazard ledger as offices keep it in Excel: hundreds of rows, most of them good, and what must become of each."""

from __future__ import annotations

import datetime as dt
import io
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from openpyxl import Workbook
from stdnum.cn import uscc

from tests.cast import LONGWAN, XINGANG

ROWS = 500
TODAY = dt.date(2026, 4, 9)
HEADINGS = (
    "序号", "隐患编号", "被检查单位\n（全称）", "统一社会信用代码", "属地", "行业领域", "存在问题", "隐患部位",
    "隐患等级", "检查日期", "检查人", "整改期限", "整改责任人", "整改状态", "完成时间", "监管部门", "法律依据",
    "整改要求", "备注", "审批栏",
)  # fmt: skip
NAMES = {
    "number": "隐患编号", "subject": HEADINGS[2], "code": "统一社会信用代码", "town": "属地", "sector": "行业领域",
    "what": "存在问题", "where": "隐患部位", "grade": "隐患等级", "found": "检查日期", "due": "整改期限",
    "state": "整改状态", "done": "完成时间", "department": "监管部门", "note": "备注",
}  # fmt: skip
CODE, SUBJECT, TOWN, WHAT = (NAMES[name] for name in ("code", "subject", "town", "what"))
TOWNS = {XINGANG: "新港街道", LONGWAN: "龙湾镇"}
OFFICES = {"新港街道": "新港街道办事处", "龙湾镇": "龙湾镇人民政府"}
DANGER = "=cmd|'/C calc'!A0"


def code(number: int) -> str:
    """A valid 统一社会信用代码, different for each number."""
    body = f"91990181{number:05d}MA01"
    return body + str(uscc.calc_check_digit(body))


def wrong_code(number: int) -> str:
    """The same with a check character that does not fit."""
    right = code(number)
    return right[:-1] + ("A" if right[-1] != "A" else "B")


@dataclass(frozen=True)
class Company:
    name: str
    code: str
    region: str
    sector: str = "INDUSTRY"


COMPANIES = tuple(
    Company(f"望海市{word}有限公司", code(100 + n), XINGANG if n % 2 else LONGWAN)
    for n, word in enumerate(
        (
            "金源纺织",
            "大成机械",
            "宏远铸造",
            "海力水产",
            "东方化纤",
            "新兴木业",
            "长盛食品",
            "永固建材",
            "华美印染",
            "顺达物流",
        )
    )
)
NEWCOMERS = tuple(
    Company(f"望海市{word}有限公司", code(900 + n), XINGANG) for n, word in enumerate(("启明灯具", "润泽包装"))
)
DISPUTED = code(777)


@dataclass
class Expected:
    """What must become of one row: its outcome and the remarks that must be among those made."""

    number: int
    kind: str
    outcome: str
    codes: frozenset[str] = frozenset()


@dataclass
class Ledger:
    content: bytes
    rows: list[Expected] = field(default_factory=list)

    def having(self, outcome: str) -> list[Expected]:
        return [row for row in self.rows if row.outcome == outcome]


Cells = dict[str, Any]


def serial(day: dt.date) -> int:
    return (day - dt.date(1899, 12, 30)).days


def wide(text: str) -> str:
    """Letters and digits in full width."""
    return "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in text)


class Writer:
    """Makes rows of each kind; every description is its own, so that no two rows are the same by accident."""

    def __init__(self) -> None:
        self.random = random.Random(20260409)
        self.made = 0

    def good(self) -> Cells:
        self.made += 1
        company = COMPANIES[self.made % len(COMPANIES)]
        found = TODAY - dt.timedelta(days=self.random.randrange(1, 90))
        return {
            "序号": self.made,
            "隐患编号": f"WH-2026-{self.made:04d}",
            "被检查单位\n（全称）": company.name,
            "统一社会信用代码": company.code,
            "属地": TOWNS[company.region],
            "行业领域": "工贸",
            "存在问题": f"{self.made} 号车间配电箱未安装漏电保护器",
            "隐患部位": f"{self.made} 号车间",
            "隐患等级": "一般",
            "检查日期": found,
            "检查人": "赵明远、刘洋",
            "整改期限": found + dt.timedelta(days=120),
            "整改责任人": "张三",
            "整改状态": "整改中",
            "监管部门": "应急局",
            "法律依据": "《安全生产法》第三十六条",
            "整改要求": "安装漏电保护器",
        }


Kind = Callable[[Writer], tuple[Cells, str, set[str]]]


def _changed(outcome: str, codes: set[str], **cells: Any) -> Kind:
    def kind(writer: Writer) -> tuple[Cells, str, set[str]]:
        row = writer.good()
        for name, value in cells.items():
            row[NAMES[name]] = value(row) if callable(value) else value
        return row, outcome, codes

    return kind


def _day(row: Cells, heading: str = "检查日期") -> dt.date:
    day: dt.date = row[heading]
    return day


GOOD: dict[str, Kind] = {
    "plain": _changed("new", set()),
    "full-width code with spaces": _changed("new", set(), code=lambda r: f"\u3000{wide(r[CODE])}\u00a0"),
    "lower-case code in groups": _changed("new", set(), code=lambda r: f"{r[CODE][:8]}-{r[CODE][8:]}".lower()),
    "name only": _changed("new", set(), code=None),
    "name with full-width spaces": _changed("new", set(), code="—", subject=lambda r: f"\u3000{r[SUBJECT]}\u200b "),
    "code only": _changed("new", set(), subject=None),
    "short name beside the code": _changed("new", {"name_differs"}, subject=lambda r: r[SUBJECT][3:]),
    "serial date": _changed("new", set(), found=lambda r: serial(_day(r))),
    "serial date as text": _changed("new", set(), found=lambda r: str(serial(_day(r)))),
    "date with points": _changed("new", set(), found=lambda r: f"{_day(r).year}.{_day(r).month}.{_day(r).day}"),
    "date in words": _changed("new", set(), found=lambda r: f"{_day(r).year}年{_day(r).month}月{_day(r).day}日"),
    "date in full width": _changed("new", set(), found=lambda r: wide(f"{_day(r):%Y/%m/%d}")),
    "date without a year": _changed("new", {"year_assumed"}, found="3月2日", due="6月30日前"),
    "limit as a span": _changed("new", {"due_from_span"}, due="60日内"),
    "without a limit": _changed("new", set(), due=None, state=None),
    "past its limit": _changed("new", {"overdue"}, found=dt.date(2026, 2, 2), due=dt.datetime(2026, 3, 2, 0, 0)),
    "major": _changed("new", set(), grade="重大隐患"),
    "town with its office": _changed("new", set(), town=lambda r: OFFICES[r[TOWN]]),
    "command as text": _changed("new", {"formula_text"}, where="＝cmd|'/C calc'!A0"),
    "command formula in a remark": _changed("new", {"formula_text"}, note=DANGER),
    "partly done": _changed("new", set(), state="部分完成"),
    "ordered only": _changed("new", set(), state="已责令限期整改"),
    "several lines": _changed("new", set(), what=lambda r: f"1.{r[WHAT]}；\r\n2. 线路老化\u3000裸露"),
    "number as number": _changed("new", set(), number=lambda r: 2026_0000 + r["序号"]),
}  # fmt: skip
BAD: dict[str, Kind] = {
    "wrong check digit": _changed("error", {"code_check"}, code=lambda r: wrong_code(100 + r["序号"] % len(COMPANIES))),
    "seventeen digits": _changed("error", {"code_length"}, code=lambda r: r["统一社会信用代码"][:17]),
    "code as a number": _changed("error", {"code_digits_lost"}, code=913501001234567890),
    "code in scientific notation": _changed("error", {"code_digits_lost"}, code="9.1350E+17"),
    "code of another": _changed("error", {"code_other_name"}, subject="宏达铸件有限公司"),
    "one code, two names (first)": _changed("error", {"code_two_names"}, code=DISPUTED, subject="甲乙丙商贸"),
    "one code, two names (second)": _changed("error", {"code_two_names"}, code=DISPUTED, subject="子丑寅塑料厂"),
    "unknown enterprise": _changed("error", {"subject_unknown_near"}, code=None, subject="望海市金元纺织有限公司"),
    "unknown town": _changed("error", {"town_unknown_near"}, town="龙弯镇"),
    "town of another city": _changed("error", {"town_unknown"}, town="石岛"),
    "unknown sector": _changed("error", {"sector_unknown_near"}, sector="危险化学用品"),
    "unknown department": _changed("error", {"supervisor_unknown"}, department="XYZ"),
    "command formula": _changed("error", {"formula_without_result"}, what=DANGER),
    "error cell": _changed("error", {"cell_error"}, code="#N/A"),
    "no description": _changed("error", {"missing"}, what="\u3000 "),
    "no enterprise": _changed("error", {"missing"}, subject="/", code=None),
    "date that is none": _changed("error", {"day_unreadable"}, found="上月底"),
    "thirtieth of February": _changed("error", {"no_such_day"}, found="2026-02-30"),
    "found tomorrow": _changed("error", {"found_in_future"}, found=TODAY + dt.timedelta(days=1), due="2026-6-1"),
    "limit before the inspection": _changed("error", {"due_before_found"}, due="2025-12-1"),
    "unknown grade": _changed("error", {"grade_unknown"}, grade="A+"),
    "unclear state": _changed("error", {"status_unknown"}, state="见附件"),
    "state against its day": _changed("error", {"status_contradicts"}, state="未整改", done=dt.date(2026, 4, 1)),
    "too long": _changed("error", {"too_long"}, what="隐患" * 2000),
    "everything wrong at once": _changed(
        "error", {"code_check", "town_unknown_near", "no_such_day"},
        code=wrong_code(104), town="新岗街道", found="2026.4.31",
    ),
}  # fmt: skip
LEFT_OUT: dict[str, Kind] = {
    "closed": _changed("skipped", {"closed"}, state="已完成", done=dt.date(2026, 4, 1)),
    "closed by its day alone": _changed("skipped", {"closed"}, state=None, done="2026.3.30"),
    "closed and wrong besides": _changed("skipped", {"closed"}, state="√", code="123"),
}


def newcomer(which: int) -> Kind:
    company = NEWCOMERS[which]
    return _changed("new", {"subject_new"}, subject=company.name, code=company.code, town=TOWNS[company.region])


def _kinds() -> Iterator[tuple[str, Kind]]:
    """Each kind at least once; the rest is good."""
    yield from GOOD.items()
    for which in (0, 1, 0):
        yield "new enterprise", newcomer(which)
    yield from BAD.items()
    yield from LEFT_OUT.items()
    names = list(GOOD.items())
    bad = [(name, kind) for name, kind in BAD.items() if "two names" not in name]
    turn = 0
    while True:
        turn += 1
        yield names[turn % len(names)]
        if turn % 9 == 0:
            yield bad[turn // 9 % len(bad)]
        if turn % 25 == 0:
            yield "closed", LEFT_OUT["closed"]


def messy_ledger(rows: int = ROWS) -> Ledger:
    """Title rows over all columns, headings, as many rows, repeated headings, blank rows, totals and a signature line."""
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "隐患台账"
    ledger = Ledger(b"")
    sheet.append(["望海市安全生产问题隐患台账"])
    sheet.append([None, "填报单位：市应急管理局"])
    sheet.append(list(HEADINGS))
    sheet.merge_cells("A1:T1")
    writer = Writer()
    for done, (name, kind) in enumerate(islice(_kinds(), rows)):
        if done in (60, 300):
            sheet.append(list(HEADINGS))
            sheet.append([])
        if done == 120:
            sheet.append([writer.made + 1])  # a serial number filled down too far
        cells, outcome, codes = kind(writer)
        _append(sheet, cells)
        ledger.rows.append(Expected(sheet.max_row, name, outcome, frozenset(codes)))
    _twins(sheet, ledger)
    _hide(sheet, ledger)
    _share(sheet, ledger)
    sheet.append(["合计", None, None, None, None, None, f"共 {rows} 项"])
    ledger.rows.append(Expected(sheet.max_row, "total", "skipped", frozenset({"total"})))
    sheet.append(["填表人：李四　审核人：王五"])
    ledger.rows.append(Expected(sheet.max_row, "foot", "skipped", frozenset({"foot"})))
    _second_sheets(book)
    out = io.BytesIO()
    book.save(out)
    ledger.content = out.getvalue()
    return ledger


def _append(sheet: Any, cells: Cells) -> None:
    sheet.append([cells.get(heading) for heading in HEADINGS])
    for cell in sheet[sheet.max_row]:
        if cell.value == "#N/A":
            cell.data_type = "e"


def _twins(sheet: Any, ledger: Ledger) -> None:
    """The last two rows repeat earlier ones: the one word for word, the other with the number of a different hazard."""
    plain = [row for row in ledger.rows if row.kind == "plain"]
    for target, source, outcome, code_ in (
        (ledger.rows[-1], plain[0], "skipped", "repeated"),
        (ledger.rows[-2], plain[1], "error", "number_repeated"),
    ):
        for column in range(1, len(HEADINGS) + 1):
            sheet.cell(target.number, column).value = sheet.cell(source.number, column).value
        if outcome == "error":
            sheet.cell(target.number, 7).value = "消防通道堆放杂物"
        target.kind, target.outcome, target.codes = "twin", outcome, frozenset({code_})


def _hide(sheet: Any, ledger: Ledger) -> None:
    row = next(row for row in ledger.rows[len(ledger.rows) // 2 :] if row.kind == "plain")
    sheet.row_dimensions[row.number].hidden = True
    row.kind, row.codes = "hidden", frozenset({"hidden_row"})


def _share(sheet: Any, ledger: Ledger) -> None:
    """Three rows below each other belong to one enterprise, whose name and code are merged over them."""
    good = [row for row in ledger.rows if row.outcome == "new"]
    first = next(
        a
        for a, b, c in zip(good[150:], good[151:], good[152:], strict=False)
        if c.number == a.number + 2 and a.kind != "hidden"
    )
    company = COMPANIES[0]
    for column, value in ((3, company.name), (4, company.code), (5, TOWNS[company.region])):
        sheet.cell(first.number, column).value = value
        for below in (1, 2):
            sheet.cell(first.number + below, column).value = None
        sheet.merge_cells(start_row=first.number, end_row=first.number + 2, start_column=column, end_column=column)
    for row in good:
        if first.number <= row.number <= first.number + 2:
            row.codes = frozenset(row.codes - {"name_differs"})


def _second_sheets(book: Workbook) -> None:
    notes = book.create_sheet("填表说明")
    notes.append(["一、本表由各单位填报"])
    hidden = book.create_sheet("旧台账")
    hidden.append(list(HEADINGS))
    hidden.sheet_state = "hidden"
