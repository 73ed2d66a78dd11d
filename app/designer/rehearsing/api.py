"""Rehearsals under /api/v1: ask for one and get its figures, or look for them later."""

from __future__ import annotations

import time
from typing import Any

import marshmallow as ma
from flask import Flask, Response, current_app, jsonify, url_for

from app import web
from app.accounts import requires
from app.designer.access import DESIGNER
from app.designer.rehearsing import jobs, operations, queries
from app.designer.rehearsing.models import UNDER_WAY, Rehearsal
from app.designer.rehearsing.proposing import proposed
from app.engine import rehearsal_model
from app.errors import Invalid
from app.i18n import _

blp = web.blueprint("rehearsals", description="Rehearsals of processes in virtual time")
MOST_SECONDS = 60


class RehearsalIn(ma.Schema):
    """`model` may name only what differs from the proposal; `wait` are the seconds to wait for the figures."""

    version = ma.fields.Integer(load_default=None, allow_none=True)
    model = ma.fields.Dict(keys=ma.fields.String(), load_default=dict)
    wait = ma.fields.Integer(load_default=MOST_SECONDS, validate=ma.validate.Range(0, MOST_SECONDS))


class RehearsalOut(ma.Schema):
    """`figures` once it is done (docs/rehearsal.md); `seconds` of real time; `reason` where it failed."""

    id = ma.fields.String()
    key = ma.fields.String()
    version = ma.fields.Integer(allow_none=True)
    content_hash = ma.fields.String()
    status = ma.fields.String()
    total = ma.fields.Integer()
    over = ma.fields.Integer()
    seconds = ma.fields.Float(allow_none=True)
    reason = ma.fields.Raw(allow_none=True)
    figures = ma.fields.Raw(allow_none=True)


@blp.route("/definitions/<key>/rehearsals", methods=["POST"])
@blp.arguments(RehearsalIn)
@blp.response(200, RehearsalOut)
@blp.alt_response(202, schema=RehearsalOut, success=True)
@requires(DESIGNER)
def ask(given: dict[str, Any], key: str) -> Response:
    """200 with the figures if they are there in time, else 202 and a Location to look at."""
    source = queries.of_version(web.engine(), web.db.session(), key, given["version"])
    _outline, usual, _priors = proposed(source)
    data = usual.as_dict()
    if "count" in given["model"]:
        data["per"] = "total"  # whoever names a number of cases wants so many
    for name, value in given["model"].items():
        if name not in data:
            raise Invalid({name: [_("没有这一项")]})
        data[name] = data[name] | value if isinstance(value, dict) and isinstance(data[name], dict) else value
    rehearsal_id = _store(source, rehearsal_model(data))
    if given["wait"]:
        jobs.launch(current_app._get_current_object())  # type: ignore[attr-defined]
    return _answer(_awaited(rehearsal_id, given["wait"]))


@web.writes
def _store(source: queries.Source, model: Any) -> str:
    return operations.ask(web.db.session(), source, model, by=web.actor(), at=web.clock().now()).id


def _awaited(rehearsal_id: str, seconds: int) -> Rehearsal:
    """Another process plays it; this thread only looks now and then."""
    until = time.monotonic() + seconds
    while True:
        web.refresh()
        found = queries.find(web.db.session(), rehearsal_id)
        if found.status not in UNDER_WAY or time.monotonic() > until:
            return found
        time.sleep(0.5)


@blp.route("/rehearsals/<rehearsal_id>")
@blp.response(200, RehearsalOut)
@requires(DESIGNER)
def show(rehearsal_id: str) -> Response:
    """Status and progress; the figures once it is done."""
    return _answer(queries.find(web.db.session(), rehearsal_id))


def _answer(found: Rehearsal) -> Response:
    told: dict[str, Any] = {
        "id": found.id, "key": found.key, "version": found.version, "content_hash": found.content_hash,
        "status": found.status, "total": found.total, "over": found.over, "seconds": found.seconds,
        "reason": found.reason, "figures": found.figures,
    }  # fmt: skip
    response = jsonify(told)
    response.status_code = 202 if found.status in UNDER_WAY else 200
    response.headers["Location"] = url_for("api_rehearsals.show", rehearsal_id=found.id)
    return response


def init_app(_app: Flask) -> None:
    web.api.register_blueprint(blp)
