"""Migrations under /api/v1: the plan with a dry run, the start, the result of each instance. System administrators."""

from __future__ import annotations

from typing import Any

from flask import Flask

from app import web
from app.accounts import requires
from app.designer.access import DESIGNER
from app.designer.migrating import plans, queries, words
from app.designer.migrating import schemas as s
from app.designer.migrating.plans import Sides
from app.engine import MigrationPlan, Outcome

blp = web.blueprint("migrations", description="Running instances from one version of a process to another")


@blp.route("/definitions/<key>/migrations", methods=["POST"])
@blp.arguments(s.MigrationIn)
@blp.response(200, s.PlannedOut)
@requires(DESIGNER)
def migrate(payload: dict[str, Any], key: str) -> dict[str, Any]:
    """With `dry_run` the plan and a result per instance, else all (or `instances`) are moved by the worker.

    409 where the target is not in force or another migration of the process is under way.
    """
    session = web.db.session()
    queries.versions(session, key)
    found = plans.plan(session, Sides(key, payload["since"], payload["to"]), payload["mapping"])
    told: dict[str, Any] = {"plan": _plan(found), "results": [], "migration": None}
    wanted = None if payload["instances"] is None else set(payload["instances"])
    if payload["dry_run"]:
        ids = [row.id for row in session.execute(queries.instances(found.old.id))]
        chosen = [one for one in ids if wanted is None or one in wanted]
        web.refresh()
        tried = plans.try_all(found, chosen)
        return told | {"results": [_outcome(found, one) for one in tried.outcomes]}
    web.refresh()
    started = web.engine().migrate(found, wanted, reason=payload["reason"], by=web.actor())
    web.refresh()
    return told | {"migration": _migration(started.id)}


@blp.route("/migrations/<migration_id>")
@blp.response(200, s.MigrationOut)
@requires(DESIGNER)
def show(migration_id: str) -> dict[str, Any]:
    """How far it is."""
    return _migration(migration_id)


@blp.route("/migrations/<migration_id>/items")
@blp.arguments(web.ApiPage, location="query")
@blp.response(200, s.ItemOut(many=True))
@requires(DESIGNER)
def items(query: dict[str, Any], migration_id: str) -> Any:
    """Every instance with its result, in the order of the list."""
    queries.migration(web.db.session(), migration_id)
    page = web.paginate(queries.items(migration_id), query["page"], query["per_page"])
    return page.items, 200, {"X-Total-Count": str(page.total)}


def _migration(migration_id: str) -> dict[str, Any]:
    found = queries.migration(web.db.session(), migration_id)
    names = ("id", "key", "from_version", "to_version", "status", "total")
    counts = queries.counts(web.db.session(), migration_id)
    return {name: getattr(found, name) for name in names} | {"counts": counts}


def _plan(found: MigrationPlan) -> dict[str, Any]:
    return {
        "key": found.key,
        "from": found.old.version,
        "to": found.new.version,
        "total": found.total,
        "nodes": [
            {
                "node": one.node.id,
                "target": one.pair.target,
                "found_by": one.pair.how,
                "tokens": one.standing.tokens,
                "moves": one.moves,
                "obstacles": [_reason(found, reason) for reason in one.obstacles],
                "changes": [_reason(found, reason) for reason in one.changes],
            }
            for one in found.nodes
        ],
    }


def _reason(found: MigrationPlan, reason: Any) -> dict[str, str]:
    return {"code": reason.code, "text": words.told(reason, found.old, found.new)}


def _outcome(found: MigrationPlan, one: Outcome) -> dict[str, Any]:
    return {
        "instance_id": one.instance_id,
        "ok": one.ok,
        "node": one.node_id,
        "nodes": list(one.nodes),
        "steps": list(one.steps),
        "reason": _reason(found, one.reason) if one.reason else None,
    }


def init_app(_app: Flask) -> None:
    web.api.register_blueprint(blp)
