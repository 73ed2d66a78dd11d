"""The check of a draft, as a page and as JSON, and its one-click fixes."""

from __future__ import annotations

from typing import Any

from flask import Response, flash, jsonify, request, url_for

from app import web
from app.designer.drafts import checking, operations, queries
from app.designer.drafts.views import blueprint, wants_json
from app.designer.drafts.views.files import saved, sent
from app.errors import Invalid
from app.i18n import _


@blueprint.route("/drafts/<draft_id>/check", methods=["GET", "POST"])
def check(draft_id: str) -> Response:
    """Everything that is wrong. POST may bring `{files}` that are not saved yet: then they are looked at instead."""
    session = web.db.session()
    draft = queries.find(session, draft_id)
    given = request.get_json(silent=True) if request.method == "POST" else None
    unsaved = sent(given) if isinstance(given, dict) and "files" in given else {}
    findings = checking.check(session, draft, unsaved)
    if wants_json():
        return jsonify({"rev": draft.rev, "problems": [finding.as_dict() for finding in findings]})
    errors = checking.errors_in(findings)
    return web.render("designer/drafts/check.html", draft=draft, findings=findings, errors=errors)


@blueprint.post("/drafts/<draft_id>/fixes")
def fix(draft_id: str) -> Any:
    """`{rev, fix}` → `{rev, saved_at, files: {changed}}`. The same as a form leads back to the check."""
    session = web.db.session()
    draft = queries.find(session, draft_id)
    given = request.get_json(silent=True) if request.is_json else request.form
    rev, fix_id = _wanted(given or {})
    changes = dict(checking.changes_of(session, draft, fix_id)) if rev == draft.rev else {}
    web.refresh()
    draft = _save(draft_id, rev, changes)
    if wants_json():
        files = {name: None if content is None else content.decode() for name, content in changes.items()}
        return saved(draft, files=files)
    flash(_("已修改，请看其余问题"))
    return web.see_other(url_for("designer.check", draft_id=draft_id))


@web.writes
def _save(draft_id: str, rev: int, changes: dict[str, bytes | None]) -> Any:
    """The check takes its time; only the saving holds others up, and a stale `rev` is refused there."""
    session = web.db.session()
    draft = queries.find(session, draft_id)
    return operations.save(session, draft, rev, changes, web.actor(), web.clock().now())


def _wanted(given: Any) -> tuple[int, str]:
    try:
        return int(given["rev"]), str(given["fix"])
    except (KeyError, TypeError, ValueError):
        raise Invalid({"fix": [_("请提供 rev 和 fix")]}) from None
