from __future__ import annotations
import pytest
from tests import conftest as c
from app.clock import FixedClock
from app.db import Base, write_transaction
@pytest.fixture(scope="session")
def template_home(tmp_path_factory):
    home = tmp_path_factory.mktemp("template")
    app = c._build(home, FixedClock(c.START))
    with app.app_context():
        from flask_security import hash_password
        sessions = app.extensions["duban.sessions"]
        Base.metadata.create_all(sessions.kw["bind"])
        with sessions() as session, write_transaction(session):
            c.people_the_city(session, hash_password(c.PASSWORD))
        sessions.kw["bind"].dispose()
    return home
_old = c._build
def _build(home, clock):
    app = _old(home, clock)
    from app.i18n import get_locale
    g = app.jinja_env.globals
    g.setdefault("locale", get_locale)
    g.setdefault("site_name", lambda: "望海市")
    g.setdefault("has_endpoint", lambda e: e in app.view_functions)
    g.setdefault("unread_notifications", lambda: 0)
    g.setdefault("working_clock", lambda: None)
    from flask import Blueprint
    if "web.preferences" not in app.view_functions:
        b = Blueprint("web", __name__)
        b.add_url_rule("/preferences", "preferences", lambda: "", methods=["POST"])
        app.register_blueprint(b)
    for n in ("notifications.index",):
        if n not in app.view_functions:
            b = Blueprint(n.split(".")[0], __name__)
            b.add_url_rule("/" + n, "index", lambda: "")
            app.register_blueprint(b)
    return app
c._build = _build
