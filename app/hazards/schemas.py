from __future__ import annotations

import datetime as dt
from typing import Any

import marshmallow as ma

from app.clock import SHANGHAI
from app.hazards.models import CATEGORIES, GRADES, SOURCES
from app.i18n import lazy_

_TEXT = {"required": lazy_("请填写"), "null": lazy_("请填写"), "invalid": lazy_("应为文字")}
_CHOICE = {"required": lazy_("请选择"), "null": lazy_("请选择"), "invalid": lazy_("应为文字")}
_FLAG = {"invalid": lazy_("应为是或否"), "null": lazy_("应为是或否")}
UNKNOWN = {"unknown": lazy_("没有这一项")}


def text(longest: int, **options: Any) -> ma.fields.String:
    """A bounded text; where it is required it may not be blank."""
    checks: list[Any] = [ma.validate.Length(max=longest, error=lazy_("最多 %(n)s 个字", n=longest))]
    if options.get("required"):
        checks.append(ma.validate.Regexp(r"\s*\S", error=lazy_("请填写")))
    return ma.fields.String(error_messages=_TEXT, validate=checks, **options)


def choice(words: Any, **options: Any) -> ma.fields.String:
    check = ma.validate.OneOf(list(words), error=lazy_("不在可选范围内"))
    return ma.fields.String(error_messages=_CHOICE, validate=check, **options)


def flag(**options: Any) -> ma.fields.Boolean:
    return ma.fields.Boolean(error_messages=_FLAG, **options)


class Day(ma.fields.Date):
    """A calendar day as ISO text, in and out: process data holds text."""

    default_error_messages = {"invalid": lazy_("应为日期，如 2026-04-09")}

    def _deserialize(self, value: Any, attr: str | None, data: Any, **options: Any) -> Any:
        return super()._deserialize(value, attr, data, **options).isoformat()


class Moment(ma.fields.Field[str]):
    """An instant as ISO text with offset. A day means its beginning, a naive time is office time."""

    default_error_messages = {"invalid": lazy_("应为日期或时间，如 2026-04-09T14:20")}

    def _deserialize(self, value: Any, attr: str | None, data: Any, **_options: Any) -> str:
        try:
            at = dt.datetime.fromisoformat(str(value).strip())
        except ValueError as wrong:
            raise self.make_error("invalid") from wrong
        return (at if at.tzinfo else at.replace(tzinfo=SHANGHAI)).isoformat()


def files(**options: Any) -> Any:
    check = ma.validate.Length(max=20, error=lazy_("最多 20 个文件"))
    return ma.fields.List(
        ma.fields.String(), validate=check, error_messages={"invalid": lazy_("应为文件列表")}, **options
    )


class HazardFacts(ma.Schema):
    """What is said about a hazard when it is found; the same by page, API and process data."""

    error_messages = UNKNOWN

    summary = text(120, required=True)
    description = text(4000, load_default="")
    location = text(200, load_default="")
    category = choice(CATEGORIES, load_default="object")
    source = choice(SOURCES, load_default="inspection")
    found_at = Moment(load_default=None, allow_none=True)
    found_by = text(80, load_default="")
    photos_before = files(load_default=list)
    grade_suggestion = choice(("", *GRADES), load_default="", allow_none=True)
    on_site = flag(load_default=False)
    on_site_measures = text(4000, load_default="")
    photos_after = files(load_default=list)
    requirement = text(4000, load_default="")
    legal_basis = text(2000, load_default="")


class HazardIn(HazardFacts):
    """A hazard as registered. Unknown fields are refused."""

    subject_id = text(32, required=True)
    request_key = text(64, load_default=None, allow_none=True)

    @ma.validates_schema
    def on_the_spot(self, data: dict[str, Any], **_options: Any) -> None:
        """当场整改 is shown by photos from before and after."""
        if not data.get("on_site"):
            return
        missing = {
            name: [lazy_("当场整改须有整改前和整改后的照片")]
            for name in ("photos_before", "photos_after")
            if not data[name]
        }
        if not data["on_site_measures"].strip():
            missing["on_site_measures"] = [lazy_("写明当场采取了什么措施")]
        if missing:
            raise ma.ValidationError(missing)


