"""Writes of subjects. None of them commits."""

from __future__ import annotations

import datetime as dt
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.accounts import Organisation, Region, Sector, contains, visible
from app.audit import Actor, record
from app.errors import Conflict, Forbidden, Invalid
from app.i18n import _
from app.subjects.models import Subject
from app.subjects.names import name_key, search_text

EDITORS = ("coordinator", "dept_staff", "town_staff")


def create(session: Session, data: dict[str, Any], *, user: Any, by: Actor, now: dt.datetime) -> Subject:
    """Enter a subject. `data` is what SubjectIn gives; the person must be able to see it afterwards.

    `user` None is the system: an import from the command line.
    Raises Invalid per field (a number that is registered already names the subject that has it).
    """
    if user is not None:
        require_editor(user)
    subject = Subject(created_at=now)
    _fill(session, subject, data, user, by, now)
    session.add(subject)
    session.flush()
    if user is not None:
        _stays_in_scope(session, subject, user)
    record(session, now, by, "subjects.created", "subject", subject.id, name=subject.name)
    return subject


def update(
    session: Session,
    subject: Subject,
    data: dict[str, Any],
    *,
    rev: int,
    user: Any,
    by: Actor,
    now: dt.datetime,
) -> Subject:
    """Change a subject. `rev` is what the editor saw; Conflict if somebody changed it meanwhile."""
    require_editor(user)
    if subject.rev != rev:
        raise Conflict(
            _(
                "%(name)s已修改过这条登记，按最新内容核对后再保存",
                name=subject.updated_by,
            ),
            rev=subject.rev,
        )
    before = {field: getattr(subject, field) for field in data}
    _fill(session, subject, data, user, by, now)
    changed = {field: value for field, value in data.items() if before[field] != getattr(subject, field)}
    if not changed:
        return subject
    subject.rev += 1
    session.flush()
    _stays_in_scope(session, subject, user)
    record(
        session,
        now,
        by,
        "subjects.updated",
        "subject",
        subject.id,
        fields=sorted(changed),
    )
    return subject


def may_edit(user: Any) -> bool:
    return bool(user.has(*EDITORS))


def require_editor(user: Any) -> None:
    """Forbidden for people who may look but not enter."""
    if not may_edit(user):
        raise Forbidden()


def _fill(
    session: Session,
    subject: Subject,
    data: dict[str, Any],
    user: Any,
    by: Actor,
    now: dt.datetime,
) -> None:
    _check_references(session, subject, data, user)
    for field, value in data.items():
        setattr(subject, field, value)
    if subject.supervising_org_id is None:
        subject.supervising_org_id = session.scalar(
            sa.select(Sector.lead_org_id).where(Sector.code == subject.sector_code)
        )
    subject.town_org_id = _town_of(session, subject.region_code)
    subject.name_key = name_key(subject.name)
    subject.search_text = search_text(subject.name, subject.id_no)
    subject.updated_at, subject.updated_by = now, by.name


def _check_references(session: Session, subject: Subject, data: dict[str, Any], user: Any) -> None:
    errors: dict[str, list[str]] = {}
    if session.get(Region, data["region_code"]) is None:
        errors["region_code"] = [_("没有这个镇街或村居")]
    if session.get(Sector, data["sector_code"]) is None:
        errors["sector_code"] = [_("没有这个领域")]
    for field in ("org_id", "supervising_org_id"):
        if data.get(field) and session.get(Organisation, data[field]) is None:
            errors[field] = [_("没有这个单位")]
    if data.get("id_no"):
        errors |= _number_taken(session, subject, data, user)
    if errors:
        raise Invalid(errors)


def _number_taken(session: Session, subject: Subject, data: dict[str, Any], user: Any) -> dict[str, list[str]]:
    """A number names one subject. Which one is said only to whom may see it."""
    same = sa.select(Subject.name).where(Subject.id_type == data["id_type"], Subject.id_no == data["id_no"])
    if subject.id:
        same = same.where(Subject.id != subject.id)
    with session.no_autoflush:
        if session.scalar(same) is None:
            return {}
        seen = session.scalar(visible(same, Subject, user))
    text = _("这个编号已登记为“%(name)s”", name=seen) if seen else _("这个编号已在其他辖区登记，请联系市安委办核对")
    return {"id_no": [text]}


def _town_of(session: Session, region_code: str) -> str | None:
    """The town office in whose area the region lies."""
    towns = session.execute(sa.select(Organisation.id, Organisation.region_code).where(Organisation.kind == "town"))
    return next((org for org, area in towns if contains(area, region_code)), None)


def _stays_in_scope(session: Session, subject: Subject, user: Any) -> None:
    """Nobody enters or moves a subject where they could not see it."""
    own = sa.select(Subject.id).where(Subject.id == subject.id)
    if session.scalar(visible(own, Subject, user)) is None:
        message = _("不在您的管辖范围内")
        raise Invalid({"region_code": [message], "sector_code": [message]})
