"""Scenarios: the same engine on a database of its own, with a clock that the file moves and people who may do anything.

Service tasks run as their stand-ins, checks before a completion are taken as passed, forms are validated without
looking at people, records and files, and a process that a ladder starts is an empty one. What stands in for a child
of a detached call waits until the file says how it ends.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app import errors
from app.audit import SYSTEM, Actor
from app.clock import FixedClock, local
from app.engine.checking import Problem
from app.engine.checking.problem import ERROR
from app.engine.checking.scenarios import Scenario, ScenarioError, Step, read_scenarios
from app.engine.engine import Engine
from app.engine.models import Fact, History, HumanTask, Incident, Instance, Subscription
from app.engine.packages.diagram import read_diagram
from app.engine.packages.package import Package
from app.engine.packages.staging import Stage, stage_for
from app.engine.packages.stand_ins import end_child, running_children, started_by


class Unmet(Exception):
    """Something is not as the scenario expects it; in both languages, with the node where there is one."""

    def __init__(self, zh: str, en: str, node_id: str | None = None) -> None:
        self.zh, self.en, self.node_id = zh, en, node_id
        super().__init__(en)


def run_scenarios(engine: Engine, package: Package) -> list[Problem]:
    """Play every scenario of a package that the check accepts; each failure is a problem with code `scenario`."""
    try:
        scenarios = read_scenarios(package)
    except ScenarioError:
        return []  # named by the check
    problems = []
    for scenario in scenarios:
        try:
            with stage_for(engine, package, FixedClock(scenario.clock), scenario.people) as stage:
                _Play(stage, scenario, package).run()
        except Unmet as unmet:
            problems.append(_problem(scenario, package, unmet.zh, unmet.en, unmet.node_id))
        except errors.DubanError as refused:
            problems.append(_problem(scenario, package, f"被拒绝：{said(refused)}", f"Refused: {said(refused)}"))
    return problems


def said(refused: errors.DubanError) -> str:
    """What an error says, field by field where it does."""
    if isinstance(refused, errors.Invalid) and refused.errors:
        return "; ".join(f"{name}: {', '.join(map(str, found))}" for name, found in refused.errors.items())
    return f"{refused.code}: {refused.detail}"


def _problem(scenario: Scenario, package: Package, zh: str, en: str, node_id: str | None = None) -> Problem:
    node = read_diagram(package.diagram).nodes.get(node_id or "")
    return Problem(
        code="scenario",
        severity=ERROR,
        zh=f"场景“{scenario.title.get('zh') or scenario.file}”：{zh}",
        en=f"Scenario {scenario.title.get('en') or scenario.file!r}: {en}",
        file=scenario.file,
        element_id=node_id,
        element_name=node.name if node else None,
        position=(node.x, node.y) if node and node.drawn else None,
    )


class _Play:
    """One scenario being played."""

    def __init__(self, stage: Stage, scenario: Scenario, package: Package) -> None:
        self.stage, self.scenario, self.package = stage, scenario, package
        self.clock: Any = stage.clock
        self.instance_id = ""
        self.seen = 0

    def run(self) -> None:
        # Without starters only ladders and service tasks start it, and they do so as the system.
        by = _actor(self.scenario.starter) if self.package.manifest.get("starters") else SYSTEM
        started = self.stage.start(self.package.key, self.scenario.data, by=by, as_form=self._asks())
        self.instance_id = started.instance_id
        self.stage.deliver_all()  # the children that it started
        self._no_incident()
        for number, step in enumerate(self.scenario.steps, 1):
            try:
                self._step(step)
                self._no_incident()
                self._after(step)
            except Unmet as unmet:
                where = step.complete or step.advance or step.message or step.signal or step.child or step.until
                zh, en = f"第 {number} 步（{where}）：{unmet.zh}", f"step {number} ({where}): {unmet.en}"
                raise Unmet(zh, en, unmet.node_id or step.complete) from None
        self._at_the_end()

    def _asks(self) -> bool:
        return bool(self.package.manifest.get("start_form")) and bool(self.package.manifest.get("starters"))

    def _step(self, step: Step) -> None:
        if step.complete:
            self._complete(step, step.complete)
        elif step.message or step.signal:
            self._send(step)
        elif step.child:
            self._end_children(step, step.child)
        else:
            self._move(step)
        self.stage.deliver_all()  # what the diagram sent

    def _complete(self, step: Step, node_id: str) -> None:
        tasks = [task for task in self._tasks() if task.node_id == node_id]
        if not tasks:
            there = ", ".join(sorted(task.node_id for task in self._tasks())) or "—"
            raise Unmet(f"没有待办“{node_id}”；待办有：{there}", f"no open task {node_id!r}; open are: {there}")
        task = _meant(tasks, step.by)
        actor = _actor(step.by or task.assignee_id or task.role or "somebody")
        try:
            self.stage.complete(task.id, step.answers, by=actor)
        except errors.Invalid as refused:
            if step.refused and set(refused.errors) == set(step.refused):
                return
            raise Unmet(f"不能提交：{said(refused)}", f"not accepted: {said(refused)}") from None
        except errors.DubanError as refused:
            raise Unmet(f"不能提交：{said(refused)}", f"not accepted: {said(refused)}") from None
        if step.refused:
            names = ", ".join(step.refused)
            raise Unmet(f"应当因 {names} 被退回，却已提交", f"should have been refused for {names}, but went through")

    def _send(self, step: Step) -> None:
        by = _actor(step.by or "somebody")
        try:
            if step.message:
                self.stage.send_message(step.message, step.correlation, step.payload, by=by)
            else:
                self.stage.send_signal(step.signal or "", step.payload, by=by)
        except errors.DubanError as refused:
            raise Unmet(f"没有送达：{said(refused)}", f"not delivered: {said(refused)}") from None

    def _end_children(self, step: Step, node_id: str) -> None:
        running = running_children(self.stage, self.instance_id, node_id, step.index)
        if not running:
            raise Unmet(f"“{node_id}”没有这样的子流程在办", f"no such child of {node_id!r} is running", node_id)
        for instance_id in running:
            end_child(self.stage, instance_id, step.status, step.data)

    def _move(self, step: Step) -> None:
        target = step.until
        if step.advance is not None:
            with self.stage.sessions() as session:
                target = self.stage.calendar.offset(session, step.advance, self.clock.now())
        assert target is not None
        if target < self.clock.now():
            raise Unmet("时钟不能后退", "the clock does not go back")
        self.stage.advance_to(target, self.clock.set)

    def _after(self, step: Step) -> None:
        fresh = self._newly_fired()
        if step.fired is not None and sorted(fresh) != sorted(step.fired):
            raise _difference("触发的定时", "timers fired", step.fired, fresh)
        if step.waiting is not None:
            waits = self._waiting()
            if sorted(waits) != sorted(step.waiting):
                raise _difference("等待消息或信号的节点", "waiting for messages or signals", step.waiting, waits)
        if step.open is not None:
            self._same_open(step.open)

    def _same_open(self, expected: Sequence[str]) -> None:
        there = [task.node_id for task in self._tasks()]
        if sorted(there) != sorted(expected):
            raise _difference("待办", "open tasks", expected, there)

    def _at_the_end(self) -> None:
        expect = self.scenario.expect
        with self.stage.sessions() as session:
            instance = session.get_one(Instance, self.instance_id)
            facts = {row.name: row for row in session.scalars(sa.select(Fact).filter_by(instance_id=instance.id))}
            passed = self._passed(session)
            data = self.stage.data(session, instance.id) if expect.get("data") else {}
        if "end" in expect and instance.end_node != expect["end"]:
            raise _difference("结束于", "ends at", [expect["end"]], [instance.end_node or instance.status])
        if "open" in expect:
            self._same_open(expect["open"])
        left = iter(passed)
        for node in expect.get("path", ()):
            if node not in left:
                raise Unmet(
                    f"没有依次经过“{node}”；经过：{' → '.join(passed)}",
                    f"did not pass {node!r} in this order; passed: {' → '.join(passed)}",
                    node,
                )
        for node in expect.get("never", ()):
            if node in passed:
                raise Unmet(f"不应经过“{node}”", f"should not pass {node!r}", node)
        self._same_children(expect.get("children", {}))
        for name, value in expect.get("facts", {}).items():
            _same("指标变量", "fact", name, value, _fact(facts.get(name)))
        for name, value in expect.get("data", {}).items():
            _same("变量", "variable", name, value, data.get(name))

    def _same_children(self, expected: Mapping[str, Any]) -> None:
        there = started_by(self.stage, self.instance_id) if expected else {}
        for node, number in expected.items():
            _same("子流程数", "number of children of", node, number, there.get(node, 0))

    def _passed(self, session: Session) -> list[str]:
        rows = session.scalars(sa.select(History).where(History.instance_id == self.instance_id).order_by(History.seq))
        return [step[0] for row in rows for step in (row.data or {}).get("path") or () if step[0]]

    def _tasks(self) -> list[HumanTask]:
        with self.stage.sessions() as session:
            select = sa.select(HumanTask).filter_by(instance_id=self.instance_id, status="open")
            return list(session.scalars(select.order_by(HumanTask.id)))

    def _waiting(self) -> list[str]:
        with self.stage.sessions() as session:
            select = sa.select(Subscription.node_id).filter_by(instance_id=self.instance_id, state="waiting")
            return list(session.scalars(select))

    def _newly_fired(self) -> list[str]:
        with self.stage.sessions() as session:
            rows = session.scalars(
                sa.select(History)
                .where(
                    History.instance_id == self.instance_id,
                    History.seq > self.seen,
                    History.event.in_(list(_CLOCKED)),
                )
                .order_by(History.seq)
            ).all()
        self.seen = max((row.seq for row in rows), default=self.seen)
        return [label(row) for row in rows]

    def _no_incident(self) -> None:
        with self.stage.sessions() as session:
            incident = session.scalar(sa.select(Incident).where(Incident.resolved_at.is_(None)).limit(1))
        if incident is not None:
            raise Unmet(f"流程出现异常：{incident.message}", f"incident: {incident.message}", incident.node_id)


# What the clock does, as history and as scenarios call it.
_CLOCKED = {"task.reminded": "remind", "task.overdue": "overdue", "task.escalated": "ladder", "timer.fired": "event"}


def label(row: History) -> str:
    """`remind rectify`, `overdue rectify`, `ladder rectify 2`, `event late`."""
    level = (row.data or {}).get("level")
    return f"{_CLOCKED[row.event]} {row.node_id}" + (f" {level}" if level else "")


def _meant(tasks: Sequence[HumanTask], by: str | None) -> HumanTask:
    """Where several sign: the row of whoever acts, the first one's where the scenario does not say who it is."""
    if by is None or tasks[0].signing_id is None:
        return tasks[0]
    own = [task for task in tasks if task.assignee_id in (by[:32], None)]
    if not own:
        there = ", ".join(sorted(task.assignee_name for task in tasks))
        raise Unmet(f"“{by}”不是待签署的人；待签署：{there}", f"{by!r} is not asked to sign; asked are: {there}")
    return own[0]


def _actor(word: str) -> Actor:
    return Actor(id=word[:32], name=word, org_id=f"org_{word}"[:32], org_name=word)


def _fact(row: Fact | None) -> Any:
    if row is None:
        return None
    found = [value for value in (row.text, row.number, row.at) if value is not None]
    return found[0] if found else None


def _same(zh: str, en: str, name: str, expected: Any, found: Any) -> None:
    if isinstance(found, dt.datetime):
        found = local(found).isoformat()
    if expected != found:
        raise Unmet(
            f"{zh} {name} 应为 {expected!r}，实为 {found!r}",
            f"the {en} {name} should be {expected!r}, but is {found!r}",
        )


def _difference(zh: str, en: str, expected: Sequence[str], found: Sequence[str]) -> Unmet:
    wanted, there = ", ".join(sorted(expected)) or "—", ", ".join(sorted(found)) or "—"
    return Unmet(f"{zh}应为：{wanted}；实为：{there}", f"{en} should be: {wanted}; found: {there}")
