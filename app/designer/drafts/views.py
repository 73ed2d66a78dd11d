"""Pages and JSON of drafts."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Flask, Response, jsonify, request

from app import web
from app.clock import local
from app.designer.access import designs, for_designers
from app.designer.drafts import operations, queries
from app.errors import Invalid
from app.i18n import _, lazy_

blueprint = for_designers(Blueprint("designer", __name__, url_prefix="/designer"))


@blueprint.get("")
def index() -> Response:
    """Every process, and the drafts that are being worked on."""
    return web.render("designer/drafts/index.html")


@blueprint.get("/drafts/<draft_id>/files")
def files(draft_id: str) -> Response:
    """All files as text, with the revision to save from."""
    session = web.db.session()
    draft = queries.find(session, draft_id)
    found = {name: content.decode("utf-8", "replace") for name, content in queries.files_of(session, draft).items()}
    return jsonify({"rev": draft.rev, "files": found})


@blueprint.put("/drafts/<draft_id>/files")
@web.writes
def save_files(draft_id: str) -> Response:
    """`{rev, files: {name: text or null}}` → `{rev, saved_at}`; 409 with rev, by, at, files."""
    session = web.db.session()
    draft = queries.find(session, draft_id)
    rev, sent = _sent(request.get_json(silent=True))
    draft = operations.save(session, draft, rev, sent, web.actor(), web.clock().now())
    return jsonify({"rev": draft.rev, "saved_at": local(draft.updated_at).isoformat()})


def _sent(given: Any) -> tuple[int, dict[str, bytes | None]]:
    sent = given.get("files") if isinstance(given, dict) else None
    if not isinstance(sent, dict) or type(given.get("rev")) is not int:
        raise Invalid({"files": [_("请提供 rev 和 files")]})
    if any(content is not None and not isinstance(content, str) for content in sent.values()):
        raise Invalid({"files": [_("文件内容应是文字")]})
    return given["rev"], {name: None if text is None else text.encode() for name, text in sent.items()}


def init_app(app: Flask) -> None:
    app.register_blueprint(blueprint)
    web.menu.add(web.MenuItem("administration", 40, "designer.index", lazy_("流程设计"), icon="vector", shown=designs))
