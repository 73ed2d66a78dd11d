"""A form is carried out once, however often it is sent: double click, the back button, a try after a lost answer.

Every form that the server draws carries a key of its own (`ui.csrf()`). What the first sending led to is kept for a
day and told again to whoever sends the same form with the same content; a refusal is not kept, so that what was
corrected can be sent from the same page. Programs have `Idempotency-Key` for this (idempotency.py).
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass

import flask_login
from flask import Flask, Response, current_app, g, request
from flask import session as browser
from werkzeug.datastructures import ImmutableMultiDict

from app.web.api import is_api
from app.web.database import db
from app.web.idempotency import IdempotencyKey, Sending, begin, conclude, instead, settled
from app.web.rendering import see_other

FIELD = "_once"
_LONGEST = 64
_UNSENT, _MOST_KEPT = "unsent", 200_000
_SECRET = ("security", "accounts")
_PASSING = frozenset({"csrf_token", FIELD})


def form_key() -> str:
    """The key of a form that is being drawn. A form that is shown again because it was refused keeps its key."""
    if sent := g.get("form_key", ""):
        return str(sent)
    if not flask_login.current_user.is_authenticated:
        return secrets.token_urlsafe(9)
    key = secrets.token_urlsafe(9)
    key += _sealed(f"drawn\0{key}")
    return f"{key}.{_mark(key)}"


def _mark(key: str) -> str:
    """Says for whom a form was drawn."""
    return _sealed(f"{key}\0{flask_login.current_user.get_id()}")


def _drawn(key: str) -> bool:
    """Whether we drew a form with this key, for somebody who was signed in."""
    return hmac.compare_digest(key[12:].encode(), _sealed(f"drawn\0{key[:12]}").encode())


def _sealed(text: str) -> str:
    secret = str(current_app.config["SECRET_KEY"]).encode()
    return hmac.new(secret, text.encode(), hashlib.sha256).hexdigest()[:24]


def _take_key() -> Response | None:
    """The key leaves the form here: no view is to read it. A sending that was carried out already is answered again."""
    if request.method != "POST" or is_api() or FIELD not in request.form:
        return None
    key = request.form[FIELD][:_LONGEST]
    content = _content_hash()
    request.form = ImmutableMultiDict([(k, v) for k, v in request.form.items(multi=True) if k != FIELD])
    if not key:
        return None
    g.form_key = key
    if not flask_login.current_user.is_authenticated:
        return None
    if request.args.get("_step") or request.form.get("_step"):
        return None  # only changes what the form shows
    row = hashlib.sha256(f"form\0{flask_login.current_user.get_id()}\0{request.path}\0{key}".encode()).hexdigest()
    stored = begin(row, content)
    if isinstance(stored, Sending):
        g.form_sending = stored
        return None
    if stored.request_hash != content:
        return None  # sent again with something else in it: a new sending, which the view judges
    return _led_to(settled(stored))


def _led_to(stored: IdempotencyKey) -> Response:
    return see_other(stored.body.decode())


def _content_hash() -> str:
    fields = sorted((name, value) for name, value in request.form.items(multi=True) if name not in _PASSING)
    uploads = sorted((name, upload.filename or "") for name, upload in request.files.items(multi=True))
    return hashlib.sha256(repr((fields, uploads, request.query_string)).encode()).hexdigest()


def _remember(response: Response) -> Response:
    """Only where it led is kept: a page that tells what was wrong is drawn anew."""
    sending: Sending | None = g.pop("form_sending", None)
    if sending is None:
        return response
    target = response.headers.get("HX-Redirect") or (response.location if response.status_code == 303 else None)
    db.session.rollback()
    if target:
        browser.pop(_UNSENT, None)
    answer = {"status": 303, "body": target.encode(), "content_type": "text/uri-list"} if target else None
    kept = conclude(sending, answer, broken=response.status_code >= 500)
    if kept and (answer or sending.acted or response.status_code >= 500):
        return response
    return instead(sending, response, _led_to)  # it may have been refused because the same was sent a moment before


@dataclass(frozen=True)
class Resend:
    """A form that was not carried out because others were at work: the page offers to send it as it was."""

    action: str
    fields: list[tuple[str, str]]
    files: bool


def resend() -> Resend | None:
    """For the page that says so. Nothing of what signs in or changes an account is written into a page."""
    if request.method != "POST" or is_api() or request.blueprint in _SECRET:
        return None
    fields = [(name, value) for name, value in request.form.items(multi=True) if "password" not in name]
    if key := g.get("form_key", ""):
        fields.append((FIELD, key))
    return Resend(request.full_path.rstrip("?"), fields, any(upload.filename for upload in request.files.values()))


def keep_for_sign_in() -> bool:
    """A session ended before the form was sent: what it held waits for the same person to sign in again.

    Only of forms that we drew for somebody: strangers could fill the database otherwise.
    """
    key = g.get("form_key", "") or request.form.get(FIELD, "")
    again = resend()
    if again is None or not _drawn(key.partition(".")[0]) or flask_login.current_user.is_authenticated:
        return False
    if request.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none"):
        return False
    fields = [(name, value) for name, value in again.fields if name not in _PASSING]
    if sum(len(name) + len(value) for name, value in fields) > _MOST_KEPT:
        return False
    browser[_UNSENT] = {"action": again.action, "fields": fields, "key": key, "files": again.files}
    return True


def unsent() -> Resend | None:
    """What this person had filled in when the session ended; nothing for anybody else."""
    kept = browser.get(_UNSENT)
    if not kept or not flask_login.current_user.is_authenticated:
        return None
    key, _dot, mark = str(kept["key"]).partition(".")
    if not hmac.compare_digest(mark, _mark(key)):
        browser.pop(_UNSENT, None)
        return None
    g.form_key = kept["key"]
    return Resend(kept["action"], [(name, value) for name, value in kept["fields"]], kept["files"])


def init_app(app: Flask) -> None:
    app.before_request(_take_key)
    app.after_request(_remember)
    app.jinja_env.globals.update(form_key=form_key, resend=resend)
