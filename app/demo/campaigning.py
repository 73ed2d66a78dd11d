"""Special campaigns of the demo city: one annual over three phases, two minor ones, one special period."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from app.audit import Actor
from app.campaigns import Campaign, SectorPlan
from app.clock import local
from app.demo.offices import SECTORS
from app.demo.routine import Answers, Steps, said
from app.engine import HumanTask
from app.inspections import Checklist

if TYPE_CHECKING:
    from app.demo.play import Play

ANNUAL = "“查问题、除隐患、防事故”专项行动"
ANNUAL_BEGAN = 40  # days ago
_WITHOUT_PLAN = "TOURISM"  # has not drafted yet: late, named at the gate
_SLOW_DRAFT, _RETURNED, _SILENT = "FIREWORK", "ROAD", "MARINE"
# Which share of its way each sector is ahead (above 1) or behind.
_PACE = {"MARINE": 0.55, "GAS": 0.8, "CO": 0.75, "FIRE": 1.1, "CHEM": 1.15, "MINE": 1.05}
_CHECKLISTS = {
    "INDUSTRY": "industry_workshop", "CHEM": "chemicals", "CONSTRUCTION": "construction", "FIRE": "fire_hot_work",
    "GAS": "gas_restaurant", "MINE": "mines",
}  # fmt: skip
# sector: title, phase, to whom (towns, or an office), days from today that it is due, metric, target
_TASKS: Mapping[str, tuple[tuple[str, int, str, int, str, int], ...]] = {
    "INDUSTRY": (("企业自查自改表收齐", 1, "towns", -17, "", 20), ("粉尘涉爆企业联合检查", 2, "market", 22, "inspections", 6)),
    "FIRE": (("“九小场所”消防通道清障", 1, "town02", -16, "", 30), ("大型商业综合体抽查", 2, "market", 18, "", 4)),
    "CHEM": (("加油站双层罐改造核查", 1, "town01", -18, "", 6), ("重点企业特殊作业检查", 2, "town12", 20, "inspections", 4)),
    "MINE": (("露天采场边坡复核", 1, "town05", -20, "", 3),),
    "CONSTRUCTION": (("起重机械一机一档", 1, "town12", -19, "", 15), ("深基坑工程专家论证核查", 2, "emergency", 15, "", 5)),
    "GAS": (("餐饮场所软管和报警器更换", 2, "market", 12, "hazards_closed", 40),),
    "ROAD": (("“两客一危一货”动态监控核查", 1, "transport", -18, "", 60),),
    "MARINE": (("渔船救生消防设备点验", 1, "town03", -17, "", 80), ("休渔期港口值守检查", 2, "town08", 16, "", 12)),
    "FIREWORK": (("零售点安全距离复核", 2, "town09", 14, "", 18),),
    "CO": (("燃煤取暖户报警器安装", 2, "town10", 10, "", 260),),
}  # fmt: skip


def begin(play: Play) -> None:
    play.on(ANNUAL_BEGAN + 3, 9, lambda: _propose(play, _annual(play)))
    play.on(44, 10, lambda: _propose(play, _confined_spaces(play)))
    play.on(9, 10, lambda: _propose(play, _hot_work(play)))
    play.on(6, 9, lambda: _propose(play, _two_sessions(play)))


def _propose(play: Play, data: dict[str, Any]) -> None:
    play.engine.start("special_campaign", data, by=play.population.people["wangjianguo"])


def _day(play: Play, ahead: int) -> str:
    return (local(play.until).date() + dt.timedelta(ahead)).isoformat()


def _annual(play: Play) -> dict[str, Any]:
    first = {"name": "排查攻坚", "start_on": _day(play, -ANNUAL_BEGAN), "end_on": _day(play, -13)}
    second = {"name": "全面整治", "start_on": _day(play, -20), "end_on": _day(play, 32)}
    third = {"name": "巩固提升", "start_on": _day(play, 33), "end_on": _day(play, 90)}
    return {
        "name": f"{local(play.until).year} 年{ANNUAL}",
        "scale": "annual",
        "trigger": "deploy",
        "topic": "重点行业领域重大事故隐患动态清零",
        "slogan": "查问题、除隐患、防事故",
        "goals": "各领域重点企业检查全覆盖，重大事故隐患整改率 100%，一般隐患按期整改率不低于 95%。",
        "start_on": first["start_on"],
        "end_on": third["end_on"],
        "weekly": True,
        "phases": [
            first | {"condition": "plans_missing == 0"},
            second | {"overlap": True, "condition": "rectified_rate >= 0.8"},
            third,
        ],
        "leads": [{"sector": code} for code, _name, _english, _lead in SECTORS],
    }


def _confined_spaces(play: Play) -> dict[str, Any]:
    return {
        "name": "有限空间作业小专项",
        "scale": "monthly",
        "trigger": "lesson",
        "topic": "未审批、未通风、未检测即作业",
        "start_on": _day(play, -42),
        "end_on": _day(play, -18),
        "weekly": False,
        "phases": [],
        "leads": [{"sector": "INDUSTRY"}, {"sector": "GAS"}],
    }


def _hot_work(play: Play) -> dict[str, Any]:
    return {
        "name": "动火作业小专项",
        "scale": "minor",
        "trigger": "lesson",
        "topic": "违规电气焊、动火审批走过场",
        "start_on": _day(play, -7),
        "end_on": _day(play, 21),
        "weekly": True,
        "phases": [],
        "leads": [{"sector": "FIRE"}, {"sector": "CONSTRUCTION"}],
    }


def _two_sessions(play: Play) -> dict[str, Any]:
    start, end = _day(play, -2), _day(play, 9)
    people, subjects = play.population.people, play.population.subjects
    of = {firm.sector: subject_id for subject_id, firm in reversed(subjects)}
    return {
        "name": "两会期间安全保障",
        "scale": "special_period",
        "special_period": "两会",
        "trigger": "season",
        "topic": "人员密集场所、危险化学品、城镇燃气",
        "start_on": start,
        "end_on": end,
        "weekly": False,
        "phases": [{"name": "值守保障", "start_on": start, "end_on": end}],
        "leads": [{"sector": "FIRE"}, {"sector": "CHEM"}],
        "guards": [
            {"person": people["linhaifeng"].id, "subject": of["CHEM"], "focus": "罐区和特殊作业"},
            {"person": people["chenguodong"].id, "subject": of["FIRE"], "focus": "疏散通道和值班值守"},
        ],
    }


def keys(play: Play, sector: str) -> dict[str, str]:
    """By what inspections and hazards of a sector belong to the annual campaign; nothing while there is no plan."""
    select = (
        sa.select(SectorPlan)
        .join(Campaign, Campaign.id == SectorPlan.campaign_id)
        .where(Campaign.scale == "annual", SectorPlan.sector_code == sector, SectorPlan.approved_at.is_not(None))
    )
    with play.engine.sessions() as session:
        plan = session.scalars(select).first()
    return {"campaign_id": plan.campaign_id, "plan_id": plan.id} if plan else {}


def _draft(play: Play, task: HumanTask, _by: Actor) -> Answers | None:
    sector, annual = task.data["sector_code"], ANNUAL in task.data["campaign_name"]
    waited = play.clock.now() - task.created_at
    if annual and (sector == _WITHOUT_PLAN or (sector == _SLOW_DRAFT and waited < dt.timedelta(days=6))):
        return None
    return {
        "content": f"{task.data['sector_name']}领域坚持边查边改：企业自查、镇街排查、部门抽查，问题隐患逐项建账、闭环销号。",
        "goals": "重点企业检查全覆盖，发现的隐患按期整改。",
        "checklists": _checklist(play, sector),
        "tasks": _rows(play, task, sector) if annual else [],
    }


def _checklist(play: Play, sector: str) -> list[dict[str, str]]:
    if sector not in _CHECKLISTS:
        return []
    with play.engine.sessions() as session:
        found = session.scalars(sa.select(Checklist.id).where(Checklist.code == _CHECKLISTS[sector])).one()
    return [{"checklist": found}]


def _rows(play: Play, _task: HumanTask, sector: str) -> list[dict[str, Any]]:
    rows = []
    for title, phase, to, ahead, metric, target in _TASKS.get(sector, ()):
        row: dict[str, Any] = {"title": title, "phase": phase, "to": "towns", "due_on": _day(play, ahead)}
        if to != "towns":
            row |= {"to": "one", "org": play.population.orgs[to]}
        rows.append(row | {"target": target} | ({"metric": metric} if metric else {}))
    return rows


def _review(_play: Play, task: HumanTask, _by: Actor) -> Answers:
    if ANNUAL in task.data["campaign_name"] and task.data["sector_code"] == _RETURNED and not task.data.get("returned"):
        return {"decision": "return", "opinion": "任务没有分解到责任单位，请补充完成期限。"}
    return {"decision": "agree"}


def _percent(play: Play, sector: str) -> int:
    """How far the campaign has come by its days, at this sector's pace."""
    begun = play.until - dt.timedelta(days=ANNUAL_BEGAN)
    share = (play.clock.now() - begun) / dt.timedelta(days=ANNUAL_BEGAN + 90)
    return max(5, min(95, round(share * 100 * _PACE.get(sector, 0.95))))


