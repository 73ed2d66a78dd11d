"""Cross-site requests: token, origin, cookies, and the headers that keep a page to itself."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from app.web.setup import CSP
from tests.accounts.people import user
from tests.accounts.test_sign_in import enter
from tests.conftest import PASSWORD

PROFILE = {"title": "伪造", "phone": "", "email": ""}


@pytest.fixture(autouse=True)
def _protected(app: Flask) -> Iterator[None]:
    app.config["WTF_CSRF_ENABLED"] = True
    yield
    app.config["WTF_CSRF_ENABLED"] = False


def token_in(page: str) -> str:
    found = re.search(r'name="csrf-token" content="([^"]+)"', page)
    assert found
    return found[1]


@pytest.fixture
def zhao(anonymous: FlaskClient) -> FlaskClient:
    token = token_in(anonymous.get("/login").text)
    assert (
        anonymous.post("/login", data={"username": "zhao", "password": PASSWORD, "csrf_token": token}).status_code
        == 302
    )
    return anonymous


def test_a_form_without_the_token_changes_nothing(zhao: FlaskClient, session: Session) -> None:
    refused = zhao.post("/account/profile", data=PROFILE)
    assert refused.status_code == 400 and "页面已过期" in refused.text
    assert user(session, "zhao").title == ""


def test_the_token_works_as_field_and_as_header(zhao: FlaskClient, session: Session) -> None:
    token = token_in(zhao.get("/account").text)
    assert zhao.post("/account/profile", data=PROFILE | {"title": "甲", "csrf_token": token}).status_code == 303
    by_header = zhao.post("/account/profile", data=PROFILE | {"title": "乙"}, headers={"X-CSRFToken": token})
    assert by_header.status_code == 303
    assert user(session, "zhao").title == "乙"


def test_the_token_of_somebody_else_is_worth_nothing(app: Flask, zhao: FlaskClient) -> None:
    foreign = token_in(app.test_client().get("/login").text)
    assert zhao.post("/account/profile", data=PROFILE | {"csrf_token": foreign}).status_code == 400


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_a_request_that_another_site_made_is_refused_even_with_the_token(zhao: FlaskClient, site: str) -> None:
    token = token_in(zhao.get("/account").text)
    forged = zhao.post("/account/profile", data=PROFILE | {"csrf_token": token}, headers={"Sec-Fetch-Site": site})
    assert forged.status_code == 400


def test_signing_in_itself_needs_the_token(anonymous: FlaskClient) -> None:
    assert enter(anonymous, "zhao").status_code == 400


def test_the_api_with_a_session_needs_the_token_too(zhao: FlaskClient) -> None:
    refused = zhao.post("/api/v1/notifications/readings")
    assert refused.status_code == 400 and refused.content_type == "application/problem+json"
    token = token_in(zhao.get("/account").text)
    assert zhao.post("/api/v1/notifications/readings", headers={"X-CSRFToken": token}).status_code == 200


def test_the_session_cookie_is_out_of_reach_of_scripts_and_of_other_sites(zhao: FlaskClient) -> None:
    cookie = zhao.get_cookie("duban")
    assert cookie is not None and cookie.http_only and cookie.same_site == "Lax"


@pytest.mark.parametrize("path", ["/login", "/account", "/nowhere", "/api/v1/users/me", "/api/docs", "/healthz"])
def test_every_answer_carries_the_headers(zhao: FlaskClient, path: str) -> None:
    headers = zhao.get(path).headers
    assert headers["Content-Security-Policy"] == CSP
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Cache-Control"] == "no-store"


def test_a_built_file_is_fetched_once_and_kept_by_browsers_alone(zhao: FlaskClient) -> None:
    """Its name changes with its content; every page would otherwise ask five times whether anything has changed."""
    built = re.findall(r'"(/static/dist/[^"]+)"', zhao.get("/account").text)
    assert len(built) >= 4
    for path in built:
        answer = zhao.get(path)
        assert answer.headers["Cache-Control"] == "private, max-age=31536000, immutable", path
        again = zhao.get(path, headers={"If-None-Match": answer.headers["ETag"]})
        assert (again.status_code, again.headers["Cache-Control"]) == (304, answer.headers["Cache-Control"])
    for path in ("/static/dist/manifest.json", "/static/icon.svg", "/static/dist/app-0123456789.css", "/sw.js"):
        assert "max-age" not in zhao.get(path).headers.get("Cache-Control", ""), path


def test_the_policy_allows_no_inline_script_and_no_other_host() -> None:
    rules = dict(rule.strip().split(" ", 1) for rule in CSP.split(";"))
    assert rules["script-src"] == "'self'" and rules["default-src"] == "'self'"
    assert "unsafe-eval" not in CSP and "http" not in CSP
    assert "unsafe-inline" not in rules["script-src"] + rules["style-src"]


@pytest.mark.parametrize(
    "path", ["/login", "/account", "/account/password", "/notifications", "/subjects", "/api/docs", "/help/keys"]
)
def test_no_page_has_an_inline_script_or_handler(zhao: FlaskClient, path: str) -> None:
    page = zhao.get(path).text
    scripts = re.findall(r"<script(?![^>]*\bsrc=)([^>]*)>", page)
    assert all("application/json" in attributes for attributes in scripts)
    assert not re.search(r"<[^>]+\son[a-z]+=", page) and " style=" not in page


def test_no_address_changes_anything_by_get(app: Flask) -> None:
    """A link or an image must never act: whatever sounds like an act is not reachable by GET."""
    acts = re.compile(
        r"/(revocation|deactivation|activation|unlocking|readings?|claim|completion|cancellation|preferences)$"
    )
    for rule in app.url_map.iter_rules():
        if acts.search(rule.rule):
            assert "GET" not in (rule.methods or set()), rule.rule
