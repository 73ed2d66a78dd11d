"""Experts from a list: hand in a file, see what is wrong row by row, or have them all entered."""

from __future__ import annotations

from typing import Any

from flask import Response, flash, request, url_for

from app import web
from app.accounts import requires
from app.consultations import access
from app.consultations.operations import importing
from app.consultations.operations.importing import HEADS, Row
from app.consultations.views import pool
from app.consultations.views.experts import labels
from app.errors import Invalid
from app.files.tables import MOST_BYTES, XLSX, read_table, xlsx_file
from app.i18n import _

_EXAMPLE = (
    "陈工",
    "望海理工学院",
    "高级工程师",
    "ZJ0001",
    "13600000000",
    "工贸、危险化学品",
    "粉尘防爆",
    "800",
    "按次",
)


@pool.get("/import")
@requires(*access.POOL_KEEPERS)
def list_form() -> Response:
    return _page()


@pool.get("/import/template.xlsx")
@requires(*access.POOL_KEEPERS)
def list_template() -> Response:
    """The columns with one row as an example."""
    content = xlsx_file(_("专家"), [names[0] for names in HEADS.values()], [_EXAMPLE])
    response = Response(content, mimetype=XLSX)
    response.headers["Content-Disposition"] = 'attachment; filename="experts.xlsx"'
    return response


@pool.post("/import")
@requires(*access.POOL_KEEPERS)
def enter_list() -> Response:
    """All of the list, or nothing while a row is wrong."""
    rows: list[Row] = []
    try:
        rows = importing.read(web.db.session(), read_table(_sent()))
        if any(row.errors for row in rows):
            return _page(rows)
        count = _enter(rows)
    except Invalid as wrong:
        web.refresh()
        return _page([row for row in rows if row.errors], None if any(row.errors for row in rows) else wrong.errors)
    flash(_("已登记 %(n)s 位专家", n=count))
    return web.see_other(url_for("experts.index"))


def _sent() -> bytes:
    upload = request.files.get("file")
    if upload is None or not upload.filename:
        raise Invalid({"file": [_("没有选择文件")]})
    return upload.stream.read(MOST_BYTES + 1)


@web.writes
def _enter(rows: list[Row]) -> int:
    return importing.enter(web.db.session(), rows, by=web.actor(), now=web.clock().now())


def _page(rows: list[Row] | None = None, errors: dict[str, Any] | None = None) -> Response:
    wrong = [row for row in rows or [] if row.errors]
    return web.render(
        "consultations/experts/import.html",
        422 if wrong or errors else 200,
        rows=wrong,
        total=len(rows or []),
        errors=errors or {},
        labels=labels(),
        heads=[names[0] for names in HEADS.values()],
    )
