"""常用筛选: keep what is filtered now under a name, make it the default, delete it."""

from __future__ import annotations

from flask import Response, flash, request, url_for

from app import web
from app.errors import Conflict, Invalid
from app.i18n import _
from app.inbox import saved
from app.inbox.listing import Listing
from app.inbox.views import blueprint
from app.inbox.views.lists import context


@blueprint.post("/tasks/filters")
@web.writes
def keep_filter() -> Response:
    wanted, name = Listing.of(request.args), request.form.get("name", "")
    try:
        one = saved.keep(web.db.session(), web.actor(), name, wanted, web.clock().now())
    except Invalid as wrong:
        return _again(wanted, name, 422, [str(said) for said in wrong.errors["name"]])
    except Conflict as taken:
        return _again(wanted, name, 409, [str(taken.detail)])
    flash(_("已保存筛选：%(name)s", name=one.name))
    return web.see_other(url_for("inbox.index", **wanted.args(), saved=one.id))


@blueprint.post("/tasks/filters/<filter_id>/deletion")
@web.writes
def delete_filter(filter_id: str) -> Response:
    saved.delete(web.db.session(), web.actor(), filter_id, web.clock().now())
    flash(_("已删除筛选"))
    return _back()


@blueprint.post("/tasks/filters/<filter_id>/default")
@web.writes
def set_default_filter(filter_id: str) -> Response:
    on = request.form.get("on") == "1"
    try:
        saved.set_default(web.db.session(), web.actor(), filter_id, web.clock().now(), on=on)
    except Conflict as late:
        flash(str(late.detail), "warning")
    else:
        flash(_("打开待办时先用这个筛选") if on else _("打开待办时不再筛选"))
    return _back()


def _back() -> Response:
    """To the list as it stands."""
    return web.see_other(url_for("inbox.index", **(Listing.of(request.args).args() or {"box": "todo"})))


def _again(wanted: Listing, name: str, status: int, said: list[str]) -> Response:
    shown = context(wanted) | {"keep_errors": {"name": said}, "keep_name": name}
    if not shown["may_keep"]:
        shown["refused"] = said[0]
    return web.render("inbox/index.html", status, **shown, may_start=False)
