"""The page of a form works without JavaScript: it keeps what was sent, and its buttons add, remove and show fields."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient
from lxml import html
from sqlalchemy.orm import Session

from app import files, forms
from app.accounts import User
from app.clock import FixedClock
from tests.cast import START, member, org_id
from tests.forms.conftest import picture

SignIn = Callable[[str], FlaskClient]


def html_answers(good: dict[str, Any]) -> dict[str, Any]:
    """The good answers by the names that the inputs have."""
    flat = {key: value for key, value in good.items() if key not in ("items", "place", "sure")}
    rows = {f"items-{i}-{key}": value for i, row in enumerate(good["items"]) for key, value in row.items()}
    place = {f"place-{key}": value for key, value in good["place"].items()}
    return flat | rows | place | {"items": "", "sure": ["", "true"], "csrf_token": "t"}


def page(response: Any) -> Any:
    return html.fromstring(response.get_data(as_text=True))


def value_of(root: Any, name: str) -> Any:
    element = root.xpath(f"//*[@name='{name}' and not(ancestor::template)]")[-1]
    if element.tag == "select":
        return next((option.get("value") for option in element.iter("option") if "selected" in option.attrib), "")
    return element.text if element.tag == "textarea" else element.get("value")


def test_the_page_shows_every_visible_field_with_its_default(sign_in: SignIn) -> None:
    root = page(sign_in("zhao").get("/dev-form"))
    assert value_of(root, "next_on") == "2026-04-09"
    assert value_of(root, "supervisor") == org_id("emergency")
    assert root.xpath("//input[@name='video_reason']") == []
    assert len(root.xpath("//*[@data-repeat-row and not(ancestor::template)]")) == 1
    assert root.xpath("//input[@name='items-__INDEX__-demand_text']")


@pytest.mark.parametrize("key", ["zhao", "zhou"])
def test_every_control_has_a_label_and_every_description_exists(sign_in: SignIn, key: str) -> None:
    root = page(sign_in(key).post("/dev-form", data={"items": "", "method": "video"}))
    for template in root.xpath("//template"):
        template.getparent().remove(template)
    ids = [element.get("id") for element in root.xpath("//*[@id]")]
    assert len(ids) == len(set(ids))
    form = root.get_element_by_id("dev-form")
    for control in form.xpath(".//input[not(@type='hidden')] | .//select | .//textarea"):
        labelled = (
            control.get("aria-label")
            or control.xpath("ancestor::label")
            or form.xpath(f".//label[@for='{control.get('id')}']")
        )
        assert labelled, html.tostring(control)
    for element in form.xpath(".//*[@aria-describedby]"):
        assert set(element.get("aria-describedby").split()) <= set(ids)
    for link in form.xpath(".//*[@data-error-summary]//a"):
        assert link.get("href").removeprefix("#") in ids, link.get("href")
    assert len(form.xpath(".//*[@aria-invalid='true']")) >= 6


def test_what_is_fixed_is_shown_and_not_asked(sign_in: SignIn, good: dict[str, Any]) -> None:
    browser = sign_in("zhao")
    form = page(browser.get("/dev-form")).get_element_by_id("dev-form")
    assert "YH-2026-0417" in form.text_content()
    assert "更换应急照明" in form.text_content()
    assert form.xpath(".//*[@name='hazard_no' or contains(@name, 'requirement')]") == []
    sent = html_answers(good) | {
        "hazard_no": "X",
        "ordered": "",
        "ordered-1-met": "false",
        "ordered-1-requirement": "X",
    }
    refused = browser.post("/dev-form", data=sent | {"opinion": ""})
    root = page(refused)
    assert "checked" in root.xpath("//input[@name='ordered-1-met' and @value='false']")[0].attrib
    raw = page(browser.post("/dev-form", data=sent)).get_element_by_id("raw").text
    assert json.loads(raw)["hazard_no"] == "YH-2026-0417"
    assert json.loads(raw)["ordered"][1] == {"requirement": "更换应急照明", "met": False}


def test_given_rows_are_a_table_that_counts_what_is_filled_in(sign_in: SignIn) -> None:
    browser = sign_in("zhao")
    form = page(browser.get("/dev-form")).get_element_by_id("dev-form")
    heads = [" ".join(head.text_content().split()) for head in form.xpath(".//table//th")]
    assert heads == ["整改要求", "落实"]
    assert "2 项已填 0 项" in form.get_element_by_id("f-ordered").text_content()
    half = page(browser.post("/dev-form?_step=refresh", data={"ordered": "", "ordered-1-met": "true"}))
    assert "2 项已填 1 项" in half.get_element_by_id("f-ordered").text_content()
    named = half.xpath("//*[@role='radiogroup' and .//input[@name='ordered-1-met']]/@aria-labelledby")[0].split()
    assert [half.get_element_by_id(one).text_content().strip() for one in named] == ["更换应急照明", "落实"]


def test_an_error_of_a_given_row_stands_in_its_cell(sign_in: SignIn) -> None:
    sent = {"ordered": "", "ordered-0-met": "true", "ordered-1-met": "nonsense"}
    root = page(sign_in("zhao").post("/dev-form", data=sent))
    (cell,) = root.xpath("//table//td[.//*[@aria-invalid='true']]")
    assert cell.xpath(".//input[@name='ordered-1-met']")
    assert "不在可选范围内" in cell.text_content()


def test_the_person_who_fills_in_stands_in_the_first_row(sign_in: SignIn, session: Session) -> None:
    who = {"name": "who", "kind": "user", "label": "姓名", "role": "dept_staff", "required": True}
    group = {"name": "team", "kind": "group", "label": "人员", "repeat": True, "min_items": 2, "fields": [who]}
    form = {"title": "表", "fields": [group | {"default": [{"who": {"from": "me"}}]}]}
    with sign_in("zhao").application.test_request_context():
        user = session.get(User, member("zhao").id)
        (team,) = forms.bind(form, session=session, user=user).fields
        assert [row.fields[0].value for row in team.rows] == [member("zhao").id, ""]
        (kept,) = forms.bind(form, {"team": [{"who": ""}]}, session=session, user=user).fields
        assert [row.fields[0].value for row in kept.rows] == ["", ""]


def test_a_search_box_comes_where_there_are_many_to_choose_from(
    sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = sign_in("zhao")
    assert page(browser.get("/dev-form")).xpath("//input[@name='owner__q']") == []
    offered = len(page(browser.get("/dev-form")).xpath("//select[@name='owner']/option")) - 1
    monkeypatch.setattr("app.forms.picking.EASY", offered)
    assert page(browser.get("/dev-form")).xpath("//input[@name='owner__q']") == []
    monkeypatch.setattr("app.forms.picking.EASY", offered - 1)
    assert page(browser.get("/dev-form")).xpath("//input[@name='owner__q']")
    found = page(browser.post("/dev-form", data={"owner__q": "刘洋", "owner": "", "_step": "find"}))
    assert found.xpath("//select[@name='owner']/option/@value") == ["", member("liu").id]


def test_a_refused_form_keeps_what_was_sent(sign_in: SignIn, good: dict[str, Any]) -> None:
    sent = html_answers(good) | {"cost": "12.5", "opinion": "", "items-0-verdict": "fail", "method": "video"}
    response = sign_in("zhao").post("/dev-form", data=sent)
    assert response.status_code == 422
    root = page(response)
    summary = root.xpath("//*[@role='alert' and @data-error-summary]")[0].text_content()
    assert "整改投入" in summary
    assert "逐项结论 1 不合格之处" in summary
    assert value_of(root, "cost") == "12.5"
    assert value_of(root, "width") == "１.62"
    assert value_of(root, "inspected_at") == "2026-04-09T10:30"
    assert value_of(root, "grade") == "2"
    assert value_of(root, "owner") == member("liu").id
    assert value_of(root, "site") == "s1"
    assert value_of(root, "items-0-demand_text") == "拆除链锁"
    assert value_of(root, "place-street") == "振兴路"
    assert value_of(root, "photos") == good["photos"][0]
    assert "checked" in root.xpath("//input[@name='method' and @value='video']")[0].attrib
    assert "checked" in root.xpath("//input[@type='checkbox' and @name='causes' and @value='thing']")[0].attrib
    assert "checked" in root.xpath("//input[@type='checkbox' and @name='sure']")[0].attrib
    assert root.xpath("//input[@name='video_reason' and @aria-invalid='true']")


def test_good_answers_go_in_and_are_shown_in_words(sign_in: SignIn, good: dict[str, Any], session: Session) -> None:
    response = sign_in("zhao").post("/dev-form", data=html_answers(good))
    assert response.status_code == 200, response.get_data(as_text=True)
    text = " ".join(page(response).get_element_by_id("main").text_content().split())
    for words in ("复查方式 现场", "复查时间 2026-04-09 10:30", "隐患级别 重大隐患", "对应的指令 清空通道", "通道净宽 1.62 米",
                  "整改投入 12,000 元", "责任人 刘洋", "监管单位 望海市应急管理局", "企业 鑫源纺织", "原因 设备",
                  "指令要求 拆除链锁", "结论 合格", "门牌 18", "附件 a.txt", "本人到过现场 是"):  # fmt: skip
        assert words in text
    photo = files.named(session, good["photos"])[0]
    assert photo.instance_id == "i" * 32
    assert f'src="{photo.thumbnail_url}"' in response.get_data(as_text=True)


def test_a_file_that_is_attached_elsewhere_cannot_be_sent_again(sign_in: SignIn, good: dict[str, Any]) -> None:
    assert sign_in("zhao").post("/dev-form", data=html_answers(good)).status_code == 200
    again = sign_in("zhao").post("/dev-form", data=html_answers(good))
    assert again.status_code == 422
    assert "附件不存在或者不是您上传的" in again.get_data(as_text=True)


def test_another_persons_file_is_refused_and_not_shown(sign_in: SignIn, good: dict[str, Any], photo: Any) -> None:
    foreign = photo("deng")
    response = sign_in("zhao").post("/dev-form", data=html_answers(good | {"photos": [foreign]}))
    assert response.status_code == 422
    assert f"/files/{foreign}" not in response.get_data(as_text=True)


def test_the_name_of_a_record_out_of_sight_does_not_leak_through_a_refused_form(
    sign_in: SignIn, good: dict[str, Any]
) -> None:
    response = sign_in("zhao").post("/dev-form", data=html_answers(good | {"site": "s2"}))
    assert response.status_code == 422
    assert "宏达铸件" not in response.get_data(as_text=True)


def test_a_row_is_added_and_removed_by_the_server(sign_in: SignIn) -> None:
    browser = sign_in("zhao")
    sent = {"items": "", "items-0-demand_text": "甲", "items-1-demand_text": "乙", "items-1-verdict": "fail"}
    more = browser.post("/dev-form", data=sent | {"_step": "add:items"})
    assert more.status_code == 200
    root = page(more)
    assert [value_of(root, f"items-{i}-demand_text") for i in range(3)] == ["甲", "乙", ""]
    assert root.xpath("//textarea[@name='items-1-wrong']")
    assert root.xpath("//*[@role='alert']") == []
    fewer = page(browser.post("/dev-form", data=sent | {"_step": "remove:items:0"}))
    assert value_of(fewer, "items-0-demand_text") == "乙"
    assert fewer.xpath("//input[@name='items-1-demand_text']") == []


def test_rows_come_to_an_end(sign_in: SignIn) -> None:
    sent = {"items": "", "_step": "add:items"} | {f"items-{i}-demand_text": "x" for i in range(400)}
    root = page(sign_in("zhao").post("/dev-form", data=sent))
    assert len(root.xpath("//*[@data-repeat-row and not(ancestor::template)]")) == 50


def test_fields_show_and_hide_on_refresh_without_complaints(sign_in: SignIn) -> None:
    response = sign_in("zhao").post("/dev-form?_step=refresh", data={"method": "video", "opinion": "初稿"})
    root = page(response)
    assert response.status_code == 200
    assert root.xpath("//input[@name='video_reason']")
    assert value_of(root, "opinion") == "初稿"
    assert root.xpath("//*[@aria-invalid]") == []


def test_a_default_does_not_come_back_where_the_person_emptied_the_field(sign_in: SignIn) -> None:
    root = page(sign_in("zhao").post("/dev-form?_step=refresh", data={"next_on": "", "supervisor": ""}))
    assert value_of(root, "next_on") == ""
    assert value_of(root, "supervisor") == ""


def test_a_usual_phrase_is_added_by_the_server(sign_in: SignIn) -> None:
    sent = {"opinion": "经现场复查，", "_step": "phrase:opinion:0"}
    root = page(sign_in("zhao").post("/dev-form", data=sent))
    assert value_of(root, "opinion") == "经现场复查，已整改到位，建议销号。"


def test_files_chosen_without_javascript_are_stored_and_stay(sign_in: SignIn, session: Session) -> None:
    sent = {
        "photos": "",
        "photos__upload": (picture(), "门.png"),
        "papers__upload": (io.BytesIO(b"words\n"), "说明.txt"),
    }
    response = sign_in("zhao").post("/dev-form", data=sent, content_type="multipart/form-data")
    assert response.status_code == 422
    root = page(response)
    kept = [value_of(root, "photos"), value_of(root, "papers")]
    assert [a.owner_id for a in files.named(session, kept)] == [member("zhao").id] * 2
    assert "请上传照片" not in response.get_data(as_text=True)


def test_a_file_that_is_no_photo_is_refused_by_name(sign_in: SignIn) -> None:
    sent = {"photos__upload": (io.BytesIO(b"words\n"), "说明.txt"), "opinion": "留着"}
    response = sign_in("zhao").post("/dev-form", data=sent, content_type="multipart/form-data")
    assert response.status_code == 422
    root = page(response)
    assert "说明.txt：这里只能上传照片" in root.xpath("//*[@data-error-summary]")[0].text_content()
    assert value_of(root, "opinion") == "留着"


def test_a_search_offers_what_it_finds_and_keeps_the_choice(sign_in: SignIn) -> None:
    root = page(sign_in("zhao").post("/dev-form", data={"site__q": "宏达", "site": "s1", "_step": "find"}))
    assert value_of(root, "site") == "s1"
    assert root.xpath("//option[@value='s2']") == []  # out of sight, whatever is searched for


def test_the_picker_answers_a_script_only_with_what_may_be_seen(sign_in: SignIn, anonymous: FlaskClient) -> None:
    browser = sign_in("zhao")
    as_json = {"Accept": "application/json"}
    people = browser.get("/forms/options/user?role=dept_staff&q=刘", headers=as_json).get_json()
    assert [one["value"] for one in people] == [member("liu").id]
    assert browser.get("/forms/options/subject?q=", headers=as_json).get_json() == [
        {"value": "s1", "label": "鑫源纺织"}
    ]
    kept = browser.get("/forms/options/subject?site__q=nothing&site=s1").get_data(as_text=True)
    assert re.search(r'<option value="s1" selected>鑫源纺织', kept)
    assert "宏达" not in browser.get("/forms/options/subject?site__q=&site=s2").get_data(as_text=True)
    others = sign_in("chen").get("/forms/options/organisation", headers=as_json).get_json()
    assert [one["value"] for one in others] == [org_id("hongda")]
    assert browser.get("/forms/options/secrets").status_code == 404
    assert anonymous.get("/forms/options/user").status_code in (302, 401)


def test_the_page_speaks_english(sign_in: SignIn, clock: FixedClock) -> None:
    browser = sign_in("zhao")
    browser.set_cookie("lang", "en")
    assert clock.now() == START
    text = browser.post("/dev-form", data={}).get_data(as_text=True)
    form = html.fromstring(text).get_element_by_id("dev-form")
    for drop in form.xpath(
        ".//*[@name='demand'] | .//*[@name='supervisor'] | .//*[@name='owner'] | .//*[@name='site'] | .//*[contains(@class, 'db-pre')] | .//*[@data-phrase] | .//*[@class='db-act']"
    ):
        drop.getparent().remove(drop)
    assert not re.search(r"[\u4e00-\u9fff]", form.text_content()), re.findall(r"[\u4e00-\u9fff]+", form.text_content())
