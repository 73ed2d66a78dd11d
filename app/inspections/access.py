"""Who may do what to an inspection that they see, apart from the steps of its process, which the engine addresses."""

from __future__ import annotations

from typing import Any

from app.accounts import SEPARATED
from app.errors import Forbidden
from app.inspections.models import Inspection, Inspector

# domain 3.2, 建检查. What an enterprise looks at by itself is registered as hazards of its own finding.
PLANNERS = ("leader", "coordinator", "dept_staff", "town_staff", "grid_worker", "auditor")
CHECKLIST_KEEPERS = ("coordinator", "dept_admin")
OUTSIDE = ("enterprise_admin", "enterprise_staff", "expert", "reward_officer")


def may_plan(user: Any) -> bool:
    return bool(user.has(*PLANNERS))


def is_official(user: Any) -> bool:
    """Of an office, not of those who are inspected or advise: drafts, draws and lists are for officials."""
    return any(grant.role not in (*SEPARATED, *OUTSIDE) for grant in user.grants)


def reads_conclusion(user: Any, inspection: Inspection) -> bool:
    """It is written about all subjects together: whoever was inspected beside others does not read it."""
    return is_official(user) or inspection.subjects == 1


def may_answer(user: Any, inspection: Inspection, team: list[Inspector]) -> bool:
    """The team, while the inspection is not recorded. Before that it may be prepared: there may be no signal there."""
    return inspection.undone and any(one.user_id == user.id for one in team)


def may_void(user: Any, inspection: Inspection) -> bool:
    """Whoever planned it, the head of the inspecting organisation, the committee office; what is done stays done."""
    if not inspection.undone:
        return False
    heads = any(
        grant.org_id == inspection.org_id and (grant.includes("dept_admin") or grant.includes("town_admin"))
        for grant in user.grants
    )
    return inspection.created_by_id == user.id or heads or bool(user.has("coordinator"))


def may_keep_checklists(user: Any) -> bool:
    return bool(user.has(*CHECKLIST_KEEPERS))


def may_keep_avoidances(user: Any) -> bool:
    return bool(user.has("coordinator", "dept_admin", "town_admin"))


def require(allowed: bool) -> None:
    if not allowed:
        raise Forbidden()
