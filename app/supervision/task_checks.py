"""Conditions that a step must meet before it is completed; each says in words what is missing.

Where the instance has no record (rehearsals, scenarios) only what the answers show is looked at.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from app.accounts import Grant, Organisation, User, holders
from app.calendars import OfficeCalendar, day_text
from app.clock import local
from app.engine import HumanTask, TaskCheck
from app.i18n import _
from app.supervision import queries, requests
from app.supervision.models import SupervisionItem
from app.supervision.queries import kind_of

if TYPE_CHECKING:
    from app.engine import Engine

Errors = dict[str, list[str]]
LONGEST = "P1Y"
RECEIVERS = {"department": "dept_staff", "town": "town_staff", "enterprise": "enterprise_staff"}
ADDRESSEES = ("sector_dept", "town", "enterprise", "contractor", "insurer")


def start_allowed(check: TaskCheck) -> Errors:
    """Each matter goes to somebody who can answer for it, within a year. Rungs and instructions start without."""
    errors: list[str] = []
    for row in check.answers.get("items") or []:
        found = _addressee(check, row.get("addressee_org_id")) + _day(check, row.get("due_on"))
        errors += [f"{row.get('title')}：{text}" for text in found]
    return {"items": errors} if errors else {}


def draft(check: TaskCheck) -> Errors:
    """What is issued names an addressee that can answer, and a last day within a year."""
    if check.answers.get("verdict") != "issue":
        return {}
    org = _addressee(check, check.answers.get("addressee_org_id"))
    day = _day(check, check.answers.get("due_on"))
    return {name: texts for name, texts in (("addressee_org_id", org), ("due_on", day)) if texts}


def _addressee(check: TaskCheck, org_id: Any) -> list[str]:
    org = check.session.get(Organisation, str(org_id or ""))
    if org is None:
        return []
    if org.kind not in ADDRESSEES:
        return [_("承办单位应当是部门、镇街或者企业")]
    able = holders(RECEIVERS[kind_of(org)])
    somebody = sa.select(Grant.user_id).join(User, User.id == Grant.user_id)
    found = somebody.where(Grant.org_id == org.id, Grant.role.in_(able), User.active).limit(1)
    if check.session.scalar(found) is None:
        return [_("%(org)s没有可以签收的人员，可以交其主管部门或者属地督办", org=org.name)]
    return []


def _day(check: TaskCheck, day: Any) -> list[str]:
    today = local(check.now).date()
    if not day:
        return []
    if str(day) < today.isoformat():
        return [_("办结期限不能早于今日")]
    latest = local(OfficeCalendar().due(check.session, LONGEST, check.now, str).at).date()
    if str(day) > latest.isoformat():
        return [_("办结期限最长 1 年，不能晚于 %(day)s", day=day_text(latest, today))]
    return []


def review(check: TaskCheck) -> Errors:
    """Nothing ends while an interview that was announced has no written answer; sent back late, it needs a new day."""
    item = queries.of_instance(check.session, check.instance_id)
    if check.answers.get("review_result") == "done":
        waiting = item is not None and any(i.is_open for i in queries.interviews(check.session, item))
        return {"review_result": [_("约谈还没有收到书面反馈，不能办结")]} if waiting else {}
    if check.answers.get("new_due_on"):
        found = _day(check, check.answers["new_due_on"])
        return {"new_due_on": found} if found else {}
    if item is not None and item.due_at is not None and item.due_at <= check.now:
        return {"new_due_on": [_("原期限已过，退办应当写明新的办结期限")]}
    return {}


def interview_notice(check: TaskCheck) -> Errors:
    """约谈 within a week of being decided, and not in the past."""
    text = str(check.answers.get("talk_at") or "")
    if not text:
        return {}
    at = dt.datetime.fromisoformat(text)
    hold_by = dt.datetime.fromisoformat(str(check.data["hold_by"]))
    if local(at) < local(check.now):
        return {"talk_at": [_("约谈时间不能早于现在")]}
    if local(at) > hold_by:
        day = day_text(local(hold_by).date(), local(check.now).date())
        return {"talk_at": [_("约谈应当在确定对象后一周内进行，不晚于 %(day)s", day=day)]}
    return {}


def may_ask(check: TaskCheck) -> Errors:
    """Asked before the last day, for a later one, and nothing is being decided already."""
    task = check.session.get(HumanTask, str(check.data.get("task_id") or ""))
    item = queries.of_instance(check.session, task.instance_id) if task is not None else None
    if task is None or item is None or task.status != "open":
        return {"_": [_("申请所指的步骤已经办结或者撤销")]}
    if any(request.status == "open" for request in requests.of_item(check.session, item)):
        return {"_": [_("延期申请正在办理，答复后才能再次申请")]}
    if task.paused_at is None and task.due_at is not None and task.due_at <= check.now:
        return {"_": [_("期限已过，不能再申请延期")]}
    return _later(check, item)


def _later(check: TaskCheck, item: SupervisionItem) -> Errors:
    asked = str(check.answers.get("new_due_on") or "")
    if asked and item.due_at and asked <= local(item.due_at).date().isoformat():
        day = day_text(local(item.due_at).date(), local(check.now).date())
        return {"new_due_on": [_("应晚于现在的期限 %(day)s", day=day)]}
    return {}


def not_applicant(check: TaskCheck) -> Errors:
    """申请人与批准人分离."""
    starter = (check.data.get("starter") or {}).get("id")
    if check.actor.id is not None and check.actor.id == starter:
        return {"_": [_("申请人不能批准自己的申请，应由他人办理")]}
    return {}


def decision(check: TaskCheck) -> Errors:
    """A granted day lies after the present one and within a year."""
    day = str(check.answers.get("approved_due_on") or "")
    if check.answers.get("decision") != "agree" or not day:
        return {}
    request = requests.of_instance(check.session, check.instance_id)
    item = check.session.get(SupervisionItem, request.item_id) if request is not None else None
    present = local(item.due_at).date().isoformat() if item is not None and item.due_at else ""
    if day <= max(present, local(check.now).date().isoformat()):
        return {"approved_due_on": [_("新的期限应晚于现在的期限，也应晚于今日")]}
    found = _day(check, day)
    return {"approved_due_on": found} if found else {}


def init_engine(engine: Engine) -> None:
    checks: dict[str, Any] = {
        "supervision.start_allowed": start_allowed,
        "supervision.draft": draft,
        "supervision.review": review,
        "supervision.interview_notice": interview_notice,
        "supervision.request_allowed": may_ask,
        "supervision.not_applicant": not_applicant,
        "supervision.request_decision": decision,
    }
    for name, function in checks.items():
        engine.task_check(name)(function)
