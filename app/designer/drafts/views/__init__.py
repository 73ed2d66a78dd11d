"""Pages and JSON of drafts: the list, files, the check with its fixes, import and export."""

from __future__ import annotations

from flask import Blueprint, Flask, request

from app import web
from app.designer.access import designs, for_designers
from app.designer.drafts import queries
from app.i18n import lazy_

blueprint = for_designers(Blueprint("designer", __name__, url_prefix="/designer"))


def wants_json() -> bool:
    """Programs and the editor's own scripts say so; a browser that follows a link wants the page."""
    return request.is_json or request.accept_mimetypes.best == "application/json"


def init_app(app: Flask) -> None:
    from app.designer.drafts.views import checks, files, lists  # noqa: F401  (their routes)

    app.register_blueprint(blueprint)
    app.jinja_env.globals["draft_title"] = lambda draft: queries.title_of(web.db.session(), draft)
    app.jinja_env.globals["draft_behind"] = lambda draft: queries.behind(web.db.session(), draft)
    web.menu.add(web.MenuItem("administration", 40, "designer.index", lazy_("流程设计"), icon="vector", shown=designs))
