from __future__ import annotations

import pytest
import sqlalchemy as sa

from app.engine import HumanTask
from app.errors import Conflict, Forbidden, Invalid
from tests.cast import org_id
from tests.hazards.walk import Walk, at


def test_the_responsible_organisation_receives_within_a_day_and_is_reminded(city: Walk) -> None:
    hazard = city.order(city.grade(city.register()))
    city.until("2026-04-10 15:00")
    events = [(e, t) for e, t, _d in city.events(hazard, "task.reminded", "task.overdue")]
    assert events == [("task.reminded", at("2026-04-10 10:20")), ("task.overdue", at("2026-04-10 14:20"))]
    hazard = city.receive(hazard)
    assert (hazard.status, hazard.received_at) == ("rectifying", city.clock.now())
    with city.sessions() as session:
        receipt = session.scalars(
            sa.select(HumanTask).where(HumanTask.instance_id == hazard.instance_id, HumanTask.node_id == "receive")
        ).one()
    assert receipt.late


def test_other_enterprises_and_offices_may_not_receive_or_rectify(city: Walk) -> None:
    hazard = city.order(city.grade(city.register()))
    for key in ("chen", "zhao", "sun"):
        with pytest.raises(Forbidden):
            city.receive(hazard, key)
    hazard = city.receive(hazard)
    for key in ("chen", "zhao", "sun"):
        with pytest.raises(Forbidden):
            city.rectify(hazard, key)


def test_a_subject_without_accounts_is_recorded_by_its_town(city: Walk) -> None:
    hazard = city.order(city.grade(city.register("he", "kiln")))
    task = city.task(hazard)
    assert (task.node_id, task.role, task.org_id) == ("proxy_receive", "town_staff", org_id("longwan"))
    with pytest.raises(Forbidden):
        city.do(hazard, "proxy_receive", "sun", receipt_result="signed", received_by="李老板")
    with pytest.raises(Invalid) as refused:
        city.do(hazard, "proxy_receive", "he", receipt_result="refused")
    assert set(refused.value.errors) == {"receipt_photos"}
    hazard = city.do(hazard, "proxy_receive", "he", receipt_result="signed", received_by="李老板")
    hazard = city.rectify(hazard, "he", "proxy_rectify")
    assert hazard.status == "reviewing"
    assert city.rounds(hazard)[0].submitted_by_name == "何军"


def test_rectification_is_shown_by_photos(city: Walk) -> None:
    hazard = city.receive(city.order(city.grade(city.register())))
    with pytest.raises(Invalid) as refused:
        city.rectify(hazard, photos_after=[], responsible_person="")
    assert set(refused.value.errors) == {"photos_after", "responsible_person"}
    with pytest.raises(Invalid):
        city.rectify(hazard, photos_after=[city.photo("chen")])  # somebody else's photo


def test_what_was_done_is_kept_with_the_round_and_stops_the_clock(city: Walk) -> None:
    hazard = city.receive(city.order(city.grade(city.register())))
    task = city.task(hazard)
    assert (task.due_at, task.node_id) == (at("2026-04-24 23:59:59"), "rectify")
    hazard = city.rectify(hazard, funds_yuan=12_000)
    (only,) = city.rounds(hazard)
    assert (only.measures, only.funds_yuan, only.late) == ("已拆除", 12_000, False)
    assert hazard.submitted_at == city.clock.now()
    city.until("2026-05-20 09:00")
    assert not city.again(hazard).overdue(city.clock.now())
    assert city.events(hazard, "task.escalated") == []
    with pytest.raises(Conflict):
        city.engine.complete(task.id, {}, by=city.actor("zhou"))
