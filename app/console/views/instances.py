"""The instances: a list with filters, and one instance on its live diagram with everything that waits in it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import Response, flash, request, url_for

from app import web
from app.accounts import requires
from app.audit import SYSTEM
from app.console import access, acts, queries, words
from app.console.picture import picture
from app.console.views import blueprint, day_of, inside, paged
from app.engine import History, Incident, Instance, Loaded
from app.errors import Conflict, DubanError, Invalid
from app.i18n import _, bilingual, pick

LINES = 100  # of the history that a page shows at once
_CHIPS = ("running", "suspended", "quarantined", "incident", "stuck", "ended", "cancelled")


@dataclass(frozen=True)
class Filters:
    """What is looked for, as it stands in the address."""

    show: str = ""  # a status, `incident` or `stuck`
    process: str = ""
    version: str = ""
    q: str = ""
    since: str = ""
    until: str = ""

    @classmethod
    def of(cls, args: Mapping[str, Any]) -> Filters:
        text = {name: str(args.get(name) or "").strip()[:100] for name in cls.__dataclass_fields__}
        if text["show"] not in _CHIPS:
            text["show"] = ""
        if not (text["version"].isdigit() and len(text["version"]) < 6 and text["process"]):
            text["version"] = ""
        return cls(**text)

    def args(self, **changes: Any) -> dict[str, Any]:
        values = {name: getattr(self, name) for name in self.__dataclass_fields__} | changes
        return {name: str(value) for name, value in values.items() if value}

    @property
    def wanted(self) -> dict[str, Any]:
        until = day_of(self.until)
        return {
            "status": self.show if self.show in queries.STATUSES else "",
            "incident": self.show == "incident",
            "stuck": self.show == "stuck",
            "definition": self.process,
            "version": int(self.version) if self.version else None,
            "q": self.q,
            "started_from": day_of(self.since),
            "started_before": until + dt.timedelta(1) if until else None,
        }


@blueprint.get("/instances")
@requires(*access.CONSOLE)
def instances() -> Response:
    return web.render("console/_instances.html" if web.is_partial() else "console/instances.html", **_list())


def _list(**more: Any) -> dict[str, Any]:
    filters, session, user = Filters.of(request.args), web.db.session(), web.current_user()
    counts = queries.instance_counts(session, user, filters.wanted)
    page = paged(queries.instances(user, filters.wanted), counts[filters.show])
    ids = [row.id for row in page.items]
    failing = session.scalars(queries.incidents(user, {}).where(Incident.instance_id.in_(ids)))
    return {
        "filters": filters,
        "page": page,
        "counts": counts,
        "processes": queries.processes(session),
        "titles": queries.titles(session, page.items),
        "steps": queries.open_steps(session, ids),
        "failing": _by_instance(failing),
        "verbs": {row.id: access.verbs_of(user, row.status) for row in page.items},
        "may_cancel": user.has(*access.OFFICE),
        "words": words,
        "link": lambda **changes: _link(filters, **changes),
        "chosen": frozenset(),
    } | more


def _by_instance(rows: Any) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    for row in rows:
        found.setdefault(row.instance_id, []).append(row)
    return found


def _link(shown: Filters, **changes: Any) -> str:
    page = changes.pop("page", None)
    return url_for("console.instances", **shown.args(**changes), **({"page": page} if page and page > 1 else {}))


@blueprint.post("/instances/batches")
@requires(*access.CONSOLE)
def switch_instances() -> Response:
    """One verb for every chosen instance, with a reason; a result for each."""
    verb, ids = request.form.get("verb", ""), request.form.getlist("ids")
    try:
        results = acts.switch_all(verb, ids, request.form.get(f"reason_{verb}", ""))
    except Invalid as wrong:
        refused = {"chosen": frozenset(ids), "refused_verb": verb, "refused": acts.why(wrong)}
        return web.render("console/instances.html", 422, **_list(**refused))
    rows = queries.instances_by_id(web.db.session(), ids, web.current_user())
    return web.render(
        "console/results.html",
        results=results,
        rows=rows,
        titles=queries.titles(web.db.session(), rows.values()),
        verb=verb,
        back=_link(Filters.of(request.args)),
        words=words,
    )


# -- one instance


@blueprint.get("/instances/<instance_id>")
@requires(*access.CONSOLE)
def instance(instance_id: str) -> Response:
    """Everything about it; as a fragment, what is known of the one node asked for."""
    found = queries.instance(web.db.session(), instance_id, web.current_user())
    shown = page_of(found)
    if web.is_partial():
        return web.render("console/_node.html", **shown)
    return web.render("console/instance.html", **shown)


def page_of(found: Instance, **more: Any) -> dict[str, Any]:
    session, user, engine = web.db.session(), web.current_user(), web.engine()
    progress = engine.progress(session, found.id)
    tasks = queries.open_tasks(session, found.id)
    timers = list(session.scalars(queries.timers(user, {"instance_id": found.id})))
    waiting = [timer for timer in timers if timer.state == "waiting"]
    incidents = list(session.scalars(queries.incidents(user, {"instance_id": found.id})))
    resolved = list(session.scalars(queries.incidents(user, {"instance_id": found.id, "resolved": True})))
    lines = queries.history(session, found.id)
    broken = engine.verify(session, found.id)
    awaited, children = queries.awaited(session, found.id), queries.children(session, found.id, user)
    drawn = picture(progress, tasks, waiting, incidents, awaited)
    return {
        "instance": found,
        "loaded": progress.loaded,
        "drawn": drawn,
        "tasks": tasks,
        "awaited": awaited,
        "timers": timers,
        "waiting": waiting,
        "incidents": incidents,
        "resolved": resolved,
        "lines": [_told(line, progress.loaded) for line in reversed(lines[-LINES:])],
        "more_lines": max(0, len(lines) - LINES),
        "chain": (broken is None, broken, len(lines)),
        "moved": queries.moves(session, timers, user),
        "reasons": _reasons(lines),
        "data": _data(found, progress.loaded) if access.sees_data(user) else None,
        "parent": queries.instances_by_id(session, [found.parent_id], user).get(found.parent_id)
        if found.parent_id
        else None,
        "children": children,
        "titles": queries.titles(session, [found, *children]),
        "verbs": access.verbs_of(user, found.status),
        **_inner(found, progress.loaded, more.get("given") or {}, more.get("wrong") or {}),
        "may_retry": user.has(*access.CONSOLE) and found.status == "running",
        "resolvers": queries.names(session, [row.resolved_by_id for row in resolved]),
        "node": _node(found, drawn, timers, [*incidents, *resolved], lines),
        "node_names": lambda node_id: _node_name(progress.loaded, node_id),
        "words": words,
        "errors": {},
        "typed": {},
    } | more


def _inner(found: Instance, loaded: Loaded, given: Mapping[str, str], wrong: Mapping[str, Any]) -> dict[str, Any]:
    """The forms of what may be done inside it."""
    session, engine = web.db.session(), web.engine()
    inner = access.inner_verbs_of(web.current_user(), found.status)
    places = inside.places(loaded, engine.movable(session, found.id)) if "move" in inner else []
    values = engine.editable(session, found.id) if "edit" in inner else {}
    return {
        "places": places,
        "values": inside.values_of(values, _labels(loaded), given, wrong),
        "given": given,
        "compared": [],
        "wrong": wrong,
    }


def _node(found: Instance, drawn: Any, timers: Any, incidents: Any, lines: list[History]) -> dict[str, Any] | None:
    """What is known of the node that was asked for."""
    node_id = request.args.get("node", "")
    step = drawn.step(node_id)
    if step is None:
        return None
    return {
        "step": step,
        "tasks": queries.tasks_at(web.db.session(), found.id, node_id),
        "timers": [timer for timer in timers if timer.node_id == node_id],
        "incidents": [incident for incident in incidents if incident.node_id == node_id],
        "lines": [line for line in reversed(lines) if line.node_id == node_id][:20],
    }


def _node_name(loaded: Loaded, node_id: str | None) -> str:
    node = loaded.nodes.get(node_id or "")
    return (bilingual(node.name, node.name_en) or node.id) if node else node_id or ""


def _told(line: History, loaded: Loaded) -> dict[str, Any]:
    return {
        "seq": line.seq,
        "at": line.at,
        "word": words.event_word(line.event),
        "event": line.event,
        "node": _node_name(loaded, line.node_id),
        "who": _("系统") if line.actor_id is None and line.actor_name == SYSTEM.name else line.actor_name,
        "org": line.actor_org,
    }


def _reasons(lines: list[History]) -> dict[int, str]:
    """Why something was done, by the line's number. Operators read only what operators wrote: the rest is business."""
    given = {line.seq: (line.actor_id, str((line.data or {}).get("reason") or "")) for line in lines}
    if not access.sees_data(web.current_user()):
        own = queries.administrators(web.db.session(), [actor for actor, reason in given.values() if reason])
        given = {seq: told for seq, told in given.items() if told[0] in own}
    return {seq: reason for seq, (_actor, reason) in given.items() if reason}


