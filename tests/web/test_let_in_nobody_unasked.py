"""Every address there is, tried by a stranger and by people without a role: made from the URL map, so that none is forgotten."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session
from werkzeug.routing import Rule

from app.accounts import Grant, User
from app.db import write_transaction
from tests.accounts.people import audit_length
from tests.cast import member

SignIn = Callable[[str], FlaskClient]
# What a stranger may open, and nothing else.
PUBLIC = {
    "static",
    "security.login",
    "web.preferences",
    "web.keys",
    "web.api_docs",
    "upkeep.figures",
    "upkeep.health",
    "api-docs.openapi_json",
    "offline.worker",
    "offline.manifest",
    "offline.page",
    # an outside expert's link for one visit, which lets nobody in without its token
    "consultation_link.show",
    "consultation_link.add",
    "consultation_link.drop",
    "consultation_link.submit",
}


def addresses(app: Flask) -> Iterator[tuple[Rule, str, str]]:
    """(rule, method, path with something in every place) of every address."""
    with app.test_request_context("/"):
        adapter = app.url_map.bind("localhost")
        for rule in app.url_map.iter_rules():
            values = {name: 1 if "Integer" in type(rule._converters[name]).__name__ else "x" for name in rule.arguments}
            path = adapter.build(rule.endpoint, values)
            for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
                yield rule, method, path


def test_a_stranger_is_sent_to_sign_in_from_everywhere(app: Flask, anonymous: FlaskClient) -> None:
    open_to_all = set()
    for rule, method, path in addresses(app):
        answer = anonymous.open(path, method=method)
        to_sign_in = answer.status_code == 302 and "/login" in answer.headers["Location"]
        if not (to_sign_in or answer.status_code == 401):
            open_to_all.add(rule.endpoint)
    assert open_to_all == PUBLIC


def test_a_stranger_leaves_no_trace(app: Flask, anonymous: FlaskClient, session: Session) -> None:
    before = audit_length(session)
    session.rollback()
    for rule, method, path in addresses(app):
        if rule.endpoint not in PUBLIC:
            anonymous.open(path, method=method)
    assert audit_length(session) == before


@pytest.fixture
def nobody(sign_in: SignIn, session: Session) -> Iterator[FlaskClient]:
    """An account that nobody has given a role."""
    with write_transaction(session):
        user = session.get_one(User, member("qin").id)
        held = [(grant.role, grant.org_id) for grant in user.grants]
        user.grants.clear()
    yield sign_in("qin")
    with write_transaction(session):
        user = session.get_one(User, member("qin").id)
        user.grants = [Grant(role=role, org_id=org) for role, org in held]


# Own things, and lists that are simply empty for somebody without a role.
OWN = ("accounts.account", "accounts.save_profile", "accounts.issue_token", "security.", "web.", "api-docs", "static")


def test_somebody_without_a_role_reads_nothing_of_anybody(app: Flask, nobody: FlaskClient) -> None:
    names = ("赵明远", "鑫源纺织", "宏达铸件", "王建国")
    for rule, method, path in addresses(app):
        if method != "GET" or rule.endpoint.startswith(OWN) or rule.endpoint == "api-docs.openapi_json":
            continue
        answer = nobody.get(path)
        assert answer.status_code < 500, path
        assert not any(name in answer.text for name in names), path


@pytest.mark.parametrize("key", ["root", "shen", "cha"])
def test_administrators_read_no_business_data(app: Flask, sign_in: SignIn, key: str) -> None:
    from tests.subjects.entries import enter

    enter(sign_in("wang"), "只属业务的企业")
    browser = sign_in(key)
    for rule, method, path in addresses(app):
        if method == "GET" and not rule.endpoint.startswith(("accounts.audit_log", "static")):
            assert "只属业务的企业" not in browser.get(path).text, path
