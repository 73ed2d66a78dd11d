from __future__ import annotations

from typing import Any

from flask import Flask

from app import web
from app.calendars import light
from app.errors import Conflict
from app.hazards import access, acts, queries, requests
from app.hazards.models import RUNNING, Hazard
from app.hazards.schemas import (
    CorrectionIn,
    HazardDetail,
    HazardFilter,
    HazardIn,
    HazardOut,
    RecurrenceIn,
    VoidingIn,
)
from app.i18n import _

blp = web.blueprint("hazards", description="Hazards and their rectification")


class HazardQuery(HazardFilter, web.ApiPage):
    """Filters and paging."""

    class Meta(web.ApiPage.Meta):
        pass


@blp.route("/hazards")
@blp.arguments(HazardQuery, location="query")
@blp.response(200, HazardOut(many=True))
def index(query: dict[str, Any]) -> Any:
    """The hazards the caller may see. `status=open` means all that are not closed; `light` is red, amber or green."""
    select = queries.hazards(web.current_user(), query, web.clock().now(), query["sort"])
    page = web.paginate(select, query["page"], query["per_page"])
    return [_row(hazard) for hazard in _named(page.items)], 200, {"X-Total-Count": str(page.total)}


@blp.route("/hazards/<hazard_id>")
@blp.response(200, HazardDetail)
def show(hazard_id: str) -> dict[str, Any]:
    """One hazard with its tasks and deadlines, if the caller may see it."""
    return _detail(queries.get(web.db.session(), hazard_id, web.current_user()))


@blp.route("/hazards", methods=["POST"])
@blp.arguments(HazardIn)
@blp.response(201, HazardDetail)
def create(data: dict[str, Any]) -> dict[str, Any]:
    """Register a hazard: starts its process. `request_key` makes a repeat answer with what was registered first."""
    already = queries.of_request(web.db.session(), data["request_key"], web.current_user())
    return _detail(already) if already else _started(data)


@blp.route("/hazards/<hazard_id>/recurrence", methods=["POST"])
@blp.arguments(RecurrenceIn)
@blp.response(201, HazardDetail)
def create_recurrence(data: dict[str, Any], hazard_id: str) -> dict[str, Any]:
    """A closed hazard found again (反弹): a new hazard that names the old one, which stays closed."""
    prior = queries.get(web.db.session(), hazard_id, web.current_user())
    if prior.status != "closed":
        raise Conflict(_("没有销号的隐患不能登记反弹"), status=prior.status)
    access.require(access.may_register_recurrence(web.current_user(), prior))
    already = queries.of_request(web.db.session(), data["request_key"], web.current_user())
    return _detail(already) if already else _started(acts.recurrence_data(prior, data))


@blp.route("/hazards/<hazard_id>/correction", methods=["POST"])
@blp.arguments(CorrectionIn)
@blp.response(200, HazardDetail)
def correct(data: dict[str, Any], hazard_id: str) -> dict[str, Any]:
    """Correct what was registered, with the reason."""
    hazard = queries.get(web.db.session(), hazard_id, web.current_user())
    _require_open(hazard)
    access.require(access.may_correct(web.current_user(), hazard))
    acts.correct(hazard, data)
    return _again(hazard_id)


@blp.route("/hazards/<hazard_id>/voiding", methods=["POST"])
@blp.arguments(VoidingIn)
@blp.response(200, HazardDetail)
def void(data: dict[str, Any], hazard_id: str) -> dict[str, Any]:
    """Void a hazard that was none, with the reason: cancels its process."""
    hazard = queries.get(web.db.session(), hazard_id, web.current_user())
    _require_open(hazard)
    access.require(access.may_void(web.current_user(), hazard))
    acts.void(hazard, data)
    return _again(hazard_id)


def _require_open(hazard: Hazard) -> None:
    if not hazard.is_open:
        raise Conflict(_("这条隐患%(status)s，不能再改", status=hazard.status_name), status=hazard.status)


def _again(hazard_id: str) -> dict[str, Any]:
    return _detail(queries.get(web.db.session(), hazard_id, web.current_user()))


def _started(data: dict[str, Any]) -> dict[str, Any]:
    started = acts.register(data)
    return _again(str(started.subject_id))


def _named(rows: list[Hazard]) -> list[tuple[Hazard, str]]:
    subjects = queries.names_of(web.db.session(), rows)["subject"]
    return [(row, subjects[row.subject_id].name) for row in rows]


def _row(named: tuple[Hazard, str]) -> dict[str, Any]:
    hazard, name = named
    now = web.clock().now()
    shown = light(now, hazard.due_at, hazard.amber_at, hazard.paused_at) if hazard.status in RUNNING else "none"
    columns = {column.key: getattr(hazard, column.key) for column in Hazard.__table__.columns}
    return {**columns, "subject_name": name, "overdue": hazard.overdue(now), "light": shown}


def _detail(hazard: Hazard) -> dict[str, Any]:
    session = web.db.session()
    tasks = queries.open_tasks(session, [hazard.instance_id]).get(hazard.instance_id, [])
    return {
        **_row(_named([hazard])[0]),
        "rounds": queries.rounds(session, hazard),
        "tasks": tasks,
        "requests": requests.of_hazard(session, hazard),
    }


def init_app(_app: Flask) -> None:
    web.api.register_blueprint(blp)
