"""异议 and 无法整改: what is granted takes effect on the hazard, once, and leaves its trace."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa

from app.engine import HumanTask, Instance
from app.errors import Invalid
from app.hazards import Hazard
from tests.hazards.test_ask_for_more_time import answer, ask, ended_at, rectifying, request_of, step
from tests.hazards.walk import Walk, at

REVIEWED: dict[str, Any] = {"suggestion": "agree", "review_opinion": "属实"}
INFEASIBLE: dict[str, Any] = {"kind": "infeasible", "reason": "涉及相邻厂房", "interim_measures": "封闭现场"}


def raise_it(city: Walk, hazard: Hazard, **answers: Any) -> Any:
    started = city.engine.request_extension(city.task(hazard).id, answers, by=city.actor("zhou"))
    answer(city, started, "officer_review", "zhao", **REVIEWED)
    return started


def test_an_upheld_appeal_revokes_the_hazard_with_its_reason(city: Walk) -> None:
    hazard = rectifying(city)
    started = raise_it(city, hazard, kind="appeal", reason="该出口不是安全出口")
    answer(city, started, "dept_approve", "gao", decision="agree", opinion="经核对图纸，异议成立")
    assert city.again(hazard).is_open  # only once the decision is stored
    city.engine.deliver_all()
    revoked = city.again(hazard)
    assert revoked.status == "voided"
    assert "异议成立" in revoked.void_reason
    assert request_of(city, started).outcome == "revoked"
    assert ended_at(city, started) == "granted"
    with city.sessions() as session:
        assert session.get_one(Instance, hazard.instance_id).status == "cancelled"
        assert city.engine.verify(session, hazard.instance_id) is None
    city.engine.deliver_all()
    assert len(city.events(hazard, "hazards.voided")) == 1


def test_a_refused_appeal_changes_nothing(city: Walk) -> None:
    hazard = rectifying(city)
    started = raise_it(city, hazard, kind="appeal", reason="该出口不是安全出口")
    answer(city, started, "dept_approve", "gao", decision="refuse", opinion="是安全出口")
    city.engine.deliver_all()
    assert city.again(hazard).status == "rectifying"


def test_an_appeal_outlives_the_submission_but_not_the_close_out(city: Walk) -> None:
    hazard = rectifying(city)
    started = raise_it(city, hazard, kind="appeal", reason="该出口不是安全出口")
    hazard = city.rectify(hazard)
    city.engine.deliver_all()
    assert request_of(city, started).status == "open"
    city.close(city.review(hazard))
    city.engine.deliver_all()
    assert request_of(city, started).status == "ended"


def test_an_appeal_that_is_upheld_after_the_submission_still_counts(city: Walk) -> None:
    hazard = rectifying(city)
    started = raise_it(city, hazard, kind="appeal", reason="该出口不是安全出口")
    hazard = city.rectify(hazard)
    answer(city, started, "dept_approve", "gao", decision="agree", opinion="异议成立")
    city.engine.deliver_all()
    assert city.again(hazard).status == "voided"


def test_long_term_governance_is_the_committee_offices_and_takes_a_year_at_most(city: Walk) -> None:
    hazard = rectifying(city)
    started = raise_it(city, hazard, **INFEASIBLE)
    given = {"decision": "agree", "outcome": "long_term", "opinion": "列入年度改造"}
    with pytest.raises(Invalid) as refused:
        answer(city, started, "office_approve", "wang", **given, approved_due_on="2027-04-10")
    assert "approved_due_on" in refused.value.errors
    answer(city, started, "office_approve", "wang", **given, approved_due_on="2027-03-31")
    assert city.again(hazard).due_at == at("2027-03-31 23:59:59")
    assert request_of(city, started).outcome == "long_term"


def test_a_shut_down_stops_the_clock_until_an_officer_lets_it_go_on(city: Walk) -> None:
    hazard = rectifying(city)
    started = raise_it(city, hazard, **INFEASIBLE)
    answer(city, started, "office_approve", "wang", decision="agree", outcome="shutdown", opinion="停用该车间")
    stopped = city.again(hazard)
    assert stopped.paused_at == city.task(hazard).paused_at == at("2026-04-09 14:20")
    assert "停用该车间" in stopped.pause_reason
    city.until("2026-05-11 10:00")
    assert city.events(hazard, "task.overdue") == []
    assert not city.again(hazard).overdue(city.clock.now())
    city.engine.resume_clock(city.task(hazard).id, "复工", by=city.actor("zhao"))
    going = city.again(hazard)
    assert going.paused_at is None
    assert going.due_at == city.task(hazard).due_at
    assert going.due_at is not None
    assert going.due_at > at("2026-05-25 00:00")


def test_a_clock_that_has_run_out_is_not_stopped(city: Walk) -> None:
    hazard = rectifying(city)
    city.until("2026-04-27 10:00")
    started = raise_it(city, hazard, **INFEASIBLE)
    with pytest.raises(Invalid) as refused:
        answer(city, started, "office_approve", "wang", decision="agree", outcome="shutdown", opinion="停用")
    assert "outcome" in refused.value.errors
    assert step(city, started).node_id == "office_approve"


def test_handing_it_over_gives_the_office_one_referral(city: Walk) -> None:
    hazard = rectifying(city)
    started = raise_it(city, hazard, **INFEASIBLE)
    answer(city, started, "office_approve", "wang", decision="agree", outcome="transfer", opinion="移送住建")
    city.engine.deliver_all()
    city.engine.deliver_all()
    with city.sessions() as session:
        select = sa.select(HumanTask).where(HumanTask.definition_key == "referral", HumanTask.subject_id == hazard.id)
        assert [task.node_id for task in session.scalars(select)] == ["dispose"]


def test_an_officers_own_extension_is_on_the_record_too(city: Walk) -> None:
    hazard = rectifying(city)
    city.engine.extend(city.task(hazard).id, at("2026-05-06 23:59:59"), "台风停工", by=city.actor("gao"))
    assert city.again(hazard).due_at == at("2026-05-06 23:59:59")
    assert city.again(hazard).original_due_at == at("2026-04-24 23:59:59")
    assert ask(city, hazard).tasks
