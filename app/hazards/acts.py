"""Verbs on a hazard that start, amend or cancel its process: what page and API share. Each commits in the engine."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from app import files, web
from app.accounts import visible
from app.engine import Started
from app.errors import Invalid
from app.hazards import access
from app.hazards.models import Hazard
from app.i18n import _
from app.subjects import Subject

PROCESS = "hazard_rectification"


def register(data: Mapping[str, Any]) -> Started:
    """Start the process with what HazardIn gave; its first service task enters the hazard.

    What would fail there is said beforehand: a subject or a file that is not this person's to use.
    """
    user, session = web.current_user(), web.db.session()
    access.require(access.may_register(user))
    if session.scalar(visible(sa.select(Subject.id).where(Subject.id == data["subject_id"]), Subject, user)) is None:
        raise Invalid({"subject_id": [_("没有这个监管对象，或者不在您的管辖范围内")]})
    for name in ("photos_before", "photos_after"):
        if not files.belongs(session, data[name], web.actor(), None):
            raise Invalid({name: [_("附件不存在或者不是您上传的")]})
    web.refresh()
    # Not as the start form's answers: a recurrence says more than the form asks.
    started = web.engine().start(PROCESS, dict(data), by=web.actor(), as_form=False)
    web.refresh()
    return started


def recurrence_data(prior: Hazard, data: Mapping[str, Any]) -> dict[str, Any]:
    """A closed hazard found again: what is not said anew is as it was."""
    kept = {"summary": prior.summary, "location": prior.location, "category": prior.category}
    said = {name: value for name, value in data.items() if value is not None}
    return {**kept, **said, "subject_id": prior.subject_id, "prior_hazard_id": prior.id}


def correct(hazard: Hazard, data: dict[str, Any]) -> None:
    """Only what changed goes into the process data."""
    reason = data.pop("reason")
    changes = {name: value for name, value in data.items() if _differs(hazard, name, value)}
    web.engine().amend(hazard.instance_id, changes, reason, by=web.actor())
    web.refresh()


def _differs(hazard: Hazard, name: str, value: Any) -> bool:
    present = getattr(hazard, name)
    if name == "found_at":
        return bool(present != dt.datetime.fromisoformat(value))
    return bool(present != value)


def void(hazard: Hazard, data: dict[str, Any]) -> None:
    web.engine().cancel(hazard.instance_id, data["reason"], by=web.actor())
    web.refresh()
