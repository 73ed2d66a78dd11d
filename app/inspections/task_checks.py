"""Conditions that a step must meet before it is completed; each says in words what is missing.

Where the instance has no record (rehearsals, scenarios) only what the answers show is looked at.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from marshmallow import ValidationError

from app.accounts import User
from app.engine import TaskCheck
from app.errors import Invalid
from app.i18n import _
from app.inspections import queries
from app.inspections.models import InspectedSubject, InspectionItem
from app.inspections.planning.choosing import conflicted
from app.inspections.planning.operations import checklist_of, choose
from app.inspections.schemas import InspectionPlanData
from app.inspections.words import LEAST_INSPECTORS

if TYPE_CHECKING:
    from app.engine import Engine

Errors = dict[str, list[str]]


def two_inspectors(check: TaskCheck) -> Errors:
    """At least two inspectors (安全生产法第六十七条), none of whom must avoid a subject."""
    present = {str(row.get("person")) for row in check.answers.get("inspectors") or [] if row.get("person")}
    if len(present) < LEAST_INSPECTORS:
        return {"inspectors": [_("检查人员不得少于 2 人")]}
    found = queries.of_instance(check.session, check.instance_id)
    if found is None:
        return {}
    subjects = [one.subject_id for one in queries.subjects_of(check.session, found)]
    if who := conflicted(check.session, present, subjects):
        names = _("、").join(one.name for one in who)
        return {"inspectors": [_("%(names)s应当回避，不能检查这些对象", names=names)]}
    return {}


def complete(check: TaskCheck) -> Errors:
    """Every item has a result, every finding is described, every subject signed for; nothing found needs evidence."""
    found = queries.of_instance(check.session, check.instance_id)
    if found is None:
        return {}
    subjects = queries.subjects_of(check.session, found)
    items = queries.items_of(check.session, [one.id for one in subjects])
    said = [text for one in subjects for text in missing(one, items[one.id])]
    return {"conclusion": said[:6]} if said else {}


def missing(subject: InspectedSubject, items: list[InspectionItem]) -> list[str]:
    """What this subject's record still lacks, in words that begin with its name."""
    said = []
    if left := sum(1 for item in items if not item.result):
        said.append(_("还有 %(n)s 项没有结论", n=left))
    for item in items:
        if item.failed and (lacks := lacking(item)):
            said.append(_("第 %(n)s 项：%(what)s", n=item.position, what=_("、").join(lacks)))
    if not subject.served:
        said.append(_("没有现场签字"))
    elif subject.served == "signed" and not subject.signed_by:
        said.append(_("没有写明签字人"))
    elif subject.served != "signed" and not subject.refused_reason:
        said.append(_("没有注明未签字的情况"))
    nothing_found = not any(item.failed for item in items)
    if nothing_found and not subject.evidence and not subject.located:
        said.append(_("没有发现问题的，须有现场照片或者定位"))
    return [_("%(name)s：%(what)s", name=subject.name, what=text) for text in said]


def lacking(item: InspectionItem) -> list[str]:
    """What a finding lacks before it can become a hazard."""
    lacks = []
    if not item.finding:
        lacks.append(_("没有写明问题"))
    if not item.photos:
        lacks.append(_("没有照片"))
    if not item.deadline:
        lacks.append(_("没有选择整改期限"))
    if item.deadline == "on_site":
        if item.severity == "major":
            lacks.append(_("重大隐患不能按当场整改办理"))
        elif not item.measures or not item.photos_after:
            lacks.append(_("当场整改须写明措施并附整改后照片"))
    return lacks


def plannable(check: TaskCheck) -> Errors:
    """(start check) Subjects lie within the starter's reach, and nobody of the team must avoid one."""
    try:
        data = InspectionPlanData().load({**check.data, **check.answers})
        user = check.session.get(User, check.actor.id) if check.actor.id else None
        checklist_of(check.session, data)
        chosen = choose(check.session, data, user, check.now)
    except ValidationError as wrong:
        return {name: [str(text) for text in texts] for name, texts in wrong.messages_dict.items()}
    except Invalid as wrong:
        return {name: [str(text) for text in texts] for name, texts in wrong.errors.items()}
    if who := conflicted(check.session, data["inspectors"], chosen):
        names = _("、").join(one.name for one in who)
        return {"people": [_("%(names)s应当回避，不能检查这些对象", names=names)]}
    return {}


def another_person(check: TaskCheck) -> Errors:
    """Nobody looks again at his own inspection."""
    found = queries.of_instance(check.session, check.instance_id)
    if found and check.actor.id in {one.user_id for one in queries.team_of(check.session, found.id)}:
        return {"second_look": [_("抽检不能由参加检查的人员办理")]}
    return {}


def init_engine(engine: Engine) -> None:
    engine.task_check("inspections.two_inspectors")(two_inspectors)
    engine.task_check("inspections.complete")(complete)
    engine.task_check("inspections.plannable")(plannable)
    engine.task_check("inspections.another_person")(another_person)
