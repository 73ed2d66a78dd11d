from __future__ import annotations

import datetime as dt
from typing import Any

import marshmallow as ma

from app.i18n import lazy_
from app.inspections.words import (
    DEADLINES,
    HIDDEN_MODES,
    KINDS,
    MODES,
    PURPOSES,
    RESULTS,
    SELECTIONS,
    SERVED,
    SEVERITIES,
)

_TEXT = {"required": lazy_("请填写"), "null": lazy_("请填写"), "invalid": lazy_("应为文字")}
_CHOICE = {"required": lazy_("请选择"), "null": lazy_("请选择"), "invalid": lazy_("应为文字")}
_NUMBER = {"required": lazy_("请填写"), "null": lazy_("请填写"), "invalid": lazy_("应为整数")}
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


def whole(least: int, most: int, **options: Any) -> ma.fields.Integer:
    check = ma.validate.Range(least, most, error=lazy_("应在 %(least)s 到 %(most)s 之间", least=least, most=most))
    return ma.fields.Integer(error_messages=_NUMBER, validate=check, **options)


def many(longest: int, **options: Any) -> Any:
    """A list of ids."""
    check = ma.validate.Length(max=longest, error=lazy_("最多 %(n)s 项", n=longest))
    return ma.fields.List(
        ma.fields.String(), validate=check, error_messages={"invalid": lazy_("应为列表")}, load_default=list, **options
    )


def day(**options: Any) -> ma.fields.Date:
    return ma.fields.Date(
        error_messages={
            "required": lazy_("请填写"),
            "null": lazy_("请填写"),
            "invalid": lazy_("应为日期，如 2026-04-09"),
        },
        **options,
    )


class InspectionPlanIn(ma.Schema):
    """An inspection as it is planned. Page, API and whatever process plans one say the same."""

    error_messages = UNKNOWN

    mode = choice(MODES, required=True)
    purpose = choice(PURPOSES, load_default="")
    topic = text(120, load_default="")
    sector_code = text(40, load_default="")
    planned_on = day(required=True)
    checklist_id = text(32, load_default=None, allow_none=True)
    selection = choice(SELECTIONS, load_default="hand")
    subject_ids = many(200)
    inspectors = many(30)
    leader_id = text(32, load_default=None, allow_none=True)
    draw_sector = text(40, load_default="")
    draw_town = text(12, load_default="")
    draw_mark = choice(("", "key", "above_scale", "high_risk"), load_default="")
    draw_count = whole(1, 200, load_default=5)
    draw_recent_days = whole(0, 730, load_default=90)
    draw_inspectors = whole(0, 20, load_default=0)
    campaign_id = text(32, load_default=None, allow_none=True)
    plan_id = text(32, load_default=None, allow_none=True)
    request_key = text(64, load_default=None, allow_none=True)

    @ma.validates_schema
    def by_lot(self, data: dict[str, Any], **_options: Any) -> None:
        """双随机 means that both subjects and inspectors are drawn."""
        if data.get("mode") == "random" and data.get("selection") != "draw":
            raise ma.ValidationError({"selection": [lazy_("双随机检查的对象由系统抽取")]})
        if data.get("selection") == "draw" and data.get("draw_inspectors", 0) < 2:
            raise ma.ValidationError({"draw_inspectors": [lazy_("检查人员也要抽取，不少于 2 人")]})
        if data.get("selection") in ("hand", "list") and not data.get("subject_ids"):
            raise ma.ValidationError({"subject_ids": [lazy_("请选择被检对象")]})

    @ma.validates_schema
    def somebody(self, data: dict[str, Any], **_options: Any) -> None:
        if data.get("selection") != "draw" and not data.get("inspectors"):
            raise ma.ValidationError({"inspectors": [lazy_("请选择检查人员")]})


class InspectionPlanData(InspectionPlanIn):
    """The data an instance starts with. What else stands in it is not this service's business."""

    class Meta:
        unknown = ma.EXCLUDE

    inspecting_org_id = text(32, load_default=None, allow_none=True)

    @ma.pre_load
    def from_the_form(self, data: dict[str, Any], **_options: Any) -> dict[str, Any]:
        """The start form names subjects and people in rows; nothing in a field that has a default is that default."""
        said = {name: value for name, value in data.items() if value is not None}
        for rows, one, ids in (("subjects", "subject", "subject_ids"), ("people", "person", "inspectors")):
            if isinstance(said.get(rows), list) and not said.get(ids):
                said[ids] = [row[one] for row in said[rows] if isinstance(row, dict) and row.get(one)]
        return said


