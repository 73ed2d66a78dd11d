"""What the engine could not do: causes in words, retry singly, for a selection, or for everything under a filter."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from flask import Response, flash, request, url_for

from app import web
from app.accounts import requires
from app.console import access, acts, queries, words
from app.console.views import PER_PAGE, blueprint, page_number
from app.engine import Incident
from app.errors import Invalid
from app.i18n import _, bilingual


@dataclass(frozen=True)
class Filters:
    resolved: str = ""
    kind: str = ""
    process: str = ""

    @classmethod
    def of(cls, args: Mapping[str, Any]) -> Filters:
        text = {name: str(args.get(name) or "").strip()[:80] for name in cls.__dataclass_fields__}
        return cls(**text | {"resolved": "1" if text["resolved"] else ""})

    def args(self, **changes: Any) -> dict[str, Any]:
        values = {name: getattr(self, name) for name in self.__dataclass_fields__} | changes
        return {name: str(value) for name, value in values.items() if value}

    @property
    def wanted(self) -> dict[str, Any]:
        return {"resolved": self.resolved, "kind": self.kind, "process": self.process}


@blueprint.get("/incidents")
@requires(*access.CONSOLE)
def incidents() -> Response:
    filters, session, user = Filters.of(request.args), web.db.session(), web.current_user()
    page = web.paginate(queries.incidents(user, filters.wanted), page_number(), PER_PAGE)
    other = queries.incident_counts(session, user, {**filters.wanted, "resolved": not filters.resolved})
    shown: dict[str, Any] = {
        "filters": filters,
        "page": page,
        "counts": queries.incident_counts(session, user, filters.wanted),
        "other_count": other[""],
        "processes": queries.processes(session),
        "names": queries.names(session, [row.resolved_by_id for row in page.items]),
        "most": acts.MOST,
        "link": lambda **changes: _link(filters, **changes),
    } | about(page.items)
    return web.render("console/_incidents.html" if web.is_partial() else "console/incidents.html", **shown)


def about(rows: list[Incident]) -> dict[str, Any]:
    """The instances of incidents, their processes, and names of nodes."""
    session, user = web.db.session(), web.current_user()
    instances = queries.instances_by_id(session, [row.instance_id for row in rows], user)
    return {
        "instances": instances,
        "titles": queries.titles(session, instances.values()),
        "node_name": lambda row: _node_name(instances.get(row.instance_id), row.node_id),
        "words": words,
    }


def _node_name(instance: Any, node_id: str | None) -> str:
    if instance is None or not node_id:
        return ""
    node = web.engine().definition(web.db.session(), instance.definition_id).nodes.get(node_id)
    return (bilingual(node.name, node.name_en) or node.id) if node else node_id


def _link(shown: Filters, **changes: Any) -> str:
    page = changes.pop("page", None)
    return url_for("console.incidents", **shown.args(**changes), **({"page": page} if page and page > 1 else {}))


@blueprint.post("/incidents/<incident_id>/retry")
@requires(*access.CONSOLE)
def retry(incident_id: str) -> Response:
    """Try one again and say what became of it."""
    queries.incident(web.db.session(), incident_id, web.current_user())
    return _results(acts.retry_all([incident_id]))


@blueprint.post("/incidents/batches")
@requires(*access.CONSOLE)
def retry_incidents() -> Response:
    """Try the chosen ones again, or all under the filter; a result for each."""
    ids = request.form.getlist("ids")
    if request.form.get("all"):
        select = queries.incidents(web.current_user(), {**Filters.of(request.args).wanted, "resolved": ""})
        ids = list(web.db.session.scalars(select.with_only_columns(Incident.id).limit(acts.MOST)))
    try:
        return _results(acts.retry_all(ids))
    except Invalid as wrong:
        flash(acts.why(wrong), "warning")
        return web.see_other(_link(Filters.of(request.args)))


def _results(results: list[acts.Result]) -> Response:
    """One result a row, and where the instance stands now."""
    session = web.db.session()
    found = session.scalars(sa.select(Incident).where(Incident.id.in_([result.id for result in results])))
    rows = {row.id: row for row in found}
    shown = about(list(rows.values()))
    return web.render(
        "console/retried.html",
        results=results,
        rows={key: row for key, row in rows.items() if row.instance_id in shown["instances"]},
        steps=queries.open_steps(session, shown["instances"]),
        went=sum(result.ok for result in results),
        summary=summary(sum(result.ok for result in results), len(results)),
        back=_back(),
        **shown,
    )


def _back() -> str:
    """To the instance that the button stood on, else to the list under its filters."""
    instance_id = request.form.get("instance", "")
    if instance_id.isalnum():
        return url_for("console.instance", instance_id=instance_id)
    return _link(Filters.of(request.args))


def summary(went: int, of: int) -> str:
    if went == of:
        return _("%(n)s 项异常已解除", n=went)
    return _("%(went)s 项已解除，%(rest)s 项仍未解除", went=went, rest=of - went)
