"""Conditions of the listing's steps: who may not decide what, within what term, and what must be done first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from app.calendars import OfficeCalendar, day_text
from app.clock import local
from app.engine import HumanTask, TaskCheck
from app.hazards import queries as hazards
from app.hazards.listing import queries
from app.hazards.models import RUNNING, Hazard
from app.i18n import _

if TYPE_CHECKING:
    from app.engine import Engine

Errors = dict[str, list[str]]
LEAST_EXPERTS = 2
LONGEST = "listing_longest_1y"


def verifier(check: TaskCheck) -> Errors:
    """Whoever graded the hazard does not verify the grading (职责分离)."""
    hazard = check.session.get(Hazard, str(check.data.get("hazard_id") or ""))
    graded = sa.select(HumanTask.completed_by_id).where(
        HumanTask.instance_id == (hazard.instance_id if hazard is not None else ""), HumanTask.node_id == "grade"
    )
    if check.actor.id and check.actor.id in check.session.scalars(graded).all():
        return {"_": [_("定级人不能复核自己的定级，应由他人办理")]}
    return {}


def term(check: TaskCheck) -> Errors:
    """The treatment ends within a year of the listing, and not before the last day that was ordered."""
    day = str(check.answers.get("listing_due_on") or "")
    if check.answers.get("listing_verdict") != "approve" or not day:
        return {}
    found = _within(check, day) or _as_ordered(check, day)
    return {"listing_due_on": found} if found else {}


def _as_ordered(check: TaskCheck, day: str) -> list[str]:
    """What was ordered is not shortened: the listing's last day becomes the hazard's."""
    hazard = check.session.get(Hazard, str(check.data.get("hazard_id") or ""))
    if hazard is None or hazard.due_at is None or hazard.status not in RUNNING or hazard.due_at < check.now:
        return []
    ordered = local(hazard.due_at).date()
    if day >= ordered.isoformat():
        return []
    shown = day_text(ordered, local(check.now).date())
    return [_("治理期限不能早于已下达的整改期限 %(day)s", day=shown)]


def _within(check: TaskCheck, day: str) -> list[str]:
    today = local(check.now).date()
    latest = local(OfficeCalendar().due(check.session, LONGEST, check.now, str).at).date()
    if day < today.isoformat():
        return [_("治理期限不能早于今日")]
    if day > latest.isoformat():
        return [_("治理期限最长 1 年，不能晚于 %(day)s", day=day_text(latest, today))]
    return []


def acceptance(check: TaskCheck) -> Errors:
    """Two experts at least; nobody of the side that rectified; a failed one names a day within the year."""
    errors: Errors = {}
    names = {str(row.get("name") or "").strip() for row in check.answers.get("experts") or []}
    if len(names - {""}) < LEAST_EXPERTS:
        errors["experts"] = [_("验收专家不少于 2 名，姓名不能重复")]
    if check.answers.get("acceptance_result") == "failed":
        found = _within(check, str(check.answers.get("accepted_new_due_on") or ""))
        errors |= {"accepted_new_due_on": found} if found and check.answers.get("accepted_new_due_on") else {}
        return errors | _of_the_other_side(check)
    listing = queries.of_instance(check.session, check.instance_id)
    if listing is not None and listing.stopped and not check.answers.get("resumption_agreed"):
        errors["resumption_agreed"] = [_("已责令停产停用，应当先审查同意恢复生产、解除相关措施")]
    return errors | _of_the_other_side(check)


def _of_the_other_side(check: TaskCheck) -> Errors:
    hazard = check.session.get(Hazard, str(check.data.get("hazard_id") or ""))
    if hazard is None or check.actor.id is None:
        return {}
    this_round = hazards.round_of(check.session, hazard)
    own = hazard.responsible_org_id is not None and hazard.responsible_org_id == check.actor.org_id
    if own or (this_round is not None and this_round.submitted_by_id == check.actor.id):
        return {"_": [_("提交整改的一方不能组织验收")]}
    return {}


def auditor(check: TaskCheck) -> Errors:
    """Whoever accepted does not audit the delisting (责令、验收和摘牌不得由一人完成)."""
    listing = queries.of_instance(check.session, check.instance_id)
    if listing is not None and check.actor.id and listing.accepted_by_id == check.actor.id:
        return {"_": [_("验收人不能审核摘牌，应由他人办理")]}
    return {}


def acts_done(check: TaskCheck) -> Errors:
    """Filing and publicity of the listing come before the publicity of its end."""
    listing = queries.of_instance(check.session, check.instance_id)
    if listing is None:
        return {}
    words = {"filing": _("挂牌还没有备案"), "publicity": _("挂牌还没有向社会公布")}
    missing = [words[name] for name, _by, done in queries.acts(listing) if done is None and name in words]
    return {"_": missing} if missing else {}


def init_engine(engine: Engine) -> None:
    checks: dict[str, Any] = {
        "hazards.listing_verifier": verifier,
        "hazards.listing_term": term,
        "hazards.acceptance": acceptance,
        "hazards.delisting_auditor": auditor,
        "hazards.listing_acts": acts_done,
    }
    for name, function in checks.items():
        engine.task_check(name)(function)
