"""All versions of a process: who wrote, who published, why, how many instances run each; rolling back, retiring."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from flask import Response, request, url_for

from app import web
from app.accounts import User
from app.designer.publishing import queries
from app.designer.publishing.views import asked, blueprint, is_mine, named, stands_already, start
from app.errors import Invalid
from app.i18n import _


@blueprint.get("/processes/<key>")
def versions(key: str) -> Response:
    """Versions newest first, and every request there has been about the process."""
    return _page(key, {})


def _page(key: str, errors: dict[str, Any], status: int = 200) -> Response:
    session = web.db.session()
    rows = queries.versions(session, key)
    publications = queries.of_process(session, key)
    return web.render(
        "designer/publishing/versions.html",
        status,
        key=key,
        rows=rows,
        notes={one.version: one for one in reversed(publications) if one.action == "publish" and one.version},
        publications=publications,
        open=next((one for one in publications if one.is_open), None),
        running=queries.running(session, key),
        people=_people({row.author_id for row in rows} | {row.publisher_id for row in rows}),
        errors=errors,
        values=request.form,
        is_mine=is_mine,
    )


def _people(ids: set[str | None]) -> dict[str, str]:
    found = web.db.session.execute(sa.select(User.id, User.name).where(User.id.in_([one for one in ids if one])))
    return {user_id: name for user_id, name in found}


@blueprint.post("/processes/<key>/publications")
def ask(key: str) -> Any:
    """恢复旧版本 (`version`) or 停用, by the same process and a second person."""
    queries.versions(web.db.session(), key)
    action, version = request.form.get("action", ""), request.form.get("version", type=int)
    if action not in ("roll_back", "retire"):
        return _page(key, {"_action": [_("没有这种申请")]}, 422)
    data = {"action": action, "process_key": key, **asked()}
    data |= {"version": version} if action == "roll_back" else {}
    try:
        start(data)
    except Invalid as wrong:
        if not stands_already(data):
            return _page(key, named(wrong.errors), 422)
    return web.see_other(url_for("publishing.versions", key=key))
