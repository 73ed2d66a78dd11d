"""Inspections of the demo city: who went where in which mode, what was found, and what became of it."""

from __future__ import annotations

import datetime as dt
import hashlib
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from app.audit import Actor
from app.clock import local
from app.db import write_transaction
from app.demo import campaigning
from app.demo.hazards import Hazard
from app.demo.routine import Answers, Steps, said
from app.demo.stories import Story
from app.engine import HumanTask, Instance
from app.inspections import Checklist, InspectedSubject, Inspection, InspectionItem, answering, queries
from app.inspections.schemas import InspectionAnswerIn, InspectionSiteIn

if TYPE_CHECKING:
    from app.demo.play import Play

_SAMPLED = 10  # percent of inspections that find nothing are looked at again, by their number (inspections.sample)


@dataclass(frozen=True)
class Check:
    """One inspection. `ago`: days since it took place, negative ones lie ahead. `failed`: position → time to rectify.

    `stop`: `plan` has not been carried out, `arrive` is being carried out, otherwise it is over.
    """

    ago: int
    office: str
    sector: str
    checklist: str
    failed: tuple[tuple[int, str], ...] = ()
    mode: str = "routine"
    subjects: int = 1
    topic: str = ""
    purpose: str = ""
    campaign: bool = False
    stop: str = ""
    violation: str = ""
    everyday: bool = False  # nothing found is shown by the place, not by a photo


_SHOP, _CHEM, _SITE = ("INDUSTRY", "industry_workshop"), ("CHEM", "chemicals"), ("CONSTRUCTION", "construction")
_GAS, _FIRE, _MINE = ("GAS", "gas_restaurant"), ("FIRE", "fire_hot_work"), ("MINE", "mines")
CHECKS: tuple[Check, ...] = (
    Check(66, "emergency", *_SHOP, ((4, "15"),)),
    Check(63, "fire", *_FIRE, ((3, "7"), (7, "on_site"))),
    Check(59, "housing", *_SITE, ((2, "7"),), mode="joint", topic="起重机械和深基坑"),
    Check(55, "town01", *_SHOP, ((5, "7"),)),
    Check(52, "emergency", *_CHEM, ((6, "15"),), mode="unannounced", violation="动火作业未经审批，涉嫌违反安全生产法第四十三条。"),
    Check(47, "emergency", *_MINE),
    Check(38, "emergency", *_SHOP, ((1, "7"), (9, "15")), mode="special", topic="粉尘涉爆", campaign=True),
    Check(36, "fire", *_FIRE, mode="special", campaign=True),
    Check(34, "housing", *_GAS, ((2, "7"),), mode="special", topic="餐饮场所燃气", campaign=True),
    Check(33, "town12", *_SHOP, campaign=True),
    Check(31, "emergency", *_CHEM, ((3, "15"),), mode="special", campaign=True),
    Check(29, "housing", *_SITE, ((5, "on_site"),), mode="special", campaign=True),
    Check(27, "emergency", *_SHOP, ((2, "15"),), mode="random", subjects=3, topic="一季度双随机抽查", campaign=True),
    Check(26, "fire", *_FIRE, mode="unannounced", campaign=True),
    Check(24, "town04", *_SHOP),
    Check(22, "emergency", *_MINE, ((4, "15"),), mode="special", campaign=True),
    Check(20, "emergency", *_SHOP, mode="look_back", campaign=True),
    Check(19, "housing", *_SITE, ((8, "7"),), campaign=True),
    Check(17, "fire", *_FIRE, ((5, "7"),), mode="special", topic="动火作业", campaign=True),
    Check(15, "emergency", *_CHEM, mode="special", campaign=True),
    Check(13, "town08", *_SHOP, ((7, "7"),)),
    Check(12, "housing", *_GAS, ((4, "7"),), campaign=True),
    Check(9, "emergency", *_SHOP, ((3, "15"),), mode="unannounced", campaign=True),
    Check(8, "fire", *_FIRE, campaign=True),
    Check(6, "town01", *_SHOP),
    Check(5, "emergency", *_MINE, campaign=True),
    Check(4, "housing", *_SITE, ((1, "7"),), campaign=True),
    Check(2, "fire", *_FIRE, mode="guardian", topic="两会保障", purpose="two_sessions"),
    Check(1, "emergency", *_SHOP, mode="special", campaign=True, stop="arrive"),
    Check(-1, "emergency", *_CHEM, mode="unannounced", stop="plan"),
    Check(-2, "emergency", *_SHOP, mode="random", subjects=2, campaign=True, stop="plan"),
    Check(-3, "fire", *_FIRE, mode="joint", topic="商业综合体联合检查", purpose="two_sessions", stop="plan"),
)  # fmt: skip


