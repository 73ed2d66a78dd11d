"""What comes in from forms and JSON, with messages in the reader's language, and what the API gives out."""

from __future__ import annotations

from typing import Any

import marshmallow as ma
from marshmallow import validate
from werkzeug.datastructures import MultiDict

from app.accounts.models import ROLES
from app.i18n import bilingual, lazy_

_NOT_FIELDS = frozenset({"csrf_token", "_method", "next"})
ORGANISATION_KINDS: dict[str, tuple[str, str]] = {
    "city_gov": ("市政府", "City government"),
    "awc_office": ("安委办", "Safety committee office"),
    "superior": ("上级机关", "Superior authority"),
    "sector_dept": ("行业部门", "Department"),
    "town": ("镇街", "Town or subdistrict"),
    "village": ("村居", "Village or community"),
    "enterprise": ("企业", "Enterprise"),
    "expert_body": ("专家组", "Expert body"),
    "contractor": ("技术服务机构", "Technical service"),
    "insurer": ("保险机构", "Insurer"),
}
TOKEN_DAYS = (7, 30, 90, 365)
_REQUIRED = {"required": lazy_("必填"), "null": lazy_("必填"), "invalid": lazy_("格式不对")}


def kind_name(kind: str) -> str:
    return bilingual(*ORGANISATION_KINDS.get(kind, (kind, kind)))


def form_values(form: MultiDict[str, str], lists: tuple[str, ...] = ()) -> dict[str, Any]:
    """A submitted form as a plain dict: trimmed texts, named fields as lists, without what is not a field."""
    values: dict[str, Any] = {key: form[key].strip() for key in form if key not in _NOT_FIELDS and key not in lists}
    return values | {key: form.getlist(key) for key in lists}


def _text(longest: int, *, required: bool = False, pattern: str | None = None, hint: Any = None) -> ma.fields.String:
    checks: list[Any] = [validate.Length(max=longest, error=lazy_("不得超过 %(count)s 个字符", count=longest))]
    if required:
        checks.insert(0, validate.Length(min=1, error=lazy_("必填")))
    if pattern:
        checks.append(validate.Regexp(pattern, error=hint))
    options: dict[str, Any] = {} if required else {"load_default": ""}
    return ma.fields.String(required=required, validate=checks, error_messages=_REQUIRED, **options)


def _choice(values: Any, *, required: bool = True, **options: Any) -> ma.fields.String:
    check = validate.OneOf(values, error=lazy_("不在可选范围内"))
    return ma.fields.String(required=required, validate=check, error_messages=_REQUIRED, **options)