def _data(found: Instance, loaded: Loaded) -> list[tuple[str, str, Any]]:
    """(name, label, value) of each variable; labels are those of the process's forms."""
    labels, values = _labels(loaded), web.engine().data(web.db.session(), found.id)
    return [(name, labels.get(name, ""), value) for name, value in sorted(values.items())]


def _labels(loaded: Loaded) -> dict[str, str]:
    labels: dict[str, str] = {}
    for name in loaded.files:
        if name.startswith("forms/") and name.endswith(".json"):
            form = loaded.form(name.removeprefix("forms/").removesuffix(".json")) or {}
            labels |= {str(f.get("name")): pick(f.get("label")) for f in form.get("fields") or []}
    return labels


@blueprint.get("/instances/<instance_id>/diagram.bpmn")
@requires(*access.CONSOLE)
def diagram(instance_id: str) -> Response:
    """The diagram of the version this instance runs on: what the process is, nothing of the matter."""
    found = queries.instance(web.db.session(), instance_id, web.current_user())
    loaded = web.engine().definition(web.db.session(), found.definition_id)
    response = Response(loaded.package.diagram, content_type="application/xml; charset=utf-8")
    response.headers["Content-Disposition"] = 'inline; filename="process.bpmn"'
    return response


@blueprint.post("/instances/<instance_id>/suspension")
@requires(*access.CONSOLE)
def suspension(instance_id: str) -> Response:
    """中止, or with DELETE 恢复."""
    resuming = request.form.get("_method", "").upper() == "DELETE"
    return _switch(instance_id, "resume" if resuming else "suspend")


