"""Entering a hazard, on a phone first: photos, where, what. The draft is kept until it is sent."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from flask import Response, jsonify, request, url_for
from marshmallow import ValidationError
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response as BaseResponse

from app import forms, web
from app.accounts import region_options, sector_options
from app.clock import local
from app.errors import Invalid, NotFound
from app.hazards import access, acts, queries
from app.hazards.models import Hazard, HazardDraft
from app.hazards.schemas import HazardIn
from app.hazards.views import blueprint
from app.subjects import TYPES, SubjectIn
from app.subjects import create as create_subject

NEW = ("new_name", "new_type", "new_sector", "new_region")  # a subject entered on the spot
_KEPT = ("prior", "request_key", *NEW)


@blueprint.get("/new")
def new() -> Response:
    """The empty form, what was begun before, or (with `?prior=`) a closed hazard that came back."""
    access.require(access.may_register(web.current_user()))
    session, user = web.db.session(), web.current_user()
    prior = _prior(request.args.get("prior"))
    if prior is not None:
        taken = ("subject_id", "summary", "location", "category")
        return _page({name: getattr(prior, name) for name in taken}, prior=prior)
    if subject_id := request.args.get("subject"):
        return _page({"subject_id": subject_id})
    draft = session.get(HazardDraft, user.id)
    return _page(draft.values if draft else {}, draft=draft)


@blueprint.post("")
def create() -> BaseResponse:
    access.require(access.may_register(web.current_user()))
    form = _form()
    got = forms.receive(form)
    extra = {name: request.form.get(name, "") for name in _KEPT}
    if (already := queries.of_request(web.db.session(), extra["request_key"], web.current_user())) is not None:
        return web.see_other(url_for("hazards.show", hazard_id=already.id))
    values = {**got.answers, **extra}
    if got.step or got.errors:
        return _page(values, got.errors, searches=got.searches)
    try:
        started = acts.register(_data(form, got.answers, extra))
    except Invalid as wrong:
        web.refresh()
        return _page(values, wrong.errors, searches=got.searches)
    return web.see_other(url_for("hazards.show", hazard_id=started.subject_id))


def unsent_in_words(sent: MultiDict[str, str]) -> list[forms.Shown]:
    """What was filled in about a hazard when the session ended."""
    form = _form()
    return forms.shown_answers(form, forms.read(form, sent), web.db.session())


def _data(form: dict[str, Any], answers: dict[str, Any], extra: dict[str, str]) -> dict[str, Any]:
    """The answers as HazardIn takes them; a subject entered on the spot is entered first."""
    answers = dict(answers)
    if extra["new_name"].strip() and not answers.get("subject_id"):
        answers["subject_id"] = _enter_subject(extra)
    session, user = web.db.session(), web.current_user()
    here = forms.Situation(web.clock().now(), {}, session, web.actor(), user)
    valid = {name: value for name, value in forms.validate(form, answers, here).items() if value is not None}
    try:
        data = dict(HazardIn().load({**valid, "request_key": extra["request_key"] or None}))
    except ValidationError as wrong:
        raise Invalid(wrong.messages_dict) from wrong
    prior = _prior(extra["prior"])
    return acts.recurrence_data(prior, data) if prior is not None else data


@web.writes
def _enter_subject(extra: dict[str, str]) -> str:
    said = {"type": extra["new_type"], "name": extra["new_name"]}
    said |= {"sector_code": extra["new_sector"], "region_code": extra["new_region"]}
    as_here = {"type": "new_type", "name": "new_name", "sector_code": "new_sector", "region_code": "new_region"}
    try:
        data = dict(SubjectIn().load(said))
        user = web.current_user()
        subject = create_subject(web.db.session(), data, user=user, by=web.actor(), now=web.clock().now())
    except ValidationError as wrong:
        raise Invalid({as_here.get(name, name): texts for name, texts in wrong.messages_dict.items()}) from wrong
    except Invalid as wrong:
        raise Invalid({as_here.get(name, name): texts for name, texts in wrong.errors.items()}) from wrong
    return subject.id


@blueprint.put("/draft")
@web.writes
def save_draft() -> Response:
    """Keep what was typed so far. One draft a person; sending it, or clearing it, ends it."""
    access.require(access.may_register(web.current_user()))
    user, now, session = web.current_user(), web.clock().now(), web.db.session()
    values = {**forms.read(_form(), request.form), **{n: request.form.get(n, "") for n in ("request_key", *NEW)}}
    draft = session.get(HazardDraft, user.id)
    if draft is None:
        session.add(HazardDraft(user_id=user.id, values=values, saved_at=now))
    else:
        draft.values, draft.saved_at = values, now
    return jsonify({"saved": f"{local(now):%H:%M}"})


@blueprint.post("/draft/clearing")
@web.writes
def clear_draft() -> BaseResponse:
    draft = web.db.session().get(HazardDraft, web.current_user().id)
    if draft is not None:
        web.db.session().delete(draft)
    return web.see_other(url_for("hazards.new"))


def _prior(hazard_id: str | None) -> Hazard | None:
    if not hazard_id:
        return None
    prior = queries.get(web.db.session(), hazard_id, web.current_user())
    access.require(access.may_register_recurrence(web.current_user(), prior))
    return prior


def _form() -> dict[str, Any]:
    """The start form of the published process: page, inbox and check read the same file."""
    loaded = web.engine().published(web.db.session(), acts.PROCESS)
    form = loaded.form(loaded.manifest.get("start_form")) if loaded else None
    if form is None:
        raise NotFound()
    return form


def _page(
    values: dict[str, Any],
    errors: dict[str, Any] | None = None,
    *,
    searches: dict[str, str] | None = None,
    prior: Hazard | None = None,
    draft: HazardDraft | None = None,
) -> Response:
    session, user = web.db.session(), web.current_user()
    prior = prior or _prior(values.get("prior"))
    extra = {name: str(values.get(name) or "") for name in _KEPT}
    answers = {name: value for name, value in values.items() if name not in _KEPT}
    bound = forms.bind(_form(), answers, errors, session=session, user=user, searches=searches)
    return web.render(
        "hazards/_form.html" if web.is_partial() else "hazards/new.html",
        422 if errors else 200,
        form=bound,
        fields={field.name: field for field in bound.fields},
        errors=errors or {},
        extra=extra,
        request_key=extra["request_key"] or uuid4().hex,
        prior=prior,
        draft=draft,
        may_enter_subject=user.has("coordinator", "dept_staff", "town_staff"),
        types=TYPES,
        sectors=sector_options(session),
        regions=_regions(),
    )


def _regions() -> list[tuple[str, str]]:
    """Towns, and under each its villages."""
    session = web.db.session()
    villages, found = region_options(session, level="village"), []
    for code, name in region_options(session, level="town"):
        found += [(code, name), *((v, f"{name}　{label}") for v, label in villages if v.startswith(code[:9]))]
    return found
