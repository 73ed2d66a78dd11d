"""One supervised matter: its page with the ladder, and the card that other pages show."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from flask import Response, flash, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from app import files, web
from app.accounts import visible
from app.audit import SYSTEM
from app.engine import Instance
from app.errors import Conflict, NotFound
from app.i18n import _
from app.supervision import acts, queries, requests
from app.supervision.models import LEVELS, SupervisionItem
from app.supervision.views import blueprint
from app.supervision.views.register import limit_of, mine


@blueprint.get("/<item_id>")
def show(item_id: str) -> Response:
    return page(queries.get(web.db.session(), item_id, web.current_user()))


def page(item: SupervisionItem, errors: dict[str, Any] | None = None) -> Response:
    """The page; with `errors` of an act it is shown again."""
    session, user = web.db.session(), web.current_user()
    return web.render(
        "supervision/show.html",
        422 if errors else 200,
        **_facts(item),
        tasks=mine(queries.open_tasks(session, [item.instance_id]).get(item.instance_id, [])),
        feedbacks=[(f, files.named(session, f.attachments)) for f in queries.feedbacks(session, item)],
        interviews=queries.interviews(session, item),
        circulars=queries.circulars(session, item),
        instructions=queries.instructions(session, item),
        requests=requests.of_item(session, item),
        ladder=_ladder(item),
        matter=web.cards.render(item.matter_kind, item.matter_id),
        follows=_sees_instance(item),
        may={"withdraw": acts.may_withdraw(user, item)},
        errors=errors or {},
    )


def _facts(item: SupervisionItem) -> dict[str, Any]:
    return {"item": item, "orgs_by_id": queries.organisations(web.db.session(), [item]), "limit": limit_of(item)}


@dataclass(frozen=True)
class Rung:
    """One line of the ladder. `passed_over`: a slip may begin above it, and the ladder never goes down."""

    level: int
    name: str
    at: dt.datetime | None
    by_name: str
    passed_over: bool


def _ladder(item: SupervisionItem) -> list[Rung]:
    """Every rung with when it was climbed: of the present round of the clock, and before it what earlier ones left."""
    climbed = queries.rungs(web.db.session(), item)
    now = {rung.level: rung for rung in climbed if rung.clock_round == item.clock_round}
    highest = max(now, default=0)
    found = []
    for level in filter(None, LEVELS):
        rung = now.get(level)
        by_name = "" if rung is None else _("系统") if rung.by_name == SYSTEM.name else rung.by_name
        found.append(
            Rung(level, str(LEVELS[level]), rung.at if rung else None, by_name, rung is None and level < highest)
        )
    return found


def _sees_instance(item: SupervisionItem) -> bool:
    """Flow and history are the office's and of those who take part; the addressee's others see the item alone."""
    select = visible(sa.select(Instance.id).where(Instance.id == item.instance_id), Instance, web.current_user())
    return web.db.session().scalar(select) is not None


@blueprint.post("/<item_id>/withdrawal")
def withdraw(item_id: str) -> BaseResponse:
    item = queries.get(web.db.session(), item_id, web.current_user())
    if not item.is_open:
        raise Conflict(_("这件督办%(status)s，不能再撤销", status=item.status_name), status=item.status)
    acts.require(acts.may_withdraw(web.current_user(), item))
    reason = request.form.get("reason", "").strip()
    if not reason:
        return page(item, {"reason": [_("写明撤销的理由")]})
    acts.withdraw(item, reason[:500])
    flash(_("已撤销"))
    return web.see_other(url_for("supervision.show", item_id=item_id))


def card(item_id: str) -> str:
    """The item beside a task or an instance about it; nothing for whom may not see it."""
    try:
        item = queries.get(web.db.session(), item_id, web.current_user())
    except NotFound:
        return ""
    return render_template("supervision/_card.html", **_facts(item), ladder=_ladder(item))
