"""What people type into ledgers, brought into one form. Pure functions; what cannot be read raises `Unclear`."""

from __future__ import annotations

import datetime as dt
import math
import re
import unicodedata
from functools import lru_cache
from typing import NoReturn

from app.hazards.ledger.workbook import Cell, Value
from app.subjects import code_key, tidy

_EPOCH = dt.date(1899, 12, 30)
_FIRST_DAY, _LAST_DAY = dt.date(2000, 1, 1), dt.date(2099, 12, 31)
_FIRST_SERIAL, _LAST_SERIAL = (_FIRST_DAY - _EPOCH).days, (_LAST_DAY - _EPOCH).days
_EXACT = 10**15  # beyond 15 digits a spreadsheet's number has lost the last ones
_CODE_LENGTH = 18
_REMEMBERED = 4_096
_INVISIBLE = re.compile(
    r"[\x80-\x84\x86-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u2061-\u206f\ufe00-\ufe0f\ufff9-\ufffb]"
)
_NOTHING = re.compile(r"[-—–―_/\\|.。、,，*×]*|无|暂无|没有|n/?a|null|none|nan|nil", re.IGNORECASE)
_SCIENTIFIC = re.compile(r"[0-9](\.[0-9]+)?E\+?[0-9]{1,3}", re.IGNORECASE)

_FULL = re.compile(r"([0-9]{4}|[0-9]{2}) *[-./年、—–] *([0-9]{1,2}) *[-./月、—–] *([0-9]{1,2}) *[日号]?(.*)")
_PLAIN = re.compile(r"(20[0-9]{2})([01][0-9])([0-3][0-9])")
_SHORT = re.compile(r"([0-9]{1,2}) *[-./月] *([0-9]{1,2}) *[日号]?(.*)")
_SERIAL = re.compile(r"([0-9]{5})(\.[0-9]+)?")
_AFTER_DAY = re.compile(  # a weekday, a time or a part of the day, and “before”
    r"[ T]*((星期|周)[一二三四五六日天])?[ T]*"
    r"([0-2]?[0-9][:时点][0-5]?[0-9]?([:分][0-5]?[0-9]?)?(\.[0-9]+)?秒?|上午|下午|中午|晚上?)?"
    r" *((以|之)?前((整改)?(完成|完毕|到位))?|止|截止|为止|底)? *[。.;]?"
)
_AT_ONCE = re.compile(r"(立即|立行立改|当场|现场|即时|马上|即行)(整改|改正|整治|完成)?(完毕|到位)?")
_WITHIN = re.compile(r"(?:限期?)?([0-9]{1,3}) *(?:个)? *(?:自然)?[日天](?:之?内|以内)?(?:整改)?(?:完成|完毕|到位)?")


class Unclear(ValueError):
    """A cell whose meaning cannot be told. `code` names the problem (problems.TEXTS)."""

    def __init__(self, code: str, **values: object) -> None:
        self.code, self.values = code, values
        super().__init__(code)


@lru_cache(_REMEMBERED, typed=True)  # a ledger repeats most of what it says
def lines(value: object) -> str:
    """Text of several lines: each tidied, blank ones dropped. Full-width letters and digits become plain."""
    return "\n".join(line for part in _plain(value).splitlines() if (line := tidy(part)))


@lru_cache(_REMEMBERED, typed=True)
def text(value: object) -> str:
    """Text of one line."""
    return tidy(" ".join(_plain(value).split()))


def optional(value: object) -> str:
    """The same, and nothing where people write a dash, a slash or 无 for nothing."""
    found = lines(value)
    return "" if _NOTHING.fullmatch(found) else found


def _plain(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, float) and value.is_integer() and abs(value) < _EXACT:
        return str(int(value))
    if isinstance(value, dt.datetime) and value.time() == dt.time():
        return value.date().isoformat()
    if isinstance(value, dt.datetime):
        return value.isoformat(" ", "minutes")
    return _INVISIBLE.sub("", str(value)).replace("\r\n", "\n").replace("\r", "\n").replace("\x0b", "\n")


def credit_code(value: Value) -> str:
    """A 统一社会信用代码 in its normal form; empty for none. Its check character is judged elsewhere.

    A number cell cannot hold one: of 18 digits Excel keeps 15, the rest is gone for good.
    """
    if isinstance(value, int | float) and not isinstance(value, bool):
        if not math.isfinite(value) or abs(value) >= _EXACT or not float(value).is_integer():
            raise Unclear("code_digits_lost", value=f"{value:.2E}" if abs(value) >= _EXACT else str(value))
        return str(int(value))
    found = code_key(optional(value))
    if _SCIENTIFIC.fullmatch(found) and len(found) < _CODE_LENGTH:
        raise Unclear("code_digits_lost", value=found)
    return found


