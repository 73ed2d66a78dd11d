"""The same URL map with the ids of real records: people of other organisations find nothing, by any route or method.

The hazard is 鑫源纺织's in 新港街道, supervised by the emergency department. Outsiders are another enterprise, another town
and a department of other sectors; insiders are the ones the process is about.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.routing import Rule

from app.clock import FixedClock
from app.db import write_transaction
from tests.architecture.test_access_matrix import SAFE, call, refusals
from tests.hazards.walk import Walk, people_the_register

SignIn = Callable[[str], FlaskClient]
OUTSIDERS = ("chen", "he", "deng", "qin")
INSIDERS = ("zhao", "sun", "zhou", "wang")
# Of a hazard that is listed, and of a task of a campaign: this record is neither.
OTHER_RECORDS = ("hazard_listings.notice", "campaigns.task")


@pytest.fixture(scope="module")
def ids(app: Flask, clock: FixedClock) -> dict[str, str]:
    """One record of each kind, all of the same matter, waiting for its rectification order to be received."""
    with app.extensions["duban.sessions"]() as session, write_transaction(session):
        people_the_register(session)
    city = Walk(app, clock)
    photo = city.photo("zhao")
    hazard = city.order(city.grade(city.register("zhao", photos_before=[photo])))
    return {
        "hazard_id": hazard.id,
        "instance_id": hazard.instance_id,
        "task_id": city.task(hazard).id,
        "subject_id": hazard.subject_id,
        "file_id": photo,
    }


def routes_of(app: Flask, ids: dict[str, str]) -> Iterator[tuple[Rule, str, str]]:
    address = app.url_map.bind("localhost")
    for rule in app.url_map.iter_rules():
        by_role = rule.endpoint.startswith(("api_operations.", "console."))  # tests/console says who finds what there
        if rule.arguments and rule.arguments <= ids.keys() and not by_role:
            for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
                path = address.build(rule.endpoint, {name: ids[name] for name in rule.arguments}, method=method)
                yield rule, method, path


@pytest.mark.parametrize("key", OUTSIDERS)
def test_an_outsider_finds_nothing(app: Flask, sign_in: SignIn, ids: dict[str, str], key: str) -> None:
    wrong = []
    for rule, method, path in routes_of(app, ids):
        response = call(sign_in(key), method, path)
        if response.status_code not in refusals(rule, 404):
            wrong.append(f"{method} {rule}: {response.status}")
    assert not wrong


@pytest.mark.parametrize("key", INSIDERS)
def test_an_insider_opens_everything_there_is_to_read(
    app: Flask, sign_in: SignIn, ids: dict[str, str], key: str
) -> None:
    wrong = []
    for rule, method, path in routes_of(app, ids):
        if method in SAFE and not rule.endpoint.endswith(".edit") and rule.endpoint not in OTHER_RECORDS:
            response = call(sign_in(key), method, path)
            if response.status_code not in (200, 303):  # a fragment asked for by hand leads to its page
                wrong.append(f"{method} {rule}: {response.status}")
    assert not wrong


@pytest.mark.parametrize("key", OUTSIDERS)
def test_lists_and_counts_do_not_hold_it(app: Flask, sign_in: SignIn, ids: dict[str, str], key: str) -> None:
    for path in ("/api/v1/hazards", "/api/v1/tasks", "/api/v1/instances", "/api/v1/timers"):
        response = sign_in(key).get(path)
        assert response.status_code == 200, path
        assert not set(ids.values()) & set(response.get_data(as_text=True).split('"')), path
        assert response.headers.get("X-Total-Count", "0") == "0", path
