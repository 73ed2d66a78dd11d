from __future__ import annotations

from typing import Any

import marshmallow as ma

from app.i18n import lazy_
from app.supervision.models import SOURCES

_REQUIRED = {"required": lazy_("请填写"), "null": lazy_("请填写")}
_SLIPS = ("1", "2")


def _text(longest: int, *, required: bool = False) -> ma.fields.String:
    least = 1 if required else 0
    length = ma.validate.Length(least, longest, error=lazy_("请填写，不得过长"))
    blank = ma.validate.Regexp(r"\s*\S", error=lazy_("请填写"))
    options: dict[str, Any] = {"required": True} if required else {"load_default": ""}
    return ma.fields.String(validate=[length, blank] if required else length, error_messages=_REQUIRED, **options)


class SupervisionFilter(ma.Schema):
    """Filters of list and API; what is not understood is ignored, so that an old link still opens."""

    class Meta:
        unknown = ma.EXCLUDE

    q = ma.fields.String(load_default="")
    status = ma.fields.String(load_default="")  # a status, or `open` for all that are not over
    light = ma.fields.String(load_default="")  # red, amber, green
    level = ma.fields.String(load_default="")  # 1 to 5
    source = ma.fields.String(load_default="")
    org = ma.fields.String(load_default="")
    campaign = ma.fields.String(load_default="")
    matter = ma.fields.String(load_default="")  # the hazard, campaign … it is about


class InstructionIn(ma.Schema):
    """批示: what a leader says, about a record (`subject_kind`, `subject_id`) or a matter of its own.

    `request_key` makes a repeat answer with what was opened first. The committee office drafts and issues the slip.
    """

    class Meta:
        unknown = ma.EXCLUDE

    text = _text(2000, required=True)
    title = _text(200)
    org_id = ma.fields.String(load_default="")
    due_on = ma.fields.String(
        load_default="",
        validate=ma.validate.Regexp(r"^$|^\d{4}-\d{2}-\d{2}$", error=lazy_("日期应如 2026-04-30")),
    )
    slip_level = ma.fields.String(load_default="2", validate=ma.validate.OneOf(_SLIPS, error=lazy_("不在可选范围内")))
    source = ma.fields.String(
        load_default="leader", validate=ma.validate.OneOf(tuple(SOURCES), error=lazy_("不在可选范围内"))
    )
    subject_kind = _text(40)
    subject_id = _text(64)
    subject_no = _text(80)
    campaign_id = _text(32)
    request_key = _text(64)


class SupervisionFeedbackOut(ma.Schema):
    round = ma.fields.Integer()
    kind = ma.fields.String()
    content = ma.fields.String()
    at = ma.fields.AwareDateTime()
    by_name = ma.fields.String()
    late = ma.fields.Boolean()
    result = ma.fields.String()
    opinion = ma.fields.String()
    reviewed_at = ma.fields.AwareDateTime(allow_none=True)


class SupervisionRungOut(ma.Schema):
    clock_round = ma.fields.Integer()
    level = ma.fields.Integer()
    at = ma.fields.AwareDateTime()


class SupervisionInterviewOut(ma.Schema):
    decided_at = ma.fields.AwareDateTime()
    hold_by = ma.fields.AwareDateTime()
    talk_at = ma.fields.AwareDateTime(allow_none=True)
    place = ma.fields.String()
    held_at = ma.fields.AwareDateTime(allow_none=True)
    feedback_due_at = ma.fields.AwareDateTime(allow_none=True)
    feedback_at = ma.fields.AwareDateTime(allow_none=True)


class SupervisionOut(ma.Schema):
    """One supervised matter. `overdue` and `light` are derived at the moment of the answer."""

    id = ma.fields.String()
    number = ma.fields.String()
    instance_id = ma.fields.String()
    source = ma.fields.String()
    status = ma.fields.String()
    title = ma.fields.String()
    content = ma.fields.String()
    basis = ma.fields.String()
    level = ma.fields.Integer()
    clock_round = ma.fields.Integer()
    colour = ma.fields.String()
    addressee_org_id = ma.fields.String(allow_none=True)
    region_code = ma.fields.String()
    campaign_id = ma.fields.String(allow_none=True)
    matter_kind = ma.fields.String(allow_none=True)
    matter_id = ma.fields.String(allow_none=True)
    matter_no = ma.fields.String()
    due_at = ma.fields.AwareDateTime(allow_none=True)
    original_due_at = ma.fields.AwareDateTime(allow_none=True)
    extensions = ma.fields.Integer()
    paused_at = ma.fields.AwareDateTime(allow_none=True)
    round = ma.fields.Integer()
    opened_at = ma.fields.AwareDateTime()
    issued_at = ma.fields.AwareDateTime(allow_none=True)
    received_at = ma.fields.AwareDateTime(allow_none=True)
    ended_at = ma.fields.AwareDateTime(allow_none=True)
    conclusion = ma.fields.String()
    overdue = ma.fields.Boolean()
    light = ma.fields.String()


class SupervisionDetail(SupervisionOut):
    rungs = ma.fields.List(ma.fields.Nested(SupervisionRungOut))
    feedbacks = ma.fields.List(ma.fields.Nested(SupervisionFeedbackOut))
    interviews = ma.fields.List(ma.fields.Nested(SupervisionInterviewOut))