def number(value: Value) -> str:
    """A hazard's number in the ledger: text, or a whole number."""
    if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) >= _EXACT:
        raise Unclear("number_digits_lost", value=f"{value:.2E}")
    found = text(value)
    return "" if _NOTHING.fullmatch(found) else found


def day(value: Value, *, offset: int = 0, near: dt.date | None = None, after: dt.date | None = None) -> dt.date | None:
    """The day a cell means; None for an empty one.

    Understood: a date cell; its serial number, also as text (`offset` 1462 in workbooks that count from 1904);
    2026-4-9, 2026.4.9, 2026/4/9, 20260409, 2026年4月9日, 26.4.9; 4月9日 without a year, which is the last such day
    not after `near`, or the first not before `after`. A time, a weekday or 前 behind the day is left out.
    """
    if isinstance(value, dt.datetime):
        return _sensible(value.date(), value)
    if isinstance(value, dt.date):
        return _sensible(value, value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return _by_serial(float(value), offset, value)
    if isinstance(value, bool | dt.time | dt.timedelta):
        _unreadable(value)
    found = text(value)
    if not found or _NOTHING.fullmatch(found):
        return None
    return _by_words(unicodedata.normalize("NFKC", found), offset, near, after)


def limit(value: Value, *, found_on: dt.date, offset: int = 0) -> dt.date | None:
    """The day until which to rectify: a day, or a span from the day of finding (15 日内, 立即整改)."""
    words = unicodedata.normalize("NFKC", text(value)) if isinstance(value, str) else ""
    if words and _AT_ONCE.fullmatch(words):
        return found_on
    if words and (span := _WITHIN.fullmatch(words)):
        return found_on + dt.timedelta(days=int(span[1]))
    return day(value, offset=offset, after=found_on)


def _by_words(words: str, offset: int, near: dt.date | None, after: dt.date | None) -> dt.date:
    if match := _FULL.fullmatch(words):
        if not _AFTER_DAY.fullmatch(match[4]):
            _unreadable(words)
        year = int(match[1]) + (2000 if len(match[1]) == 2 else 0)
        return _made(year, int(match[2]), int(match[3]), words)
    if match := _PLAIN.fullmatch(words):
        return _made(int(match[1]), int(match[2]), int(match[3]), words)
    if match := _SERIAL.fullmatch(words):
        return _by_serial(float(words), offset, words)
    if (match := _SHORT.fullmatch(words)) and _AFTER_DAY.fullmatch(match[3]) and "月" in words:
        return _yearless(int(match[1]), int(match[2]), words, near, after)
    raise Unclear("day_unreadable", value=words[:40])


def _yearless(month: int, day_of_month: int, words: str, near: dt.date | None, after: dt.date | None) -> dt.date:
    """The day in this year or the neighbouring one, whichever lies on the right side."""
    from_day = after or near
    if from_day is None:
        _unreadable(words)
    for year in (from_day.year, from_day.year + (1 if after else -1)):
        try:
            found = dt.date(year, month, day_of_month)
        except ValueError:
            continue  # 29 February, or a day that no year has
        if found >= from_day if after else found <= from_day:
            return found
    raise Unclear("no_such_day", value=words[:40])


def _by_serial(serial: float, offset: int, shown: object) -> dt.date:
    if not math.isfinite(serial):
        _unreadable(shown)
    if serial == int(serial) and (match := _PLAIN.fullmatch(str(int(serial)))):
        return _made(int(match[1]), int(match[2]), int(match[3]), shown)
    whole = int(serial) + offset
    if not _FIRST_SERIAL <= whole <= _LAST_SERIAL:
        _unreadable(shown)
    return _EPOCH + dt.timedelta(days=whole)


def _made(year: int, month: int, day_of_month: int, shown: object) -> dt.date:
    try:
        return _sensible(dt.date(year, month, day_of_month), shown)
    except ValueError as wrong:
        if isinstance(wrong, Unclear):
            raise
        raise Unclear("no_such_day", value=_shown(shown)) from wrong


def _sensible(found: dt.date, shown: object) -> dt.date:
    if not _FIRST_DAY <= found <= _LAST_DAY:
        raise Unclear("day_out_of_range", value=_shown(shown))
    return found


def _unreadable(shown: object) -> NoReturn:
    raise Unclear("day_unreadable", value=_shown(shown))


def _shown(value: object) -> str:
    return text(value)[:40]


def looks_like_formula(found: str) -> bool:
    """Text that a spreadsheet would compute if typed: `=cmd|…`, `@SUM(…)`, `+HYPERLINK(…)`; in full width too."""
    head = unicodedata.normalize("NFKC", found.lstrip()[:200])
    if head.startswith(("=", "@")):
        return len(head) > 1
    return bool(re.match(r"[+-]\s*[A-Za-z(|]", head))


def value_of(cell: Cell) -> Value:
    """What a cell counts as: its value; a formula that has no result counts as its own text."""
    if cell.value in (None, "") and cell.formula:
        return cell.formula
    return cell.value
