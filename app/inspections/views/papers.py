"""Papers on A4, as they are printed and signed."""

from __future__ import annotations

from flask import Response

from app import files, web
from app.errors import NotFound
from app.inspections import queries
from app.inspections.papers import paper_of
from app.inspections.views import blueprint


@blueprint.get("/<inspection_id>/papers/<inspected_subject_id>/<kind>")
def paper(inspection_id: str, inspected_subject_id: str, kind: str) -> Response:
    """Whoever may see the visit may print its papers: the office, and once it is carried out, whom it concerns."""
    session, user = web.db.session(), web.current_user()
    inspection = queries.get(session, inspection_id, user)
    checked = queries.subject_of(session, inspected_subject_id, user)
    found = paper_of(session, inspection, checked, kind) if checked.inspection_id == inspection.id else None
    if found is None:
        raise NotFound()
    photos = {one.id: files.named(session, one.photos) for one in found.items if one.failed}
    return web.render("inspections/paper.html", paper=found, photos=photos)
