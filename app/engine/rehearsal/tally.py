"""What a rehearsal counts while it runs."""

from __future__ import annotations

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from app.clock import local
from app.engine.rehearsal.cases import Case, Pause, Work
from app.engine.rehearsal.model import Model
from app.engine.rehearsal.outline import Outline
from app.engine.rehearsal.shifts import Shifts

Failing = tuple[str, str | None, str]  # kind, node, message


@dataclass
class StepTally:
    """Seconds of each task of a step, `waiting` in office time: nobody waits for the office to open."""

    created: int = 0
    waiting: list[float] = field(default_factory=list)
    working: list[float] = field(default_factory=list)
    late: int = 0
    gone: int = 0
    overdue: int = 0  # past due, done or not
    with_due: int = 0
    rungs: Counter[int] = field(default_factory=Counter)
    waiting_since: dict[str, dt.datetime] = field(default_factory=dict)


@dataclass
class RoleTally:
    """Seconds worked by day, and what was still waiting at the day's end: tasks, and hours of work in them."""

    busy: Counter[dt.date] = field(default_factory=Counter)
    left: dict[dt.date, int] = field(default_factory=dict)
    tasks: int = 0
    waiting: list[float] = field(default_factory=list)


class Tally:
    def __init__(self, outline: Outline, model: Model, shifts: Shifts) -> None:
        self.outline, self.model, self.shifts = outline, model, shifts
        self.steps: defaultdict[str, StepTally] = defaultdict(StepTally)
        self.roles: defaultdict[str, RoleTally] = defaultdict(RoleTally)
        self.cases: list[Case] = []
        self.passes: Counter[str] = Counter()
        self.pairs: Counter[tuple[str, str]] = Counter()
        self.reached: Counter[tuple[str, str]] = Counter()  # a token came there and did not pass (yet)
        self.ends: Counter[str] = Counter()
        self.status: Counter[str] = Counter()
        self.dead: Counter[str] = Counter()
        self.failing: Counter[Failing] = Counter()
        self.looping: Counter[str] = Counter()
        self.cycle: list[float] = []
        self.ended_on: Counter[str] = Counter()  # by month, as 2026-04
        self.arrived_on: Counter[str] = Counter()
        self.open_works: defaultdict[int, dict[str, Work]] = defaultdict(dict)  # by case
        self.end = dt.datetime.max.replace(tzinfo=dt.UTC)  # set when it is over

    # -- told by the play

    def arrived(self, case: Case) -> None:
        self.cases.append(case)
        self.arrived_on[_month(case.stage.clock.now())] += 1

    def created(self, work: Work) -> None:
        step = self.steps[work.node_id]
        step.created += 1
        step.with_due += work.due is not None
        self.roles[work.role].tasks += 1
        self.open_works[work.case.number][work.id] = work
        if work.came_from:
            self.reached[work.came_from, work.node_id] += 1

    def waits(self, pause: Pause) -> None:
        self.steps[pause.node_id].created += 1

    def taken_up(self, work: Work, at: dt.datetime) -> None:
        waited = self.shifts.between(int(work.created.timestamp()), int(at.timestamp()))
        step = self.steps[work.node_id]
        step.waiting.append(waited)
        step.waiting_since[work.id] = at
        self.roles[work.role].waiting.append(waited)

    def busy(self, role: str, parts: Sequence[tuple[dt.date, int]]) -> None:
        for day, seconds in parts:
            self.roles[role].busy[day] += seconds

    def day_ends(self, role: str, day: dt.date, left: Sequence[Work]) -> None:
        self.roles[role].left[day] = len(left)

    def done(self, work: Work, at: dt.datetime) -> None:
        step = self.steps[work.node_id]
        step.working.append((at - step.waiting_since.pop(work.id, at)).total_seconds())
        self._late(work, at, done=True)
        self.open_works[work.case.number].pop(work.id, None)

    def over(self, case: Case) -> None:
        self.status[case.status] += 1
        for node, parent in case.path:
            self.passes[node] += 1
            if parent is not None:
                self.pairs[parent, node] += 1
        often = [node for node, times in case.visits.items() if times > self.model.loops]
        for node in often:
            self.looping[node] += 1
        if case.end_node and case.status == "ended":
            self.ends[case.end_node] += 1
        for node in case.dead_at:
            self.dead[node] += 1
        if case.stopped is not None:
            self.failing[case.stopped.kind, case.stopped.node_id, case.stopped.message] += 1
        if case.status == "ended" and case.began and case.over:
            self.cycle.append((case.over - case.began).total_seconds())
            self.ended_on[_month(case.over)] += 1
        for work in self.open_works.pop(case.number, {}).values():
            self.steps[work.node_id].gone += 1
            self._late(work, case.over or self.end, done=False)
        case.path = []

    def finish(self, horizon: dt.datetime) -> None:
        """What is still under way counts as it stands."""
        self.end = horizon
        for case in self.cases:
            if case.status == "running":
                self.over(case)

    def _late(self, work: Work, at: dt.datetime, *, done: bool) -> None:
        step = self.steps[work.node_id]
        if work.due is not None and at > work.due:
            step.overdue += 1
            step.late += done
        for level, rung in enumerate(work.rungs, 1):
            step.rungs[level] += rung <= at


def _month(at: dt.datetime) -> str:
    return local(at).strftime("%Y-%m")
