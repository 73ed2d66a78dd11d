"""How deadlines, reminders, ladders and cycles are written in a process package, and what is refused."""

from __future__ import annotations

import datetime as dt
import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from app.calendars import OfficeCalendar
from app.clock import SHANGHAI, local
from app.engine.language import Language
from app.engine.packages import deadline_text
from app.engine.packages.deadline_text import (
    Deadline,
    DeadlineTextError,
    Duration,
    Offset,
    add_duration,
    cycle_problem,
    deadline_problem,
    ladder_problem,
    parse_cycle,
    parse_deadline,
    parse_duration,
    parse_ladder,
    parse_offset,
    parse_reminders,
    reminders_problem,
)
from app.i18n import ENGLISH, set_locale

LANGUAGE = Language({})
RULES = OfficeCalendar().rules()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("office_5d", Deadline("rule", "office_5d", rule="office_5d")),
        ("  receipt_24h\n", Deadline("rule", "receipt_24h", rule="receipt_24h")),
        ("P3D", Deadline("duration", "P3D", duration=Duration(0, 3, 0))),
        ("PT24H", Deadline("duration", "PT24H", duration=Duration(0, 0, 86_400))),
        ("P1Y2M1W3DT4H5M6S", Deadline("duration", "P1Y2M1W3DT4H5M6S", duration=Duration(14, 10, 14_706))),
        ('"PT1H"', Deadline("duration", "PT1H", duration=Duration(0, 0, 3600))),
        ("work_days(5)", Deadline("work_days", "work_days(5)", count=5)),
        ("work_days(0)", Deadline("work_days", "work_days(0)", count=0)),
        ("days( 30 )", Deadline("days", "days( 30 )", count=30)),
        ("work_days(form.days + 1)", Deadline("work_days", "work_days(form.days + 1)", expression="form.days + 1")),
        ("until(rectify_by)", Deadline("until", "until(rectify_by)", expression="rectify_by")),
        ("until(x[(1)])", Deadline("until", "until(x[(1)])", expression="x[(1)]")),
        ("2026-12-01", Deadline("instant", "2026-12-01", instant=dt.date(2026, 12, 1))),
        (
            "2026-12-01T17:30",
            Deadline("instant", "2026-12-01T17:30", instant=dt.datetime(2026, 12, 1, 17, 30, tzinfo=SHANGHAI)),
        ),
        (
            "2026-12-01T09:30:00Z",
            Deadline("instant", "2026-12-01T09:30:00Z", instant=dt.datetime(2026, 12, 1, 9, 30, tzinfo=dt.UTC)),
        ),
    ],
)
def test_every_form_of_a_deadline_is_read(text: str, expected: Deadline) -> None:
    assert parse_deadline(text, RULES, LANGUAGE.problem) == expected
    assert deadline_problem(text, RULES, LANGUAGE.problem) is None


