from __future__ import annotations

from dataclasses import asdict
from typing import Any

import marshmallow as ma

from app import forms, web
from app.calendars import light, task_deadline, this_office
from app.clock import SHANGHAI
from app.engine import HumanTask
from app.i18n import bilingual
from app.inbox.boxes import BOXES, LIGHTS


class TaskQuery(web.ApiPage):
    """Which box, and filters. `sort`: due, created or title, `-` for descending."""

    box = ma.fields.String(load_default="todo", validate=ma.validate.OneOf(BOXES))
    light = ma.fields.String(load_default="", validate=ma.validate.OneOf(["", *LIGHTS]))
    process = ma.fields.String(load_default="")
    step = ma.fields.String(load_default="", metadata={"description": "definition.node_id"})
    region = ma.fields.String(load_default="", metadata={"description": "code; the area below it counts in"})
    q = ma.fields.String(load_default="", validate=ma.validate.Length(max=100))
    urged = ma.fields.String(load_default="")


class Local(ma.fields.AwareDateTime):
    """An instant with the office's offset."""

    def _serialize(self, value: Any, attr: str | None, obj: Any, **options: Any) -> Any:
        return super()._serialize(value.astimezone(SHANGHAI) if value else None, attr, obj, **options)


class DueOut(ma.Schema):
    """The deadline. `remaining` is in words on the clock that counts it; negative time is said as overdue."""

    at = Local()
    original = Local()
    amber_at = Local()
    remaining = ma.fields.String()
    remaining_work_seconds = ma.fields.Integer(metadata={"description": "office time left; negative when overdue"})
    used_percent = ma.fields.Integer(allow_none=True)
    extensions = ma.fields.Integer(metadata={"description": "how often it was extended"})
    paused_at = Local(allow_none=True)
    pause_reason = ma.fields.String()
    limit = ma.fields.String()
    basis = ma.fields.Dict()


def light_name(task: HumanTask) -> str:
    """A finished task is red when it was late."""
    if task.due_at is None:
        return "none"
    if task.status != "open":
        return "red" if task.late else "green"
    return light(web.clock().now(), task.due_at, task.amber_at, task.paused_at)


def due_of(task: HumanTask) -> dict[str, Any] | None:
    if task.due_at is None:
        return None
    now, office = web.clock().now(), this_office()
    view = task_deadline(office, now, task)
    shown = {
        "at": task.due_at,
        "original": task.original_due_at,
        "amber_at": task.amber_at,
        "remaining": view.text,
        "remaining_work_seconds": office.work_seconds(now, task.due_at),
        "used_percent": view.pct,
        "extensions": task.extensions,
        "paused_at": task.paused_at,
        "pause_reason": task.pause_reason,
        "limit": view.limit_text,
        "basis": task.due_basis or {},
    }
    return dict(DueOut().dump(shown))


class TaskOut(ma.Schema):
    """A task in a list."""

    id = ma.fields.String()
    instance_id = ma.fields.String()
    definition = ma.fields.String(attribute="definition_key")
    node_id = ma.fields.String()
    name = ma.fields.Function(lambda task: bilingual(task.name_zh, task.name_en))
    name_texts = ma.fields.Function(lambda task: {"zh": task.name_zh, "en": task.name_en})
    process = ma.fields.Function(lambda task: bilingual(task.process_zh, task.process_en))
    title = ma.fields.String()
    business_key = ma.fields.String(allow_none=True)
    subject_kind = ma.fields.String(allow_none=True)
    subject_id = ma.fields.String(allow_none=True)
    status = ma.fields.String()
    role = ma.fields.String(allow_none=True)
    org_id = ma.fields.String(allow_none=True)
    assignee_id = ma.fields.String(allow_none=True)
    assignee_name = ma.fields.String()
    from_name = ma.fields.String()
    from_org = ma.fields.String()
    created_at = Local()
    claimed_at = Local(allow_none=True)
    completed_at = Local(allow_none=True)
    completed_by_name = ma.fields.String()
    late = ma.fields.Boolean()
    urges = ma.fields.Integer()
    rev = ma.fields.Integer()
    due_at = Local(allow_none=True)
    light = ma.fields.Function(light_name, metadata={"enum": list(LIGHTS)})
    due = ma.fields.Method("due_of", metadata={"type": "object", "nullable": True})

    def due_of(self, task: HumanTask) -> dict[str, Any] | None:
        return due_of(task)


