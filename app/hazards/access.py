"""Who may do what to a hazard that they see, apart from the steps of its process, which the engine addresses."""

from __future__ import annotations

from typing import Any

from app.errors import Forbidden
from app.hazards.models import Hazard

REGISTRARS = ("leader", "coordinator", "dept_staff", "town_staff", "grid_worker", "enterprise_staff")


def may_register(user: Any) -> bool:
    return bool(user.has(*REGISTRARS))


def may_correct(user: Any, hazard: Hazard) -> bool:
    """The committee office, the supervising department, and whoever registered it until it is graded."""
    if not hazard.is_open:
        return False
    own = hazard.registered_by_id == user.id and hazard.status == "registered"
    return own or bool(user.has("coordinator")) or _of_supervisor(user, hazard, "dept_staff")


def may_void(user: Any, hazard: Hazard) -> bool:
    """The committee office and the head of the supervising department; what is closed stays closed."""
    return hazard.is_open and (bool(user.has("coordinator")) or _of_supervisor(user, hazard, "dept_admin"))


def may_register_recurrence(user: Any, hazard: Hazard) -> bool:
    """回头看: departments, towns and the committee office look again at what was closed; enterprises do not."""
    return hazard.status == "closed" and bool(user.has("coordinator", "dept_staff", "town_staff"))


def _of_supervisor(user: Any, hazard: Hazard, role: str) -> bool:
    return any(grant.org_id == hazard.supervising_org_id and grant.includes(role) for grant in user.grants)


def require(allowed: bool) -> None:
    if not allowed:
        raise Forbidden()
