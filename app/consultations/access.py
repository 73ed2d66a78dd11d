"""Who may do what beside the steps of the processes, which the engine addresses."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy.orm import Session

from app.accounts import SEPARATED
from app.consultations import queries
from app.consultations.expert_models import Engagement, Opinion
from app.consultations.models import Visit
from app.errors import Forbidden

POOL_READERS = ("coordinator", "leader", "auditor", "dept_staff")
POOL_KEEPERS = ("coordinator",)
ORGANISERS = ("coordinator", "dept_staff")


def sees_consultations(user: Any) -> bool:
    """Whole consultations with all their enterprises: offices of the city, not towns, enterprises or experts."""
    return bool(user.has(*POOL_READERS))


def takes_part(user: Any) -> bool:
    """Whom single visits concern."""
    others = [grant for grant in user.grants if grant.role not in SEPARATED]
    return bool(others) and not sees_consultations(user)


def of_supervisor(user: Any, visit: Visit) -> bool:
    """The department in charge of the visit, and the committee office: they issue links and see every opinion."""
    own = any(grant.org_id == visit.supervising_org_id and grant.includes("dept_staff") for grant in user.grants)
    return own or bool(user.has("coordinator"))


def sees_undecided(user: Any, visit: Visit) -> bool:
    """Opinions before the department has decided about them: offices, not the enterprise, not the town."""
    return of_supervisor(user, visit) or bool(user.has("leader", "auditor", "dept_staff"))


def seen_opinions(session: Session, user: Any, visit: Visit, engagements: Sequence[Engagement]) -> list[Opinion]:
    """Offices see all, an expert the own ones, the enterprise and the town what has been decided."""
    rows = queries.opinions(session, [visit.id])
    if sees_undecided(user, visit):
        return rows
    own = {one.id for one in engagements if one.user_id == user.id}
    return [one for one in rows if one.engagement_id in own or (not own and one.status != "pending")]


def require(allowed: bool) -> None:
    if not allowed:
        raise Forbidden()
