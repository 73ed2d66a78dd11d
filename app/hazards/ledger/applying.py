"""Doing what a plan says: one process per open hazard, row by row, so that an interruption costs nothing.

Each row is three steps of its own: its key is taken (and its enterprise registered where it is new), the process is
started, and what came of it is written down. Whatever stops in between, the next run finds the key, looks whether the
hazard is in the register, and goes on from there. No hazard is registered twice.
"""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import sqlalchemy as sa
from marshmallow import ValidationError
from sqlalchemy.orm import Session, sessionmaker

from app import subjects
from app.accounts import Region, User
from app.audit import Actor, record
from app.clock import SHANGHAI, Clock
from app.db import new_id, write_transaction
from app.engine import Incident
from app.errors import Busy, DubanError, Forbidden, Invalid, NotFound
from app.hazards.ledger import queries
from app.hazards.ledger.models import HazardImport, HazardImportRow, LedgerKey
from app.hazards.ledger.places import Places, read_places
from app.hazards.ledger.planning import Plan
from app.hazards.ledger.problems import Problem
from app.hazards.ledger.resolving import has_credit_code, subject_data
from app.hazards.ledger.roster import EDITORS, Remit
from app.hazards.ledger.rows import Entry
from app.hazards.models import Hazard
from app.i18n import _
from app.subjects import Subject

if TYPE_CHECKING:
    from app.engine import Engine

PROCESS = "hazard_rectification"
_LEASE = dt.timedelta(seconds=60)  # of real time: longer than one row ever takes


@dataclass(frozen=True)
class Surroundings:
    """What an import works with, in a request or on the command line."""

    sessions: sessionmaker[Session]
    engine: Engine
    clock: Clock


def keep(
    session: Session, plan: Plan, *, file_name: str, sha256: str, user: User | None, by: Actor, now: dt.datetime
) -> str:
    """Write a plan down, so that it can be confirmed, interrupted, continued and looked up. Never commits."""
    if user is not None and not user.has(*EDITORS):
        raise Forbidden()
    city = sa.select(Region.code).where(Region.level == "city").order_by(Region.code).limit(1)
    kept = HazardImport(
        id=new_id(),
        file_name=file_name[:200],
        sha256=sha256,
        by_id=by.id,
        by_name=by.name,
        org_id=by.org_id,
        region_code=user.organisation.region_code if user else session.scalar(city),
        created_at=now,
        sheets=[{**sheet, "blank": plan.blank} for sheet in plan.sheets],
    )
    session.add(kept)
    session.flush()
    session.add_all(_row(kept.id, position, row) for position, row in enumerate(plan.rows))
    session.flush()
    record(session, now, by, "hazard_imports.planned", "hazard_import", kept.id, file=file_name, rows=len(plan.rows))
    return kept.id


def _row(import_id: str, position: int, row: Any) -> HazardImportRow:
    entry = row.entry
    good = row.outcome in ("new", "known")
    return HazardImportRow(
        import_id=import_id,
        position=position,
        sheet=row.sheet[:60],
        number=row.number,
        outcome=row.outcome,
        subject_name=entry.subject_name or entry.credit_code,
        summary=entry.summary,
        remarks=[problem.as_data() for problem in row.problems],
        entry=entry.as_data() if good else None,
        cells=row.shown if row.outcome == "error" else None,
        key=row.key or None,
        hazard_id=row.hazard_id,
    )


def confirm(session: Session, kept: HazardImport, *, by: Actor, now: dt.datetime) -> None:
    """Say that the planned rows are to be registered. Repeating it changes nothing. Never commits."""
    if kept.state == "planned":
        kept.state, kept.started_at = "running", now
        record(session, now, by, "hazard_imports.confirmed", "hazard_import", kept.id, file=kept.file_name)


def work(around: Surroundings, import_id: str, *, by: Actor, seconds: float | None = None) -> bool:
    """Register the rows that are left; whether all are done. Stops after `seconds` if given: call it again.

    Forbidden where the person may no longer enter hazards. Busy while somebody else is at work on this import.
    """
    deadline = None if seconds is None else time.monotonic() + seconds
    with _leased(around, import_id) as lease:
        with around.sessions() as session:
            user = _person(session, by)
            importer = _Importer(around, import_id, by, user, Remit(session, user), read_places(session))
        while row_id := importer.next_row():
            if deadline is not None and time.monotonic() > deadline:
                return False
            importer.register(row_id)
            _renew(around, import_id, lease)
        importer.finish()
    return True


