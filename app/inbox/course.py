"""The course of an instance: its strip, its timeline and its people, for the task page and the instance page."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from app import files, forms, web
from app.calendars import day_text, deadline_of, this_office
from app.clock import local
from app.engine import HumanTask, Instance, Loaded
from app.i18n import _, bilingual, pick
from app.inbox import queries, strip, timeline
from app.inbox.closed import closed_flows
from app.inbox.mainline import HUMAN, STEPS
from app.inbox.upcoming import expected


@dataclass(frozen=True)
class Course:
    """Everything a page shows of an instance beside the one task."""

    instance: Instance
    loaded: Loaded
    tasks: list[HumanTask]
    strip: strip.Strip
    entries: list[timeline.Entry]
    closed: frozenset[str]  # flows that can no longer be taken

    @property
    def open_tasks(self) -> list[HumanTask]:
        return [task for task in self.tasks if task.status == "open"]

    @property
    def urging(self) -> list[timeline.Entry]:
        """Urges, reminders and escalations among the entries (督办)."""
        return [entry for entry in self.entries if entry.event in timeline.URGING]

    @property
    def day(self) -> int:
        """Which day of the whole this is, from 1."""
        last = self.instance.ended_at or web.clock().now()
        return (local(last).date() - local(self.instance.started_at).date()).days + 1


def course_of(session: Session, instance: Instance, user: Any) -> Course:
    engine = web.engine()
    loaded = engine.definition(session, instance.definition_id)
    tasks = queries.tasks_of(session, instance.id)
    progress = engine.progress(session, instance.id)
    words = _Words(session, tasks, user)
    closed = closed_flows(engine, loaded, progress, words.data)
    return Course(
        instance,
        loaded,
        tasks,
        strip.draw(loaded, progress, words.under, closed),
        timeline.timeline(session, loaded, instance.id, tasks, this_office()),
        closed,
    )


@dataclass(frozen=True)
class Filled:
    """What somebody filled in: the start form or a step's."""

    title: str
    who: str
    at: dt.datetime
    answers: list[forms.Shown]


def filled(session: Session, course: Course) -> list[Filled]:
    """Everything filled in so far, newest first; a repeated step with what each round said."""
    found = []
    for task in course.tasks:
        form = course.loaded.form(task.form)
        if form and task.answers and task.completed_at:
            shown = forms.shown_answers(form, task.answers, session, task.data)
            found.append(
                Filled(bilingual(task.name_zh, task.name_en), task.completed_by_name, task.completed_at, shown)
            )
    if start := course.loaded.form(course.loaded.manifest.get("start_form")):
        given = queries.start_data(session, course.instance.id)
        shown = forms.shown_answers(start, given, session)
        title = pick(start.get("title")) or _("发起")
        found.insert(0, Filled(title, course.instance.starter_name, course.instance.started_at, shown))
    return [one for one in reversed(found) if one.answers]


def attachments(session: Session, instance_id: str) -> list[files.Attachment]:
    return files.of_instance(session, instance_id)


class _Words:
    """What stands under each node of the strip."""

    def __init__(self, session: Session, tasks: Sequence[HumanTask], user: Any) -> None:
        self.session, self.user = session, user
        self.open: dict[str, list[HumanTask]] = {}
        for task in tasks:
            if task.status == "open":
                self.open.setdefault(task.node_id, []).append(task)
        self.data: Mapping[str, Any] = tasks[-1].data | (tasks[-1].answers or {}) if tasks else {}

    def under(self, node: Any, state: Any) -> str:
        """3月24日 孙强; 您，剩 3 时 10 分; or who is expected."""
        if state is not None and state.state == "done" and state.at is not None:
            who = (node.kind in HUMAN and state.who) or _("系统")  # whoever let it go on did nothing there
            return f"{day_text(local(state.at).date(), local(web.clock().now()).date())} {who}"
        if state is not None and state.state == "now":
            return self._present(self.open[node.id]) if node.id in self.open else self._waits(state)
        if node.kind not in STEPS:
            return _("系统")
        return str(expected(web.engine(), self.session, node, self.data))

    def _waits(self, state: Any) -> str:
        """A token that nobody has a task for, and what it waits for."""
        if state.children is not None:
            return _("已结束 %(over)s / %(total)s", over=state.children.over, total=state.children.total)
        if state.waits is None:
            return ""
        signal = state.waits.kind == "signal"
        return (
            _("等待信号“%(name)s”", name=state.waits.name) if signal else _("等待消息“%(name)s”", name=state.waits.name)
        )

    def _present(self, tasks: Sequence[HumanTask]) -> str:
        """One's own row where several sign, else how many are still asked."""
        task = next((one for one in tasks if one.assignee_id == self.user.id), tasks[0])
        if task.assignee_id == self.user.id:
            who = _("您")
        elif len(tasks) > 1:
            who = _("待 %(n)s 人签署", n=len(tasks))
        else:
            who = task.assignee_name or (_("待签收") if timeline.has_pool(task) else _("找不到办理人，待管理员处理"))
        left = deadline_of(task)
        return who if left.state == "none" else _("%(who)s，%(left)s", who=who, left=left.text)
