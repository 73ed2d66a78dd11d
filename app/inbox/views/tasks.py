"""One task: its page, and the page again when a verb was refused."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from flask import Response, request, url_for
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict

from app import forms, web
from app.accounts import User, principals, role_name
from app.calendars import due_text, instant_text
from app.clock import local
from app.engine import HumanTask, Instance, Person
from app.errors import Conflict, NotFound
from app.i18n import bilingual
from app.inbox import queries
from app.inbox.course import Course, attachments, course_of, filled
from app.inbox.flags import flags_of
from app.inbox.listing import Listing
from app.inbox.signatures import signing_of
from app.inbox.upcoming import Upcoming, upcoming
from app.inbox.views import blueprint
from app.inbox.views.keeping import kept_for
from app.inbox.views.undo import offered_undo

LISTED_PEOPLE = 300
SHOWN_SIGNERS = 50


@blueprint.get("/tasks/<task_id>")
def task(task_id: str) -> Response:
    found = queries.task(web.db.session(), task_id, web.current_user())
    return web.render("inbox/task.html", **page(found), undo=offered_undo())


def page(
    task: HumanTask,
    *,
    values: Mapping[str, Any] | None = None,
    errors: Mapping[str, Any] | None = None,
    searches: Mapping[str, str] | None = None,
    conflict: Conflict | None = None,
    panel: str = "",
    asked: Mapping[str, Any] | None = None,
    asked_errors: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """What the task page shows.

    `values` is what was sent and not taken; else the own draft stands in the form, or what was answered before the
    step came back. `asked` is the same for the form of a request for more time, where that is open.
    """
    session, user = web.db.session(), web.current_user()
    instance = session.get_one(Instance, task.instance_id)
    course = course_of(session, instance, user)
    permitted = web.engine().permitted(session, task, user.id)
    form = course.loaded.form(task.form)
    away = _in_whose_place(session, task, user)
    draft = task.draft if task.draft_by_id in (None, user.id, away.id if away else None) else None
    listing = Listing.of(request.args)
    bound = None
    if form is not None and "draft" in permitted:
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
    panel = panel or request.args.get("panel", "")
    engine, names = web.engine(), queries.names_of(session, [task])
    card = web.cards.render(task.subject_kind, task.subject_id)
    copied = queries.copies(session, task.id)
    return {
        "task": task,
        "instance": instance,
        "course": course,
        "loaded": course.loaded,
        "permitted": permitted,
        "standing_in": away,
        "form": bound,
        "errors": errors or {},
        "kept": in_words(task, form, values or kept_for(task.id)) if bound is None else [],
        "answered": in_words(task, form, task.answers),
        "conflict": conflict,
        "panel": panel,
        "asking": _asking(task, user, asked, asked_errors, searches) if panel == "extend" else None,
        "asked_for": (open_requests := _open_requests(task, user)),
        "may_ask": "extend" in permitted and (not open_requests or engine.asks_by_kind(session, task)),
        "asking_title": _asking_title(task) if "extend" in permitted else "",
        "targets": engine.return_targets(session, task) if "return" in permitted else [],
        "signing": signing_of(session, task, form, user.id),
        "signers": _signers(task, user) if "sign" in permitted else [],
        "pauses": engine.pauses(session, task.id),
        "draft_at": task.draft_at if draft is not None else None,
        "ways": _ways(task, course) if "complete" in permitted else [],
        "card": card,
        "filled": filled(session, course) if not card or instance.parent_id else [],  # a record's card tells its own
        "comments": queries.comments(session, task.instance_id),
        "files": attachments(session, task.instance_id),
        "flags": flags_of(session, [task])[task.id],
        "names": names,
        "role_name": role_name,
        "candidates": _candidates(task, user) if "reassign" in permitted else [],
        "people": _people(user, copied) if "cc" in permitted else [],
        "colleagues": _colleagues(user) if "delegate" in permitted else [],
        "unread": bool(queries.unread_copies(session, user, [task])),
        "copied": [person.name for person in session.scalars(queries.people(copied))],
        "listing": listing,
        "here": listing.args(),
        "due_text": due_text,
        "wall_clock": lambda at: f"{local(at):%H:%M}",
        "since": since,
        **_place(task, listing),
    }


def _in_whose_place(session: Session, task: HumanTask, user: User) -> Person | None:
    """The colleague who is away and whose work this is, where the person does it."""
    return web.engine().represented(session, task, user.id) if task.status == "open" and principals(user) else None


def asking_form(task: HumanTask) -> dict[str, Any] | None:
    """The start form of the process that a request for more time about this task starts."""
    process = task.properties.get("extension_process")
    loaded = web.engine().published(web.db.session(), process) if process else None
    return loaded.form(loaded.manifest.get("start_form")) if loaded else None


def _asking(
    task: HumanTask,
    user: User,
    values: Mapping[str, Any] | None,
    errors: Mapping[str, Any] | None,
    searches: Mapping[str, str] | None,
) -> forms.BoundForm | None:
    form = asking_form(task)
    if form is None:
        return None
    session = web.db.session()
    return forms.bind(form, values or {}, errors, data=task.data, session=session, user=user, searches=searches)


def _asking_title(task: HumanTask) -> str:
    """What is asked for, in the words of the request's form: 整改申请, 申请延期."""
    title = (asking_form(task) or {}).get("title") or {}
    return bilingual(title.get("zh"), title.get("en"))


