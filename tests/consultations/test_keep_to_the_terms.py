"""The terms of a consultation at the right work-day instants, over holidays, with a pause and an extension."""

from __future__ import annotations

import datetime as dt

import pytest

from app.clock import local
from app.engine import HumanTask
from tests.consultations.walk import OPINION, Walk, at, decided

# Visit → last moment for the record, last moment for opinions, when the expert is replaced. 2026: 1 to 5 May and
# 25 to 27 September are holidays with Saturday 9 May and Sunday 20 September worked; 1 to 7 October is a holiday
# with Saturday 10 October worked; 19 June is a holiday.
VISITS = [
    ("2026-04-15 09:00", "2026-04-16", "2026-04-20", "2026-04-22 08:30"),  # over an ordinary weekend
    ("2026-04-17 16:00", "2026-04-20", "2026-04-22", "2026-04-24 08:30"),  # on a Friday
    ("2026-04-18 10:00", "2026-04-20", "2026-04-22", "2026-04-24 08:30"),  # on a Saturday
    ("2026-04-30 09:00", "2026-05-06", "2026-05-08", "2026-05-11 08:30"),  # before the May holiday
    ("2026-05-08 09:00", "2026-05-09", "2026-05-12", "2026-05-14 08:30"),  # before a worked Saturday
    ("2026-06-17 09:00", "2026-06-18", "2026-06-23", "2026-06-25 08:30"),  # over the Dragon Boat day, a Friday
    ("2026-09-30 09:00", "2026-10-08", "2026-10-10", "2026-10-13 08:30"),  # over the October holiday
    ("2026-12-30 09:00", "2026-12-31", "2027-01-04", "2027-01-06 08:30"),  # into a year that is only estimated
]


def _end(day: str) -> dt.datetime:
    return at(f"{day} 23:59:59")


@pytest.mark.parametrize(("visited", "record", "opinions", "replaced"), VISITS)
def test_record_and_opinions_are_due_by_work_days(
    city: Walk, visited: str, record: str, opinions: str, replaced: str
) -> None:
    city.clock.set(at(visited) - dt.timedelta(days=1))
    consultation = city.start("kiln", planned_on=visited[:10])  # has no account: nothing is to be acknowledged
    city.choose(consultation, "shi")
    visit = city.visit(consultation)
    city.announce(visit, visited.replace(" ", "T"))
    assert local(city.task(city.again(visit).instance_id, "diagnose").due_at or city.clock.now()) == _end(record)
    city.until((at(visited) + dt.timedelta(hours=1)).strftime("%Y-%m-%d %H:%M"))
    city.diagnose(visit, visited.replace(" ", "T"))
    asked = city.engagement(visit, "shi")
    assert local(asked.due_at or city.clock.now()) == _end(opinions)
    assert local(city.task(asked.instance_id, "hand_in_link").due_at or city.clock.now()) == _end(opinions)
    city.until((at(replaced) - dt.timedelta(minutes=1)).strftime("%Y-%m-%d %H:%M"))
    assert city.task(asked.instance_id, "hand_in_link").status == "open"
    city.until(replaced)
    assert city.task(asked.instance_id, "replace").status == "open"


def _follow_up(city: Walk) -> HumanTask:
    _consultation, visit = city.diagnosed("qin")
    city.hand_in(city.engagement(visit, "qin"), OPINION)
    city.convert(visit, decided(city.opinions(visit)[0]))
    return city.task(visit.instance_id, "follow_up")


def test_the_follow_up_is_due_within_thirty_days_and_the_ladder_starts_supervision(city: Walk) -> None:
    task = _follow_up(city)
    assert local(task.due_at or city.clock.now()) == _end("2026-05-15")
    city.until("2026-05-20 08:29")
    assert not city.children(task.instance_id, "supervision")
    city.until("2026-05-20 08:30")  # three work days after Friday the 15th
    assert len(city.children(task.instance_id, "supervision")) == 1
    city.until("2026-05-26 08:30")  # seven
    assert len(city.children(task.instance_id, "supervision")) == 2


def test_a_pause_keeps_what_is_left_and_an_extension_begins_the_ladder_anew(city: Walk) -> None:
    task = _follow_up(city)
    city.until("2026-04-25 12:00")
    city.engine.pause_clock(task.id, "企业停产检修", by=city.actor("gao"), operator=True)
    city.until("2026-05-05 12:00")
    city.engine.resume_clock(task.id, by=city.actor("gao"), operator=True)
    resumed = city.task(task.instance_id, "follow_up")
    assert local(resumed.due_at or city.clock.now()) == _end("2026-05-25")  # ten days later
    city.engine.extend(task.id, _end("2026-06-05"), "设备到货推迟", by=city.actor("gao"), operator=True)
    city.until("2026-06-05 23:59")
    assert not city.children(task.instance_id, "supervision")
    city.until("2026-06-10 08:30")
    assert len(city.children(task.instance_id, "supervision")) == 1
