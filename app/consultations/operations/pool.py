"""The expert pool (专家库): kept by the committee office."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.accounts import Grant, Organisation, Sector, User
from app.audit import Actor, record
from app.consultations import queries
from app.consultations.expert_models import Expert, ExpertSector
from app.errors import Conflict, Invalid
from app.i18n import _
from app.subjects import name_key

Data = Mapping[str, Any]
_TOLD = ("name", "organisation", "org_id", "user_id", "title", "certificate", "phone", "topics", "fee_rate_yuan",
         "fee_unit")  # fmt: skip


def create(session: Session, data: Data, *, by: Actor, now: dt.datetime) -> Expert:
    """Enter an expert. `data` is what ExpertIn gives. Raises Invalid per field."""
    region = session.scalar(sa.select(Organisation.region_code).where(Organisation.id == by.org_id))
    expert = Expert(created_at=now, region_code=region, active=True, rev=0)
    _fill(session, expert, data, by, now)
    record(session, now, by, "experts.created", "expert", expert.id, name=expert.name)
    return expert


def update(session: Session, expert: Expert, data: Data, *, rev: int, by: Actor, now: dt.datetime) -> None:
    """Change an expert. Conflict where somebody changed the entry since `rev`."""
    if expert.rev != rev:
        raise Conflict(_("%(name)s已修改过这条登记，按最新内容核对后再保存", name=expert.updated_by), rev=expert.rev)
    before = {name: getattr(expert, name) for name in (*_TOLD, "conflicts")}
    before["sectors"] = queries.sectors_of(session, [expert.id]).get(expert.id, [])
    _fill(session, expert, data, by, now)
    expert.rev += 1
    was = {name: value for name, value in before.items() if value != data.get(name, value)}
    record(session, now, by, "experts.edited", "expert", expert.id, was=was)


def set_active(session: Session, expert: Expert, active: bool, *, by: Actor, now: dt.datetime) -> None:
    """Taken off the pool, or put back: who is off is neither drawn nor picked; what was done stays."""
    if expert.active == active:
        raise Conflict(_("已经是这个状态"), active=active)
    expert.active, expert.updated_at, expert.updated_by, expert.rev = active, now, by.name, expert.rev + 1
    action = "experts.activated" if active else "experts.deactivated"
    record(session, now, by, action, "expert", expert.id, name=expert.name)


def _fill(session: Session, expert: Expert, data: Data, by: Actor, now: dt.datetime) -> None:
    errors = _problems(session, expert, data)
    if errors:
        raise Invalid(errors)
    for name in _TOLD:
        setattr(expert, name, data[name])
    expert.conflicts = [dict(row) for row in data["conflicts"]]
    expert.search_text = " ".join(
        name_key(part) for part in (expert.name, expert.organisation, expert.title, *expert.topics) if part
    )
    expert.updated_at, expert.updated_by = now, by.name
    session.add(expert)
    session.flush()
    session.execute(sa.delete(ExpertSector).where(ExpertSector.expert_id == expert.id))
    session.add_all(ExpertSector(expert_id=expert.id, sector_code=code) for code in sorted(set(data["sectors"])))
    session.flush()


def _problems(session: Session, expert: Expert, data: Data) -> dict[str, list[str]]:
    errors: dict[str, list[str]] = {}
    known = set(session.scalars(sa.select(Sector.code).where(Sector.code.in_(data["sectors"]))))
    if set(data["sectors"]) - known:
        errors["sectors"] = [_("没有这个领域")]
    if data["org_id"] and session.get(Organisation, data["org_id"]) is None:
        errors["org_id"] = [_("没有这个单位")]
    if data["user_id"]:
        held = sa.select(Grant.user_id).where(Grant.user_id == data["user_id"], Grant.role == "expert")
        if session.scalar(held) is None or session.get(User, data["user_id"]) is None:
            errors["user_id"] = [_("这个账号没有专家岗位")]
        taken = sa.select(Expert.id).where(Expert.user_id == data["user_id"], Expert.id != (expert.id or ""))
        if session.scalar(taken) is not None:
            errors["user_id"] = [_("这个账号已关联另一位专家")]
    return errors