class ReturnTargetOut(ma.Schema):
    """A step that the task may be returned to."""

    node_id = ma.fields.String()
    name = ma.fields.Function(lambda target: bilingual(target.name_zh, target.name_en))
    completed_by = ma.fields.String()
    completed_at = Local(allow_none=True)


class Text(ma.fields.String):
    """A text of an act, bounded."""

    def __init__(self, longest: int = 2000, **options: Any) -> None:
        super().__init__(validate=ma.validate.Length(max=longest), **options)


class VoteOut(ma.Schema):
    """One signature, with the vote and the answers."""

    id = ma.fields.String(allow_none=True)
    name = ma.fields.String()
    org_name = ma.fields.String()
    vote = ma.fields.Raw(allow_none=True)
    agrees = ma.fields.Boolean()
    at = ma.fields.String()
    answers = ma.fields.Dict()


class SignerOut(ma.Schema):
    """Who can still sign. `state`: open (asked now), next (the turn is still to come)."""

    id = ma.fields.String(metadata={"description": "for DELETE /tasks/{id}/signers/{user}"})
    kind = ma.fields.String(metadata={"enum": ["person", "organisation"]})
    name = ma.fields.String()
    org_name = ma.fields.String()
    state = ma.fields.String(metadata={"enum": ["open", "next"]})
    task_id = ma.fields.String(allow_none=True)
    removable = ma.fields.Boolean()


class SigningOut(ma.Schema):
    """How a step stands that several people sign. `needed` must agree; `outcome`: agree, disagree, null while open."""

    policy = ma.fields.String(metadata={"enum": ["all", "any", "ratio", "veto", "in_turn"]})
    outcome = ma.fields.String(allow_none=True)
    agreed = ma.fields.Integer()
    disagreed = ma.fields.Integer()
    waiting = ma.fields.Integer()
    of = ma.fields.Integer()
    needed = ma.fields.Integer()
    votes = ma.fields.List(ma.fields.Nested(VoteOut))
    signers = ma.fields.List(ma.fields.Nested(SignerOut))


class TaskDetail(TaskOut):
    """One task with all that is needed to act on it."""

    permitted = ma.fields.Method("_permitted", metadata={"type": "array", "items": {"type": "string"}})
    form = ma.fields.Method("_form", metadata={"type": "object", "nullable": True})
    data = ma.fields.Dict(metadata={"description": "what the form starts from: the process data when the step began"})
    draft = ma.fields.Method("_draft", metadata={"type": "object", "nullable": True})
    answers = ma.fields.Raw(allow_none=True)
    signing = ma.fields.Method("_signing", metadata={"type": "object", "nullable": True})
    return_targets = ma.fields.Method("_targets", metadata={"type": "array", "items": {"type": "object"}})

    def _targets(self, task: HumanTask) -> list[dict[str, Any]]:
        """For whoever may return it."""
        if "return" not in web.engine().permitted(web.db.session(), task, web.current_user().id):
            return []
        found: list[dict[str, Any]] = ReturnTargetOut(many=True).dump(
            web.engine().return_targets(web.db.session(), task)
        )
        return found

    def _signing(self, task: HumanTask) -> dict[str, Any] | None:
        session = web.db.session()
        tally = web.engine().tally(session, task)
        if tally is None:
            return None
        removable = web.engine().removable(session, task, web.current_user().id)
        signers = [asdict(one) | {"removable": one.id in removable} for one in tally.signers]
        return dict(SigningOut().dump(vars(tally) | {"signers": signers}))

    def _permitted(self, task: HumanTask) -> list[str]:
        return sorted(web.engine().permitted(web.db.session(), task, web.current_user().id))

    def _form(self, task: HumanTask) -> dict[str, Any] | None:
        form = web.engine().definition(web.db.session(), task.definition_id).form(task.form)
        return forms.describe(form, task.data) if form else None

    def _draft(self, task: HumanTask) -> dict[str, Any] | None:
        """The own one, or the earlier answers of a step that came back."""
        return task.draft if task.draft_by_id in (None, web.current_user().id) else None