def concealed(mode: str) -> bool:
    return mode in HIDDEN_MODES


class InspectionAnswerIn(ma.Schema):
    """What was found for one item. `rev` is the item's revision that the answer was given on.

    An item of the list is named by `item_id`; a finding of its own by a `client_id` that the caller makes once and
    keeps, so that it is entered once, however often it is sent.
    """

    error_messages = UNKNOWN

    item_id = text(32, load_default=None, allow_none=True)
    client_id = text(64, load_default="")
    rev = whole(0, 1_000_000, load_default=0)
    result = choice(("", *RESULTS), load_default="")
    finding = text(120, load_default="")
    detail = text(4000, load_default="")
    location = text(200, load_default="")
    requirement = text(2000, load_default="")
    severity = choice(("", *SEVERITIES), load_default="")
    deadline = choice(("", *DEADLINES), load_default="")
    measures = text(2000, load_default="")
    kind = choice(("", *KINDS), load_default="")
    category = text(60, load_default="")
    legal_basis = text(500, load_default="")
    photos = many(20)
    photos_after = many(20)

    @ma.validates_schema
    def named(self, data: dict[str, Any], **_options: Any) -> None:
        if not data.get("item_id") and not data.get("client_id"):
            raise ma.ValidationError({"client_id": [lazy_("请写明是哪一项")]})


class InspectionSiteIn(ma.Schema):
    """Of the subject as a whole: where, evidence, signature. `rev` as with an answer."""

    error_messages = UNKNOWN

    rev = whole(0, 1_000_000, load_default=0)
    scene = text(200, load_default="")
    remarks = text(4000, load_default="")
    served = choice(("", *SERVED), load_default="")
    signed_by = text(40, load_default="")
    signed_title = text(40, load_default="")
    refused_reason = text(300, load_default="")
    evidence = many(20)
    longitude = ma.fields.Float(load_default=None, allow_none=True, validate=ma.validate.Range(-180, 180))
    latitude = ma.fields.Float(load_default=None, allow_none=True, validate=ma.validate.Range(-90, 90))
    accuracy_m = whole(0, 100_000, load_default=None, allow_none=True)


class InspectionAnswersIn(ma.Schema):
    """Answers of one inspected subject. Each is taken or refused for itself: one conflict holds back nothing else."""

    error_messages = UNKNOWN

    inspected_subject_id = text(32, required=True)
    answers = ma.fields.List(
        ma.fields.Nested(InspectionAnswerIn), load_default=list, validate=ma.validate.Length(max=500)
    )
    site = ma.fields.Nested(InspectionSiteIn, load_default=None, allow_none=True)


class InspectionItemOut(ma.Schema):
    id = ma.fields.String()
    client_id = ma.fields.String()
    position = ma.fields.Integer()
    category = ma.fields.String()
    content = ma.fields.String()
    legal_basis = ma.fields.String()
    method = ma.fields.String()
    criteria = ma.fields.String()
    severity_hint = ma.fields.String()
    finding_hint = ma.fields.String()
    kind = ma.fields.String(attribute="hazard_kind")
    own = ma.fields.Boolean()
    result = ma.fields.String()
    finding = ma.fields.String()
    detail = ma.fields.String()
    location = ma.fields.String()
    requirement = ma.fields.String()
    severity = ma.fields.String()
    deadline = ma.fields.String()
    due_on = ma.fields.Date(allow_none=True)
    measures = ma.fields.String()
    photos = ma.fields.List(ma.fields.String())
    photos_after = ma.fields.List(ma.fields.String())
    rev = ma.fields.Integer()
    answered_at = ma.fields.AwareDateTime(allow_none=True)
    answered_by_name = ma.fields.String()


