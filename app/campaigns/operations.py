"""What the steps of a campaign write. Called by service tasks, inside the engine's transaction; none commits."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.accounts import Organisation, Region, Sector
from app.audit import Actor, record
from app.campaigns import queries, timetable
from app.campaigns.models import (
    Campaign,
    CampaignNote,
    CampaignNumber,
    CampaignPhase,
    CampaignTask,
    SectorPlan,
)
from app.clock import local
from app.db import insert_or
from app.i18n import _

Data = Mapping[str, Any]


def draft(session: Session, data: Data, *, instance_id: str, by: Actor, now: dt.datetime) -> Campaign:
    """Enter the overall plan and give it the next number of the year; drafted anew, it is written over.

    Phases are kept from the draft on, so that the leader approves dates that the campaign page shows.
    """
    campaign = queries.of_instance(session, instance_id)
    if campaign is None:
        campaign = Campaign(
            code=_next_code(session, local(now).year),
            instance_id=instance_id,
            region_code=_region(session, by),
            owner_org_id=by.org_id,
            drafted_at=now,
            drafted_by_name=by.name,
            status="approving",
        )
        record_as = "campaigns.drafted"
    else:
        record_as = "campaigns.revised"
    _describe(campaign, data)
    campaign.status = "approving"
    session.add(campaign)
    session.flush()
    _write_phases(session, campaign, data.get("phases") or ())
    record(session, now, by, record_as, "campaign", campaign.id, code=campaign.code, name=campaign.name)
    return campaign


def _describe(campaign: Campaign, data: Data) -> None:
    for name in ("name", "scale", "trigger"):
        setattr(campaign, name, data[name])
    for name in ("topic", "slogan", "special_period", "goals"):
        setattr(campaign, name, data.get(name) or "")
    campaign.document_ids = list(data.get("documents") or [])
    campaign.weekly = bool(data.get("weekly"))
    campaign.parent_id = data.get("parent_id") or None
    campaign.start_on, campaign.end_on = timetable.day(data["start_on"]), timetable.day(data["end_on"])
    campaign.original_end_on = campaign.end_on


def _write_phases(session: Session, campaign: Campaign, rows: Sequence[Data]) -> None:
    session.execute(sa.delete(CampaignPhase).where(CampaignPhase.campaign_id == campaign.id))
    for seq, row in enumerate(rows, 1):
        start, end = timetable.day(row["start_on"]), timetable.day(row["end_on"])
        session.add(
            CampaignPhase(
                campaign_id=campaign.id,
                seq=seq,
                name=row["name"],
                start_on=start,
                end_on=end,
                original_start_on=start,
                original_end_on=end,
                overlap=bool(row.get("overlap")) and seq > 1,
                condition=(row.get("condition") or "").strip(),
            )
        )
    session.flush()


def _region(session: Session, by: Actor) -> str:
    """The city of whoever drafts it; of the system, the city itself."""
    found = session.scalar(sa.select(Organisation.region_code).where(Organisation.id == by.org_id))
    city = sa.select(Region.code).where(Region.level == "city").order_by(Region.code).limit(1)
    return found or session.scalars(city).one()


def _next_code(session: Session, year: int) -> str:
    """ZX-2026-001. The row is locked until the transaction ends: two at once wait, one that fails leaves no gap."""
    first = insert_or(session, CampaignNumber).values(year=year, last=1)
    next_one = first.on_conflict_do_update(index_elements=[CampaignNumber.year], set_={"last": CampaignNumber.last + 1})
    last = session.scalar(next_one.returning(CampaignNumber.last)) or 0
    return f"ZX-{year}-{last:03d}"


def return_draft(campaign: Campaign) -> None:
    campaign.status = "revising"


def issue(
    session: Session, campaign: Campaign, leads: Sequence[Data], *, by: Actor, now: dt.datetime
) -> list[SectorPlan]:
    """The leader has approved: the campaign runs, and every lead department owes a plan. Repeated, it finds them."""
    campaign.status = "running"
    campaign.issued_at = campaign.issued_at or now
    campaign.approved_by_name = by.name
    have = {
        plan.sector_code: plan
        for plan in session.scalars(sa.select(SectorPlan).where(SectorPlan.campaign_id == campaign.id))
    }
    for lead in leads:
        sector = session.get_one(Sector, lead["sector"])
        org_id = lead.get("org") or sector.lead_org_id
        if org_id is None:
            raise LookupError(f"sector {sector.code} has no lead department")
        if sector.code not in have:
            have[sector.code] = SectorPlan(
                campaign_id=campaign.id,
                sector_code=sector.code,
                region_code=campaign.region_code,
                lead_org_id=org_id,
                phase_offsets=[int(lead.get("offset") or 0)] * len(queries.phases(session, [campaign.id])),
            )
            session.add(have[sector.code])
    session.flush()
    record(session, now, by, "campaigns.issued", "campaign", campaign.id, code=campaign.code, plans=len(have))
    return [have[lead["sector"]] for lead in leads]


def begin_phase(session: Session, phase: CampaignPhase, *, now: dt.datetime) -> None:
    """The phase begins. What was left over at the gate before, if that is decided already, comes along."""
    if phase.status == "planned":
        phase.status, phase.began_at = "running", now
    before = queries.phase(session, phase.campaign_id, phase.seq - 1)
    if before is not None and before.decided:
        carry(before, phase)


def carry(before: CampaignPhase, phase: CampaignPhase) -> None:
    """遗留带入: what the gate left, and what it had itself been handed and did not settle."""
    mine = [row for row in phase.carried if row.get("from") != before.seq]
    phase.carried = [*mine, *({**row, "from": before.seq} for row in before.leftovers)]


def assess(phase: CampaignPhase) -> None:
    if phase.status in ("running", "extending"):
        phase.status = "assessing"


def decide(
    session: Session,
    phase: CampaignPhase,
    data: Data,
    figures: Sequence[Data],
    *,
    holds: bool | None,
    by: Actor,
    now: dt.datetime,
) -> None:
    """The gate is passed, whole or with leftovers; the figures as they stood stay with the decision."""
    conditional = data["gate_result"] == "conditional"
    phase.status = "conditional" if conditional else "passed"
    phase.gate_result, phase.gate_note = data["gate_result"], data.get("gate_note") or ""
    phase.gate_by_name, phase.gate_at = by.name, now
    phase.figures, phase.holds = [dict(row) for row in figures], holds
    rows = data.get("leftovers") or [] if conditional else []
    phase.leftovers = [{"text": row["text"], "sector": row.get("sector") or ""} for row in rows]
    after = queries.phase(session, phase.campaign_id, phase.seq + 1)
    if after is not None and after.status != "planned":
        carry(phase, after)
    session.flush()
    record(
        session,
        now,
        by,
        "campaigns.gate_decided",
        "campaign",
        phase.campaign_id,
        phase=phase.seq,
        result=phase.gate_result,
    )


def ask_extension(phase: CampaignPhase, data: Data) -> None:
    phase.status = "extending"
    phase.gate_note = data.get("gate_note") or ""


def refuse_extension(phase: CampaignPhase) -> None:
    phase.status = "assessing"


def extend(
    session: Session, campaign: Campaign, phase: CampaignPhase, days: int, *, by: Actor, now: dt.datetime
) -> None:
    """The leader has granted so many days: the phase's end and what comes after it move, first dates stay on record."""
    phases = queries.phases(session, [campaign.id])
    records: list[dict[str, Any]] = [
        {"seq": p.seq, "start_on": p.start_on, "end_on": p.end_on, "overlap": p.overlap, "status": p.status}
        for p in phases
    ]
    timetable.moved(records, phase.seq, days)
    for row, moved in zip(phases, records, strict=True):
        row.start_on, row.end_on = moved["start_on"], moved["end_on"]
    phase.status = "running"
    phase.extensions += 1
    phase.extended_days += days
    campaign.end_on = max([campaign.end_on, *(row.end_on for row in phases)])
    session.flush()
    record(session, now, by, "campaigns.phase_extended", "campaign", campaign.id, phase=phase.seq, days=days)


