from __future__ import annotations

from collections.abc import Callable

import sqlalchemy as sa
from flask.testing import FlaskClient

from app.engine import HumanTask, Instance
from tests.hazards.walk import Walk

SignIn = Callable[[str], FlaskClient]


def test_voiding_ends_the_process_and_keeps_record_and_number(city: Walk, sign_in: SignIn) -> None:
    hazard = city.receive(city.order(city.grade(city.register())))
    answer = sign_in("gao").post(f"/api/v1/hazards/{hazard.id}/voiding", json={"reason": "重复登记"})
    assert (answer.status_code, answer.get_json()["status"]) == (200, "voided")
    with city.sessions() as session:
        assert session.get_one(Instance, hazard.instance_id).status == "cancelled"
        assert (
            session.scalars(
                sa.select(HumanTask).where(HumanTask.instance_id == hazard.instance_id, HumanTask.status == "open")
            ).all()
            == []
        )
        assert city.engine.verify(session, hazard.instance_id) is None
    city.until("2026-05-25 09:00")
    assert city.events(hazard, "task.escalated") == []
    assert "重复登记" in sign_in("zhao").get(f"/hazards/{hazard.id}").get_data(as_text=True)


def test_the_form_on_the_page_does_the_same(city: Walk, sign_in: SignIn) -> None:
    hazard = city.register()
    assert sign_in("wang").post(f"/hazards/{hazard.id}/voiding", data={"reason": ""}).status_code == 422
    assert sign_in("wang").post(f"/hazards/{hazard.id}/voiding", data={"reason": "误报"}).status_code == 303
    assert city.again(hazard).void_reason == "误报"


def test_outsiders_do_not_find_it_and_insiders_need_the_right(city: Walk, sign_in: SignIn) -> None:
    hazard = city.register("sun")
    for key, status in {"he": 404, "chen": 404, "root": 404, "zhao": 403, "sun": 403, "zhou": 403}.items():
        answer = sign_in(key).post(f"/api/v1/hazards/{hazard.id}/voiding", json={"reason": "x"})
        assert answer.status_code == status, key
        assert sign_in(key).post(f"/hazards/{hazard.id}/voiding", data={"reason": "x"}).status_code == status
    assert city.again(hazard).status == "registered"


def test_it_is_voided_once_and_never_after_the_close_out(city: Walk, sign_in: SignIn) -> None:
    hazard = city.register()
    path = f"/api/v1/hazards/{hazard.id}/voiding"
    assert sign_in("wang").post(path, json={"reason": "误报"}).status_code == 200
    assert sign_in("wang").post(path, json={"reason": "误报"}).status_code == 409
    assert sign_in("wang").post(f"/hazards/{hazard.id}/voiding", data={"reason": "误报"}).status_code == 409
    closed = city.closed()
    assert sign_in("wang").post(f"/api/v1/hazards/{closed.id}/voiding", json={"reason": "x"}).status_code == 409
