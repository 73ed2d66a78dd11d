"""The driven clock of testing mode: outside programs set the time, and everything due on the way happens in order."""

from __future__ import annotations

import datetime as dt
from typing import Any, cast

import marshmallow as ma
from flask import Flask

from app import web
from app.clock import SHANGHAI, StoredClock
from app.engine import DeadlineTextError, add_duration, parse_duration
from app.errors import Conflict, Invalid
from app.i18n import lazy_


class ClockIn(ma.Schema):
    """Either an instant or how far to advance."""

    now = ma.fields.String(load_default=None, metadata={"example": "2026-04-09T14:20+08:00"})
    advance = ma.fields.String(load_default=None, metadata={"example": "P3D"})


class ClockOut(ma.Schema):
    now = ma.fields.AwareDateTime(metadata={"description": "ISO 8601 with offset +08:00"})
    fired = ma.fields.Integer(metadata={"description": "timers that fired on the way"})


def _target(payload: dict[str, str | None], now: dt.datetime) -> dt.datetime:
    if bool(payload["now"]) == bool(payload["advance"]):
        raise Invalid({"now": [lazy_("请填写 now 或 advance 其中一项")]})
    if payload["advance"]:
        try:
            return add_duration(now.astimezone(SHANGHAI), parse_duration(payload["advance"]))
        except DeadlineTextError as wrong:
            raise Invalid({"advance": [str(wrong)]}) from wrong
    try:
        at = dt.datetime.fromisoformat(cast("str", payload["now"]))
    except ValueError as wrong:
        raise Invalid({"now": [lazy_("时间格式应如 2026-04-09T14:20+08:00")]}) from wrong
    return at if at.tzinfo else at.replace(tzinfo=SHANGHAI)


def set_clock(target: dt.datetime) -> int:
    """Move the clock. Forwards, everything due on the way runs at its own instant; the number of timers fired."""
    clock = web.clock()
    if not isinstance(clock, StoredClock):
        raise Conflict(lazy_("本系统的时钟不可设定"))
    web.refresh()
    fired = 0
    if target >= clock.now():
        fired = web.engine().advance_to(target, clock.set)
    clock.set(target)
    web.engine().deliver_outbox()
    return fired


def init_app(app: Flask) -> None:
    blp = web.blueprint("clock", description="Driven clock (testing mode only)")

    @blp.route("/clock")
    @blp.response(200, ClockOut)
    def show() -> dict[str, Any]:
        """What time it is for every deadline."""
        return {"now": web.clock().now().astimezone(SHANGHAI), "fired": 0}

    @blp.route("/clock", methods=["PUT"])
    @blp.arguments(ClockIn)
    @blp.response(200, ClockOut)
    def move(payload: dict[str, str | None]) -> dict[str, Any]:
        """Set or advance the clock; running work is driven through everything that becomes due."""
        fired = set_clock(_target(payload, web.clock().now()))
        return {"now": web.clock().now().astimezone(SHANGHAI), "fired": fired}

    web.api.register_blueprint(blp)
