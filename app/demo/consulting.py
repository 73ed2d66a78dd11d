"""Consultations of the demo city: a pool of thirty experts, and twelve consultations that have come differently far."""

from __future__ import annotations

import datetime as dt
from functools import partial
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from app.audit import Actor
from app.clock import SHANGHAI, local
from app.consultations import Opinion
from app.consultations.operations import pool
from app.consultations.schemas import ExpertIn
from app.db import write_transaction
from app.demo import campaigning, inspecting
from app.demo.offices import EXPERTS
from app.demo.routine import Answers, Steps, said
from app.demo.stories import FINDINGS
from app.engine import HumanTask

if TYPE_CHECKING:
    from app.demo.play import Play

# name, organisation, title, sectors, topics. The four of the expert group with accounts come before these.
_POOL: tuple[tuple[str, str, str, tuple[str, ...], tuple[str, ...]], ...] = (
    ("石磊", "望海理工学院", "教授", ("INDUSTRY", "CHEM"), ("粉尘防爆",)),
    ("陶然", "望海理工学院", "副教授", ("INDUSTRY",), ("机械安全", "有限空间")),
    ("邢岩", "海岳安全技术服务公司", "注册安全工程师", ("MINE",), ("边坡稳定",)),
    ("柏青", "海岳安全技术服务公司", "高级工程师", ("MINE", "INDUSTRY"), ("通风",)),
    ("安康", "省化工研究院", "正高级工程师", ("CHEM",), ("工艺安全", "HAZOP")),
    ("祝融", "省化工研究院", "高级工程师", ("CHEM", "FIREWORK"), ("储罐区",)),
    ("水清", "望海市第二建筑设计院", "一级注册建造师", ("CONSTRUCTION",), ("深基坑",)),
    ("高岭", "望海市第二建筑设计院", "高级工程师", ("CONSTRUCTION",), ("起重机械",)),
    ("温良", "望海燃气工程公司", "高级工程师", ("GAS",), ("管网检测",)),
    ("路远", "省特种设备检验院", "检验师", ("GAS", "INDUSTRY"), ("压力容器",)),
    ("丰年", "望海海事学校", "船长", ("MARINE",), ("渔船安全",)),
    ("汪洋", "望海海事学校", "轮机长", ("MARINE",), ("消防救生",)),
    ("关山", "省消防协会", "一级注册消防工程师", ("FIRE",), ("自动消防设施",)),
    ("景明", "省消防协会", "高级工程师", ("FIRE", "TOURISM"), ("大型综合体",)),
    ("程远", "望海交通职业学院", "副教授", ("ROAD",), ("危货运输",)),
    ("季春", "市农业技术推广站", "高级农艺师", ("CO",), ("大棚取暖",)),
    ("游子", "望海旅游职业学院", "讲师", ("TOURISM",), ("水上项目",)),
    ("花炮", "省烟花爆竹协会", "工程师", ("FIREWORK",), ("零售储存",)),
    ("常青", "海岳安全技术服务公司", "注册安全工程师", ("INDUSTRY", "CONSTRUCTION"), ("涉氨制冷",)),
    ("毕昇", "鑫源纺织有限公司", "总工程师", ("INDUSTRY",), ("纺织除尘",)),
    ("岳川", "省地质矿产勘查院", "正高级工程师", ("MINE",), ("排土场", "尾矿库")),
    ("江帆", "省船舶检验局", "验船师", ("MARINE",), ("船舶电气",)),
    ("焦燃", "省燃气协会", "高级工程师", ("GAS",), ("液化石油气",)),
    ("车驰", "省交通运输协会", "高级工程师", ("ROAD",), ("动态监控",)),
    ("文游", "省旅游安全协会", "高级工程师", ("TOURISM",), ("大型游乐设施",)),
    ("炉边", "市供热协会", "高级工程师", ("CO", "GAS"), ("取暖炉具",)),
)
# days ago, topic, kind, sector, how many enterprises, how experts are chosen
_TOPICS: tuple[tuple[int, str, str, str, int, str], ...] = (
    (70, "危险化学品储罐区", "monthly", "CHEM", 1, "draw"),
    (65, "涉氨制冷企业", "monthly", "INDUSTRY", 1, "draw"),
    (58, "涉爆粉尘企业除尘系统", "annual", "INDUSTRY", 2, "draw"),
    (52, "大型商业综合体", "monthly", "FIRE", 1, "pick"),
    (46, "露天矿山边坡", "monthly", "MINE", 1, "draw"),
    (40, "深基坑和高支模", "monthly", "CONSTRUCTION", 1, "draw"),
    (36, "餐饮场所燃气", "monthly", "GAS", 1, "draw"),
    (24, "化工企业特殊作业管理", "monthly", "CHEM", 1, "pick"),
    (18, "渔船消防救生设备", "monthly", "MARINE", 1, "draw"),
    (10, "人员密集场所消防设施", "monthly", "FIRE", 1, "draw"),
    (5, "有限空间作业", "monthly", "INDUSTRY", 1, "pick"),
    (1, "建筑施工起重机械", "monthly", "CONSTRUCTION", 2, "draw"),
)


