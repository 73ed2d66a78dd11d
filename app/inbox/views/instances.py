"""An instance of any process as a page of its own, and its strip and timeline as fragments for record pages."""

from __future__ import annotations

from flask import Response, url_for

from app import web
from app.engine import ChildCount, Instance
from app.errors import NotFound
from app.i18n import bilingual
from app.inbox import queries
from app.inbox.course import Course, attachments, course_of, filled
from app.inbox.timeline import has_pool
from app.inbox.views import blueprint


def _course(instance_id: str) -> Course:
    session, user = web.db.session(), web.current_user()
    return course_of(session, queries.instance(session, instance_id, user), user)


@blueprint.get("/instances/<instance_id>")
def instance(instance_id: str) -> Response:
    course = _course(instance_id)
    session = web.db.session()
    return web.render(
        "inbox/instance.html",
        course=course,
        instance=course.instance,
        card=web.cards.render(course.instance.subject_kind, course.instance.subject_id),
        filled=filled(session, course),
        files=attachments(session, instance_id),
        comments=queries.comments(session, instance_id),
        names=queries.names_of(session, course.tasks),
        has_pool=has_pool,
        parent=_parent(course.instance),
        calls=_calls(course),
        reads_maps=web.current_user().has("coordinator", "leader", "auditor", "dept_staff"),
    )


def _calls(course: Course) -> dict[str, ChildCount]:
    """What it has started and waits for, by the name of the step."""
    if not course.loaded.detaches:
        return {}
    nodes = course.loaded.nodes
    counted = web.engine().children_of(web.db.session(), course.instance.id)
    return {bilingual(nodes[node].name, nodes[node].name_en) or node: n for node, n in counted.items() if node in nodes}


def _parent(instance: Instance) -> Instance | None:
    """The instance this one was started from, where the person may see that too."""
    if instance.parent_id is None:
        return None
    try:
        return queries.instance(web.db.session(), instance.parent_id, web.current_user())
    except NotFound:
        return None


@blueprint.get("/instances/<instance_id>/strip")
def strip(instance_id: str) -> Response:
    """Fragment; opened alone it is the instance's page."""
    course = _course(instance_id)
    if not web.is_partial():
        return web.see_other(url_for("inbox.instance", instance_id=instance_id))
    return web.render("inbox/_strip.html", course=course)


@blueprint.get("/instances/<instance_id>/timeline")
def timeline(instance_id: str) -> Response:
    """Fragment; opened alone it is the instance's page."""
    course = _course(instance_id)
    if not web.is_partial():
        return web.see_other(url_for("inbox.instance", instance_id=instance_id, _anchor="timeline"))
    return web.render("inbox/_timeline.html", entries=course.entries)


@blueprint.get("/instances/<instance_id>/diagram.bpmn")
def diagram(instance_id: str) -> Response:
    """The diagram of the version this instance runs on, for the viewer."""
    found = queries.instance(web.db.session(), instance_id, web.current_user())
    loaded = web.engine().definition(web.db.session(), found.definition_id)
    response = Response(loaded.package.diagram, content_type="application/xml; charset=utf-8")
    response.headers["Content-Disposition"] = 'inline; filename="process.bpmn"'
    return response
