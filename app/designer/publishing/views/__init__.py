"""Submitting a draft, the versions of a process, and a request as who decides about it reads it."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Flask, flash, request

from app import web
from app.designer.access import for_designers
from app.designer.publishing import queries
from app.designer.publishing.operations import instant
from app.forms.tolerance import tidy
from app.i18n import _

blueprint = for_designers(Blueprint("publishing", __name__, url_prefix="/designer"))
# Who approves sees no designer, but what they decide about: this, to read only.
requests = Blueprint("publications", __name__, url_prefix="/designer/publications")
PROCESS = "process_publication"
_SHOWN = ("note", "effective_at", "version")


def asked() -> dict[str, Any]:
    """Note and time of effect as the form sends them."""
    at = request.form.get("effective_at", "").strip()
    return {"note": tidy(request.form.get("note", ""), lines=True), "effective_at": at or None}


def named(errors: Any) -> dict[str, Any]:
    """Fields of the start form that the page does not show are said above it."""
    return {name if name in _SHOWN else f"_{name}": texts for name, texts in errors.items()}


def start(data: dict[str, Any]) -> None:
    """Start the publication process. Raises Invalid."""
    web.refresh()
    try:
        web.engine().start(PROCESS, data, by=web.actor())
    finally:
        web.refresh()
    flash(_("已提交，由安全管理员审批"))


def stands_already(data: dict[str, Any]) -> bool:
    """The second of two clicks: what it asks for is waiting already, from the same person and in the same words."""
    there = queries.open_of(web.db.session(), data["process_key"])
    if there is None or there.status != "waiting" or not is_mine(there):
        return False
    kept = (there.action, there.draft_id, there.version, there.note)
    if kept != (data["action"], data.get("draft_id"), data.get("version"), data["note"]):
        return False
    try:
        return bool(there.effective_at == instant(data["effective_at"]))
    except ValueError:
        return False


def is_mine(publication: Any) -> bool:
    return bool(publication.submitted_by_id == web.current_user().id)


def init_app(app: Flask) -> None:
    from app.designer.publishing.views import reading, submitting, versions  # noqa: F401  (their routes)

    app.register_blueprint(blueprint)
    app.register_blueprint(requests)
    web.starters[PROCESS] = "designer.index"
    web.cards["publication"] = reading.card
