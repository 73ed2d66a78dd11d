"""Operating the engine under /api/v1: timers, incidents, outbox and scheduler."""

from __future__ import annotations

from typing import Any

from flask import Flask

from app import web
from app.accounts import requires
from app.console import access, acts, deliveries, queries
from app.console import schemas as s
from app.db import write_transaction
from app.engine import Incident, Timer

blp = web.blueprint("operations", description="Operating the engine")


@blp.route("/timers")
@blp.arguments(s.TimerQuery, location="query")
@blp.response(200, s.TimerOut(many=True))
def timers(query: dict[str, Any]) -> Any:
    """Timers of the instances the caller may look at, soonest first; `due_before` with an offset."""
    select = queries.timers(web.current_user(), query, web.clock().now())
    page = web.paginate(select, query["page"], query["per_page"])
    return page.items, 200, {"X-Total-Count": str(page.total)}


@blp.route("/timers/<timer_id>", methods=["PATCH"])
@blp.arguments(s.RescheduleIn)
@blp.response(200, s.TimerOut)
def reschedule(payload: dict[str, Any], timer_id: str) -> Timer:
    """Move a waiting timer to another instant, with a reason; the first instant stays on record."""
    acts.reschedule(timer_id, payload["due_at"], payload["reason"])
    return queries.timer(web.db.session(), timer_id, web.current_user())


@blp.route("/incidents")
@blp.arguments(s.IncidentQuery, location="query")
@blp.response(200, s.IncidentOut(many=True))
@requires(*access.CONSOLE)
def incidents(query: dict[str, Any]) -> Any:
    """What the engine could not do, newest first. `message` only to those who may see the instance's data."""
    page = web.paginate(queries.incidents(web.current_user(), query), query["page"], query["per_page"])
    return page.items, 200, {"X-Total-Count": str(page.total)}


@blp.route("/incidents/<incident_id>")
@blp.response(200, s.IncidentOut)
@requires(*access.CONSOLE)
def incident(incident_id: str) -> Incident:
    """One incident, open or resolved. Its message is for those who see the data of its instance; null for others."""
    return queries.incident(web.db.session(), incident_id, web.current_user())


@blp.route("/incidents/<incident_id>/retry", methods=["POST"])
@blp.response(200, s.RetriedOut)
@requires(*access.CONSOLE)
def retry(incident_id: str) -> dict[str, bool]:
    """Try again where the token waits. A further failure keeps the incident open."""
    return {"resolved": acts.retry(incident_id)}


@blp.route("/incidents/batches", methods=["POST"])
@blp.arguments(s.IncidentBatchIn)
@blp.response(200, s.OperatedOut(many=True))
@requires(*access.CONSOLE)
def batch(payload: dict[str, Any]) -> list[acts.Result]:
    """Retry many incidents, each for itself: a result per id; `ok` says whether it went through."""
    return acts.retry_all(payload["ids"])


@blp.route("/outbox")
@blp.arguments(s.OutboxQuery, location="query")
@blp.response(200, s.OutboxOut(many=True))
@requires(*access.OPERATORS)
def outbox(query: dict[str, Any]) -> Any:
    """Side effects of one state, without what they say."""
    page = web.paginate(deliveries.deliveries(query), query["page"], query["per_page"])
    return page.items, 200, {"X-Total-Count": str(page.total)}


@blp.route("/outbox/<delivery_id>/retry", methods=["POST"])
@blp.arguments(s.ReasonIn)
@blp.response(204)
@requires(*access.OPERATORS)
def send_again(payload: dict[str, str], delivery_id: str) -> None:
    """Send a failed one again at the next tick, with a reason."""
    with write_transaction(web.db.session(), alone=True) as session:
        deliveries.send_again(session, delivery_id, payload["reason"], by=web.actor(), now=web.clock().now())


@blp.route("/outbox/<delivery_id>/discard", methods=["POST"])
@blp.arguments(s.ReasonIn)
@blp.response(204)
@requires(*access.OPERATORS)
def discard(payload: dict[str, str], delivery_id: str) -> None:
    """Give a failed one up for good, with a reason."""
    with write_transaction(web.db.session(), alone=True) as session:
        deliveries.discard(session, delivery_id, payload["reason"], by=web.actor(), now=web.clock().now())


@blp.route("/scheduler")
@blp.response(200, s.HealthOut)
@requires(*access.OPERATORS)
def scheduler() -> deliveries.Health:
    """Whether effects leave and the clock keeps up."""
    return deliveries.health(web.db.session(), web.clock().now())


def init_app(_app: Flask) -> None:
    web.api.register_blueprint(blp)