def _person(session: Session, by: Actor) -> User | None:
    """Looked up anew for every run: authority may have changed since the file was read."""
    if by.id is None:
        return None
    user = session.get(User, by.id)
    if user is None or not user.active or not user.has(*EDITORS):
        raise Forbidden()
    return user


@dataclass
class _Importer:
    around: Surroundings
    import_id: str
    by: Actor
    user: User | None
    remit: Remit
    places: Places

    def next_row(self) -> str | None:
        waiting = sa.select(HazardImportRow.id).where(
            HazardImportRow.import_id == self.import_id, HazardImportRow.outcome == "new"
        )
        with self.around.sessions() as session:
            return session.scalar(waiting.order_by(HazardImportRow.position).limit(1))

    def register(self, row_id: str) -> None:
        """One row to its end: registered, found registered already, or refused with the reason written down."""
        try:
            data = self._take(row_id)
            if data is None:
                return
            started = self.around.engine.start(PROCESS, data, by=self.by, as_form=False)
        except Busy:
            raise
        except DubanError as wrong:
            self._refuse(row_id, wrong)
            return
        self._complete(row_id, started.instance_id)

    def _take(self, row_id: str) -> dict[str, Any] | None:
        """Take the row's key; the data to start with, or None where its hazard is in the register."""
        with self._writing() as session:
            row = session.get_one(HazardImportRow, row_id)
            entry = Entry(**(row.entry or {}))
            subject = self._subject(session, entry)
            if not self.remit.covers(subject.region_code, entry.sector_code, entry.supervising_org_id):
                raise Forbidden(_("这项隐患不在您的管辖范围"))
            row.key = entry.key(subject.id)
            taken = session.get(LedgerKey, row.key)
            known = session.scalar(sa.select(Hazard.id).where(Hazard.request_key == row.key))
            if known is not None:
                row.outcome, row.hazard_id = "known", known
                if taken is not None and taken.import_id == self.import_id:  # interrupted after the start
                    row.outcome, taken.hazard_id = "imported", known
                return None
            if taken is None:
                taken = LedgerKey(key=row.key)
                session.add(taken)
            elif taken.import_id != self.import_id and self._at_work(session, taken.import_id):
                raise Busy(_("另一份台账正在登记同一项隐患，稍候继续"))
            taken.import_id, taken.content_hash = self.import_id, entry.content_hash()
            taken.taken_at = self.around.clock.now()
            return start_data(entry, subject, row.key)

    def _subject(self, session: Session, entry: Entry) -> Subject:
        """The subject that the row means; the enterprise is registered where it is new."""
        where = {"name": entry.subject_name, "region": entry.region_code, "user": self.user}
        found = subjects.match(session, credit_code=entry.credit_code, **where)
        if found is None and entry.credit_code:  # a code that nobody has, a name that somebody without a code has
            named = subjects.match(session, **where)
            found = named if named is not None and not has_credit_code(named) else None
        if found is not None:
            return found
        try:
            data = dict(subjects.SubjectIn().load(subject_data(entry, self.places)))
        except ValidationError as wrong:
            raise Invalid(wrong.messages_dict) from wrong
        return subjects.create(session, data, user=self.user, by=self.by, now=self.around.clock.now())

    def _complete(self, row_id: str, instance_id: str) -> None:
        with self._writing() as session:
            row = session.get_one(HazardImportRow, row_id)
            row.hazard_id = session.scalar(sa.select(Hazard.id).where(Hazard.instance_id == instance_id))
            if row.hazard_id is None:
                self._failed(session, row, instance_id)
                return
            row.outcome = "imported"
            session.get_one(LedgerKey, row.key).hazard_id = row.hazard_id

    def _failed(self, session: Session, row: HazardImportRow, instance_id: str) -> None:
        """The process stands at its first step with an incident: what it says belongs to the row."""
        why = session.scalar(sa.select(Incident.message).where(Incident.instance_id == instance_id).limit(1))
        self._say(row, why or str(_("流程没有登记隐患")))
        record(
            session, self.around.clock.now(), self.by, "hazard_imports.failed", "instance", instance_id, row=row.number
        )

    def _refuse(self, row_id: str, wrong: DubanError) -> None:
        texts = [str(text) for messages in getattr(wrong, "errors", {}).values() for text in _flat(messages)]
        with self._writing() as session:
            row = session.get_one(HazardImportRow, row_id)
            self._say(row, "；".join(texts) or str(wrong.detail))
            if row.key and (taken := session.get(LedgerKey, row.key)) and taken.hazard_id is None:
                session.delete(taken)

    def _say(self, row: HazardImportRow, why: str) -> None:
        row.outcome = "error"
        row.remarks = [*row.remarks, Problem("refused", {"value": why[:300]}).as_data()]

    def _at_work(self, session: Session, import_id: str) -> bool:
        until = session.scalar(sa.select(HazardImport.lease_until).where(HazardImport.id == import_id))
        return until is not None and until > dt.datetime.now(dt.UTC)

    def finish(self) -> None:
        now = self.around.clock.now()
        with self._writing() as session:
            kept = session.get_one(HazardImport, self.import_id)
            if kept.state == "done":
                return
            kept.state, kept.finished_at = "done", now
            counts = queries.counts(session, kept.id)
            record(session, now, self.by, "hazard_imports.finished", "hazard_import", kept.id, **counts)

    @contextmanager
    def _writing(self) -> Iterator[Session]:
        with self.around.sessions() as session, write_transaction(session, alone=True):
            yield session


