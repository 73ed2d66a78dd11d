"""Instances under /api/v1: start, look, history, suspend, resume, cancel, singly and in batches."""

from __future__ import annotations

from typing import Any

from flask import Flask

from app import web
from app.accounts import requires
from app.console import access, acts, queries
from app.console import schemas as s
from app.engine import Instance, Started

blp = web.blueprint("instances", description="Instances of processes")
# What is told of an instance; of the rest the operator may know nothing, it is business.
_IDS = (
    "id", "definition_key", "definition_version", "status", "rev", "parent_id", "parent_node", "started_at",
    "ended_at", "end_node", "next_due_at",
)  # fmt: skip
_BUSINESS = ("title", "business_key", "subject_kind", "subject_id", "starter_name")


def told(instance: Instance) -> dict[str, Any]:
    """The instance as this person may see it."""
    business = {name: getattr(instance, name) for name in _BUSINESS} if access.sees_data(web.current_user()) else {}
    return {name: getattr(instance, name) for name in _IDS} | dict.fromkeys(_BUSINESS) | business


@blp.route("/instances")
@blp.arguments(s.InstanceQuery, location="query")
@blp.response(200, s.InstanceOut(many=True))
def index(query: dict[str, Any]) -> Any:
    """Instances of the caller's scope, newest first."""
    page = web.paginate(queries.instances(web.current_user(), query), query["page"], query["per_page"])
    return [told(found) for found in page.items], 200, {"X-Total-Count": str(page.total)}


@blp.route("/instances", methods=["POST"])
@blp.arguments(s.InstanceIn)
@blp.response(201, s.StartedOut)
def start(payload: dict[str, Any]) -> Started:
    """Start the published version of a process. 409 when this business key was started before."""
    web.refresh()
    return web.engine().start(
        payload["definition"], payload["data"], by=web.actor(), business_key=payload["business_key"]
    )


@blp.route("/instances/<instance_id>")
@blp.response(200, s.InstanceDetail)
def show(instance_id: str) -> dict[str, Any]:
    """State, tokens, open tasks, timers, incidents, variables."""
    session, user = web.db.session(), web.current_user()
    found = queries.instance(session, instance_id, user)
    engine = web.engine()
    progress = engine.progress(session, instance_id)
    timers = queries.timers(user, {"instance_id": instance_id, "state": "waiting"})
    incidents = queries.incidents(user, {"instance_id": instance_id})
    return told(found) | {
        "tokens": [node_id for node_id, state in progress.nodes.items() if state.state == "now"],
        "children": [
            {"node_id": node_id, "process": called.process, "total": called.total, "over": called.over}
            for node_id, state in progress.nodes.items()
            if (called := state.children) is not None
        ],
        "tasks": queries.open_tasks(session, instance_id),
        "timers": session.scalars(timers).all(),
        "incidents": session.scalars(incidents).all(),
        "data": engine.data(session, instance_id) if access.sees_data(user) else None,
    }


@blp.route("/instances/<instance_id>/history")
@blp.response(200, s.HistoryOut)
def history(instance_id: str) -> dict[str, Any]:
    """What happened, in order, and whether the chain holds. Operators get the lines without their contents."""
    session, user = web.db.session(), web.current_user()
    queries.instance(session, instance_id, user)
    broken = web.engine().verify(session, instance_id)
    return {"events": queries.history(session, instance_id), "chain": {"ok": broken is None, "broken": broken}}


@blp.route("/instances/<instance_id>/suspension", methods=["POST"])
@blp.arguments(s.ReasonIn)
@blp.response(204)
def suspend(payload: dict[str, str], instance_id: str) -> None:
    """Stop an instance: nobody can act on it and no timer fires, until it is resumed."""
    acts.suspend(instance_id, payload["reason"])


@blp.route("/instances/<instance_id>/suspension", methods=["DELETE"])
@blp.arguments(s.OptionalReasonIn)
@blp.response(204)
def resume(payload: dict[str, str], instance_id: str) -> None:
    """Let a suspended instance go on."""
    acts.resume(instance_id, payload["reason"])


@blp.route("/instances/<instance_id>/cancellation", methods=["POST"])
@blp.arguments(s.ReasonIn)
@blp.response(204)
def cancel(payload: dict[str, str], instance_id: str) -> None:
    """作废 an instance and what it started, with a reason (committee office)."""
    acts.cancel(instance_id, payload["reason"])


@blp.route("/instances/<instance_id>/token", methods=["POST"])
@blp.arguments(s.TokenIn)
@blp.response(204)
def move_token(payload: dict[str, Any], instance_id: str) -> None:
    """移动令牌: take the token from one node to another, with a reason. 422 where it may not, 409 by an old `rev`."""
    acts.move_token(instance_id, payload["since"], payload["to"], payload["reason"], payload["rev"])


@blp.route("/instances/<instance_id>/data", methods=["PATCH"])
@blp.arguments(s.DataIn)
@blp.response(204)
def edit_data(payload: dict[str, Any], instance_id: str) -> None:
    """改数据: set variables, with a reason (committee office). 422 per variable, 409 by an old `rev`."""
    acts.edit_data(instance_id, payload["changes"], payload["reason"], payload["rev"])


@blp.route("/instances/batches", methods=["POST"])
@blp.arguments(s.InstanceBatchIn)
@blp.response(200, s.OperatedOut(many=True))
@requires(*access.CONSOLE)
def batch(payload: dict[str, Any]) -> list[acts.Result]:
    """Suspend, resume or cancel many, each for itself: a result per id."""
    return acts.switch_all(payload["verb"], payload["ids"], payload["reason"])


def init_app(_app: Flask) -> None:
    web.api.register_blueprint(blp)
