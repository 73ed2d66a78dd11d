"""A year's days as the State Council's notice (国办通知) gives them, from CSV, Excel or JSON.

Tables have the columns 日期 | 类型 | 名称; a date cell may hold a span (2027-02-05 至 2027-02-11), the kind is
休 or 班. JSON is {"days": [{"date", "off", "name"}]}; `isOffDay` is read as `off`.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from app.i18n import _

MAX_BYTES = 1_000_000
_OFF = {"休", "放假", "休息", "节假日", "假", "holiday", "off", "0", "false", "否"}
_WORK = {
    "班",
    "上班",
    "工作日",
    "调休上班",
    "补班",
    "workday",
    "work",
    "1",
    "true",
    "是",
}
_HEADS = {
    "date": ("日期", "date", "day"),
    "kind": ("类型", "休班", "是否上班", "kind", "type", "is_workday"),
    "name": ("名称", "节日", "备注", "说明", "name", "note"),
}
_EXCEL_EPOCH = dt.date(1899, 12, 30)
_LONGEST_SPAN = 31


@dataclass(frozen=True)
class RowError:
    """What is wrong with one row, in words."""

    row: int
    message: str

    def __str__(self) -> str:
        return _("第 %(row)s 行：%(problem)s", row=self.row, problem=self.message)


@dataclass
class Notice:
    """What a file says. A file with errors is not imported: half a year would make wrong deadlines silently."""

    days: dict[dt.date, tuple[bool, str]] = field(default_factory=dict)
    errors: list[RowError] = field(default_factory=list)

    @property
    def years(self) -> list[int]:
        return sorted({day.year for day in self.days})


def read_notice(content: bytes, filename: str) -> Notice:
    """Read a file; what cannot be read at all is an error of row 0."""
    if len(content) > MAX_BYTES:
        return Notice(errors=[RowError(0, _("文件过大，最多 1 MB"))])
    suffix = filename.rsplit(".", 1)[-1].lower()
    readers = {
        "csv": _csv_rows,
        "txt": _csv_rows,
        "xlsx": _xlsx_rows,
        "json": _json_rows,
    }
    if suffix not in readers:
        return Notice(errors=[RowError(0, _("只支持 csv、xlsx、json 文件"))])
    notice = Notice()
    try:
        for number, date, kind, name in readers[suffix](content):
            _take(notice, number, date, kind, name)
    except Unreadable as wrong:
        notice.errors.append(RowError(0, str(wrong)))
    if not notice.days and not notice.errors:
        notice.errors.append(RowError(0, _("文件中没有日期")))
    return notice


class Unreadable(ValueError):
    """The file as a whole is not what its name says."""


def _take(notice: Notice, number: int, date: Any, kind: Any, name: Any) -> None:
    try:
        worked = _worked(kind)
        for day in _span(date):
            entry = (worked, _plain(name)[:80])
            if notice.days.get(day, entry)[0] != worked:
                raise Unreadable(_("%(day)s 前后矛盾，既是休又是班", day=day.isoformat()))
            notice.days[day] = entry
    except Unreadable as wrong:
        notice.errors.append(RowError(number, str(wrong)))


def _worked(kind: Any) -> bool:
    if isinstance(kind, bool):
        return kind
    word = _plain(kind).lower()
    if word in _WORK:
        return True
    if word in _OFF:
        return False
    raise Unreadable(_("类型“%(kind)s”看不懂，请填“休”或“班”", kind=_plain(kind)[:20]))


def _span(value: Any) -> Iterator[dt.date]:
    if isinstance(value, str):
        ends = re.split(r"\s*(?:至|到|~|～|—+|–)\s*", value.strip())
        if len(ends) == 2:
            first, last = _day(ends[0]), _day(ends[1])
            if not 0 <= (last - first).days < _LONGEST_SPAN:
                raise Unreadable(_("起止日期不对：%(text)s", text=value[:40]))
            yield from (first + dt.timedelta(n) for n in range((last - first).days + 1))
            return
    yield _day(value)


def _day(value: Any) -> dt.date:
    if isinstance(value, dt.datetime):
        value = value.date()
    if not isinstance(value, dt.date):
        value = _day_from_text(_plain(value))
    day: dt.date = value
    if not 2004 <= day.year <= 2199:
        raise Unreadable(_("年份超出范围：%(day)s", day=day.isoformat()))
    return day


def _day_from_text(text: str) -> dt.date:
    if re.fullmatch(r"\d{5}(\.0+)?", text):  # an Excel serial number
        return _EXCEL_EPOCH + dt.timedelta(int(float(text)))
    found = re.fullmatch(r"(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*日?", text) or re.fullmatch(
        r"(\d{4})(\d{2})(\d{2})", text
    )
    try:
        return dt.date(*(int(part) for part in found.groups())) if found else _refuse_day(text)
    except ValueError:
        return _refuse_day(text)


def _refuse_day(text: str) -> dt.date:
    raise Unreadable(_("日期“%(text)s”看不懂，应如 2027-10-01", text=text[:40]))


def _plain(value: Any) -> str:
    return "" if value is None else str(value).strip()


def _columns(head: list[Any]) -> tuple[int, int, int | None]:
    words = [_plain(cell).lower() for cell in head]
    found = {key: next((i for i, word in enumerate(words) if word in names), None) for key, names in _HEADS.items()}
    if found["date"] is None or found["kind"] is None:
        raise Unreadable(_("缺少表头，第一行应有“日期”“类型”两列"))
    return found["date"], found["kind"], found["name"]


def _table(rows: Iterator[list[Any]]) -> Iterator[tuple[int, Any, Any, Any]]:
    date, kind, name = _columns(next(rows, []))
    for number, row in enumerate(rows, 2):
        if any(_plain(cell) for cell in row):
            cells = [*row, *[None] * 8]
            yield (
                number,
                cells[date],
                cells[kind],
                cells[name] if name is not None else "",
            )


def _csv_rows(content: bytes) -> Iterator[tuple[int, Any, Any, Any]]:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = content.decode(encoding)
            break
        except UnicodeDecodeError:
            continue
    else:
        raise Unreadable(_("文字编码看不懂，请存为 UTF-8"))
    try:
        rows = list(csv.reader(io.StringIO(text, newline="")))
    except csv.Error as wrong:
        raise Unreadable(_("不是完好的 csv 文件")) from wrong
    return _table(iter(rows))


def _xlsx_rows(content: bytes) -> Iterator[tuple[int, Any, Any, Any]]:
    from openpyxl import load_workbook

    try:
        sheet = load_workbook(io.BytesIO(content), read_only=True, data_only=True).active
        rows = [list(row) for row in sheet.iter_rows(values_only=True, max_row=1000, max_col=10)] if sheet else []
    except Exception as wrong:  # openpyxl raises whatever the damage happens to be
        raise Unreadable(_("不是完好的 Excel 文件")) from wrong
    return _table(iter(rows))


def _json_rows(content: bytes) -> Iterator[tuple[int, Any, Any, Any]]:
    try:
        data = json.loads(content)
        days = data["days"] if isinstance(data, dict) else data
        rows = [
            (
                day["date"],
                not (day["off"] if "off" in day else day["isOffDay"]),
                day.get("name", ""),
            )
            for day in days
        ]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as wrong:
        raise Unreadable(_("不是所需格式的 JSON")) from wrong
    return ((number, *row) for number, row in enumerate(rows, 1))
