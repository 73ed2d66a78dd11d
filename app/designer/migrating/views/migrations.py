"""How a migration goes: progress, the result for each instance, stopping, undoing, and the list as a file."""

from __future__ import annotations

from typing import Any

from flask import Response, flash, request, url_for

from app import web
from app.clock import local
from app.designer.migrating import queries, words
from app.designer.migrating.views import PER_PAGE, blueprint
from app.engine import Migration
from app.errors import Conflict, DubanError, Invalid
from app.i18n import _, pick
from app.subjects import csv_file

SECONDS = 20.0  # of undoing in one request


@blueprint.get("/migrations/<migration_id>")
def show(migration_id: str) -> Response:
    """The page; as a fragment only its progress, which asks for itself while it runs."""
    template = "designer/migrating/_progress.html" if web.is_partial() else "designer/migrating/show.html"
    return web.render(template, **_shown(migration_id))


def _shown(migration_id: str, **more: Any) -> dict[str, Any]:
    session, engine = web.db.session(), web.engine()
    found = queries.migration(session, migration_id)
    old, new = engine.definition(session, found.from_id), engine.definition(session, found.to_id)
    counts = queries.counts(session, migration_id)
    status = request.args.get("status", "")
    status = status if status in queries.STATUSES else ""
    page = web.paginate(queries.items(migration_id, status), web.page_number(), PER_PAGE)
    over = found.total - counts["waiting"]
    return {
        "migration": found,
        "title": pick(old.title),
        "counts": counts,
        "percent": round(100 * over / found.total) if found.total else 100,
        "over": over,
        "chosen": status,
        "page": page,
        "items": [_row(item, old, new) for item in page.items],
        "undoable": queries.unchanged(session, page.items),
        "words": words,
        "said": "",
        "results": [],
        "link": lambda **args: url_for("migrating.show", migration_id=migration_id, **args),
    } | more


def _row(item: Any, old: Any, new: Any) -> dict[str, Any]:
    reason = item.reason or {}
    return {
        "id": item.id,
        "number": item.business_key or item.instance_id[:8],
        "instance_id": item.instance_id,
        "status": item.status,
        "state": words.ITEMS[item.status],
        "reason": words.told(item.reason, old, new) if item.status == "failed" else "",
        "node": words.node_name(old, reason.get("node")),
        "where": _("、").join(words.node_name(old, node) for node in item.nodes or ()),
        "steps": words.steps_told(new, item.steps),
        "attempts": item.attempts,
        "at": item.undone_at or item.done_at,
        "by": item.undone_by_name,
    }


@blueprint.post("/migrations/<migration_id>/cancellation")
def stop(migration_id: str) -> Response:
    """停止: what waits stays on its version."""
    web.refresh()
    try:
        web.engine().cancel_migration(migration_id, request.form.get("reason", ""), by=web.actor())
    except (Invalid, Conflict) as refused:
        return _again(migration_id, refused)
    web.refresh()
    flash(_("迁移已停止"))
    return web.see_other(url_for("migrating.show", migration_id=migration_id))


@blueprint.post("/migrations/<migration_id>/undo")
def undo(migration_id: str) -> Response:
    """撤回: the chosen ones, or all that can be."""
    chosen = request.form.getlist("items") or None
    web.refresh()
    done = queries.counts(web.db.session(), migration_id)["done"]
    web.refresh()
    outcomes = web.engine().undo_migration(migration_id, chosen, by=web.actor(), seconds=SECONDS)
    web.refresh()
    kept = [one for one in outcomes if not one.ok]
    if not chosen and (left := done - len(outcomes)) > 0:
        flash(_("还有 %(n)s 项没有处理，可以再次撤回", n=left), "warning")
    if outcomes and not kept:
        flash(_("已撤回 %(n)s 项", n=len(outcomes)))
        return web.see_other(url_for("migrating.show", migration_id=migration_id))
    numbers = {item.instance_id: item.business_key for item in web.db.session().scalars(queries.items(migration_id))}
    results = [(numbers.get(one.instance_id) or one.instance_id[:8], words.told(one.reason)) for one in kept]
    said = _("撤回 %(n)s 项，%(kept)s 项没有撤回", n=len(outcomes) - len(kept), kept=len(kept))
    status = 409 if chosen and not any(one.ok for one in outcomes) else 200
    return web.render("designer/migrating/show.html", status, **_shown(migration_id, said=said, results=results))


def _again(migration_id: str, refused: DubanError) -> Response:
    web.refresh()
    errors = getattr(refused, "errors", None) or {}
    said = _("；").join(str(one) for messages in errors.values() for one in messages) or str(refused.detail)
    return web.render("designer/migrating/show.html", refused.status, **_shown(migration_id, said=said))


@blueprint.get("/migrations/<migration_id>/items.csv")
def items(migration_id: str) -> Response:
    """Every instance with its result."""
    session, engine = web.db.session(), web.engine()
    found: Migration = queries.migration(session, migration_id)
    old, new = engine.definition(session, found.from_id), engine.definition(session, found.to_id)
    head = [_("序号"), _("编号"), _("实例 ID"), _("所在节点"), _("结果"), _("原因"), _("时间")]
    rows = []
    for number, item in enumerate(session.scalars(queries.items(migration_id)), 1):
        row = _row(item, old, new)
        at = local(row["at"]).strftime("%Y-%m-%d %H:%M") if row["at"] else ""
        where = row["where"] or row["node"]
        rows.append((number, row["number"], row["instance_id"], where, row["state"][1], row["reason"], at))
    response = Response(csv_file(head, rows), content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="migration-{found.key}-{found.to_version}.csv"'
    return response
