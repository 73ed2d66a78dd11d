from __future__ import annotations

from collections import Counter

from app.hazards.facts import hazard_rows
from tests.hazards.walk import Walk


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
