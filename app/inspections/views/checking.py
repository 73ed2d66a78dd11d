"""The checklist on the spot, on a phone first: one tap an item; a failed one opens its hazard below it."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from flask import Response, flash, request, url_for
from marshmallow import ValidationError
from werkzeug.wrappers import Response as BaseResponse

from app import files, forms, web
from app.errors import NotFound
from app.i18n import _, lazy_
from app.inspections import access, acts, answering, queries, task_checks
from app.inspections.models import InspectedSubject, Inspection, InspectionItem
from app.inspections.schemas import InspectionAnswerIn, InspectionSiteIn
from app.inspections.views import blueprint
from app.inspections.words import DEADLINES, KINDS, RESULTS, SERVED, SEVERITIES

_PHOTOS = ("photos", "photos_after", "evidence")
LABELS = {
    "finding": lazy_("问题"), "photos": lazy_("照片"), "deadline": lazy_("整改期限"), "measures": lazy_("措施"),
    "photos_after": lazy_("整改后照片"), "location": lazy_("位置"), "requirement": lazy_("整改要求"),
    "evidence": lazy_("现场照片"), "signed_by": lazy_("签字人"), "refused_reason": lazy_("未签字的情况"),
    "scene": lazy_("检查场所"), "longitude": lazy_("定位"), "latitude": lazy_("定位"),
}  # fmt: skip
OTHER = "other"  # in the place of an item's id: a finding that no list asks for


def _fields(schema: Any) -> dict[str, Any]:
    """The schema as a form file, so that files sent without JavaScript are taken too."""
    kinds = {name: "photos" if name in _PHOTOS else "text" for name in schema.fields}
    return {"fields": [{"name": name, "kind": kind} for name, kind in kinds.items()]}


@blueprint.get("/<inspection_id>/check")
def check(inspection_id: str) -> BaseResponse:
    """To the first subject that is not finished."""
    session, user = web.db.session(), web.current_user()
    inspection = queries.get(session, inspection_id, user)
    subjects = queries.subjects_of(session, inspection, user)
    items = queries.items_of(session, [one.id for one in subjects])
    left = (one for one in subjects if task_checks.missing(one, items[one.id]))
    first = next(left, subjects[0] if subjects else None)
    if first is None:
        raise NotFound()
    return web.see_other(url_for("inspections.check_list", inspection_id=inspection.id, inspected_subject_id=first.id))


@blueprint.get("/<inspection_id>/check/<inspected_subject_id>")
def check_list(inspection_id: str, inspected_subject_id: str) -> Response:
    """All items of a subject by category, with what is left to do; at its end place, evidence and signature."""
    return _list(*_found(inspection_id, inspected_subject_id))


@blueprint.get("/<inspection_id>/check/<inspected_subject_id>/<item_id>")
def check_item(inspection_id: str, inspected_subject_id: str, item_id: str) -> Response:
    """One item, with the next ones below it."""
    inspection, subject = _found(inspection_id, inspected_subject_id)
    return _item(inspection, subject, _item_of(subject, item_id))


@blueprint.post("/<inspection_id>/check/<inspected_subject_id>/<item_id>")
def answer_item(inspection_id: str, inspected_subject_id: str, item_id: str) -> BaseResponse:
    """Save an answer: one of the three buttons was tapped, or what failed was described."""
    inspection, subject = _found(inspection_id, inspected_subject_id)
    acts.answerable(inspection)
    item = _item_of(subject, item_id)
    got = forms.receive(_fields(InspectionAnswerIn()))
    values = {name: value for name, value in got.answers.items() if value is not None}
    if item is not None:
        values |= {"item_id": item.id, "client_id": item.client_id}
    if tapped := request.form.get("tap"):
        values["result"] = tapped
    try:
        if item is None and not (values.get("finding") or values.get("photos")):
            raise ValidationError({"finding": [_("请写明问题")]})
        said = _take(subject.id, dict(InspectionAnswerIn().load(values)))
    except ValidationError as wrong:
        return _item(inspection, subject, item, values, wrong.messages_dict)
    if got.errors or said["status"] not in ("saved", "same"):
        errors = got.errors or said["errors"] or {"_": [_("这一项已由他人填写，请核对后再保存")]}
        return _item(*_found(inspection_id, inspected_subject_id), _item_of(subject, item_id), values, errors)
    return web.see_other(_onwards(inspection, subject, said["stored"].id, values))


@web.writes
def _take(inspected_subject_id: str, answer: dict[str, Any]) -> dict[str, Any]:
    subject = web.db.session().get_one(InspectedSubject, inspected_subject_id)
    found: dict[str, Any] = acts.answer(subject, [answer])["answers"][0]
    return found


def _onwards(inspection: Inspection, subject: InspectedSubject, item_id: str, values: dict[str, Any]) -> str:
    """A failed item is described before the next one; after the last one the list says what is left."""
    here: dict[str, Any] = {"inspection_id": inspection.id, "inspected_subject_id": subject.id}
    items = queries.items_of(web.db.session(), [subject.id])[subject.id]
    at = next(index for index, item in enumerate(items) if item.id == item_id)
    if items[at].failed and task_checks.lacking(items[at]) and "tap" in request.form:
        return url_for("inspections.check_item", **here, item_id=item_id)
    if request.form.get("from") == "list":
        return url_for("inspections.check_list", **here) + f"#item-{item_id}"
    following = next((item for item in items[at + 1 :] if not item.result), None) or next(
        (item for item in items if not item.result), None
    )
    if following is None:
        return url_for("inspections.check_list", **here) + "#site"
    return url_for("inspections.check_item", **here, item_id=following.id)


@blueprint.post("/<inspection_id>/check/<inspected_subject_id>/<item_id>/removal")
@web.writes
def remove_item(inspection_id: str, inspected_subject_id: str, item_id: str) -> BaseResponse:
    """Take back a finding that stands on no list."""
    inspection, subject = _found(inspection_id, inspected_subject_id)
    item = _item_of(subject, item_id)
    if item is None:
        raise NotFound()
    acts.hold(inspection.id)
    answering.remove(web.db.session(), item)
    return web.see_other(
        url_for("inspections.check_list", inspection_id=inspection.id, inspected_subject_id=subject.id)
    )


@blueprint.post("/<inspection_id>/check/<inspected_subject_id>/site")
def save_site(inspection_id: str, inspected_subject_id: str) -> BaseResponse:
    """Place, evidence and signature."""
    inspection, subject = _found(inspection_id, inspected_subject_id)
    acts.answerable(inspection)
    got = forms.receive(_fields(InspectionSiteIn()))
    values = {name: value for name, value in got.answers.items() if value not in (None, "")}
    try:
        said = _take_site(subject.id, dict(InspectionSiteIn().load(values)))
    except ValidationError as wrong:
        return _list(inspection, subject, values, wrong.messages_dict)
    if got.errors or said["status"] not in ("saved", "same"):
        errors = got.errors or said.get("errors") or {"_": [_("签字和现场情况已由他人填写，请核对后再保存")]}
        return _list(*_found(inspection_id, inspected_subject_id), values, errors)
    flash(_("已保存"))
    here: dict[str, Any] = {"inspection_id": inspection.id, "inspected_subject_id": subject.id}
    return web.see_other(url_for("inspections.check_list", **here) + "#site")


@web.writes
def _take_site(inspected_subject_id: str, data: dict[str, Any]) -> dict[str, Any]:
    subject = web.db.session().get_one(InspectedSubject, inspected_subject_id)
    found: dict[str, Any] = acts.answer(subject, [], data)["site"]
    return found


def _found(inspection_id: str, inspected_subject_id: str) -> tuple[Inspection, InspectedSubject]:
    session, user = web.db.session(), web.current_user()
    inspection = queries.get(session, inspection_id, user)
    subject = queries.subject_of(session, inspected_subject_id, user)
    if subject.inspection_id != inspection.id:
        raise NotFound()
    return inspection, subject


def _item_of(subject: InspectedSubject, item_id: str) -> InspectionItem | None:
    if item_id == OTHER:
        return None
    item = web.db.session().get(InspectionItem, item_id)
    if item is None or item.inspected_subject_id != subject.id:
        raise NotFound()
    return item


def _frame(inspection: Inspection, subject: InspectedSubject) -> dict[str, Any]:
    """What both pages show around their content."""
    session, user = web.db.session(), web.current_user()
    team = queries.team_of(session, inspection.id)
    items = queries.items_of(session, [subject.id])[subject.id]
    return {
        "inspection": inspection,
        "subject": subject,
        "subjects": queries.subjects_of(session, inspection, user),
        "team": team,
        "items": items,
        "tally": answering.tally(items),
        "may_answer": access.may_answer(user, inspection, team),
        "task": acts.my_task(inspection),
        "words": {
            "results": RESULTS,
            "deadlines": DEADLINES,
            "kinds": KINDS,
            "severities": SEVERITIES,
            "served": SERVED,
        },
        "lacking": task_checks.lacking,
        "labels": LABELS,
    }


def _list(
    inspection: Inspection, subject: InspectedSubject, values: Any = None, errors: dict[str, Any] | None = None
) -> Response:
    frame = _frame(inspection, subject)
    site = {name: getattr(subject, name) for name in answering.SITE} | {"rev": subject.site_rev} | (values or {})
    return web.render(
        "inspections/check_list.html",
        422 if errors else 200,
        **frame,
        site=site,
        evidence=files.named(web.db.session(), site["evidence"]),
        missing=task_checks.missing(subject, frame["items"]),
        errors=errors or {},
        other=OTHER,
    )


def _item(
    inspection: Inspection,
    subject: InspectedSubject,
    item: InspectionItem | None,
    values: Any = None,
    errors: dict[str, Any] | None = None,
) -> Response:
    session, frame = web.db.session(), _frame(inspection, subject)
    stored = {name: getattr(item, name) for name in answering.ANSWERED} if item else _blank()
    shown = {**stored, "rev": item.rev if item else 0, **(values or {})}
    at = frame["items"].index(item) if item in frame["items"] else len(frame["items"])
    return web.render(
        "inspections/check_item.html",
        422 if errors else 200,
        **frame,
        item=item,
        values=shown,
        photos=files.named(session, shown["photos"]),
        photos_after=files.named(session, shown["photos_after"]),
        before=frame["items"][at - 1] if at else None,
        coming=[one for one in frame["items"][at + 1 :] if not one.result][:3],
        due=answering.due_on(str(shown["deadline"]), web.clock().now()),
        client_id=(values or {}).get("client_id") or (item.client_id if item else uuid4().hex),
        errors=errors or {},
        other=OTHER,
    )


def _blank() -> dict[str, Any]:
    empty: dict[str, Any] = dict.fromkeys(answering.ANSWERED, "")
    return empty | {"result": "noncompliant", "severity": "general", "photos": [], "photos_after": []}