class Optional(ma.fields.String):
    """A reference that a form sends as an empty text when nothing is chosen."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        return super()._deserialize(value, attr, data, **kwargs) or None


class Form(ma.Schema):
    """A form or JSON body; a field it does not know is refused."""

    error_messages = {"unknown": lazy_("没有这个字段"), "type": lazy_("格式不对")}

    class Meta:
        unknown = ma.RAISE


_PHONE = {"pattern": r"^(|[0-9+() -]{5,20})$", "hint": lazy_("电话号码只含数字、空格、+、- 和括号")}
_EMAIL = r"^(|[^@\s]+@[^@\s]+\.[^@\s]+)$"


class Email(Optional):
    """An address or nothing; two people cannot have the same, and nothing is not an address."""

    def __init__(self) -> None:
        checks = [
            validate.Length(max=120, error=lazy_("不得超过 %(count)s 个字符", count=120)),
            validate.Regexp(_EMAIL, error=lazy_("邮箱格式不对")),
        ]
        super().__init__(load_default=None, allow_none=True, validate=lambda value: _all(checks, value or ""))


def _all(checks: list[Any], value: str) -> None:
    for check in checks:
        check(value)


class ProfileIn(Form):
    """What people may change about themselves."""

    title = _text(80)
    phone = _text(20, **_PHONE)
    email = Email()


class UserIn(Form):
    """An account as an administrator writes it."""

    name = _text(80, required=True)
    org_id = _text(32, required=True)
    title = _text(80)
    phone = _text(20, **_PHONE)
    email = Email()
    cert_no = _text(40)


class NewUserIn(UserIn):
    username = _text(
        40,
        required=True,
        pattern=r"^[A-Za-z][A-Za-z0-9._-]+$",
        hint=lazy_("以字母开头，只含字母、数字、点、横线和下划线，至少 2 个字符"),
    )


class GrantIn(Form):
    role = _choice(ROLES)
    org_id = _text(32, required=True)


class TokenIn(Form):
    name = _text(80, required=True)
    days = ma.fields.Integer(
        required=True,
        validate=validate.OneOf(TOKEN_DAYS, error=lazy_("不在可选范围内")),
        error_messages=_REQUIRED,
    )


class OrganisationIn(Form):
    name = _text(120, required=True)
    short_name = _text(60, required=True)
    name_en = _text(160)
    code = _text(40, required=True, pattern=r"^[A-Za-z0-9._-]+$", hint=lazy_("只含字母、数字、点、横线和下划线"))
    kind = _choice(list(ORGANISATION_KINDS))
    region_code = Optional(load_default=None, allow_none=True)
    parent_id = Optional(load_default=None, allow_none=True)
    doc_prefix = _text(20)
    has_penalty_power = ma.fields.Boolean(load_default=False, error_messages=_REQUIRED)
    sectors = ma.fields.List(ma.fields.String(), load_default=list)


class SectorIn(Form):
    code = _text(
        40, required=True, pattern=r"^[A-Z][A-Z0-9_]*$", hint=lazy_("以大写字母开头，只含大写字母、数字和下划线")
    )
    name = _text(80, required=True)
    name_en = _text(80)
    position = ma.fields.Integer(
        load_default=0,
        validate=validate.Range(0, 999, error=lazy_("填 0 到 999 的整数")),
        error_messages={"invalid": lazy_("填 0 到 999 的整数")},
    )
    lead_org_id = Optional(load_default=None, allow_none=True)
    active = ma.fields.Boolean(load_default=False, error_messages=_REQUIRED)


class OrganisationOut(ma.Schema):
    id = ma.fields.String()
    code = ma.fields.String()
    name = ma.fields.Function(lambda org: bilingual(org.name, org.name_en))
    short_name = ma.fields.String()
    kind = ma.fields.String()
    region_code = ma.fields.String(allow_none=True)
    parent_id = ma.fields.String(allow_none=True)
    active = ma.fields.Boolean()


class PersonOut(ma.Schema):
    """A person as others may see them in a picker."""

    id = ma.fields.String()
    name = ma.fields.String()
    title = ma.fields.String()
    org_id = ma.fields.String()
    organisation = ma.fields.Function(lambda user: user.organisation.short_name)


class GrantOut(ma.Schema):
    role = ma.fields.String()
    org_id = ma.fields.String()
    organisation = ma.fields.Function(lambda grant: grant.organisation.short_name)


class MeOut(PersonOut):
    username = ma.fields.String()
    locale = ma.fields.String()
    grants = ma.fields.List(ma.fields.Nested(GrantOut))


class RegionOut(ma.Schema):
    code = ma.fields.String()
    name = ma.fields.Function(lambda region: bilingual(region.name, region.name_en))
    level = ma.fields.String()
    parent_code = ma.fields.String(allow_none=True)


class SectorOut(ma.Schema):
    code = ma.fields.String()
    name = ma.fields.Function(lambda sector: bilingual(sector.name, sector.name_en))
    lead_org_id = ma.fields.String(allow_none=True)


class PeopleQuery(ma.Schema):
    class Meta:
        unknown = ma.EXCLUDE

    q = ma.fields.String(load_default="", metadata={"description": "part of a name or user name"})
    role = ma.fields.String(
        load_default=None, allow_none=True, validate=validate.OneOf(ROLES, error=lazy_("没有这个角色"))
    )
    org_id = ma.fields.String(load_default=None, allow_none=True)


class OrganisationQuery(ma.Schema):
    class Meta:
        unknown = ma.EXCLUDE

    q = ma.fields.String(load_default="")
    kind = ma.fields.String(load_default=None, allow_none=True)
