"""Conditions that a step must meet before it is completed; each says in words what is missing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from app.accounts import Organisation, Sector
from app.campaigns import plans
from app.campaigns.conditions import Conditions
from app.campaigns.models import PARENTS, Campaign
from app.engine import TaskCheck
from app.i18n import _

if TYPE_CHECKING:
    from app.engine import Engine

Errors = dict[str, list[str]]
Data = Mapping[str, Any]
MOST_PHASES = 3


def plan_sound(check: TaskCheck, conditions: Conditions) -> Errors:
    """The overall plan: days in order, phases that follow one another and overlap only where they may, leads once."""
    given = check.answers
    if given["end_on"] < given["start_on"]:
        return {"end_on": [_("结束日期不能早于开始日期")]}
    errors: Errors = {}
    phases = given.get("phases") or []
    wrong = _phase_count(str(given["scale"]), len(phases)) or _phase_days(phases, given)
    if found := wrong or [why for row in phases if (why := conditions.problem(row.get("condition") or ""))]:
        errors["phases"] = found
    if found := _parent(check, given):
        errors["parent_id"] = found
    if found := _leads(check, given.get("leads") or []):
        errors["leads"] = found
    if given["scale"] == "special_period" and not given.get("guards"):
        errors["guards"] = [_("特殊时期保障要明确包保督导的领导")]
    return errors


def _parent(check: TaskCheck, given: Data) -> list[str]:
    """What a campaign is part of is of a wider kind, and lasts at least as long."""
    parent = check.session.get(Campaign, given["parent_id"]) if given.get("parent_id") else None
    if parent is None:
        return []
    if given["scale"] in PARENTS[: PARENTS.index(parent.scale) + 1] if parent.scale in PARENTS else True:
        return [_("“%(name)s”不能包含这一类行动", name=parent.name)]
    if given["start_on"] < parent.start_on.isoformat() or given["end_on"] > parent.end_on.isoformat():
        return [_("起止日期超出“%(name)s”的起止日期", name=parent.name)]
    return []


def _phase_count(scale: str, count: int) -> list[str]:
    """Annual campaigns have phases; a special period has one; a minor campaign may do without."""
    if count > MOST_PHASES:
        return [_("最多 %(n)s 个阶段", n=MOST_PHASES)]
    if scale == "special_period" and count != 1:
        return [_("特殊时期保障只设一个阶段")]
    if scale in ("overall", "annual") and not count:
        return [_("写明各阶段的起止日期")]
    return []


def _phase_days(phases: Sequence[Data], campaign: Data) -> list[str]:
    found: list[str] = []
    before: Data | None = None
    for row in phases:
        name, start, end = row["name"], row["start_on"], row["end_on"]
        if end < start:
            found.append(_("“%(name)s”的结束日期早于开始日期", name=name))
        if start < campaign["start_on"] or end > campaign["end_on"]:
            found.append(_("“%(name)s”超出专项行动的起止日期", name=name))
        if before is not None and (start < before["start_on"] or end < before["end_on"]):
            found.append(_("“%(name)s”排在了前一阶段之前", name=name))
        elif before is not None and start <= before["end_on"] and not row.get("overlap"):
            found.append(_("“%(name)s”与前一阶段重叠，应勾选压茬推进，或者改日期", name=name))
        before = row
    return found


def _leads(check: TaskCheck, rows: Sequence[Data]) -> list[str]:
    codes = [row["sector"] for row in rows]
    if len(set(codes)) < len(codes):
        return [_("同一领域只能有一个牵头部门")]
    unled = [row["sector"] for row in rows if not row.get("org")]
    missing = sa.select(Sector.name).where(Sector.code.in_(unled), Sector.lead_org_id.is_(None))
    without = set(check.session.scalars(missing))
    if without:
        return [_("这些领域没有牵头部门，请指定：%(names)s", names="、".join(sorted(without)))]
    orgs = {row["org"] for row in rows if row.get("org")}
    kinds = sa.select(Organisation.name).where(Organisation.id.in_(orgs), Organisation.kind.in_(("town", "enterprise")))
    if wrong := sorted(check.session.scalars(kinds)):
        return [_("牵头单位应当是部门：%(names)s", names="、".join(wrong))]
    return []


def gate_allowed(check: TaskCheck) -> Errors:
    """A gate is not waved through: reasons where the condition does not hold, leftovers named, extensions limited."""
    given, phase = check.answers, check.data.get("phase") or {}
    result, errors = given.get("gate_result"), Errors()
    if result == "pass" and phase.get("holds") is False and not given.get("gate_note"):
        errors["gate_note"] = [_("不符合关口条件仍要通过的，写明理由")]
    if result == "conditional" and not given.get("leftovers"):
        errors["leftovers"] = [_("有条件通过，要列出带入下一阶段的遗留事项")]
    if result == "extend":
        if not phase.get("extensions_left"):
            errors["gate_result"] = [_("本阶段已延长 %(n)s 次，不能再延长", n=phase.get("extensions", 0))]
        elif int(given.get("extend_days") or 0) > int(phase.get("days_left") or 0):
            errors["extend_days"] = [_("本阶段最多还可延长 %(n)s 天", n=phase.get("days_left") or 0)]
        if not given.get("gate_note"):
            errors["gate_note"] = [_("写明延长的理由")]
    return errors


def tasks_sound(check: TaskCheck) -> Errors:
    """Tasks of a sector plan: each goes to somebody who can do it, and is due while the campaign lasts."""
    rows, last = check.answers.get("tasks") or [], str(check.data.get("last_day") or "")
    found: list[str] = []
    for row in rows:
        if row["to"] == "one" and not row.get("org"):
            found.append(_("“%(title)s”没有写明由谁承办", title=row["title"]))
        if last and row["due_on"] > last:
            found.append(_("“%(title)s”的完成期限晚于专项行动的结束日期 %(day)s", title=row["title"], day=last))
        if row.get("metric") and not row.get("target"):
            found.append(_("“%(title)s”与指标挂钩，要写明目标数", title=row["title"]))
    orgs = {row["org"] for row in rows if row.get("org") and row["to"] == "one"}
    kinds = sa.select(Organisation.name).where(
        Organisation.id.in_(orgs), Organisation.kind.not_in(("town", "sector_dept"))
    )
    if wrong := sorted(check.session.scalars(kinds)):
        found.append(_("任务只能交给镇街和部门：%(names)s", names="、".join(wrong)))
    if any(row["to"] == "towns" for row in rows) and not plans.towns_of(check.session):
        found.append(_("没有可以交办的镇街"))
    return {"tasks": found} if found else {}


def task_reported(check: TaskCheck) -> Errors:
    """A report of a task tied to a number says what was reached."""
    if check.data.get("task_target") and check.answers.get("actual") is None:
        return {"actual": [_("写明完成数")]}
    return {}


def review_allowed(check: TaskCheck) -> Errors:
    """A plan is returned twice at most, and with what is to be changed."""
    if check.answers.get("decision") != "return":
        return {}
    if int(check.data.get("returned") or 0) >= plans.MOST_RETURNS:
        return {"decision": [_("已退回 %(n)s 次，不能再退回", n=plans.MOST_RETURNS)]}
    return {} if check.answers.get("opinion") else {"opinion": [_("写明要修改的地方")]}


def init_engine(engine: Engine) -> None:
    conditions = Conditions(engine)
    engine.task_check("campaigns.plan_sound")(lambda check: plan_sound(check, conditions))
    engine.task_check("campaigns.gate_allowed")(gate_allowed)
    engine.task_check("campaigns.tasks_sound")(tasks_sound)
    engine.task_check("campaigns.review_allowed")(review_allowed)
    engine.task_check("campaigns.task_reported")(task_reported)
