"""Experts from a list: every row is checked as if it were typed in, and none is entered while one is wrong."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from marshmallow import ValidationError
from sqlalchemy.orm import Session

from app.accounts import sector_options, sectors
from app.audit import Actor
from app.consultations.expert_models import FEE_UNITS, Expert
from app.consultations.operations import pool
from app.consultations.schemas import ExpertIn
from app.errors import Invalid
from app.i18n import _

# Column → how it is headed; the first one is what the template says.
HEADS: dict[str, tuple[str, ...]] = {
    "name": ("姓名", "专家姓名", "Name"),
    "organisation": ("工作单位", "单位", "Employer"),
    "title": ("职称、职务", "职称", "职务", "Title"),
    "certificate": ("证书", "证书编号", "Certificate"),
    "phone": ("电话", "联系电话", "手机", "Phone"),
    "sectors": ("专业领域", "领域", "Sectors"),
    "topics": ("专长", "擅长", "Topics"),
    "fee_rate_yuan": ("费用标准（元）", "费用标准", "Fee"),
    "fee_unit": ("计费", "计费方式", "Fee unit"),
}
_NEEDED = ("name", "sectors")
_PARTS = re.compile(r"[、，,;；/\n]+")


@dataclass
class Row:
    """One line of the list, numbered as Excel shows it, and what is wrong with it by column."""

    number: int
    name: str
    data: dict[str, Any] = field(default_factory=dict)
    errors: dict[str, list[str]] = field(default_factory=dict)


def read(session: Session, table: Sequence[Sequence[str]]) -> list[Row]:
    """Every row that says anything, checked. Invalid where the columns that are needed are not there."""
    head = _head(table[0] if table else ())
    codes = _sector_codes(session)
    known = {(name, employer) for name, employer in session.execute(sa.select(Expert.name, Expert.organisation))}
    rows = []
    for number, cells in enumerate(table[1:], 2):
        given = {column: cells[place] for column, place in head.items() if place < len(cells)}
        if any(given.values()):
            rows.append(_row(number, given, codes, known))
    if not rows:
        raise Invalid({"file": [_("表里没有一位专家")]})
    return rows


def enter(session: Session, rows: Sequence[Row], *, by: Actor, now: dt.datetime) -> int:
    """Enter all of them, or none: Invalid with the first row that the pool refuses. How many there are."""
    for row in rows:
        try:
            pool.create(session, row.data, by=by, now=now)
        except Invalid as wrong:
            row.errors = {name: [str(one) for one in texts] for name, texts in wrong.errors.items()}
            raise
    return len(rows)


def _head(cells: Sequence[str]) -> dict[str, int]:
    said = {text.replace(" ", "").lower(): place for place, text in reversed(list(enumerate(cells)))}
    found = {}
    for column, names in HEADS.items():
        places = [said[name.replace(" ", "").lower()] for name in names if name.replace(" ", "").lower() in said]
        if places:
            found[column] = places[0]
    if missing := [HEADS[column][0] for column in _NEEDED if column not in found]:
        raise Invalid({"file": [_("第一行应为表头，缺少：%(names)s", names=_("、").join(missing))]})
    return found


def _sector_codes(session: Session) -> dict[str, str]:
    """What a sector is called in either language, or its code → its code."""
    by_name = {one.name: one.code for one in sectors(session)} | {one.code: one.code for one in sectors(session)}
    return by_name | {name: code for code, name in sector_options(session)}


def _row(number: int, given: dict[str, str], codes: dict[str, str], known: set[tuple[str, str]]) -> Row:
    row = Row(number, given.get("name", ""))
    wanted = [part.strip() for part in _PARTS.split(given.get("sectors", "")) if part.strip()]
    units = {str(text): unit for unit, text in FEE_UNITS.items()} | {unit: unit for unit in FEE_UNITS}
    unit = given.get("fee_unit", "")
    data: dict[str, Any] = {
        name: given.get(name, "") for name in ("name", "organisation", "title", "certificate", "phone")
    }
    data |= {
        "sectors": [codes[one] for one in wanted if one in codes],
        "fee_rate_yuan": given.get("fee_rate_yuan") or 0,
    }
    data["topics"] = [part.strip() for part in _PARTS.split(given.get("topics", "")) if part.strip()]
    if unknown := [one for one in wanted if one not in codes]:
        row.errors["sectors"] = [_("没有这个领域：%(names)s", names=_("、").join(unknown))]
    if unit and unit not in units:
        row.errors["fee_unit"] = [_("不在可选范围内")]
    data["fee_unit"] = units.get(unit, "visit")
    try:
        row.data = dict(ExpertIn().load(data))
    except ValidationError as wrong:
        for name, texts in wrong.messages_dict.items():
            row.errors.setdefault(name, [str(one) for one in _flat(texts)])
    if (same := (data["name"], data["organisation"])) in known:
        row.errors.setdefault("name", [_("专家库或者表里已有同单位的这位专家")])
    known.add(same)
    return row


def _flat(messages: Any) -> list[Any]:
    if isinstance(messages, dict):
        return [text for inner in messages.values() for text in _flat(inner)]
    return list(messages) if isinstance(messages, (list, tuple)) else [messages]
