from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import marshmallow as ma

from app.i18n import _, lazy_
from app.subjects.models import ID_TYPES, STATUSES, TYPES
from app.subjects.names import code_key, is_credit_code, tidy

_PHONE = re.compile(r"[0-9+\-() ]{5,20}")
_CREDIT_CODE_LENGTH = 18


class Text(ma.fields.String):
    """A text as people type it: tidied, bounded, with messages in the office's words."""

    default_error_messages = {
        "required": lazy_("请填写"),
        "null": lazy_("请填写"),
        "invalid": lazy_("应为文字"),
    }

    def __init__(self, longest: int, **options: Any) -> None:
        self._longest = longest
        super().__init__(**options)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **options: Any) -> str:
        text = tidy(super()._deserialize(value, attr, data, **options))
        if len(text) > self._longest:
            raise ma.ValidationError(_("最多 %(n)s 个字", n=self._longest))
        if self.required and not text:
            raise self.make_error("required")
        return text


class Flag(ma.fields.Boolean):
    default_error_messages = {"invalid": lazy_("应为是或否")}


class Choice(ma.fields.String):
    """One of a closed list."""

    default_error_messages = {
        "required": lazy_("请选择"),
        "null": lazy_("请选择"),
        "invalid": lazy_("应为文字"),
    }

    def __init__(self, words: Any, **options: Any) -> None:
        self._words = frozenset(words)
        super().__init__(**options)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **options: Any) -> str:
        text = str(super()._deserialize(value, attr, data, **options))
        if text not in self._words:
            raise ma.ValidationError(_("不在可选范围内") if text else _("请选择"))
        return text


class Degrees(ma.fields.Float):
    """A coordinate; an empty text is none."""

    default_error_messages = {
        "invalid": lazy_("应为数字，如 120.4567"),
        "special": lazy_("应为数字，如 120.4567"),
    }

    def __init__(self, limit: float, **options: Any) -> None:
        message = lazy_("超出范围")
        super().__init__(
            validate=ma.validate.Range(-limit, limit, error=message),
            allow_none=True,
            **options,
        )

    def deserialize(self, value: Any, attr: str | None = None, data: Any = None, **options: Any) -> Any:
        return super().deserialize(None if value == "" else value, attr, data, **options)


class Tags(ma.fields.Field[list[str]]):
    """A list of words, or text with the words separated by commas or spaces."""

    def _serialize(self, value: Any, attr: str | None, obj: Any, **options: Any) -> list[str]:
        return list(value or [])

    def _deserialize(self, value: Any, attr: str | None, data: Any, **options: Any) -> list[str]:
        words = re.split(r"[,，、;；\s]+", value) if isinstance(value, str) else value
        if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
            raise ma.ValidationError(_("应为文字，用逗号分隔"))
        tags = list(dict.fromkeys(tidy(word) for word in words if tidy(word)))
        if len(tags) > 20 or any(len(tag) > 20 for tag in tags):
            raise ma.ValidationError(_("最多 20 个标签，每个最多 20 个字"))
        return tags


