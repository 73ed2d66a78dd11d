"""What comes in when somebody says that they will be away."""

from __future__ import annotations

import marshmallow as ma
from marshmallow import validate

from app.accounts.schemas import Form
from app.i18n import lazy_

_REQUIRED = {"required": lazy_("必填"), "null": lazy_("必填"), "invalid": lazy_("格式不对")}


class AbsenceIn(Form):
    """Both days count."""

    proxy_id = ma.fields.String(
        required=True, validate=validate.Length(min=1, error=lazy_("请选择代理人")), error_messages=_REQUIRED
    )
    first = ma.fields.Date(required=True, error_messages=_REQUIRED)
    last = ma.fields.Date(required=True, error_messages=_REQUIRED)
    reason = ma.fields.String(
        load_default="", validate=validate.Length(max=120, error=lazy_("不得超过 %(count)s 个字符", count=120))
    )