def _open_requests(task: HumanTask, user: User) -> list[Instance]:
    """Requests about this task that are being decided, of those that the person may see."""
    return [
        found
        for request in web.engine().open_requests(web.db.session(), task.id)
        if (found := _seen(request.id, user)) is not None
    ]


def _seen(instance_id: str, user: User) -> Instance | None:
    try:
        return queries.instance(web.db.session(), instance_id, user)
    except NotFound:
        return None


def since(text: str) -> str:
    """When somebody acted, as an error tells it."""
    return instant_text(dt.datetime.fromisoformat(text), web.clock().now())


def _ways(task: HumanTask, course: Course) -> list[Upcoming]:
    return upcoming(web.engine(), web.db.session(), course.loaded, task.node_id, task.data, course.closed)


def in_words(task: HumanTask, form: Mapping[str, Any] | None, values: Mapping[str, Any] | None) -> list[forms.Shown]:
    """What somebody wrote, as labels and texts: own text that may no longer be sent, or what was answered."""
    return forms.shown_answers(form, values, web.db.session(), task.data) if form and values else []


def unsent_in_words(sent: MultiDict[str, str], task_id: str) -> list[forms.Shown]:
    """What was filled in at a step when the session ended."""
    task = queries.task(web.db.session(), task_id, web.current_user())
    form = web.engine().definition(web.db.session(), task.definition_id).form(task.form)
    return in_words(task, form, forms.read(form, sent)) if form else []


def unsent_request_in_words(sent: MultiDict[str, str], task_id: str) -> list[forms.Shown]:
    """The same for a request for more time."""
    task = queries.task(web.db.session(), task_id, web.current_user())
    form = asking_form(task)
    return in_words(task, form, forms.read(form, sent)) if form else []


def _candidates(task: HumanTask, user: User) -> list[tuple[str, str]]:
    """Who may take the task over: whoever fills its role in its organisation."""
    people = web.engine().directory.candidates(web.db.session(), task.role, task.org_id)
    return [(p.id, f"{p.name}　{p.org_name}") for p in people if p.id != task.assignee_id][:LISTED_PEOPLE]


def _colleagues(user: User) -> list[tuple[str, str]]:
    found = web.db.session.scalars(queries.colleagues(user).limit(LISTED_PEOPLE)).unique()
    return [(p.id, f"{p.name}　{p.title}" if p.title else p.name) for p in found]


def _signers(task: HumanTask, user: User) -> list[tuple[str, str]]:
    """Who may be asked to sign: those found by name or organisation, else who is likely."""
    found = web.db.session.scalars(queries.signers(task, user, request.args.get("who", "")).limit(SHOWN_SIGNERS))
    return [(p.id, "　".join(filter(None, (p.name, p.organisation.short_name, p.title)))) for p in found.unique()]


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
