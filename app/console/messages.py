"""Messages and signals from other systems, under /api/v1. What they carry is business: not for administrators."""

from __future__ import annotations

import dataclasses
import hashlib
from typing import Any

import marshmallow as ma
from flask import Flask, request

from app import web
from app.accounts import requires
from app.console import access
from app.console.schemas import Local

blp = web.blueprint("messages", description="Messages and signals from outside")
_NAME = ma.validate.Length(1, 200)


class MessageIn(ma.Schema):
    """A message for the one token, or the one process, that waits for this name and correlation."""

    name = ma.fields.String(required=True, validate=_NAME)
    correlation = ma.fields.String(load_default="", validate=ma.validate.Length(max=200))
    payload = ma.fields.Dict(keys=ma.fields.String(), load_default=dict)
    ttl = ma.fields.String(
        load_default=None,
        allow_none=True,
        metadata={"description": "How long it is kept when nobody waits yet, as an ISO duration; PT1H if not given"},
    )


class SentOut(ma.Schema):
    """What became of it: delivered, started (a process) or buffered until `expires_at`."""

    id = ma.fields.String()
    state = ma.fields.String(metadata={"enum": ["delivered", "started", "buffered"]})
    instance = ma.fields.String(attribute="instance_id", allow_none=True)
    node = ma.fields.String(attribute="node_id", allow_none=True)
    expires_at = Local(allow_none=True)


class SignalIn(ma.Schema):
    """A signal for everything that waits for this name now."""

    name = ma.fields.String(required=True, validate=_NAME)
    payload = ma.fields.Dict(keys=ma.fields.String(), load_default=dict)


class BroadcastOut(ma.Schema):
    """How many instances it goes to, and how many processes it starts."""

    id = ma.fields.String()
    instances = ma.fields.Integer()
    started = ma.fields.Integer()


@blp.route("/messages", methods=["POST"])
@blp.arguments(MessageIn)
@blp.response(200, SentOut)
@requires(*access.OFFICE)
def send(payload: dict[str, Any]) -> Any:
    """Send a message. 409 when whoever waited is gone (`late`) or when several wait (`ambiguous`)."""
    return dataclasses.asdict(web.engine().send_message(**payload, by=web.actor(), key=_key()))


@blp.route("/signals", methods=["POST"])
@blp.arguments(SignalIn)
@blp.response(202, BroadcastOut)
@requires(*access.OFFICE)
def signal(payload: dict[str, Any]) -> Any:
    """Send a signal. Each instance gets it in a turn of its own, moments later."""
    return web.engine().send_signal(**payload, by=web.actor(), key=_key())


def _key() -> str | None:
    """Told apart by sender: another's key is none of one's business. Hashed, so that a long one is told apart too."""
    given = request.headers.get("Idempotency-Key")
    return f"{web.current_user().id}:{hashlib.sha256(given.encode()).hexdigest()}" if given else None


def init_app(_app: Flask) -> None:
    web.api.register_blueprint(blp)
