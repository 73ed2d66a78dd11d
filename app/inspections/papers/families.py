"""Which family of documents an inspecting organisation issues (domain 2.6.1, D8).

enforcement  departments: 责令限期整改指令书, with force; remedies are named
fire         fire brigades: 责令限期改正通知书, within three work days
town         towns without penalty power: 限期整改意见书; what is not done is reported to the department
general      the committee office, leaders, patrols: 隐患整改通知单, a notice within the administration
"""

from __future__ import annotations

from app.accounts import Organisation

FIRE = "FIRE"


def family_of(org: Organisation, sector_code: str) -> str:
    if org.kind == "sector_dept":
        return "fire" if sector_code == FIRE else "enforcement"
    if org.kind in ("town", "village"):
        return "enforcement" if org.has_penalty_power else "town"
    return "general"


def may_order(org: Organisation) -> bool:
    """Whether its order binds: a department's, or a town's that penalty power was given to (省条例第五十八条)."""
    return org.kind == "sector_dept" or (org.kind == "town" and org.has_penalty_power)
