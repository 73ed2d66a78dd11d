"""Time limits as they are written in process packages, read by a parser of our own.

A deadline is one of: the code of a rule (`office_5d`), an ISO duration (`P3D`, `PT24H`), `work_days(5)`,
`days(5)`, `until(expression)`, an ISO day or instant. The count of days may be an expression too. Reminders and
rungs are offsets to a deadline (`-3 work_days`, `+7 days`, `-PT2H`); a cycle is `R3/P1D`.

This module only reads. What a limit means on the office's calendar is the calendar's business (`ports.Calendar`).
"""

from __future__ import annotations

import calendar
import datetime as dt
import re
from collections.abc import Callable, Collection
from dataclasses import dataclass

from app.clock import SHANGHAI, local
from app.i18n import bilingual

MAX_TEXT = 4_000  # characters, as of an expression
MAX_COUNT = 3_660  # days or work days: ten years, longer than any limit of law
MAX_YEARS = 100  # of a duration: beyond it dates run out of the calendar
MIN_CYCLE = dt.timedelta(minutes=1)  # between two turns: the sweep is no faster
MAX_TURNS = 1_000  # of a cycle: one that never ends is a mistake
DAY_UNITS = ("work_days", "days")

Problem = tuple[str, str]
CheckExpression = Callable[[str], Problem | None]