class RegisterIn(HazardIn):
    """The data an instance starts with. What else stands in it is not this service's business."""

    class Meta:
        unknown = ma.EXCLUDE

    region_code = text(12, load_default=None, allow_none=True)
    sector_code = text(40, load_default=None, allow_none=True)
    supervising_org_id = text(32, load_default=None, allow_none=True)
    responsible_org_id = text(32, load_default=None, allow_none=True)
    due_on = Day(load_default=None, allow_none=True)
    external_no = text(60, load_default="", allow_none=True)
    prior_hazard_id = text(32, load_default=None, allow_none=True)
    campaign_id = text(32, load_default=None, allow_none=True)
    plan_id = text(32, load_default=None, allow_none=True)
    inspection_id = text(32, load_default=None, allow_none=True)
    consultation_id = text(32, load_default=None, allow_none=True)
    imported_stage = choice(("", "rectify"), load_default="", allow_none=True)
    grade = choice(("", *GRADES), load_default="", allow_none=True)

    @ma.pre_load
    def without_nothing(self, data: dict[str, Any], **_options: Any) -> dict[str, Any]:
        """Nothing in a field that has a default is that default: a ledger has many empty cells."""
        return {name: value for name, value in data.items() if value is not None}


class RecurrenceIn(HazardFacts):
    """A closed hazard found again (反弹): who, where and what kind are taken over, what was found is new."""

    summary = text(120, load_default=None, allow_none=True)
    location = text(200, load_default=None, allow_none=True)
    category = choice(CATEGORIES, load_default=None, allow_none=True)
    request_key = text(64, load_default=None, allow_none=True)


class CorrectionIn(ma.Schema):
    """Fields to be corrected, with the reason; what is not named stays as it is."""

    error_messages = UNKNOWN

    reason = text(500, required=True)
    summary = text(120)
    description = text(4000)
    location = text(200)
    category = choice(CATEGORIES)
    source = choice(SOURCES)
    found_at = Moment()
    found_by = text(80)
    legal_basis = text(2000)


CORRECTABLE = tuple(name for name in CorrectionIn().fields if name != "reason")


class VoidingIn(ma.Schema):
    error_messages = UNKNOWN

    reason = text(500, required=True)


class RoundOut(ma.Schema):
    round = ma.fields.Integer()
    due_at = ma.fields.AwareDateTime(allow_none=True)
    requirements = ma.fields.List(ma.fields.String())
    measures = ma.fields.String()
    responsible_person = ma.fields.String()
    funds_yuan = ma.fields.Integer(allow_none=True)
    photos_after = ma.fields.List(ma.fields.String())
    submitted_at = ma.fields.AwareDateTime(allow_none=True)
    submitted_by_name = ma.fields.String()
    conclusions = ma.fields.List(ma.fields.Dict())
    inspector_names = ma.fields.List(ma.fields.String())
    result = ma.fields.String(allow_none=True)
    opinion = ma.fields.String()
    reviewed_at = ma.fields.AwareDateTime(allow_none=True)
    reviewed_by_name = ma.fields.String()


class RequestOut(ma.Schema):
    """What the rectifying side asked for, and the answer."""

    number = ma.fields.String()
    instance_id = ma.fields.String()
    kind = ma.fields.String()
    status = ma.fields.String()
    outcome = ma.fields.String()
    level = ma.fields.String()
    late = ma.fields.Boolean()
    reason = ma.fields.String()
    interim_measures = ma.fields.String()
    due_before = ma.fields.AwareDateTime(allow_none=True)
    asked_on = ma.fields.String(allow_none=True)
    granted_due_at = ma.fields.AwareDateTime(allow_none=True)
    reply_due_at = ma.fields.AwareDateTime(allow_none=True)
    requested_at = ma.fields.AwareDateTime()
    requested_by_name = ma.fields.String()
    decided_at = ma.fields.AwareDateTime(allow_none=True)
    decided_by_name = ma.fields.String()
    opinion = ma.fields.String()


