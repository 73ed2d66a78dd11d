"""What people type, brought into one form; what cannot be read says so."""

from __future__ import annotations

import datetime as dt
import string
import unicodedata
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.hazards.ledger import cleaning, words
from app.hazards.ledger.cleaning import Unclear
from app.subjects import is_credit_code
from tests.hazards.ledger.messy import code, serial, wide

DAY = dt.date(2026, 4, 9)
days = st.dates(dt.date(2000, 1, 1), dt.date(2099, 12, 31))


@given(st.text())
def test_text_is_tidy_and_stays_so(raw: str) -> None:
    found = cleaning.text(raw)
    assert cleaning.text(found) == found
    assert found == found.strip()
    assert "  " not in found
    assert not any(unicodedata.category(c) in ("Cc", "Zl", "Zp") or c in "\u200b\ufeff\u3000\xa0" for c in found)


@given(st.lists(st.text()))
def test_lines_stay_lines(raw: list[str]) -> None:
    found = cleaning.lines("\r\n".join(raw))
    assert cleaning.lines(found) == found
    assert all(line and line == cleaning.text(line) for line in found.split("\n") if found)


@given(days)
def test_every_way_to_write_a_day_means_that_day(day: dt.date) -> None:
    ways: list[Any] = [
        day,
        dt.datetime.combine(day, dt.time(10, 30)),
        serial(day),
        float(serial(day)),
        serial(day) + 0.5,
        str(serial(day)),
        day.isoformat(),
        f"{day:%Y%m%d}",
        int(f"{day:%Y%m%d}"),
        f"{day.year}.{day.month}.{day.day}",
        f"{day.year}/{day.month}/{day.day}",
        f"{day.year}年{day.month}月{day.day}日",
        f" {day.year} 年 {day.month} 月 {day.day} 日前 ",
        wide(f"{day.year}.{day.month}.{day.day}"),
        f"{day:%y.%m.%d}",
        f"{day.isoformat()} 14:20:00",
        f"{day.year}年{day.month}月{day.day}日（周四）".replace("（", " ").replace("）", " "),
    ]
    assert {cleaning.day(way) for way in ways} == {day}


@given(days)
def test_serial_numbers_from_1904_are_the_same_days(day: dt.date) -> None:
    number = serial(day) - 1462
    if number >= serial(dt.date(2000, 1, 1)) - 1462:
        assert cleaning.day(number, offset=1462) == day


@given(days.filter(lambda day: day.year > 2000))
def test_a_day_without_a_year_is_the_last_one_before_or_the_next_after(day: dt.date) -> None:
    if (day.month, day.day) == (2, 29):
        return
    text = f"{day.month}月{day.day}日"
    assert cleaning.day(text, near=day + dt.timedelta(days=300)) == day
    if day.year < 2099:
        assert cleaning.day(text, after=day - dt.timedelta(days=300)) == day


@given(st.text(max_size=30) | st.floats() | st.integers() | st.booleans() | st.times() | st.none())
def test_anything_else_is_a_day_nothing_or_unclear(value: Any) -> None:
    try:
        found = cleaning.day(value, near=DAY)
    except Unclear as wrong:
        found, known = None, wrong.code in ("day_unreadable", "no_such_day", "day_out_of_range")
    else:
        known = found is None or 2000 <= found.year <= 2099
    assert known


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        ("2026-02-30", "no_such_day"), ("2026.13.1", "no_such_day"), ("4月31日", "no_such_day"), ("尽快", "day_unreadable"),
        ("2026年4月", "day_unreadable"), ("4.9", "day_unreadable"), (True, "day_unreadable"), (12.0, "day_unreadable"),
        ("1998-1-1", "day_out_of_range"), (float("inf"), "day_unreadable"), (float("nan"), "day_unreadable"),
        ("10个工作日", "day_unreadable"),
    ],
)  # fmt: skip
def test_unclear_days_say_why(value: Any, problem: str) -> None:
    with pytest.raises(Unclear) as unclear:
        cleaning.day(value, near=DAY)
    assert unclear.value.code == problem


@pytest.mark.parametrize(
    ("value", "day"),
    [
        ("15日内", DAY + dt.timedelta(days=15)), ("限期30天", DAY + dt.timedelta(days=30)), ("立即整改", DAY), ("立行立改", DAY),
        ("4月20日前", dt.date(2026, 4, 20)), ("1月5日", dt.date(2027, 1, 5)), ("", None), ("—", None), (None, None),
    ],
)  # fmt: skip
def test_a_limit_may_be_a_span(value: Any, day: dt.date | None) -> None:
    assert cleaning.limit(value, found_on=DAY) == day


@given(st.integers(0, 99_999), st.sampled_from(["", " ", "\u3000", "\xa0", "\u200b", "-"]), st.integers(0, 18))
def test_a_code_is_the_same_however_it_is_spaced_and_widened(number: int, filler: str, at: int) -> None:
    right = code(number)
    assert is_credit_code(right)
    for way in (right, right.lower(), wide(right)):
        assert cleaning.credit_code(way[:at] + filler + way[at:]) == right


@pytest.mark.parametrize("value", [913501001234567890, 9.13501001234568e17, "9.13E+17", "9.1350E17", 12.5])
def test_a_code_that_lost_its_digits_is_no_code(value: Any) -> None:
    with pytest.raises(Unclear) as unclear:
        cleaning.credit_code(value)
    assert unclear.value.code == "code_digits_lost"


@given(st.text(alphabet="=＝@＠+-－＋", min_size=1, max_size=2), st.text(alphabet=string.ascii_letters, min_size=1))
def test_what_excel_would_compute_is_recognised(sign: str, rest: str) -> None:
    assert cleaning.looks_like_formula(sign[0] + rest)


@pytest.mark.parametrize("text", ["-", "+5 层", "-1 层车间", "1=1", "", "——", "A-1"])
def test_what_only_looks_odd_is_no_formula(text: str) -> None:
    assert not cleaning.looks_like_formula(text)


@pytest.mark.parametrize(
    ("text", "closed"),
    [
        ("已完成", True), ("已整改", True), ("整改完毕", True), ("已销号", True), ("是", True), ("√", True), ("已更换灭火器", True),
        ("未整改", False), ("未完成", False), ("整改中", False), ("部分完成", False), ("正在整改", False), ("否", False),
        ("×", False), ("逾期未改", False), ("已责令限期整改", False), ("已下达指令书", False), ("已下达指令书，已整改完成", True),
        ("", None), ("见附件", None),
    ],
)  # fmt: skip
def test_the_words_tell_whether_a_hazard_is_put_right(text: str, closed: bool | None) -> None:
    assert words.is_closed(text) is closed


@pytest.mark.parametrize(
    ("text", "grade"),
    [("一般", "general"), ("一般事故隐患", "general"), ("重大", "major"), ("重大火灾隐患", "major"), ("", "")],
)
def test_grades_are_read(text: str, grade: str) -> None:
    assert words.grade(text) == grade


def test_an_unknown_grade_is_unclear() -> None:
    with pytest.raises(Unclear):
        words.grade("A+")
