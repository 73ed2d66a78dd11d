from __future__ import annotations

from typing import Any

import marshmallow as ma

from app.consultations.expert_models import FEE_UNITS, SEVERITIES
from app.i18n import lazy_

_TEXT = {"required": lazy_("请填写"), "null": lazy_("请填写"), "invalid": lazy_("应为文字")}
UNKNOWN = {"unknown": lazy_("没有这一项")}
CONFLICT_KINDS = ("organisation", "subject", "name")
MOST_FEE = 100_000  # yuan for one visit


def text(longest: int, **options: Any) -> ma.fields.String:
    checks: list[Any] = [ma.validate.Length(max=longest, error=lazy_("最多 %(n)s 个字", n=longest))]
    if options.get("required"):
        checks.append(ma.validate.Regexp(r"\s*\S", error=lazy_("请填写")))
    return ma.fields.String(error_messages=_TEXT, validate=checks, **options)


class ConflictIn(ma.Schema):
    """One thing to avoid: an organisation or a subject by id, or a name that the subject's name contains."""

    error_messages = UNKNOWN

    kind = ma.fields.String(
        required=True, validate=ma.validate.OneOf(CONFLICT_KINDS, error=lazy_("不在可选范围内")), error_messages=_TEXT
    )
    id = text(32, load_default="")
    name = text(120, load_default="")
    reason = text(200, load_default="")

    @ma.validates_schema
    def names_something(self, data: dict[str, Any], **_options: Any) -> None:
        wanted = "name" if data.get("kind") == "name" else "id"
        if not str(data.get(wanted) or "").strip():
            raise ma.ValidationError({wanted: [lazy_("写明要回避谁")]})


class ExpertIn(ma.Schema):
    """An expert as entered. Unknown fields are refused."""

    error_messages = UNKNOWN

    name = text(40, required=True)
    organisation = text(120, load_default="")
    org_id = text(32, load_default=None, allow_none=True)
    user_id = text(32, load_default=None, allow_none=True)
    title = text(60, load_default="")
    certificate = text(120, load_default="")
    phone = text(20, load_default="")
    sectors = ma.fields.List(
        ma.fields.String(),
        required=True,
        validate=ma.validate.Length(min=1, max=20, error=lazy_("至少选一个领域")),
        error_messages={"required": lazy_("至少选一个领域")},
    )
    topics = ma.fields.List(
        text(40), load_default=list, validate=ma.validate.Length(max=20, error=lazy_("最多 %(n)s 项", n=20))
    )
    conflicts = ma.fields.List(
        ma.fields.Nested(ConflictIn),
        load_default=list,
        validate=ma.validate.Length(max=50, error=lazy_("最多 %(n)s 项", n=50)),
    )
    fee_rate_yuan = ma.fields.Integer(
        load_default=0,
        strict=False,
        validate=ma.validate.Range(min=0, max=MOST_FEE, error=lazy_("应为 0 至 %(n)s 元", n=MOST_FEE)),
        error_messages={"invalid": lazy_("应为整数元")},
    )
    fee_unit = ma.fields.String(
        load_default="visit", validate=ma.validate.OneOf(list(FEE_UNITS), error=lazy_("不在可选范围内"))
    )


class ExpertOut(ma.Schema):
    id = ma.fields.String()
    name = ma.fields.String()
    organisation = ma.fields.String()
    org_id = ma.fields.String(allow_none=True)
    user_id = ma.fields.String(allow_none=True)
    title = ma.fields.String()
    certificate = ma.fields.String()
    sectors = ma.fields.List(ma.fields.String())
    topics = ma.fields.List(ma.fields.String())
    fee_rate_yuan = ma.fields.Integer()
    fee_unit = ma.fields.String()
    active = ma.fields.Boolean()
    rating = ma.fields.Float(allow_none=True)
    rev = ma.fields.Integer()


class ExpertFilter(ma.Schema):
    """Filters of the pool; what is not understood is ignored, so that an old link still opens."""

    class Meta:
        unknown = ma.EXCLUDE

    q = ma.fields.String(load_default="")
    sector = ma.fields.String(load_default="")
    state = ma.fields.String(load_default="")  # active, inactive


class ConsultationFilter(ma.Schema):
    class Meta:
        unknown = ma.EXCLUDE

    q = ma.fields.String(load_default="")
    status = ma.fields.String(load_default="")  # a status, or `open`
    kind = ma.fields.String(load_default="")
    sector = ma.fields.String(load_default="")
    campaign = ma.fields.String(load_default="")
    plan = ma.fields.String(load_default="")


class VisitOut(ma.Schema):
    id = ma.fields.String()
    number = ma.fields.String()
    consultation_id = ma.fields.String()
    instance_id = ma.fields.String(allow_none=True)
    subject_id = ma.fields.String()
    subject_name = ma.fields.String()
    status = ma.fields.String()
    visit_at = ma.fields.AwareDateTime(allow_none=True)
    visited_at = ma.fields.AwareDateTime(allow_none=True)
    supervisor_names = ma.fields.List(ma.fields.String())
    score_before = ma.fields.Float(allow_none=True)
    score_after = ma.fields.Float(allow_none=True)
    revisited_at = ma.fields.AwareDateTime(allow_none=True)


class OpinionOut(ma.Schema):
    number = ma.fields.String(allow_none=True)
    expert = ma.fields.String()
    status = ma.fields.String()
    summary = ma.fields.String()
    location = ma.fields.String()
    severity = ma.fields.String()
    basis = ma.fields.String()
    suggestion = ma.fields.String()
    grade = ma.fields.String()
    merged_into = ma.fields.String()
    reason = ma.fields.String()


class DiagnosisOut(ma.Schema):
    stage = ma.fields.String()
    code = ma.fields.String()
    weight = ma.fields.Integer()
    score = ma.fields.Integer()
    note = ma.fields.String()


class VisitDetail(VisitOut):
    diagnoses = ma.fields.List(ma.fields.Nested(DiagnosisOut))
    opinions = ma.fields.List(ma.fields.Nested(OpinionOut))


class ConsultationOut(ma.Schema):
    id = ma.fields.String()
    number = ma.fields.String()
    instance_id = ma.fields.String()
    topic = ma.fields.String()
    focus = ma.fields.String()
    kind = ma.fields.String()
    status = ma.fields.String()
    sector_code = ma.fields.String()
    supervising_org_id = ma.fields.String()
    campaign_id = ma.fields.String(allow_none=True)
    plan_id = ma.fields.String(allow_none=True)
    planned_on = ma.fields.Date()
    method = ma.fields.String()
    reported_at = ma.fields.AwareDateTime(allow_none=True)
    closed_at = ma.fields.AwareDateTime(allow_none=True)
    fee_yuan = ma.fields.Integer(allow_none=True)


class ConsultationDetail(ConsultationOut):
    seed = ma.fields.String()
    candidates = ma.fields.List(ma.fields.Dict())
    drawn = ma.fields.List(ma.fields.String())
    report = ma.fields.Dict()
    visits = ma.fields.List(ma.fields.Nested(VisitOut))


class LinkOpinionIn(ma.Schema):
    """One opinion as an outside expert writes it down."""

    error_messages = UNKNOWN

    summary = text(120, required=True)
    location = text(200, load_default="")
    severity = ma.fields.String(
        load_default="general", validate=ma.validate.OneOf(list(SEVERITIES), error=lazy_("不在可选范围内"))
    )
    basis = text(2000, load_default="")
    suggestion = text(2000, load_default="")
