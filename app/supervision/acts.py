"""Verbs that start the process or cancel it, and who may: what page and API share. Each commits in the engine."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app import forms, web
from app.accounts import Organisation
from app.errors import Forbidden, Invalid
from app.i18n import _
from app.supervision import queries
from app.supervision.models import SupervisionItem

PROCESS = "supervision"
_TITLE = 60  # of an instruction without one: its beginning
INSTRUCTORS = ("leader", "coordinator")


def may_instruct(user: Any) -> bool:
    """A leader gives instructions; the committee office takes them down, and what superiors hand it."""
    return bool(user.has(*INSTRUCTORS))


def may_withdraw(user: Any, item: SupervisionItem) -> bool:
    """The committee office, while it is open."""
    return item.is_open and bool(user.has("coordinator"))


def require(allowed: bool) -> None:
    if not allowed:
        raise Forbidden()


def instruct(data: Mapping[str, Any]) -> SupervisionItem:
    """批示: what InstructionIn gave becomes an item that the committee office drafts. A repeat finds the first."""
    user, session = web.current_user(), web.db.session()
    require(may_instruct(user))
    if (already := queries.of_request(session, data["request_key"], user)) is not None:
        return already
    if data["org_id"] and session.get(Organisation, data["org_id"]) is None:
        raise Invalid({"org_id": [_("没有这个单位")]})
    if errors := forms.not_theirs(session, user, {"campaign_id": ("campaign", data["campaign_id"])}):
        raise Invalid(errors)
    leader = user.has("leader")
    text = data["text"].strip()
    told = {
        "source": "leader" if leader else data["source"],
        "title": data["title"].strip() or text[:_TITLE],
        "content": text,
        "instruction": text if leader else None,
        "asked": int(data["slip_level"]),
        "addressee_org_id": data["org_id"] or None,
        "due_on": data["due_on"] or None,
        "matter_kind": data["subject_kind"] or None,
        "matter_id": data["subject_id"] or None,
        "matter_no": data["subject_no"],
        "campaign_id": data["campaign_id"] or None,
        "request_key": data["request_key"] or None,
    }
    web.refresh()
    started = web.engine().start(PROCESS, told, by=web.actor(), as_form=False)
    web.refresh()
    return queries.get(web.db.session(), str(started.subject_id), web.current_user())


def withdraw(item: SupervisionItem, reason: str) -> None:
    web.engine().cancel(item.instance_id, reason, by=web.actor())
    web.refresh()
