"""What forms of campaigns offer to choose from: sectors at work, and campaigns that others may be part of."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app import forms
from app.accounts import Sector
from app.campaigns import queries
from app.campaigns.models import Campaign
from app.i18n import bilingual

Options = list[tuple[str, str]]


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
    select = queries.campaigns(user, {"q": q}).where(Campaign.status.in_(("approving", "revising", "running")))
    return [(row.id, f"{row.code}　{row.name}") for row in session.scalars(select.limit(50))]


def _campaign_label(session: Session, campaign_id: str) -> str:
    found = session.get(Campaign, campaign_id)
    return found.name if found else ""


def _may_pick_campaign(session: Session, user: Any, campaign_id: str) -> bool:
    return queries.find(session, campaign_id, user) is not None


def register() -> None:
    forms.pickers["sector"] = (_sectors, _sector_label, _may_pick_sector)
    forms.pickers["campaign"] = (_campaigns, _campaign_label, _may_pick_campaign)