@pytest.mark.parametrize(
    ("text", "en"),
    [
        ("", "there is no time limit here"),
        ("  ", "there is no time limit here"),
        ('""', "a deadline is"),
        ("no_such_rule", "there is no deadline rule 'no_such_rule'"),
        ("Office 5d", "a deadline is"),
        ("P", "no duration"),
        ("PT", "no duration"),
        ("P1DT", "no duration"),
        ("p3d", "there is no deadline rule"),
        ("P3", "no duration"),
        ("P1H", "no duration"),
        ("P1.5D", "no duration"),
        ("P-3D", "no duration"),
        ("-P3D", "a deadline is"),
        ("P３D", "no duration"),
        ("P0D", "a duration of nothing"),
        ("PT0S", "a duration of nothing"),
        ("P101Y", "at most 100 years"),
        ("P1201M", "at most 100 years"),
        ("P36600D", "at most 100 years"),
        ("P100YT1H", "at most 100 years"),
        ("PT999999999H", "at most 100 years"),
        ("P9999999999D", "no duration"),
        ("work_days()", "needs something in its brackets"),
        ("until( )", "needs something in its brackets"),
        ("work_days(-1)", "no number of days"),
        ("work_days(3661)", "no number of days"),
        ("days(999999999)", "no number of days"),
        ("work_days(1.5.2)", "work_days(…): line 1"),
        ("work_days(__import__('os'))", "there is no function '__import__'"),
        ("until(x) + (y)", "until(…): line 1"),
        ("until(lambda: 1)", "lambda is not in the language"),
        ("hours(3)", "a deadline is"),
        ("2026-02-30", "no day or instant"),
        ("2026-13-01T10:00", "no day or instant"),
        ("2026-12-01T25:00", "no day or instant"),
        ("20261201", "no day or instant"),
        ("2026-W10-1", "no day or instant"),
        ("5", "no day or instant"),
        ("R3/P1D", "a deadline is"),
        ("x" * 5000, "more than 4000 characters"),
    ],
)
def test_what_is_wrong_with_a_deadline_is_said_in_both_languages(text: str, en: str) -> None:
    problem = deadline_problem(text, RULES, LANGUAGE.problem)
    assert problem is not None
    assert en in problem[1]
    assert re.search("[\u4e00-\u9fff]", problem[0])
    assert len(problem[0]) < 300


def test_the_message_is_in_the_language_of_the_reader() -> None:
    error = DeadlineTextError("不是时长", "no duration")
    try:
        assert str(error) == "不是时长"
        set_locale(ENGLISH)
        assert str(error) == "no duration"
    finally:
        set_locale("zh_Hans_CN")


@pytest.mark.parametrize("text", [None, 5, ["P3D"], b"P3D"])
def test_what_is_no_text_is_a_problem_and_no_crash(text: object) -> None:
    for problem in (deadline_problem, cycle_problem):
        assert problem(text, RULES) is not None  # type: ignore[arg-type]
    assert reminders_problem(text) is not None  # type: ignore[arg-type]
    assert ladder_problem(text) is not None  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("-3 work_days", Offset("-3 work_days", "work_days", -3)),
        ("+7 days", Offset("+7 days", "days", 7)),
        ("7days", Offset("7days", "days", 7)),
        ("- 1 work_days", Offset("- 1 work_days", "work_days", -1)),
        ("-PT2H", Offset("-PT2H", duration=Duration(0, 0, -7200))),
        ("+P1M", Offset("+P1M", duration=Duration(1, 0, 0))),
    ],
)
def test_offsets_are_before_or_after_the_deadline(text: str, expected: Offset) -> None:
    assert parse_offset(text) == expected
    assert parse_offset(text).before == ("-" in text)


@pytest.mark.parametrize(
    "text", ["3", "-3", "work_days", "-3 hours", "--3 days", "3 work_days(1)", "-99999 days", "+-PT2H", "-P", "０ days"]
)
def test_what_is_no_offset_is_refused(text: str) -> None:
    with pytest.raises(DeadlineTextError):
        parse_offset(text)


def test_reminders_and_ladders_are_lists() -> None:
    assert [offset.count for offset in parse_reminders("-3 work_days; -1 work_days;")] == [-3, -1]
    rungs = parse_ladder("+3 work_days: referral; +7 work_days: referral ;+PT1H: call_up")
    assert [(rung.offset.text, rung.process) for rung in rungs] == [
        ("+3 work_days", "referral"),
        ("+7 work_days", "referral"),
        ("+PT1H", "call_up"),
    ]
    assert reminders_problem("-3 work_days; soon") is not None
    assert reminders_problem("-3 work_days;; -1 days") is not None
    for wrong in ("+3 work_days", "+3 work_days:", "+3 work_days: Re ferral", "-3 work_days: referral", ": referral"):
        assert ladder_problem(wrong) is not None
    assert ladder_problem("+3 work_days: referral") is None