def start_data(entry: Entry, subject: Subject, key: str) -> dict[str, Any]:
    """What the process starts with. An order with a last day is taken over; without one the hazard is to be graded."""
    found_at = (
        dt.datetime.fromisoformat(entry.found_on).replace(tzinfo=SHANGHAI).isoformat() if entry.found_on else None
    )
    data: dict[str, Any] = {
        "subject_id": subject.id,
        "summary": entry.summary,
        "description": entry.description,
        "location": entry.location,
        "category": entry.category or "object",
        "source": "import",
        "found_at": found_at,
        "found_by": entry.found_by,
        "photos_before": [],
        "region_code": subject.region_code,
        "sector_code": entry.sector_code,
        "supervising_org_id": entry.supervising_org_id,
        "responsible_org_id": subject.org_id,
        "requirement": entry.requirement,
        "legal_basis": entry.legal_basis,
        "due_on": entry.due_on or None,
        "external_no": entry.external_no,
        "grade": entry.grade,
        "imported_stage": "rectify" if entry.due_on else "",
        "request_key": key,
    }
    return {name: value for name, value in data.items() if value is not None}


def _flat(messages: Any) -> Iterator[Any]:
    """Messages of any depth: a nested field's stand under its index."""
    if isinstance(messages, dict):
        for inner in messages.values():
            yield from _flat(inner)
    elif isinstance(messages, list | tuple):
        for inner in messages:
            yield from _flat(inner)
    else:
        yield messages


@contextmanager
def _leased(around: Surroundings, import_id: str) -> Iterator[str]:
    """Only one at a time works on an import. By real time: a driven clock that stands still must not lock it out."""
    lease, now = new_id(), dt.datetime.now(dt.UTC)
    free = sa.or_(HazardImport.lease_until.is_(None), HazardImport.lease_until < now)
    claim = sa.update(HazardImport).where(HazardImport.id == import_id, HazardImport.state != "planned", free)
    with around.sessions() as session, write_transaction(session):
        if session.get(HazardImport, import_id) is None:
            raise NotFound()
        if not _changed(session, claim.values(lease=lease, lease_until=now + _LEASE)):
            raise Busy(_("这份台账正在登记"))
    try:
        yield lease
    finally:
        mine = sa.update(HazardImport).where(HazardImport.id == import_id, HazardImport.lease == lease)
        with around.sessions() as session, write_transaction(session):
            session.execute(mine.values(lease=None, lease_until=None))


def _renew(around: Surroundings, import_id: str, lease: str) -> None:
    mine = sa.update(HazardImport).where(HazardImport.id == import_id, HazardImport.lease == lease)
    with around.sessions() as session, write_transaction(session):
        if not _changed(session, mine.values(lease_until=dt.datetime.now(dt.UTC) + _LEASE)):
            raise Busy(_("这份台账正在登记"))


def _changed(session: Session, update: sa.Update) -> bool:
    return cast("sa.CursorResult[Any]", session.execute(update)).rowcount > 0
