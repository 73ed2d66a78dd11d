"""What the demo city does about supervised matters and listed hazards: each step some days after it comes up."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from app.audit import Actor
from app.clock import local
from app.engine import HumanTask

if TYPE_CHECKING:
    from app.demo.play import Play

Answers = dict[str, Any]
PROCESSES = ("supervision", "major_hazard")
SHOWN = dt.timedelta(days=3)  # what came up so short before the day of installation waits for the visitor
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


def carry_on(play: Play) -> None:
    """Do what has waited long enough. Some of it opens the next step, which waits in its turn."""
    for task in _waiting(play):
        step = STEPS.get(task.node_id)
        if step is None or (play.until - task.created_at) < SHOWN:
            continue
        days, answers = step
        if play.clock.now() - task.created_at >= dt.timedelta(days=days) and (able := play.candidates(task)):
            play.do(task, able[0], answers(play, task, able[0]))


def _waiting(play: Play) -> list[HumanTask]:
    with play.engine.sessions() as session:
        open_ones = sa.select(HumanTask).where(HumanTask.definition_key.in_(PROCESSES), HumanTask.status == "open")
        return list(session.scalars(open_ones.order_by(HumanTask.created_at, HumanTask.id)))


def _on(play: Play, days: int) -> str:
    return (local(play.clock.now()).date() + dt.timedelta(days)).isoformat()


def _draft(play: Play, task: HumanTask, _by: Actor) -> Answers:
    return {
        "verdict": "issue",
        "title": task.data["title"],
        "content": task.data["content"],
        "addressee_org_id": task.data["planned_org_id"],
        "due_on": _on(play, 10),
        "slip_level": "2",
    }


def _notice(play: Play, task: HumanTask, by: Actor) -> Answers:
    return {
        "interview_reason": "经督办仍未按期落实整改。",
        "talk_at": f"{_on(play, 2)}T09:30",
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
        "accepted_on": _on(play, 0),
        "experts": _EXPERTS,
        "acceptance_result": "passed",
        "acceptance_opinion": "治理方案各项措施均已落实，现场检测合格，同意通过验收。",
        "acceptance_files": [play.photo(by, after=True)],
    }


def _said(**answers: Any) -> Callable[[Play, HumanTask, Actor], Answers]:
    return lambda _play, _task, _by: answers


def _from_the_task(play: Play, task: HumanTask, _by: Actor) -> Answers:
    text = task.data.get("publicity_text") or "重大事故隐患挂牌督办"
    return {"media": "市政府门户网站", "publicity_text": text}


def _approve(play: Play, task: HumanTask, _by: Actor) -> Answers:
    return {"listing_verdict": "approve", "listing_due_on": task.data["proposed_due_on"]}


def _review_plan(play: Play, task: HumanTask, _by: Actor) -> Answers:
    return {"plan_verdict": "fit", "plan_opinion": "方案可行，报请挂牌督办。", "proposed_due_on": _on(play, 90)}


_RECEIPT = (0.8, lambda _play, _task, by: {"received_by": by.name})
_FEEDBACK = (4, _said(feedback_kind="final", feedback="已约见企业负责人，督促落实整改，每周调度进展。"))
_ANSWER = (3, _said(answer="已召开专题会议，明确责任人，倒排工期，正在整改。"))
_PROGRESS = (2, _said(percent=50, progress_text="设备已到货，完成停用和拆除，正在安装。"))
# node → how many days it waits, and what is answered
STEPS: dict[str, tuple[float, Callable[[Play, HumanTask, Actor], Answers]]] = {
    "draft": (0.8, _draft),
    "receive_dept": _RECEIPT,
    "receive_town": _RECEIPT,
    "handle_dept": _FEEDBACK,
    "handle_town": _FEEDBACK,
    "review": (6, _said(review_result="done", review_opinion="措施已落实，同意办结。")),
    "interview_notice": (0.8, _notice),
    "interview_talk": (2, _talk),
    "answer_dept": _ANSWER,
    "answer_town": _ANSWER,
    "circular": (
        2,
        _said(
            circular_title="关于督办事项未按期落实情况的通报",
            circular_recipients="各镇街、市安委会成员单位",
            circular_body="有关单位未按督办要求落实整改，现予通报。",
        ),
    ),
    "verify": (
        0.5,
        _said(verified="list", verify_opinion="符合重大事故隐患判定标准。", interim_measures="停用并警戒。"),
    ),
    "plan": (1, _said(**_PLAN)),
    "dept_plan": (1, _said(**_PLAN)),
    "review_plan": (0.8, _review_plan),
    "approve": (0.8, _approve),
    "file": (1, _said(filed_to="省安委办", filing_no="")),
    "publicise": (2, _from_the_task),
    "progress": _PROGRESS,
    "dept_progress": _PROGRESS,
    "accept": (1, _accept),
    "audit": (0.5, _said(audit_verdict="agree", audit_opinion="验收合格，同意摘牌。")),
    "approve_delisting": (0.5, _said(delisting_verdict="approve")),
    "publicise_delisting": (1, _said(delist_media="市政府门户网站")),
}
