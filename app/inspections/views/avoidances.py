"""Whom an inspector must not inspect (回避): declared by the person, entered by the head."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from flask import Blueprint, Response, flash, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from app import web
from app.accounts import Organisation, User, people_options, visible_organisations
from app.audit import record
from app.errors import Invalid, NotFound
from app.i18n import _
from app.inspections import access
from app.inspections.models import Avoidance
from app.subjects import Subject, find, get

blueprint = Blueprint("avoidances", __name__, url_prefix="/inspections/avoidances")
LONGEST = 300


@blueprint.get("")
def index() -> Response:
    access.require(access.may_keep_avoidances(web.current_user()))
    return _page({})


@blueprint.post("")
@web.writes
def create() -> BaseResponse:
    access.require(access.may_keep_avoidances(web.current_user()))
    values = {name: request.form.get(name, "").strip() for name in ("user_id", "subject_id", "q", "reason")}
    if request.form.get("_step"):
        return _page(values)
    try:
        _enter(values)
    except Invalid as wrong:
        return _page(values, wrong.errors)
    flash(_("已登记"))
    return web.see_other(url_for("avoidances.index"))


def _enter(values: dict[str, str]) -> None:
    session, user, now = web.db.session(), web.current_user(), web.clock().now()
    errors: dict[str, Any] = {}
    if values["user_id"] not in {key for key, _name in _people()}:
        errors["user_id"] = [_("请选择")]
    if len(values["reason"]) > LONGEST or not values["reason"]:
        errors["reason"] = [_("请填写")] if not values["reason"] else [_("最多 %(n)s 个字", n=LONGEST)]
    try:
        subject = get(session, values["subject_id"], user)
    except NotFound:
        errors["subject_id"] = [_("请选择")]
    if errors:
        raise Invalid(errors)
    there = sa.select(Avoidance).where(
        Avoidance.user_id == values["user_id"], Avoidance.subject_id == values["subject_id"]
    )
    if session.scalar(there) is not None:
        raise Invalid({"subject_id": [_("已经登记过")]})
    made = Avoidance(
        user_id=values["user_id"], subject_id=subject.id, reason=values["reason"], made_at=now, made_by_name=user.name
    )
    session.add(made)
    session.flush()
    record(session, now, web.actor(), "avoidances.entered", "avoidance", made.id, user=made.user_id)


@blueprint.post("/<avoidance_id>/removal")
@web.writes
def remove(avoidance_id: str) -> BaseResponse:
    access.require(access.may_keep_avoidances(web.current_user()))
    session = web.db.session()
    found = session.scalar(_visible().where(Avoidance.id == avoidance_id))
    if found is None:
        raise NotFound()
    record(session, web.clock().now(), web.actor(), "avoidances.ended", "avoidance", found.id, reason=found.reason)
    session.delete(found)
    flash(_("已解除"))
    return web.see_other(url_for("avoidances.index"))


def _visible() -> sa.Select[Any]:
    """Those of people whose organisations the person looks after: the committee office all, a head the own ones."""
    user = web.current_user()
    select = sa.select(Avoidance).join(User, User.id == Avoidance.user_id)
    if user.has("coordinator"):
        known = visible_organisations(user).with_only_columns(Organisation.id)
        return select.where(User.org_id.in_(known))
    return select.where(User.org_id.in_([grant.org_id for grant in user.grants]))


def _people() -> list[tuple[str, str]]:
    user, session = web.current_user(), web.db.session()
    if user.has("coordinator"):
        return people_options(session, user, role="inspector")
    return people_options(session, user, role="inspector", org_id=user.org_id)


def _page(values: dict[str, str], errors: dict[str, Any] | None = None) -> Response:
    session, user = web.db.session(), web.current_user()
    rows = list(session.scalars(_visible().order_by(Avoidance.made_at.desc())))
    people = {
        one.id: one for one in session.scalars(sa.select(User).where(User.id.in_({r.user_id for r in rows}))).unique()
    }
    wanted = sa.select(Subject).where(Subject.id.in_({row.subject_id for row in rows}))
    chosen = session.get(Subject, values["subject_id"]) if values.get("subject_id") else None
    return web.render(
        "inspections/avoidances.html",
        422 if errors else 200,
        rows=rows,
        people=people,
        subjects={one.id: one for one in session.scalars(wanted)},
        options=_people(),
        offered=find(session, user, values["q"]) if values.get("q") else [],
        chosen=chosen,
        values=values,
        errors=errors or {},
    )
