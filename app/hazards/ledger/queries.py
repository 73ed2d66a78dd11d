from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.accounts import visible
from app.errors import NotFound
from app.hazards.ledger.models import HazardImport, HazardImportRow
from app.hazards.models import Hazard


def imports(user: Any) -> sa.Select[Any]:
    """The imports a person may see, newest first."""
    return visible(sa.select(HazardImport), HazardImport, user).order_by(
        HazardImport.created_at.desc(), HazardImport.id
    )


def get(session: Session, import_id: str, user: Any) -> HazardImport:
    """The import, if the person may see it; else NotFound."""
    found = session.scalar(visible(sa.select(HazardImport).where(HazardImport.id == import_id), HazardImport, user))
    if found is None:
        raise NotFound()
    return found


def rows(import_id: str, outcome: str = "") -> sa.Select[Any]:
    """The rows of an import in the order of the file."""
    select = sa.select(HazardImportRow).where(HazardImportRow.import_id == import_id)
    if outcome:
        select = select.where(HazardImportRow.outcome == outcome)
    return select.order_by(HazardImportRow.position)


def counts(session: Session, import_id: str) -> dict[str, int]:
    """How many rows have each outcome."""
    select = sa.select(HazardImportRow.outcome, sa.func.count()).where(HazardImportRow.import_id == import_id)
    return {str(outcome): int(n) for outcome, n in session.execute(select.group_by(HazardImportRow.outcome))}


def counts_of(session: Session, import_ids: list[str]) -> dict[str, dict[str, int]]:
    """The same for a page of imports."""
    select = sa.select(HazardImportRow.import_id, HazardImportRow.outcome, sa.func.count())
    found: dict[str, dict[str, int]] = {import_id: {} for import_id in import_ids}
    grouped = select.group_by(HazardImportRow.import_id, HazardImportRow.outcome)
    for import_id, outcome, n in session.execute(grouped.where(HazardImportRow.import_id.in_(import_ids))):
        found[import_id][outcome] = n
    return found


def shown_hazards(session: Session, rows: list[HazardImportRow], user: Any) -> dict[str, Hazard]:
    """The hazards that rows became, as far as the person may see them: {id: Hazard}."""
    ids = [row.hazard_id for row in rows if row.hazard_id]
    return {
        hazard.id: hazard
        for hazard in session.scalars(visible(sa.select(Hazard).where(Hazard.id.in_(ids)), Hazard, user))
    }