def _progress(play: Play, task: HumanTask, _by: Actor) -> Answers | None:
    sector = task.data["sector_code"]
    week = local(task.created_at).isocalendar().week
    if sector == _SILENT and week % 2:
        return None  # nobody reports: the process notes it
    answers: Answers = {
        "percent": _percent(play, sector),
        "progress": "本周按计划推进，检查发现的问题已下达整改要求，未完成的列入下周重点。",
    }
    if sector in _PACE and _PACE[sector] < 1:
        answers["problems"] = "部分企业停产，入户核查进度偏慢。"
    return answers


def _self_review(_play: Play, task: HumanTask, _by: Actor) -> Answers:
    behind = _PACE.get(task.data["sector_code"], 1) < 1
    text = "主要任务已完成，少数单位尚未到位，已列入下一阶段。" if behind else "本阶段任务全部完成。"
    return {"review_level": "mostly" if behind else "done", "review_text": text}


def _gate(_play: Play, _task: HumanTask, _by: Actor) -> Answers:
    """Passed with what is left: one sector has no plan yet, another has not finished its towns."""
    return {
        "gate_result": "conditional",
        "leftovers": [
            {"text": "旅游业领域实施方案尚未印发，10 日内补齐", "sector": "TOURISM"},
            {"text": "3 艘渔船救生筏未送检，送检前不得出海", "sector": "MARINE"},
        ],
        "gate_note": "除旅游业领域外，实施方案均已印发，同意转入全面整治。",
    }


