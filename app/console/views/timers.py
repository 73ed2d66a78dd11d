"""Timers: what is due when, what should have fired, and moving one by hand with a reason."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import Response, flash, request, url_for

from app import web
from app.accounts import requires
from app.clock import SHANGHAI
from app.console import access, acts, queries, words
from app.console.views import blueprint, day_of, paged
from app.errors import Conflict, DubanError, Invalid
from app.i18n import _, bilingual


@dataclass(frozen=True)
class Filters:
    state: str = "waiting"
    kind: str = ""
    process: str = ""
    before: str = ""

    @classmethod
    def of(cls, args: Mapping[str, Any]) -> Filters:
        text = {name: str(args.get(name) or "").strip()[:80] for name in cls.__dataclass_fields__}
        if text["state"] not in ("late", *words.TIMER_STATES):
            text["state"] = "waiting"
        return cls(**text)

    def args(self, **changes: Any) -> dict[str, Any]:
        values = {name: getattr(self, name) for name in self.__dataclass_fields__} | changes
        return {n: str(value) for n, value in values.items() if value and (n, value) != ("state", "waiting")}

    @property
    def wanted(self) -> dict[str, Any]:
        before = day_of(self.before)
        end = before + dt.timedelta(1) if before else None
        return {"state": self.state, "kind": self.kind, "process": self.process, "due_before": end}


@blueprint.get("/timers")
@requires(*access.CONSOLE)
def timers() -> Response:
    return web.render("console/_timers.html" if web.is_partial() else "console/timers.html", **_list())


def _list(**more: Any) -> dict[str, Any]:
    filters, session, user, now = Filters.of(request.args), web.db.session(), web.current_user(), web.clock().now()
    counts = queries.timer_counts(session, user, filters.wanted, now)
    page = paged(queries.timers(user, filters.wanted, now), counts[filters.state])
    instances = queries.instances_by_id(session, [row.instance_id for row in page.items], user)
    return {
        "filters": filters,
        "page": page,
        "counts": counts,
        "processes": queries.processes(session),
        "instances": instances,
        "titles": queries.titles(session, instances.values()),
        "node_name": lambda row: _node_name(instances.get(row.instance_id), row.node_id),
        "moved": queries.moves(session, page.items, user),
        "words": words,
        "link": lambda **changes: _link(filters, **changes),
        "errors": {},
        "typed": {},
    } | more


def _node_name(instance: Any, node_id: str) -> str:
    if instance is None:
        return node_id
    node = web.engine().definition(web.db.session(), instance.definition_id).nodes.get(node_id)
    return (bilingual(node.name, node.name_en) or node.id) if node else node_id


def _link(shown: Filters, **changes: Any) -> str:
    page = changes.pop("page", None)
    return url_for("console.timers", **shown.args(**changes), **({"page": page} if page and page > 1 else {}))


@blueprint.post("/timers/<timer_id>")
@requires(*access.CONSOLE)
def reschedule(timer_id: str) -> Response:
    """改期: the instant on the office's clock, and why."""
    found = queries.timer(web.db.session(), timer_id, web.current_user())
    due_text, reason = request.form.get("due_at", ""), request.form.get("reason", "").strip()
    try:
        acts.reschedule(timer_id, _instant(due_text, reason), reason)
    except (Invalid, Conflict) as refused:
        return _again(timer_id, refused, {"due_at": due_text, "reason": reason})
    flash(_("已改期"))
    if request.form.get("from") == "instance":
        return web.see_other(url_for("console.instance", instance_id=found.instance_id, _anchor="timers"))
    return web.see_other(_link(Filters.of(request.args)))


def _instant(text: str, reason: str) -> dt.datetime:
    if not reason:
        raise Invalid({"reason": [_("请写明原因")]})
    try:
        at = dt.datetime.fromisoformat(text)
    except ValueError as wrong:
        raise Invalid({"due_at": [_("请填写新的时间")]}) from wrong
    return at if at.tzinfo else at.replace(tzinfo=SHANGHAI)


def _again(timer_id: str, refused: DubanError, typed: dict[str, str]) -> Response:
    """The list with that timer's form open and what was typed in it."""
    web.refresh()
    shown = _list(errors={timer_id: acts.why(refused)}, typed={timer_id: typed})
    return web.render("console/timers.html", refused.status, **shown)
