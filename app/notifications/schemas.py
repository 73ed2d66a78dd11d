from __future__ import annotations

import marshmallow as ma

from app import web
from app.notifications import texts


class NotificationOut(ma.Schema):
    """A message, in the caller's language."""

    id = ma.fields.String()
    event = ma.fields.String()
    title = ma.fields.Function(lambda n: texts.headline(n.event, n.params))
    detail = ma.fields.Function(lambda n: texts.detail(n.params, web.clock().now()))
    url = ma.fields.String()
    task_id = ma.fields.String(allow_none=True)
    instance_id = ma.fields.String(allow_none=True)
    created_at = ma.fields.AwareDateTime()
    read_at = ma.fields.AwareDateTime(allow_none=True)


class NotificationQuery(web.ApiPage):
    unread = ma.fields.Boolean(load_default=False)
    event = ma.fields.String(load_default="")


class ReadOut(ma.Schema):
    read = ma.fields.Integer(metadata={"description": "messages that were unread until now"})
