from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from app.errors import Forbidden
from app.files import Attachment
from app.hazards import Hazard, HazardDraft
from app.subjects import Subject
from tests.hazards.walk import Walk, at, subject_id

SignIn = Callable[[str], FlaskClient]
WORDS = {"category": "object", "source": "inspection"}


def _count(city: Walk) -> int:
    with city.sessions() as session:
        return session.scalar(sa.select(sa.func.count()).select_from(Hazard)) or 0


def _newest(city: Walk) -> Hazard:
    with city.sessions() as session:
        return session.scalars(sa.select(Hazard).order_by(Hazard.number.desc()).limit(1)).one()


def _form(**given: Any) -> dict[str, Any]:
    return {"subject_id": subject_id("xinyuan"), "summary": "配电箱未做保护接零", **WORDS, **given}


def test_the_form_registers_and_leads_to_the_hazard(city: Walk, sign_in: SignIn) -> None:
    photo = city.photo("sun")
    answer = sign_in("sun").post("/hazards", data=_form(photos_before=photo, location="2 号车间", request_key="a1"))
    hazard = _newest(city)
    assert (answer.status_code, answer.location) == (303, f"/hazards/{hazard.id}")
    assert (hazard.summary, hazard.location, hazard.photos_before) == ("配电箱未做保护接零", "2 号车间", [photo])
    assert (hazard.status, hazard.registered_by_name, hazard.found_by) == ("registered", "孙强", "孙强")
    task = city.task(hazard)
    assert (task.node_id, task.role, task.org_id) == ("grade", "dept_staff", hazard.supervising_org_id)
    assert task.title == "鑫源纺织有限公司：配电箱未做保护接零"
    with city.sessions() as session:
        assert session.get_one(Attachment, photo).instance_id == hazard.instance_id


def test_the_api_answers_with_the_record_and_its_open_task(city: Walk, sign_in: SignIn) -> None:
    answer = sign_in("zhao").post("/api/v1/hazards", json={"subject_id": subject_id("market"), "summary": "消火栓无水"})
    body = answer.get_json()
    assert answer.status_code == 201
    assert body["number"].startswith("YH-2026-") and body["sector_code"] == "FIRE"
    assert [task["node_id"] for task in body["tasks"]] == ["grade"]
    assert body["light"] == "none" and body["overdue"] is False


def test_any_program_may_start_it_by_the_answers_of_its_form(city: Walk, sign_in: SignIn) -> None:
    data = {"subject_id": subject_id("xinyuan"), "summary": "砂轮机无防护罩", "photos_before": [city.photo("sun")]}
    start = {"definition": "hazard_rectification", "data": data}
    answer = sign_in("sun").post("/api/v1/instances", json=start)
    assert answer.status_code == 201
    hazard = _newest(city)
    assert (hazard.summary, hazard.category, hazard.source) == ("砂轮机无防护罩", "object", "inspection")
    elsewhere = sign_in("he").post("/api/v1/instances", json=start)
    assert elsewhere.status_code == 422
    assert _newest(city).id == hazard.id


def test_an_enterprise_registers_what_it_found_itself(city: Walk, sign_in: SignIn) -> None:
    data = {"subject_id": subject_id("xinyuan"), "summary": "自查：灭火器过期", "source": "self_check"}
    answer = sign_in("wu").post("/api/v1/hazards", json=data)
    assert (answer.status_code, answer.get_json()["source"]) == (201, "self_check")
    of_others = sign_in("wu").post("/api/v1/hazards", json=data | {"subject_id": subject_id("hongda")})
    assert of_others.status_code == 422


def test_numbers_follow_each_other_without_a_gap_also_after_a_refusal(city: Walk, sign_in: SignIn) -> None:
    first = city.register()
    refused = sign_in("zhao").post("/api/v1/hazards", json={"subject_id": "nobody", "summary": "x"})
    assert refused.status_code == 422
    second = city.register()
    assert int(second.number[-4:]) == int(first.number[-4:]) + 1


def test_a_subject_outside_ones_area_is_not_known(city: Walk, sign_in: SignIn) -> None:
    before = _count(city)
    data = {"subject_id": subject_id("xinyuan"), "summary": "x"}
    answer = sign_in("he").post("/api/v1/hazards", json=data)
    assert answer.status_code == 422
    assert "subject_id" in answer.get_json()["errors"]
    assert sign_in("he").post("/hazards", data=_form()).status_code == 422
    assert _count(city) == before


def test_who_has_no_part_in_it_may_not_register(city: Walk, sign_in: SignIn) -> None:
    before = _count(city)
    for key in ("qin", "root"):
        assert sign_in(key).get("/hazards/new").status_code == 403
        assert sign_in(key).post("/hazards", data=_form()).status_code == 403
        with pytest.raises(Forbidden):
            city.register(key)
    assert _count(city) == before