EVERYDAY = 18  # inspections besides those above, unless more are asked for
_ROUNDS = (
    ("emergency", *_SHOP), ("fire", *_FIRE), ("housing", *_GAS), ("emergency", *_CHEM), ("town01", *_SHOP),
    ("housing", *_SITE), ("emergency", *_MINE), ("town12", *_SHOP), ("fire", *_FIRE), ("town05", *_SHOP),
)  # fmt: skip
_FIRST, _LAST = 66, 3  # days ago
_FOUND_IN = 8  # one everyday inspection in so many finds something
Batch = list[tuple[Check, int]]  # inspections of one day, each with its number


def begin(play: Play, everyday: int = EVERYDAY) -> None:
    for number, check in enumerate(CHECKS):
        planned = max(check.ago + 2, 1)
        play.on(planned, 15, partial(_plan, play, [(check, number)]), minute=number % 50)
    days = sorted({play.past_day(ago) for ago in range(_LAST, _FIRST)})
    checks = [(_everyday(number), len(CHECKS) + number) for number in range(everyday)]
    for place, day in enumerate(days):  # as many each day; a day's are planned, begun and recorded together
        first, end = place * everyday // len(days), (place + 1) * everyday // len(days)
        if batch := [(replace(check, ago=(play.today - day).days), n) for check, n in checks[first:end]]:
            play.later_on(play.past_day(batch[0][0].ago + 1), 14, partial(_plan, play, batch))


def _everyday(number: int) -> Check:
    office, sector, checklist = _ROUNDS[number % len(_ROUNDS)]
    failed = ((1 + number % 5, ("7", "15")[number % 2]),) if number % _FOUND_IN == 3 else ()
    return Check(0, office, sector, checklist, failed, campaign=number % 3 > 0, everyday=True)


def _team(play: Play, office: str) -> list[Actor]:
    """Two who go together; the first one leads."""
    people = play.population.people
    if office == "emergency":
        return [people["liuyang"], people["zhaomingyuan"]]
    mine = [actor for actor in people.values() if actor.org_id == play.population.orgs[office]]
    return mine[-2:]


def _plan(play: Play, batch: Batch) -> None:
    """The day's inspections of one batch are begun and recorded together."""
    begun: list[tuple[Check, str]] = []
    for check, number in batch:
        day, instance_id = _enter(play, check, number)
        if check.stop != "plan":
            begun.append((check, instance_id))
    if begun:
        play.later_on(day, 10, partial(_arrive, play, begun))


def _enter(play: Play, check: Check, number: int) -> tuple[dt.date, str]:
    team = _team(play, check.office)
    ahead = play.office_day(play.today - dt.timedelta(check.ago))
    day = max(play.past_day(check.ago) if check.ago > 0 else ahead, local(play.clock.now()).date())
    data: dict[str, Any] = {
        "mode": check.mode,
        "planned_on": day.isoformat(),
        "topic": check.topic,
        "purpose": check.purpose,
        "sector_code": check.sector,
        "checklist_id": _checklist(play, check.checklist),
        "request_key": f"demo-{number}",
    }
    if check.campaign:
        data |= campaigning.keys(play, check.sector)
    if check.mode == "random":
        data |= {"selection": "draw", "draw_sector": check.sector, "draw_count": check.subjects}
        data |= {"draw_recent_days": 10, "draw_inspectors": 2}
    else:
        data |= {"subject_ids": _subjects(play, check, number), "inspectors": [actor.id for actor in team]}
    return day, play.engine.start("inspection", data, by=team[0], as_form=False).instance_id


def _checklist(play: Play, code: str) -> str:
    with play.engine.sessions() as session:
        return session.scalars(sa.select(Checklist.id).where(Checklist.code == code)).one()


def _subjects(play: Play, check: Check, number: int) -> list[str]:
    """Enterprises of the sector (of the town, where a town inspects), in turn."""
    town = int(check.office[4:]) - 1 if check.office.startswith("town") else None
    those = [
        subject_id
        for subject_id, firm in play.population.subjects
        if (firm.town == town if town is not None else firm.sector == check.sector)
    ]
    return [those[(number + n) % len(those)] for n in range(min(check.subjects, len(those)))]


def _task(play: Play, instance_id: str, node: str) -> HumanTask | None:
    select = sa.select(HumanTask).where(
        HumanTask.instance_id == instance_id, HumanTask.node_id == node, HumanTask.status == "open"
    )
    with play.engine.sessions() as session:
        return session.scalar(select)


def _arrive(play: Play, begun: list[tuple[Check, str]]) -> None:
    for check, instance_id in begun:
        if (task := _task(play, instance_id, "arrive")) is not None:
            _begin(play, check, task)
    left = [(check, instance_id) for check, instance_id in begun if check.stop != "arrive"]
    if left:
        play.in_minutes(95, partial(_record, play, left))


