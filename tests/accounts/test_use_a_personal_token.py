"""Personal tokens: made on the account page, shown once, revoked, and what they open."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable

import sqlalchemy as sa
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from app.accounts.models import ApiToken, User
from app.db import write_transaction
from tests.accounts.people import last_acts
from tests.cast import member

SignIn = Callable[[str], FlaskClient]


def make(browser: FlaskClient, name: str = "报表程序", days: str = "90") -> str:
    answer = browser.post("/account/tokens", data={"name": name, "days": days})
    assert answer.status_code == 201
    found = re.search(r"duban_[\w-]{43}", answer.text)
    assert found
    return found[0]


def bearer(secret: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {secret}"}


def stored(session: Session, key: str) -> list[ApiToken]:
    session.expire_all()
    return list(session.scalars(sa.select(ApiToken).where(ApiToken.user_id == member(key).id)))


def test_a_program_acts_with_the_rights_of_the_person(sign_in: SignIn, anonymous: FlaskClient) -> None:
    secret = make(sign_in("zhao"))
    me = anonymous.get("/api/v1/users/me", headers=bearer(secret))
    assert me.status_code == 200 and me.json and me.json["username"] == "zhao"


def test_the_secret_is_shown_once_and_stored_nowhere(sign_in: SignIn, session: Session) -> None:
    browser = sign_in("sun")
    secret = make(browser)
    assert secret not in browser.get("/account").text
    assert "报表程序" in browser.get("/account").text
    assert all(secret not in str(vars(token)) for token in stored(session, "sun"))
    assert last_acts(session)[0] == ("孙强", "users.token_issued", member("sun").id)


def test_what_is_wrong_with_the_form_is_said(sign_in: SignIn, session: Session) -> None:
    answer = sign_in("ma").post("/account/tokens", data={"name": "", "days": "12"})
    assert answer.status_code == 422
    assert "必填" in answer.text and "不在可选范围内" in answer.text
    assert stored(session, "ma") == []


def test_a_revoked_token_opens_nothing_and_is_revoked_once(
    sign_in: SignIn, anonymous: FlaskClient, session: Session
) -> None:
    browser = sign_in("deng")
    secret = make(browser)
    token_id = stored(session, "deng")[0].id
    assert browser.post(f"/account/tokens/{token_id}/revocation").status_code == 303
    assert browser.post(f"/account/tokens/{token_id}/revocation").status_code == 404
    refused = anonymous.get("/api/v1/users/me", headers=bearer(secret))
    assert refused.status_code == 401 and refused.json and refused.json["code"] == "unauthenticated"


def test_somebody_elses_token_is_not_found(sign_in: SignIn, anonymous: FlaskClient, session: Session) -> None:
    secret = make(sign_in("he"))
    token_id = stored(session, "he")[0].id
    assert sign_in("zhao").post(f"/account/tokens/{token_id}/revocation").status_code == 404
    assert anonymous.get("/api/v1/users/me", headers=bearer(secret)).status_code == 200


def test_a_token_past_its_days_opens_nothing(sign_in: SignIn, anonymous: FlaskClient, session: Session) -> None:
    secret = make(sign_in("wu"), days="7")
    with write_transaction(session):
        stored(session, "wu")[0].expires_at = dt.datetime.now(dt.UTC) - dt.timedelta(seconds=1)
    assert anonymous.get("/api/v1/users/me", headers=bearer(secret)).status_code == 401


def test_the_token_of_a_closed_account_opens_nothing(sign_in: SignIn, anonymous: FlaskClient, session: Session) -> None:
    secret = make(sign_in("qin"))
    with write_transaction(session):
        session.get_one(User, member("qin").id).active = False
    assert anonymous.get("/api/v1/users/me", headers=bearer(secret)).status_code == 401
    with write_transaction(session):
        session.get_one(User, member("qin").id).active = True


def test_a_token_cannot_reach_account_pages_and_so_not_make_another(sign_in: SignIn, anonymous: FlaskClient) -> None:
    secret = make(sign_in("zhao"))
    for path in ("/account", "/account/password", "/admin/users"):
        assert anonymous.get(path, headers=bearer(secret)).status_code == 403
    refused = anonymous.post("/account/tokens", data={"name": "x", "days": "7"}, headers=bearer(secret))
    assert refused.status_code == 403


def test_beside_a_session_the_token_decides_who_calls(sign_in: SignIn) -> None:
    secret = make(sign_in("ma"))
    me = sign_in("zhao").get("/api/v1/users/me", headers=bearer(secret))
    assert me.json and me.json["username"] == "ma"


def test_a_wrong_token_does_not_fall_back_to_the_session(sign_in: SignIn) -> None:
    assert sign_in("zhao").get("/api/v1/users/me", headers=bearer("duban_wrong")).status_code == 401
