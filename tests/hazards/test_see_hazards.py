"""The register, one hazard's page, the card: for insiders what is theirs, for outsiders as if there were nothing."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient
from openpyxl import load_workbook

from app import web
from app.hazards import Hazard
from tests.cast import LONGWAN, XINGANG, org_id
from tests.hazards.walk import Walk, at, subject_id

SignIn = Callable[[str], FlaskClient]
PARTIAL = {"HX-Request": "true", "HX-Request-Type": "partial"}


@pytest.fixture(scope="module")
def stock(city: Walk) -> dict[str, Hazard]:
    """One overdue, one soon due, one major, one closed, one of another town."""
    city.clock.set(at("2026-03-25 09:00"))
    overdue = city.receive(city.order(city.grade(city.register("sun", summary="安全出口上锁")), due_on="2026-04-03"))
    soon = city.receive(city.order(city.grade(city.register("zhao", summary="配电箱未接零")), due_on="2026-04-10"))
    closed = city.closed(summary="灭火器过期", found_at="2026-02-10")
    city.clock.set(at("2026-04-02 09:00"))
    graded = city.grade(city.register("zhao", summary="涉爆粉尘未除尘"), grade="major")
    major = city.receive(city.order(graded, due_on="2026-06-30"))
    other = city.register("he", "kiln", summary="砖窑无护栏", source="patrol")
    return {"overdue": overdue, "soon": soon, "closed": closed, "major": major, "other": other}


def _numbers(client: FlaskClient, query: str) -> set[str]:
    return {row["number"] for row in client.get(f"/api/v1/hazards?per_page=100&{query}").get_json()}


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", {"overdue", "soon", "closed", "major", "other"}),
        ("status=open", {"overdue", "soon", "major", "other"}),
        ("status=rectifying", {"overdue", "soon", "major"}),
        ("light=red", {"overdue"}),
        ("overdue=1", {"overdue"}),
        ("light=amber", {"soon"}),
        ("light=green", {"major"}),
        ("grade=major", {"major"}),
        ("source=patrol", {"other"}),
        (f"town={LONGWAN}", {"other"}),
        (f"town={XINGANG}&status=open", {"overdue", "soon", "major"}),
        ("q=粉尘", {"major"}),
        ("q=鑫源", {"overdue", "soon", "closed", "major"}),
        ("q=%25", set()),
        ("mine=1", {"soon", "closed", "major"}),
        ("found_to=2026-02-28", {"closed"}),
        ("found_from=2026-04-01", {"major", "other"}),
        ("closed_from=2026-03-01&closed_to=2026-03-31", {"closed"}),
        ("found_from=nonsense", {"overdue", "soon", "closed", "major", "other"}),
        (f"org={org_id('housing')}", set()),
    ],
)
def test_filters_narrow_the_list(stock: dict[str, Hazard], sign_in: SignIn, query: str, found: set[str]) -> None:
    assert _numbers(sign_in("zhao"), query) == {stock[key].number for key in found}


def test_each_sees_what_is_theirs_and_counts_leave_out_the_rest(stock: dict[str, Hazard], sign_in: SignIn) -> None:
    everything = {hazard.number for hazard in stock.values()}
    xinyuan = everything - {stock["other"].number}
    seen = {"wang": everything, "lin": everything, "zhao": everything, "sun": xinyuan, "zhou": xinyuan}
    seen |= {"he": {stock["other"].number}, "chen": set(), "deng": set(), "root": set(), "qin": set()}
    for key, numbers in seen.items():
        answer = sign_in(key).get("/api/v1/hazards?per_page=100")
        assert {row["number"] for row in answer.get_json()} == numbers, key
        assert answer.headers["X-Total-Count"] == str(len(numbers)), key
    text = sign_in("he").get("/hazards").get_data(as_text=True)
    assert "鑫源" not in text and "砖窑无护栏" in text
    assert "<b>1</b>" in text  # 全部 1


def test_the_list_shows_lights_tabs_and_a_row_open_in_place(stock: dict[str, Hazard], sign_in: SignIn) -> None:
    client = sign_in("zhao")
    text = client.get(f"/hazards?status=open&open={stock['overdue'].id}").get_data(as_text=True)
    assert "超期 6 天" in text and "整改要求" in text
    fragment = client.get("/hazards?status=open", headers=PARTIAL).get_data(as_text=True)
    assert "<html" not in fragment and stock["major"].number in fragment
    embedded = client.get(f"/hazards?subject={subject_id('kiln')}", headers=PARTIAL).get_data(as_text=True)
    assert stock["other"].number in embedded and "db-facet" not in embedded
    assert stock["other"].number not in client.get(
        f"/hazards?subject={subject_id('market')}", headers=PARTIAL
    ).get_data(as_text=True)


def test_the_export_holds_what_the_list_shows(stock: dict[str, Hazard], sign_in: SignIn, city: Walk) -> None:
    answer = sign_in("sun").get("/hazards/export.xlsx?status=open")
    sheet = load_workbook(io.BytesIO(answer.data)).active
    assert sheet is not None
    numbers = {row[0] for row in sheet.iter_rows(min_row=2, values_only=True)}
    assert numbers == {stock[key].number for key in ("overdue", "soon", "major")}
    csv = sign_in("he").get("/hazards/export.csv").get_data(as_text=True)
    assert stock["other"].number in csv and "鑫源" not in csv
    assert sign_in("sun").get("/hazards/export.pdf").status_code == 404


def test_one_hazard_opens_for_insiders_and_is_not_found_by_others(stock: dict[str, Hazard], sign_in: SignIn) -> None:
    hazard = stock["overdue"]
    for key in ("zhao", "sun", "zhou", "wang"):
        page = sign_in(key).get(f"/hazards/{hazard.id}")
        assert page.status_code == 200, key
        assert "安全出口上锁" in page.get_data(as_text=True)
        assert sign_in(key).get(f"/api/v1/hazards/{hazard.id}").get_json()["overdue"] is True
    for key in ("he", "chen", "deng", "qin", "root"):
        for path in (f"/hazards/{hazard.id}", f"/api/v1/hazards/{hazard.id}", "/hazards/nonsense"):
            assert sign_in(key).get(path).status_code == 404, (key, path)


def test_only_those_who_can_do_the_step_are_led_to_it(stock: dict[str, Hazard], sign_in: SignIn) -> None:
    path = f"/hazards/{stock['overdue'].id}"
    assert "办理：落实整改" in sign_in("zhou").get(path).get_data(as_text=True)
    assert "办理：落实整改" not in sign_in("zhao").get(path).get_data(as_text=True)


def test_the_card_is_nothing_for_who_may_not_see_it(stock: dict[str, Hazard], sign_in: SignIn, city: Walk) -> None:
    def card(key: str) -> str:
        from flask_login import login_user

        from app.accounts import User
        from tests.cast import member

        with city.app.test_request_context():
            login_user(web.db.session().get(User, member(key).id))
            return web.cards.render("hazard", stock["overdue"].id)

    assert "安全出口上锁" in card("zhao")
    assert card("he") == ""


def test_pages_are_english_for_who_reads_english(stock: dict[str, Hazard], sign_in: SignIn, city: Walk) -> None:
    from app.accounts import User
    from app.db import write_transaction
    from tests.cast import member

    def speak(locale: str) -> None:
        with city.sessions() as session, write_transaction(session):
            session.get_one(User, member("wang").id).locale = locale

    speak("en")
    try:
        for path in ("/hazards", f"/hazards/{stock['closed'].id}", "/hazards/new"):
            text = sign_in("wang").get(path).get_data(as_text=True)
            for word in ("隐患台账", "整改时限", "登记隐患", "复查意见", "现场照片"):
                assert word not in text, (path, word)
    finally:
        speak("zh_Hans_CN")


def test_the_menu_shows_the_register_to_all_but_administrators(stock: dict[str, Hazard], sign_in: SignIn) -> None:
    def entries(key: str) -> Any:
        return sign_in(key).get("/account").get_data(as_text=True)

    assert 'href="/hazards"' in entries("zhou")
    assert 'href="/hazards"' not in entries("root")


def test_facets_count_under_the_other_filters(stock: dict[str, Hazard], city: Walk) -> None:
    from app.accounts import User
    from app.hazards import queries
    from tests.cast import member

    with city.sessions() as session:
        user = session.get_one(User, member("wang").id)
        counts = queries.facet_counts(session, user, {"town": XINGANG}, city.clock.now())
        assert counts["town"] == {XINGANG: 4, LONGWAN: 1}
        assert counts["grade"] == {"general": 3, "major": 1}
        both = queries.facet_counts(session, user, {"town": XINGANG, "grade": "major"}, city.clock.now())
        assert both["town"] == {XINGANG: 1}
        assert both["grade"] == {"general": 3, "major": 1}
        assert both["source"] == {"inspection": 1}
        town_clerk = session.get_one(User, member("he").id)
        assert queries.facet_counts(session, town_clerk, {}, city.clock.now())["town"] == {LONGWAN: 1}


def test_in_english_a_place_is_two_words_and_the_system_is_not_chinese(
    stock: dict[str, Hazard], sign_in: SignIn, city: Walk
) -> None:
    hazard = city.receive(city.order(city.grade(city.register())))
    city.until("2026-04-25 09:00")  # reminded and marked as late by nobody in particular
    zhao = sign_in("zhao")
    in_chinese = zhao.get(f"/tasks/{city.task(hazard).id}").text
    assert "新港街道渔港社区" in in_chinese
    zhao.set_cookie("lang", "en")
    page = zhao.get(f"/tasks/{city.task(hazard).id}").text
    assert "渔港社区, 新港街道" in page  # the regions of this city have no English names
    history = page.split('class="db-tl"')[1]
    assert "System" in history
    assert "系统" not in history


def test_a_long_description_shows_its_beginning_and_the_rest_on_request(
    stock: dict[str, Hazard], sign_in: SignIn, city: Walk
) -> None:
    told = "".join(f"第{n}处电线裸露。" for n in range(1, 300))
    long = city.register("zhao", summary="多处电线裸露", description=told)
    page = sign_in("zhao").get(f"/hazards/{long.id}").get_data(as_text=True)
    shown, kept = page.split('<div class="db-fold">')[1].split("</details>")[0].split("<details>")
    assert "第20处" in shown and "第40处" not in shown
    assert told in kept and f"{len(told)} 字" in kept
    assert "db-fold" not in sign_in("zhao").get(f"/hazards/{stock['overdue'].id}").get_data(as_text=True)
