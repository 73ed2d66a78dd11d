"""Conditions of the publication process, each said in words. Where there is no record (scenarios) they pass."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from app.designer import drafts
from app.designer.publishing import queries
from app.designer.publishing.refusals import refusals
from app.engine import TaskCheck
from app.errors import NotFound
from app.i18n import _

if TYPE_CHECKING:
    from app.engine import Engine


def second_person(check: TaskCheck) -> Mapping[str, Any]:
    """Who submitted the request, or saved the draft last, does not decide about it.

    Nor is agreed to what was compared with a version that is no longer the one in force.
    """
    publication = queries.of_instance(check.session, check.instance_id)
    if publication is None:
        return {}
    authors = {publication.submitted_by_id}
    if publication.draft_id:
        authors.add(drafts.find(check.session, publication.draft_id).updated_by_id)
    if check.actor.id in authors:
        return {"decision": [_("起草和提交的人不能自己审批，须由另一人办理")]}
    overtaken = queries.overtaken(check.session, publication)
    if overtaken is not None and check.answers.get("decision") == "agree":
        return {"decision": [_("%(why)s；请退回起草人，核对后再报", why=overtaken.words)]}
    return {}


def submittable(check: TaskCheck) -> Mapping[str, Any]:
    """What is submitted can be put into effect: checked, nothing else under way about the same process."""
    if check.node_id == "revise" and check.answers.get("decision") != "resubmit":
        return {}
    data = {**check.data, **check.answers}
    queries.alone(check.session, str(data.get("process_key") or ""))
    try:
        errors = refusals(check.session, data, check.instance_id or None, check.now)
    except NotFound:
        errors = {"draft_id": [_("没有这份草稿")]}
    if check.node_id == "revise" and errors:  # its form has no other fields to name
        named = {name: texts for name, texts in errors.items() if name in ("note", "effective_at")}
        rest = [text for name, texts in errors.items() if name not in named for text in texts]
        return named | ({"decision": rest} if rest else {})
    return errors


def init_engine(engine: Engine) -> None:
    engine.task_check("designer.second_person")(second_person)
    engine.task_check("designer.submittable")(submittable)
