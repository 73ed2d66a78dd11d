from __future__ import annotations

from collections.abc import Callable

import sqlalchemy as sa
from flask.testing import FlaskClient

from app.audit import AuditRecord
from tests.hazards.walk import Walk

SignIn = Callable[[str], FlaskClient]


def test_a_correction_changes_record_process_and_title_and_is_kept_with_its_reason(city: Walk, sign_in: SignIn) -> None:
    hazard = city.register(summary="配电箱未接地", location="1 号车间")
    change = {"summary": "配电箱未做保护接零", "found_at": "2026-04-08T09:00", "reason": "核对现场记录"}
    answer = sign_in("zhao").post(f"/api/v1/hazards/{hazard.id}/correction", json=change)
    assert (answer.status_code, answer.get_json()["summary"]) == (200, "配电箱未做保护接零")
    assert answer.get_json()["location"] == "1 号车间"
    assert city.task(hazard).title.endswith("配电箱未做保护接零")
    ((_e, _t, data),) = city.events(hazard, "instance.amended")
    assert data["reason"] == "核对现场记录"
    with city.sessions() as session:
        kept = session.scalars(sa.select(AuditRecord).where(AuditRecord.action == "hazards.corrected")).one()
    assert kept.detail["was"]["summary"] == "配电箱未接地"
    hazard = city.grade(hazard)
    assert hazard.summary == "配电箱未做保护接零"


def test_the_form_on_the_page_does_the_same(city: Walk, sign_in: SignIn) -> None:
    hazard = city.register("sun", summary="灯坏")
    sent = {"summary": "应急照明损坏 2 处", "location": "", "description": "", "legal_basis": "", "reason": "写明数量"}
    sent |= {"category": hazard.category, "source": hazard.source}
    client = sign_in("sun")
    assert client.post(f"/hazards/{hazard.id}/correction", data=sent).status_code == 303
    assert city.again(hazard).summary == "应急照明损坏 2 处"
    page = client.post(f"/hazards/{hazard.id}/correction", data=sent | {"reason": "", "summary": "改了"})
    assert page.status_code == 422
    assert "改了" in page.get_data(as_text=True)


def test_outsiders_do_not_find_it_and_insiders_need_the_right(city: Walk, sign_in: SignIn) -> None:
    hazard = city.register("zhao")
    change = {"summary": "x", "reason": "y"}
    for key, status in {"he": 404, "chen": 404, "root": 404, "zhou": 403, "sun": 403, "lin": 403}.items():
        for path in (f"/api/v1/hazards/{hazard.id}/correction", f"/hazards/{hazard.id}/correction"):
            client = sign_in(key)
            answer = client.post(path, json=change) if path.startswith("/api") else client.post(path, data=change)
            assert answer.status_code == status, (key, path)
    assert city.again(hazard).summary == hazard.summary


def test_a_registrant_corrects_until_it_is_graded(city: Walk, sign_in: SignIn) -> None:
    hazard = city.grade(city.register("sun"))
    answer = sign_in("sun").post(f"/api/v1/hazards/{hazard.id}/correction", json={"summary": "x", "reason": "y"})
    assert answer.status_code == 403


def test_what_is_closed_stays_as_it_is(city: Walk, sign_in: SignIn) -> None:
    hazard = city.closed()
    answer = sign_in("wang").post(f"/api/v1/hazards/{hazard.id}/correction", json={"summary": "x", "reason": "y"})
    assert answer.status_code == 409


def test_unknown_fields_and_a_missing_reason_are_refused(city: Walk, sign_in: SignIn) -> None:
    hazard = city.register()
    path = f"/api/v1/hazards/{hazard.id}/correction"
    assert set(sign_in("zhao").post(path, json={"status": "closed", "reason": "y"}).get_json()["errors"]) == {"status"}
    assert set(sign_in("zhao").post(path, json={"summary": "x"}).get_json()["errors"]) == {"reason"}
