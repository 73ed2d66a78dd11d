"""Statutory and configured terms of listed and supervised matters: at the right instant over holidays (1–5 May,
1–7 October 2026) and adjusted Saturdays (9 May, 10 October), with extension and pause."""

from __future__ import annotations

import datetime as dt

import pytest

from app.calendars import OfficeCalendar
from app.errors import Conflict, Forbidden, Invalid
from app.supervision.ladder import INTERVIEW, SLIP
from app.supervision.models import SupervisionItem
from tests.cast import org_id
from tests.hazards.listing_walk import listed
from tests.hazards.walk import at
from tests.supervision.walk import SupervisionRequest, Walk, open_task

BEFORE_MAY, BEFORE_OCTOBER, ADJUSTED = "2026-04-29 15:00", "2026-09-29 10:00", "2026-05-09 09:00"
TERMS = [
    # rule, from Wednesday before the May holiday, from Tuesday before October's, from an adjusted Saturday
    ("supervision_receipt_24h", "2026-04-30 15:00:00", "2026-09-30 10:00:00", "2026-05-10 09:00:00"),
    ("supervision_extension_reply_3d", "2026-05-07 23:59:59", "2026-10-09 23:59:59", "2026-05-13 23:59:59"),
    ("interview_7d", "2026-05-06 23:59:59", "2026-10-06 23:59:59", "2026-05-16 23:59:59"),
    ("interview_feedback_5d", "2026-05-09 23:59:59", "2026-10-12 23:59:59", "2026-05-15 23:59:59"),
    ("office_1d", "2026-04-30 17:30:00", "2026-09-30 17:30:00", "2026-05-11 17:30:00"),
    ("office_3d", "2026-05-07 17:30:00", "2026-10-09 17:30:00", "2026-05-13 17:30:00"),
    ("listing_plan_10d", "2026-05-15 23:59:59", "2026-10-19 23:59:59", "2026-05-22 23:59:59"),
    ("listing_filing_3d", "2026-05-07 23:59:59", "2026-10-09 23:59:59", "2026-05-13 23:59:59"),
    ("listing_publication_5d", "2026-05-09 23:59:59", "2026-10-12 23:59:59", "2026-05-15 23:59:59"),
    ("acceptance_10d", "2026-05-09 23:59:59", "2026-10-09 23:59:59", "2026-05-19 23:59:59"),
    ("listing_extension_reply_10d", "2026-05-15 23:59:59", "2026-10-19 23:59:59", "2026-05-22 23:59:59"),
    ("listing_longest_1y", "2027-04-29 23:59:59", "2027-09-29 23:59:59", "2027-05-09 23:59:59"),
]


@pytest.mark.parametrize(("rule", "may", "october", "saturday"), TERMS)
def test_a_term_ends_at_its_instant(city: Walk, rule: str, may: str, october: str, saturday: str) -> None:
    with city.sessions() as session:
        due = [
            OfficeCalendar().due(session, rule, at(start), str).at for start in (BEFORE_MAY, BEFORE_OCTOBER, ADJUSTED)
        ]
    assert due == [at(may), at(october), at(saturday)]


def test_the_steps_of_a_slip_have_these_terms(city: Walk) -> None:
    city.clock.set(at(BEFORE_MAY))
    (item,) = city.decide("xingang", due_on="2026-05-29")
    assert city.open_of(item)["receive_town"].due_at == at("2026-04-30 15:00")
    item = city.receive_slip(item, "xingang")
    assert city.open_of(item)["handle_town"].due_at == item.due_at == at("2026-05-29 23:59:59")
    item = city.feed_back(item, "xingang")
    assert city.open_of(item)["review"].due_at == at("2026-05-07 17:30")


def test_the_acts_of_a_listing_have_these_terms(city: Walk) -> None:
    city.clock.set(at(BEFORE_MAY))
    listing = listed(city)
    listing.verify()
    assert listing.tasks["plan"].due_at == at("2026-05-15 23:59:59")
    listing.plan()
    row = listing.approve("2026-12-31")
    assert (row.file_by, row.publicise_by) == (at("2026-05-07 23:59:59"), at("2026-05-09 23:59:59"))
    assert {node: task.due_at for node, task in listing.tasks.items()} == {
        "file": row.file_by,
        "publicise": row.publicise_by,
    }
    hazard = city.order(city.again(listing.hazard), due_on="2026-12-31")
    city.review(city.rectify(city.receive(hazard)))
    city.engine.deliver_all()
    assert listing.tasks["accept"].due_at == listing.row.accept_by == at("2026-05-09 23:59:59")
    listing.accept()
    row = listing.delist()
    assert listing.tasks["publicise_delisting"].due_at == row.delist_publicise_by == at("2026-05-09 23:59:59")


def _ask(city: Walk, item: SupervisionItem, key: str = "zhao", new_due_on: str = "2026-05-15") -> str:
    task = city.open_of(item)["handle_dept"]
    data = {"new_due_on": new_due_on, "reason": "设备到货推迟", "progress": "已采购"}
    started = city.engine.request_extension(task.id, data, by=city.actor(key))
    return str(started.instance_id)


def _decide(city: Walk, instance_id: str, key: str, **answers: str) -> None:
    node = "leader_approve" if key == "lin" else "office_approve"
    city.engine.complete(open_task(city, instance_id, node).id, answers, by=city.actor(key))
    city.engine.deliver_all()


