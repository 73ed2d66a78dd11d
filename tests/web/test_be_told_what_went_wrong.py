"""Errors: problem+json for programs, a page or a fragment for people, and nothing that leaks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.exc import DataError, OperationalError

from app import web
from app.accounts import public
from app.errors import Busy, Conflict, Forbidden, Invalid, NotFound

SignIn = Callable[[str], FlaskClient]
HTMX = {"HX-Request": "true", "HX-Request-Type": "partial"}
ERRORS: dict[str, Exception] = {
    "missing": NotFound(),
    "forbidden": Forbidden("只有本人可以"),
    "invalid": Invalid({"name": ["必填"], "_": ["整张表"]}),
    "conflict": Conflict("王建国已办理", holder="王建国", status="done"),
    "busy": Busy(),
    "locked": OperationalError("SELECT secret FROM user", {}, Exception("database is locked")),
    "too_long": DataError("INSERT secret", {}, Exception("value too long for type character varying(80)")),
    "fault": RuntimeError("secret detail"),
}


@pytest.fixture(scope="module")
def failing(app: Flask) -> Iterator[Flask]:
    """Views that only fail, in an application that shows faults as in real life."""
    app.config["PROPAGATE_FAULTS"] = False
    app._got_first_request = False

    @public
    def fail(kind: str) -> Any:
        raise ERRORS[kind]

    app.add_url_rule("/fail/<kind>", "fail", fail)
    app.add_url_rule("/api/v1/fail/<kind>", "api_fail", fail)
    yield app
    app.config["PROPAGATE_FAULTS"] = True


STATUSES = [
    ("missing", 404, "not_found"),
    ("forbidden", 403, "forbidden"),
    ("invalid", 422, "invalid"),
    ("conflict", 409, "conflict"),
    ("busy", 503, "busy"),
    ("locked", 503, "busy"),
    ("too_long", 422, "invalid"),
    ("fault", 500, "fault"),
]


@pytest.mark.parametrize(("kind", "status", "code"), STATUSES)
def test_a_program_gets_a_problem_document(failing: Flask, kind: str, status: int, code: str) -> None:
    answer = failing.test_client().get(f"/api/v1/fail/{kind}")
    assert answer.status_code == status
    assert answer.content_type == "application/problem+json"
    problem = answer.get_json(force=True)
    assert problem["code"] == code and problem["status"] == status and problem["detail"]
    assert "secret" not in answer.text


@pytest.mark.parametrize(("kind", "status", "code"), STATUSES)
def test_a_person_gets_a_page_that_says_what_to_do(failing: Flask, kind: str, status: int, code: str) -> None:
    answer = failing.test_client().get(f"/fail/{kind}")
    assert answer.status_code == status
    assert "<h1" in answer.text and "回到首页" in answer.text and str(status) in answer.text
    assert "secret" not in answer.text and "Traceback" not in answer.text


@pytest.mark.parametrize(("kind", "status", "code"), STATUSES)
def test_htmx_gets_a_fragment_that_is_announced(failing: Flask, kind: str, status: int, code: str) -> None:
    answer = failing.test_client().get(f"/fail/{kind}", headers=HTMX)
    assert answer.status_code == status
    assert "<html" not in answer.text and "role=" in answer.text


def test_field_errors_and_the_present_state_travel_along(failing: Flask) -> None:
    client = failing.test_client()
    invalid = client.get("/api/v1/fail/invalid").get_json(force=True)
    assert invalid["errors"] == {"name": ["必填"], "_": ["整张表"]}
    conflict = client.get("/api/v1/fail/conflict").get_json(force=True)
    assert conflict["holder"] == "王建国" and conflict["status"] == 409


@pytest.mark.parametrize("kind", ["busy", "locked"])
def test_a_busy_system_says_when_to_come_back(failing: Flask, kind: str) -> None:
    assert int(failing.test_client().get(f"/api/v1/fail/{kind}").headers["Retry-After"]) >= 1


def test_words_come_in_the_readers_language(failing: Flask) -> None:
    client = failing.test_client()
    client.set_cookie("lang", "en")
    assert client.get("/api/v1/fail/missing").get_json(force=True)["detail"] == "Not found, or you may not see it"
    assert "Back to the start page" in client.get("/fail/fault").text


def test_what_does_not_exist_is_not_found_for_people_and_programs(sign_in: SignIn) -> None:
    browser = sign_in("zhao")
    assert "没有找到" in browser.get("/nowhere").text
    api = browser.get("/api/v1/nowhere")
    assert api.status_code == 404 and api.content_type == "application/problem+json"


def test_a_wrong_method_names_the_right_ones(sign_in: SignIn) -> None:
    answer = sign_in("zhao").delete("/account")
    assert answer.status_code == 405 and "GET" in answer.headers["Allow"]


def test_a_wrong_parameter_is_named(sign_in: SignIn) -> None:
    answer = sign_in("zhao").get("/api/v1/people?page=first")
    assert answer.status_code == 422
    assert "page" in answer.get_json(force=True)["errors"]


def test_strangers_are_led_to_sign_in_and_programs_told(anonymous: FlaskClient) -> None:
    assert "/login" in anonymous.get("/account").headers["Location"]
    assert anonymous.get("/account", headers=HTMX).headers["HX-Redirect"] == "/login"
    assert anonymous.get("/api/v1/people").status_code == 401


def test_a_failing_view_leaves_nothing_behind(app: Flask, sign_in: SignIn) -> None:
    """Raising rolls back what the view has written until then."""
    import sqlalchemy as sa

    from app.accounts import User
    from tests.cast import member

    app._got_first_request = False

    @web.writes
    def half() -> Any:
        web.db.session.get_one(User, member("zhao").id).title = "半途"
        web.db.session.flush()
        raise Conflict("不行")

    app.add_url_rule("/half", "half", half, methods=["POST"])
    assert sign_in("zhao").post("/half").status_code == 409
    with app.extensions["duban.sessions"]() as session:
        assert session.scalar(sa.select(User.title).where(User.id == member("zhao").id)) == ""