class InspectedSubjectOut(ma.Schema):
    id = ma.fields.String()
    subject_id = ma.fields.String()
    name = ma.fields.String()
    position = ma.fields.Integer()
    scene = ma.fields.String()
    remarks = ma.fields.String()
    served = ma.fields.String()
    signed_by = ma.fields.String()
    signed_title = ma.fields.String()
    refused_reason = ma.fields.String()
    evidence = ma.fields.List(ma.fields.String())
    longitude = ma.fields.Float(allow_none=True)
    latitude = ma.fields.Float(allow_none=True)
    accuracy_m = ma.fields.Integer(allow_none=True)
    rev = ma.fields.Integer(attribute="site_rev")
    inspected_at = ma.fields.AwareDateTime(allow_none=True)
    result = ma.fields.String()
    findings = ma.fields.Integer()


class InspectionSavedOut(ma.Schema):
    """What became of one answer: saved, same (it had been saved already), conflict (somebody was faster)."""

    item_id = ma.fields.String(allow_none=True)
    client_id = ma.fields.String()
    status = ma.fields.String()
    rev = ma.fields.Integer()
    errors = ma.fields.Dict(allow_none=True)
    stored = ma.fields.Nested(InspectionItemOut, allow_none=True)


class InspectionAnswersOut(ma.Schema):
    answers = ma.fields.List(ma.fields.Nested(InspectionSavedOut))
    site = ma.fields.Dict(allow_none=True)
    answered = ma.fields.Integer()
    total = ma.fields.Integer()
    failed = ma.fields.Integer()


class InspectorOut(ma.Schema):
    user_id = ma.fields.String()
    name = ma.fields.String()
    org_name = ma.fields.String()
    cert_no = ma.fields.String()
    role = ma.fields.String()
    drawn = ma.fields.Boolean()


class InspectionOut(ma.Schema):
    """One row of the list."""

    id = ma.fields.String()
    number = ma.fields.String()
    instance_id = ma.fields.String()
    mode = ma.fields.String()
    purpose = ma.fields.String()
    topic = ma.fields.String()
    campaign_id = ma.fields.String(allow_none=True)
    plan_id = ma.fields.String(allow_none=True)
    sector_code = ma.fields.String()
    region_code = ma.fields.String()
    org_id = ma.fields.String()
    status = ma.fields.String()
    selection = ma.fields.String()
    checklist_title = ma.fields.String()
    leader_name = ma.fields.String()
    planned_on = ma.fields.Date()
    started_at = ma.fields.AwareDateTime(allow_none=True)
    executed_at = ma.fields.AwareDateTime(allow_none=True)
    subjects = ma.fields.Integer()
    findings = ma.fields.Integer()
    recorded_late = ma.fields.Boolean()


class InspectionCheckOut(InspectedSubjectOut):
    items = ma.fields.List(ma.fields.Nested(InspectionItemOut))


class InspectionDetail(InspectionOut):
    conclusion = ma.fields.String()
    team = ma.fields.List(ma.fields.Nested(InspectorOut))
    checks = ma.fields.List(ma.fields.Nested(InspectionCheckOut))
    may_answer = ma.fields.Boolean()
    task_id = ma.fields.String(allow_none=True)
    task_node = ma.fields.String(allow_none=True)


class InspectionVoidingIn(ma.Schema):
    error_messages = UNKNOWN

    reason = text(500, required=True)


class InspectionFilter(ma.Schema):
    """Filters of list, export and API; what is not understood is ignored, so that an old link still opens."""

    class Meta:
        unknown = ma.EXCLUDE

    q = ma.fields.String(load_default="")
    status = ma.fields.String(load_default="")  # a status, or `open` for all that are not done
    mode = ma.fields.String(load_default="")
    purpose = ma.fields.String(load_default="")
    sector = ma.fields.String(load_default="")
    town = ma.fields.String(load_default="")
    org = ma.fields.String(load_default="")
    campaign = ma.fields.String(load_default="")
    plan = ma.fields.String(load_default="")
    subject = ma.fields.String(load_default="")
    found = ma.fields.String(load_default="")  # yes: with findings, no: without
    mine = ma.fields.String(load_default="")
    from_day = ma.fields.String(load_default="", data_key="from")
    to_day = ma.fields.String(load_default="", data_key="to")


def day_of(given: str | None) -> dt.date | None:
    """Nothing for what is no day."""
    try:
        return dt.date.fromisoformat(given or "")
    except ValueError:
        return None