def _done(play: Play, task: HumanTask, _by: Actor) -> Answers | None:
    """Whoever does a task takes from a few days to weeks over it; some do not finish in time."""
    # By its name, not by its id: which of them do not finish is the same in every demo city.
    office = next((key for key, org_id in play.population.orgs.items() if org_id == task.org_id), "")
    number = sum(task.data["task_title"].encode()) + sum(office.encode())
    if number % 13 == 0 or play.clock.now() - task.created_at < dt.timedelta(days=4 + number % 13):
        return None
    target = int(task.data.get("task_target") or 0)
    answers: Answers = {"result": "已按要求完成，台账附后。"}
    return answers | ({"actual": target - number % 3} if target else {})


CAMPAIGN: Steps = {
    "approve": (0.6, said(decision="agree", opinion="同意印发，抓好落实。")),
    "gate_1": (1.2, _gate),
    "guard": (1, said(guard_report="已到现场督导，提出意见 2 条，企业当场整改。")),
    "summary": (1, said(summary="行动期间企业自查全覆盖，发现的问题全部整改，转入常态化监管。")),
}
PLAN: Steps = {
    "draft": (1.5, _draft),
    "review": (0.8, _review),
    "progress": (0.4, _progress),
    "self_review": (1, _self_review),
    "report": (1, said(report_text="本领域任务全部完成，问题隐患已闭环，制度措施已固化。")),
}
TASK: Steps = {"town_do": (6, _done), "dept_do": (6, _done)}