class AnswersIn(ma.Schema):
    """Answers by field name; unknown fields are refused. `rev` as last seen makes a change in between a 409."""

    answers = ma.fields.Dict(keys=ma.fields.String(), load_default=dict)
    rev = ma.fields.Integer(load_default=None, allow_none=True)


class DraftIn(ma.Schema):
    answers = ma.fields.Dict(keys=ma.fields.String(), required=True)


class ReassignmentIn(ma.Schema):
    to = ma.fields.String(required=True)
    reason = Text(200, required=True)


class HandBackIn(ma.Schema):
    text = Text(200, load_default="")


class TaskReasonIn(ma.Schema):
    reason = Text(200, required=True)


class ReturnIn(TaskReasonIn):
    to = ma.fields.String(required=True, metadata={"description": "node_id of one of the task's return_targets"})


class ResumptionIn(ma.Schema):
    reason = Text(200, load_default="")


class RequestIn(ma.Schema):
    answers = ma.fields.Dict(keys=ma.fields.String(), required=True)


class RequestStartedOut(ma.Schema):
    """The request that was started."""

    instance_id = ma.fields.String()
    tasks = ma.fields.List(ma.fields.String())
    ended = ma.fields.Boolean()


class SignerIn(TaskReasonIn):
    user_id = ma.fields.String(required=True)
    next_up = ma.fields.Boolean(load_default=False)


class GoneBackOut(ma.Schema):
    """What was taken back, and the tasks that began anew."""

    instance_id = ma.fields.String()
    task_id = ma.fields.String()
    tasks = ma.fields.List(ma.fields.String())


class UrgeIn(ma.Schema):
    text = Text(200, load_default="")


class CopiesIn(ma.Schema):
    user_ids = ma.fields.List(ma.fields.String(), required=True, validate=ma.validate.Length(1, 200))


class CommentIn(ma.Schema):
    text = Text(required=True)
    files = ma.fields.List(ma.fields.String(), load_default=list)


class BatchIn(ma.Schema):
    """One verb for many tasks: claim, unclaim, reassign (`to`, `reason`), take_back, urge (`text`)."""

    verb = ma.fields.String(
        required=True, validate=ma.validate.OneOf(["claim", "unclaim", "reassign", "take_back", "urge"])
    )
    ids = ma.fields.List(ma.fields.String(), required=True, validate=ma.validate.Length(1, 200))
    to = ma.fields.String(load_default="")
    reason = Text(200, load_default="")
    text = Text(200, load_default="")


class ResultOut(ma.Schema):
    """What became of one task."""

    id = ma.fields.String()
    ok = ma.fields.Boolean()
    status = ma.fields.Integer()
    code = ma.fields.String()
    detail = ma.fields.String()


class NextOut(ma.Schema):
    """A task that began because of the completion."""

    id = ma.fields.String()
    node_id = ma.fields.String()
    name = ma.fields.Function(lambda step: bilingual(step.name_zh, step.name_en))
    role = ma.fields.String(allow_none=True)
    org_id = ma.fields.String(allow_none=True)
    assignee_id = ma.fields.String(allow_none=True)
    assignee_name = ma.fields.String()
    due_at = Local(allow_none=True)


class CompletedOut(ma.Schema):
    instance_id = ma.fields.String()
    task_id = ma.fields.String()
    late = ma.fields.Boolean()
    ended = ma.fields.Boolean()
    next = ma.fields.List(ma.fields.Nested(NextOut))


class CommentOut(ma.Schema):
    id = ma.fields.String()


class CopiesOut(ma.Schema):
    user_ids = ma.fields.List(ma.fields.String(), metadata={"description": "those who had no copy before"})


class UrgeOut(ma.Schema):
    urges = ma.fields.Integer()
