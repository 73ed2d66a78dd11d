"""申请延期: asked by the rectifying side, reviewed, decided; the clock and the record follow, and silence grants nothing."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
import sqlalchemy as sa

from app.clock import local
from app.db import write_transaction
from app.engine import HumanTask, Instance, Started, Timer
from app.errors import Conflict, Forbidden, Invalid
from app.hazards import Hazard, HazardRequest, requests
from app.subjects import Subject
from tests.cast import CITY
from tests.hazards.walk import Walk, at, subject_id

ASKED: dict[str, Any] = {
    "kind": "extension",
    "new_due_on": "2026-05-15",
    "reason": "锁具到货推迟",
    "progress": "通道已清空",
    "interim_measures": "出口专人值守",
}


def rectifying(city: Walk, **order: Any) -> Hazard:
    """Ordered on 9 April, due on the 24th."""
    return city.receive(city.order(city.grade(city.register()), **order))


def ask(city: Walk, hazard: Hazard, key: str = "zhou", **answers: Any) -> Started:
    return city.engine.request_extension(city.task(hazard).id, ASKED | answers, by=city.actor(key))


def request_of(city: Walk, started: Started) -> HazardRequest:
    with city.sessions() as session:
        return session.scalars(sa.select(HazardRequest).where(HazardRequest.instance_id == started.instance_id)).one()


def step(city: Walk, started: Started) -> HumanTask:
    with city.sessions() as session:
        select = sa.select(HumanTask).where(HumanTask.instance_id == started.instance_id, HumanTask.status == "open")
        return session.scalars(select).one()


def answer(city: Walk, started: Started, node: str, key: str, **answers: Any) -> None:
    task = step(city, started)
    assert task.node_id == node
    city.engine.complete(task.id, answers, by=city.actor(key))


def review(city: Walk, started: Started, key: str = "zhao", node: str = "officer_review") -> None:
    answers = {"suggestion": "agree", "suggested_due_on": "2026-05-15", "review_opinion": "属实"}
    answer(city, started, node, key, **answers)


def grant(city: Walk, started: Started, node: str = "dept_approve", key: str = "gao", day: str = "2026-05-10") -> None:
    answer(city, started, node, key, decision="agree", approved_due_on=day, opinion="同意")


def refuse(city: Walk, started: Started, node: str = "dept_approve", key: str = "gao") -> None:
    answer(city, started, node, key, decision="refuse", opinion="理由不足")


def ended_at(city: Walk, started: Started) -> str | None:
    with city.sessions() as session:
        return session.get_one(Instance, started.instance_id).end_node


def test_a_granted_extension_moves_the_clock_and_keeps_the_first_last_day(city: Walk) -> None:
    hazard = rectifying(city)
    started = ask(city, hazard)
    review(city, started)
    grant(city, started)
    hazard, task = city.again(hazard), city.task(hazard)
    assert hazard.due_at == task.due_at == at("2026-05-10 23:59:59")
    assert hazard.original_due_at == task.original_due_at == at("2026-04-24 23:59:59")
    assert (hazard.extensions, task.extensions) == (1, 1)
    assert city.rounds(hazard)[0].due_at == hazard.due_at
    request = request_of(city, started)
    assert (request.status, request.outcome, request.decided_by_name) == ("granted", "extended", "高原")
    assert request.granted_due_at == hazard.due_at
    assert [event for event, _at, _data in city.events(hazard, "task.extended")] == ["task.extended"]
    assert ended_at(city, started) == "granted"


def test_the_old_due_instant_never_fires_after_an_extension(city: Walk) -> None:
    hazard = rectifying(city)
    started = ask(city, hazard)
    review(city, started)
    grant(city, started)
    city.until("2026-05-10 12:00")
    assert city.events(hazard, "task.overdue", "task.escalated") == []
    assert not city.again(hazard).overdue(city.clock.now())
    city.until("2026-05-18 09:00")
    assert [moment for _event, moment, _data in city.events(hazard, "task.overdue")] == [at("2026-05-10 23:59:59")]


def test_what_was_done_after_the_first_last_day_was_not_on_time_all_the_same(city: Walk) -> None:
    hazard = rectifying(city)
    started = ask(city, hazard)
    review(city, started)
    grant(city, started)
    city.until("2026-04-28 10:00")
    hazard = city.close(city.review(city.rectify(hazard)))
    with city.sessions() as session:
        assert city.engine.data(session, hazard.instance_id)["on_time"] is False


def test_a_refusal_leaves_the_last_day_as_it_was(city: Walk) -> None:
    hazard = rectifying(city)
    started = ask(city, hazard)
    review(city, started)
    refuse(city, started)
    again = city.again(hazard)
    assert (again.due_at, again.extensions) == (hazard.due_at, 0)
    assert request_of(city, started).status == "refused"
    city.until("2026-04-25 09:00")
    assert len(city.events(hazard, "task.overdue")) == 1


def test_what_is_granted_lies_after_a_last_day_that_moved_since_it_was_asked(city: Walk) -> None:
    """A clock that stood for three days ends on the 27th; a grant up to that day would move nothing."""
    hazard = rectifying(city)
    started = ask(city, hazard)
    city.engine.pause_clock(city.task(hazard).id, "等待检测结论", by=city.actor("gao"))
    city.until("2026-04-12 10:00")
    city.engine.resume_clock(city.task(hazard).id, "", by=city.actor("gao"))
    moved = local(city.again(hazard).due_at).date()
    assert moved > local(hazard.due_at).date()
    review(city, started)
    with pytest.raises(Invalid) as refused:
        grant(city, started, day=moved.isoformat())
    assert "approved_due_on" in refused.value.errors
    assert step(city, started).node_id == "dept_approve"
    grant(city, started, day=(moved + dt.timedelta(days=1)).isoformat())
    assert ended_at(city, started) == "granted"


def test_silence_is_no_consent_the_superiors_are_asked(city: Walk) -> None:
    hazard = rectifying(city)
    started = ask(city, hazard)
    city.until("2026-04-14 09:00")  # nobody reviewed in 2 work days: it goes on without
    assert step(city, started).node_id == "dept_approve"
    city.until("2026-04-15 09:00")  # 5 days are over
    assert (step(city, started).node_id, step(city, started).role) == ("office_approve", "coordinator")
    city.until("2026-04-21 09:00")
    assert (step(city, started).node_id, step(city, started).role) == ("leader_approve", "leader")
    assert city.again(hazard).extensions == 0
    request = request_of(city, started)
    assert (request.status, request.level, request.escalations) == ("open", "leader", 2)
    grant(city, started, "leader_approve", "lin")
    assert city.again(hazard).extensions == 1


def test_the_second_extension_is_for_the_committee_office(city: Walk) -> None:
    hazard = rectifying(city)
    first = ask(city, hazard)
    review(city, first)
    grant(city, first)
    second = ask(city, hazard, new_due_on="2026-05-30")
    review(city, second)
    assert step(city, second).node_id == "office_approve"
    grant(city, second, "office_approve", "wang", "2026-05-20")
    assert city.again(hazard).extensions == 2
    assert city.again(hazard).original_due_at == at("2026-04-24 23:59:59")


def test_a_major_hazard_is_asked_about_20_work_days_before(city: Walk) -> None:
    major = city.grade(city.register(), grade="major")
    hazard = city.receive(city.order(major, due_on="2026-04-30"))
    too_late = ask(city, hazard, new_due_on="2026-06-30")
    assert ended_at(city, too_late) == "refused"
    assert "情况说明" in request_of(city, too_late).opinion
    explained = ask(city, hazard, new_due_on="2026-06-30", explanation="设备 4 月 8 日才确认无法到货")
    assert step(city, explained).node_id == "office_approve"
    assert request_of(city, explained).late
    grant(city, explained, "office_approve", "wang", "2026-06-15")
    assert city.again(hazard).due_at == at("2026-06-15 23:59:59")


def test_after_the_last_day_only_an_explanation_is_looked_at(city: Walk) -> None:
    hazard = rectifying(city)
    city.until("2026-04-27 10:00")
    started = ask(city, hazard, explanation="供货商失约")
    assert step(city, started).node_id == "dept_approve"
    grant(city, started)
    assert not city.again(hazard).overdue(city.clock.now())


def test_another_day_may_be_granted_but_only_a_later_one_within_bounds(city: Walk) -> None:
    hazard = rectifying(city)
    started = ask(city, hazard)
    review(city, started)
    for day in ("2026-04-24", "2026-05-30"):  # not later; more than 30 days after the present one
        with pytest.raises(Invalid) as refused:
            grant(city, started, day=day)
        assert "approved_due_on" in refused.value.errors
    grant(city, started, day="2026-05-24")


def test_a_request_says_a_later_day_and_how_it_is_kept_safe(city: Walk) -> None:
    hazard = rectifying(city)
    for wrong, field in (
        ({"new_due_on": "2026-04-24"}, "new_due_on"),
        ({"interim_measures": ""}, "interim_measures"),
        ({"reason": ""}, "reason"),
    ):
        with pytest.raises(Invalid) as refused:
            ask(city, hazard, **wrong)
        assert field in refused.value.errors


def test_who_asks_does_not_decide(city: Walk) -> None:
    # 何军 of the town reports on behalf of an enterprise without an account, and may not review that himself.
    hazard = city.order(city.grade(city.register(subject="kiln")))
    hazard = city.do(
        hazard,
        "proxy_receive",
        "he",
        receipt_result="signed",
        received_by="李四",
        receipt_photos=[city.photo("he")],
    )
    started = ask(city, hazard, "he")
    assert step(city, started).node_id == "officer_review"
    review(city, started)
    with pytest.raises(Forbidden):
        grant(city, started, key="he")
    grant(city, started)


def test_nobody_else_asks_and_nobody_twice(city: Walk) -> None:
    hazard = rectifying(city)
    for key in ("chen", "sun", "deng", "zhao"):
        with pytest.raises(Forbidden):
            ask(city, hazard, key)
    ask(city, hazard)
    with pytest.raises(Conflict):
        ask(city, hazard)
    with pytest.raises(Conflict):
        ask(city, hazard, "wu")


def test_an_appeal_is_made_beside_a_request_for_time_but_not_twice(city: Walk) -> None:
    hazard = rectifying(city)
    time, appeal = ask(city, hazard), ask(city, hazard, kind="appeal", new_due_on=None)
    with city.sessions() as session:
        found = city.engine.open_requests(session, city.task(hazard).id)
        assert [one.id for one in found] == [time.instance_id, appeal.instance_id]
    with pytest.raises(Conflict):
        ask(city, hazard, kind="appeal", new_due_on=None)


def test_a_request_about_a_step_that_went_back_ends_and_the_next_one_need_not_wait(city: Walk) -> None:
    hazard = rectifying(city)
    first = ask(city, hazard)
    with city.sessions() as session, write_transaction(session):  # as after a withdrawal of what came before
        session.execute(
            sa.update(HumanTask).where(HumanTask.id == request_of(city, first).task_id).values(status="withdrawn")
        )
        requests.end_about_gone(
            session, session.get_one(Hazard, hazard.id), by=city.actor("zhao"), now=city.clock.now()
        )
    city.engine.deliver_all()
    request = request_of(city, first)
    assert (request.status, "自动终止" in request.opinion) == ("ended", True)


def test_a_step_without_the_word_cannot_be_extended(city: Walk) -> None:
    hazard = city.order(city.grade(city.register()))
    with pytest.raises(Forbidden):
        ask(city, hazard)


def test_a_request_ends_by_itself_when_the_rectification_is_submitted(city: Walk) -> None:
    hazard = rectifying(city)
    started = ask(city, hazard)
    hazard = city.rectify(hazard)
    city.engine.deliver_all()
    with city.sessions() as session:
        assert session.get_one(Instance, started.instance_id).status == "cancelled"
    request = request_of(city, started)
    assert (request.status, "自动终止" in request.opinion) == ("ended", True)
    assert city.again(hazard).extensions == 0


def test_a_decision_that_comes_too_late_changes_nothing_and_says_so(city: Walk) -> None:
    hazard = rectifying(city)
    started = ask(city, hazard)
    review(city, started)
    hazard = city.rectify(hazard)  # the outbox has not been delivered yet
    grant(city, started)
    assert ended_at(city, started) == "moot"
    assert request_of(city, started).status == "moot"
    assert (city.again(hazard).due_at, city.again(hazard).extensions) == (hazard.due_at, 0)


def test_a_request_ends_with_the_hazard(city: Walk) -> None:
    hazard = rectifying(city)
    started = ask(city, hazard)
    city.engine.cancel(hazard.instance_id, "重复登记", by=city.actor("wang"))
    assert request_of(city, started).status == "ended"
    with city.sessions() as session:
        waiting = session.scalars(
            sa.select(Timer).where(Timer.instance_id == started.instance_id, Timer.state == "waiting")
        ).all()
        assert list(waiting) == []


def test_the_head_of_department_does_not_grant_what_he_asked_for_himself(city: Walk) -> None:
    with city.sessions() as session, write_transaction(session):
        own = session.get_one(Subject, subject_id("kiln"))
        columns = {c.key: getattr(own, c.key) for c in Subject.__table__.columns}
        columns |= {"id": subject_id("depot"), "name": "市属油库", "name_key": "市属油库", "search_text": "市属油库"}
        session.add(Subject(**columns | {"region_code": CITY, "town_org_id": None}))
    hazard = city.order(city.grade(city.register(subject="depot")))
    given = {"receipt_result": "signed", "received_by": "李四", "receipt_photos": [city.photo("gao")]}
    hazard = city.do(hazard, "dept_receive", "gao", **given)
    started = ask(city, hazard, "gao")
    with pytest.raises(Invalid, match="申请人不能审查"):
        review(city, started, "gao")
    review(city, started)
    with pytest.raises(Invalid, match="申请人不能审查"):
        grant(city, started)
    city.until("2026-04-15 09:00")
    grant(city, started, "office_approve", "wang")
