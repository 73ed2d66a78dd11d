"""Lists: consultations for the offices, visits for whom a single one concerns."""

from __future__ import annotations

from typing import Any

from flask import Response, request, url_for

from app import web
from app.accounts import sector_options
from app.consultations import access, queries
from app.consultations.models import KINDS, STATUSES, Consultation, Visit
from app.consultations.schemas import ConsultationFilter
from app.consultations.views import blueprint
from app.i18n import _

_PAGE = 20


@blueprint.get("")
def index() -> Response:
    """Consultations with their visits; every filter is a GET link or field."""
    filters, session, user = _filters(), web.db.session(), web.current_user()
    page = web.paginate(queries.consultations(user, filters), web.page_number(), _PAGE)
    return web.render(
        "consultations/_list.html" if web.is_partial() else "consultations/index.html",
        page=page,
        filters=filters,
        link=link,
        tabs=_tabs(queries.status_counts(session, user, filters), filters),
        words={"kinds": KINDS},
        sectors=sector_options(session),
        may_start=user.has(*access.ORGANISERS),
        **rows_context(page.items),
    )


def rows_context(rows: list[Consultation]) -> dict[str, Any]:
    """What a row needs beside the record."""
    session = web.db.session()
    visits = queries.visits_of_all(session, [row.id for row in rows])
    subjects = [visit.subject_id for found in visits.values() for visit in found]
    return {
        "visits": visits,
        "names": queries.names_of(session, subjects, [row.supervising_org_id for row in rows]),
        "mean": mean,
    }


def mean(visits: list[Visit], name: str) -> float | None:
    """Average of a score over the visits that have it."""
    scores = [value for visit in visits if (value := getattr(visit, name)) is not None]
    return round(sum(scores) / len(scores), 1) if scores else None


def _tabs(counts: dict[str, int], filters: dict[str, str]) -> list[tuple[str, str, int, bool]]:
    shown = {
        "": _("全部"),
        "open": _("办理中"),
        **{key: str(STATUSES[key]) for key in ("visiting", "reporting", "done")},
    }
    return [(link(status=key), text, counts.get(key, 0), filters["status"] == key) for key, text in shown.items()]


@blueprint.get("/visits")
def visits() -> Response:
    """What concerns the person: an expert's engagements, a town's and an enterprise's visits."""
    session, user, now = web.db.session(), web.current_user(), web.clock().now()
    page = web.paginate(queries.visits(user, now), web.page_number(), _PAGE)
    topics = queries.topics_of(session, [row.consultation_id for row in page.items])
    return web.render(
        "consultations/visits.html",
        page=page,
        topics=topics,
        names=queries.names_of(session, [row.subject_id for row in page.items]),
        page_url=lambda number: url_for("consultations.visits", page=number),
    )


def _filters() -> dict[str, str]:
    return dict(ConsultationFilter().load(request.args.to_dict()))


def link(**changes: Any) -> str:
    """The list with one filter changed; an empty value drops it, and every change goes back to page 1."""
    merged = {name: value for name, value in {**_filters(), **changes}.items() if value}
    return url_for("consultations.index", **merged)
