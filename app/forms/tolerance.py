"""What people type, brought into one form: full-width digits and spaces, thousands commas, dates in office writing."""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from decimal import Decimal, InvalidOperation

from app.clock import SHANGHAI

_WHOLE = re.compile(r"-?(\d{1,3}(,\d{3})+|\d+)")
_DECIMAL = re.compile(r"-?(\d{1,3}(,\d{3})+|\d+)(\.\d+)?")
_DATE = re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?")
_TIME = re.compile(r"(\d{1,2})[::](\d{2})(:\d{2})?")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\u200b\u202a-\u202e\u2066-\u2069\ufeff]")


def narrow(text: str) -> str:
    """Full-width digits, letters and signs as ordinary ones, without any space."""
    return re.sub(r"\s", "", unicodedata.normalize("NFKC", text))


def tidy(text: str, *, lines: bool = False) -> str:
    """Text as it is kept: no control or invisible characters, no space at the ends; one line unless `lines`."""
    text = _CONTROL.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
    if not lines:
        text = re.sub(r"[\n\t]+", " ", text)
    return unicodedata.normalize("NFC", text).strip()


def decimal(text: str) -> Decimal:
    """ValueError where it is no number."""
    text = narrow(text)
    if not _DECIMAL.fullmatch(text):
        raise ValueError(text)
    try:
        return Decimal(text.replace(",", ""))
    except InvalidOperation as wrong:
        raise ValueError(text) from wrong


def yuan(text: str) -> int:
    """Whole yuan with or without commas, sign and unit; ValueError where it is anything else, fractions too."""
    text = narrow(text).removeprefix("¥").removeprefix("￥").removesuffix("元")
    if not _WHOLE.fullmatch(text):
        raise ValueError(text)
    return int(text.replace(",", ""))


def date(text: str) -> dt.date:
    match = _DATE.fullmatch(narrow(text))
    if not match:
        raise ValueError(text)
    return dt.date(*map(int, match.groups()))


def moment(text: str) -> dt.datetime:
    """An aware instant. Without an offset the time is the office's wall clock."""
    text = unicodedata.normalize("NFKC", text).strip()
    try:
        at = dt.datetime.fromisoformat(text)
    except ValueError:
        day, _space, time = text.partition(" ")
        match = _TIME.fullmatch(time.strip())
        if not match:
            raise
        at = dt.datetime.combine(date(day), dt.time(int(match[1]), int(match[2])))
    return at.replace(tzinfo=SHANGHAI) if at.tzinfo is None else at.astimezone(SHANGHAI)
