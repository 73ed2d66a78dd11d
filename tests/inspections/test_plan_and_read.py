"""Plan on the page, find in the list, take away as a file, print; and what outsiders find of it."""

from __future__ import annotations

import io
import re
from collections.abc import Callable

import pytest
from flask.testing import FlaskClient
from openpyxl import load_workbook

from app.inspections import Inspection
from tests.cast import LONGWAN, XINGANG, member, org_id
from tests.inspections.walk import Walk, subject_id

SignIn = Callable[[str], FlaskClient]
PARTIAL = {"HX-Request": "true", "HX-Request-Type": "partial"}


@pytest.fixture(scope="module")
def stock(city: Walk) -> dict[str, Inspection]:
    found = {13: {"deadline": "7"}, 9: {"deadline": "15"}, 12: {"deadline": "on_site", "measures": "补办审批"}}
    found[12]["photos_after"] = [city.photo("liu")]  # type: ignore[assignment]
    return {
        "done": city.inspected(found, campaign_id="camp" * 8, topic="动火作业"),
        "clean": city.inspected(subjects=("hongda",)),
        "open": city.plan("zhao", subjects=("kiln",)),
    }


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", {"done", "clean", "open"}),
        ("status=done", {"done", "clean"}),
        ("status=open", {"open"}),
        ("found=yes", {"done"}),
        ("found=no", {"clean"}),
        (f"campaign={'camp' * 8}", {"done"}),
        (f"town={LONGWAN}", {"clean", "open"}),
        (f"town={XINGANG}", {"done"}),
        ("q=动火", {"done"}),
        ("q=宏达", {"clean"}),
        ("q=%25", set()),
        ("mode=random", set()),
        (f"org={org_id('emergency')}", {"done", "clean", "open"}),
        ("from=2026-04-10", set()),
        ("to=2026-04-09", {"done", "clean", "open"}),
        ("mine=1", {"done", "clean", "open"}),
    ],
)
def test_the_list_is_narrowed(sign_in: SignIn, stock: dict[str, Inspection], query: str, found: set[str]) -> None:
    listed = sign_in("liu").get(f"/api/v1/inspections?per_page=100&{query}").get_json()
    assert {row["number"] for row in listed} == {stock[name].number for name in found}


def test_visits_and_subjects_are_counted_apart(city: Walk, sign_in: SignIn, stock: dict[str, Inspection]) -> None:
    page = sign_in("wang").get("/inspections").get_data(as_text=True)
    assert "已完成 2 家次，2 家，发现隐患 3 项" in page
    inside = sign_in("wang").get(f"/inspections?subject={subject_id('xinyuan')}", headers=PARTIAL)
    text = inside.get_data(as_text=True)
    assert stock["done"].number in text and stock["clean"].number not in text and "<html" not in text


def test_the_list_is_taken_away_as_a_file(sign_in: SignIn, stock: dict[str, Inspection]) -> None:
    answer = sign_in("wang").get("/inspections/export.xlsx?status=done")
    rows = list(load_workbook(io.BytesIO(answer.data)).active.values)  # type: ignore[union-attr]
    assert [row[0] for row in rows[1:]] == [stock["clean"].number, stock["done"].number]
    assert sign_in("wang").get("/inspections/export.pdf").status_code == 404


def test_it_is_planned_on_the_page_and_once_only(city: Walk, sign_in: SignIn) -> None:
    client = sign_in("liu")
    form = {
        "mode": "routine", "planned_on": "2026-04-10", "selection": "list", "names": "鑫源纺织有限公司\n李家村旧砖厂",
        "inspectors": [member("liu").id, member("zhao").id], "checklist_id": city.checklist().id, "request_key": "once",
    }  # fmt: skip
    planned = client.post("/inspections", data=form)
    assert planned.status_code == 303
    assert client.post("/inspections", data=form).location == planned.location
    page = client.get(planned.location).get_data(as_text=True)
    assert "鑫源纺织有限公司" in page and "等 2 家" in page
    unknown = client.post("/inspections", data=form | {"names": "没有这家", "request_key": "x", "topic": "保留"})
    assert unknown.status_code == 422
    assert "找不到或者不止一个：没有这家" in unknown.get_data(as_text=True) and "保留" in unknown.get_data(as_text=True)


