"""The frame around every page: what its templates call, and the few pages that belong to no slice."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

import flask_login
from flask import Blueprint, Flask, Response, current_app, request, url_for
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import HTTPException

from app import audit
from app.config import ROOT, Settings
from app.db import write_transaction
from app.errors import DubanError
from app.i18n import CHINESE, ENGLISH, LOCALES, _, bilingual, get_locale, pick, set_locale
from app.web import once
from app.web.access import actor, current_user, signed_in
from app.web.database import db
from app.web.registry import for_the_bar, menu, unsent_answers
from app.web.rendering import render, see_other

V = TypeVar("V")
THEMES, SIZES = ("light", "dark", "auto"), ("normal", "large")
_A_YEAR = 31_536_000
blueprint = Blueprint("web", __name__)


def public(view: V) -> V:
    """Open to everybody, as `accounts.public` says it; accounts stand above this package."""
    view.public = True  # type: ignore[attr-defined]
    return view


class Assets:
    """Built files by their plain name: `asset('app.js')` → the URL with the content hash in it."""

    def __init__(self, dist: Path) -> None:
        self._manifest = dist / "manifest.json"
        self._names: dict[str, str] = {}
        self._read_at = 0.0

    def url(self, name: str) -> str:
        stamp = self._manifest.stat().st_mtime if self._manifest.exists() else 0.0
        if stamp != self._read_at:
            self._names, self._read_at = json.loads(self._manifest.read_text()), stamp
        return url_for("static", filename="dist/" + self._names.get(name, name))


def init_app(app: Flask) -> None:
    settings: Settings = app.extensions["duban.settings"]
    app.register_blueprint(blueprint)
    app.before_request(choose_language)
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.jinja_env.globals.update(
        _=_,
        asset=Assets(ROOT / "static" / "dist").url,
        bilingual=bilingual,
        pick=pick,
        locale=get_locale,
        menu=lambda: menu.groups(flask_login.current_user),
        for_the_bar=for_the_bar,
        has_endpoint=lambda endpoint: endpoint in app.view_functions,
        site_name=lambda: bilingual(settings.site_name, settings.site_name_en),
    )

    @app.context_processor
    def page() -> dict[str, Any]:
        return {
            "html_lang": "en" if get_locale() == ENGLISH else "zh-CN",
            "theme": _cookie("theme", THEMES),
            "size": _cookie("size", SIZES),
            "now": app.extensions["duban.clock"].now(),
        }


def _cookie(name: str, values: tuple[str, ...]) -> str:
    """A preference of this browser; the first value where it has none."""
    value = request.cookies.get(name, "")
    return value if value in values else values[0]


def choose_language() -> None:
    """What was last chosen in this browser, else the person's own language, else Chinese."""
    chosen = request.cookies.get("lang", "")
    if chosen not in LOCALES:
        user = signed_in()
        chosen = getattr(user, "locale", None) or CHINESE if user.is_authenticated else CHINESE
    set_locale(chosen)


@blueprint.post("/preferences")
@public
def preferences() -> Response:
    """Colours, size and language: cookies of this browser; the language also in the account."""
    response = see_other(_local_path(request.form.get("next", "")))
    for cookie, field, values in (("theme", "theme", THEMES), ("size", "size", SIZES), ("lang", "locale", LOCALES)):
        if (value := request.form.get(field, "")) in values:
            response.set_cookie(cookie, value, max_age=_A_YEAR, samesite="Lax", secure=request.is_secure)
    if request.form.get("locale") in LOCALES:
        _keep_language(request.form["locale"])
    return response


def _keep_language(locale: str) -> None:
    if not flask_login.current_user.is_authenticated or flask_login.current_user.locale == locale:
        return
    by, at, user = actor(), _now(), current_user()
    with write_transaction(db.session()) as session:
        user.locale = locale
        audit.record(session, at, by, "users.edited", "user", user.id, changed={"locale": locale})


def _now() -> Any:
    from app.web.runtime import clock

    return clock().now()


def _local_path(target: str) -> str:
    """Back to a page of ours; anything that could lead elsewhere goes to the start."""
    ours = target.startswith("/") and not target.startswith(("//", "/\\")) and target.isprintable()
    return target if ours else "/"


@blueprint.get("/unsent")
def unsent() -> Response:
    """What was filled in when the session ended, to be sent now; the first page where there is nothing."""
    kept = once.unsent()
    return render("unsent.html", kept=kept, answers=_in_words(kept), page=_page_of(kept)) if kept else see_other("/")


def _page_of(kept: once.Resend) -> str | None:
    """Where the form stood: the address it goes to, or what that is a part of, if it can be looked at."""
    path = urlsplit(kept.action).path
    for page in (path, path.rpartition("/")[0]):
        try:
            current_app.url_map.bind("").match(page, method="GET")
        except HTTPException:
            continue
        return page
    return None


def _in_words(kept: once.Resend) -> list[Any]:
    """As the slice that takes the form names its fields; what may no longer be seen is not shown."""
    sent = MultiDict(kept.fields)
    try:
        endpoint, values = current_app.url_map.bind("").match(urlsplit(kept.action).path, method="POST")
        return unsent_answers[endpoint](sent, **values) if endpoint in unsent_answers else []
    except (HTTPException, DubanError):
        return []


@blueprint.get("/help/keys")
@public
def keys() -> Response:
    """The list of keys as a page, for the help button without JavaScript."""
    return render("keys.html")


@blueprint.get("/api/docs")
@public
def api_docs() -> Response:
    """OpenAPI made readable; Swagger UI without its inline script."""
    return render("api_docs.html", spec=url_for("api-docs.openapi_json"))
