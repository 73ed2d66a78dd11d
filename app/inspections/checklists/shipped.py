"""The checklists that come with the program: examples with their legal basis, which offices copy and change.

title, sector, legal_basis, scope_note
[[item]]  category, content, basis, method, criteria, finding, requirement, severity, kind
"""

from __future__ import annotations

import datetime as dt
import tomllib
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.accounts import Sector
from app.audit import SYSTEM
from app.inspections.checklists import operations
from app.inspections.checklists.models import Checklist
from app.inspections.checklists.schemas import ChecklistIn

FOLDER = Path(__file__).with_name("shipped")


def read(path: Path) -> dict[str, Any]:
    """One file as ChecklistIn takes it; raises ValidationError where it does not fit."""
    said = tomllib.loads(path.read_text(encoding="utf-8"))
    items = [
        {
            "category": item.get("category", ""),
            "content": item["content"],
            "legal_basis": item["basis"],
            "method": item.get("method", ""),
            "criteria": item.get("criteria", ""),
            "finding_hint": item.get("finding", ""),
            "requirement": item.get("requirement", ""),
            "severity_hint": item.get("severity", "general"),
            "hazard_kind": item.get("kind", "object"),
        }
        for item in said["item"]
    ]
    head = {name: said.get(name, "") for name in ("title", "legal_basis", "scope_note")}
    return dict(ChecklistIn().load({**head, "sector_code": said.get("sector") or None, "items": items}))


def install(session: Session, now: dt.datetime) -> list[Checklist]:
    """Enter and publish those that are not there yet. One whose sector the city does not have belongs to none."""
    there = set(session.scalars(sa.select(Checklist.code).where(Checklist.code != "")))
    sectors = set(session.scalars(sa.select(Sector.code)))
    made = []
    for path in sorted(FOLDER.glob("*.toml")):
        if path.stem in there:
            continue
        data = read(path)
        if data["sector_code"] not in sectors:
            data["sector_code"] = None
        one = operations.create(session, data, by=SYSTEM, now=now)
        one.code, one.org_id = path.stem, None
        operations.publish(session, one, by=SYSTEM, now=now)
        made.append(one)
    return made