def test_a_changed_field_asks_for_the_form_and_plans_nothing(sign_in: SignIn) -> None:
    client = sign_in("liu")
    page = client.get("/inspections/new").get_data(as_text=True)
    asks = re.search(r'data-refresh="([^"]+)"', page)
    assert asks is not None
    complete = {
        "mode": "random", "planned_on": "2026-04-10", "selection": "hand", "request_key": "half",
        "subject_ids": subject_id("xinyuan"), "inspectors": [member("liu").id, member("zhao").id],
    }  # fmt: skip
    before = client.get("/api/v1/inspections?per_page=100").get_json()
    shown = client.post(asks.group(1), data=complete, headers=PARTIAL)
    assert shown.status_code == 200 and "系统抽取对象和检查人员" in shown.get_data(as_text=True)
    assert 'name="draw_inspectors" value="2"' in shown.get_data(as_text=True)
    assert client.get("/api/v1/inspections?per_page=100").get_json() == before


@pytest.mark.parametrize(
    ("sent", "field"),
    [
        ({"inspectors": []}, "inspectors"),
        ({"inspectors": [member("liu").id]}, "inspectors"),
        ({"subject_ids": []}, "subject_ids"),
        ({"subject_ids": ["0" * 32]}, "subject_ids"),
        ({"checklist_id": "0" * 32}, "checklist_id"),
        ({"planned_on": "morgen"}, "planned_on"),
        ({"nonsense": 1}, "nonsense"),
        ({"campaign_id": "0" * 32}, "campaign_id"),
        ({"plan_id": "0" * 32}, "plan_id"),
    ],
)
def test_a_plan_that_cannot_be_is_refused_by_its_field(sign_in: SignIn, sent: dict[str, object], field: str) -> None:
    plan = {
        "mode": "routine",
        "planned_on": "2026-04-10",
        "subject_ids": [subject_id("xinyuan")],
        "inspectors": [member("liu").id, member("zhao").id],
    }
    answer = sign_in("liu").post("/api/v1/inspections", json=plan | sent)
    assert answer.status_code == 422 and field in answer.get_json()["errors"]


def test_papers_are_set_by_who_issues_them(city: Walk, sign_in: SignIn, stock: dict[str, Inspection]) -> None:
    check = city.checks(stock["done"])[0]
    base, client = f"/inspections/{stock['done'].id}/papers/{check.id}", sign_in("zhou")
    order = client.get(f"{base}/order").get_data(as_text=True)
    assert "责令限期整改指令书" in order and "2026年4月16日" in order and "2026年4月24日" in order
    assert "望海市人民政府申请行政复议" in order and "补办审批" not in order
    assert "现场处理措施决定书" in client.get(f"{base}/on_site").get_data(as_text=True)
    record = client.get(f"{base}/record").get_data(as_text=True)
    assert "现场检查记录" in record and "2026年4月9日14时20分" in record and "周敏" in record
    assert sign_in("chen").get(f"{base}/order").status_code == 404
    clean = city.checks(stock["clean"])[0]
    assert sign_in("wang").get(f"/inspections/{stock['clean'].id}/papers/{clean.id}/order").status_code == 404
    town = city.arrive(city.plan("sun", inspectors=[member("sun").id, member("ma").id]), "sun", "ma")
    city.answer(town, {13: {"deadline": "7"}}, "sun")
    town = city.step(town, "check", "sun", conclusion="", violation_found="no")
    opinion = sign_in("sun").get(f"/inspections/{town.id}/papers/{city.checks(town)[0].id}/order")
    text = opinion.get_data(as_text=True)
    assert "限期整改意见书" in text and "依法上报" in text and "行政复议" not in text


def test_outsiders_find_nothing_of_it(sign_in: SignIn, stock: dict[str, Inspection]) -> None:
    for key in ("he", "deng", "chen", "qin", "root"):
        assert sign_in(key).get(f"/inspections/{stock['done'].id}").status_code == 404, key
    for key in ("liu", "sun", "wang", "lin", "zhou"):
        assert sign_in(key).get(f"/inspections/{stock['done'].id}").status_code == 200, key


def test_it_is_called_off_with_a_reason_by_whom_it_belongs_to(
    city: Walk, sign_in: SignIn, stock: dict[str, Inspection]
) -> None:
    address = f"/api/v1/inspections/{stock['open'].id}/voiding"
    assert sign_in("liu").post(address, json={"reason": "改期"}).status_code == 403
    assert sign_in("gao").post(address, json={"reason": " "}).status_code == 422
    assert sign_in("gao").post(address, json={"reason": "改期"}).get_json()["status"] == "void"
    assert sign_in("gao").post(address, json={"reason": "改期"}).status_code == 409
    done = f"/api/v1/inspections/{stock['done'].id}/voiding"
    assert sign_in("gao").post(done, json={"reason": "改期"}).status_code == 409
