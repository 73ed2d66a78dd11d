"""出差代理: said on one's own account page."""

from __future__ import annotations

from flask import Response, flash, url_for

from app import web
from app.accounts.absences import Absence, operations
from app.accounts.absences.schemas import AbsenceIn
from app.accounts.views import blueprint
from app.accounts.views.account import page
from app.accounts.views.forms import submitted
from app.errors import Conflict, Invalid, NotFound
from app.i18n import _


@blueprint.post("/account/absences")
@web.writes
def name_proxy() -> Response:
    try:
        data = submitted(AbsenceIn())
        operations.name_proxy(web.db.session(), web.current_user(), data, web.clock().now())
    except Invalid as wrong:
        return page(422, absence_errors=wrong.errors)
    except Conflict as late:
        return page(409, absence_errors={"first": [late.detail]})
    flash(_("已指定代理人"))
    return web.see_other(url_for("accounts.account", _anchor="absences"))


@blueprint.post("/account/absences/<absence_id>/ending")
@web.writes
def end_absence(absence_id: str) -> Response:
    absence = web.db.session.get(Absence, absence_id)
    if absence is None or absence.user_id != web.current_user().id:
        raise NotFound()
    try:
        operations.end(web.db.session(), absence, web.current_user(), web.clock().now())
    except Conflict as late:
        return page(409, absence_errors={"first": [late.detail]})
    flash(_("代理已结束"))
    return web.see_other(url_for("accounts.account", _anchor="absences"))
