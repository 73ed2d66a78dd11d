"""发起: the processes that a person may start, and the form that starts one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import Response, flash, url_for
from werkzeug.datastructures import MultiDict

from app import forms, web
from app.accounts import User
from app.calendars import due_text
from app.engine import Loaded, Started
from app.errors import Conflict, Invalid, NotFound
from app.i18n import _, pick
from app.inbox.mainline import start_of
from app.inbox.upcoming import upcoming
from app.inbox.views import blueprint


@dataclass(frozen=True)
class Startable:
    """One process on the starting page."""

    title: str
    description: str
    href: str
    version: int
    list_href: str = ""  # of a process without pages of its own: all its cases, with what it promotes


def has_startable(user: User) -> bool:
    return bool(web.engine().startable(web.db.session(), user.id))


def startables(user: User) -> list[Startable]:
    """In the order of their titles; a process whose start is a page of its own leads there."""
    found = web.engine().startable(web.db.session(), user.id)
    listed = [
        Startable(
            pick(loaded.title),
            pick(loaded.manifest.get("description")),
            _href(loaded.key),
            loaded.version,
            "" if loaded.key in web.starters else url_for("processes.list_cases", key=loaded.key),
        )
        for loaded in found
    ]
    return sorted(listed, key=lambda one: one.title)


def _href(key: str) -> str:
    own = web.starters.get(key)
    return url_for(own) if own else url_for("inbox.new", key=key)


@blueprint.get("/start")
def start() -> Response:
    return web.render("inbox/start.html", startables=startables(web.current_user()))


@blueprint.get("/start/<key>")
def new(key: str) -> Response:
    if own := web.starters.get(key):
        return web.see_other(url_for(own))
    return web.render("inbox/start_form.html", **_page(_startable(key)))


@blueprint.post("/start/<key>")
def begin(key: str) -> Response:
    """发起. Goes to the first step if it is the person's own, else to the instance."""
    loaded = _startable(key)
    form = loaded.form(loaded.manifest.get("start_form"))
    got = forms.receive(form) if form else forms.Received({}, False)
    if got.step or got.errors:
        return _again(loaded, got.answers, got.errors, got.searches)
    web.refresh()
    try:
        started = web.engine().start(key, got.answers, by=web.actor())
    except Invalid as wrong:
        return _again(loaded, got.answers, wrong.errors, got.searches)
    except Conflict as twice:
        return _again(loaded, got.answers, {"_": [twice.detail]}, got.searches)
    web.refresh()
    flash(_("已发起：%(title)s", title=pick(loaded.title)))
    return web.see_other(_onward(started))


def unsent_in_words(sent: MultiDict[str, str], key: str) -> list[forms.Shown]:
    """What was filled in to start a process when the session ended."""
    loaded = _startable(key)
    form = loaded.form(loaded.manifest.get("start_form"))
    return forms.shown_answers(form, forms.read(form, sent), web.db.session()) if form else []


def _startable(key: str) -> Loaded:
    """The published version, if this person may start it; whoever may not does not learn that it exists."""
    session, user = web.db.session(), web.current_user()
    loaded = web.engine().published(session, key)
    if loaded is None or not web.engine().may_start(session, loaded, user.id):
        raise NotFound()
    return loaded


def _onward(started: Started) -> str:
    own = [task for task in started.next if task.assignee_id == web.current_user().id]
    if own:
        return url_for("inbox.task", task_id=own[0].id)
    return url_for("inbox.instance", instance_id=started.instance_id)


def _again(
    loaded: Loaded, answers: Mapping[str, Any], errors: Mapping[str, Any], searches: Mapping[str, str]
) -> Response:
    web.refresh()
    shown = _page(loaded, answers, errors, searches)
    template = "inbox/_start_form.html" if web.is_partial() else "inbox/start_form.html"
    return web.render(template, 422 if errors else 200, **shown)


def _page(
    loaded: Loaded,
    values: Mapping[str, Any] | None = None,
    errors: Mapping[str, Any] | None = None,
    searches: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    session, user = web.db.session(), web.current_user()
    form = loaded.form(loaded.manifest.get("start_form"))
    first = start_of(loaded.nodes)
    starter = {"id": user.id, "name": user.name, "org_id": user.org_id, "org_name": user.organisation.short_name}
    ways = upcoming(web.engine(), session, loaded, first, {"starter": starter}) if first else []
    bound = forms.bind(form, values, errors, session=session, user=user, searches=searches) if form else None
    return {"loaded": loaded, "form": bound, "errors": errors or {}, "ways": ways, "due_text": due_text}
