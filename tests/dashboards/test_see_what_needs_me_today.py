from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from flask.testing import FlaskClient

from tests.hazards.walk import Walk, at


def test_an_overdue_major_hazard_comes_before_the_leader(city: Walk, sign_in: Callable[[str], FlaskClient]) -> None:
    quiet = sign_in("lin").get("/today").get_data(as_text=True)
    assert "没有需要您过问的事" in quiet
    city.clock.set(at("2026-04-09 14:20"))
    city.order(city.grade(city.register(summary="液氨阀失效"), grade="major"))
    city.clock.set(at("2026-05-20 10:00"))
    page = sign_in("lin").get("/today").get_data(as_text=True)
    assert "重大隐患超期" in page
    assert "鑫源纺织有限公司：液氨阀失效" in page


def test_the_sentence_counts_what_was_found_and_closed_today(city: Walk, sign_in: Callable[[str], FlaskClient]) -> None:
    ordered = city.order(city.grade(city.register(summary="今日发现今日销号")), due_on="2026-06-04")
    city.close(city.review(city.rectify(city.receive(ordered))))
    page = sign_in("lin").get("/today").get_data(as_text=True)
    link = 'href="/metrics/hazards_closed/rows?window=between&amp;from=2026-05-20&amp;to=2026-05-20">1</a>'
    assert link in page


@pytest.mark.parametrize("who", ["zhao", "ma", "zhou", "root"])
def test_today_is_for_leaders_and_the_committee_office(
    city: Walk,
    sign_in: Callable[[str], FlaskClient],
    who: str,
) -> None:
    assert sign_in(who).get("/today").status_code == 403


def test_an_instruction_about_it_takes_what_the_page_already_knows(
    city: Walk, sign_in: Callable[[str], FlaskClient]
) -> None:
    city.clock.set(at("2026-04-09 14:20"))
    hazard = city.order(city.grade(city.register(summary="储罐超装"), grade="major"))
    city.clock.set(at("2026-05-20 10:00"))
    lin = sign_in("lin")
    page = lin.get("/today").get_data(as_text=True)
    form = page.split(f'id="acts-hazard-{hazard.id}"')[1].split("</form>")[0]
    assert 'action="/supervision/instructions"' in form
    sent = dict(re.findall(r'name="(\w+)" value="([^"]*)"', form))
    answer = lin.post("/supervision/instructions", data={**sent, "text": "请抓紧落实，限期办结并报告结果。"})
    assert answer.status_code == 303
    after = lin.get("/today").get_data(as_text=True)
    assert "本月 1 条，办结 0 条" in after
    shown = re.search(r'督办件在办.*?<div class="v">\D*(\d+)', after, re.S)
    assert shown and int(shown[1]) == int(lin.get("/api/v1/supervision?status=open").headers["X-Total-Count"]) > 0
