"""What the demo city does about supervised matters and listed hazards: each step some days after it comes up."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import sqlalchemy as sa

from app.audit import Actor
from app.clock import local
from app.demo.routine import Answer, Answers, Steps, on, said
from app.engine import HumanTask
from app.hazards import Hazard

if TYPE_CHECKING:
    from app.demo.play import Play

_PLAN = {
    "plan_goals": "消除重大事故隐患，达到判定标准以外的安全状态。",
    "plan_measures": "停用存在隐患的设备，委托有资质的单位改造，逐项验收。",
    "plan_resources": "经费从安全生产费用列支，物资已落实供应单位。",
    "plan_funds_yuan": 180000,
    "plan_people": "主要负责人任组长，安全管理人员负责现场。",
    "plan_schedule": "分设计、施工、调试三步，按期完成。",
    "plan_safety": "治理期间停用并设专人监护，修订应急预案。",
}
_EXPERTS = [
    {"name": "秦川", "organisation": "市安全生产专家组", "title": "高级工程师"},
    {"name": "方明", "organisation": "市安全生产专家组", "title": "注册安全工程师"},
]


# What a meeting decided: title, what is to be done, addressee, days until due.
_DECISIONS = (
    ("全面排查建筑外墙保温材料", "逐栋登记使用易燃可燃保温材料的建筑，提出整改方案。", "housing", 12),
    ("渔船“动态点验”扩面", "所有出海渔船安装北斗终端，建立点验台账。", "marine", 14),
    ("农村自建房经营场所安全整治", "重点查餐饮、民宿和小作坊，建立问题清单。", "town04", 8),
)
NEGLECTED = ("农村自建房经营场所安全整治",)
# days ago, title, what the leader wrote, addressee
_INSTRUCTIONS = (
    (9, "冷库企业液氨管理", "请应急局逐户核查涉氨制冷企业报警和应急处置，结果报我。", "emergency"),
    (1, "沿街餐饮燃气使用安全", "请住建局会同各镇街抓紧排查，限期办结并报告结果。", "housing"),
)


def begin(play: Play) -> None:
    """The matters that do not come from a hazard: a meeting's decisions, a leader's instructions."""
    play.on(19, 10, lambda: _decide(play))
    for ago, title, text, office in _INSTRUCTIONS:
        play.on(ago, 11, partial(_instruct, play, title, text, office))


def _decide(play: Play) -> None:
    rows = [
        {"title": title, "content": content, "addressee_org_id": play.population.orgs[office],
         "due_on": on(play, days), "slip_level": "2"}
        for title, content, office, days in _DECISIONS
    ]  # fmt: skip
    data = {"source": "meeting", "basis": "市安委会全体成员会议", "items": rows}
    play.engine.start("supervision_decisions", data, by=play.population.people["wangjianguo"])


def _instruct(play: Play, title: str, text: str, office: str) -> None:
    """What a leader writes down in two taps; the committee office makes a slip of it."""
    told = {
        "source": "leader",
        "title": title,
        "content": text,
        "instruction": text,
        "asked": 2,
        "addressee_org_id": play.population.orgs[office],
        "due_on": on(play, 12),
    }
    play.engine.start("supervision", told, by=play.population.people["linhaifeng"], as_form=False)


def _waits_for_another(play: Play, task: HumanTask) -> bool:
    """A feedback is not reviewed while an interview of the same matter has no written answer."""
    interview = ("interview_notice", "interview_talk", "answer_dept", "answer_town", "answer_ent")
    beside = sa.select(HumanTask.id).where(
        HumanTask.instance_id == task.instance_id, HumanTask.status == "open", HumanTask.node_id.in_(interview)
    )
    with play.engine.sessions() as session:
        return session.scalar(beside.limit(1)) is not None


def _draft(play: Play, task: HumanTask, _by: Actor) -> Answers:
    return {
        "verdict": "issue",
        "title": task.data["title"],
        "content": task.data["content"],
        "addressee_org_id": task.data["planned_org_id"],
        "due_on": on(play, 10),
        "slip_level": "2",
    }


def _notice(play: Play, task: HumanTask, by: Actor) -> Answers:
    return {
        "interview_reason": "经督办仍未按期落实整改。",
        "talk_at": f"{on(play, 2)}T09:30",
        "talk_place": "市安委办二楼会议室",
        "talk_chair": by.name,
        "talk_persons": "单位主要负责人",
    }


def _talk(play: Play, task: HumanTask, _by: Actor) -> Answers:
    return {
        "held_at": task.data["talk_at"],
        "attendees": "被约谈单位主要负责人、分管负责人",
        "minutes": "通报超期情况，指出责任落实不到位，要求限期完成。",
        "talk_requirements": "五个工作日内书面反馈，明确责任人和完成时间。",
    }


def _accept(play: Play, task: HumanTask, by: Actor) -> Answers:
    return {
        "accepted_on": on(play, 0),
        "experts": _EXPERTS,
        "acceptance_result": "passed",
        "acceptance_opinion": "治理方案各项措施均已落实，现场检测合格，同意通过验收。",
        "acceptance_files": [play.photo(by, after=True)],
    }


def _from_the_task(play: Play, task: HumanTask, _by: Actor) -> Answers:
    text = task.data.get("publicity_text") or "重大事故隐患挂牌督办"
    return {"media": "市政府门户网站", "publicity_text": text}


def _approve(play: Play, task: HumanTask, _by: Actor) -> Answers:
    return {"listing_verdict": "approve", "listing_due_on": _last_day(play, task, task.data["proposed_due_on"])}


def _review_plan(play: Play, task: HumanTask, _by: Actor) -> Answers:
    proposed = _last_day(play, task, on(play, 90))
    return {"plan_verdict": "fit", "plan_opinion": "方案可行，报请挂牌督办。", "proposed_due_on": proposed}


def _last_day(play: Play, task: HumanTask, day: str) -> str:
    """What was ordered meanwhile is not shortened."""
    with play.engine.sessions() as session:
        due_at = session.scalar(sa.select(Hazard.due_at).where(Hazard.id == task.data["hazard_id"]))
    return max(day, local(due_at).date().isoformat()) if due_at else day


def _review(play: Play, task: HumanTask, _by: Actor) -> Answers | None:
    if _waits_for_another(play, task):
        return None
    return {"review_result": "done", "review_opinion": "措施已落实，同意办结。"}


def _unless_neglected(answers: Answers) -> Answer:
    """Some matters nobody takes care of: they climb the ladder."""
    return lambda _play, task, _by: None if task.data.get("title") in NEGLECTED else answers


_RECEIPT = (0.8, lambda _play, _task, by: {"received_by": by.name})
_FEEDBACK = (
    4,
    _unless_neglected(
        {"feedback_kind": "final", "feedback": "已约见企业负责人，督促落实整改，每周调度进展。"},
    ),
)
_ANSWER = (3, _unless_neglected({"answer": "已召开专题会议，明确责任人，倒排工期，正在整改。"}))
_PROGRESS = (2, said(percent=50, progress_text="设备已到货，完成停用和拆除，正在安装。"))
SUPERVISION: Steps = {
    "draft": (0.8, _draft),
    "receive_dept": _RECEIPT,
    "receive_town": _RECEIPT,
    "receive_ent": _RECEIPT,
    "handle_dept": _FEEDBACK,
    "handle_town": _FEEDBACK,
    "handle_ent": _FEEDBACK,
    "review": (6, _review),
    "interview_notice": (0.8, _notice),
    "interview_talk": (2, _talk),
    "answer_dept": _ANSWER,
    "answer_town": _ANSWER,
    "answer_ent": _ANSWER,
    "circular": (
        2,
        said(
            circular_title="关于督办事项未按期落实情况的通报",
            circular_recipients="各镇街、市安委会成员单位",
            circular_body="有关单位未按督办要求落实整改，现予通报。",
        ),
    ),
}
LISTING: Steps = {
    "verify": (
        0.5,
        said(verified="list", verify_opinion="符合重大事故隐患判定标准。", interim_measures="停用并警戒。"),
    ),
    "plan": (1, said(**_PLAN)),
    "dept_plan": (1, said(**_PLAN)),
    "review_plan": (0.8, _review_plan),
    "approve": (0.8, _approve),
    "file": (1, said(filed_to="省安委办", filing_no="")),
    "publicise": (2, _from_the_task),
    "progress": _PROGRESS,
    "dept_progress": _PROGRESS,
    "accept": (1, _accept),
    "audit": (0.5, said(audit_verdict="agree", audit_opinion="验收合格，同意摘牌。")),
    "approve_delisting": (0.5, said(delisting_verdict="approve")),
    "publicise_delisting": (1, said(delist_media="市政府门户网站")),
}
