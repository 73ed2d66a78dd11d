"""台账导入: hand in a ledger, see what it would do, confirm, look it up again."""

from __future__ import annotations

import hashlib
from typing import Any

from flask import Blueprint, Flask, Response, current_app, request, url_for

from app import web
from app.accounts import requires
from app.audit import record
from app.clock import local
from app.errors import Busy, Conflict, Invalid
from app.hazards.ledger import applying, queries
from app.hazards.ledger.archive import MAX_BYTES, refuse
from app.hazards.ledger.headings import LABELS
from app.hazards.ledger.models import OUTCOMES, HazardImport
from app.hazards.ledger.planning import Plan, plan
from app.hazards.ledger.reports import bad_rows_file
from app.hazards.ledger.roster import EDITORS
from app.hazards.models import Hazard
from app.i18n import _
from app.subjects import tidy

blueprint = Blueprint("hazard_imports", __name__, url_prefix="/hazards/import")
_TURN = 4.0  # seconds of registering in one request; the page asks again until all is done
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def init_app(app: Flask) -> None:
    app.register_blueprint(blueprint)


@blueprint.get("")
@requires(*EDITORS)
def index() -> Response:
    return _hand_in()


@blueprint.post("")
@requires(*EDITORS)
def create() -> Response:
    """Read the file and keep the plan. Nothing is registered until it is confirmed."""
    upload = request.files.get("file")
    try:
        if upload is None or not upload.filename:
            raise refuse(_("没有选择文件"))
        content = upload.stream.read(MAX_BYTES + 1)
        today = local(web.clock().now()).date()
        found = plan(web.db.session(), content, user=web.current_user(), today=today)
        import_id = _keep(found, tidy(upload.filename), hashlib.sha256(content).hexdigest())
    except Invalid as wrong:
        return _hand_in(wrong.errors)
    return web.see_other(url_for("hazard_imports.show", import_id=import_id))


@web.writes
def _keep(found: Plan, file_name: str, sha256: str) -> str:
    user = web.current_user()
    session, now = web.db.session(), web.clock().now()
    return applying.keep(session, found, file_name=file_name, sha256=sha256, user=user, by=web.actor(), now=now)


@blueprint.get("/<import_id>")
@requires(*EDITORS)
def show(import_id: str) -> Response:
    return _page(queries.get(web.db.session(), import_id, web.current_user()))


@blueprint.post("/<import_id>/confirmation")
@requires(*EDITORS)
def confirm(import_id: str) -> Response:
    """Begin registering. A repeat finds it begun and goes on."""
    _confirm(import_id)
    return _work(import_id)


@web.writes
def _confirm(import_id: str) -> None:
    session = web.db.session()
    kept = queries.get(session, import_id, web.current_user())
    if kept.by_id != web.current_user().id:
        raise Conflict(_("由%(name)s确认导入", name=kept.by_name))
    applying.confirm(session, kept, by=web.actor(), now=web.clock().now())


@blueprint.post("/<import_id>/rows")
@requires(*EDITORS)
def go_on(import_id: str) -> Response:
    """Register some more of the rows that are left; the page calls this until none is."""
    kept = queries.get(web.db.session(), import_id, web.current_user())
    if kept.by_id != web.current_user().id or kept.state == "planned":
        raise Conflict(_("由%(name)s确认导入", name=kept.by_name))
    return _work(import_id)


def _work(import_id: str) -> Response:
    app = current_app
    around = applying.Surroundings(app.extensions["duban.sessions"], web.engine(), web.clock())
    try:
        done = applying.work(around, import_id, by=web.actor(), seconds=_TURN)
    except Busy:
        done = False  # another page of the same person is at it: look again shortly
    web.refresh()
    kept = queries.get(web.db.session(), import_id, web.current_user())
    if web.is_partial() and not done:
        return web.render("hazards/ledger/_progress.html", **_progress(kept))
    return web.see_other(url_for("hazard_imports.show", import_id=import_id))


@blueprint.get("/<import_id>/problems.xlsx")
@requires(*EDITORS)
@web.writes
def problems(import_id: str) -> Response:
    """The bad rows with the reason. It holds what people wrote about enterprises, so who took it is recorded."""
    session = web.db.session()
    kept = queries.get(session, import_id, web.current_user())
    content = bad_rows_file(session, kept)
    record(session, web.clock().now(), web.actor(), "hazard_imports.exported", "hazard_import", kept.id)
    response = Response(content, mimetype=_XLSX)
    response.headers["Content-Disposition"] = f'attachment; filename="problems-{kept.id[-6:]}.xlsx"'
    return response


def _hand_in(errors: dict[str, Any] | None = None) -> Response:
    page = web.paginate(queries.imports(web.current_user()), web.page_number(), 10)
    return web.render(
        "hazards/ledger/index.html",
        422 if errors else 200,
        errors=errors or {},
        page=page,
        counts=queries.counts_of(web.db.session(), [kept.id for kept in page.items]),
        labels=LABELS,
        link=lambda number: url_for("hazard_imports.index", page=number),
    )


def _page(kept: HazardImport) -> Response:
    session = web.db.session()
    progress = _progress(kept)
    outcome = request.args.get("outcome", "error" if progress["counts"].get("error") else "")
    outcome = outcome if outcome in OUTCOMES else ""
    page = web.paginate(queries.rows(kept.id, outcome), web.page_number(), 20)
    hazards: dict[str, Hazard] = queries.shown_hazards(session, page.items, web.current_user())
    return web.render(
        "hazards/ledger/_rows.html" if web.is_partial() else "hazards/ledger/show.html",
        page=page,
        outcome=outcome,
        outcomes=OUTCOMES,
        hazards=hazards,
        labels=LABELS,
        read_sheets=[sheet for sheet in kept.sheets if sheet["read"]],
        left_sheets=[sheet for sheet in kept.sheets if not sheet["read"]],
        link=lambda **to: url_for("hazard_imports.show", import_id=kept.id, **{"outcome": outcome or "all", **to}),
        **progress,
    )


def _progress(kept: HazardImport) -> dict[str, Any]:
    counts = queries.counts(web.db.session(), kept.id)
    total = sum(counts.get(name, 0) for name in ("new", "imported", "known"))
    done = total - counts.get("new", 0)
    return {
        "kept": kept,
        "counts": counts,
        "total": total,
        "done": done,
        "percent": round(100 * done / total) if total else 100,
        "own": kept.by_id == web.current_user().id,
    }