_DURATION = re.compile(
    r"P(?:(\d{1,9})Y)?(?:(\d{1,9})M)?(?:(\d{1,9})W)?(?:(\d{1,9})D)?"
    r"(?:T(?:(\d{1,9})H)?(?:(\d{1,9})M)?(?:(\d{1,9})S)?)?",
    re.ASCII,
)
_CALL = re.compile(r"(work_days|days|until)\s*\((.*)\)", re.DOTALL)
_DAY_OFFSET = re.compile(r"([+-]?)\s*(\d{1,9})\s*(work_days|days)", re.ASCII)
_DURATION_OFFSET = re.compile(r"([+-]?)\s*(P.*)", re.ASCII)
_COUNT = re.compile(r"[+-]?\d{1,9}", re.ASCII)
_RULE = re.compile(r"[a-z][a-z0-9_]{0,79}", re.ASCII)
_CYCLE = re.compile(r"R(\d{0,9})/(?:([^/]+)/)?([^/]+)", re.ASCII)
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_INSTANT = re.compile(r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?(Z|[+-]\d{2}:\d{2})?", re.ASCII)
_FORMS: Problem = (
    "期限须写成规则代码、P3D、PT24H、work_days(5)、days(5)、until(…) 或 2026-12-01T17:30",
    "a deadline is the code of a rule, P3D, PT24H, work_days(5), days(5), until(…) or 2026-12-01T17:30",
)


class DeadlineTextError(ValueError):
    """A time limit that cannot be read, with its reason in both languages."""

    def __init__(self, zh: str, en: str) -> None:
        self.zh, self.en = zh, en
        super().__init__(en)

    def __str__(self) -> str:
        return bilingual(self.zh, self.en)


@dataclass(frozen=True)
class Duration:
    """Years and months are those of the calendar, days keep the time of day, the rest is exact."""

    months: int = 0
    days: int = 0
    seconds: int = 0

    @property
    def whole_days(self) -> bool:
        return self.seconds == 0

    @property
    def about(self) -> dt.timedelta:
        """Its length with months of 30 days: for bounds, never for a date."""
        return dt.timedelta(days=self.months * 30 + self.days, seconds=self.seconds)

    def __neg__(self) -> Duration:
        return Duration(-self.months, -self.days, -self.seconds)


@dataclass(frozen=True)
class Deadline:
    """`kind` says which of the others is set: rule, duration, work_days, days (count or expression), until, instant."""

    kind: str
    text: str
    rule: str | None = None
    duration: Duration | None = None
    count: int | None = None
    expression: str | None = None
    instant: dt.date | dt.datetime | None = None


@dataclass(frozen=True)
class Offset:
    """So many days of a unit (negative: before), or a signed duration."""

    text: str
    unit: str | None = None
    count: int = 0
    duration: Duration | None = None

    @property
    def before(self) -> bool:
        return self.count < 0 or (self.duration is not None and self.duration.about < dt.timedelta())


@dataclass(frozen=True)
class Cycle:
    """So many turns, `every` apart; the first after one interval, or at `start`."""

    turns: int
    every: Duration
    start: Deadline | None = None


@dataclass(frozen=True)
class Rung:
    """A step of an escalation ladder: when, and which process it starts."""

    offset: Offset
    process: str


def parse_duration(text: str) -> Duration:
    """An ISO 8601 duration without fractions and sign, at most a hundred years."""
    text = _clean(text)
    found = _DURATION.fullmatch(text)
    if found is None or text[-1] in "PT":
        raise DeadlineTextError(
            f"“{_shown(text)}”不是时长，应如 P3D、PT24H", f"'{_shown(text)}' is no duration like P3D"
        )
    years, months, weeks, days, hours, minutes, seconds = (int(part or 0) for part in found.groups())
    exact = (hours * 60 + minutes) * 60 + seconds
    duration = Duration(years * 12 + months, weeks * 7 + days, exact)
    if duration.months / 12 + duration.days / 365 + exact / (365 * 86_400) > MAX_YEARS:
        raise DeadlineTextError(f"时长不能超过 {MAX_YEARS} 年", f"a duration is at most {MAX_YEARS} years")
    return duration


def add_duration(at: dt.datetime, duration: Duration) -> dt.datetime:
    """The instant so much later, in UTC. Months and days move on the office's calendar and keep its time of day."""
    start = local(at)
    year, month = divmod(start.year * 12 + start.month - 1 + duration.months, 12)
    try:
        day = dt.date(year, month + 1, min(start.day, calendar.monthrange(year, month + 1)[1]))
        moved = dt.datetime.combine(day + dt.timedelta(duration.days), start.time(), tzinfo=SHANGHAI)
        return moved.astimezone(dt.UTC) + dt.timedelta(seconds=duration.seconds)
    except (ValueError, OverflowError) as error:
        raise DeadlineTextError("时间超出日历范围", "the time is beyond the calendar") from error


def parse_deadline(text: str, rules: Collection[str] | None = None, check: CheckExpression | None = None) -> Deadline:
    """Any of the forms. `rules` are the codes there are (None: not checked here), `check` looks at expressions."""
    text = _clean(text)
    if call := _CALL.fullmatch(text):
        return _called(text, call[1], call[2].strip(), check)
    if text.startswith("P"):
        duration = parse_duration(text)
        if duration == Duration():
            raise DeadlineTextError("时长不能为零", "a duration of nothing is no deadline")
        return Deadline("duration", text, duration=duration)
    if text[:1].isdigit():
        return Deadline("instant", text, instant=parse_instant(text))
    if not _RULE.fullmatch(text):
        raise DeadlineTextError(*_FORMS)
    if rules is not None and text not in rules:
        raise DeadlineTextError(f"没有期限规则“{text}”", f"there is no deadline rule '{text}'")
    return Deadline("rule", text, rule=text)


def _called(text: str, name: str, argument: str, check: CheckExpression | None) -> Deadline:
    if not argument:
        raise DeadlineTextError(f"{name}() 的括号中缺少内容", f"{name}() needs something in its brackets")
    if name in DAY_UNITS and _COUNT.fullmatch(argument):
        return Deadline(name, text, count=checked_count(int(argument)))
    if check is not None and (problem := check(argument)):
        raise DeadlineTextError(f"{name}(…)：{problem[0]}", f"{name}(…): {problem[1]}")
    return Deadline(name, text, expression=argument)


def checked_count(count: object) -> int:
    """A number of days that an expression gave, or that was written."""
    if isinstance(count, bool) or not isinstance(count, int) or not 0 <= count <= MAX_COUNT:
        raise DeadlineTextError(
            f"“{_shown(str(count))}”不是 0 至 {MAX_COUNT} 的天数",
            f"'{_shown(str(count))}' is no number of days up to {MAX_COUNT}",
        )
    return count


def parse_instant(text: str) -> dt.date | dt.datetime:
    """An ISO day, or an instant; one without offset is office time."""
    text = _clean(text)
    try:
        if _DAY.fullmatch(text):
            return dt.date.fromisoformat(text)
        if _INSTANT.fullmatch(text):
            at = dt.datetime.fromisoformat(text)
            return at if at.tzinfo else at.replace(tzinfo=SHANGHAI)
    except ValueError:
        pass
    raise DeadlineTextError(
        f"“{_shown(text)}”不是日期或时间，应如 2026-12-01T17:30",
        f"'{_shown(text)}' is no day or instant like 2026-12-01T17:30",
    )


def parse_offset(text: str) -> Offset:
    """`-3 work_days`, `+7 days`, `-PT2H`."""
    text = _clean(text)
    if found := _DAY_OFFSET.fullmatch(text):
        count = checked_count(int(found[2]))
        return Offset(text, found[3], -count if found[1] == "-" else count)
    if found := _DURATION_OFFSET.fullmatch(text):
        duration = parse_duration(found[2])
        return Offset(text, duration=-duration if found[1] == "-" else duration)
    raise DeadlineTextError(
        f"“{_shown(text)}”不是提前或推后的时间，应如 -3 work_days、+7 days、-PT2H",
        f"'{_shown(text)}' is no offset like -3 work_days, +7 days or -PT2H",
    )


def parse_reminders(text: str) -> list[Offset]:
    """`-3 work_days; -1 work_days`: before the deadline, or after it."""
    return [parse_offset(part) for part in _parts(text)]


def parse_ladder(text: str) -> list[Rung]:
    """`+3 work_days: referral; +7 work_days: referral`: after the deadline, level by level."""
    rungs = []
    for part in _parts(text):
        offset_text, colon, process = part.partition(":")
        offset, process = parse_offset(offset_text), process.strip()
        if not colon or not _RULE.fullmatch(process):
            raise DeadlineTextError(
                f"“{_shown(part)}”缺少要启动的流程，应如 +3 work_days: referral",
                f"'{_shown(part)}' names no process to start, as in +3 work_days: referral",
            )
        if offset.before:
            raise DeadlineTextError("升级只能在期限之后", "a rung is after the deadline")
        rungs.append(Rung(offset, process))
    return rungs


def parse_cycle(text: str, rules: Collection[str] | None = None, check: CheckExpression | None = None) -> Cycle:
    """`R3/P1D`, `R/PT1H`, `R3/2026-12-01T08:30/P1D`. Without a number: as many turns as there may be."""
    text = _clean(text)
    found = _CYCLE.fullmatch(text)
    if found is None:
        raise DeadlineTextError(f"“{_shown(text)}”不是循环，应如 R3/P1D", f"'{_shown(text)}' is no cycle like R3/P1D")
    turns, every = int(found[1] or MAX_TURNS), parse_duration(found[3])
    if not 1 <= turns <= MAX_TURNS:
        raise DeadlineTextError(f"循环须为 1 至 {MAX_TURNS} 次", f"a cycle has 1 to {MAX_TURNS} turns")
    if every.about < MIN_CYCLE:
        raise DeadlineTextError("循环间隔不能短于 1 分钟", "a cycle's turns are at least a minute apart")
    return Cycle(turns, every, parse_deadline(found[2], rules, check) if found[2] else None)


def deadline_problem(text: str, rules: Collection[str], check: CheckExpression | None = None) -> Problem | None:
    """What is wrong with a deadline, for the check; None when nothing is."""
    return _problem(lambda: parse_deadline(text, rules, check))


def reminders_problem(text: str) -> Problem | None:
    return _problem(lambda: parse_reminders(text))


def ladder_problem(text: str) -> Problem | None:
    return _problem(lambda: parse_ladder(text))


def cycle_problem(text: str, rules: Collection[str], check: CheckExpression | None = None) -> Problem | None:
    return _problem(lambda: parse_cycle(text, rules, check))


def _problem(read: Callable[[], object]) -> Problem | None:
    try:
        read()
    except DeadlineTextError as error:
        return error.zh, error.en
    return None


def _parts(text: str) -> list[str]:
    """What stands between semicolons; a list of nothing is a mistake."""
    parts = [part.strip() for part in _clean(text).split(";")]
    if parts and not parts[-1]:
        parts.pop()
    return parts


def _clean(text: object) -> str:
    """The text without the quotation marks that other BPMN tools want around a timer."""
    if not isinstance(text, str) or not text.strip():
        raise DeadlineTextError("期限为空", "there is no time limit here")
    if len(text) > MAX_TEXT:
        raise DeadlineTextError(f"期限超过 {MAX_TEXT} 个字符", f"a time limit of more than {MAX_TEXT} characters")
    text = text.strip()
    if len(text) > 1 and text[0] in "\"'" and text[-1] == text[0]:
        text = text[1:-1].strip()
    return text or "''"


def _shown(text: str) -> str:
    return text[:80]
