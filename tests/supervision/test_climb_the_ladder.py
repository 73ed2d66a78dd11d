"""The ladder: never down, each rung once, begun anew by an approved extension."""

from __future__ import annotations

from collections.abc import Callable
from threading import Thread

import pytest
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st

from app.db import write_transaction
from app.supervision import ladder, operations, queries
from app.supervision.ladder import CIRCULAR, INTERVIEW, LEADER, REMINDER, SLIP, Ladder
from tests.hazards.walk import at
from tests.supervision.walk import Walk, open_task

# What may happen to an item: a rung is asked for, what is asked for is carried out, an extension is approved.
ACTS = st.lists(st.one_of(st.tuples(st.just("ask"), st.integers(-3, 9)), st.just(("climb", 0)), st.just(("extend", 0))))


@given(ACTS)
def test_whatever_happens_no_rung_is_climbed_twice_or_downwards(acts: list[tuple[str, int]]) -> None:
    stand, climbed = Ladder(), list[tuple[int, int]]()
    for act, level in acts:
        before = stand
        if act == "ask":
            stand = ladder.ask(stand, level)
            assert stand.target == max(before.target, min(level, LEADER))
        elif act == "climb":
            stand, rungs = ladder.climb(stand)
            assert rungs == sorted(rungs)
            assert all(before.level < rung <= before.target for rung in rungs)
            assert stand.level == max(before.level, before.target)
            climbed += [(stand.clock_round, rung) for rung in rungs]
        else:
            stand = ladder.begin_anew(stand)
            assert (stand.level, stand.target, stand.clock_round) == (0, 0, before.clock_round + 1)
        if act != "extend":
            assert stand.level >= before.level
            assert stand.target >= before.target
            assert stand.clock_round == before.clock_round
    assert len(climbed) == len(set(climbed))
    assert climbed == sorted(climbed)


@given(st.integers(1, LEADER), st.integers(1, LEADER))
def test_no_rung_above_the_paper_is_left_out(first: int, then: int) -> None:
    stand, rungs = ladder.climb(ladder.ask(Ladder(), first))
    stand, more = ladder.climb(ladder.ask(stand, then))
    reached = max(first, then)
    assert stand.level == reached
    assert [rung for rung in (*rungs, *more) if rung > SLIP] == list(range(INTERVIEW, reached + 1))
    assert sum(rung <= SLIP for rung in (*rungs, *more)) == (2 if first == REMINDER < then else 1)


def test_rungs_of_a_hazard_raise_the_one_open_item(city: Walk, sign_in: Callable[[str], FlaskClient]) -> None:
    hazard = city.receive(city.order(city.grade(city.register())))
    city.until("2026-04-29 09:00")
    (item,) = city.items_of(hazard)
    assert (item.source, item.status, item.level, item.target) == ("hazard", "drafting", 0, SLIP)
    assert item.matter_no == hazard.number
    item = city.receive_slip(city.issue(item, due_on="2026-06-10"))
    assert (item.level, item.colour, item.status) == (SLIP, "red", "handling")

    city.until("2026-05-08 09:00")
    (item,) = city.items_of(hazard)
    assert item.level == CIRCULAR
    assert set(city.open_of(item)) == {"handle_dept", "interview_notice", "circular"}
    city.until("2026-05-20 09:00")
    (item,) = city.items_of(hazard)
    assert item.level == LEADER
    assert city.rungs(item) == [(0, SLIP), (0, INTERVIEW), (0, CIRCULAR), (0, LEADER)]
    assert sorted(city.open_of(item)) == ["circular", "handle_dept", "interview_notice", "leader_view"]
    page = (
        sign_in("wang")
        .get(f"/instances/{item.instance_id}/timeline", headers={"HX-Request": "true", "HX-Request-Type": "partial"})
        .text
    )
    assert "收到消息" in page and "要求升级" in page and "supervision_raised" not in page
    # Three rungs, one item: the later ones ended when they had raised it.
    assert [i.status for i in city.started_by(hazard.instance_id)] == ["running", "ended", "ended"]
    for _again in range(3):
        city.engine.run_due_timers()
    assert city.rungs(city.anew(item)) == [(0, SLIP), (0, INTERVIEW), (0, CIRCULAR), (0, LEADER)]


def test_what_is_asked_for_before_the_slip_is_issued_is_climbed_with_it(city: Walk) -> None:
    hazard = city.receive(city.order(city.grade(city.register())))
    city.until("2026-05-08 09:00")
    (item,) = city.items_of(hazard)
    assert (item.level, item.target, set(city.open_of(item))) == (0, CIRCULAR, {"draft"})
    item = city.issue(item)
    assert item.level == CIRCULAR
    assert set(city.open_of(item)) == {"receive_dept", "interview_notice", "circular"}


