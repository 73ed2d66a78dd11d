"""The 16 roles: names, what includes what, which may meet in one person, who may grant which."""

from __future__ import annotations

from collections.abc import Iterable

from app.accounts.models import IMPLIED, ROLES, SEPARATED
from app.i18n import _, bilingual

CITYWIDE = frozenset({"leader", "coordinator", "auditor"})
DEPARTMENT = frozenset({"dept_admin", "dept_staff", "officer"})
LOCAL = frozenset({"town_admin", "town_staff", "grid_worker"})
ENTERPRISE = frozenset({"enterprise_admin", "enterprise_staff"})
# Heads of an organisation look after its accounts, and only its (domain 3.2: 用户、组织、字典 本单位).
UNIT_ADMINS = frozenset({"dept_admin", "town_admin", "enterprise_admin"})

NAMES: dict[str, tuple[str, str]] = {
    "leader": ("市领导", "City leader"),
    "coordinator": ("安委办人员", "Committee office"),
    "dept_admin": ("部门负责人", "Department head"),
    "dept_staff": ("部门人员", "Department staff"),
    "officer": ("执法人员", "Enforcement officer"),
    "town_admin": ("镇街负责人", "Town head"),
    "town_staff": ("镇街人员", "Town staff"),
    "grid_worker": ("网格员", "Grid worker"),
    "enterprise_admin": ("企业负责人", "Enterprise head"),
    "enterprise_staff": ("企业安全员", "Enterprise safety staff"),
    "expert": ("专家", "Expert"),
    "reward_officer": ("举报奖励专员", "Tip reward officer"),
    "auditor": ("巡查考核人员", "Inspection and assessment"),
    "admin": ("系统管理员", "System administrator"),
    "security_admin": ("安全管理员", "Security administrator"),
    "audit_admin": ("审计管理员", "Audit administrator"),
    "inspector": ("检查人员", "Inspector"),
}
# Which roles make sense in which kind of organisation; a kind not listed takes every business role.
_BY_KIND: dict[str, frozenset[str]] = {
    "enterprise": ENTERPRISE,
    "village": frozenset({"grid_worker"}),
    "town": LOCAL | {"officer"},
    "sector_dept": DEPARTMENT | {"reward_officer", "auditor"},
    "expert_body": frozenset({"expert"}),
}
_UNIT_GRANTS: dict[str, frozenset[str]] = {
    "dept_admin": frozenset({"dept_staff", "officer"}),
    "town_admin": frozenset({"town_staff", "grid_worker"}),
    "enterprise_admin": frozenset({"enterprise_staff"}),
}


def role_name(role: str) -> str:
    return bilingual(*NAMES.get(role, (role, role)))


def holders(role: str) -> frozenset[str]:
    """The roles that are this role or include it."""
    return frozenset({role}) | {held for held, implied in IMPLIED.items() if role in implied}


def effective(roles: Iterable[str]) -> frozenset[str]:
    """The roles with all that they include."""
    held = frozenset(roles)
    return held.union(*(IMPLIED.get(role, frozenset()) for role in held))


def separation_problem(roles: Iterable[str]) -> str | None:
    """Why these roles may not meet in one person (三员分立), or None.

    Nobody holds two of system, security and audit administrator, nor one of them beside a business role.
    """
    held = frozenset(roles)
    separated = held & frozenset(SEPARATED)
    if len(separated) > 1:
        return _("系统管理员、安全管理员、审计管理员不得由同一人兼任")
    if separated and held - separated:
        return _("管理员不得兼任业务角色")
    return None


def fits(role: str, org_kind: str) -> bool:
    """Whether the role makes sense in an organisation of this kind."""
    return role in SEPARATED or role in _BY_KIND.get(org_kind, frozenset(ROLES))


def unit_grants(roles: Iterable[str]) -> frozenset[str]:
    """What a head of an organisation may grant inside it."""
    return frozenset().union(*(_UNIT_GRANTS.get(role, frozenset()) for role in roles))
