"""Deadlines on the office's calendar: exact tables for known holidays, and properties for everything else."""

from __future__ import annotations

import datetime as dt
import os
import time
from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from app.calendars import OfficeCalendar
from app.calendars.limits import Limit, by_limit
from app.calendars.office import Hours, Office
from app.calendars.port import DeadlineError
from app.calendars.shipped import shipped_office
from app.clock import SHANGHAI, local

OFFICE = shipped_office()
DAYS = st.dates(dt.date(2004, 1, 1), dt.date(2040, 12, 31))
INSTANTS = st.datetimes(dt.datetime(2004, 1, 1), dt.datetime(2040, 1, 1), timezones=st.just(dt.UTC))
COUNTS = st.integers(1, 400)


@pytest.fixture
def empty() -> Iterator[Session]:
    """A database without a single table: the calendar must work on what ships."""
    with Session(sa.create_engine("sqlite://")) as session:
        yield session


def at(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


def shown(instant: dt.datetime) -> str:
    return f"{local(instant):%Y-%m-%d %H:%M:%S}"


@pytest.mark.parametrize(
    ("day", "worked"),
    [
        ("2025-01-26", True),  # Sunday, worked for the Spring Festival
        ("2025-01-28", False),
        ("2025-02-08", True),  # Saturday
        ("2025-04-27", True),
        ("2025-10-08", False),
        ("2025-10-11", True),
        ("2026-01-02", False),
        ("2026-01-04", True),
        ("2026-02-14", True),  # Saturday before the Spring Festival
        ("2026-02-16", False),
        ("2026-02-23", False),
        ("2026-02-28", True),
        ("2026-05-09", True),
        ("2026-09-20", True),
        ("2026-10-10", True),
        ("2026-04-09", True),
        ("2026-04-11", False),
    ],
)
def test_a_day_is_worked_as_the_state_council_says(day: str, worked: bool) -> None:
    assert OFFICE.is_work_day(dt.date.fromisoformat(day)) is worked


@pytest.mark.parametrize(
    ("text", "start", "due"),
    [
        ("office_1d", "2026-04-09 14:20", "2026-04-10 17:30:00"),
        ("office_1d", "2026-04-10 09:00", "2026-04-13 17:30:00"),
        ("work_days(2)", "2026-02-12 10:00", "2026-02-14 17:30:00"),  # the worked Saturday counts
        ("work_days(3)", "2026-02-12 10:00", "2026-02-24 17:30:00"),  # then the whole festival does not
        ("fire_reinspection_3d", "2026-09-30 16:00", "2026-10-10 23:59:59"),
        ("work_days(1)", "2026-10-03 11:00", "2026-10-08 17:30:00"),  # started on a holiday
        ("reinspection_10d", "2026-04-09 14:20", "2026-04-19 23:59:59"),  # a Sunday: not moved
        ("fine_payment_15d", "2026-09-18 09:00", "2026-10-08 23:59:59"),  # 3 October: moved by the rule
        ("litigation_6m", "2026-08-31 09:00", "2027-03-01 23:59:59"),  # the 28th is a Sunday
        ("receipt_24h", "2026-04-10 16:00", "2026-04-11 16:00:00"),
        ("days(7)", "2026-12-28 08:00", "2027-01-04 23:59:59"),
        ("P3D", "2026-04-09 14:20", "2026-04-12 14:20:00"),
        ("P1M", "2026-01-31 10:00", "2026-02-28 10:00:00"),
        ("PT24H", "2026-04-09 14:20", "2026-04-10 14:20:00"),
        ("2026-12-01T17:30", "2026-04-09 14:20", "2026-12-01 17:30:00"),
        ("2026-12-01", "2026-04-09 14:20", "2026-12-01 23:59:59"),
        ("until(end_on)", "2026-04-09 14:20", "2026-05-06 23:59:59"),
        ("work_days(0)", "2026-04-09 14:20", "2026-04-09 17:30:00"),
        ("work_days(0)", "2026-04-10 18:20", "2026-04-13 17:30:00"),  # said after hours
    ],
)
def test_a_deadline_text_gives_the_instant_of_the_rule(empty: Session, text: str, start: str, due: str) -> None:
    computed = OfficeCalendar().due(empty, text, at(start), lambda _expression: "2026-05-06")
    assert shown(computed.at) == due
    assert computed.at.tzinfo is not None


@pytest.mark.parametrize(
    ("text", "base", "fires"),
    [
        ("-3 work_days", "2026-04-15 23:59:59", "2026-04-10 08:30:00"),
        ("-3 work_days", "2026-05-07 23:59:59", "2026-04-29 08:30:00"),  # across Labour Day
        ("+3 work_days", "2026-04-08 17:30:00", "2026-04-13 08:30:00"),
        ("+7 work_days", "2026-02-13 17:30:00", "2026-03-02 08:30:00"),  # two worked Saturdays, nine days off
        ("-1 days", "2026-04-13 23:59:59", "2026-04-12 08:30:00"),
        ("-PT2H", "2026-04-09 17:30:00", "2026-04-09 15:30:00"),
    ],
)
def test_a_reminder_or_rung_goes_out_at_the_firing_hour(empty: Session, text: str, base: str, fires: str) -> None:
    assert shown(OfficeCalendar().offset(empty, text, at(base))) == fires


def test_amber_begins_at_four_fifths_of_the_working_time(empty: Session) -> None:
    due = OfficeCalendar().due(empty, "work_days(1)", at("2026-04-09 17:30"), lambda _e: None)
    assert shown(due.amber_at) == "2026-04-10 16:00:00"  # 6 of 7.5 hours
    due = OfficeCalendar().due(empty, "PT10H", at("2026-04-09 08:00"), lambda _e: None)
    assert shown(due.amber_at) == "2026-04-09 16:00:00"


def test_the_basis_says_limit_law_and_clock_in_both_languages(empty: Session) -> None:
    due = OfficeCalendar().due(empty, "hearing_request_5d", at("2026-04-09 14:20"), lambda _e: None)
    assert due.basis["text_zh"] == "限 5 工作日"
    assert due.basis["text_en"] == "5 work days"
    assert due.basis["unit"] == "work"
    assert "行政处罚法" in due.basis["legal_basis"]
    assert due.basis["estimated"] is False


def test_a_year_that_is_not_official_is_counted_monday_to_friday_and_marked(empty: Session) -> None:
    due = OfficeCalendar().due(empty, "work_days(5)", at("2027-02-08 10:00"), lambda _e: None)
    assert shown(due.at) == "2027-02-15 17:30:00"
    assert due.basis["estimated"] is True
    across = OfficeCalendar().due(empty, "work_days(3)", at("2026-12-30 10:00"), lambda _e: None)
    assert across.basis["estimated"] is True


@pytest.mark.parametrize("text", ["no_such_rule", "work_days(many)", "until(nothing)", "work_days(-1)"])
def test_a_text_that_gives_no_deadline_is_refused_by_name(empty: Session, text: str) -> None:
    with pytest.raises((DeadlineError, ValueError)):
        OfficeCalendar().due(empty, text, at("2026-04-09 14:20"), lambda _expression: None)


def test_office_hours_that_change_in_summer_are_counted_as_they_stand_on_each_day() -> None:
    day = dt.time
    winter = Hours(dt.date(2026, 1, 1), ((day(8, 30), day(12)), (day(13, 30), day(17, 30))), day(8, 30))
    summer = Hours(dt.date(2026, 6, 1), ((day(8, 30), day(12)), (day(14), day(18))), day(8, 0))
    office = Office({}, frozenset({2026}), [winter, summer])
    assert office.work_seconds(at("2026-05-29 17:00"), at("2026-06-01 18:00")) == 1800 + 27000
    assert shown(office.end_of_office(dt.date(2026, 6, 1))) == "2026-06-01 18:00:00"
    assert shown(office.at_firing_hour(dt.date(2026, 6, 1))) == "2026-06-01 08:00:00"
    assert shown(office.add_work_seconds(at("2026-05-29 17:00"), 1800 + 14000)) == "2026-06-01 14:23:20"


@given(DAYS, COUNTS)
def test_counting_back_undoes_counting_forward(day: dt.date, count: int) -> None:
    forward = OFFICE.add_work_days(day, count)
    assert OFFICE.is_work_day(forward)
    assert OFFICE.work_days_between(day, forward) == count
    back = OFFICE.add_work_days(forward, -count)
    assert back <= day
    assert OFFICE.work_days_between(back, day) <= 1
    if OFFICE.is_work_day(day):
        assert back == day


@given(DAYS, COUNTS)
def test_work_days_equal_those_counted_one_by_one(day: dt.date, count: int) -> None:
    walked, left = day, count
    while left:
        walked += dt.timedelta(1)
        left -= OFFICE.is_work_day(walked)
    assert OFFICE.add_work_days(day, count) == walked


@given(INSTANTS, COUNTS, st.sampled_from(["work_days", "days", "months", "hours"]), st.sampled_from(["day", "office"]))
def test_a_longer_limit_is_never_due_earlier(start: dt.datetime, count: int, unit: str, end: str) -> None:
    shorter = by_limit(OFFICE, Limit(count, unit, end), start)
    longer = by_limit(OFFICE, Limit(count + 1, unit, end), start)
    assert start < shorter.at <= longer.at
    assert start <= shorter.amber_at <= shorter.at


@given(INSTANTS, st.integers(0, 40 * 27000))
def test_working_time_added_is_the_working_time_between(start: dt.datetime, seconds: int) -> None:
    start = start.replace(microsecond=0)
    end = OFFICE.add_work_seconds(start, seconds)
    assert end >= start
    assert OFFICE.work_seconds(start, end) == seconds


@given(INSTANTS, INSTANTS, INSTANTS)
def test_working_time_adds_up(a: dt.datetime, b: dt.datetime, c: dt.datetime) -> None:
    a, b, c = sorted(x.replace(microsecond=0) for x in (a, b, c))
    assert OFFICE.work_seconds(a, b) + OFFICE.work_seconds(b, c) == OFFICE.work_seconds(a, c)
    assert OFFICE.work_seconds(c, a) == -OFFICE.work_seconds(a, c)


@pytest.mark.parametrize("zone", ["America/New_York", "Asia/Shanghai", "Pacific/Kiritimati"])
def test_the_machine_s_time_zone_changes_nothing(empty: Session, zone: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    try:
        due = OfficeCalendar().due(empty, "work_days(2)", at("2026-03-07 23:30").astimezone(dt.UTC), lambda _e: None)
        assert due.at == dt.datetime(2026, 3, 10, 9, 30, tzinfo=dt.UTC)
        assert shown(OfficeCalendar().offset(empty, "-3 work_days", due.at)) == "2026-03-05 08:30:00"
    finally:
        os.environ.pop("TZ", None)
        monkeypatch.undo()
        time.tzset()


def test_a_deadline_costs_next_to_nothing(empty: Session) -> None:
    start = at("2026-04-09 14:20")
    began = time.perf_counter()
    for _n in range(2000):
        by_limit(OFFICE, Limit(10, "work_days", "office"), start)
    assert (time.perf_counter() - began) / 2000 < 0.0005