@pytest.mark.only_postgresql
def test_of_two_rungs_that_are_asked_for_at_once_neither_is_lost(city: Walk) -> None:
    """Each is asked for by a process of its own, which holds the late matter and not the item."""
    hazard = city.receive(city.order(city.grade(city.register())))
    city.until("2026-04-29 09:00")
    (item,) = city.items_of(hazard)
    higher = Thread(target=city.until, args=("2026-05-08 09:00",))
    with city.sessions() as session, write_transaction(session):
        found = queries.open_of_matter(session, f"hazard:{hazard.id}")
        assert found is not None and found.target == SLIP
        higher.start()
        higher.join(4)  # waits, or has long been through
        operations.ask(found, INTERVIEW)
    higher.join()
    assert city.anew(item).target == CIRCULAR


def test_an_extension_of_the_hazard_begins_the_ladder_anew_and_keeps_what_was(city: Walk) -> None:
    hazard = city.receive(city.order(city.grade(city.register())))
    city.until("2026-05-08 09:00")
    (item,) = city.items_of(hazard)
    item = city.receive_slip(city.issue(item, due_on="2026-09-30"))
    assert item.level == CIRCULAR
    city.engine.extend(city.task(hazard).id, at("2026-06-12 23:59"), "获批延期", by=city.actor("zhao"))
    city.until("2026-06-18 09:00")  # three work days after the new last day
    (item,) = city.items_of(hazard)
    assert (item.clock_round, item.level) == (1, SLIP)
    assert city.rungs(item) == [(0, SLIP), (0, INTERVIEW), (0, CIRCULAR), (1, SLIP)]
    city.until("2026-06-26 09:00")
    assert city.rungs(city.anew(item))[4:] == [(1, INTERVIEW), (1, CIRCULAR)]


def test_an_item_that_is_late_itself_climbs_by_its_own_clock(city: Walk) -> None:
    (item,) = city.decide("emergency", due_on="2026-04-17")
    city.receive_slip(item)
    city.until("2026-04-20 09:00")  # one work day late: it is a slip already
    assert city.anew(item).level == SLIP
    city.until("2026-04-22 09:00")
    assert city.anew(item).level == INTERVIEW
    city.until("2026-05-25 09:00")
    item = city.anew(item)
    assert city.rungs(item) == [(0, SLIP), (0, INTERVIEW), (0, CIRCULAR), (0, LEADER)]
    assert len(city.items()) == len({i.number for i in city.items()})
    assert [i.id for i in city.items() if i.matter_id == item.id] == []


def test_once_the_item_is_over_the_matter_may_be_taken_up_anew(city: Walk) -> None:
    hazard = city.receive(city.order(city.grade(city.register())))
    city.until("2026-04-29 09:00")
    (item,) = city.items_of(hazard)
    city.step(item, "draft", "wang", verdict="decline", decline_reason="已当面督促")
    city.until("2026-05-08 09:00")
    first, second = city.items_of(hazard)
    assert (first.status, second.status, second.target) == ("declined", "drafting", CIRCULAR)


def test_an_extension_that_was_granted_on_request_sets_the_ladder_back_at_once(city: Walk) -> None:
    hazard = city.receive(city.order(city.grade(city.register())))
    city.until("2026-05-08 09:00")
    (item,) = city.items_of(hazard)
    city.issue(item, due_on="2026-09-30")
    asked = {
        "kind": "extension",
        "new_due_on": "2026-06-05",
        "reason": "设备到货推迟",
        "progress": "已采购",
        "interim_measures": "专人值守",
        "explanation": "到货通知晚于期限",
    }
    started = city.engine.request_extension(city.task(hazard).id, asked, by=city.actor("zhou"))
    approve = open_task(city, started.instance_id, "dept_approve")
    answers = {"decision": "agree", "approved_due_on": "2026-06-05", "opinion": "同意"}
    city.engine.complete(approve.id, answers, by=city.actor("gao"))
    city.engine.deliver_all()
    item = city.anew(item)
    assert (item.level, item.target, item.clock_round) == (0, 0, 1)
    assert item.origin_due_at == city.again(hazard).due_at == at("2026-06-05 23:59:59")
    city.until("2026-06-10 09:00")  # three work days later: the first rung once more, and no second setting back
    assert city.rungs(city.anew(item)) == [(0, SLIP), (0, INTERVIEW), (0, CIRCULAR), (1, SLIP)]


def test_a_late_slips_feedback_climbs_nothing_anew(city: Walk) -> None:
    """The step begins again with the same last day: whom its ladder has asked already is not asked twice."""
    (item,) = city.decide("emergency", due_on="2026-04-13")
    city.receive_slip(item)
    city.until("2026-04-17 09:00")
    rungs, joined = city.rungs(item), len(city.started_by(item.instance_id))
    assert joined > 0
    city.feed_back(item, kind="progress")
    city.until("2026-04-17 12:00")
    assert len(city.started_by(item.instance_id)) == joined
    assert city.rungs(item) == rungs
    city.until("2026-04-24 09:00")  # the next rung is its own
    assert len(city.started_by(item.instance_id)) == joined + 1
