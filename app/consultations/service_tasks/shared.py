"""What the service tasks share."""

from __future__ import annotations

import datetime as dt
from typing import Any

import marshmallow as ma

from app.audit import Actor
from app.calendars import OfficeCalendar
from app.clock import local
from app.engine import ServiceCall

Result = dict[str, Any]


class VoidParams(ma.Schema):
    reason = ma.fields.String(load_default="", metadata={"description": "撤销原因 / reason"})


def who(call: ServiceCall, *nodes: str) -> Actor:
    """Who completed the step before; the actor of this turn may be somebody who retried it."""
    done = [entry for node, entry in (call.data.get("completed_by") or {}).items() if node in nodes]
    if not done:
        return call.actor
    last = max(done, key=lambda entry: str(entry.get("at")))
    return Actor(id=last["id"], name=last["name"] or "", org_id=last["org_id"], org_name=last["org_name"] or "")


def due(call: ServiceCall, rule: str, start: dt.datetime) -> str:
    """The last moment that a rule gives, counted from `start`, as office time."""
    return local(OfficeCalendar().due(call.session, rule, start, str).at).isoformat()


def after(call: ServiceCall, offset: str, base: str) -> str:
    """The instant so many work days after another one, at the firing hour."""
    return local(OfficeCalendar().offset(call.session, offset, dt.datetime.fromisoformat(base))).isoformat()


def nothing(_call: ServiceCall, **_params: Any) -> None:
    """A stand-in for what only writes a record."""
