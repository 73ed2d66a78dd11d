from __future__ import annotations

from flask import Blueprint, Response, jsonify, request

from app import web
from app.errors import NotFound
from app.forms import picking

blueprint = Blueprint("forms", __name__, url_prefix="/forms")


@blueprint.get("/options/<name>")
def options(name: str) -> Response:
    """What a picker offers for a search text: JSON, or the options of its select.

    The search box of a field sends its text as `<field>__q` and the present choice as `<field>`, which stays.
    """
    if name not in ("user", "organisation", *picking.pickers):
        raise NotFound()
    session, user = web.db.session(), web.current_user()
    filters = {word: request.args[word] for word in ("role", "org", "org_kind") if request.args.get(word)}
    q = next((v for k, v in request.args.items() if k == "q" or k.endswith("__q")), "")[:100]
    found = picking.find(session, user, name, q, filters)
    if request.accept_mimetypes.best == "application/json":
        return jsonify([{"value": value, "label": label} for value, label in found])
    field = next((k.removesuffix("__q") for k in request.args if k.endswith("__q")), "")
    chosen = request.args.get(field, "") if field else ""
    if chosen and chosen not in dict(found) and picking.may_pick(session, user, name, chosen, filters):
        found = [(chosen, picking.label_of(session, name, chosen)), *found]
    return web.render("forms/_options.html", options=found, chosen=chosen, searched=bool(q))
