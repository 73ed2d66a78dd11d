from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.accounts import Organisation, Sector, User, scope_condition, visible
from app.campaigns.matrix import FIGURED, Matrix, matrix
from app.campaigns.models import (
    Campaign,
    CampaignNote,
    CampaignPhase,
    CampaignProgress,
    CampaignTask,
    SectorPlan,
)
from app.engine import HumanTask, Instance
from app.errors import NotFound

__all__ = ["Matrix", "campaigns", "find", "get", "get_plan", "matrix", "of_instance", "plan_of_instance", "seen"]


def seen(user: Any) -> sa.ColumnElement[bool]:
    """Campaigns that a person may see: by their own scope, or through a plan or task in them that the person sees."""
    plans = visible(sa.select(SectorPlan.campaign_id).where(SectorPlan.campaign_id.is_not(None)), SectorPlan, user)
    tasks = visible(sa.select(CampaignTask.campaign_id), CampaignTask, user)
    return sa.or_(scope_condition(Campaign, user), Campaign.id.in_(plans), Campaign.id.in_(tasks))


def campaigns(user: Any, filters: Mapping[str, str] | None = None) -> sa.Select[Any]:
    """The campaigns a person may see, running ones first, then the latest."""
    filters = filters or {}
    select = sa.select(Campaign).where(seen(user))
    for name, column in (("scale", Campaign.scale), ("status", Campaign.status)):
        if filters.get(name):
            select = select.where(column == filters[name])
    if q := filters.get("q", "").strip():
        found = sa.or_(
            Campaign.name.contains(q, autoescape=True),
            Campaign.topic.contains(q, autoescape=True),
            Campaign.code == q.upper(),
        )
        select = select.where(found)
    order = sa.case({"running": 0, "approving": 1, "revising": 1}, value=Campaign.status, else_=2)
    return select.order_by(order, Campaign.start_on.desc(), Campaign.code.desc())


def counts(session: Session, user: Any) -> dict[str, int]:
    """How many campaigns there are of each status; "" counts all."""
    select = sa.select(Campaign.status, sa.func.count()).where(seen(user)).group_by(Campaign.status)
    found = {status: int(count) for status, count in session.execute(select)}
    return found | {"": sum(found.values())}


def get(session: Session, campaign_id: str, user: Any) -> Campaign:
    """The campaign, if the person may see it; else NotFound."""
    found = find(session, campaign_id, user)
    if found is None:
        raise NotFound()
    return found


def follows(session: Session, user: Any, instance_id: str | None) -> bool:
    """Whether the person may see the process behind a record: towns with a task see the campaign, not its flow."""
    select = visible(sa.select(Instance.id).where(Instance.id == instance_id), Instance, user)
    return session.scalar(select) is not None


def find(session: Session, campaign_id: str | None, user: Any) -> Campaign | None:
    if not campaign_id:
        return None
    return session.scalar(sa.select(Campaign).where(Campaign.id == campaign_id, seen(user)))


def get_plan(session: Session, plan_id: str, user: Any) -> SectorPlan:
    found = session.scalar(visible(sa.select(SectorPlan).where(SectorPlan.id == plan_id), SectorPlan, user))
    if found is None:
        raise NotFound()
    return found


def get_task(session: Session, task_id: str, user: Any) -> CampaignTask:
    found = session.scalar(visible(sa.select(CampaignTask).where(CampaignTask.id == task_id), CampaignTask, user))
    if found is None:
        raise NotFound()
    return found


# -- inside the process: no scope, the engine has decided already who acts


def of_instance(session: Session, instance_id: str) -> Campaign | None:
    return session.scalar(sa.select(Campaign).where(Campaign.instance_id == instance_id))


def plan_of_instance(session: Session, instance_id: str) -> SectorPlan | None:
    return session.scalar(sa.select(SectorPlan).where(SectorPlan.instance_id == instance_id))


def task_of_instance(session: Session, instance_id: str) -> CampaignTask | None:
    return session.scalar(sa.select(CampaignTask).where(CampaignTask.instance_id == instance_id))


def phase(session: Session, campaign_id: str, seq: int) -> CampaignPhase | None:
    select = sa.select(CampaignPhase).where(CampaignPhase.campaign_id == campaign_id, CampaignPhase.seq == seq)
    return session.scalar(select)


# -- what belongs to a campaign that was found through `seen`


def phases(session: Session, campaign_ids: Iterable[str]) -> list[CampaignPhase]:
    select = sa.select(CampaignPhase).where(CampaignPhase.campaign_id.in_(list(campaign_ids)))
    return list(session.scalars(select.order_by(CampaignPhase.campaign_id, CampaignPhase.seq)))


def plans(session: Session, campaign_id: str, user: Any) -> list[SectorPlan]:
    select = sa.select(SectorPlan).join(Sector, Sector.code == SectorPlan.sector_code)
    select = select.where(SectorPlan.campaign_id == campaign_id).order_by(Sector.position, Sector.code)
    return list(session.scalars(visible(select, SectorPlan, user)))


