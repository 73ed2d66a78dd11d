"""The list of processes and drafts; beginning, copying, importing and deleting drafts."""

from __future__ import annotations

from typing import Any

from flask import Response, flash, request, url_for

from app import web
from app.designer.drafts import archives, listing, operations, queries
from app.designer.drafts.archives import Imported
from app.designer.drafts.models import Draft
from app.designer.drafts.views import blueprint
from app.designer.drafts.views.files import draft_url
from app.errors import Invalid
from app.i18n import _


@blueprint.get("")
def index() -> Response:
    """Every process, and the drafts that are being worked on."""
    return _page({})


def _page(errors: dict[str, Any], status: int = 200) -> Response:
    session = web.db.session()
    rows = listing.processes(session)
    return web.render(
        "designer/drafts/index.html",
        status,
        rows=rows,
        errors=errors,
        values=request.form,
        draft_url=draft_url,
        drafts=sum(len(row.drafts) for row in rows),
    )


@blueprint.post("/drafts")
def create() -> Any:
    """A draft of a process (`process`, `version`), or with `key` a copy of it under that key."""
    key, new_key = request.form.get("process", ""), request.form.get("key", "").strip()
    version = request.form.get("version", type=int)
    try:
        draft = _begun(key, version, new_key)
    except Invalid as wrong:
        web.refresh()
        return _page(wrong.errors, 422)
    flash(_("已建立草稿：%(title)s", title=draft.title))
    return web.see_other(draft_url(draft))


@web.writes
def _begun(key: str, version: int | None, new_key: str) -> Draft:
    session, by, at = web.db.session(), web.actor(), web.clock().now()
    if "key" not in request.form:
        return operations.from_version(session, key, version, by=by, at=at)
    return operations.copy_version(session, key, version, new_key, by=by, at=at)


@blueprint.post("/imports")
def import_file() -> Any:
    """A draft from a .bpmn or a .zip. What cannot be run is not left out: the check names it."""
    upload = request.files.get("file")
    try:
        if upload is None or not upload.filename:
            raise Invalid({"file": [_("请选择文件")]})
        content = upload.read(archives.LARGEST_UPLOAD + 1)
        imported = archives.read_upload(upload.filename, content, request.form.get("key", "").strip())
        draft = _imported(imported)
    except Invalid as wrong:
        web.refresh()
        return _page({"file" if name == "files" else name: texts for name, texts in wrong.errors.items()}, 422)
    if imported.left_out:
        flash(_("未导入系统附带的文件：%(names)s", names=_("、").join(imported.left_out[:5])))
    flash(_("已导入为草稿：%(title)s", title=draft.title))
    return web.see_other(url_for("designer.check", draft_id=draft.id))


@web.writes
def _imported(imported: Imported) -> Draft:
    """Of a process that is there already it is a draft that may follow its version in force."""
    session, by, at = web.db.session(), web.actor(), web.clock().now()
    base = next((row.version for row in listing.versions(session, imported.key) if row.status == "published"), None)
    return operations.create(
        session, imported.key, imported.title, imported.files, by=by, at=at, base_version=base, origin="import"
    )


@blueprint.post("/drafts/<draft_id>/deletion")
@web.writes
def delete(draft_id: str) -> Any:
    """删除. What is published or waits for approval stays."""
    session = web.db.session()
    draft = queries.find(session, draft_id)
    operations.delete(session, draft, by=web.actor(), at=web.clock().now())
    flash(_("已删除草稿：%(title)s", title=draft.title))
    return web.see_other(url_for("designer.index"))
