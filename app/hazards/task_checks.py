"""Conditions that a step must meet before it is completed; each says in words what is missing.

Where the instance has no record (rehearsals, scenarios) only what the answers show is looked at.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from app.accounts import Organisation
from app.calendars import OfficeCalendar, day_text
from app.clock import local
from app.engine import TaskCheck
from app.hazards import queries
from app.hazards.listing import queries as listings
from app.hazards.models import Hazard, HazardRound
from app.i18n import _

if TYPE_CHECKING:
    from app.engine import Engine

Errors = dict[str, list[str]]
LEAST_INSPECTORS = 2  # 安全生产法 67: enforcement inspections by two or more
LONGEST = {"general": "rectification_30d", "major": "P1Y"}


def grading(check: TaskCheck) -> Errors:
    """A major hazard is never put right on the spot, and what was is shown by photos from before and after."""
    answers = check.answers
    if answers.get("verdict") != "valid" or answers.get("rectify_mode") != "on_site":
        return {}
    if answers.get("grade") == "major":
        return {"rectify_mode": [_("重大隐患不能按当场整改办理，应当下达指令")]}
    if not (check.data.get("photos_before") and check.data.get("photos_after")):
        return {"rectify_mode": [_("登记时没有整改前后的照片，不能按当场整改办理")]}
    return {}


def order_limit(check: TaskCheck) -> Errors:
    """The last day lies in the longest period that an order may give (major: one year)."""
    return _limit(check, "due_on") or _governed(check, "due_on")


def _limit(check: TaskCheck, field: str) -> Errors:
    due_on, today = str(check.answers.get(field) or ""), local(check.now).date().isoformat()
    if not due_on:
        return {}
    if due_on < today:
        return {field: [_("整改期限不能早于今日")]}
    grade = str(check.data.get("grade") or "general")
    latest = local(OfficeCalendar().due(check.session, LONGEST[grade], check.now, str).at).date()
    if due_on > latest.isoformat():
        day = day_text(latest, local(check.now).date())
        if grade == "general":
            return {field: [_("整改期限最长 30 日，不能晚于 %(day)s", day=day)]}
        return {field: [_("重大隐患的整改期限最长 1 年，不能晚于 %(day)s", day=day)]}
    return {}


def _governed(check: TaskCheck, field: str) -> Errors:
    """Of a listed hazard the listing sets the last day; one that has passed already sets none any more."""
    hazard = queries.of_instance(check.session, check.instance_id)
    listing = listings.of_hazard(check.session, hazard.id) if hazard is not None else None
    if listing is None or not listing.is_open or listing.due_at is None or listing.due_at < check.now:
        return {}
    day = local(listing.due_at).date()
    if check.answers.get(field) in (None, "", day.isoformat()):
        return {}
    text = _("已挂牌督办，整改期限以治理期限为准：%(day)s", day=day_text(day, local(check.now).date()))
    return {field: [text]}


def reinspection(check: TaskCheck) -> Errors:
    """Every item has a conclusion, enough inspectors, none of them from the side that rectified."""
    errors: Errors = {}
    conclusions = check.answers.get("conclusions") or []
    missing = [item for item in _required(check) if item not in {row.get("requirement") for row in conclusions}]
    if missing:
        errors["conclusions"] = [_("没有写明结论：%(items)s", items="；".join(missing))]
    if any(row.get("result") != "passed" for row in conclusions):
        if not check.answers.get("new_due_on"):
            errors["new_due_on"] = [_("有不合格项，写明新的整改期限")]
        else:
            errors |= _limit(check, "new_due_on") or _governed(check, "new_due_on")
    return errors | _inspectors(check)


def _required(check: TaskCheck) -> list[str]:
    return [str(row["requirement"]) for row in check.data.get("review_items") or []]


def _inspectors(check: TaskCheck) -> Errors:
    """Reviewers of the enforcement departments come in twos; nobody reviews what he submitted himself."""
    people = list(dict.fromkeys(row.get("person") for row in check.answers.get("inspectors") or []))
    errors: list[str] = []
    if check.data.get("handled_by") != "town" and len(people) < LEAST_INSPECTORS:
        errors.append(_("复查人员不少于 2 名"))
    hazard = queries.of_instance(check.session, check.instance_id)
    if hazard is not None:
        this_round = queries.round_of(check.session, hazard)
        errors += _not_own(hazard, this_round, check.actor.id, check.actor.org_id)
        if this_round and this_round.submitted_by_id in people:
            errors.append(_("提交整改的人不能参加复查"))
    return {"inspectors": errors} if errors else {}


def _not_own(hazard: Hazard, this_round: HazardRound | None, user_id: str | None, org_id: str | None) -> list[str]:
    if user_id is None:
        return []
    if hazard.responsible_org_id and org_id == hazard.responsible_org_id:
        return [_("责任单位的人员不能复查本单位的整改")]
    if this_round and this_round.submitted_by_id == user_id:
        return [_("提交整改的人不能自己复查")]
    return []


def closure_conditions(check: TaskCheck) -> Errors:
    """销号条件 (domain 2.2): evidence, an independent and signed re-inspection that passed, served on the reviewed."""
    hazard = queries.of_instance(check.session, check.instance_id)
    if hazard is None:
        return {}
    this_round = queries.round_of(check.session, hazard)
    if this_round is None or this_round.result != "passed":
        return {"_": [_("最近一轮复查没有合格，不能销号")]}
    if (listing := listings.of_hazard(check.session, hazard.id)) is not None and listing.is_open:
        return {"_": [_("挂牌督办还没有摘牌，不能销号")]}
    found = [*_evidence(hazard, this_round), *_independent(check, hazard, this_round), *_signed(this_round)]
    return {"_": found} if found else {}


def _evidence(hazard: Hazard, this_round: HazardRound) -> list[str]:
    if not this_round.photos_after:
        return [_("没有整改后的照片，不能销号")]
    if hazard.rectify_mode == "on_site" and not hazard.photos_before:
        return [_("当场整改没有整改前的照片，不能销号")]
    return []


def _independent(check: TaskCheck, hazard: Hazard, this_round: HazardRound) -> list[str]:
    problems = []
    if this_round.reviewed_by_id is not None and this_round.reviewed_by_id == this_round.submitted_by_id:
        problems.append(_("复查人就是提交整改的人，应由他人重新复查"))
    if hazard.responsible_org_id and this_round.reviewed_org_id == hazard.responsible_org_id:
        problems.append(_("复查人属于责任单位，应由监管部门重新复查"))
    kind = check.session.scalar(sa.select(Organisation.kind).where(Organisation.id == this_round.reviewed_org_id))
    if kind == "sector_dept" and len(set(this_round.inspectors)) < LEAST_INSPECTORS:
        problems.append(_("复查人员不足 2 名，应重新复查"))
    return problems


def _signed(this_round: HazardRound) -> list[str]:
    problems = []
    if not (this_round.opinion.strip() and this_round.reviewed_at):
        problems.append(_("没有签署的复查意见，不能销号"))
    if not this_round.served:
        problems.append(_("复查意见没有送达签收，也没有注明拒签"))
    return problems


def init_engine(engine: Engine) -> None:
    checks: dict[str, Any] = {
        "hazards.grading": grading,
        "hazards.order_limit": order_limit,
        "hazards.reinspection": reinspection,
        "hazards.closure_conditions": closure_conditions,
    }
    for name, function in checks.items():
        engine.task_check(name)(function)
