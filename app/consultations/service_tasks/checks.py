"""Conditions that a step must meet before it is completed; each says in words what is missing.

Where the instance has no record (rehearsals, scenarios) only what the answers show is looked at.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from app.accounts import Grant, User, visible
from app.accounts import holders as holding
from app.calendars import OfficeCalendar
from app.clock import SHANGHAI
from app.consultations import queries, scoring
from app.consultations.expert_models import Engagement, Expert
from app.consultations.models import Visit
from app.consultations.operations import choosing, consultations
from app.engine import TaskCheck
from app.i18n import _, bilingual
from app.subjects import Subject

if TYPE_CHECKING:
    from app.engine import Engine

Errors = dict[str, list[str]]
LEAST_SUPERVISORS = 2  # 安全生产法 67; 保定“专家会诊”: 不少于 2 名监管人员全程参与


def startable(check: TaskCheck) -> Errors:
    """The enterprises are each named once, of one sector, and the starter may see them."""
    data = {**check.data, **check.answers}
    if errors := consultations.topic_problems(check.session, data):
        return errors
    subjects = consultations.chosen_subjects(check.session, data)
    user = check.session.get(User, check.actor.id) if check.actor.id else None
    wanted = [subject.id for subject in subjects]
    if user is not None and wanted:
        seen = visible(sa.select(sa.func.count()).select_from(Subject).where(Subject.id.in_(wanted)), Subject, user)
        if check.session.scalar(seen) != len(wanted):
            return {"enterprises": [_("有的企业不在您的管辖范围内")]}
    if not subjects:
        return {"enterprises": [_("至少选一家企业")]}
    return {}


def choice(check: TaskCheck) -> Errors:
    """The experts exist, are of the sector, and nothing stands against them; enough are left for a draw."""
    found = queries.of_instance(check.session, check.instance_id)
    if found is None:
        return {}
    subjects = choosing.subjects_of(check.session, queries.visits_of(check.session, found.id))
    if check.answers.get("method") == "draw":
        free = [row for row in choosing.candidates(check.session, found.sector_code, subjects) if not row["out"]]
        if int(check.answers.get("draw_count") or 0) > len(free):
            return {"draw_count": [_("可以抽取的专家只有 %(n)s 名", n=len(free))]}
        return {}
    picked = list(check.answers.get("picked") or [])
    wrong = choosing.problem(check.session, found.sector_code, subjects, picked)
    return {"picked": [wrong]} if wrong else {}


def site_record(check: TaskCheck) -> Errors:
    """Two supervisors at least, every dimension scored, entered on the day or the next work day."""
    errors = _people(check, "supervisors") | _sheet(check.answers.get("scores"), "scores")
    return errors | _when(check, "visited_at")


def follow_up(check: TaskCheck) -> Errors:
    """The same again, and not before the visit itself."""
    errors = _people(check, "revisitors") | _sheet(check.answers.get("after_scores"), "after_scores")
    visited, again = check.data.get("visited_at"), check.answers.get("revisited_at")
    if visited and again and _moment(again) <= _moment(visited):
        errors["revisited_at"] = [_("复诊应在会诊之后")]
    return errors or _when(check, "revisited_at")


def _people(check: TaskCheck, field: str) -> Errors:
    people = list(dict.fromkeys(row.get("person") for row in check.answers.get(field) or []))
    if len(people) < LEAST_SUPERVISORS:
        return {field: [_("监管人员不少于 2 名")]}
    experts = (
        sa.select(User.name).join(Grant, Grant.user_id == User.id).where(User.id.in_(people), Grant.role == "expert")
    )
    if name := check.session.scalar(experts):
        return {field: [_("%(name)s是专家，不能作为监管人员", name=name)]}
    return {}


def _sheet(rows: Any, field: str) -> Errors:
    left = scoring.missing(rows or [])
    if not left:
        return {}
    names = "、".join(bilingual(one.name, one.name_en) for one in left)
    return {field: [_("没有打分：%(names)s", names=names)]}


def _when(check: TaskCheck, field: str) -> Errors:
    """记录须当日或次日录入: the three work days of the experts count from the visit."""
    given = check.answers.get(field)
    if not given:
        return {}
    at = _moment(given)
    if at > check.now:
        return {field: [_("不能晚于现在")]}
    latest = OfficeCalendar().due(check.session, "visit_record_1d", at, str).at
    if check.now > latest:
        return {field: [_("现场记录应在当日或次一工作日内录入")]}
    return {}


def _moment(text: str) -> dt.datetime:
    at = dt.datetime.fromisoformat(text)
    return at if at.tzinfo else at.replace(tzinfo=SHANGHAI)


def announced(check: TaskCheck) -> Errors:
    """会诊非突击: the visit lies ahead."""
    at = check.answers.get("visit_at")
    if at and _moment(at) <= check.now:
        return {"visit_at": [_("会诊应提前通知，时间应晚于现在")]}
    return {}


def opinions(check: TaskCheck) -> Errors:
    """Either opinions or the word that there are none."""
    if check.answers.get("opinions") or check.answers.get("none_found"):
        return {}
    return {"opinions": [_("至少写一条意见，或者勾选没有发现问题")]}


def still_engaged(check: TaskCheck) -> Errors:
    """Whoever hands in is the expert asked, by the account or the link; on paper it is entered with a scan."""
    engagement = check.session.get(Engagement, str(check.data.get("engagement_id") or ""))
    if engagement is None:
        return {}
    if check.actor.id is None or check.actor.id == engagement.user_id:
        return {}
    if engagement.user_id is not None:
        return {"_": [_("意见应由受聘专家本人提交")]}
    if not check.answers.get("paper"):
        return {"paper": [_("代为录入须附专家签名的书面意见")]}
    return {}


def replacement(check: TaskCheck) -> Errors:
    """The new expert has not taken part in this visit and need not avoid it; not everybody may be left out."""
    engagement = check.session.get(Engagement, str(check.data.get("engagement_id") or ""))
    if engagement is None:
        return {}
    if check.answers.get("replace_how") == "without":
        others = [one for one in queries.taking_part(check.session, engagement.visit_id) if one.id != engagement.id]
        return {} if others else {"replace_how": [_("这次会诊没有其他专家，应当更换")]}
    visit = check.session.get_one(Visit, engagement.visit_id)
    chosen = str(check.answers.get("replacement") or "")
    if any(one.expert_id == chosen for one in queries.engagements(check.session, visit_id=visit.id)):
        return {"replacement": [_("这位专家已经受聘参加这次会诊")]}
    wrong = choosing.problem(check.session, visit.sector_code, choosing.subjects_of(check.session, [visit]), [chosen])
    return {"replacement": [wrong]} if wrong else {}


def conversion(check: TaskCheck) -> Errors:
    """Only the supervising department decides, on every opinion: with a reason where it is not taken, with the
    opinion that it goes into where it is merged. An expert never (domain 2.13)."""
    if _is_expert(check):
        return {"_": [_("专家没有执法权，不能把意见转为隐患")]}
    rows: Sequence[Mapping[str, Any]] = check.answers.get("conversions") or []
    taken = {row.get("opinion") for row in rows if row.get("decision") == "accept"}
    problems = []
    for row in rows:
        if row.get("decision") == "merge" and row.get("merged_into") not in taken - {row.get("opinion")}:
            problems.append(_("%(number)s 应并入一条采纳的意见", number=row.get("opinion")))
        if row.get("decision") == "reject" and not str(row.get("reason") or "").strip():
            problems.append(_("%(number)s 未采纳，写明理由", number=row.get("opinion")))
        if row.get("decision") == "accept" and not str(row.get("summary") or "").strip():
            problems.append(_("%(number)s 采纳的，写明隐患", number=row.get("opinion")))
    return {"conversions": problems} if problems else {}


def _is_expert(check: TaskCheck) -> bool:
    """Whoever holds the role, and whoever is in the pool with this account."""
    if check.actor.id is None:
        return False
    held = sa.select(Grant.role).where(Grant.user_id == check.actor.id, Grant.role.in_(holding("expert")))
    entry = sa.select(Expert.id).where(Expert.user_id == check.actor.id)
    return check.session.scalar(held) is not None or check.session.scalar(entry) is not None


def not_converter(check: TaskCheck) -> Errors:
    """建议重大须由他人确认."""
    if _is_expert(check):
        return {"_": [_("专家没有执法权，不能把意见转为隐患")]}
    return _another_than(check, "convert", _("提出转化的人不能自己确认，应由他人办理"))


def not_evaluator(check: TaskCheck) -> Errors:
    """费用由他人批准."""
    return _another_than(check, "evaluate", _("提出费用的人不能自己批准，应由他人办理"))


def _another_than(check: TaskCheck, node: str, text: str) -> Errors:
    done = (check.data.get("completed_by") or {}).get(node) or {}
    if check.actor.id is not None and check.actor.id == done.get("id"):
        return {"_": [text]}
    return {}


def init_engine(engine: Engine) -> None:
    checks: dict[str, Any] = {
        "consultations.startable": startable,
        "consultations.choice": choice,
        "consultations.announced": announced,
        "consultations.site_record": site_record,
        "consultations.opinions": opinions,
        "consultations.still_engaged": still_engaged,
        "consultations.replacement": replacement,
        "consultations.conversion": conversion,
        "consultations.not_converter": not_converter,
        "consultations.not_evaluator": not_evaluator,
        "consultations.follow_up_record": follow_up,
    }
    for name, function in checks.items():
        engine.task_check(name)(function)
