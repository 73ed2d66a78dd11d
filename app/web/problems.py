"""Errors as the caller reads them: problem+json for programs, a page or a fragment for people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import flask_login
from flask import Flask, Response, current_app, jsonify, make_response, request, url_for
from flask_wtf.csrf import CSRFError
from marshmallow import ValidationError
from sqlalchemy.exc import DataError
from werkzeug.exceptions import HTTPException

from app.db import UNAVAILABLE, is_locked
from app.errors import Busy, DubanError
from app.i18n import _
from app.web.api import Unauthenticated, is_api
from app.web.database import db
from app.web.once import keep_for_sign_in
from app.web.rendering import is_partial, render

Extra = Mapping[str, Any]  # what an error says beside its detail: errors per field, the present holder …


def _problem(status: int, code: str, detail: str, extra: Extra) -> Response:
    # RFC 9457 owns these four; whatever an error calls by the same name does not replace them.
    response = jsonify({**extra, "type": "about:blank", "status": status, "code": code, "detail": detail})
    response.status_code = status
    response.content_type = "application/problem+json"
    return response


def _titles() -> dict[int, str]:
    return {
        400: _("请求有误"),
        401: _("请先登录"),
        403: _("您没有办理此事的权限"),
        404: _("没有找到，或者您无权查看"),
        405: _("不支持这种操作"),
        409: _("此事已有变化，请按最新情况办理"),
        413: _("提交的内容过大"),
        415: _("内容类型不受支持"),
        422: _("填写有误，请按提示修改"),
        429: _("操作过于频繁，请稍候再试"),
        500: _("系统出错，您填写的内容没有提交"),
        503: _("系统正忙，请稍候再试"),
    }


def _page(status: int, code: str, detail: str, extra: Extra) -> Response:
    if status == 401:
        return to_sign_in()
    template = "errors/_error.html" if is_partial() else "errors/error.html"
    said = detail if detail != _titles().get(status) else ""  # the page has better words for the usual
    return render(template, status, number=status, code=code, detail=said, extra=extra)


def to_sign_in() -> Response:
    """An expired session: htmx gets HX-Redirect (never a 302 that would be swapped in), a browser the sign-in page."""
    back = url_for("web.unsent") if keep_for_sign_in() else request.full_path if request.method == "GET" else None
    target = url_for("security.login", next=back)
    if request.headers.get("HX-Request") == "true":
        response = make_response("", 200)
        kept = request.method != "GET" and back is not None
        response.headers["HX-Redirect"] = target if kept else url_for("security.login")
        return response
    return make_response("", 302, {"Location": target})


def _answer(status: int, code: str, detail: str, extra: Extra | None = None) -> Response:
    db.session.rollback()
    return (_problem if _wants_json() else _page)(status, code, detail, extra or {})


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if hasattr(value, "as_dict"):
        return _plain(value.as_dict())
    if isinstance(value, (int, float, bool)) or value is None:
        return value
    return str(value)


def _messages(value: Any) -> Any:
    """Messages per field, always as lists; nested forms keep their nesting."""
    if isinstance(value, dict):
        return {str(key): _messages(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, (list, tuple)) else [_plain(value)]


def duban_error(error: DubanError) -> Response:
    extra = _plain(error.extra)
    if getattr(error, "errors", None):
        extra["errors"] = _messages(error.errors)  # type: ignore[attr-defined]
    if getattr(error, "problems", None):
        extra["problems"] = _plain(error.problems)  # type: ignore[attr-defined]
    detail = _("请先登录") if isinstance(error, Unauthenticated) else str(error.detail)
    response = _answer(error.status, error.code, detail, extra)
    if isinstance(error, Busy):
        response.headers["Retry-After"] = "1"
    return response


def http_error(error: HTTPException) -> Response:
    if error.response is not None:
        return make_response(error.response)
    cause = getattr(error, "original_exception", None)
    if isinstance(cause, UNAVAILABLE):  # so early or so late in the request that no other handler was asked
        return unavailable(cause)
    status = error.code or 500
    data = getattr(error, "data", None) or {}
    messages = data.get("messages")
    extra = {"errors": _flatten(messages)} if isinstance(messages, dict) else {}
    response = _answer(
        status,
        error.name.lower().replace(" ", "_"),
        _titles().get(status, error.name),
        extra,
    )
    for name, value in error.get_headers():
        if name.lower() in ("allow", "retry-after"):
            response.headers[name] = value
    return response


def unavailable(error: Exception) -> Response:
    """A locked, full, read-only or lost database: nothing was written, and a later try may do.

    The answer asks the database for nothing, not even who is signed in.
    """
    current_app.logger.warning("database unavailable: %s", getattr(error, "orig", error))
    detail = _("别人或系统正在办理，请稍候再试") if is_locked(error) else _titles()[503]
    if _wants_json():
        response = _problem(503, "busy", detail, {})
    else:
        name = "errors/_error.html" if is_partial() else "errors/unavailable.html"
        page = current_app.jinja_env.get_template(name)
        response = make_response(page.render(number=503, code="busy", detail=detail), 503)
    response.headers["Retry-After"] = "2"
    return response


def _wants_json() -> bool:
    return is_api() or request.accept_mimetypes.best == "application/json"


def _stale_page(_error: CSRFError) -> Response:
    """The token of a session that has ended: sign in again and go on; else the page itself is too old."""
    if not _wants_json() and not flask_login.current_user.is_authenticated and keep_for_sign_in():
        return to_sign_in()
    if not flask_login.current_user.is_authenticated:  # a photo, a draft: the form itself leads through the sign-in
        return _answer(400, "csrf", _("登录已过期。请直接提交，登录后可以接着办，填写的内容会保留"))
    return _answer(400, "csrf", _("页面已过期，请重新载入后再提交，您填写的内容仍在页面上"))


def _flatten(messages: dict[str, Any]) -> dict[str, Any]:
    """webargs puts the place (json, query) around the fields; callers want the fields."""
    places = ("json", "query", "form", "json_or_form", "files", "headers")
    flat: dict[str, Any] = {}
    for place, value in messages.items():
        flat |= _messages(value) if place in places and isinstance(value, dict) else {place: _messages(value)}
    return flat


def init_app(app: Flask) -> None:
    app.register_error_handler(DubanError, duban_error)
    app.register_error_handler(HTTPException, http_error)
    app.register_error_handler(
        ValidationError,
        lambda error: _answer(422, "invalid", _titles()[422], {"errors": _messages(error.normalized_messages())}),
    )
    app.register_error_handler(
        CSRFError,
        _stale_page,
    )

    for kind in UNAVAILABLE:
        app.register_error_handler(kind, unavailable)

    @app.errorhandler(DataError)
    @app.errorhandler(OverflowError)  # SQLite's driver says so of a number that is too large
    def too_much(error: DataError | OverflowError) -> Response:
        """Longer or larger than its column. Forms and schemas say so first, field by field; this is the rest."""
        why = getattr(error, "orig", error)
        app.logger.error("value refused by the database in %s %s: %s", request.method, request.path, why)
        return _answer(422, "invalid", _("填写的内容过长或数值过大，没有提交"))

    @app.errorhandler(Exception)
    def fault(error: Exception) -> Response:
        if app.config.get("PROPAGATE_FAULTS"):
            raise error
        app.logger.error("fault in %s %s by %s", request.method, request.path, flask_login.current_user, exc_info=error)
        return _answer(500, "fault", _titles()[500])