class SubjectIn(ma.Schema):
    """A subject as entered, by form, API or import. Unknown fields are refused."""

    error_messages = {"unknown": lazy_("没有这一项"), "type": lazy_("格式不对")}

    type = Choice(TYPES, required=True)
    name = Text(120, required=True)
    id_type = ma.fields.String(load_default=None, allow_none=True)
    id_no = Text(40, load_default="")
    region_code = Text(12, required=True)
    address = Text(200, load_default="")
    longitude = Degrees(180, load_default=None)
    latitude = Degrees(90, load_default=None)
    sector_code = Text(40, required=True)
    industry_code = Text(8, load_default="")
    category = Text(60, load_default="")
    is_key = Flag(load_default=False)
    is_above_scale = Flag(load_default=False)
    is_high_risk = Flag(load_default=False)
    tags = Tags(load_default=list)
    manager_name = Text(40, load_default="")
    manager_phone = Text(20, load_default="")
    safety_officer = Text(40, load_default="")
    safety_phone = Text(20, load_default="")
    org_id = Text(32, load_default="")
    supervising_org_id = Text(32, load_default="")
    status = Choice(STATUSES, load_default="active")

    @ma.pre_load
    def kind_of_number(self, data: Any, **_options: Any) -> Any:
        """An enterprise's number is its credit code unless something else is said."""
        if not isinstance(data, Mapping):
            return data  # refused as such by what follows
        data = dict(data)
        if not data.get("id_type"):
            number = code_key(data.get("id_no"))
            looks = len(number) == _CREDIT_CODE_LENGTH or data.get("type") == "enterprise"
            data["id_type"] = ("uscc" if looks else "other") if number else None
        return data

    @ma.post_load
    def normal_forms(self, data: dict[str, Any], **_options: Any) -> dict[str, Any]:
        number = code_key(data["id_no"]) if data["id_type"] != "vessel" else data["id_no"]
        data["id_no"] = number or None
        data["id_type"] = data["id_type"] if number else None
        data["org_id"], data["supervising_org_id"] = (
            data["org_id"] or None,
            data["supervising_org_id"] or None,
        )
        return data

    @ma.validates_schema(skip_on_field_errors=False)
    def together(self, data: dict[str, Any], **_options: Any) -> None:
        """What only the whole says: the number against its kind, phones, one coordinate without the other."""
        errors: dict[str, list[str]] = {}
        if data.get("id_type") and data["id_type"] not in ID_TYPES:
            errors["id_type"] = [_("不在可选范围内")]
        if data.get("id_no") and data.get("id_type") == "uscc" and (wrong := credit_code_problem(data["id_no"])):
            errors["id_no"] = [wrong]
        for field in ("manager_phone", "safety_phone"):
            if data.get(field) and not _PHONE.fullmatch(data[field]):
                errors[field] = [_("电话号码有误")]
        if "longitude" in data and (data.get("longitude") is None) != (data.get("latitude") is None):
            errors["longitude"] = [_("经度和纬度应同时填写")]
        if errors:
            raise ma.ValidationError(errors)


def credit_code_problem(code: str) -> str | None:
    """What is wrong with a 统一社会信用代码, or None."""
    key = code_key(code)
    if len(key) != _CREDIT_CODE_LENGTH:
        return _("统一社会信用代码应为 18 位，现为 %(n)s 位", n=len(key))
    return None if is_credit_code(key) else _("统一社会信用代码校验位不符，核对后重新填写")


class SubjectOut(ma.Schema):
    id = ma.fields.String()
    type = ma.fields.String()
    name = ma.fields.String()
    id_type = ma.fields.String(allow_none=True)
    id_no = ma.fields.String(allow_none=True)
    region_code = ma.fields.String()
    address = ma.fields.String()
    longitude = ma.fields.Float(allow_none=True)
    latitude = ma.fields.Float(allow_none=True)
    sector_code = ma.fields.String()
    industry_code = ma.fields.String()
    category = ma.fields.String()
    is_key = ma.fields.Boolean()
    is_above_scale = ma.fields.Boolean()
    is_high_risk = ma.fields.Boolean()
    tags = Tags()
    manager_name = ma.fields.String()
    manager_phone = ma.fields.String()
    safety_officer = ma.fields.String()
    safety_phone = ma.fields.String()
    org_id = ma.fields.String(allow_none=True)
    supervising_org_id = ma.fields.String(allow_none=True)
    town_org_id = ma.fields.String(allow_none=True)
    status = ma.fields.String()
    rev = ma.fields.Integer()
    updated_at = ma.fields.AwareDateTime()


class SubjectFilter(ma.Schema):
    """Filters of list, export and API; what is not understood is ignored, so that an old link still opens."""

    class Meta:
        unknown = ma.EXCLUDE

    q = ma.fields.String(load_default="")
    type = ma.fields.String(load_default="")
    sector = ma.fields.String(load_default="")
    town = ma.fields.String(load_default="")
    mark = ma.fields.String(load_default="")  # key, above_scale, high_risk
    status = ma.fields.String(load_default="")
