"""What the steps of a sector plan and of its tasks write. Called by service tasks; none commits."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.accounts import Organisation
from app.audit import Actor, record
from app.campaigns import timetable
from app.campaigns.models import CampaignProgress, CampaignTask, SectorPlan

Data = Mapping[str, Any]
MOST_RETURNS = 2  # how often the committee office may return a plan


def submit(session: Session, plan: SectorPlan, data: Data, *, by: Actor, now: dt.datetime) -> None:
    plan.content, plan.goals = data.get("content") or "", data.get("goals") or ""
    plan.checklist_ids = [row["checklist"] for row in data.get("checklists") or [] if row.get("checklist")]
    plan.document_ids = list(data.get("documents") or [])
    plan.status, plan.submitted_at = "reviewing", now
    record(session, now, by, "campaigns.plan_submitted", "sector_plan", plan.id)


def give_back(session: Session, plan: SectorPlan, data: Data, *, by: Actor, now: dt.datetime) -> None:
    plan.status, plan.returned = "drafting", plan.returned + 1
    plan.review_opinion = data.get("opinion") or ""
    record(session, now, by, "campaigns.plan_returned", "sector_plan", plan.id, times=plan.returned)


def approve(session: Session, plan: SectorPlan, data: Data, *, by: Actor, now: dt.datetime) -> list[CampaignTask]:
    """The plan is issued, and its tasks are split: a row for all towns becomes one for each of them.

    Repeated it finds the tasks that it wrote.
    """
    plan.status, plan.approved_at, plan.approved_by_name = "running", plan.approved_at or now, by.name
    plan.review_opinion = data.get("opinion") or ""
    mine = sa.select(CampaignTask).where(CampaignTask.plan_id == plan.id).order_by(CampaignTask.seq)
    if found := list(session.scalars(mine)):
        return found
    towns = towns_of(session)
    for row in data.get("tasks") or []:
        for org in _receivers(session, row, towns):
            found.append(_task(plan, row, org, len(found) + 1))
    plan.co_org_ids = sorted({t.org_id for t in found if t.org_id != plan.lead_org_id} - {o.id for o in towns})
    session.add_all(found)
    session.flush()
    record(session, now, by, "campaigns.plan_approved", "sector_plan", plan.id, tasks=len(found))
    return found


def towns_of(session: Session) -> list[Organisation]:
    """Every town office at work, in the order of their regions."""
    select = sa.select(Organisation).where(Organisation.kind == "town", Organisation.active)
    return list(session.scalars(select.order_by(Organisation.region_code, Organisation.code)))


def _receivers(session: Session, row: Data, towns: Sequence[Organisation]) -> Sequence[Organisation]:
    return towns if row["to"] == "towns" else [session.get_one(Organisation, row["org"])]


def _task(plan: SectorPlan, row: Data, org: Organisation, seq: int) -> CampaignTask:
    due_on = timetable.day(row["due_on"])
    return CampaignTask(
        campaign_id=plan.campaign_id,
        plan_id=plan.id,
        seq=seq,
        phase_seq=int(row.get("phase") or 1),
        sector_code=plan.sector_code,
        region_code=org.region_code if org.kind == "town" and org.region_code else plan.region_code,
        lead_org_id=plan.lead_org_id,
        org_id=org.id,
        title=row["title"],
        due_on=due_on,
        due_at=timetable.ends(due_on),
        metric=row.get("metric") or "",
        target=int(row.get("target") or 0),
    )


def report_progress(session: Session, plan: SectorPlan, data: Data, *, by: Actor, now: dt.datetime) -> None:
    """A week's report. What it says of each task is kept with it and becomes the task's last known state."""
    report = data["report"]
    row = _week(session, plan, report)
    row.percent, row.text = data.get("percent"), data.get("progress") or ""
    row.problems = data.get("problems") or ""
    row.phase_seq = int(report.get("phase") or 1)
    row.reported_at, row.reported_by_name = now, by.name
    row.late = now > row.due_at
    said = data.get("task_rows") or []
    row.figures = [dict(one) for one in said]
    for task_id, one in zip(report.get("task_ids") or [], said, strict=False):
        task = session.get(CampaignTask, task_id)
        if task is not None and task.status == "open" and one.get("actual") is not None:
            task.actual = int(one["actual"])
    session.flush()
    record(session, now, by, "campaigns.progress_reported", "sector_plan", plan.id, due_on=str(row.due_on))


def miss_progress(session: Session, plan: SectorPlan, report: Data, *, now: dt.datetime, by: Actor) -> None:
    """缺报: the week stays empty and counts as missed."""
    row = _week(session, plan, report)
    row.phase_seq = int(report.get("phase") or 1)
    session.flush()
    record(session, now, by, "campaigns.progress_missed", "sector_plan", plan.id, due_on=str(row.due_on))


def _week(session: Session, plan: SectorPlan, report: Data) -> CampaignProgress:
    due_on = timetable.day(report["due_on"])
    same = sa.select(CampaignProgress).where(CampaignProgress.plan_id == plan.id, CampaignProgress.due_on == due_on)
    row = session.scalar(same)
    if row is None:
        row = CampaignProgress(
            campaign_id=plan.campaign_id,
            plan_id=plan.id,
            sector_code=plan.sector_code,
            region_code=plan.region_code,
            lead_org_id=plan.lead_org_id,
            due_on=due_on,
            due_at=dt.datetime.fromisoformat(report["due_at"]),
        )
        session.add(row)
    return row


def self_review(session: Session, plan: SectorPlan, data: Data, *, by: Actor, now: dt.datetime) -> None:
    review = data["own_review"]
    said = {
        "seq": review["seq"],
        "name": review["name"],
        "level": data.get("review_level") or "",
        "text": data.get("review_text") or "",
        "at": timetable.text(now),
        "by": by.name,
    }
    others = [row for row in plan.self_assessment if row["seq"] != said["seq"]]
    plan.self_assessment = sorted([*others, said], key=lambda row: int(row["seq"]))
    record(session, now, by, "campaigns.plan_reviewed", "sector_plan", plan.id, phase=said["seq"], level=said["level"])


def end(session: Session, plan: SectorPlan, data: Data, *, by: Actor, now: dt.datetime) -> None:
    plan.status, plan.ended_at, plan.report = "ended", now, data.get("report_text") or ""
    record(session, now, by, "campaigns.plan_ended", "sector_plan", plan.id)


def void(session: Session, plan: SectorPlan, *, by: Actor, now: dt.datetime, reason: str) -> None:
    if plan.status != "ended":
        plan.status = "voided"
        record(session, now, by, "campaigns.plan_voided", "sector_plan", plan.id, reason=reason)


def finish_task(session: Session, task: CampaignTask, data: Data, *, by: Actor, now: dt.datetime) -> None:
    task.status, task.done_at, task.done_by_name = "done", now, by.name
    task.result = data.get("result") or ""
    if data.get("actual") is not None:
        task.actual = int(data["actual"])
    record(session, now, by, "campaigns.task_finished", "campaign_task", task.id, actual=task.actual)


def void_task(session: Session, task: CampaignTask, *, by: Actor, now: dt.datetime, reason: str) -> None:
    if task.status == "open":
        task.status = "voided"
        record(session, now, by, "campaigns.task_voided", "campaign_task", task.id, reason=reason)
