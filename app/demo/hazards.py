"""The hazards of the play: who finds each, and how it goes on from step to step."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from app.audit import Actor
from app.clock import local
from app.demo import campaigning
from app.demo.enterprises import Enterprise
from app.demo.offices import SECTORS
from app.demo.stories import FINDINGS, STEPS, Story
from app.engine import HumanTask
from app.hazards import Hazard as Entered

if TYPE_CHECKING:
    from app.demo.play import Play

NODES = {
    "grade": ("grade",),
    "order": ("order", "town_order"),
    "receive": ("receive", "proxy_receive"),
    "rectify": ("rectify", "proxy_rectify"),
    "review": ("review", "fire_review", "town_review"),
    "close": ("close", "town_close"),
    "confirm": ("confirm",),
}


class Hazard:
    """One hazard of the play and the people who move it."""

    def __init__(self, play: Play, story: Story, number: int) -> None:
        self.play, self.story, self.number = play, story, number
        # Every sixth is at the one enterprise whose safety officer the sign-in page offers.
        place = 0 if number % 6 == 4 else number * 12 if story.town else number * 7
        subjects = play.population.subjects
        self.subject_id, self.firm = subjects[place % len(subjects)]
        found = FINDINGS[self.firm.sector]
        self.finding = found[number % len(found)]
        self.instance_id = ""
        self.round = 1
        self.sent_back = False

    @classmethod
    def taken_up(cls, play: Play, story: Story, number: int, instance_id: str) -> Hazard:
        """One that an inspection found: its process has begun already."""
        with play.engine.sessions() as session:
            row = session.scalars(sa.select(Entered).where(Entered.instance_id == instance_id)).one()
        hazard = cls(play, story, number)
        hazard.subject_id, hazard.instance_id = row.subject_id, instance_id
        hazard.firm = next(firm for subject_id, firm in play.population.subjects if subject_id == row.subject_id)
        requirement = "；".join(row.requirements) or "按检查意见整改"
        hazard.finding = (row.summary, row.location, requirement, row.legal_basis, row.category)
        return hazard

    def go_on(self) -> None:
        """From where its process stands: what was ordered on the spot is being rectified already."""
        if self.play.open_task(self.instance_id, "rectify"):
            self._rectify_by()
        else:
            self._next("grade", 0.5, 10)

    def begin(self, at: dt.datetime) -> None:
        self.play.at(at, self._register)

    def _register(self) -> None:
        play, story = self.play, self.story
        summary, location, requirement, basis, category = self.finding
        by = self._finder()
        answers: dict[str, Any] = {
            "subject_id": self.subject_id,
            "summary": summary,
            "location": location,
            "category": category,
            "source": {"town": "patrol", "department": "inspection", "enterprise": "self_check"}[story.by],
            "found_at": local(play.clock.now()).isoformat(),
            "requirement": requirement,
            "legal_basis": basis,
            "description": f"检查发现：{summary}。位置：{location}。",
            "photos_before": [play.photo(by, after=False)],
            "grade_suggestion": "major" if story.major else "general",
        }
        if story.on_site:
            answers |= {
                "on_site": True,
                "photos_after": [play.photo(by, after=True)],
                "on_site_measures": f"当场督促整改：{requirement}。",
            }
        mine: dict[str, str] = {}
        if story.by != "enterprise" and self.number % 3 and story.ago < campaigning.ANNUAL_BEGAN:
            mine = campaigning.keys(play, self.firm.sector)
        # What belongs to a campaign says so beside the form, as the page does that is opened from the campaign.
        started = play.engine.start("hazard_rectification", answers | mine, by=by, as_form=not mine)
        self.instance_id = started.instance_id
        self._next("grade", 0.2, 10)

    def _finder(self) -> Actor:
        """Who found it: a clerk of the town, an officer of the department, or the enterprise itself."""
        people, firm = self.play.population.people, self.firm
        if self.story.by == "enterprise" and firm.with_account:
            return self._of(f"firm{firm.index + 1:04d}")
        if self.story.by == "department":
            return self._of(_lead(firm))
        return people["sunqiang"] if firm.town == 0 else self._of(f"town{firm.town + 1:02d}")

    def _of(self, office_code: str) -> Actor:
        org_id = self.play.population.orgs[office_code]
        mine = [actor for actor in self.play.population.people.values() if actor.org_id == org_id]
        return mine[-1]

    def _next(self, step: str, days: float, hour: int, *, after: dt.datetime | None = None) -> None:
        """Do a step later, unless the story stops before it (in its last round)."""
        story = self.story
        last_round = self.round >= story.rounds
        if last_round and STEPS.index(step) >= STEPS.index(story.stop):
            return
        self.play.later(days, hour, lambda: self._step(step), after=after)

    def _step(self, step: str) -> None:
        task = self.play.open_task(self.instance_id, step)
        if task is None:
            if step == "close" and self.story.major:  # not delisted yet
                self.play.later(1, 15, lambda: self._step(step))
            return
        rectifiers = {task.data.get("completed_by", {}).get(node, {}).get("id") for node in NODES["rectify"]}
        able = [actor for actor in self.play.candidates(task) if step == "rectify" or actor.id not in rectifiers]
        if able:
            getattr(self, f"_{step}")(task, able[0])

    # -- steps

    def _grade(self, task: HumanTask, by: Actor) -> None:
        story, has_town = self.story, bool(task.data.get("town_org_id"))
        answers: dict[str, Any] = {
            "verdict": "valid",
            "grade": "major" if story.major else "general",
            "grade_basis": "情况属实，"
            + ("对照判定标准，定为重大事故隐患。" if story.major else "危害和整改难度较小，定为一般隐患。"),
            "rectify_mode": "on_site" if story.on_site else "limited",
        }
        if not story.major and has_town:
            answers["handled_by"] = "town" if story.town else "department"
        self.play.do(task, by, answers)
        if story.on_site:
            self._next("review", 1, 14)
        elif story.returned and not self.sent_back:
            self.sent_back = True
            self.play.later(0.2, 14, self._send_back)
        else:
            self._next("order", 0.3, 15)

    def _send_back(self) -> None:
        """Whoever is to write the order finds the grade wanting; it is graded anew a little later."""
        if (task := self.play.open_task(self.instance_id, "order")) is None:
            return
        by = self.play.candidates(task)[-1]
        self.play.engine.send_back(task.id, "grade", "定级依据不充分，请对照判定标准补充。", by=by)
        self._next("grade", 0.3, 15)

    def _order(self, task: HumanTask, by: Actor) -> None:
        _summary, _location, requirement, basis, _category = self.finding
        due_on = local(self.play.clock.now()).date() + dt.timedelta(self.story.limit)
        answers = {
            "requirements": [{"text": part} for part in requirement.split("；")],
            "due_on": due_on.isoformat(),
            "legal_basis": basis,
        }
        self.play.do(task, by, answers)
        self._next("receive", 0.6, 9)

    def _receive(self, task: HumanTask, by: Actor) -> None:
        if task.node_id == "receive":
            answers: dict[str, Any] = {"received_by": by.name, "received_title": "安全管理员"}
        else:
            answers = {
                "receipt_result": "signed",
                "received_by": "企业负责人",
                "receipt_photos": [self.play.photo(by, after=False)],
            }
        self.play.do(task, by, answers)
        self._rectify_by()

    def _rectify_by(self) -> None:
        """So many days before or after the due day, as the story has it."""
        task = self.play.open_task(self.instance_id, "rectify")
        if task is None:
            return
        if self.story.asks and self.round == 1:
            self.play.later(0.8, 10, lambda: Request(self.play, self.instance_id, self.story.asks, self.number).ask())
        if self.story.paused:
            self.play.later(1, 11, self._pause)
        self._next("rectify", self.story.slow, 16, after=task.due_at)

    def _pause(self) -> None:
        if task := self.play.open_task(self.instance_id, "rectify"):
            head = self._of(_lead(self.firm))
            self.play.engine.pause_clock(task.id, "等待第三方检测鉴定结论。", by=head)

    def _rectify(self, task: HumanTask, by: Actor) -> None:
        requirement = self.finding[2]
        answers: dict[str, Any] = {
            "measures": f"已按要求整改：{requirement}。现场已自查确认。",
            "photos_after": [self.play.photo(by, after=True)],
            "responsible_person": by.name,
            "funds_yuan": 800 + self.number * 370,
        }
        self.play.do(task, by, answers)
        self._next("review", 2, 10)

    def _review(self, task: HumanTask, by: Actor) -> None:
        passed = self.round >= self.story.rounds
        items = task.data.get("review_items") or []
        conclusions = [
            {
                "requirement": item["requirement"],
                "result": "passed" if passed or index else "failed",
                "note": "已整改到位" if passed or index else "整改不彻底，仍有缺项",
            }
            for index, item in enumerate(items)
        ]
        rectifiers = {task.data.get("completed_by", {}).get(node, {}).get("id") for node in NODES["rectify"]}
        others = [actor for actor in self.play.candidates(task) if actor.id not in (by.id, *rectifiers)]
        answers: dict[str, Any] = {
            "review_method": "on_site",
            "inspectors": [{"person": actor.id} for actor in [by, *others][:2]],
            "conclusions": conclusions,
            "photos_review": [self.play.photo(by, after=passed)],
            "opinion": "经现场复查，已按要求整改完毕，建议销号。"
            if passed
            else "经现场复查，部分要求未整改到位，责令继续整改。",
            "served": "signed",
            "served_to": "企业负责人",
            "opinion_signed": True,
        }
        if not passed:
            due = local(self.play.clock.now()).date() + dt.timedelta(7)
            answers["new_due_on"] = due.isoformat()
        self.play.do(task, by, answers)
        if passed:
            self._next("close", 1, 11)
        else:
            self.round += 1
            self._rectify_by()

    def _close(self, task: HumanTask, by: Actor) -> None:
        self.play.do(task, by, {"close_opinion": "整改佐证齐全，复查合格，同意销号。"})
        self._next("confirm", 1, 15)

    def _confirm(self, task: HumanTask, by: Actor) -> None:
        self.play.do(task, by, {"confirmed": "agree", "confirm_opinion": "重大隐患已消除，同意销号。"})


class Request:
    """A request for more time, from the asking to the answer that its story gives."""

    def __init__(self, play: Play, instance_id: str, ends: str, number: int) -> None:
        self.play, self.instance_id, self.ends, self.number = play, instance_id, ends, number
        self.request_id = ""

    def ask(self) -> None:
        task = self.play.open_task(self.instance_id, "rectify")
        if task is None or task.due_at is None:
            return
        by = self.play.candidates(task)[0]
        answers: dict[str, Any] = {
            "kind": "extension",
            "new_due_on": (local(task.due_at).date() + dt.timedelta(12)).isoformat(),
            "reason": "所需设备到货推迟，供货商已书面说明。",
            "progress": "已完成现场清理和采购，待设备到货后安装调试。",
            "interim_measures": "相关区域停用并设警示标志，安排专人每班巡查。",
            "evidence_photos": [self.play.photo(by, after=False)],
        }
        self.request_id = self.play.engine.request_extension(task.id, answers, by=by).instance_id
        self.play.later(0.5, 15, self._review)

    def _open(self) -> HumanTask | None:
        with self.play.engine.sessions() as session:
            select = sa.select(HumanTask).where(HumanTask.instance_id == self.request_id, HumanTask.status == "open")
            return session.scalar(select)

    def _review(self) -> None:
        task = self._open()
        if task is None:
            return
        answers: dict[str, Any] = {"suggestion": "agree", "review_opinion": "经核实情况属实，临时管控措施到位。"}
        if self.ends == "refused":
            answers = {"suggestion": "refuse", "review_opinion": "经核实设备已到货，可以按期完成。"}
        else:
            answers["suggested_due_on"] = task.data["new_due_on"]
        self.play.do(task, self.play.candidates(task)[0], answers)
        if self.ends != "open":
            self.play.later(1, 9, self._decide)

    def _decide(self) -> None:
        task = self._open()
        if task is None:
            return
        answers: dict[str, Any] = {"decision": "refuse", "opinion": "理由不充分，按原期限整改。"}
        if self.ends == "granted":
            granted = dt.date.fromisoformat(task.data["new_due_on"]) - dt.timedelta(2)
            answers = {
                "decision": "agree",
                "approved_due_on": granted.isoformat(),
                "opinion": "同意延期，期间落实管控措施。",
            }
        self.play.do(task, self.play.candidates(task)[0], answers)


def _lead(firm: Enterprise) -> str:
    return next(lead for code, _name, _english, lead in SECTORS if code == firm.sector)
