"""One row of a ledger, read: what it says of a hazard, and everything that is wrong with it, all at once."""

from __future__ import annotations

import datetime as dt
import hashlib
import re
from dataclasses import asdict, dataclass, field
from typing import Any

from app.hazards.ledger import cleaning, words
from app.hazards.ledger.cleaning import Unclear
from app.hazards.ledger.headings import Head
from app.hazards.ledger.places import Places
from app.hazards.ledger.problems import Problem
from app.hazards.ledger.workbook import Cell, Row
from app.subjects import credit_code_problem, is_credit_code, name_key

# Longest texts, as the register takes them; the description leaves room for what is added to it.
_LONGEST = {
    "external_no": 60, "subject_name": 120, "address": 200, "description": 2000, "location": 200, "found_by": 300,
    "owner": 40, "legal_basis": 2000, "requirement": 3500, "note": 600, "progress": 600, "category": 60,
}  # fmt: skip
_SUMMARY = 60
_FOUND_BY = 80
_PHONE = re.compile(r"[0-9+\-() ]{5,20}")
_CODE_LENGTH = 18
_TOTALS = re.compile(r"(合|总|小|共|累)\s*计(?!划)|汇\s*总|total", re.IGNORECASE)
_FOOT = re.compile(r"(填表|制表|审核|审批|复核|报送|填报|单位负责|负责人|联系人|联系电话|说明|备注|注|附).{0,8}[:：]")
# Lines added to a text of the register, which is Chinese whoever imports.
_OWNER, _KIND, _FINDERS, _PROGRESS, _NOTE = "整改责任人", "类别", "检查人", "整改情况", "备注"
_SENTENCE = re.compile(r"[。；;\n]")


@dataclass
class Entry:
    """What a row says, in the codes of the register. Days are ISO text, so that it can be kept as it is."""

    subject_name: str = ""
    credit_code: str = ""
    region_code: str = ""  # town or village; "" where the row says nothing
    address: str = ""
    sector_code: str = ""
    supervising_org_id: str = ""
    manager: str = ""
    phone: str = ""
    external_no: str = ""
    summary: str = ""
    description: str = ""
    location: str = ""
    category: str = ""
    grade: str = ""
    found_on: str = ""
    found_by: str = ""
    due_on: str = ""
    requirement: str = ""
    legal_basis: str = ""
    what: str = ""  # the description as written, by which the row is known again

    def as_data(self) -> dict[str, Any]:
        return asdict(self)

    def content_hash(self) -> str:
        """Of everything that the row says: whether a row imported before has been changed since."""
        return hashlib.sha256("\x1f".join(f"{k}={v}" for k, v in sorted(asdict(self).items())).encode()).hexdigest()

    def key(self, subject: str) -> str:
        """The row's identity, of which a second hazard is never made: the subject with the hazard's number in the
        ledger, or where it has none with what was found, where and when. `subject` is the subject's id.
        """
        parts = (
            ["number", name_key(self.external_no)]
            if self.external_no
            else ["found", name_key(self.what), name_key(self.location), self.found_on]
        )
        return "ledger-" + hashlib.sha256("\x1f".join([subject, *parts]).encode()).hexdigest()[:48]


@dataclass
class Reading:
    """A row under examination. Each reader adds what it finds wrong and goes on with nothing."""

    head: Head
    row: Row
    places: Places
    today: dt.date
    problems: list[Problem] = field(default_factory=list)
    skipped: bool = False
    entry: Entry = field(default_factory=Entry)

    @property
    def failed(self) -> bool:
        return any(problem.is_error for problem in self.problems)

    # --- cells

    def has(self, name: str) -> bool:
        return name in self.head.columns

    def cell(self, name: str) -> Cell:
        found = self.head.columns.get(name)
        return self.row[found[0]] if found else Cell()

    def say(self, code: str, column: str | None = None, /, **values: object) -> None:
        index, heading = self.head.columns.get(column or "", (None, ""))
        problem = Problem(code, values, index, heading, column or "")
        if problem not in self.problems:  # a cell may be looked at twice
            self.problems.append(problem)

    def usable(self, name: str, *, free_text: bool = False) -> Cell:
        """The cell, or an empty one after saying why it cannot be used."""
        cell = self.cell(name)
        if cell.error:
            self.say("cell_error", name, value=cell.error)
            return Cell()
        if cell.formula and cell.value in (None, ""):
            if not free_text:
                self.say("formula_without_result", name, value=cell.formula[:60])
                return Cell()
            self.say("formula_text", name, value=cell.formula[:60])
        elif cell.formula:
            self.say("formula_result", name, value=cleaning.text(cell.value)[:60])
        return cell

    def words(self, name: str, *, required: bool = False, several: bool = False) -> str:
        """The text of a cell. A required one may not be a formula without a result: that says nothing."""
        cell = self.usable(name, free_text=not required)
        value = cleaning.value_of(cell)
        found = cleaning.optional(value) if several else cleaning.text(cleaning.optional(value))
        if not cell.formula and cleaning.looks_like_formula(found):
            self.say("formula_text", name, value=found[:60])
        longest = _LONGEST.get(name, 200)
        if len(found) > longest:
            self.say("too_long", name, n=longest, length=len(found))
            return ""
        if required and not found and not self.complained(name):
            self.say("missing", name)
        return found

    def aside(self, name: str, longest: int) -> str:
        """What only helps to register a new enterprise: no reason to refuse a hazard, so what is odd is left out."""
        found = cleaning.text(cleaning.optional(self.cell(name).value))
        return found if len(found) <= longest else ""

    def complained(self, name: str) -> bool:
        return any(problem.is_error and problem.field == name for problem in self.problems)