def begin(play: Play) -> None:
    play.on(73, 10, partial(_fill_the_pool, play))
    for ago, topic, kind, sector, firms, method in _TOPICS:
        play.on(ago, 14, partial(_start, play, topic, kind, sector, firms, method))


def _fill_the_pool(play: Play) -> None:
    """Entered by the committee office through the operation that the page uses."""
    clerk, group = play.population.people["wangjianguo"], play.population.orgs[EXPERTS.code]
    members = [actor for actor in play.population.people.values() if actor.org_id == group]
    rows: list[dict[str, Any]] = [
        {"name": actor.name, "org_id": group, "user_id": actor.id, "title": "高级工程师",
         "sectors": ["INDUSTRY", "CHEM", "FIRE", "CONSTRUCTION"], "topics": ["双重预防"]}
        for actor in members
    ] + [
        {"name": name, "organisation": employer, "title": title, "sectors": list(sectors), "topics": list(topics)}
        for name, employer, title, sectors, topics in _POOL
    ]  # fmt: skip
    with play.engine.sessions() as session, write_transaction(session):
        for number, row in enumerate(rows):
            row |= {"phone": f"1360000{number + 1:04d}", "fee_rate_yuan": 800, "certificate": f"ZJ{number + 1:04d}"}
            pool.create(session, ExpertIn().load(row), by=clerk, now=play.clock.now())


def _start(play: Play, topic: str, kind: str, sector: str, firms: int, method: str) -> None:
    those = [subject_id for subject_id, firm in play.population.subjects if firm.sector == sector and firm.with_account]
    play.methods[topic] = method
    data = {
        "topic": topic,
        "kind": kind,
        "planned_on": play.office_day(local(play.clock.now()).date() + dt.timedelta(5)).isoformat(),
        "enterprises": [{"subject_id": subject_id} for subject_id in (those[1:] + those[:1])[:firms]],
        "focus": "现场设施、作业管理、应急处置",
    }
    mine = campaigning.keys(play, sector)
    by = play.population.people["wangjianguo"]
    play.engine.start("expert_consultation", data | mine, by=by, as_form=not mine)


def _choose(play: Play, task: HumanTask, _by: Actor) -> Answers:
    if play.methods[task.data["topic"]] == "draw":
        return {"method": "draw", "draw_count": 2}
    return {"method": "pick", "picked": [row["value"] for row in task.data["candidates"][:2]]}


def _notify(play: Play, task: HumanTask, by: Actor) -> Answers:
    """For the third work day from now."""
    day = play.office_day(local(play.clock.now()).date() + dt.timedelta(3))
    at = dt.datetime.combine(day, dt.time(9), tzinfo=SHANGHAI)
    return {"visit_at": at.isoformat(), "contact": by.name, "prepare": "隐患台账、设备检测报告、应急预案"}


def _sheet(rows: list[dict[str, Any]], *, more: int) -> list[dict[str, Any]]:
    """The rows that the form shows, each with a score."""
    scored = []
    for place, row in enumerate(rows):
        note = "制度健全，现场执行有差距" if place % 2 else "基本符合"
        scored.append(row | {"score": (62, 55, 48, 64, 70, 58)[place % 6] + more, "note": note})
    return scored


def _shift(task: HumanTask) -> int:
    """Not every enterprise is as good as the next."""
    return sum(str(task.business_key).encode()) % 5


def _supervisors(play: Play, by: Actor) -> list[dict[str, Any]]:
    mine = [actor for actor in play.population.people.values() if actor.org_id == by.org_id and actor.id != by.id]
    return [{"person": by.id}, {"person": mine[0].id}]


