"""One task: its page, and the page again when a verb was refused."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from flask import Response, request, url_for

from app import forms, web
from app.accounts import User, role_name
from app.calendars import due_text, instant_text
from app.clock import local
from app.engine import HumanTask, Instance
from app.errors import Conflict
from app.inbox import queries
from app.inbox.course import Course, attachments, course_of, filled
from app.inbox.listing import Listing
from app.inbox.upcoming import Upcoming, upcoming
from app.inbox.views import blueprint

LISTED_PEOPLE = 300


@blueprint.get("/tasks/<task_id>")
def task(task_id: str) -> Response:
    found = queries.task(web.db.session(), task_id, web.current_user())
    return web.render("inbox/task.html", **page(found))


def page(
    task: HumanTask,
    *,
    values: Mapping[str, Any] | None = None,
    errors: Mapping[str, Any] | None = None,
    searches: Mapping[str, str] | None = None,
    conflict: Conflict | None = None,
    panel: str = "",
) -> dict[str, Any]:
    """What the task page shows.

    `values` is what was sent and not taken; else the own draft stands in the form, or what was answered before the
    step came back.
    """
    session, user = web.db.session(), web.current_user()
    instance = session.get_one(Instance, task.instance_id)
    course = course_of(session, instance, user)
    permitted = web.engine().permitted(session, task, user.id)
    form = course.loaded.form(task.form)
    draft = task.draft if task.draft_by_id in (None, user.id) else None
    listing = Listing.of(request.args)
    bound = None
    if form is not None and "complete" in permitted:
        bound = forms.bind(
            form,
            values if values is not None else draft or {},
            errors,
            data=task.data,
            session=session,
            user=user,
            searches=searches,
            instance_id=task.instance_id,
        )
    names = queries.names_of(session, [task])
    card = web.cards.render(task.subject_kind, task.subject_id)
    copied = queries.copies(session, task.id)
    return {
        "task": task,
        "instance": instance,
        "course": course,
        "loaded": course.loaded,
        "permitted": permitted,
        "form": bound,
        "errors": errors or {},
        "kept": in_words(task, form, values) if bound is None else [],
        "answered": in_words(task, form, task.answers),
        "conflict": conflict,
        "panel": panel or request.args.get("panel", ""),
        "draft_at": task.draft_at if draft is not None else None,
        "ways": _ways(task, course) if "complete" in permitted else [],
        "card": card,
        "filled": [] if card else filled(session, course),
        "comments": queries.comments(session, task.instance_id),
        "files": attachments(session, task.instance_id),
        "round": queries.rounds(session, [task]).get(task.id, 1),
        "names": names,
        "role_name": role_name,
        "candidates": _candidates(task, user) if "reassign" in permitted else [],
        "people": _people(user, copied) if "cc" in permitted else [],
        "copied": [person.name for person in session.scalars(queries.people(copied))],
        "listing": listing,
        "here": listing.args(),
        "due_text": due_text,
        "wall_clock": lambda at: f"{local(at):%H:%M}",
        "since": since,
        **_place(task, listing),
    }


def since(text: str) -> str:
    """When somebody acted, as an error tells it."""
    return instant_text(dt.datetime.fromisoformat(text), web.clock().now())


def _ways(task: HumanTask, course: Course) -> list[Upcoming]:
    return upcoming(web.engine(), web.db.session(), course.loaded, task.node_id, task.data, course.closed)


def in_words(task: HumanTask, form: Mapping[str, Any] | None, values: Mapping[str, Any] | None) -> list[forms.Shown]:
    """What somebody wrote, as labels and texts: own text that may no longer be sent, or what was answered."""
    return forms.shown_answers(form, values, web.db.session(), task.data) if form and values else []


def _candidates(task: HumanTask, user: User) -> list[tuple[str, str]]:
    """Who may take the task over: whoever fills its role in its organisation."""
    people = web.engine().directory.candidates(web.db.session(), task.role, task.org_id)
    return [(p.id, f"{p.name}　{p.org_name}") for p in people if p.id != task.assignee_id][:LISTED_PEOPLE]


def _people(user: User, copied: frozenset[str]) -> list[tuple[str, str]]:
    people = web.db.session.scalars(queries.copyable(user).limit(LISTED_PEOPLE)).unique()
    return [(p.id, f"{p.name}　{p.organisation.short_name}") for p in people if p.id not in copied]


def _place(task: HumanTask, listing: Listing) -> dict[str, Any]:
    """第 5 / 23 项, with the neighbours in the list the person came from."""
    ids = listing.ids(web.db.session(), web.current_user(), web.clock().now())
    if task.id not in ids:
        return {"place": 0, "length": len(ids), "previous_url": "", "next_url": ""}
    at = ids.index(task.id)

    def url(index: int) -> str:
        inside = 0 <= index < len(ids)
        return url_for("inbox.task", task_id=ids[index], **listing.args()) if inside else ""

    return {"place": at + 1, "length": len(ids), "previous_url": url(at - 1), "next_url": url(at + 1)}
