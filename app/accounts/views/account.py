"""One's own account: profile, language, password, tokens for programs, sessions."""

from __future__ import annotations

from typing import Any, cast

import sqlalchemy as sa
from flask import Response, flash, session, url_for

from app import web
from app.accounts.absences import queries as absences
from app.accounts.models import ApiToken
from app.accounts.schemas import TOKEN_DAYS, ProfileIn, TokenIn
from app.accounts.security.tokens import tokens_of
from app.accounts.views import blueprint
from app.accounts.views.forms import people, submitted
from app.clock import local
from app.errors import Invalid, NotFound
from app.i18n import _
from app.web import WebSession
from app.web.sessions import ServerSession, hash_key


@blueprint.get("/account")
def account() -> Response:
    return page()


@blueprint.post("/account/profile")
@web.writes
def save_profile() -> Response:
    user = web.current_user()
    try:
        data = submitted(ProfileIn())
        people().edit(user, data)
    except Invalid as wrong:
        return page(422, profile_errors=wrong.errors)
    flash(_("已保存"))
    return web.see_other(url_for("accounts.account"))


@blueprint.post("/account/tokens")
@web.writes
def issue_token() -> Response:
    """The answer is the page itself: the secret stands nowhere else, so there is nothing to redirect to."""
    try:
        data = submitted(TokenIn())
    except Invalid as wrong:
        return page(422, token_errors=wrong.errors)
    token, secret = people().issue_token(web.current_user(), data["name"], data["days"])
    return page(201, new_token=token, secret=secret)


@blueprint.post("/account/tokens/<token_id>/revocation")
@web.writes
def revoke_token(token_id: str) -> Response:
    token = web.db.session.get(ApiToken, token_id)
    if token is None or token.user_id != web.current_user().id or token.revoked_at is not None:
        raise NotFound()
    people().revoke_token(web.current_user(), token)
    flash(_("已撤销令牌 %(name)s", name=token.name))
    return web.see_other(url_for("accounts.account"))


@blueprint.post("/account/sessions/<session_id>/revocation")
@web.writes
def revoke_session(session_id: str) -> Response:
    stored = web.db.session.get(WebSession, session_id)
    if stored is None or stored.user_key != web.current_user().fs_uniquifier:
        raise NotFound()
    people().end_session(web.current_user(), stored)
    flash(_("已退出该设备上的登录"))
    return web.see_other(url_for("accounts.account"))


def page(status: int = 200, **context: Any) -> Response:
    user, now = web.current_user(), web.clock().now()
    sessions = (
        sa.select(WebSession).where(WebSession.user_key == user.fs_uniquifier).order_by(WebSession.seen_at.desc())
    )
    return web.render(
        "accounts/account.html",
        status,
        user=user,
        tokens=web.db.session.scalars(tokens_of(user.id)).all(),
        sessions=web.db.session.scalars(sessions).all(),
        this_session=hash_key(cast("ServerSession", session).key),
        token_days=TOKEN_DAYS,
        absences=absences.own(web.db.session(), user.id),
        standing_in=absences.principals(user),
        may_be_away=absences.may_be_away(user),
        proxies=[(one.id, one.name) for one in web.db.session.scalars(absences.possible_proxies(user)).unique()],
        now=now,
        today=local(now).date().isoformat(),
        **context,
    )