def _diagnose(play: Play, task: HumanTask, by: Actor) -> Answers:
    return {
        "visited_at": local(play.clock.now()).isoformat(),
        "site_contact": "企业安全总监",
        "supervisors": _supervisors(play, by),
        "scores": _sheet(task.data["score_rows"], more=_shift(task)),
        "site_photos": [play.photo(by, after=False)],
    }


def _opinions(play: Play, task: HumanTask, by: Actor) -> Answers:
    """One or two opinions of each expert."""
    found = FINDINGS[task.data["sector_code"]]
    first = sum(f"{task.business_key}{by.name}".encode())  # not by an id: the same in every demo city
    many = 1 if first % 3 else 2
    chosen = [found[(first + n) % len(found)] for n in range(min(many, len(found)))]
    rows = [
        {"summary": summary, "location": location, "severity": "general", "basis": basis, "suggestion": requirement}
        for summary, location, requirement, basis, _category in chosen
    ]
    return {"opinions": rows, "declared": True}


def _opinions_on_paper(play: Play, task: HumanTask, by: Actor) -> Answers:
    return _opinions(play, task, by) | {"paper": [play.photo(by, after=True)]}


def _convert(play: Play, task: HumanTask, _by: Actor) -> Answers:
    """What two experts say alike is merged, the last one of several is not taken, the rest becomes hazards."""
    play.in_minutes(60, partial(inspecting.follow, play, task.instance_id))
    rows = task.data["opinion_rows"]
    with play.engine.sessions() as session:
        wanted = sa.select(Opinion).where(Opinion.number.in_([row["opinion"] for row in rows]))
        opinions = {one.number: one for one in session.scalars(wanted)}
    taken: dict[str, str] = {}
    decided = []
    for row in rows:
        opinion = opinions[row["opinion"]]
        if opinion.summary in taken:
            decided.append(row | {"decision": "merge", "merged_into": taken[opinion.summary]})
        elif len(taken) >= 2:
            decided.append(row | {"decision": "reject", "reason": "企业已委托检测，结论合格。"})
        else:
            taken[opinion.summary] = row["opinion"]
            decided.append(row | {"decision": "accept", "summary": opinion.summary, "grade": "general"})
    return {"conversions": decided}


def _follow_up(play: Play, task: HumanTask, by: Actor) -> Answers:
    return {
        "revisited_at": local(play.clock.now()).isoformat(),
        "revisitors": _supervisors(play, by),
        "after_scores": _sheet(task.data["after_rows"], more=24 + _shift(task)),
        "revisit_remark": "专家意见基本落实，现场设施已改造。",
    }


def _report(_play: Play, task: HumanTask, _by: Actor) -> Answers:
    topic = task.data["topic"]
    return {
        "summary": f"围绕“{topic}”逐家诊断，专家意见已转为隐患整改，复诊得分明显提高。",
        "common_problems": "设施维护不及时；安全装置缺失或者失效；岗位人员不掌握操作要求。",
        "suggestions": f"将“{topic}”的重点部位纳入日常检查清单，每半年复核一次。",
    }


def _evaluate(_play: Play, task: HumanTask, _by: Actor) -> Answers:
    rows = [
        {"expert_id": row["expert_id"], "fee": int(row.get("rate") or 800) * int(row.get("times") or 1),
         "rating": 5 - place % 2, "evaluation": "意见具体，可以操作。"}
        for place, row in enumerate(task.data["fee_rows"])
    ]  # fmt: skip
    return {"evaluations": rows}


CONSULTATION: Steps = {
    "choose": (0.7, _choose),
    "report": (2, _report),
    "evaluate": (1, _evaluate),
    "approve_fee": (1, said(fee_decision="agree")),
}
VISIT: Steps = {
    "notify": (0.7, _notify),
    "acknowledge": (0.6, lambda _play, _task, by: {"received_by": by.name}),
    "diagnose": (0.05, _diagnose),
    "convert": (0.8, _convert),
    "confirm_major": (0.8, said(major_decision="general", major_opinion="对照标准，按一般隐患办理。")),
    "follow_up": (16, _follow_up),
}
OPINION: Steps = {"hand_in": (0.9, _opinions), "hand_in_link": (1.2, _opinions_on_paper)}
