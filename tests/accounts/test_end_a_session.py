"""Signed-in devices: listed on the account page, ended one by one, and by themselves after idle and absolute time."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import sqlalchemy as sa
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from app.db import write_transaction
from app.web import WebSession
from app.web.sessions import ABSOLUTE, IDLE, sweep
from tests.accounts.people import last_acts, signed_in
from tests.accounts.test_sign_in import enter
from tests.cast import member

SignIn = Callable[[str], FlaskClient]


def sessions_of(session: Session, key: str) -> list[WebSession]:
    session.expire_all()
    owned = sa.select(WebSession).where(WebSession.user_key == member(key).fs_uniquifier)
    return list(session.scalars(owned.order_by(WebSession.created_at)))


def test_another_device_is_signed_out_from_here(sign_in: SignIn, session: Session) -> None:
    there, here = sign_in("zhao"), sign_in("zhao")
    assert signed_in(there) and signed_in(here)
    page = here.get("/account").text
    assert page.count("/account/sessions/") == 1  # the own one is not offered
    other = page.split("/account/sessions/")[1].split("/")[0]
    assert here.post(f"/account/sessions/{other}/revocation").status_code == 303
    assert signed_in(here) and not signed_in(there)
    assert last_acts(session)[0] == ("赵明远", "users.session_ended", member("zhao").id)
    assert here.post(f"/account/sessions/{other}/revocation").status_code == 404


def test_somebody_elses_session_is_not_found(sign_in: SignIn, session: Session) -> None:
    deng = sign_in("deng")
    assert signed_in(deng)
    target = sessions_of(session, "deng")[0].id
    assert sign_in("zhao").post(f"/account/sessions/{target}/revocation").status_code == 404
    assert signed_in(deng)


def test_the_device_is_named_so_that_its_owner_knows_it(anonymous: FlaskClient) -> None:
    agent = "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 Chrome/126.0 Mobile Safari/537.36"
    enter(anonymous, "sun", headers={"User-Agent": agent})
    assert "Chrome, Android" in anonymous.get("/account", headers={"User-Agent": agent}).text


def test_half_an_hour_without_a_request_ends_a_session(sign_in: SignIn, session: Session) -> None:
    browser = sign_in("liu")
    assert signed_in(browser)
    with write_transaction(session):
        for stored in sessions_of(session, "liu"):
            stored.seen_at -= IDLE
    assert not signed_in(browser)


def test_twelve_hours_end_a_session_however_busy(sign_in: SignIn, session: Session) -> None:
    browser = sign_in("gao")
    assert signed_in(browser)
    with write_transaction(session):
        for stored in sessions_of(session, "gao"):
            stored.created_at -= ABSOLUTE
    assert not signed_in(browser)


def test_the_sweep_removes_what_is_over_and_nothing_else(sign_in: SignIn, session: Session) -> None:
    old, new = sign_in("wu"), sign_in("chen")
    assert signed_in(old) and signed_in(new)
    with write_transaction(session):
        for stored in sessions_of(session, "wu"):
            stored.seen_at = dt.datetime.now(dt.UTC) - IDLE - dt.timedelta(minutes=1)
    with write_transaction(session):
        assert sweep(session) >= 1
    assert sessions_of(session, "wu") == [] and len(sessions_of(session, "chen")) == 1
    assert signed_in(new)
