"""Whether effects leave and the clock keeps up: the outbox and the scheduler, for the system administrator."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from flask import Response, flash, request, url_for

from app import web
from app.accounts import requires
from app.console import access, acts, deliveries, delivery_words, queries, words
from app.console.views import PER_PAGE, blueprint, page_number, span_text
from app.db import write_transaction
from app.engine import Hold, WorkerBeat
from app.errors import Conflict, DubanError, Invalid
from app.i18n import _


@blueprint.get("/jobs")
@requires(*access.OPERATORS)
def jobs() -> Response:
    return web.render("console/_jobs.html" if web.is_partial() else "console/jobs.html", **_page())


@dataclass(frozen=True)
class Worker:
    """A worker as people read it. Its clock is the machine's, whatever the engine's clock shows."""

    name: str
    state: tuple[str, Any]
    started_at: dt.datetime
    beat_at: dt.datetime
    ago: str
    batches: int
    done: int

    @classmethod
    def of(cls, beat: WorkerBeat, real: dt.datetime) -> Worker:
        silent = real - beat.beat_at
        if beat.stopped_at is not None:
            state = "stopped"
        elif silent > deliveries.ALIVE:
            state = "gone"
        else:
            state = "busy" if beat.busy_since else "alive"
        ago = span_text(max(silent, dt.timedelta()))
        return cls(beat.name, words.WORKERS[state], beat.started_at, beat.beat_at, ago, beat.batches, beat.done)


def _workers() -> dict[str, Any]:
    real = dt.datetime.now(dt.UTC)
    found = [Worker.of(beat, real) for beat in deliveries.workers(web.db.session())]
    alive = [worker for worker in found if worker.state in (words.WORKERS["alive"], words.WORKERS["busy"])]
    return {"workers": found, "alive": len(alive), "since_beat": found[0].ago if found else ""}


def _page(**more: Any) -> dict[str, Any]:
    session, now = web.db.session(), web.clock().now()
    state = request.args.get("state", "")
    state = state if state in delivery_words.STATES else "failed"
    kind = request.args.get("kind", "")[:80]
    return (
        {
            "health": deliveries.health(session, now),
            "page": web.paginate(deliveries.deliveries({"state": state, "kind": kind}), page_number(), PER_PAGE),
            "state": state,
            "kind": kind,
            "kinds": deliveries.kinds(session),
            "fault_of": delivery_words.fault_of,
            "words": words,
            "link": lambda **changes: _link({"state": state, "kind": kind}, **changes),
            "hold": session.get(Hold, 1),
            "open_incidents": queries.open_incidents(session, web.current_user()),
            "stuck": queries.incident_counts(session, web.current_user(), {}).get("stuck", 0),
            "errors": {},
            "typed": {},
        }
        | _workers()
        | more
    )


def _link(shown: Mapping[str, Any], **changes: Any) -> str:
    """The page under its filters, with some changed; what is shown anyway stands in no address."""
    args = {**shown, **changes}
    usual = (("state", "failed"), ("page", 1))
    return url_for("console.jobs", **{n: value for n, value in args.items() if value and (n, value) not in usual})


@blueprint.post("/outbox/<delivery_id>/retry")
@requires(*access.OPERATORS)
def send_again(delivery_id: str) -> Response:
    return _act(deliveries.send_again, delivery_id, _("已重新投递"))


@blueprint.post("/outbox/<delivery_id>/discard")
@requires(*access.OPERATORS)
def discard(delivery_id: str) -> Response:
    return _act(deliveries.discard, delivery_id, _("已放弃"))


@blueprint.post("/hold/release")
@requires(*access.OPERATORS)
def release() -> Response:
    """放行: what a restored backup holds back goes on."""
    web.refresh()
    if web.engine().release(by=web.actor()):
        flash(_("已放行"))
    else:
        flash(_("没有暂停，不需要放行"), "warning")
    return web.see_other(url_for("console.jobs"))


def _act(act: Callable[..., None], delivery_id: str, done: str) -> Response:
    reason = request.form.get("reason", "")
    try:
        with write_transaction(web.db.session(), alone=True) as session:
            act(session, delivery_id, reason, by=web.actor(), now=web.clock().now())
    except (Invalid, Conflict) as refused:
        return _again(delivery_id, refused, reason)
    flash(done)
    return web.see_other(_link({name: request.args.get(name, "") for name in ("state", "kind")}))


def _again(delivery_id: str, refused: DubanError, reason: str) -> Response:
    web.refresh()
    shown = _page(errors={delivery_id: acts.why(refused)}, typed={delivery_id: reason})
    return web.render("console/jobs.html", refused.status, **shown)