def test_a_form_sent_twice_registers_once(city: Walk, sign_in: SignIn) -> None:
    client, data = sign_in("sun"), _form(request_key="twice")
    first = client.post("/hazards", data=data)
    count = _count(city)
    second = client.post("/hazards", data=data)
    assert first.location == second.location
    assert _count(city) == count


def test_the_same_idempotency_key_gives_the_same_answer(city: Walk, sign_in: SignIn) -> None:
    client, data = sign_in("zhao"), {"subject_id": subject_id("xinyuan"), "summary": "灭火器过期"}
    first = client.post("/api/v1/hazards", json=data, headers={"Idempotency-Key": "k1"})
    count = _count(city)
    second = client.post("/api/v1/hazards", json=data, headers={"Idempotency-Key": "k1"})
    assert first.get_json() == second.get_json()
    assert _count(city) == count


def test_what_is_missing_is_said_and_what_was_typed_stays(city: Walk, sign_in: SignIn) -> None:
    answer = sign_in("sun").post("/hazards", data=_form(summary="", location="冷库西门"))
    text = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert "请填写" in text and "冷库西门" in text


def test_on_the_spot_needs_photos_from_before_and_after(city: Walk, sign_in: SignIn) -> None:
    data = {"subject_id": subject_id("xinyuan"), "summary": "门口堆物", "on_site": True, "on_site_measures": "已清走"}
    answer = sign_in("zhao").post("/api/v1/hazards", json=data)
    assert set(answer.get_json()["errors"]) == {"photos_before", "photos_after"}
    page = sign_in("sun").post("/hazards", data=_form(on_site="true", on_site_measures="已清走"))
    assert page.status_code == 422


def test_photos_of_others_are_refused(city: Walk, sign_in: SignIn) -> None:
    data = {"subject_id": subject_id("xinyuan"), "summary": "x", "photos_before": [city.photo("zhao")]}
    answer = sign_in("sun").post("/api/v1/hazards", json=data)
    assert answer.get_json()["errors"] == {"photos_before": ["附件不存在或者不是您上传的"]}


def test_a_subject_that_is_not_in_the_register_is_entered_with_it(city: Walk, sign_in: SignIn) -> None:
    new = {"new_name": "渔港冷库", "new_type": "enterprise", "new_sector": "INDUSTRY", "new_region": "990181101201"}
    answer = sign_in("sun").post("/hazards", data=_form(subject_id="", **new))
    assert answer.status_code == 303
    hazard = _newest(city)
    with city.sessions() as session:
        subject = session.get_one(Subject, hazard.subject_id)
    assert (subject.name, hazard.supervising_org_id) == ("渔港冷库", subject.supervising_org_id)
    elsewhere = new | {"new_name": "龙湾冷库", "new_region": "990181102201"}
    assert sign_in("sun").post("/hazards", data=_form(subject_id="", **elsewhere)).status_code == 422


def test_a_draft_is_kept_until_it_is_sent(city: Walk, sign_in: SignIn) -> None:
    client = sign_in("ma")
    saved = client.put("/hazards/draft", data={"summary": "楼道堆放杂物", **WORDS})
    assert saved.get_json() == {"saved": "14:20"}
    assert "楼道堆放杂物" in client.get("/hazards/new").get_data(as_text=True)
    assert "楼道堆放杂物" not in sign_in("sun").get("/hazards/new").get_data(as_text=True)
    client.post("/hazards", data=_form(summary="楼道堆放杂物"))
    with city.sessions() as session:
        assert session.scalars(sa.select(HazardDraft)).all() == []
    client.put("/hazards/draft", data={"summary": "另一处"})
    assert client.post("/hazards/draft/clearing").status_code == 303
    assert "另一处" not in client.get("/hazards/new").get_data(as_text=True)


def test_the_sector_decides_the_department_where_it_is_another_than_the_subjects(city: Walk) -> None:
    hazard = city.register(sector_code="GAS")
    from tests.cast import org_id

    assert hazard.supervising_org_id == org_id("housing")


def test_of_many_registered_at_once_each_has_a_number_of_its_own(city: Walk) -> None:
    """Also the first of a year, of which nobody has made the counter yet."""
    city.clock.set(at("2031-03-03 09:00"))
    with ThreadPoolExecutor(6) as pool:
        found = list(pool.map(lambda _one: city.register(), range(12)))
    assert sorted(hazard.number for hazard in found) == [f"YH-2031-{n:04d}" for n in range(1, 13)]
