"""双随机: both sides are drawn, by a seed that is kept; whoever was there lately or must avoid a subject takes no part."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from app.db import write_transaction
from app.inspections import Draw, Inspection
from app.inspections.models import Avoidance
from app.inspections.planning.drawing import verify
from tests.cast import member
from tests.inspections.walk import Walk, subject_id

SignIn = Callable[[str], FlaskClient]
LOT: dict[str, Any] = {
    "mode": "random", "selection": "draw", "subject_ids": [], "inspectors": [], "draw_recent_days": 90,
    "draw_count": 1, "draw_inspectors": 2,
}  # fmt: skip


@pytest.fixture(scope="module")
def drawn(city: Walk) -> Inspection:
    """After 鑫源 was inspected, and while 刘洋 must avoid 宏达."""
    city.inspected()
    with city.sessions() as session, write_transaction(session):
        session.add(
            Avoidance(
                user_id=member("liu").id,
                subject_id=subject_id("hongda"),
                reason="近亲属任职",
                made_at=city.clock.now(),
                made_by_name="高原",
            )
        )
    return city.plan("zhao", draw_sector="INDUSTRY", **LOT)


def _draws(city: Walk, inspection: Inspection) -> dict[str, Draw]:
    with city.sessions() as session:
        rows = session.scalars(sa.select(Draw).where(Draw.inspection_id == inspection.id))
        return {one.kind: one for one in rows}


def test_the_draw_comes_out_again_from_what_is_kept(city: Walk, drawn: Inspection) -> None:
    for made in _draws(city, drawn).values():
        assert verify(made).holds
        by_hand = sorted(made.candidates, key=lambda one: hashlib.sha256(f"{made.seed}:{one}".encode()).hexdigest())
        assert by_hand[: made.count] == made.drawn
        assert hashlib.sha256("\n".join(sorted(made.candidates)).encode()).hexdigest() == made.candidates_hash


def test_who_was_inspected_lately_or_must_avoid_takes_no_part(city: Walk, drawn: Inspection) -> None:
    subjects, people = _draws(city, drawn)["subjects"], _draws(city, drawn)["inspectors"]
    assert {"id": subject_id("xinyuan"), "reason": "recent"} in subjects.excluded
    assert set(subjects.candidates) == {subject_id("hongda"), subject_id("kiln")}
    hongda = subjects.drawn == [subject_id("hongda")]
    assert ({"id": member("liu").id, "reason": "avoidance"} in people.excluded) is hongda
    assert (member("liu").id in people.candidates) is not hongda
    assert drawn.leader_id in people.drawn


def test_a_draw_that_somebody_has_changed_is_told(city: Walk, drawn: Inspection) -> None:
    made = _draws(city, drawn)["subjects"]
    made.drawn = [one for one in made.candidates if one not in made.drawn][:1]
    assert not verify(made).same_result
    made.candidates = [*made.candidates, "f" * 32]
    assert not verify(made).same_candidates


def test_officials_see_the_proof_and_others_find_nothing(city: Walk, sign_in: SignIn, drawn: Inspection) -> None:
    seed = _draws(city, drawn)["subjects"].seed
    page = sign_in("wang").get(f"/inspections/{drawn.id}/draws/subjects").get_data(as_text=True)
    assert seed in page and "复核一致" in page and "近期已检查" in page
    for key in ("chen", "zhou", "deng", "root"):
        assert sign_in(key).get(f"/inspections/{drawn.id}/draws/subjects").status_code == 404, key


def test_a_plan_by_lot_cannot_name_its_subjects_and_needs_enough(city: Walk, sign_in: SignIn) -> None:
    client, today = sign_in("zhao"), "2026-04-09"
    by_hand = {"mode": "random", "planned_on": today, "subject_ids": [subject_id("kiln")]}
    refused = client.post("/api/v1/inspections", json=by_hand | {"inspectors": [member("zhao").id]})
    assert refused.status_code == 422 and "selection" in refused.get_json()["errors"]
    too_many = {"mode": "random", "planned_on": today, "selection": "draw", "draw_count": 50, "draw_inspectors": 2}
    refused = client.post("/api/v1/inspections", json=too_many)
    assert refused.status_code == 422 and "draw_count" in refused.get_json()["errors"]
    assert sign_in("zhou").post("/api/v1/inspections", json=too_many).status_code == 403


def test_the_most_urgent_come_first_by_priority(city: Walk) -> None:
    city.clock.set(city.clock.now() + dt.timedelta(days=200))
    people = [member("zhao").id, member("gao").id]  # 刘洋 must avoid one of them
    chosen = city.plan(
        selection="priority",
        subject_ids=[],
        draw_count=1,
        draw_recent_days=30,
        draw_sector="INDUSTRY",
        inspectors=people,
    )
    assert chosen.subjects == 1
    assert subject_id("xinyuan") not in {one.subject_id for one in city.checks(chosen)}  # the others were never seen
