"""Every route × whoever calls it, from the application's own URL map. `access.toml` says who may; a route without an
entry fails, and so does an entry without a route.

public   nobody need be signed in
anyone   every signed-in person, who gets only what is theirs
record   found through `visible`: what may not be seen is not found, whoever asks
roles    a list of roles; everybody else gets 403
"""

from __future__ import annotations

import functools
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from app.accounts.roles import holders
from tests.cast import PEOPLE

ACCESS: dict[str, str | list[str]] = tomllib.loads(Path(__file__).with_name("access.toml").read_text(encoding="utf-8"))
SAFE = {"HEAD", "OPTIONS", "GET"}
NOBODYS_ID = "0" * 32
SignIn = Callable[[str], FlaskClient]


def routes(app: Flask, *who: str) -> Iterator[tuple[Rule, str, str]]:
    """Rule, method and path of every route; of one kind of access where it is given."""
    address = app.url_map.bind("localhost")
    for rule in app.url_map.iter_rules():
        access = ACCESS.get(rule.endpoint)
        if rule.endpoint == "static" or (who and ("roles" if isinstance(access, list) else access) not in who):
            continue
        numeric = {name for name, kind in rule._converters.items() if type(kind).__name__ == "IntegerConverter"}
        values = {name: 0 if name in numeric else NOBODYS_ID for name in rule.arguments}
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            yield rule, method, address.build(rule.endpoint, values, method=method)


def call(client: FlaskClient, method: str, path: str, **headers: str) -> TestResponse:
    return client.open(path, method=method, headers=headers)


def turned_away(response: TestResponse) -> bool:
    """Told to sign in, as a program or as a browser."""
    return response.status_code == 401 or (
        response.status_code in (302, 303) and response.headers["Location"].startswith("/login")
    )


def refusals(rule: Rule, status: int) -> set[int]:
    """The API may complain first that the body is not what its schema asks for, which everybody may read."""
    return {status, 422} if rule.endpoint.startswith("api_") else {status}


@pytest.fixture
def somebody(sign_in: SignIn) -> Callable[..., FlaskClient]:
    """`somebody(roles, holding=True)` → a person of the cast with one of the roles, or with none of them."""
    signed_in = functools.cache(sign_in)

    def find(roles: list[str], *, holding: bool) -> FlaskClient:
        wanted = {held for role in roles for held in holders(role)}
        return signed_in(next(key for key, _, _, held in PEOPLE if bool(wanted & set(held)) is holding))

    return find


def test_every_route_says_who_may_call_it(app: Flask) -> None:
    endpoints = {rule.endpoint for rule in app.url_map.iter_rules()} - {"static"}
    assert endpoints - ACCESS.keys() == set(), "add these to tests/architecture/access.toml"
    assert ACCESS.keys() - endpoints == set(), "these no longer exist"


def test_what_is_public_is_marked_so(app: Flask) -> None:
    marked = {name for name, view in app.view_functions.items() if getattr(view, "public", False)}
    assert marked <= {endpoint for endpoint, who in ACCESS.items() if who == "public"}


def test_nobody_who_is_not_signed_in_gets_anything(app: Flask) -> None:
    wrong = []
    for rule, method, path in routes(app):
        response = call(app.test_client(), method, path)
        if turned_away(response) is (ACCESS.get(rule.endpoint) == "public") or response.status_code >= 500:
            wrong.append(f"{method} {rule}: {response.status}")
    assert not wrong


def test_htmx_is_told_to_leave_the_page_and_gets_no_redirect_to_swap_in(app: Flask) -> None:
    wrong = []
    for rule, method, path in routes(app, "anyone", "record", "roles"):
        response = call(app.test_client(), method, path, **{"HX-Request": "true"})
        if not path.startswith("/api/") and "HX-Redirect" not in response.headers:
            wrong.append(f"{method} {rule}: {response.status}")
    assert not wrong


def test_whoever_lacks_the_role_is_refused(app: Flask, somebody: Callable[..., FlaskClient]) -> None:
    wrong = []
    for rule, method, path in routes(app, "roles"):
        roles = ACCESS[rule.endpoint]
        assert isinstance(roles, list)
        response = call(somebody(roles, holding=False), method, path)
        if response.status_code not in refusals(rule, 403):
            wrong.append(f"{method} {rule}: {response.status}")
    assert not wrong


def test_whoever_holds_the_role_is_let_in(app: Flask, somebody: Callable[..., FlaskClient]) -> None:
    wrong = []
    for rule, method, path in routes(app, "roles"):
        roles = ACCESS[rule.endpoint]
        assert isinstance(roles, list)
        if method in SAFE:
            response = call(somebody(roles, holding=True), method, path)
            if response.status_code >= 400 and not (rule.arguments and response.status_code == 404):
                wrong.append(f"{method} {rule}: {response.status}")
    assert not wrong


def test_everybody_opens_what_is_everybodys(app: Flask, sign_in: SignIn) -> None:
    wrong = []
    for rule, method, path in routes(app, "anyone", "public"):
        response = call(sign_in("wu"), method, path)
        fine = 400 if method in SAFE and not rule.arguments else 500
        if response.status_code >= fine or (turned_away(response) and rule.endpoint != "security.logout"):
            wrong.append(f"{method} {rule}: {response.status}")
    assert not wrong


def test_a_record_that_may_not_be_seen_is_not_found(app: Flask, sign_in: SignIn) -> None:
    """A page says so before any other word about an empty request."""
    wrong, wu = [], sign_in("wu")
    for rule, method, path in routes(app, "record"):
        response = call(wu, method, path)
        if response.status_code not in refusals(rule, 404):
            wrong.append(f"{method} {rule}: {response.status}")
    assert not wrong


def test_another_site_can_change_nothing(app: Flask, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(app.config, "WTF_CSRF_ENABLED", True)
    for headers in ({"Sec-Fetch-Site": "cross-site"}, {}):
        wrong = [
            f"{method} {rule}: {response.status}"
            for rule, method, path in routes(app)
            if method not in SAFE
            if (response := call(sign_in("wang"), method, path, **headers)).status_code not in (400, 403)
        ]
        assert not wrong, f"accepted without a token, with {headers}"
