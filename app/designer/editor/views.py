"""The editor's page, and the JSON that its properties panel works with."""

from __future__ import annotations

import json
from typing import Any

from flask import Blueprint, Flask, Response, current_app, jsonify, request, url_for
from flask_wtf.csrf import generate_csrf

from app import web
from app.clock import local
from app.designer import drafts
from app.designer.access import for_designers
from app.designer.drafts.models import Draft
from app.designer.editor import manifest
from app.designer.editor.catalogue import catalogue as catalogue_of
from app.designer.editor.queries import running
from app.errors import Invalid
from app.i18n import ENGLISH, _, get_locale

blueprint = for_designers(Blueprint("designer_editor", __name__, url_prefix="/designer"))
NAME = "__name__"
# Pages of other parts, below the draft. A part that is not there is not linked.
PAGES = {
    "comparison": "comparison",
    "rehearsals": "rehearsals",
    "publication": "publication",
    "impact": "impact",
    "forms": f"forms/{NAME}",
    "new_form": "forms",
    "decisions": f"decisions/{NAME}",
    "new_decision": "decisions",
}
DOCUMENTS = ("forms", "new_form", "decisions", "new_decision")


@blueprint.get("/drafts/<draft_id>")
def show(draft_id: str) -> Response:
    """The editor. Without scripts it is a page with links to the check and to the files."""
    session = web.db.session()
    draft = drafts.find(session, draft_id)
    return web.render(
        "designer/editor/show.html",
        draft=draft,
        read_only=_read_only(draft),
        running=running(session, draft.key, draft.base_version),
        saved_at=local(draft.updated_at).strftime("%H:%M"),
        settings=_settings(draft),
        pages=_pages(draft),
    )


@blueprint.get("/drafts/<draft_id>/catalogue")
def catalogue(draft_id: str) -> Response:
    """Everything that a setting of this draft can name."""
    session = web.db.session()
    draft = drafts.find(session, draft_id)
    package = drafts.package_of(session, draft)
    return jsonify(catalogue_of(session, web.engine(), package, _documents(draft)))


@blueprint.post("/process-toml")
def process_toml() -> Response:
    """`{text, changes?}` → `{text, manifest}`: process.toml as data, with fields changed. Nothing is stored here."""
    given = request.get_json(silent=True)
    if not isinstance(given, dict) or not isinstance(given.get("text"), str):
        raise Invalid({"text": [_("请提供 process.toml 的内容")]})
    changes = given.get("changes")
    text = manifest.change(given["text"], changes) if isinstance(changes, dict) else given["text"]
    told = json.dumps({"text": text, "manifest": manifest.read(text)}, ensure_ascii=False, default=str)
    return Response(told, mimetype="application/json")  # in the order of the file


@blueprint.get("/session")
def session_token() -> Response:
    """Who is signed in, and the token of the session: for a page that has outlived the session it was opened in."""
    response = jsonify({"user": web.current_user().id, "token": generate_csrf()})
    response.headers["Cache-Control"] = "no-store"
    return response


def _read_only(draft: Draft) -> bool:
    return draft.publication_id is not None or draft.published_version is not None


def _pages(draft: Draft) -> dict[str, str]:
    """Addresses of the other parts' pages of this draft, as far as there are such pages."""
    addresses = current_app.url_map.bind("")
    found = {name: f"{url_for('.show', draft_id=draft.id)}/{path}" for name, path in PAGES.items()}
    return {name: path for name, path in found.items() if addresses.test(path, "GET")}


def _documents(draft: Draft) -> dict[str, str]:
    return {name: path for name, path in _pages(draft).items() if name in DOCUMENTS}


def _settings(draft: Draft) -> dict[str, Any]:
    urls = {
        "files": url_for("designer.files", draft_id=draft.id),
        "check": url_for("designer.check", draft_id=draft.id),
        "fixes": url_for("designer.fix", draft_id=draft.id),
        "copy": url_for("designer.keep_mine", draft_id=draft.id),
        "catalogue": url_for("designer_editor.catalogue", draft_id=draft.id),
        "manifest": url_for("designer_editor.process_toml"),
        "session": url_for("designer_editor.session_token"),
        "sign_in": "/login",
        **_documents(draft),
    }
    language = "en" if get_locale() == ENGLISH else "zh"
    told = {"key": draft.key, "language": language, "readonly": _read_only(draft), "urls": urls}
    return told | {"user": web.current_user().id}


def init_app(app: Flask) -> None:
    app.register_blueprint(blueprint)
