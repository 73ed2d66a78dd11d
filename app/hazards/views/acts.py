"""Acts on a hazard outside its steps: correct, void. Both go through the process, which writes the record."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import flash, request, url_for
from marshmallow import Schema, ValidationError
from werkzeug.wrappers import Response

from app import web
from app.errors import Conflict, Invalid
from app.hazards import access, acts, queries
from app.hazards.models import Hazard
from app.hazards.schemas import CorrectionIn, VoidingIn
from app.hazards.views import blueprint
from app.hazards.views.record import page
from app.i18n import _


@blueprint.post("/<hazard_id>/correction")
def correct(hazard_id: str) -> Response:
    hazard = queries.get(web.db.session(), hazard_id, web.current_user())
    access.require(access.may_correct(web.current_user(), hazard))
    return _act(hazard, CorrectionIn(), acts.correct, _("已更正"))


@blueprint.post("/<hazard_id>/voiding")
def void(hazard_id: str) -> Response:
    hazard = queries.get(web.db.session(), hazard_id, web.current_user())
    if not hazard.is_open:
        raise Conflict(_("这条隐患已经%(status)s", status=hazard.status_name), status=hazard.status)
    access.require(access.may_void(web.current_user(), hazard))
    return _act(hazard, VoidingIn(), acts.void, _("已作废"))


def _act(hazard: Hazard, schema: Schema, act: Callable[[Hazard, dict[str, Any]], None], said: str) -> Response:
    """Read the form, do it, go back to the page; what was refused is shown there with what was typed."""
    sent = {name: value for name, value in request.form.to_dict().items() if name in schema.fields}
    try:
        act(hazard, dict(schema.load(sent)))
    except ValidationError as wrong:
        return page(hazard, wrong.messages_dict, sent)
    except Invalid as wrong:
        web.refresh()
        return page(queries.get(web.db.session(), hazard.id, web.current_user()), wrong.errors, sent)
    flash(said)
    return web.see_other(url_for("hazards.show", hazard_id=hazard.id))
