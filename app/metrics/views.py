"""The catalogue with its values, the rows behind a figure, snapshots."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

from flask import Blueprint, Response, flash, request, url_for

from app import web
from app.accounts import requires
from app.audit import record
from app.clock import local
from app.errors import NotFound
from app.files.tables import XLSX, xlsx_file
from app.i18n import _, lazy_
from app.metrics import evaluating, naming, operations, queries, rounding, windows
from app.metrics.entries import Metric, catalogue
from app.metrics.evaluating import Figure
from app.metrics.models import MetricSnapshot
from app.metrics.windows import Question

blueprint = Blueprint("metrics", __name__, url_prefix="/metrics")
READERS = ("leader", "coordinator", "auditor", "dept_staff", "town_staff")
_PAGE, _EXPORTED = 20, 20_000
_ASKED = ("window", "at", "from", "to", "period", "campaign")


def register_menu() -> None:
    web.menu.add(
        web.MenuItem(
            "analysis",
            20,
            "metrics.index",
            lazy_("指标"),
            icon="chart-bar",
            shown=lambda user: user.has(*READERS),
        )
    )


@blueprint.get("")
@requires(*READERS)
def index() -> Response:
    """Every figure with its value in one window."""
    question = asked()
    figures = [_figure(metric, question) for metric in catalogue().values()]
    groups: dict[str, list[Figure]] = {}
    for figure in figures:
        groups.setdefault(str(figure.metric.source.label), []).append(figure)
    return web.render("metrics/index.html", groups=groups, link=link, **_window_form(question))


@blueprint.get("/<key>/rows")
@requires(*READERS)
def rows(key: str) -> Response:
    """The rows behind a figure. Their number is the figure."""
    metric, question, session, user = queries.get_metric(key), asked(), web.db.session(), web.current_user()
    narrowed, figure = _narrowed(metric), _figure(metric, question)
    if question.kind in ("campaign", "special") and figure.window is not None:
        question = replace(question, period=figure.window.key)  # the form shows the one that is counted
    select = evaluating.rows(session, metric, user, question, web.clock().now(), narrowed)
    page = web.paginate(select, web.page_number(), _PAGE)
    return web.render(
        "metrics/rows.html",
        metric=metric,
        figure=figure,
        page=page,
        rule=naming.rule(metric),
        groups=_groups(metric, question),
        narrowed=narrowed,
        snapshots=_compared(metric),
        link=link,
        **_table(metric, page.items),
        **_window_form(question),
    )


def _figure(metric: Metric, question: Question) -> Figure:
    return evaluating.figure(web.db.session(), metric, web.current_user(), question, web.clock().now())


def _table(metric: Metric, items: list[Any]) -> dict[str, Any]:
    columns = [metric.source.named(name) for name in evaluating.shown(metric)]
    cells = naming.table(web.db.session(), columns, items)
    links = [metric.source.link(row._asdict()) for row in items]
    return {"columns": columns, "cells": list(zip(links, cells, strict=True))}


def _groups(metric: Metric, question: Question) -> dict[str, Any]:
    """The figure by one column, where `?by=` asks for it."""
    by, source = request.args.get("by", ""), metric.source
    chosen = by if by in source.group else ""
    found = (
        evaluating.grouped(web.db.session(), metric, chosen, web.current_user(), question, web.clock().now())
        if chosen
        else []
    )
    return {
        "by": chosen,
        "options": [(n, str(source.named(n).label)) for n in source.group if naming.readable(source.named(n))],
        "figures": found,
    }


def _narrowed(metric: Metric) -> dict[str, str]:
    """One group of the figure, or one side of a ratio."""
    names = (*metric.source.group, "part") if metric.measure == "ratio" else metric.source.group
    return {name: request.args[name] for name in names if name in request.args and name not in _ASKED}


@blueprint.get("/<key>/rows.xlsx")
@requires(*READERS)
@web.writes
def export_rows(key: str) -> Response:
    """The same rows as a file; who took it is recorded."""
    metric, session, now = queries.get_metric(key), web.db.session(), web.clock().now()
    select = evaluating.rows(session, metric, web.current_user(), asked(), now, _narrowed(metric))
    table = _table(metric, list(session.execute(select.limit(_EXPORTED))))
    head = [str(column.label) for column in table["columns"]]
    content = xlsx_file(metric.title, head, [cells for _link, cells in table["cells"]])
    record(session, now, web.actor(), "metrics.exported", "metric", key, rows=len(table["cells"]))
    response = Response(content, mimetype=XLSX)
    response.headers["Content-Disposition"] = f'attachment; filename="{key}.xlsx"'
    return response


@blueprint.get("/snapshots")
@requires(*READERS)
def snapshots() -> Response:
    """Every snapshot that the person may see."""
    page = web.paginate(queries.snapshots(web.current_user()), web.page_number(), _PAGE)
    return web.render("metrics/snapshots.html", page=page, rows=[compared(one) for one in page.items], link=link)


@blueprint.post("/<key>/snapshots")
@requires(*READERS)
def take(key: str) -> Response:
    """Fix the figure as it is now."""
    metric = queries.get_metric(key)
    _take(metric)
    flash(_("已存快照，此后数据变动不改变它"))
    return web.see_other(link("metrics.rows", key=key))


@web.writes
def _take(metric: Metric) -> None:
    operations.take(
        web.db.session(),
        metric,
        asked(),
        user=web.current_user(),
        by=web.actor(),
        now=web.clock().now(),
        purpose=request.form.get("purpose", "").strip()[:120],
    )


@blueprint.get("/snapshots/<snapshot_id>")
@requires(*READERS)
def snapshot(snapshot_id: str) -> Response:
    """One snapshot beside what the records say now, down to whether the same rows stand behind it."""
    session, user = web.db.session(), web.current_user()
    found = queries.get_snapshot(session, snapshot_id, user)
    if found.key not in catalogue():
        raise NotFound()
    ids = queries.rows_now(session, found, web.clock().now())
    same_rows = ids is not None and operations.rows_hash(ids) == found.rows_hash
    same_rule = operations.rule_hash(catalogue()[found.key]) == found.rule_hash
    return web.render("metrics/snapshot.html", same_rows=same_rows, same_rule=same_rule, **compared(found))


def _compared(metric: Metric) -> list[dict[str, Any]]:
    select = queries.snapshots(web.current_user(), metric.key).limit(5)
    return [compared(one) for one in web.db.session().scalars(select)]


def compared(one: MetricSnapshot) -> dict[str, Any]:
    """A snapshot with its figure as text, and as it is counted now; `changed` where the two differ."""
    metric = catalogue().get(one.key)
    figure = queries.now_reads(web.db.session(), one, web.clock().now())
    style = metric.style if metric else "whole"
    value = None if one.value is None else Decimal(one.value)
    changed = figure is not None and (None if figure.value is None else str(figure.value)) != one.value
    return {
        "snapshot": one,
        "metric": metric,
        "text": rounding.written(value, style),
        "now_figure": figure,
        "changed": changed,
        "at": f"{local(one.taken_at):%Y-%m-%d %H:%M}",
    }


def asked() -> Question:
    return queries.asked(request.args)


def link(endpoint: str, **values: Any) -> str:
    """An address that keeps the question of this page."""
    kept: dict[str, Any] = {**asked().args, **{name: value for name, value in values.items() if value != ""}}
    return url_for(endpoint, **kept)


def _window_form(question: Question) -> dict[str, Any]:
    session, user = web.db.session(), web.current_user()
    kinds = [(kind, str(text)) for kind, text in windows.KINDS.items() if _usable(kind)]
    offered = windows.periods(session, user, question.kind) if question.kind in ("campaign", "special") else []
    return {"question": question, "kinds": kinds, "periods": [(period.key, period.name) for period in offered]}


def _usable(kind: str) -> bool:
    """Campaigns and special periods are offered where there are any."""
    if kind not in ("campaign", "special"):
        return True
    return bool(windows.periods(web.db.session(), web.current_user(), kind))