class HazardTaskOut(ma.Schema):
    id = ma.fields.String()
    node_id = ma.fields.String()
    name_zh = ma.fields.String()
    name_en = ma.fields.String()
    role = ma.fields.String(allow_none=True)
    org_id = ma.fields.String(allow_none=True)
    assignee_name = ma.fields.String()
    due_at = ma.fields.AwareDateTime(allow_none=True)


class HazardOut(ma.Schema):
    """One row of the register. `overdue` and `light` are derived at the moment of the answer."""

    id = ma.fields.String()
    number = ma.fields.String()
    instance_id = ma.fields.String()
    subject_id = ma.fields.String()
    subject_name = ma.fields.String()
    status = ma.fields.String()
    grade = ma.fields.String(allow_none=True)
    summary = ma.fields.String()
    description = ma.fields.String()
    location = ma.fields.String()
    category = ma.fields.String()
    source = ma.fields.String()
    external_no = ma.fields.String()
    region_code = ma.fields.String()
    sector_code = ma.fields.String()
    supervising_org_id = ma.fields.String(allow_none=True)
    town_org_id = ma.fields.String(allow_none=True)
    responsible_org_id = ma.fields.String(allow_none=True)
    found_at = ma.fields.AwareDateTime()
    found_by = ma.fields.String()
    registered_at = ma.fields.AwareDateTime()
    rectify_mode = ma.fields.String(allow_none=True)
    handled_by = ma.fields.String()
    requirements = ma.fields.List(ma.fields.String())
    legal_basis = ma.fields.String()
    ordered_at = ma.fields.AwareDateTime(allow_none=True)
    due_at = ma.fields.AwareDateTime(allow_none=True)
    original_due_at = ma.fields.AwareDateTime(allow_none=True)
    extensions = ma.fields.Integer()
    paused_at = ma.fields.AwareDateTime(allow_none=True)
    round = ma.fields.Integer()
    submitted_at = ma.fields.AwareDateTime(allow_none=True)
    closed_at = ma.fields.AwareDateTime(allow_none=True)
    prior_hazard_id = ma.fields.String(allow_none=True)
    campaign_id = ma.fields.String(allow_none=True)
    plan_id = ma.fields.String(allow_none=True)
    inspection_id = ma.fields.String(allow_none=True)
    consultation_id = ma.fields.String(allow_none=True)
    void_reason = ma.fields.String()
    overdue = ma.fields.Boolean()
    light = ma.fields.String()
    photos_before = ma.fields.List(ma.fields.String())


class HazardDetail(HazardOut):
    rounds = ma.fields.List(ma.fields.Nested(RoundOut))
    tasks = ma.fields.List(ma.fields.Nested(HazardTaskOut))
    requests = ma.fields.List(ma.fields.Nested(RequestOut))


class HazardFilter(ma.Schema):
    """Filters of list, export and API; what is not understood is ignored, so that an old link still opens."""

    class Meta:
        unknown = ma.EXCLUDE

    q = ma.fields.String(load_default="")
    status = ma.fields.String(load_default="")  # a status, or `open` for all that are not closed
    grade = ma.fields.String(load_default="")
    sector = ma.fields.String(load_default="")
    town = ma.fields.String(load_default="")
    light = ma.fields.String(load_default="")  # red, amber, green
    source = ma.fields.String(load_default="")
    overdue = ma.fields.String(load_default="")
    mine = ma.fields.String(load_default="")
    found_from = ma.fields.String(load_default="")
    found_to = ma.fields.String(load_default="")
    closed_from = ma.fields.String(load_default="")
    closed_to = ma.fields.String(load_default="")
    subject = ma.fields.String(load_default="")
    org = ma.fields.String(load_default="")  # supervising organisation
    campaign = ma.fields.String(load_default="")
    plan = ma.fields.String(load_default="")
    inspection = ma.fields.String(load_default="")
    consultation = ma.fields.String(load_default="")