def read(head: Head, row: Row, places: Places, today: dt.date) -> Reading:
    """Read a row. `skipped` for totals, foot notes and hazards already put right; else errors or a full entry."""
    reading = Reading(head, row, places, today)
    if skipped := _no_hazard(head, row):
        reading.say(skipped)
        reading.skipped = True
        return reading
    if row.hidden:
        reading.say("hidden_row")
    if _closed(reading):
        reading.problems = [p for p in reading.problems if not p.is_error]
        reading.say("closed", "status" if reading.has("status") else "progress")
        reading.skipped = True
        return reading
    _subject(reading)
    _place(reading)
    _dictionaries(reading)
    _days(reading)
    _texts(reading)
    return reading


def is_blank(head: Head, row: Row) -> bool:
    """Nothing but a serial number that somebody filled down."""
    return all(row[index].blank for name, (index, _heading) in head.columns.items() if name != "serial") and not any(
        isinstance(cell.value, str) and (_TOTALS.search(cell.value) or _FOOT.match(cell.value)) for cell in row.cells
    )


def _no_hazard(head: Head, row: Row) -> str:
    """total or foot where the row is no hazard of the ledger; else ""."""
    first = next((cleaning.text(cell.value) for cell in row.cells if not cell.blank), "")
    if _TOTALS.match(first) and len(first) < 20:
        return "total"
    names = [name for name in ("credit_code", "description") if name in head.columns]
    if _FOOT.match(first) and all(row[head.columns[name][0]].blank for name in names):
        return "foot"
    return ""


def _closed(reading: Reading) -> bool:
    """Whether the hazard is put right: by the state, else by what is said of the rectification, else by its day."""
    status = cleaning.text(cleaning.optional(reading.usable("status").value))
    progress = cleaning.optional(reading.usable("progress", free_text=True).value)
    done, says = _done(reading)
    closed = words.is_closed(status)
    if status and closed is None:
        reading.say("status_unknown", "status", value=status[:40])
        return False
    if status and closed is False and done:
        reading.say("status_contradicts", "status", value=status[:40], done=done.isoformat())
        return False
    if status:
        return bool(closed)
    if done:
        return True
    closed = words.is_closed(progress) if progress else says
    if progress and closed is None:
        reading.say("status_unknown", "progress", value=cleaning.text(progress)[:40])
    return bool(closed)


def _done(reading: Reading) -> tuple[dt.date | None, bool | None]:
    """The day on which it was done; or what words in that column (未完成) say."""
    value = reading.usable("done_on").value
    try:
        return cleaning.day(value, offset=reading.head.sheet.days_offset, near=reading.today), None
    except Unclear as wrong:
        says = words.is_closed(cleaning.text(value))
        if says is None:
            reading.say(wrong.code, "done_on", **wrong.values)
        return None, says


def _subject(reading: Reading) -> None:
    entry = reading.entry
    try:
        entry.credit_code = cleaning.credit_code(reading.usable("credit_code").value)
    except Unclear as wrong:
        reading.say(wrong.code, "credit_code", **wrong.values)
    else:
        _check_code(reading)
    code_stands = bool(entry.credit_code) or reading.complained("credit_code")
    entry.subject_name = reading.words("subject_name", required=not code_stands)
    entry.address, entry.manager = reading.aside("address", 200), reading.aside("manager", 40)
    phone = reading.aside("phone", 20)
    entry.phone = phone if _PHONE.fullmatch(phone) else ""


def _check_code(reading: Reading) -> None:
    code = reading.entry.credit_code
    if not code or credit_code_problem(code) is None:
        return
    if len(code) == _CODE_LENGTH and not is_credit_code(code):
        reading.say("code_check", "credit_code", value=code)
    else:
        reading.say("code_length", "credit_code", value=code[:40], n=len(code))
    reading.entry.credit_code = ""


