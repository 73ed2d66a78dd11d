"""Answers on the spot: item by item, as often as they are sent. Called by page and API; commits nothing."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy.orm import Session

from app import files
from app.audit import Actor
from app.clock import local
from app.db import new_id
from app.errors import Invalid
from app.i18n import _
from app.inspections import queries
from app.inspections.models import InspectedSubject, InspectionItem

Data = Mapping[str, Any]
ANSWERED = (
    "result", "finding", "detail", "location", "requirement", "severity", "deadline", "measures", "photos",
    "photos_after",
)  # fmt: skip
SITE = (
    "scene", "remarks", "served", "signed_by", "signed_title", "refused_reason", "evidence", "longitude", "latitude",
    "accuracy_m",
)  # fmt: skip
KIND = "inspected_subject"  # what photos are attached to: whoever may see the row sees them


def save(
    session: Session, subject: InspectedSubject, answers: Iterable[Data], *, by: Actor, now: dt.datetime
) -> list[dict[str, Any]]:
    """Take each answer for itself; what became of each, in their order.

    saved     it stands; `rev` is the item's new revision
    same      it stood already: a repeat, which changes nothing
    conflict  the item was answered meanwhile on a later revision: what stands comes back, nothing is overwritten
    refused   it cannot be taken; `errors` says why
    """
    items = {item.id: item for item in queries.items_of(session, [subject.id])[subject.id]}
    said = [_save_one(session, subject, items, answer, by=by, now=now) for answer in answers]
    session.flush()
    return said


def _save_one(
    session: Session,
    subject: InspectedSubject,
    items: dict[str, InspectionItem],
    answer: Data,
    *,
    by: Actor,
    now: dt.datetime,
) -> dict[str, Any]:
    item = _find(items, answer)
    if item is None and answer["item_id"]:
        return _said(answer, None, "refused", {"item_id": [_("没有这一检查项")]})
    if item is not None:
        wanted = _prefilled(item, answer)
        if all(getattr(item, name) == wanted[name] for name in ANSWERED):
            return _said(answer, item, "same")
        if answer["rev"] != item.rev:
            return _said(answer, item, "conflict")
    else:
        item = _own(subject, items, answer)
        wanted = _prefilled(item, answer)
    if errors := _attach(session, subject, item, wanted, by=by, now=now):
        return _said(answer, item if item.id in items else None, "refused", errors)
    for name in ANSWERED:
        setattr(item, name, wanted[name])
    item.due_on = due_on(item.deadline, now) if item.failed else None
    item.rev += 1
    item.answered_at, item.answered_by_id, item.answered_by_name = now, by.id, by.name
    session.add(item)
    items[item.id] = item
    return _said(answer, item, "saved")


def _find(items: dict[str, InspectionItem], answer: Data) -> InspectionItem | None:
    if answer["item_id"]:
        return items.get(answer["item_id"])
    return next((item for item in items.values() if item.client_id == answer["client_id"]), None)


def _own(subject: InspectedSubject, items: dict[str, InspectionItem], answer: Data) -> InspectionItem:
    """A finding that no list asks for, at the end."""
    return InspectionItem(
        id=new_id(),
        client_id=answer["client_id"],
        inspection_id=subject.inspection_id,
        inspected_subject_id=subject.id,
        position=max((item.position for item in items.values()), default=0) + 1,
        category=answer["category"] or _("其他问题"),
        content="",
        legal_basis=answer["legal_basis"],
        hazard_kind=answer["kind"] or "object",
        severity_hint="general",
        photos=[],
        photos_after=[],
        rev=0,
    )


def _prefilled(item: InspectionItem, answer: Data) -> dict[str, Any]:
    """A failed item becomes a hazard with one tap: what is not said is as its item says."""
    wanted = {name: answer[name] for name in ANSWERED}
    if wanted["result"] != "noncompliant":
        return wanted
    wanted["finding"] = wanted["finding"].strip() or item.finding or item.finding_hint or item.content[:120]
    wanted["requirement"] = wanted["requirement"].strip() or item.requirement
    wanted["severity"] = wanted["severity"] or item.severity or item.severity_hint or "general"
    return wanted


def due_on(deadline: str, now: dt.datetime) -> dt.date | None:
    """The last day of a limit in calendar days; the day of the inspection itself is not counted."""
    return local(now).date() + dt.timedelta(days=int(deadline)) if deadline.isdigit() else None


def _attach(
    session: Session,
    subject: InspectedSubject,
    item: InspectionItem,
    wanted: dict[str, Any],
    *,
    by: Actor,
    now: dt.datetime,
) -> dict[str, list[str]]:
    errors: dict[str, list[str]] = {}
    for name in ("photos", "photos_after"):
        new = [one for one in wanted[name] if one not in getattr(item, name)]
        if new and not _take(session, subject, new, by=by, now=now):
            errors[name] = [_("附件不存在或者不是您上传的")]
    return errors


def _take(session: Session, subject: InspectedSubject, ids: list[str], *, by: Actor, now: dt.datetime) -> bool:
    """Tie photos to the row; those that are tied to it already (moved from one item to another) stay."""
    tied = {one.id for one in files.named(session, ids) if (one.subject_kind, one.subject_id) == (KIND, subject.id)}
    free = [one for one in ids if one not in tied]
    if not files.belongs(session, free, by, None):
        return False
    files.attach(session, free, by=by, now=now, subject_kind=KIND, subject_id=subject.id)
    return True


def _said(answer: Data, item: InspectionItem | None, status: str, errors: Any = None) -> dict[str, Any]:
    return {
        "item_id": item.id if item else answer["item_id"],
        "client_id": item.client_id if item else answer["client_id"],
        "status": status,
        "rev": item.rev if item else 0,
        "errors": errors,
        "stored": item,
    }


def save_site(
    session: Session, subject: InspectedSubject, data: Data, *, by: Actor, now: dt.datetime
) -> dict[str, Any]:
    """Scene, evidence, position and signature; the same four answers as for an item."""
    if all(getattr(subject, name) == data[name] for name in SITE):
        return {"status": "same", "rev": subject.site_rev}
    if data["rev"] != subject.site_rev:
        return {"status": "conflict", "rev": subject.site_rev}
    new = [one for one in data["evidence"] if one not in subject.evidence]
    if new and not _take(session, subject, new, by=by, now=now):
        return {"status": "refused", "rev": subject.site_rev, "errors": {"evidence": [_("附件不存在或者不是您上传的")]}}
    for name in SITE:
        setattr(subject, name, data[name])
    subject.site_rev += 1
    session.flush()
    return {"status": "saved", "rev": subject.site_rev}


def remove(session: Session, item: InspectionItem) -> None:
    """Take back a finding of one's own; an item of the list stays."""
    if not item.own:
        raise Invalid({"item_id": [_("清单中的检查项不能删除")]})
    session.delete(item)
    session.flush()


def tally(items: Iterable[InspectionItem]) -> dict[str, int]:
    """How far it has come: answered of total, and what was found."""
    rows = list(items)
    return {
        "total": len(rows),
        "answered": sum(1 for item in rows if item.result),
        "passed": sum(1 for item in rows if item.result == "compliant"),
        "failed": sum(1 for item in rows if item.failed),
        "skipped": sum(1 for item in rows if item.result == "not_applicable"),
    }
