from __future__ import annotations

import marshmallow as ma

from app.i18n import lazy_
from app.inspections.schemas import UNKNOWN, choice, text
from app.inspections.words import KINDS, SEVERITIES


class ChecklistItemIn(ma.Schema):
    error_messages = UNKNOWN

    category = text(60, load_default="")
    content = text(300, required=True)
    legal_basis = text(500, load_default="")
    method = text(300, load_default="")
    criteria = text(300, load_default="")
    finding_hint = text(120, load_default="")
    requirement = text(500, load_default="")
    severity_hint = choice(SEVERITIES, load_default="general")
    hazard_kind = choice(KINDS, load_default="object")


class ChecklistIn(ma.Schema):
    """A draft, complete: what is not named is gone."""

    error_messages = UNKNOWN

    title = text(120, required=True)
    sector_code = text(40, load_default=None, allow_none=True)
    campaign_id = text(32, load_default=None, allow_none=True)
    plan_id = text(32, load_default=None, allow_none=True)
    legal_basis = text(2000, load_default="")
    scope_note = text(300, load_default="")
    rev = ma.fields.Integer(load_default=0)
    items = ma.fields.List(
        ma.fields.Nested(ChecklistItemIn),
        load_default=list,
        validate=ma.validate.Length(max=300, error=lazy_("最多 %(n)s 项", n=300)),
    )


class ChecklistItemOut(ChecklistItemIn):
    id = ma.fields.String()
    position = ma.fields.Integer()


class ChecklistOut(ma.Schema):
    id = ma.fields.String()
    series_id = ma.fields.String()
    version = ma.fields.Integer()
    title = ma.fields.String()
    sector_code = ma.fields.String(allow_none=True)
    campaign_id = ma.fields.String(allow_none=True)
    plan_id = ma.fields.String(allow_none=True)
    legal_basis = ma.fields.String()
    scope_note = ma.fields.String()
    status = ma.fields.String()
    rev = ma.fields.Integer()
    published_at = ma.fields.AwareDateTime(allow_none=True)


class ChecklistDetail(ChecklistOut):
    items = ma.fields.List(ma.fields.Nested(ChecklistItemOut))