def _begin(play: Play, check: Check, task: HumanTask) -> None:
    leader = play.candidates(task)[0]
    rows = [{"person": row["person"]} for row in task.data["team_rows"]]
    play.do(task, leader, {"arrived_at": local(play.clock.now()).isoformat(), "inspectors": rows})
    if check.stop == "arrive":
        _answer(play, check, task.instance_id, leader, until=7)


def _record(play: Play, begun: list[tuple[Check, str]]) -> None:
    for check, instance_id in begun:
        if (task := _task(play, instance_id, "check")) is not None:
            _hand_in(play, check, task)


def _hand_in(play: Play, check: Check, task: HumanTask) -> None:
    leader, instance_id = play.candidates(task)[0], task.instance_id
    found = _answer(play, check, instance_id, leader)
    answers: Answers = {
        "conclusion": f"检查发现 {found} 项问题，已现场告知并提出整改要求。" if found else "未发现不符合项，企业应保持现有管理措施。",
        "violation_found": "yes" if check.violation else "no",
    }  # fmt: skip
    play.do(task, leader, answers | ({"violation": check.violation} if check.violation else {}))
    if found:
        play.in_minutes(60, partial(follow, play, instance_id))


def _answer(play: Play, check: Check, instance_id: str, leader: Actor, *, until: int = 999) -> int:
    """Go through the list as on the phone: item by item, photos of what fails, and a signature. How many failed."""
    with play.engine.sessions() as session:
        inspection = session.scalars(sa.select(Inspection).where(Inspection.instance_id == instance_id)).one()
        subjects = queries.subjects_of(session, inspection)
        items = queries.items_of(session, [one.id for one in subjects])
    failed = {} if _will_be_sampled(inspection.number) else dict(check.failed)
    found = 0
    for place, subject in enumerate(subjects):
        mine = failed if place == 0 else {}
        answers = [_said(play, item, leader, mine.get(item.position)) for item in items[subject.id][:until]]
        evidence = [] if check.everyday else [play.photo(leader, after=not mine)]
        with play.engine.sessions() as session, write_transaction(session):
            row = session.get_one(InspectedSubject, subject.id)
            answering.save(session, row, answers, by=leader, now=play.clock.now())
            if until > len(items[subject.id]):
                answering.save_site(session, row, _site(place, evidence), by=leader, now=play.clock.now())
        found += sum(answer["result"] == "noncompliant" for answer in answers)
    return found


def _will_be_sampled(number: str) -> bool:
    """Whoever drew this number finds nothing, so that the city has inspections that are looked at again."""
    return int(hashlib.sha256(number.encode()).hexdigest()[:8], 16) % 100 < _SAMPLED


def _said(play: Play, item: InspectionItem, leader: Actor, deadline: str | None) -> dict[str, Any]:
    answer: dict[str, Any] = {"item_id": item.id, "rev": item.rev, "result": "compliant"}
    if deadline is not None:
        answer |= {"result": "noncompliant", "deadline": deadline, "photos": [play.photo(leader, after=False)]}
        answer |= {"location": "生产区", "severity": "general"}
    if deadline == "on_site":
        answer |= {"measures": "当场督促整改到位。", "photos_after": [play.photo(leader, after=True)]}
    elif item.position % 11 == 10 and deadline is None:
        answer["result"] = "not_applicable"
    loaded: dict[str, Any] = InspectionAnswerIn().load(answer)
    return loaded


def _site(place: int, evidence: list[str]) -> dict[str, Any]:
    served: dict[str, Any] = {"served": "signed", "signed_by": "企业负责人", "signed_title": "安全总监"}
    if place == 2:
        served = {"served": "absent", "refused_reason": "负责人外出，电话告知，由在场班长见证。"}
    said = served | {"scene": "生产区、库房", "evidence": evidence}
    if not evidence:
        said |= {"longitude": 120.93, "latitude": 36.92, "accuracy_m": 12}
    loaded: dict[str, Any] = InspectionSiteIn().load(said)
    return loaded


def follow(play: Play, instance_id: str) -> None:
    """The hazards that came of it go their way like any other."""
    select = sa.select(Instance.id).where(
        Instance.parent_id == instance_id, Instance.definition_key == "hazard_rectification"
    )
    with play.engine.sessions() as session:
        begun = list(session.scalars(select))
    ago = (play.until - play.clock.now()).days
    for number, child_id in enumerate(begun):
        story = Story(ago, "end" if ago > 20 else "rectify", slow=-2 if (ago + number) % 4 else 2)
        Hazard.taken_up(play, story, number, child_id).go_on()


INSPECTION: Steps = {
    "serve": (0.1, said(order_served="signed", served_to="企业负责人")),
    "fire_serve": (0.6, said(order_served="signed", served_to="企业负责人")),
    "second_look": (1, said(second_look="confirmed", second_look_note="调阅照片和定位，与现场情况相符。")),
    "refer": (2, said(referral="filed", referral_note="已报局法制科立案审查。")),
}