def plan_counts(session: Session, campaign_ids: Iterable[str], user: Any) -> dict[str, int]:
    mine = sa.select(SectorPlan.campaign_id, sa.func.count()).where(
        SectorPlan.campaign_id.in_(list(campaign_ids)),
        SectorPlan.status != "voided",
        scope_condition(SectorPlan, user),
    )
    return {key: int(n) for key, n in session.execute(mine.group_by(SectorPlan.campaign_id))}


def tasks(session: Session, user: Any, *, campaign_id: str = "", plan_id: str = "") -> list[CampaignTask]:
    """Tasks to towns and co-departments, by phase, then as they are listed in their plan."""
    select = sa.select(CampaignTask).where(CampaignTask.status != "voided")
    if campaign_id:
        select = select.where(CampaignTask.campaign_id == campaign_id)
    if plan_id:
        select = select.where(CampaignTask.plan_id == plan_id)
    select = select.order_by(CampaignTask.phase_seq, CampaignTask.due_on, CampaignTask.plan_id, CampaignTask.seq)
    return list(session.scalars(visible(select, CampaignTask, user)))


def task_figures(session: Session, user: Any, campaign_id: str, phases: Sequence[int]) -> Sequence[sa.Row[Any]]:
    """Of the tasks in these phases what progress is told from, without the records themselves."""
    columns = [getattr(CampaignTask, name) for name in FIGURED]
    select = sa.select(*columns).where(
        CampaignTask.campaign_id == campaign_id, CampaignTask.status != "voided", CampaignTask.phase_seq.in_(phases)
    )
    return session.execute(visible(select, CampaignTask, user)).all()


def progress(session: Session, user: Any, *, campaign_id: str = "", plan_id: str = "") -> list[CampaignProgress]:
    """Weekly reports, newest week first."""
    select = sa.select(CampaignProgress)
    if campaign_id:
        select = select.where(CampaignProgress.campaign_id == campaign_id)
    if plan_id:
        select = select.where(CampaignProgress.plan_id == plan_id)
    select = select.order_by(CampaignProgress.due_on.desc(), CampaignProgress.sector_code)
    return list(session.scalars(visible(select, CampaignProgress, user)))


def notes(session: Session, campaign_id: str, user: Any) -> list[CampaignNote]:
    """Remarks on the campaign, which all see who see it, and those on cells that the person sees. Newest first."""
    seen_by_scope = sa.or_(CampaignNote.sector_code.is_(None), scope_condition(CampaignNote, user))
    select = sa.select(CampaignNote).where(CampaignNote.campaign_id == campaign_id, seen_by_scope)
    return list(session.scalars(select.order_by(CampaignNote.at.desc(), CampaignNote.id.desc())))


def open_tasks(session: Session, instance_ids: Iterable[str | None]) -> dict[str, list[HumanTask]]:
    """Open tasks of instances whose records were found through `visible`, by instance."""
    ids = [one for one in instance_ids if one]
    select = sa.select(HumanTask).where(HumanTask.instance_id.in_(ids), HumanTask.status == "open")
    found: dict[str, list[HumanTask]] = {}
    for task in session.scalars(select.order_by(HumanTask.created_at)):
        found.setdefault(task.instance_id, []).append(task)
    return found


def names(session: Session, org_ids: Iterable[str | None]) -> dict[str, Organisation]:
    ids = {one for one in org_ids if one}
    return {org.id: org for org in session.scalars(sa.select(Organisation).where(Organisation.id.in_(ids)))}


def sector_names(session: Session) -> dict[str, Sector]:
    return {sector.code: sector for sector in session.scalars(sa.select(Sector))}


def person_name(session: Session, user_id: str) -> str:
    return session.scalar(sa.select(User.name).where(User.id == user_id)) or ""


def missing(session: Session, plan: SectorPlan) -> list[str]:
    """Which of a plan's parts are not there yet, as words of MISSING: what its page lists to be done."""
    found = []
    if not plan.content:
        found.append("content")
    if not plan.checklist_ids:
        found.append("checklists")
    given = session.scalar(sa.select(sa.func.count()).where(CampaignTask.plan_id == plan.id)) or 0
    if plan.approved and not given:
        found.append("tasks")
    if not plan.approved:
        found.append("approval")
    last = session.scalar(
        sa.select(CampaignProgress)
        .where(CampaignProgress.plan_id == plan.id)
        .order_by(CampaignProgress.due_on.desc())
        .limit(1)
    )
    if last is not None and last.missed:
        found.append("progress")
    return found


def days_of(campaign: Campaign, today: dt.date) -> tuple[int, int]:
    """第 n 天，共 m 天. Before it begins 0."""
    total = (campaign.end_on - campaign.start_on).days + 1
    return max(0, min((today - campaign.start_on).days + 1, total)), total
