"""What a draft or another version would do to running work: the plan, its mapping, the dry run, and the start."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from flask import Response, flash, request, url_for

from app import web
from app.designer import drafts
from app.designer.migrating import plans, queries, words
from app.designer.migrating.plans import Sides
from app.designer.migrating.views import PER_PAGE, blueprint
from app.errors import Conflict, DubanError, Invalid, NotFound
from app.i18n import _, pick


@blueprint.route("/drafts/<draft_id>/impact", methods=["GET", "POST"])
def impact(draft_id: str) -> Response:
    """Where running instances stand, and what publishing this draft would mean for them. A post is a dry run."""
    session = web.db.session()
    draft = drafts.find(session, draft_id)
    package = drafts.package_of(session, draft)
    here = url_for("migrating.impact", draft_id=draft_id)
    return _page(draft.key, here, package, draft=draft, back=f"/designer/drafts/{draft_id}")


@blueprint.route("/processes/<key>/migration", methods=["GET", "POST"])
def migration(key: str) -> Response:
    """From one version to another: the plan; a post is a dry run, or starts it."""
    session = web.db.session()
    known = {row.version for row in queries.versions(session, key)}
    to = _number("to") or plans.published(session, key) or max(known)
    if to not in known:
        raise NotFound()
    here = url_for("migrating.migration", key=key)
    return _page(key, here, to, draft=None, back=url_for("designer.index"))


def _number(name: str) -> int | None:
    text = request.values.get(name, "")
    return int(text) if text.isdecimal() and len(text) < 7 else None


def _page(key: str, here: str, to: Any, **more: Any) -> Response:
    session = web.db.session()
    found = queries.versions(session, key) if more["draft"] is None else _versions(key)
    going = queries.going_by_version(session, key)
    since = _since(found, going, to, more["draft"])
    shown: dict[str, Any] = {
        "key": key, "here": here, "versions": found, "going": going, "since": since,
        "to": to if isinstance(to, int) else None, "title": _title(key, to), "words": words,
        "published": plans.published(session, key), "others": queries.migrations_of(session, key),
        "plan": None, "errors": {}, "tried": None, "refused": "", "reason": request.form.get("reason", ""),
    } | more  # fmt: skip
    wanted = {"from": since, "to": shown["to"]}
    shown["link"] = lambda page: f"{here}?{urlencode({n: v for n, v in (wanted | {'page': page}).items() if v})}"
    if since is None:
        return web.render("designer/migrating/impact.html", **shown)
    sides = Sides(key, since, to)
    act = request.form.get("act", "") if request.method == "POST" else ""
    try:
        plan = plans.chosen(session, sides, request.form)
        if act == "start" and isinstance(to, int):
            return _start(plan)
    except Invalid as wrong:
        return web.render("designer/migrating/impact.html", wrong.status, **_refused(shown, sides, wrong))
    except Conflict as refused:
        web.refresh()
        return web.render("designer/migrating/impact.html", refused.status, **_refused(shown, sides, refused))
    return web.render("designer/migrating/impact.html", **shown | _planned(plan, trying=act == "try"))


def _versions(key: str) -> list[Any]:
    """A draft may be of a process that nobody has deployed yet."""
    try:
        return queries.versions(web.db.session(), key)
    except NotFound:
        return []


def _since(found: list[Any], going: dict[int, int], to: Any, draft: Any) -> int | None:
    """The version that was asked for, else the draft's own, else the newest of those on which something goes on."""
    known = [row.version for row in found if row.version != to]
    asked = _number("from") or (draft.base_version if draft is not None else None)
    if asked in known:
        return asked
    return next((version for version in known if going.get(version)), known[0] if known else None)


def _title(key: str, to: Any) -> str:
    session = web.db.session()
    if isinstance(to, int):
        row = next(row for row in queries.versions(session, key) if row.version == to)
        return pick({"zh": row.title_zh, "en": row.title_en})
    return pick(to.manifest.get("title")) or key


def _planned(plan: Any, *, trying: bool = False) -> dict[str, Any]:
    session = web.db.session()
    page = web.paginate(queries.instances(plan.old.id), web.page_number(), PER_PAGE)
    ids = [row.id for row in session.execute(queries.instances(plan.old.id))] if trying else []
    tried = None
    shown = {
        "plan": plan,
        "same": plan.old.content_hash == plan.new.content_hash,
        "drawn": plans.picture(plan),
        "rows": plans.rows(plan),
        "page": page,
        "instances": plans.listed(session, plan, page),
    }
    if trying:
        numbers = {row.id: row.business_key for row in session.execute(queries.instances(plan.old.id))}
        web.refresh()
        tried = plans.try_all(plan, ids)
        shown["numbers"] = numbers
    return shown | {"tried": tried}


def _start(plan: Any) -> Response:
    web.refresh()
    started = web.engine().migrate(plan, reason=request.form.get("reason", ""), by=web.actor())
    web.refresh()
    flash(_("迁移已开始"))
    return web.see_other(url_for("migrating.show", migration_id=started.id))


def _refused(shown: dict[str, Any], sides: Sides, refused: DubanError) -> dict[str, Any]:
    """The page as far as it goes: a plan that cannot be made is told instead of it."""
    errors = getattr(refused, "errors", {}) or {}
    if "reason" in errors or isinstance(refused, Conflict):
        plan = plans.chosen(web.db.session(), sides, request.form)
        said = [str(message) for messages in errors.values() for message in messages] or [str(refused.detail)]
        return shown | _planned(plan) | {"refused": _("；").join(said), "errors": errors}
    return shown | {"errors": errors}
