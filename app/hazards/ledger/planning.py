"""What an import would do, row by row, without doing it (预检)."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.accounts import User
from app.hazards.ledger.archive import refuse
from app.hazards.ledger.cleaning import lines, text, value_of
from app.hazards.ledger.headings import LABELS, Head, find_head, is_head
from app.hazards.ledger.models import LedgerKey
from app.hazards.ledger.places import read_places
from app.hazards.ledger.problems import Problem
from app.hazards.ledger.resolving import Whose, whose
from app.hazards.ledger.roster import Remit, Roster, same_name
from app.hazards.ledger.rows import Entry, Reading, is_blank, read
from app.hazards.ledger.workbook import Row, Sheet, read_workbook
from app.hazards.models import Hazard
from app.i18n import _
from app.subjects import name_key

_CHUNK = 500


@dataclass
class PlannedRow:
    """One row and its outcome: new, known, error or skipped (models.OUTCOMES)."""

    sheet: str
    number: int
    reading: Reading
    outcome: str = "new"
    key: str = ""
    content_hash: str = ""
    hazard_id: str | None = None

    @property
    def problems(self) -> list[Problem]:
        return self.reading.problems

    @property
    def entry(self) -> Entry:
        return self.reading.entry

    @property
    def shown(self) -> list[str]:
        """The cells as they stand in the file: formulas as their text."""
        return [lines(cell.error or value_of(cell)) for cell in self.reading.row.cells]


@dataclass
class Plan:
    rows: list[PlannedRow] = field(default_factory=list)
    sheets: list[dict[str, Any]] = field(default_factory=list)
    heads: list[Head] = field(default_factory=list)
    blank: int = 0

    def count(self, outcome: str) -> int:
        return self.counts[outcome]

    @property
    def counts(self) -> Counter[str]:
        return Counter(row.outcome for row in self.rows)

    @property
    def several_sheets(self) -> bool:
        return len(self.heads) > 1


def plan(session: Session, content: bytes, *, user: User | None, today: dt.date) -> Plan:
    """Read a ledger and say what each row would become. Invalid where the file is no ledger; writes nothing.

    `user` None is the system, which sees everything.
    """
    found, readings = Plan(), list[tuple[Sheet, Row, Head]]()
    for sheet in read_workbook(content):
        _take_sheet(found, readings, sheet)
    if not found.heads:
        raise refuse(_no_ledger())
    places = read_places(session)
    for sheet, row, head in readings:
        found.rows.append(PlannedRow(sheet.name, row.number, read(head, row, places, today)))
    _match(session, found.rows, user)
    _among_themselves(found.rows)
    _known_before(session, found.rows)
    return found


def _take_sheet(found: Plan, readings: list[tuple[Sheet, Row, Head]], sheet: Sheet) -> None:
    """A sheet with recognised headings; others (instructions, statistics) are named and left alone."""
    head = None if sheet.hidden else find_head(sheet)
    taken = 0
    if head is not None:
        found.heads.append(head)
        for row in sheet.rows:
            if row.number <= head.row or is_head(head, row):
                continue
            if row.blank or is_blank(head, row):
                found.blank += 1
                continue
            readings.append((sheet, row, head))
            taken += 1
    found.sheets.append(
        {
            "name": sheet.name,
            "hidden": sheet.hidden,
            "read": head is not None,
            "rows": taken,
            "columns": [[name, heading] for name, (_i, heading) in head.columns.items()] if head else [],
            "unused": head.unused if head else [],
            "headings": _headings(head) if head else [],
        }
    )


def _headings(head: Head) -> list[str]:
    """The heading row as it stands, by position; for the export of bad rows."""
    width = max([index for index, _heading in head.columns.values()] + [0]) + 1
    texts = [""] * width
    for row in head.sheet.rows:
        if row.number == head.row:
            texts = [text(cell.value) for cell in row.cells] + [""] * (width - len(row.cells))
    for index, heading in head.columns.values():
        texts[index] = heading
    return texts


def _no_ledger() -> str:
    return _(
        "没有找到台账的表头，表头至少要有%(columns)s",
        columns="、".join(f"“{LABELS[name]}”" for name in ("subject_name", "description", "found_on", "due_on")),
    )


def _match(session: Session, rows: list[PlannedRow], user: User | None) -> None:
    entries = [row.entry for row in rows if not row.reading.skipped]
    roster = Roster(session, user, (e.credit_code for e in entries), (e.subject_name for e in entries))
    remit = Remit(session, user)
    _one_code_one_name([row for row in rows if not row.reading.skipped], roster)
    for row in rows:
        if row.reading.skipped:
            row.outcome = "skipped"
            continue
        found: Whose | None = None if row.reading.failed else whose(row.reading, roster, remit)
        if found is None or row.reading.failed:
            row.outcome = "error"
            continue
        row.key, row.content_hash = row.entry.key(found.identity), row.entry.content_hash()


def _one_code_one_name(rows: list[PlannedRow], roster: Roster) -> None:
    """A code that the file gives to two enterprises says nothing about either, unless it is registered."""
    first: dict[str, PlannedRow] = {}
    disputed: dict[str, list[PlannedRow]] = {}
    for row in rows:
        code, name = row.entry.credit_code, row.entry.subject_name
        if not code or not name or code in roster.by_code:
            continue
        other = first.setdefault(code, row)
        if name_key(other.entry.subject_name) != name_key(name) and not same_name(other.entry.subject_name, name):
            disputed.setdefault(code, [other]).append(row)
    for one, *others in disputed.values():
        for row, other in [(one, others[0]), *((row, one) for row in others)]:
            row.reading.say("code_two_names", "credit_code", row=_beside(row, other), name=other.entry.subject_name)


def _among_themselves(rows: list[PlannedRow]) -> None:
    """Rows that say the same twice are taken once; one number for two different hazards is an error of the second."""
    first: dict[str, PlannedRow] = {}
    for row in rows:
        if row.outcome != "new" or (other := first.setdefault(row.key, row)) is row:
            continue
        if row.entry.external_no and not _same_hazard(row.entry, other.entry):
            row.reading.say("number_repeated", "external_no", value=row.entry.external_no, row=_beside(row, other))
            row.outcome = "error"
        else:
            row.reading.say("repeated", row=_beside(row, other))
            row.outcome = "skipped"


def _beside(row: PlannedRow, other: PlannedRow) -> str:
    """The number of another row; with its sheet, as Excel writes it, where that is another too."""
    return str(other.number) if row.sheet == other.sheet else f"{other.sheet}!{other.number}"


def _same_hazard(one: Entry, other: Entry) -> bool:
    return name_key(one.what) == name_key(other.what) and name_key(one.location) == name_key(other.location)


def _known_before(session: Session, rows: list[PlannedRow]) -> None:
    fresh = {row.key: row for row in rows if row.outcome == "new"}
    keys = sorted(fresh)
    for start in range(0, len(keys), _CHUNK):
        chunk = keys[start : start + _CHUNK]
        registered = sa.select(Hazard.request_key, Hazard.id).where(Hazard.request_key.in_(chunk))
        for key, hazard_id in session.execute(registered):
            fresh[str(key)].outcome, fresh[str(key)].hazard_id = "known", hazard_id
        seen = sa.select(LedgerKey.key, LedgerKey.content_hash).where(LedgerKey.key.in_(chunk))
        for key, content_hash in session.execute(seen):
            if fresh[key].outcome == "known" and content_hash != fresh[key].content_hash:
                fresh[key].reading.say("changed")
