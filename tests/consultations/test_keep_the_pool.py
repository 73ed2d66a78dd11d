"""The expert pool: entered, changed and taken off by the committee office, read by departments."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask.testing import FlaskClient
from werkzeug.datastructures import MultiDict

from app.consultations import Expert
from tests.cast import member
from tests.consultations.walk import Walk, expert_id
from tests.hazards.walk import subject_id

SignIn = Callable[[str], FlaskClient]


def _form(**more: Any) -> MultiDict[str, Any]:
    given = {"name": "新专家", "title": "高级工程师", "sectors": ["INDUSTRY"], "topics": "粉尘防爆，动火作业"}
    given |= {"fee_rate_yuan": "600", "fee_unit": "visit", "conflict_kind": ["subject", "name"]}
    given |= {"conflict_value": ["鑫源纺织有限公司", "宏达"], "conflict_reason": ["亲属任职", ""]} | more
    return MultiDict([(k, one) for k, v in given.items() for one in (v if isinstance(v, list) else [v])])


def test_an_expert_is_entered_with_what_is_avoided(city: Walk, sign_in: SignIn) -> None:
    assert sign_in("wang").post("/experts", data=_form()).status_code == 303
    found = city.one(Expert, Expert.name == "新专家")
    assert found.topics == ["粉尘防爆", "动火作业"] and found.fee_rate_yuan == 600
    assert [row["id"] for row in found.conflicts if row["kind"] == "subject"] == [subject_id("xinyuan")]
    page = sign_in("zhao").get(f"/experts/{found.id}").text
    assert "鑫源纺织有限公司" in page and "亲属任职" in page
    assert city.audit("experts.created")[-1].object_id == found.id


def test_what_is_wrong_is_named_and_kept(city: Walk, sign_in: SignIn) -> None:
    wrong: tuple[dict[str, Any], ...] = ({"name": " "}, {"sectors": []}, {"fee_rate_yuan": "1.5"}, {"user_id": member("zhao").id},
                 {"user_id": member("qin").id}, {"conflict_value": ["没有这家", ""]})  # fmt: skip
    for more in wrong:
        answer = sign_in("wang").post("/experts", data=_form(**more))
        assert answer.status_code == 422, more
        assert "高级工程师" in answer.text
    assert len(city.all(Expert, Expert.name == " ")) == 0


def test_only_the_office_changes_the_pool(city: Walk, sign_in: SignIn) -> None:
    key = expert_id("shi")
    for person in ("zhao", "lin", "zhou", "qin"):
        for path in ("/experts", f"/experts/{key}", f"/experts/{key}/deactivation"):
            assert sign_in(person).post(path, data=_form()).status_code == 403, (person, path)
    assert sign_in("zhou").get("/experts").status_code == 403
    assert sign_in("deng").get(f"/experts/{key}").status_code == 404  # of no sector of theirs
    assert "石磊" not in sign_in("deng").get("/experts").text
    rows = sign_in("qin").get("/api/v1/experts").get_json()
    assert [row["name"] for row in rows] == ["秦川"]


def test_who_is_taken_off_is_put_back_once(city: Walk, sign_in: SignIn) -> None:
    key, wang = expert_id("tao"), sign_in("wang")
    assert wang.post(f"/experts/{key}/deactivation").status_code == 303
    assert wang.post(f"/experts/{key}/deactivation").status_code == 409
    assert not city.one(Expert, Expert.id == key).active
    assert wang.post(f"/experts/{key}/activation").status_code == 303


def test_two_who_edit_at_once_are_told(city: Walk, sign_in: SignIn) -> None:
    key, wang = expert_id("shi"), sign_in("wang")
    rev = city.one(Expert, Expert.id == key).rev
    assert wang.post(f"/experts/{key}", data=_form(name="石磊", rev=str(rev))).status_code == 303
    late = wang.post(f"/experts/{key}", data=_form(name="石磊二", rev=str(rev)))
    assert late.status_code == 409 and "石磊二" in late.text
    assert city.one(Expert, Expert.id == key).name == "石磊"