def archive(session: Session, campaign: Campaign, data: Data, *, by: Actor, now: dt.datetime) -> None:
    campaign.status, campaign.ended_at = "archived", now
    campaign.summary = data.get("summary") or ""
    campaign.figures = [dict(row) for row in data.get("summary_rows") or []]
    record(session, now, by, "campaigns.archived", "campaign", campaign.id, code=campaign.code)


def guarded(session: Session, campaign: Campaign, guards: Sequence[Data], votes: Sequence[Data]) -> None:
    """包保督导: who looked after what, and what each reported."""
    said = {vote["id"]: vote for vote in votes}
    campaign.guards = [
        {
            "person": row["person"],
            "name": queries.person_name(session, row["person"]),
            "subject": row.get("subject") or "",
            "focus": row.get("focus") or "",
            "text": (said.get(row["person"], {}).get("answers") or {}).get("guard_report", ""),
            "at": said.get(row["person"], {}).get("at"),
        }
        for row in guards
    ]


def void(session: Session, campaign: Campaign, reason: str, *, by: Actor, now: dt.datetime) -> None:
    """Cancelled as a whole. Its plans and tasks are void with it; their numbers stay used."""
    campaign.status, campaign.void_reason = "voided", reason
    for model in (SectorPlan, CampaignTask):
        left = sa.update(model).where(model.campaign_id == campaign.id, model.status.not_in(("ended", "done")))
        session.execute(left.values(status="voided"))
    record(session, now, by, "campaigns.voided", "campaign", campaign.id, code=campaign.code, reason=reason)


def add_note(
    session: Session,
    campaign: Campaign,
    text: str,
    *,
    sector_code: str | None = None,
    phase_seq: int | None = None,
    by: Actor,
    now: dt.datetime,
) -> CampaignNote:
    """A remark; the only thing that people write on a campaign beside its process."""
    note = CampaignNote(
        campaign_id=campaign.id,
        region_code=campaign.region_code,
        sector_code=sector_code,
        phase_seq=phase_seq,
        text=text,
        at=now,
        by_id=by.id or "",
        by_name=by.name or _("系统"),
        org_id=by.org_id,
    )
    session.add(note)
    session.flush()
    record(session, now, by, "campaigns.noted", "campaign", campaign.id, note=note.id)
    return note
