"""A hazard's whole life in virtual time: two rounds, a reminder, overdue, every rung at its own instant."""

from __future__ import annotations

import pytest

from app.errors import NotFound
from app.hazards import queries
from tests.cast import member
from tests.hazards.walk import Walk, at


def test_two_rounds_with_reminder_overdue_and_ladder_end_in_a_close_out(city: Walk) -> None:
    hazard = city.register("sun", found_at="2026-04-09T10:12+08:00", photos_before=[city.photo("sun")])
    assert (hazard.number, hazard.status, hazard.grade) == ("YH-2026-0001", "registered", None)
    assert city.task(hazard).due_at == at("2026-04-10 17:30")  # 1 work day, to the end of office hours

    hazard = city.order(city.grade(hazard))
    assert hazard.status == "ordered"
    assert hazard.due_at == hazard.original_due_at == at("2026-04-24 23:59:59")
    task = city.task(hazard)
    assert (task.node_id, task.role, task.due_at) == ("receive", "enterprise_staff", at("2026-04-10 14:20"))

    hazard = city.receive(hazard)
    assert hazard.status == "rectifying"
    # D−3 work days before Friday 24 April, at 08:30; the first of May and its days off lie behind the due day.
    city.until("2026-04-21 09:00")
    assert [(e, t) for e, t, _d in city.events(hazard, "task.reminded")] == [("task.reminded", at("2026-04-21 08:30"))]
    city.until("2026-04-25 08:00")
    assert [t for _e, t, _d in city.events(hazard, "task.overdue")] == [at("2026-04-24 23:59:59")]
    assert city.again(hazard).overdue(city.clock.now())

    hazard = city.rectify(hazard)
    hazard = city.failed(hazard, new_due_on="2026-04-29")
    assert (hazard.status, hazard.round, hazard.requirements) == ("rectifying", 2, ["拆除门锁"])
    assert hazard.due_at == at("2026-04-29 23:59:59")
    assert hazard.original_due_at == at("2026-04-24 23:59:59")
    assert city.referrals(hazard) == []

    # The second round runs out on Wednesday 29 April. 1–5 May are days off, 9 May is worked instead.
    city.until("2026-05-21 10:00")
    rungs = city.events(hazard, "task.escalated")
    assert [(d["level"], t) for _e, t, d in rungs] == [
        (1, at("2026-05-07 08:30")),
        (2, at("2026-05-12 08:30")),
    ]
    city.until("2026-05-22 09:00")
    assert [d["level"] for _e, _t, d in city.events(hazard, "task.escalated")] == [1, 2, 3]
    # Each starts supervision; the later ones raise the item that the first has opened, and end.
    assert [(r.started_at, r.definition_key, r.status) for r in city.referrals(hazard)] == [
        (at("2026-05-07 08:30"), "supervision", "running"),
        (at("2026-05-12 08:30"), "supervision", "ended"),
        (at("2026-05-22 08:30"), "supervision", "ended"),
    ]

    hazard = city.rectify(hazard)
    assert hazard.status == "reviewing"
    hazard = city.review(hazard)
    assert hazard.status == "verified"
    hazard = city.close(hazard)
    assert (hazard.status, hazard.closed_at) == ("closed", city.clock.now())
    first, second = city.rounds(hazard)
    assert (first.result, first.late, second.result, second.late) == ("failed", True, "passed", True)
    with city.sessions() as session:
        assert city.engine.verify(session, hazard.instance_id) is None
        assert not queries.on_time(session, hazard)


def test_nobody_outside_sees_it_anywhere(city: Walk) -> None:
    hazard = city.register("sun")
    with city.sessions() as session:
        for outsider in ("he", "chen", "deng", "root", "qin"):
            user = _user(session, outsider)
            with pytest.raises(NotFound):
                queries.get(session, hazard.id, user)
            assert hazard.id not in {h.id for h in session.scalars(queries.hazards(user, {}, city.clock.now()))}
        seen = queries.light_counts(session, _user(session, "zhao"), {}, city.clock.now())[""]
        assert seen > 0
        for outsider in ("he", "chen", "deng", "root", "qin"):
            assert queries.light_counts(session, _user(session, outsider), {}, city.clock.now())[""] == 0


def _user(session: object, key: str) -> object:
    from app.accounts import User

    return session.get(User, member(key).id)  # type: ignore[attr-defined]
