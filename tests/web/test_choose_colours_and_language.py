"""Colours, text size and language: chosen before and after sign-in, without JavaScript."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from tests.accounts.people import audit_length, last_acts, user
from tests.cast import member

SignIn = Callable[[str], FlaskClient]


def choose(browser: FlaskClient, **choice: str):  # type: ignore[no-untyped-def]
    return browser.post("/preferences", data=choice)


def test_a_stranger_reads_the_sign_in_page_in_english(anonymous: FlaskClient) -> None:
    assert "<h1" in anonymous.get("/login").text and "登录" in anonymous.get("/login").text
    answer = choose(anonymous, locale="en", next="/login")
    assert answer.status_code == 303 and answer.headers["Location"] == "/login"
    page = anonymous.get("/login").text
    assert 'lang="en"' in page and "Sign in" in page and "Wanghai Safety Committee Office" in page


def test_a_person_keeps_the_language_on_the_next_device(sign_in: SignIn, session: Session) -> None:
    browser = sign_in("deng")
    assert choose(browser, locale="en").status_code == 303
    assert user(session, "deng").locale == "en"
    assert last_acts(session)[0] == ("邓超", "users.edited", member("deng").id)
    assert 'lang="en"' in sign_in("deng").get("/account").text


def test_choosing_the_same_again_records_nothing(sign_in: SignIn, session: Session) -> None:
    browser = sign_in("liu")
    choose(browser, locale="en")
    length = audit_length(session)
    session.rollback()
    choose(browser, locale="en")
    assert audit_length(session) == length


def test_what_was_chosen_in_this_browser_wins_over_the_account(sign_in: SignIn) -> None:
    browser = sign_in("gao")
    browser.set_cookie("lang", "en")
    assert 'lang="en"' in browser.get("/account").text


def test_colours_and_size_reach_the_page(anonymous: FlaskClient) -> None:
    choose(anonymous, theme="dark")
    choose(anonymous, size="large")
    page = anonymous.get("/login").text
    assert 'data-theme="dark"' in page and 'data-bs-theme="dark"' in page and 'class="is-large"' in page
    assert 'name="theme" value="dark" aria-pressed="true"' in page


@pytest.mark.parametrize("name", ["theme", "size", "lang"])
def test_a_cookie_with_nonsense_changes_nothing(anonymous: FlaskClient, name: str) -> None:
    anonymous.set_cookie(name, '"><script>alert(1)</script>')
    page = anonymous.get("/login").text
    assert "alert(1)" not in page and 'data-theme="light"' in page and 'lang="zh-CN"' in page


def test_an_unknown_choice_is_not_kept(anonymous: FlaskClient) -> None:
    answer = choose(anonymous, theme="purple", locale="tlh")
    assert not [cookie for cookie in answer.headers.getlist("Set-Cookie") if cookie.startswith(("theme", "lang"))]


@pytest.mark.parametrize(
    "target", ["https://example.org/", "//example.org", "/\\example.org", "javascript:alert(1)", "", "/a\nb"]
)
def test_the_way_back_never_leads_elsewhere(anonymous: FlaskClient, target: str) -> None:
    assert choose(anonymous, theme="dark", next=target).headers["Location"] == "/"
