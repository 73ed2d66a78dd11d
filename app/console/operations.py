"""Operating the engine under /api/v1: suspension, timers, incidents. For the system administrator, by ids alone."""

from __future__ import annotations

from typing import Any

from flask import Flask

from app import web
from app.accounts import requires
from app.console import access, queries
from app.console import schemas as s

blp = web.blueprint("operations", description="Operating the engine")


@blp.route("/instances/<instance_id>/suspension", methods=["POST"])
@blp.arguments(s.ReasonIn)
@blp.response(204)
def suspend(payload: dict[str, str], instance_id: str) -> None:
    """Stop an instance: nobody can act on it and no timer fires, until it is resumed."""
    queries.instance_for(web.db.session(), instance_id, web.current_user(), *access.OPERATORS)
    web.refresh()
    web.engine().suspend(instance_id, payload["reason"], by=web.actor())


@blp.route("/instances/<instance_id>/suspension", methods=["DELETE"])
@blp.arguments(s.OptionalReasonIn)
@blp.response(204)
def resume(payload: dict[str, str], instance_id: str) -> None:
    """Let a suspended instance go on."""
    queries.instance_for(web.db.session(), instance_id, web.current_user(), *access.OPERATORS)
    web.refresh()
    web.engine().resume(instance_id, payload["reason"], by=web.actor())


@blp.route("/timers")
@blp.arguments(s.TimerQuery, location="query")
@blp.response(200, s.TimerOut(many=True))
def timers(query: dict[str, Any]) -> Any:
    """Timers of the instances the caller may look at, soonest first; `due_before` with an offset."""
    page = web.paginate(queries.timers(web.current_user(), query), query["page"], query["per_page"])
    return page.items, 200, {"X-Total-Count": str(page.total)}


@blp.route("/incidents")
@blp.arguments(s.IncidentQuery, location="query")
@blp.response(200, s.IncidentOut(many=True))
@requires(*access.OPERATORS)
def incidents(query: dict[str, Any]) -> Any:
    """What the engine could not do, newest first."""
    select = queries.incidents(resolved=query["resolved"], instance_id=query["instance_id"])
    page = web.paginate(select, query["page"], query["per_page"])
    return page.items, 200, {"X-Total-Count": str(page.total)}


@blp.route("/incidents/<incident_id>/retry", methods=["POST"])
@blp.response(200, s.RetriedOut)
@requires(*access.OPERATORS)
def retry(incident_id: str) -> dict[str, bool]:
    """Try again where the token waits. A further failure keeps the incident open."""
    queries.incident(web.db.session(), incident_id)
    web.refresh()
    return {"resolved": web.engine().retry(incident_id, by=web.actor())}


def init_app(_app: Flask) -> None:
    web.api.register_blueprint(blp)
