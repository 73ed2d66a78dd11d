"""The two forms of Flask-Security that people see, with our rules and answers."""

from __future__ import annotations

from typing import Any

from flask import Response, after_this_request, current_app, request
from flask_security.forms import ChangePasswordForm, LoginForm
from wtforms import StringField
from wtforms.validators import DataRequired, Length

from app import web
from app.accounts.security.attempts import SignIn
from app.clock import local
from app.i18n import _, lazy_


class SignInForm(LoginForm):
    """User name and password. Whatever is wrong with the two is said in one sentence."""

    email = None
    remember = None
    username = StringField(validators=[DataRequired(lazy_("填写用户名")), Length(max=80, message=lazy_("用户名太长"))])

    def validate(self, **kwargs: Any) -> bool:
        if not super(LoginForm, self).validate(**kwargs):
            return self._refuse(422)
        outcome = SignIn(
            web.db.session(), request.remote_addr or "", current_app.config["SECRET_KEY"], web.clock()
        ).attempt(self.username.data or "", self.password.data or "")
        if outcome.locked_until:
            until = local(outcome.locked_until).strftime("%H:%M")
            text = _("失败次数过多，已锁定到 %(until)s，也可请管理员解锁", until=until)
            return self._refuse(429, text)
        if outcome.user is None:
            return self._refuse(401, _("用户名或密码不对"))
        self.user = outcome.user
        return True

    def _refuse(self, status: int, message: str | None = None) -> bool:
        if message:
            self.form_errors.append(message)

        @after_this_request
        def say_so(response: Response) -> Response:
            response.status_code = status
            return response

        return False


class OfficeChangePasswordForm(ChangePasswordForm):
    """The present password, the new one twice."""

    def validate(self, **kwargs: Any) -> bool:
        if super().validate(**kwargs):
            return True

        @after_this_request
        def say_so(response: Response) -> Response:
            response.status_code = 422
            return response

        return False