def test_cycles_have_a_least_interval_and_a_number_of_turns() -> None:
    assert parse_cycle("R3/P1D").turns == 3
    assert parse_cycle("R/PT1H").turns == deadline_text.MAX_TURNS
    later = parse_cycle("R2/2026-12-01T08:30/P1D")
    assert later.start is not None and later.start.kind == "instant"
    started = parse_cycle("R2/until(begin)/PT1M", RULES, LANGUAGE.problem)
    assert started.start is not None and started.start.expression == "begin"
    for wrong in (
        "R3",
        "R0/P1D",
        "R1001/P1D",
        "R3/PT59S",
        "R3/PT0S",
        "R-1/P1D",
        "R3/P1D/P1D/P1D",
        "R3//P1D",
        "3/P1D",
        "R3/eval(1)/P1D",
    ):
        assert cycle_problem(wrong, RULES, LANGUAGE.problem) is not None, wrong
    assert cycle_problem("R1000/PT1M", RULES) is None


@pytest.mark.parametrize(
    ("start", "duration", "end"),
    [
        ("2026-01-31T10:00", "P1M", "2026-02-28T10:00"),
        ("2024-02-29T10:00", "P1Y", "2025-02-28T10:00"),
        ("2026-12-31T23:30", "P2M", "2027-02-28T23:30"),
        ("2026-04-09T14:20", "P3D", "2026-04-12T14:20"),
        ("2026-04-09T14:20", "PT36H", "2026-04-11T02:20"),
        ("2026-04-09T14:20", "P1W", "2026-04-16T14:20"),
    ],
)
def test_a_duration_is_added_on_the_office_s_calendar(start: str, duration: str, end: str) -> None:
    at = dt.datetime.fromisoformat(start).replace(tzinfo=SHANGHAI)
    for given_at in (at, at.astimezone(dt.UTC), at.astimezone(dt.timezone(dt.timedelta(hours=-5)))):
        moved = add_duration(given_at, parse_duration(duration))
        assert moved.tzinfo is dt.UTC
        assert local(moved).replace(tzinfo=None).isoformat(timespec="minutes") == end


def test_a_date_beyond_the_calendar_is_refused() -> None:
    late = dt.datetime(9990, 1, 1, tzinfo=dt.UTC)
    for text in ("P20Y", "P4000D", "PT99999H"):
        with pytest.raises(DeadlineTextError):
            add_duration(late, parse_duration(text))
    with pytest.raises(DeadlineTextError):
        add_duration(dt.datetime(1, 6, 1, tzinfo=dt.UTC), -parse_duration("P2Y"))


_NUMBER = st.integers(0, 90)


@given(_NUMBER, _NUMBER, _NUMBER, _NUMBER, _NUMBER, st.datetimes(dt.datetime(2000, 1, 1), dt.datetime(2100, 1, 1)))
def test_a_longer_duration_never_ends_earlier(y: int, m: int, d: int, h: int, s: int, start: dt.datetime) -> None:
    start = start.replace(tzinfo=dt.UTC)
    text = f"P{y}Y{m}M{d}DT{h}H{s}S"
    shorter, longer = parse_duration(text), parse_duration(f"P{y}Y{m}M{d}DT{h}H{s + 1}S")
    assert start <= add_duration(start, shorter) < add_duration(start, longer)


@given(st.text(max_size=60))
@example("P" + "9" * 50 + "D")
@example("work_days(" * 30)
@example("'" * 3)
@example("R" + "/" * 50)
def test_any_text_is_read_or_refused(text: str) -> None:
    for problem in (deadline_problem(text, RULES, LANGUAGE.problem), cycle_problem(text, RULES, LANGUAGE.problem)):
        assert problem is None or all(problem)
    assert reminders_problem(text) is None or all(reminders_problem(text) or ())
    assert ladder_problem(text) is None or all(ladder_problem(text) or ())
