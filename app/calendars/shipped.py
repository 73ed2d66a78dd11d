"""Work days as they ship: the State Council's arrangements 2004–2026, from the package `chinesecalendar`."""

from __future__ import annotations

import datetime as dt
import functools

from chinese_calendar import constants

from app.calendars.office import STANDARD_HOURS, Office

SOURCE = "chinesecalendar 1.11"
BASIS = "国务院办公厅节假日安排"
# Names as the notices write them.
NAMES = {
    "New Year's Day": "元旦",
    "Spring Festival": "春节",
    "Tomb-sweeping Day": "清明节",
    "Labour Day": "劳动节",
    "Dragon Boat Festival": "端午节",
    "National Day": "国庆节",
    "Mid-autumn Festival": "中秋节",
    "Anti-Fascist 70th Day": "抗战胜利 70 周年纪念日",
}


def shipped_days() -> dict[dt.date, tuple[bool, str]]:
    """Every holiday and adjusted work day: date → (worked?, note). A work day's note names the holiday it pays for."""
    days = {day: (False, NAMES.get(name, name)) for day, name in constants.holidays.items()}
    days |= {day: (True, f"{NAMES.get(name, name)}调休上班") for day, name in constants.workdays.items()}
    return days


def shipped_years() -> range:
    """The years the package knows; later ones are estimated until somebody imports them."""
    years = {day.year for day in constants.holidays}
    return range(min(years), max(years) + 1)


@functools.cache
def shipped_office() -> Office:
    """The office's calendar without a database: for the check, and where nothing has been seeded yet."""
    days = shipped_days()
    return Office(
        {day: worked for day, (worked, _note) in days.items()},
        frozenset(shipped_years()),
        (STANDARD_HOURS,),
        {day: note for day, (_worked, note) in days.items()},
    )