@blueprint.post("/instances/<instance_id>/cancellation")
@requires(*access.OFFICE)
def cancellation(instance_id: str) -> Response:
    """作废."""
    return _switch(instance_id, "cancel")


def _switch(instance_id: str, verb: str) -> Response:
    reason = request.form.get("reason", "").strip()
    act, done = {
        "suspend": (acts.suspend, _("已中止")),
        "resume": (acts.resume, _("已恢复")),
        "cancel": (acts.cancel, _("已作废")),
    }[verb]
    try:
        queries.instance(web.db.session(), instance_id, web.current_user())
        if not reason and verb != "resume":
            raise Invalid({"reason": [_("请写明原因")]})
        act(instance_id, reason)
    except (Invalid, Conflict) as refused:
        return _again(instance_id, verb, refused, reason)
    flash(done)
    return web.see_other(url_for("console.instance", instance_id=instance_id))


def _again(instance_id: str, verb: str, refused: DubanError, reason: str) -> Response:
    """The page with that verb's form open, or as it is now where somebody was faster."""
    web.refresh()
    found = queries.instance(web.db.session(), instance_id, web.current_user())
    said = {verb: acts.why(refused)}
    return web.render("console/instance.html", refused.status, **page_of(found, errors=said, typed={verb: reason}))
