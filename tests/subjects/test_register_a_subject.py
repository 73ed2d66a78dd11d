"""Registering and editing a supervised subject, by form and by API."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient
from sqlalchemy.orm import Session
from stdnum.cn import uscc

from app.subjects import Subject, is_credit_code
from tests.accounts.people import last_acts
from tests.cast import org_id
from tests.subjects.entries import CODE, enter, entry

SignIn = Callable[[str], FlaskClient]


def test_the_credit_code_of_these_tests_is_valid() -> None:
    assert uscc.is_valid(CODE) and is_credit_code(CODE)


def test_a_form_registers_and_leads_to_the_new_page(sign_in: SignIn, session: Session) -> None:
    browser = sign_in("zhao")
    assert browser.get("/subjects/new").status_code == 200
    answer = browser.post("/subjects", data=entry("渔港冷库", id_no=" ９１３５０２１１ M000100Y46 ", tags="涉氨，冷库"))
    assert answer.status_code == 303
    page = browser.get(answer.headers["Location"]).text
    assert "渔港冷库" in page and CODE in page and "涉氨，冷库" in page and "新港街道渔港社区" in page
    stored = session.get_one(Subject, answer.headers["Location"].rsplit("/", 1)[1])
    assert (stored.id_type, stored.id_no, stored.tags) == ("uscc", CODE, ["涉氨", "冷库"])
    assert stored.town_org_id == org_id("xingang") and stored.supervising_org_id == org_id("emergency")
    assert last_acts(session)[0] == ("赵明远", "subjects.created", stored.id)


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("name", "  ", "请填写"),
        ("type", "castle", "不在可选范围内"),
        ("id_no", "91350211M000100Y4", "应为 18 位，现为 17 位"),
        ("id_no", "91350211M000100Y44", "校验位不符"),
        ("region_code", "990181999000", "没有这个镇街或村居"),
        ("sector_code", "NONE", "没有这个领域"),
        ("manager_phone", "打电话", "电话号码有误"),
        ("longitude", "120.1", "经度和纬度应同时填写"),
        ("longitude", "east", "应为数字"),
        ("latitude", "91", "超出范围"),
        ("org_id", "nobody", "没有这个单位"),
        ("colour", "red", "没有这一项"),
    ],
)
def test_what_is_wrong_is_said_at_the_field_and_the_rest_is_kept(
    sign_in: SignIn, field: str, value: str, said: str
) -> None:
    answer = sign_in("zhao").post("/subjects", data=entry("留住的内容") | {field: value})
    assert answer.status_code == 422
    assert said in answer.text and 'role="alert"' in answer.text
    assert "渔港路 1 号" in answer.text
    api = sign_in("zhao").post("/api/v1/subjects", json=entry("留住的内容") | {field: value})
    assert api.status_code == 422 and said in str(api.get_json(force=True)["errors"][field])


@pytest.mark.parametrize("body", [[], ["x"], "text", 7, None, [{"name": "x"}], {"tags": {"a": 1}}, {"name": ["x"]}])
def test_a_body_of_another_shape_is_refused_in_words(sign_in: SignIn, body: object) -> None:
    answer = sign_in("zhao").post("/api/v1/subjects", json=body)
    assert answer.status_code == 422
    assert not any(word in answer.text for word in ("Invalid", "Missing", "Not a valid"))


def test_a_number_names_one_subject_and_tells_its_name_only_to_whom_may_see_it(sign_in: SignIn) -> None:
    number = "91370600MA3C1P2Q5"
    number += uscc.calc_check_digit(number)
    enter(sign_in("zhao"), "登记在先", id_no=number)
    near = sign_in("zhao").post("/api/v1/subjects", json=entry("登记在后", id_no=number)).get_json(force=True)
    assert "登记在先" in near["errors"]["id_no"][0]
    far = (
        sign_in("he")
        .post("/api/v1/subjects", json=entry("别镇登记", id_no=number, region_code="990181102201"))
        .get_json(force=True)
    )
    assert "登记在先" not in str(far) and "其他辖区" in far["errors"]["id_no"][0]


@pytest.mark.parametrize("key", ["lin", "zhou", "qin", "root", "cha"])
def test_who_only_looks_registers_nothing(sign_in: SignIn, key: str) -> None:
    browser = sign_in(key)
    assert browser.get("/subjects/new").status_code == 403
    assert browser.post("/subjects", data=entry()).status_code == 403
    assert browser.post("/api/v1/subjects", json=entry()).status_code == 403


def test_nobody_registers_outside_the_own_area(sign_in: SignIn, session: Session) -> None:
    refused = sign_in("sun").post("/subjects", data=entry("越界企业", region_code="990181102201"))
    assert refused.status_code == 422 and "不在您的管辖范围内" in refused.text
    session.rollback()
    assert sign_in("wang").get("/api/v1/subjects?q=越界企业").json == []


def test_a_change_is_saved_and_recorded_once(sign_in: SignIn, session: Session) -> None:
    browser = sign_in("zhao")
    subject_id = enter(browser, "改名之前")
    page = browser.get(f"/subjects/{subject_id}/edit").text
    assert 'value="改名之前"' in page and 'name="rev" value="0"' in page
    assert browser.post(f"/subjects/{subject_id}", data=entry("改名之后", rev="0")).status_code == 303
    assert last_acts(session)[0] == ("赵明远", "subjects.updated", subject_id)
    assert "改名之后" in browser.get(f"/subjects/{subject_id}").text


def test_who_comes_second_keeps_the_own_text_and_learns_who_was_first(sign_in: SignIn, session: Session) -> None:
    subject_id = enter(sign_in("zhao"), "两人同改")
    assert sign_in("wang").post(f"/subjects/{subject_id}", data=entry("王改的", rev="0")).status_code == 303
    late = sign_in("zhao").post(f"/subjects/{subject_id}", data=entry("赵改的", rev="0"))
    assert late.status_code == 409
    assert "王建国" in late.text and 'value="赵改的"' in late.text and 'name="rev" value="1"' in late.text
    session.rollback()
    assert session.get_one(Subject, subject_id).name == "王改的"


def test_an_outsider_finds_nothing_to_change(sign_in: SignIn, session: Session) -> None:
    subject_id = enter(sign_in("zhao"), "外人不见")
    for key in ("he", "deng", "chen"):
        browser = sign_in(key)
        assert browser.get(f"/subjects/{subject_id}").status_code == 404
        assert browser.get(f"/subjects/{subject_id}/edit").status_code == 404
        assert browser.post(f"/subjects/{subject_id}", data=entry("外人改的", rev="0")).status_code == 404
        assert browser.get(f"/api/v1/subjects/{subject_id}").status_code == 404
    assert session.get_one(Subject, subject_id).name == "外人不见"


def test_a_subject_cannot_be_moved_out_of_the_own_sight(sign_in: SignIn, session: Session) -> None:
    subject_id = enter(sign_in("sun"), "想搬走")
    moved = sign_in("sun").post(f"/subjects/{subject_id}", data=entry("想搬走", region_code="990181102201", rev="0"))
    assert moved.status_code == 422
    session.rollback()
    assert session.get_one(Subject, subject_id).region_code == "990181101201"
