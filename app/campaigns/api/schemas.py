"""What the API says of campaigns. They are started and moved by their process alone."""

from __future__ import annotations

import marshmallow as ma

from app.campaigns.models import SCALES, STATUSES
from app.i18n import lazy_

UNKNOWN = {"unknown": lazy_("没有这个字段")}


class CampaignFilter(ma.Schema):
    """The filters of the list; each is a field of `campaigns()`."""

    error_messages = UNKNOWN

    q = ma.fields.String(load_default="", validate=ma.validate.Length(max=60))
    scale = ma.fields.String(load_default="", validate=ma.validate.OneOf(("", *SCALES)))
    status = ma.fields.String(load_default="", validate=ma.validate.OneOf(("", *STATUSES)))


class CampaignOut(ma.Schema):
    """One campaign as the list says it."""

    id = ma.fields.String()
    code = ma.fields.String()
    instance_id = ma.fields.String()
    name = ma.fields.String()
    scale = ma.fields.String()
    trigger = ma.fields.String()
    status = ma.fields.String()
    parent_id = ma.fields.String(allow_none=True)
    region_code = ma.fields.String()
    owner_org_id = ma.fields.String(allow_none=True)
    topic = ma.fields.String()
    special_period = ma.fields.String()
    start_on = ma.fields.Date()
    end_on = ma.fields.Date()
    original_end_on = ma.fields.Date()
    drafted_at = ma.fields.AwareDateTime()
    issued_at = ma.fields.AwareDateTime(allow_none=True)
    ended_at = ma.fields.AwareDateTime(allow_none=True)


class CampaignLeftoverOut(ma.Schema):
    text = ma.fields.String()
    sector = ma.fields.String(allow_none=True)


class CampaignPhaseOut(ma.Schema):
    """A phase and what was decided at its gate."""

    seq = ma.fields.Integer()
    name = ma.fields.String()
    start_on = ma.fields.Date()
    end_on = ma.fields.Date()
    original_end_on = ma.fields.Date()
    overlap = ma.fields.Boolean()
    condition = ma.fields.String()
    status = ma.fields.String()
    extensions = ma.fields.Integer()
    gate_result = ma.fields.String()
    gate_at = ma.fields.AwareDateTime(allow_none=True)
    holds = ma.fields.Boolean(allow_none=True)
    leftovers = ma.fields.List(ma.fields.Nested(CampaignLeftoverOut))


class SectorPlanOut(ma.Schema):
    id = ma.fields.String()
    sector_code = ma.fields.String()
    lead_org_id = ma.fields.String()
    instance_id = ma.fields.String(allow_none=True)
    status = ma.fields.String()
    goals = ma.fields.String()
    checklist_ids = ma.fields.List(ma.fields.String())
    submitted_at = ma.fields.AwareDateTime(allow_none=True)
    approved_at = ma.fields.AwareDateTime(allow_none=True)


class CampaignTaskOut(ma.Schema):
    """A task to a town or department; `actual` is what was reported, or the figure that it is tied to."""

    id = ma.fields.String()
    plan_id = ma.fields.String()
    phase_seq = ma.fields.Integer()
    sector_code = ma.fields.String()
    region_code = ma.fields.String()
    org_id = ma.fields.String()
    title = ma.fields.String()
    metric = ma.fields.String()
    target = ma.fields.Integer(allow_none=True)
    actual = ma.fields.Integer()
    due_on = ma.fields.Date()
    status = ma.fields.String()


class CampaignDetail(CampaignOut):
    """With phases, and with the plans and tasks that the caller may see."""

    goals = ma.fields.String()
    summary = ma.fields.String()
    void_reason = ma.fields.String()
    phases = ma.fields.List(ma.fields.Nested(CampaignPhaseOut))
    plans = ma.fields.List(ma.fields.Nested(SectorPlanOut))
    tasks = ma.fields.List(ma.fields.Nested(CampaignTaskOut))
