"""Lists, pages and the API: for each what is theirs, for others as if there were nothing."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient

from app.consultations import Engagement, Visit
from tests.cast import START
from tests.consultations.walk import OPINION, Walk, decided, expert_id
from tests.hazards.walk import subject_id

SignIn = Callable[[str], FlaskClient]
SUMMARY = str(OPINION["summary"])
PARTIAL = {"HX-Request": "true", "HX-Request-Type": "partial"}


@pytest.fixture(scope="module")
def stock(city: Walk) -> dict[str, Any]:
    """One consultation for two enterprises; the first has been diagnosed, and one opinion of two is decided."""
    city.clock.set(START)
    consultation = city.start("xinyuan", "hongda")
    city.choose(consultation, "qin", "shi")
    first, second = city.visits(consultation)
    city.announce(first)
    city.acknowledge(first)
    city.until("2026-04-15 11:00")
    city.diagnose(first)
    city.hand_in(city.engagement(first, "qin"), OPINION)
    return {"consultation": consultation, "first": first, "second": second}


SEEN = {"wang": 2, "lin": 2, "zhao": 2, "gao": 2, "sun": 1, "he": 1, "zhou": 1, "wu": 1, "chen": 1, "qin": 2}


def test_each_sees_what_is_theirs(stock: dict[str, Any], sign_in: SignIn) -> None:
    for key in (*SEEN, "deng", "root", "cha"):
        whole = sign_in(key).get("/api/v1/consultations")
        assert whole.headers["X-Total-Count"] == ("1" if key in ("wang", "lin", "zhao", "gao") else "0"), key
        visits = sign_in(key).get("/api/v1/consultation-visits")
        assert visits.headers["X-Total-Count"] == str(SEEN.get(key, 0)), key


def test_pages_open_for_insiders_and_are_not_found_by_others(stock: dict[str, Any], sign_in: SignIn) -> None:
    c, first, second = stock["consultation"].id, stock["first"].id, stock["second"].id
    for path, inside in (
        (f"/consultations/{c}", ("wang", "lin", "zhao")),
        (f"/api/v1/consultations/{c}", ("wang", "zhao")),
        (f"/consultations/visits/{first}", ("wang", "zhao", "sun", "zhou", "qin")),
        (f"/api/v1/consultation-visits/{first}", ("wang", "zhao", "sun", "zhou", "qin")),
        (f"/consultations/visits/{second}", ("wang", "he", "chen", "qin")),
    ):
        for key in ("wang", "lin", "zhao", "sun", "zhou", "he", "chen", "deng", "qin", "root"):
            expected = {200} if key in inside else {200, 404} if key in SEEN and SEEN[key] == 2 else {404}
            assert sign_in(key).get(path).status_code in expected, (key, path)
    for key in ("zhou", "sun", "qin", "deng", "root"):
        for path in ("", "/draw", "/report"):
            assert sign_in(key).get(f"/consultations/{c}{path}").status_code == 404, (key, path)


def test_the_enterprise_reads_an_opinion_once_it_is_decided_and_nothing_of_others(
    stock: dict[str, Any], sign_in: SignIn, city: Walk
) -> None:
    path = f"/consultations/visits/{stock['first'].id}"
    assert SUMMARY in sign_in("zhao").get(path).text and SUMMARY in sign_in("qin").get(path).text
    assert SUMMARY not in sign_in("zhou").get(path).text
    assert sign_in("zhou").get(f"/api/v1/consultation-visits/{stock['first'].id}").get_json()["opinions"] == []
    assert "宏达铸件" not in sign_in("zhou").get("/consultations/visits").text
    paper = city.hazards.photo("zhao")
    task = city.task(city.engagement(stock["first"], "shi").instance_id, "hand_in_link")
    city.engine.complete(task.id, {"none_found": True, "declared": True, "paper": [paper]}, by=city.actor("zhao"))
    city.deliver()
    city.convert(stock["first"], decided(city.opinions(stock["first"])[0]))
    assert SUMMARY in sign_in("zhou").get(path).text


def test_an_expert_reads_for_thirty_days_more(stock: dict[str, Any], sign_in: SignIn, city: Walk) -> None:
    mine = city.engagement(stock["second"], "qin")
    path = f"/consultations/visits/{stock['second'].id}"
    city.change(Engagement, mine.id, access_until=city.clock.now() + dt.timedelta(days=30))
    assert sign_in("qin").get(path).status_code == 200
    city.clock.set(city.clock.now() + dt.timedelta(days=30))
    assert sign_in("qin").get(path).status_code == 404
    city.change(Engagement, mine.id, access_until=None)


def test_the_list_narrows_and_comes_as_a_fragment(stock: dict[str, Any], sign_in: SignIn) -> None:
    client, number = sign_in("wang"), stock["consultation"].number
    for query, found in (("", True), ("status=open", True), ("status=done", False), ("kind=annual", False),
                         ("sector=INDUSTRY", True), ("q=粉尘", True), ("q=%25", False), (f"q={number}", True)):  # fmt: skip
        assert (number in client.get(f"/consultations?{query}").text) is found, query
    fragment = client.get("/consultations?status=open", headers=PARTIAL).text
    assert "<html" not in fragment and number in fragment


def test_pages_are_english_for_who_reads_english(stock: dict[str, Any], sign_in: SignIn) -> None:
    client = sign_in("wang")
    client.set_cookie("lang", "en")
    c, v = stock["consultation"].id, stock["first"].id
    for path in ("/consultations", f"/consultations/{c}", f"/consultations/visits/{v}", "/experts", "/experts/new",
                 f"/experts/{expert_id('shi')}"):  # fmt: skip
        text = client.get(path).text
        for word in ("安全会诊", "专家库", "量化评估", "专家意见", "登记专家", "责任制与管理"):
            assert word not in text, (path, word)


def test_figures_count_person_times_and_enterprises(stock: dict[str, Any], city: Walk) -> None:
    from app.metrics import all_sources

    sources = {source.key: source for source in all_sources()}
    counts = {}
    with city.sessions() as session:
        for key in ("consultation_visits", "consultation_experts", "consultation_opinions"):
            counts[key] = len(session.execute(sources[key].rows(sources[key].id)).all())
        town = sources["consultation_visits"].rows(Visit.subject_id)
        assert session.scalars(town).all() == [subject_id("xinyuan")]
    assert counts["consultation_visits"] == 1 and counts["consultation_experts"] >= 1
