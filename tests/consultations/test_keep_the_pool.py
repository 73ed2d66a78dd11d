"""The expert pool: entered, changed and taken off by the committee office, read by departments."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.datastructures import MultiDict

from app.consultations import Expert
from app.files.tables import csv_file, xlsx_file
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


HEAD = ["姓名", "工作单位", "职称", "专业领域", "专长", "费用标准（元）", "计费方式"]


def _sent(rows: list[list[str]], name: str = "experts.csv") -> dict[str, Any]:
    content = csv_file(HEAD, rows) if name.endswith("csv") else xlsx_file("专家", HEAD, rows)
    return {"file": (io.BytesIO(content), name)}


@pytest.mark.parametrize("name", ["experts.csv", "experts.xlsx"])
def test_a_list_is_entered_whole_and_not_twice(city: Walk, sign_in: SignIn, name: str) -> None:
    wang, who = sign_in("wang"), f"批量{name[-4:]}"
    rows = [
        [f"{who}甲", "省研究院", "教授", "工贸、城乡燃气", "粉尘，通风", "900", ""],
        [f"{who}乙", "", "", "GAS", "", "", ""],
    ]
    assert wang.get("/experts/import").status_code == wang.get("/experts/import/template.xlsx").status_code == 200
    assert wang.post("/experts/import", data=_sent(rows, name)).status_code == 303
    found = city.one(Expert, Expert.name == f"{who}甲")
    assert (found.topics, found.fee_rate_yuan, found.active) == (["粉尘", "通风"], 900, True)
    again = wang.post("/experts/import", data=_sent(rows, name))
    assert again.status_code == 422 and "已有同单位的这位专家" in again.text
    assert len(city.all(Expert, Expert.name.startswith(who))) == 2


def test_nothing_of_a_list_is_entered_while_a_row_is_wrong(city: Walk, sign_in: SignIn) -> None:
    rows = [
        ["好专家", "", "", "工贸", "", "", ""],
        ["", "", "", "工贸", "", "", ""],
        ["坏专家", "", "", "炼金术", "", "1.5", "按斤"],
    ]
    answer = sign_in("wang").post("/experts/import", data=_sent(rows))
    assert answer.status_code == 422
    assert all(text in answer.text for text in ("没有这个领域：炼金术", "应为整数元", "不在可选范围内", "请填写"))
    assert city.all(Expert, Expert.name == "好专家") == []
    for content in (b"PK\x03\x04 no workbook", b"a,b\n1,2", b""):
        sent = {"file": (io.BytesIO(content), "x.xlsx")}
        assert sign_in("wang").post("/experts/import", data=sent).status_code == 422
    for key in ("zhao", "zhou", "qin"):
        assert sign_in(key).post("/experts/import", data=_sent(rows)).status_code == 403
