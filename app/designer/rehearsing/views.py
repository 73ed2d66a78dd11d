"""Pages of rehearsals: the form with what was asked before, and one rehearsal with its progress and figures."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, flash, request, url_for

from app import web
from app.designer.access import for_designers
from app.designer.rehearsing import operations, queries, words
from app.designer.rehearsing.models import DONE, UNDER_WAY, Rehearsal
from app.designer.rehearsing.proposing import proposed
from app.designer.rehearsing.queries import Source
from app.designer.rehearsing.reading import SHOWN, comparison, reading
from app.designer.rehearsing.sheet import Sheet, complete, in_days, model_data
from app.engine import (
    RehearsalModel,
    read_diagram,
    rehearsal_model,
)
from app.errors import Invalid
from app.i18n import _

blueprint = for_designers(Blueprint("rehearsing", __name__, url_prefix="/designer"))


@blueprint.get("/drafts/<draft_id>/rehearsals")
def draft(draft_id: str) -> Response:
    source = queries.of_draft(web.db.session(), draft_id)
    return _form(source, _sheet(source))


@blueprint.post("/drafts/<draft_id>/rehearsals")
def ask_draft(draft_id: str) -> Response:
    return _asked(queries.of_draft(web.db.session(), draft_id))


@blueprint.get("/processes/<key>/rehearsals")
def version(key: str) -> Response:
    """A published version: `version`, without it the one in force."""
    source = queries.of_version(web.engine(), web.db.session(), key, request.args.get("version", type=int))
    return _form(source, _sheet(source))


@blueprint.post("/processes/<key>/rehearsals")
def ask_version(key: str) -> Response:
    number = request.args.get("version", type=int)
    return _asked(queries.of_version(web.engine(), web.db.session(), key, number))


def _form(source: Source, sheet: Sheet, status: int = 200) -> Response:
    rehearsals = queries.recent(web.db.session(), source.key)
    here = url_of(source)
    return web.render(
        "designer/rehearsing/index.html",
        status,
        source=source, draft=source.draft, sheet=sheet, rehearsals=rehearsals, words=words, here=here,
    )  # fmt: skip


def url_of(source: Source) -> str:
    if source.draft is not None:
        return url_for("rehearsing.draft", draft_id=source.draft.id)
    return url_for("rehearsing.version", key=source.key, version=source.version)


def _sheet(source: Source, sent: Any = None) -> Sheet:
    outline, model, priors = proposed(source)
    if sent is None and (last := queries.last_model_of(web.db.session(), source)) is not None:
        model = complete(rehearsal_model(last.model), model)
    return Sheet(outline, model, priors, sent or {})


def _asked(source: Source) -> Response:
    sent = {name: value for name, value in request.form.items() if not name.startswith(("csrf", "_"))}
    sheet = _sheet(source, sent)
    asked = model_data(sheet, sent)
    try:
        found = _store(source, rehearsal_model(asked))
    except Invalid as wrong:
        web.refresh()
        sheet.errors = in_days(wrong.errors, asked)
        return _form(source, sheet, 422)
    return web.see_other(url_for("rehearsing.show", rehearsal_id=found.id))


@web.writes
def _store(source: Source, model: RehearsalModel) -> Rehearsal:
    return operations.ask(web.db.session(), source, model, by=web.actor(), at=web.clock().now())


@blueprint.get("/rehearsals/<rehearsal_id>")
def show(rehearsal_id: str) -> Response:
    """Progress while it is played, then the figures; `with` another one stands beside it."""
    session = web.db.session()
    found = queries.find(session, rehearsal_id)
    context: dict[str, Any] = {"rehearsal": found, "words": words, "back": _back(found)}
    if found.status != DONE:
        name = "_progress" if request.headers.get("HX-Request") == "true" else "show"
        return web.render(f"designer/rehearsing/{name}.html", going=found.status in UNDER_WAY, **context)
    if request.headers.get("HX-Request-Type") == "partial":
        return web.see_other(url_for("rehearsing.show", rehearsal_id=found.id))
    shown = request.args.get("show") if request.args.get("show") in SHOWN else SHOWN[0]
    diagram = read_diagram(queries.package_of(found).diagram)
    other = request.args.get("with")
    beside = queries.find(session, other) if other else None
    compared = comparison(beside.figures, found.figures or {}) if beside and beside.figures else None
    return web.render(
        "designer/rehearsing/show.html",
        figures=found.figures, shown=shown, tabs=_tabs(found, str(shown)), going=False,
        seen=reading(found.figures or {}, str(shown), diagram, queries.titles(session)),
        others=queries.comparable(session, found),
        beside=beside, compared=compared,
        **context,
    )  # fmt: skip


def _back(found: Rehearsal) -> str:
    if found.draft_id is not None:
        return url_for("rehearsing.draft", draft_id=found.draft_id)
    return url_for("rehearsing.version", key=found.key, version=found.version)


def _tabs(found: Rehearsal, shown: str) -> list[tuple[str, str, Any, bool]]:
    labels = {"passes": _("经过次数"), "time": _("办理用时"), "waiting": _("等待"), "late": _("超期率")}
    args: dict[str, Any] = {"with": request.args["with"]} if request.args.get("with") else {}
    return [
        (url_for("rehearsing.show", rehearsal_id=found.id, show=name, **args), labels[name], None, name == shown)
        for name in SHOWN
    ]


@blueprint.get("/rehearsals/<rehearsal_id>/diagram.bpmn")
def diagram(rehearsal_id: str) -> Response:
    """The diagram that was played."""
    package = queries.package_of(queries.find(web.db.session(), rehearsal_id))
    return Response(package.diagram, content_type="application/xml; charset=utf-8")


@blueprint.post("/rehearsals/<rehearsal_id>/cancellation")
def cancel(rehearsal_id: str) -> Response:
    _cancelled(rehearsal_id)
    flash(_("推演已取消"))
    return web.see_other(url_for("rehearsing.show", rehearsal_id=rehearsal_id))


@web.writes
def _cancelled(rehearsal_id: str) -> None:
    session = web.db.session()
    operations.cancel(session, queries.find(session, rehearsal_id), by=web.actor(), at=web.clock().now())


@blueprint.post("/rehearsals/<rehearsal_id>/repetition")
def again(rehearsal_id: str) -> Response:
    """The same assumptions on the same package once more: after an interruption, say."""
    found = _repeated(rehearsal_id)
    return web.see_other(url_for("rehearsing.show", rehearsal_id=found.id))


@web.writes
def _repeated(rehearsal_id: str) -> Rehearsal:
    session = web.db.session()
    old = queries.find(session, rehearsal_id)
    source = Source(queries.package_of(old), old.title, version=old.version)
    found = operations.ask(session, source, rehearsal_model(old.model), by=web.actor(), at=web.clock().now())
    found.draft_id, found.draft_rev = old.draft_id, old.draft_rev
    return found
