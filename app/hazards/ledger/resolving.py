"""Whose hazard a row is: a registered subject, one to be registered, or an error that says what is missing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from app.hazards.ledger.places import Places
from app.hazards.ledger.roster import Remit, Roster, same_name
from app.hazards.ledger.rows import Entry, Reading
from app.subjects import Subject


@dataclass(frozen=True)
class Whose:
    """Either a subject, or (None) one that will be registered under the entry's code."""

    subject: Subject | None
    identity: str  # its id, or the code of the new one

    @property
    def is_new(self) -> bool:
        return self.subject is None


def whose(reading: Reading, roster: Roster, remit: Remit) -> Whose | None:
    """The subject of a row without errors so far; None after saying why there is none."""
    entry = reading.entry
    subject = _registered(reading, roster)
    if subject is None:
        return None if reading.failed else _to_be_registered(reading, roster, remit)
    if subject.status == "closed":
        reading.say("subject_closed", "subject_name", name=subject.name)
        return None
    _complete(reading, subject)
    if not remit.covers(subject.region_code, entry.sector_code, entry.supervising_org_id):
        reading.say("outside_scope", "subject_name", name=subject.name)
        return None
    return Whose(subject, subject.id)


def _registered(reading: Reading, roster: Roster) -> Subject | None:
    """By credit code, else by name. A code and a name that point to different subjects are an error."""
    entry = reading.entry
    if entry.credit_code and (subject := roster.by_code.get(entry.credit_code)):
        if entry.subject_name and not same_name(entry.subject_name, subject.name):
            reading.say("code_other_name", "credit_code", name=subject.name, value=entry.subject_name)
            return None
        if entry.subject_name and entry.subject_name != subject.name:
            reading.say("name_differs", "subject_name", name=subject.name)
        return subject
    named = roster.named(entry.subject_name, entry.region_code) if entry.subject_name else []
    if len(named) > 1:
        reading.say("subject_ambiguous", "subject_name", value=entry.subject_name)
        return None
    if named and entry.credit_code and has_credit_code(named[0]):
        reading.say("name_other_code", "credit_code", name=named[0].name, code=named[0].id_no)
        return None
    return named[0] if named else None


def has_credit_code(subject: Subject) -> bool:
    return subject.id_type == "uscc" and bool(subject.id_no)


def _complete(reading: Reading, subject: Subject) -> None:
    """What the row leaves open stands in the register; where they differ on the place, the register is right."""
    entry = reading.entry
    entry.subject_name = entry.subject_name or subject.name
    if entry.region_code and entry.region_code[:9] != subject.region_code[:9]:
        reading.say("town_differs", "town", name=reading.places.area_name(subject.region_code[:9] + "000"))
    entry.region_code = subject.region_code
    entry.sector_code = entry.sector_code or subject.sector_code
    same_sector = entry.sector_code == subject.sector_code
    entry.supervising_org_id = (
        entry.supervising_org_id
        or (same_sector and subject.supervising_org_id)
        or reading.places.leads.get(entry.sector_code)
        or subject.supervising_org_id
        or ""
    )
    if not entry.supervising_org_id:
        reading.say("supervisor_missing", "supervisor")


def _to_be_registered(reading: Reading, roster: Roster, remit: Remit) -> Whose | None:
    """An unknown enterprise is registered when code, name, town and sector say beyond doubt which one it is."""
    entry = reading.entry
    if not entry.subject_name:
        reading.say("subject_unknown", "credit_code", value=entry.credit_code)
        return None
    if entry.credit_code in roster.taken:
        reading.say("subject_elsewhere", "credit_code", value=entry.subject_name)
        return None
    if not (entry.credit_code and entry.region_code and entry.sector_code):
        near = roster.nearest(entry.subject_name)
        code = "subject_unknown_near" if near else "subject_unknown"
        reading.say(code, "subject_name", value=entry.subject_name, near=near)
        return None
    entry.supervising_org_id = entry.supervising_org_id or reading.places.leads.get(entry.sector_code) or ""
    if not entry.supervising_org_id:
        reading.say("supervisor_missing", "supervisor")
        return None
    if not remit.covers(entry.region_code, entry.sector_code, entry.supervising_org_id):
        reading.say("outside_scope", "subject_name", name=entry.subject_name)
        return None
    reading.say("subject_new", "subject_name", value=entry.subject_name)
    return Whose(None, f"new:{entry.credit_code}")


def subject_data(entry: Entry, places: Places) -> dict[str, Any]:
    """A new enterprise as `SubjectIn` takes it."""
    lead = places.leads.get(entry.sector_code)
    return {
        "type": "enterprise",
        "name": entry.subject_name,
        "id_type": "uscc",
        "id_no": entry.credit_code,
        "region_code": entry.region_code,
        "address": entry.address,
        "sector_code": entry.sector_code,
        "manager_name": entry.manager,
        "manager_phone": entry.phone,
        "supervising_org_id": "" if lead == entry.supervising_org_id else entry.supervising_org_id,
    }
