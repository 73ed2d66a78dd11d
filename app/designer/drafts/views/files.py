"""Files of a draft for the editor: read, autosave, what to do after a conflict; and as files to take along."""

from __future__ import annotations

from typing import Any

from flask import Response, flash, jsonify, make_response, request, url_for

from app import web
from app.clock import local
from app.designer.drafts import archives, operations, queries
from app.designer.drafts.models import Draft
from app.designer.drafts.views import blueprint, wants_json
from app.errors import Invalid, NotFound
from app.i18n import _


@blueprint.get("/drafts/<draft_id>/files")
def files(draft_id: str) -> Response:
    """All files as text, with the revision to save from. `layout` is false where nothing has a place on the canvas."""
    session = web.db.session()
    draft = queries.find(session, draft_id)
    found = queries.files_of(session, draft)
    texts = {name: content.decode("utf-8", "replace") for name, content in found.items()}
    fixed = draft.publication_id is not None or draft.published_version is not None
    layout = b"BPMNShape" in found.get(archives.DIAGRAM, b"")
    return jsonify({"rev": draft.rev, "key": draft.key, "files": texts, "layout": layout, "read_only": fixed})


@blueprint.put("/drafts/<draft_id>/files")
@web.writes
def save_files(draft_id: str) -> Response:
    """`{rev, files: {name: text or null}}` → `{rev, saved_at}`; 409 with rev, by, at, files."""
    session = web.db.session()
    draft = queries.find(session, draft_id)
    given = request.get_json(silent=True)
    if not isinstance(given, dict) or type(given.get("rev")) is not int:
        raise Invalid({"rev": [_("请提供 rev 和 files")]})
    draft = operations.save(session, draft, given["rev"], sent(given), web.actor(), web.clock().now())
    return saved(draft)


def saved(draft: Draft, **more: Any) -> Response:
    return jsonify({"rev": draft.rev, "saved_at": local(draft.updated_at).isoformat(), **more})


def sent(given: Any) -> dict[str, bytes | None]:
    """The files in a body of JSON. Raises Invalid."""
    found = given.get("files") if isinstance(given, dict) else None
    if not isinstance(found, dict):
        raise Invalid({"files": [_("请提供 rev 和 files")]})
    if any(content is not None and not isinstance(content, str) for content in found.values()):
        raise Invalid({"files": [_("文件内容应是文字")]})
    return {name: None if text is None else text.encode("utf-8", "replace") for name, text in found.items()}


@blueprint.post("/drafts/<draft_id>/copies")
@web.writes
def keep_mine(draft_id: str) -> Any:
    """After a conflict: `{files}` → a draft of its own with what could not be saved, `{id, url}`."""
    session = web.db.session()
    draft = queries.find(session, draft_id)
    mine = sent(request.get_json(silent=True)) if request.is_json else {}
    made = operations.keep_mine(session, draft, mine, by=web.actor(), at=web.clock().now())
    url = draft_url(made)
    if wants_json():
        return jsonify({"id": made.id, "rev": made.rev, "url": url}), 201
    flash(_("已另存为草稿：%(title)s", title=made.title))
    return web.see_other(url)


def draft_url(draft: Draft) -> str:
    """The editor, where this installation has one; else the check."""
    from flask import current_app

    editor = "designer_editor.show"
    known = editor in current_app.view_functions
    return url_for(editor if known else "designer.check", draft_id=draft.id)


@blueprint.get("/drafts/<draft_id>/package.zip")
def package_zip(draft_id: str) -> Response:
    """The whole folder, as `bpmn/` would hold it."""
    session = web.db.session()
    draft = queries.find(session, draft_id)
    return _download(
        archives.packed(draft.key, queries.files_of(session, draft)), f"{draft.key}.zip", "application/zip"
    )


@blueprint.get("/drafts/<draft_id>/process.bpmn")
def process_bpmn(draft_id: str) -> Response:
    """The diagram alone, for other tools and for the viewer."""
    session = web.db.session()
    draft = queries.find(session, draft_id)
    content = queries.files_of(session, draft).get(archives.DIAGRAM)
    if content is None:
        raise NotFound()
    return _download(content, f"{draft.key}.bpmn", "application/xml; charset=utf-8")


def _download(content: bytes, name: str, kind: str) -> Response:
    response = make_response(content)
    response.content_type = kind
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
