"""The comparison's pages: a draft with a version, any two of a process. Approvers of publications may look as well."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Flask, Response, current_app, jsonify, request, url_for

from app import web
from app.designer import drafts
from app.designer.access import designs
from app.designer.comparing import queries
from app.designer.comparing.comparison import compare
from app.designer.comparing.documents import DIAGRAM
from app.designer.comparing.picture import WORDS, picture
from app.designer.comparing.wording import Wording
from app.errors import NotFound
from app.i18n import pick

APPROVER = "security_admin"
blueprint = Blueprint("comparing", __name__, url_prefix="/designer")


@blueprint.before_request
def only_who_decides() -> None:
    """To everybody else the pages do not exist."""
    user = web.current_user()
    if not designs(user) and not user.has(APPROVER):
        raise NotFound()


@blueprint.get("/drafts/<draft_id>/comparison")
def draft(draft_id: str) -> Response:
    """A draft with a version: `with`, else the one it was made from."""
    session = web.db.session()
    found = drafts.find(session, draft_id)
    with_version = request.args.get("with") or str(found.base_version or queries.in_force(session, found.key) or "")
    return _page(found.key, with_version, f"{queries.DRAFT}{found.id}", found)


@blueprint.get("/processes/<key>/comparison")
def versions(key: str) -> Response:
    """Any two: `from` and `to`, without them the version in force with the one before it."""
    session = web.db.session()
    to = request.args.get("to") or str(queries.in_force(session, key) or "")
    since = request.args.get("from") or (str(queries.before(session, key, int(to)) or to) if to.isdecimal() else "")
    return _page(key, since, to, None)


@blueprint.get("/processes/<key>/comparison/<ref>.bpmn")
def diagram(key: str, ref: str) -> Response:
    """The diagram of one of the two."""
    content = queries.side(web.db.session(), key, ref).package.files.get(DIAGRAM)
    if content is None:
        raise NotFound()
    response = Response(content, content_type="application/xml; charset=utf-8")
    response.headers["Content-Disposition"] = 'inline; filename="process.bpmn"'
    return response


def _page(key: str, since: str, to: str, found: drafts.Draft | None) -> Response:
    session = web.db.session()
    choices = queries.refs(session, key)
    if not choices:
        raise NotFound()
    new = queries.side(session, key, to)
    old = queries.side(session, key, since) if since else None
    if old is None:  # a new process: nothing to compare with yet
        return web.render(
            "designer/comparing/show.html", key=key, old=None, new=new, drawn=None, **_common(key, choices)
        )
    comparison = compare(old.package, new.package)
    wording = Wording(comparison, queries.office(session))
    if request.accept_mimetypes.best == "application/json":
        return _json(old, new, comparison.differences, wording)
    drawn = picture(comparison, wording)
    title = pick(new.package.manifest.get("title")) or key
    return web.render(
        "designer/comparing/show.html",
        key=key, old=old, new=new, drawn=drawn, title=title, draft=found, edit_url=_editor(new.ref),
        **_common(key, choices),
    )  # fmt: skip


def _editor(ref: str) -> str | None:
    """Where the draft that is compared can be changed, for who may."""
    there = ref.startswith(queries.DRAFT) and designs(web.current_user())
    if not there or "designer_editor.show" not in current_app.view_functions:
        return None
    return url_for("designer_editor.show", draft_id=ref.removeprefix(queries.DRAFT))


def _common(key: str, choices: list[tuple[str, str]]) -> dict[str, Any]:
    return {"choices": choices, "words": WORDS, "action": url_for("comparing.versions", key=key)}


def _json(old: queries.Side, new: queries.Side, differences: Any, wording: Wording) -> Response:
    listed = [
        {
            "change": one.change,
            "group": one.group,
            "file": one.thing.file,
            "element": one.thing.id or None,
            "kind": one.thing.kind,
            "aspect": one.aspect,
            "old": one.old,
            "new": one.new,
            "text": wording.sentence(one),
        }
        for one in differences
    ]
    return jsonify({"from": old.ref, "to": new.ref, "differences": listed})


def init_app(app: Flask) -> None:
    app.register_blueprint(blueprint)