def test_an_extension_moves_the_last_day_and_begins_the_ladder_anew(city: Walk) -> None:
    (item,) = city.decide("emergency", due_on="2026-04-17")
    city.receive_slip(item)
    asked = _ask(city, item)
    with pytest.raises(Conflict):
        _ask(city, item)  # one is being decided
    with pytest.raises(Forbidden):
        _decide(city, asked, "zhao", decision="agree", approved_due_on="2026-05-15", opinion="同意")
    with pytest.raises(Invalid):
        _decide(city, asked, "wang", decision="agree", approved_due_on="2026-04-17", opinion="同意")
    _decide(city, asked, "wang", decision="agree", approved_due_on="2026-05-15", opinion="同意")
    item = city.anew(item)
    assert (item.due_at, item.original_due_at, item.extensions) == (
        at("2026-05-15 23:59:59"),
        at("2026-04-17 23:59:59"),
        1,
    )
    assert (item.level, item.clock_round, city.rungs(item)) == (0, 1, [(0, SLIP)])
    city.until("2026-05-15 09:00")
    assert city.anew(item).level == 0
    city.until("2026-05-18 09:00")  # one work day after the new last day
    assert city.rungs(city.anew(item)) == [(0, SLIP), (1, SLIP)]
    city.until("2026-05-20 09:00")
    assert city.rungs(city.anew(item)) == [(0, SLIP), (1, SLIP), (1, INTERVIEW)]


def test_no_answer_is_no_consent_and_the_second_time_a_leader_decides(city: Walk) -> None:
    (item,) = city.decide("emergency", due_on="2026-05-29")
    city.receive_slip(item)
    asked = _ask(city, item, new_due_on="2026-06-10")
    city.until("2026-04-15 08:00")  # three work days: until the 14th
    assert city.anew(item).due_at == at("2026-05-29 23:59:59")
    _decide(city, asked, "lin", decision="agree", approved_due_on="2026-06-10", opinion="同意")
    assert city.anew(item).due_at == at("2026-06-10 23:59:59")
    second = _ask(city, item, new_due_on="2026-06-30")
    _decide(city, second, "lin", decision="refuse", opinion="按期办结")
    requests = city.of(SupervisionRequest, item)
    assert [(r.level, r.status) for r in requests] == [("leader", "granted"), ("leader", "refused")]
    assert city.anew(item).due_at == at("2026-06-10 23:59:59")


def test_what_is_late_cannot_ask_any_more(city: Walk) -> None:
    (item,) = city.decide("emergency", due_on="2026-04-10")
    city.receive_slip(item)
    city.until("2026-04-13 09:00")
    with pytest.raises(Invalid, match="期限已过"):
        _ask(city, item)


def test_a_final_feedback_ends_a_request_that_is_open(city: Walk) -> None:
    (item,) = city.decide("emergency")
    city.receive_slip(item)
    _ask(city, item)
    city.feed_back(item)
    assert [r.status for r in city.of(SupervisionRequest, item)] == ["ended"]


def test_a_pause_stops_everything_and_what_was_left_runs_on(city: Walk) -> None:
    (item,) = city.decide("emergency", due_on="2026-04-17")
    city.receive_slip(item)
    task = city.open_of(item)["handle_dept"]
    city.clock.set(at("2026-04-13 10:00"))
    with pytest.raises(Forbidden):
        city.engine.pause_clock(task.id, "等待上级批复", by=city.actor("zhao"))
    city.engine.pause_clock(task.id, "等待上级批复", by=city.actor("wang"))
    assert city.anew(item).pause_reason == "等待上级批复"
    city.until("2026-04-27 10:00")
    item = city.anew(item)
    assert (item.level, item.overdue(at("2026-04-27 10:00"))) == (SLIP, False)
    city.engine.resume_clock(task.id, by=city.actor("wang"))
    item = city.anew(item)
    assert item.paused_at is None
    assert item.due_at == at("2026-04-17 23:59:59") + dt.timedelta(14)
    assert city.open_of(item)["handle_dept"].due_at == item.due_at
    city.until("2026-05-06 09:00")  # one work day after 1 May, over the holiday
    assert city.anew(item).level == SLIP
    city.until("2026-05-09 09:00")  # three: 6, 7, 8 May
    assert city.anew(item).level == INTERVIEW


def test_an_interview_is_held_within_a_week_and_answered_within_five_work_days(city: Walk) -> None:
    city.clock.set(at("2026-04-24 09:00"))
    data = {"title": "夜间施工", "content": "停止夜间施工", "asked": INTERVIEW, "source": "patrol"}
    started = city.engine.start("supervision", data, by=city.actor("wang"), as_form=False)
    item = next(i for i in city.items() if i.instance_id == started.instance_id)
    item = city.issue(item, "xinyuan")
    interview = city.interview(item)
    assert interview.hold_by == at("2026-05-01 23:59:59")
    told = {
        "interview_reason": "多次提醒未改",
        "talk_place": "市安委办",
        "talk_chair": "王建国",
        "talk_persons": "陈总",
    }
    with pytest.raises(Invalid, match="一周内"):
        city.step(item, "interview_notice", "wang", talk_at="2026-05-02T09:00", **told)
    city.step(item, "interview_notice", "wang", talk_at="2026-04-29T09:00", **told)
    city.clock.set(at("2026-04-29 11:00"))
    said = {"attendees": "陈总", "minutes": "要求停工", "talk_requirements": "立即停工"}
    city.step(item, "interview_talk", "wang", held_at="2026-04-29T09:00", **said)
    assert city.interview(item).feedback_due_at == at("2026-05-09 23:59:59")
    item = city.feed_back(city.receive_slip(item, "xinyuan"), "xinyuan")
    with pytest.raises(Invalid, match="约谈还没有收到书面反馈"):
        city.end(item)
    city.step(item, "answer_ent", "wu", answer="已停工整改")
    item = city.end(city.anew(item))
    assert (item.status, item.ended_by_name) == ("ended", "王建国")
    assert org_id("xinyuan") == item.addressee_org_id
