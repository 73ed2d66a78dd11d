"""A page a process: its diagram with everything of it that goes on, as far as the person may see it."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Flask, Response, request, url_for

from app import web
from app.accounts import requires
from app.console import access, cases, queries
from app.console.process_map import SHOWN, process_map
from app.engine import Instance, Loaded
from app.errors import NotFound
from app.i18n import lazy_, pick

blueprint = Blueprint("processes", __name__, url_prefix="/processes")
PER_PAGE = 40


@blueprint.get("")
@requires(*access.MAP_READERS)
def index() -> Response:
    """Every process of which the person may see something that goes on."""
    session = web.db.session()
    going = queries.going_by_process(session, web.current_user())
    return web.render("console/processes.html", rows=queries.in_force(session, going), going=going)


@blueprint.get("/<key>")
@requires(*access.MAP_READERS)
def show(key: str) -> Response:
    """The map; as a fragment only what changes. `parent` narrows it to the children of one instance."""
    shown = _shown(key)
    return web.render("console/_map.html" if web.is_partial() else "console/process.html", **shown)


@blueprint.get("/<key>/diagram.bpmn")
@requires(*access.MAP_READERS)
def diagram(key: str) -> Response:
    """The diagram of the version in force."""
    response = Response(_loaded(key).package.diagram, content_type="application/xml; charset=utf-8")
    response.headers["Content-Disposition"] = 'inline; filename="process.bpmn"'
    return response


@blueprint.get("/<key>/cases")
def list_cases(key: str) -> Response:
    """台账 of one process, with what it promotes: for whoever sees one of its instances, may start it or reads maps."""
    session, user, engine = web.db.session(), web.current_user(), web.engine()
    loaded = cases.version_of(session, engine, key)
    # Narrowing by a fact that one may not see would tell it.
    narrowed = ("status", "fact", "value") if access.sees_data(user) else ("status",)
    asked = {"fact": "", "value": ""} | {name: request.args.get(name, "") for name in narrowed}
    startable = engine.published(session, key) is not None and engine.may_start(session, loaded, user.id)
    found = cases.conditions(user, key, **asked)
    page = web.paginate(cases.rows(found), web.page_number(), PER_PAGE)
    every = cases.conditions(user, key, "", "", "")
    counts = queries.status_counts(session, every)
    if not counts and not access.reads_maps(user) and not startable:
        raise NotFound()
    shown = cases.columns(loaded) if access.sees_data(user) else []
    many = sum(counts.values()) > queries.MOST_COUNTED  # sums over so many would take many seconds
    return web.render(
        "console/cases.html",
        loaded=loaded,
        page=page,
        columns=shown,
        facts=cases.facts_of(session, page.items),
        figures=[] if many else cases.figures(session, shown, found),
        most=queries.MOST_COUNTED if many and shown else None,
        counts=counts,
        asked=asked,
        link=lambda **more: url_for(
            "processes.list_cases", key=key, **{k: v for k, v in {**asked, **more}.items() if v}
        ),
        now=web.clock().now(),
        may_start=startable and key not in web.starters,
    )


def _loaded(key: str) -> Loaded:
    loaded = web.engine().published(web.db.session(), key)
    if loaded is None:
        raise NotFound()
    return loaded


def _shown(key: str) -> dict[str, Any]:
    session, user, engine = web.db.session(), web.current_user(), web.engine()
    loaded, parent = _loaded(key), _parent()
    chosen = request.args.get("show", "count")
    chosen = chosen if chosen in SHOWN else "count"
    conditions = queries.of_process(user, key, parent.id if parent else None)
    standing = engine.standing(session, conditions, web.clock().now())
    return {
        "loaded": loaded,
        "parent": parent,
        "drawn": process_map(loaded, standing, engine.pace(session, conditions), chosen),
        "counts": queries.status_counts(session, conditions),
        "chosen": chosen,
        "tabs": [(_url(key, parent, show), str(name), "", show == chosen) for show, name in SHOWN.items()],
        "here": _url(key, parent, chosen),
        "titles": queries.process_titles(session),
    }


def _parent() -> Instance | None:
    parent_id = request.args.get("parent", "")
    return queries.instance(web.db.session(), parent_id, web.current_user()) if parent_id else None


def _url(key: str, parent: Instance | None, show: str) -> str:
    narrowed = parent.id if parent else None
    return url_for("processes.show", key=key, show=show if show != "count" else None, parent=narrowed)


@blueprint.context_processor
def common() -> dict[str, Any]:
    return {
        "sees_data": access.sees_data(web.current_user()),
        "opens_console": access.opens_console(web.current_user()),
        "process_name": lambda loaded: pick(loaded.title),
    }


def init_app(app: Flask) -> None:
    app.register_blueprint(blueprint)
    item = web.MenuItem("analysis", 40, "processes.index", lazy_("流程"), icon="route", shown=access.reads_maps)
    web.menu.add(item)
