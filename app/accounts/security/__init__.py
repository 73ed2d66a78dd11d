"""Flask-Security as we use it: sign-in by user name and password, our sessions and tokens, denied by default."""

from __future__ import annotations

import secrets
from typing import Any, cast

import flask_login
from flask import Flask, Request, Response, current_app, flash, request, session, url_for
from flask_babel import Babel
from flask_security import Security, SQLAlchemyUserDatastore, password_changed, user_authenticated

from app import audit, web
from app.accounts.models import User
from app.accounts.security import demo, tokens
from app.accounts.security.callers import Caller
from app.accounts.security.forms import OfficeChangePasswordForm, SignInForm
from app.accounts.security.passwords import MIN_LENGTH, OfficePasswords
from app.errors import Forbidden
from app.i18n import _, get_locale, lazy_
from app.web.api import Unauthenticated
from app.web.problems import duban_error
from app.web.sessions import ServerSession

# Open to everybody; views of our own say so with `accounts.public`.
_PUBLIC = frozenset({"static", "security.login", "security.static", "api-docs.openapi_json"})
_WHILE_PASSWORD_IS_TEMPORARY = frozenset({"security.change_password", "security.logout", "static", "web.preferences"})
# Only a person in a browser: a token that leaked must not be able to make another one.
_NOT_BY_TOKEN = ("accounts.", "security.")


def configure(app: Flask) -> None:
    app.config.update(
        SECURITY_USER_IDENTITY_ATTRIBUTES=[{"username": {"mapper": str, "case_insensitive": True}}],
        SECURITY_PASSWORD_HASH="argon2",
        SECURITY_PASSWORD_SCHEMES=["argon2"],
        SECURITY_PASSWORD_SINGLE_HASH={"argon2"},
        SECURITY_PASSWORD_LENGTH_MIN=MIN_LENGTH,
        SECURITY_CHANGEABLE=True,
        SECURITY_CHANGE_URL="/account/password",
        SECURITY_POST_CHANGE_VIEW="/account",
        SECURITY_SEND_PASSWORD_CHANGE_EMAIL=False,
        SECURITY_POST_LOGOUT_VIEW="/login",
        SECURITY_FLASH_MESSAGES=False,
        SECURITY_JOIN_USER_ROLES=False,
        SECURITY_STATIC_FOLDER=None,
    )
    app.config.setdefault("SECURITY_PASSWORD_SALT", secrets.token_hex(16))  # asked for, not used: argon2 salts itself


def init_app(app: Flask) -> None:
    configure(app)
    # Only for Flask-Security's own texts; templates keep our `_`.
    Babel(configure_jinja=False).init_app(app, locale_selector=get_locale)
    security = Security(
        app,
        SQLAlchemyUserDatastore(web.db, User, None),
        login_form=SignInForm,
        change_password_form=OfficeChangePasswordForm,
        password_util_cls=OfficePasswords,
    )
    security.unauthn_handler(_unauthenticated)
    # Flask-Principal would load an identity in every request, for permissions of its own that nothing here asks.
    hooks = app.before_request_funcs
    hooks[None] = [hook for hook in hooks[None] if not hook.__module__.startswith("flask_principal")]
    # Flask-Security brings its own JSON provider, so only now: Chinese that a person can read in a terminal.
    app.json.ensure_ascii = False  # type: ignore[attr-defined]
    views: dict[str, Any] = app.view_functions
    views["security.change_password"] = web.writes(views["security.change_password"])
    views["security.logout"] = _logout(views["security.logout"])
    _load_people(app)
    demo.init_app(app)
    user_authenticated.connect(_rotate, app)
    password_changed.connect(_password_changed, app)
    app.before_request(guard)
    app.register_error_handler(PasswordIsTemporary, to_password_change)


def _load_people(app: Flask) -> None:
    """A token decides who calls, also beside a session cookie: the request skipped the CSRF check on its account."""
    manager = cast("flask_login.LoginManager", app.login_manager)  # type: ignore[attr-defined]
    by_session = manager._user_callback

    @manager.user_loader
    def from_session(user_key: str) -> User | Caller | None:
        if tokens.bearer(request):
            return tokens.load_bearer(request)
        return cast("User | None", by_session(user_key))

    @manager.request_loader
    def from_request(incoming: Request) -> Caller | None:
        return tokens.load_bearer(incoming)


def guard() -> None:
    """Deny by default: every view needs a signed-in person unless it says otherwise."""
    endpoint = request.endpoint
    if endpoint is None or endpoint in _PUBLIC or getattr(current_app.view_functions.get(endpoint), "public", False):
        return
    if endpoint.startswith(("api_", "api-docs")):
        _temporary_password_stops()
        return  # those blueprints answer 401 themselves, and some are public
    if not flask_login.current_user.is_authenticated:
        raise Unauthenticated()
    if tokens.bearer(request) and endpoint.startswith(_NOT_BY_TOKEN):
        raise Forbidden(lazy_("账户和管理页面不能用令牌访问"))
    _temporary_password_stops()


def _temporary_password_stops() -> None:
    user = web.signed_in()
    if user.is_authenticated and user.must_change_password and request.endpoint not in _WHILE_PASSWORD_IS_TEMPORARY:
        raise PasswordIsTemporary(lazy_("先登录网页修改临时密码"))


class PasswordIsTemporary(Forbidden):
    """The person signed in with a password that somebody else has seen."""

    code = "password_change_required"


def _unauthenticated(_mechanisms: Any = None, _headers: Any = None) -> Response:
    raise Unauthenticated()


def _rotate(_app: Flask, user: User, **_extra: Any) -> None:
    cast("ServerSession", session).rotate()


def _password_changed(_app: Flask, user: User, **_extra: Any) -> None:
    user.must_change_password = False
    audit.record(web.db.session(), web.clock().now(), user.actor(), "users.password_changed", "user", user.id)
    flash(_("密码已修改，其他设备上的登录已退出"))


def _logout(view: Any) -> Any:
    """Sign out: recorded, and the stored session is gone, not only emptied."""

    @web.writes
    def logout() -> Any:
        user = flask_login.current_user
        if user.is_authenticated:
            audit.record(web.db.session(), web.clock().now(), web.actor(), "users.signed_out", "user", user.id)
        response = view()
        stored = cast("ServerSession", session)
        stored.clear()
        stored.rotate()
        return response

    return logout


def to_password_change(error: PasswordIsTemporary) -> Any:
    """A page sends the person to the one thing that can be done; a program gets the 403."""
    if request.path.startswith("/api/"):
        return duban_error(error)
    return web.see_other(url_for("security.change_password"))
