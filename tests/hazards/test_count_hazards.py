from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from flask.testing import FlaskClient

from app.hazards.facts import hazard_rows
from app.hazards.models import ORIGINS
from tests.hazards.walk import Walk, subject_id

PARTIAL = {"HX-Request": "true", "HX-Request-Type": "partial"}


def test_each_hazard_is_one_row_and_voided_ones_are_none(city: Walk) -> None:
    on_time = city.closed(summary="按期整改")
    in_the_end = city.failed(city.to_review(city.register(summary="两轮")), "2026-05-06")
    city.until("2026-04-27 09:00")
    in_the_end = city.close(city.review(city.rectify(in_the_end)))
    city.do(city.register(summary="误报"), "grade", "zhao", verdict="invalid", grade_basis="没有")
    city.register(summary="新登记")
    with city.sessions() as session:
        rows = {row.id: row for row in session.execute(hazard_rows())}
    assert Counter(row.status for row in rows.values()) == {"closed": 2, "registered": 1}
    assert (bool(rows[on_time.id].on_time), bool(rows[in_the_end.id].on_time)) == (True, False)
    assert rows[in_the_end.id].rectified_at is not None
    assert (rows[in_the_end.id].round, rows[on_time.id].round) == (2, 1)


def test_a_hazard_says_where_it_was_found_and_the_register_finds_it_by_that(
    city: Walk, sign_in: Callable[[str], FlaskClient]
) -> None:
    origins = {name: name[:4] * 8 for name in ORIGINS}
    found = city.register(summary="专项检查发现", **origins)
    city.register(summary="日常登记")
    with city.sessions() as session:
        row = next(row for row in session.execute(hazard_rows()) if row.id == found.id)
    assert {name: getattr(row, name) for name in ORIGINS} == origins
    api = sign_in("zhao")
    for name in ORIGINS:
        listed = api.get(f"/api/v1/hazards?{name.removesuffix('_id')}={origins[name]}").get_json()
        assert [one["id"] for one in listed] == [found.id], name
    inside = api.get(f"/hazards?inspection={origins['inspection_id']}", headers=PARTIAL)
    assert found.number in inside.get_data(as_text=True)
    assert "<html" not in inside.get_data(as_text=True)
    assert sign_in("he").get(f"/api/v1/hazards?inspection={origins['inspection_id']}").get_json() == []


def test_a_record_with_many_hazards_shows_the_first_and_leads_to_all(
    city: Walk, sign_in: Callable[[str], FlaskClient]
) -> None:
    campaign = "many" * 8
    for number in range(9):
        city.register(summary=f"专项检查发现{number}", campaign_id=campaign)
    inside = sign_in("zhao").get(f"/hazards?campaign={campaign}", headers=PARTIAL).get_data(as_text=True)
    assert "共 9 项，查看全部" in inside and f'href="/hazards?campaign={campaign}"' in inside


def test_nobody_says_by_a_form_that_an_inspection_found_it(city: Walk, sign_in: Callable[[str], FlaskClient]) -> None:
    sent = {"subject_id": subject_id("xinyuan"), "summary": "冒称检查发现", "inspection_id": "insp" * 8}
    refused = sign_in("zhao").post("/api/v1/hazards", json=sent)
    assert refused.status_code == 422
    assert "inspection_id" in refused.get_json()["errors"]