def _place(reading: Reading) -> None:
    """Town and village, each in a column of its own or both in one."""
    places, entry = reading.places, reading.entry
    town_text, village_text = reading.words("town"), reading.words("village")
    if not town_text:
        return
    town = places.town(town_text) or places.town_and_village(town_text)
    if town is None:
        _unknown(reading, "town", town_text, places.towns.nearest(town_text))
        return
    entry.region_code = town
    if not village_text or not town.endswith("000"):
        return
    if village := places.village(town, village_text):
        entry.region_code = village
    elif town in places.villages:
        near = places.villages[town].nearest(village_text)
        code = "village_unknown_near" if near else "village_unknown"
        reading.say(code, "village", value=village_text[:40], near=near, town=places.area_name(town))


def _dictionaries(reading: Reading) -> None:
    places, entry = reading.places, reading.entry
    if text := reading.words("sector"):
        entry.sector_code = places.sector(text) or ""
        if not entry.sector_code:
            _unknown(reading, "sector", text, places.sectors.nearest(text))
    if text := reading.words("supervisor"):
        entry.supervising_org_id = places.department(text) or ""
        if not entry.supervising_org_id:
            _unknown(reading, "supervisor", text, places.departments.nearest(text))
    try:
        entry.grade = words.grade(reading.words("grade"))
    except Unclear as wrong:
        reading.say(wrong.code, "grade", **wrong.values)


def _unknown(reading: Reading, name: str, text: str, near: str) -> None:
    reading.say(f"{name}_unknown_near" if near else f"{name}_unknown", name, value=text[:40], near=near)


def _days(reading: Reading) -> None:
    offset, today = reading.head.sheet.days_offset, reading.today
    found = _day_found(reading, offset, today)
    cell = reading.usable("due_on")
    try:
        due = cleaning.limit(cell.value, found_on=found or today, offset=offset)
    except Unclear as wrong:
        reading.say(wrong.code, "due_on", **wrong.values)
        return
    if due is None:
        return
    reading.entry.due_on = due.isoformat()
    shown = cleaning.text(cell.value)
    if isinstance(cell.value, str) and not re.search(r"[0-9]{2,}.*[-./年、—–].*[0-9]|^[0-9]{5,8}$", shown):
        reading.say("due_from_span", "due_on", value=shown[:40], due=due.isoformat())
    if found and due < found:
        reading.say("due_before_found", "due_on", value=due.isoformat(), found=found.isoformat())
    elif due < today:
        reading.say("overdue", "due_on", due=due.isoformat())


def _day_found(reading: Reading, offset: int, today: dt.date) -> dt.date | None:
    """The day of finding. A ledger that has such a column must have it filled in every row."""
    if not reading.has("found_on"):
        return None
    cell = reading.usable("found_on")
    try:
        found = cleaning.day(cell.value, offset=offset, near=today)
    except Unclear as wrong:
        reading.say(wrong.code, "found_on", **wrong.values)
        return None
    if found is None:
        if not reading.complained("found_on"):
            reading.say("missing", "found_on")
        return None
    if found > today:
        reading.say("found_in_future", "found_on", value=found.isoformat())
        return None
    shown = cleaning.text(cell.value)
    if isinstance(cell.value, str) and "月" in shown and "年" not in shown:
        reading.say("year_assumed", "found_on", value=shown[:40], day=found.isoformat())
    reading.entry.found_on = found.isoformat()
    return found


def _texts(reading: Reading) -> None:
    entry = reading.entry
    try:
        cleaning.number(reading.cell("external_no").value)
    except Unclear as wrong:
        reading.say(wrong.code, "external_no", **wrong.values)
    else:
        entry.external_no = reading.words("external_no")
    entry.what = reading.words("description", required=True, several=True)
    entry.location = reading.words("location")
    finders = reading.words("found_by")
    entry.found_by = finders if len(finders) <= _FOUND_BY else finders[: _FOUND_BY - 1] + "…"
    entry.legal_basis = reading.words("legal_basis", several=True)
    entry.requirement = _with(reading.words("requirement", several=True), _OWNER, reading.words("owner"))
    entry.summary = _summary(entry.what)
    entry.description = entry.what
    kind = reading.words("category")
    entry.category = words.category(kind) or words.category(entry.what)
    for label, text in (
        (_KIND, kind),
        (_FINDERS, finders if len(finders) > _FOUND_BY else ""),
        (_PROGRESS, reading.words("progress", several=True)),
        (_NOTE, reading.words("note", several=True)),
    ):
        entry.description = _with(entry.description, label, text)


def _with(text: str, label: str, more: str) -> str:
    """The text with one more line, where there is something to add."""
    return "\n".join(part for part in (text, f"{label}：{more}" if more else "") if part)


def _summary(text: str) -> str:
    """The first sentence, short enough for a list."""
    first = next((part.strip() for part in _SENTENCE.split(text) if part.strip()), "")
    return first if len(first) <= _SUMMARY else first[: _SUMMARY - 1] + "…"
