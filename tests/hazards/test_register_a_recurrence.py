from __future__ import annotations

from collections.abc import Callable

from flask.testing import FlaskClient

from tests.hazards.walk import Walk

SignIn = Callable[[str], FlaskClient]


def test_a_closed_hazard_that_comes_back_is_a_new_one_and_the_old_stays_closed(city: Walk, sign_in: SignIn) -> None:
    prior = city.closed(location="2 号车间东侧")
    data = {"description": "东侧安全出口再次上锁", "request_key": "r1"}
    answer = sign_in("sun").post(f"/api/v1/hazards/{prior.id}/recurrence", json=data)
    body = answer.get_json()
    assert answer.status_code == 201
    assert (body["prior_hazard_id"], body["location"], body["status"]) == (prior.id, "2 号车间东侧", "registered")
    assert body["number"] > prior.number
    assert city.again(prior).status == "closed"
    page = sign_in("zhao").get(f"/hazards/{prior.id}").get_data(as_text=True)
    assert body["number"] in page
    assert prior.number in sign_in("zhao").get(f"/hazards/{body['id']}").get_data(as_text=True)
    again = sign_in("sun").post(f"/api/v1/hazards/{prior.id}/recurrence", json=data)
    assert again.get_json()["id"] == body["id"]


def test_the_form_opens_with_what_is_known_and_registers(city: Walk, sign_in: SignIn) -> None:
    prior = city.closed(location="配电室")
    client = sign_in("sun")
    page = client.get(f"/hazards/new?prior={prior.id}").get_data(as_text=True)
    assert "配电室" in page and prior.number in page
    sent = {"prior": prior.id, "subject_id": prior.subject_id, "summary": "再次上锁", "category": "object"}
    answer = client.post("/hazards", data=sent | {"source": "patrol"})
    assert answer.status_code == 303
    shown = client.get(answer.location).get_data(as_text=True)
    assert prior.number in shown


def test_only_what_is_closed_can_recur(city: Walk, sign_in: SignIn) -> None:
    hazard = city.register()
    assert sign_in("zhao").post(f"/api/v1/hazards/{hazard.id}/recurrence", json={}).status_code == 409
    assert sign_in("zhao").get(f"/hazards/new?prior={hazard.id}").status_code == 403


def test_outsiders_do_not_find_it_and_enterprises_do_not_register_it(city: Walk, sign_in: SignIn) -> None:
    prior = city.closed()
    for key, status in {"he": 404, "chen": 404, "root": 404, "zhou": 403, "lin": 403}.items():
        answer = sign_in(key).post(f"/api/v1/hazards/{prior.id}/recurrence", json={})
        assert answer.status_code == status, key
