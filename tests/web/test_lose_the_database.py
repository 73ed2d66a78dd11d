"""A server of PostgreSQL that dies under the application: 503 in words, and work goes on when it is back."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from app.accounts import public
from app.clock import SystemClock
from app.config import Settings
from app.web import db
from tests.cast import member
from tests.conftest import _build
from tests.postgres import Cluster

pytestmark = pytest.mark.only_postgresql
HTMX = {"HX-Request": "true", "HX-Request-Type": "partial"}


@pytest.fixture
def client(new_city: Callable[[], Settings]) -> Iterator[FlaskClient]:
    """A signed-in browser of an application that shows faults as in real life."""
    app: Flask = _build(new_city(), SystemClock())  # type: ignore[arg-type]
    app.config.update(TESTING=False, PROPAGATE_FAULTS=False)
    client = app.test_client()
    with client.session_transaction() as stored:
        stored["_user_id"], stored["_fresh"] = member("zhao").fs_uniquifier, True
    yield client
    app.extensions["duban.sessions"].kw["bind"].dispose()


def test_while_it_is_gone_people_and_programs_are_told_and_afterwards_it_works(
    client: FlaskClient, postgres: Cluster
) -> None:
    assert client.get("/tasks").status_code == 200
    postgres.kill()
    try:
        page = client.get("/tasks")
        assert page.status_code == 503 and int(page.headers["Retry-After"]) >= 1
        assert "<h1>系统正忙</h1>" in page.text and "回到首页" in page.text
        fragment = client.get("/tasks", headers=HTMX)
        assert fragment.status_code == 503 and "<html" not in fragment.text
        program = client.get("/api/v1/tasks")
        assert program.status_code == 503 and program.content_type == "application/problem+json"
        assert program.get_json(force=True)["code"] == "busy"
        body = {"type": "venue", "name": "海滨剧场", "region_code": "990181101201", "sector_code": "INDUSTRY"}
        sent = client.post("/api/v1/subjects", json=body, headers={"Idempotency-Key": "gone"})
        assert sent.status_code == 503
    finally:
        postgres.start()
    began = time.monotonic()
    assert client.get("/tasks").status_code == 200
    made = client.post("/api/v1/subjects", json=body, headers={"Idempotency-Key": "gone"})
    assert made.status_code == 201
    assert time.monotonic() - began < 5


def test_connections_that_the_server_ended_are_made_anew_without_anybody_noticing(
    client: FlaskClient, postgres: Cluster
) -> None:
    assert client.get("/tasks").status_code == 200
    postgres.sever(client.application.extensions["duban.settings"].database_url)
    assert client.get("/tasks").status_code == 200


def test_an_answer_stands_although_its_connection_is_ended_before_it_is_sent(
    client: FlaskClient, postgres: Cluster
) -> None:
    app = client.application
    app._got_first_request = False

    @public
    def read() -> str:
        db.session.execute(sa.text("SELECT 1"))
        postgres.sever(app.extensions["duban.settings"].database_url)
        return "read"

    app.add_url_rule("/read", "read", read)
    answer = client.get("/read")
    assert (answer.status_code, answer.text) == (200, "read")
    assert client.get("/tasks").status_code == 200


def test_a_connection_that_cannot_be_had_is_a_busy_system(client: FlaskClient) -> None:
    pool = client.application.extensions["duban.sessions"].kw["bind"].pool
    pool._timeout = 0.1
    held = [pool.connect() for _one in range(pool.size() + pool._max_overflow)]
    try:
        assert client.get("/tasks").status_code == 503
    finally:
        for connection in held:
            connection.close()
    assert client.get("/tasks").status_code == 200
