"""What forms of campaigns offer to choose from: sectors at work, and campaigns that others may be part of."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app import forms
from app.accounts import Sector, visible
from app.campaigns import queries
from app.campaigns.models import PARENTS, Campaign, SectorPlan
from app.i18n import bilingual

Options = list[tuple[str, str]]
OPEN = ("approving", "revising", "running")


def _sectors(session: Session, _user: Any, q: str) -> Options:
    """The dictionary of sectors is everybody's; those that are given up are not offered."""
    select = sa.select(Sector).where(Sector.active).order_by(Sector.position, Sector.code)
    found = [(sector.code, bilingual(sector.name, sector.name_en)) for sector in session.scalars(select)]
    return [(code, name) for code, name in found if q.lower() in f"{name} {code}".lower()]


def _sector_label(session: Session, code: str) -> str:
    sector = session.get(Sector, code)
    return bilingual(sector.name, sector.name_en) if sector else ""


def _may_pick_sector(session: Session, _user: Any, code: str) -> bool:
    sector = session.get(Sector, code)
    return sector is not None and sector.active


def _campaigns(session: Session, user: Any, q: str) -> Options:
    select = queries.campaigns(user, {"q": q}).where(Campaign.status.in_(OPEN))
    return [(row.id, f"{row.code}　{row.name}") for row in session.scalars(select.limit(50))]


def _campaign_label(session: Session, campaign_id: str) -> str:
    found = session.get(Campaign, campaign_id)
    return found.name if found else ""


def _may_pick_campaign(session: Session, user: Any, campaign_id: str) -> bool:
    return queries.find(session, campaign_id, user) is not None


def _parents(session: Session, user: Any, q: str) -> Options:
    """Campaigns that others can be part of: overall and annual ones that are not over yet, overall ones first."""
    select = queries.campaigns(user, {"q": q}).where(Campaign.status.in_(OPEN), Campaign.scale.in_(PARENTS))
    first = sa.case((Campaign.scale == PARENTS[0], 0), else_=1)
    select = select.order_by(None).order_by(first, Campaign.start_on.desc(), Campaign.code)
    return [(row.id, f"{row.code}　{row.name}") for row in session.scalars(select.limit(50))]


def _may_pick_parent(session: Session, user: Any, campaign_id: str) -> bool:
    found = queries.find(session, campaign_id, user)
    return found is not None and found.scale in PARENTS and found.status in OPEN


def _plans(session: Session, user: Any, q: str) -> Options:
    select: Any = sa.select(SectorPlan, Campaign, Sector)
    select = visible(select, SectorPlan, user)
    select = select.join(Campaign, Campaign.id == SectorPlan.campaign_id)
    select = select.join(Sector, Sector.code == SectorPlan.sector_code).where(Campaign.status.in_(OPEN))
    found = session.execute(select.order_by(Campaign.start_on.desc(), Sector.position).limit(200))
    named = [(plan.id, f"{campaign.name}　{sector.name}") for plan, campaign, sector in found]
    return [(key, name) for key, name in named if q.lower() in name.lower()]


def _plan_label(session: Session, plan_id: str) -> str:
    found = session.get(SectorPlan, plan_id)
    return _sector_label(session, found.sector_code) if found else ""


def _may_pick_plan(session: Session, user: Any, plan_id: str) -> bool:
    return (
        session.scalar(visible(sa.select(SectorPlan.id).where(SectorPlan.id == plan_id), SectorPlan, user)) is not None
    )


def register() -> None:
    forms.pickers["sector"] = (_sectors, _sector_label, _may_pick_sector)
    forms.pickers["campaign"] = (_campaigns, _campaign_label, _may_pick_campaign)
    forms.pickers["parent_campaign"] = (_parents, _campaign_label, _may_pick_parent)
    forms.pickers["sector_plan"] = (_plans, _plan_label, _may_pick_plan)
