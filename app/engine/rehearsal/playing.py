"""The event loop of a rehearsal: cases arrive, tasks wait for people, people work, clocks run. One virtual clock.

All cases are played by one process in the order of their instants, ties in the order in which they came about: who
waits for whom depends on everybody, and the figures must not depend on how the work is cut up.
"""

from __future__ import annotations

import datetime as dt
import heapq
import itertools
import time
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy.orm import Session

from app.audit import SYSTEM, Actor
from app.clock import SHANGHAI, FixedClock, local
from app.engine.core import Core, Loaded
from app.engine.rehearsal.cases import RUNNING, Case, Pause, Work
from app.engine.rehearsal.dice import Dice
from app.engine.rehearsal.model import CHILDREN, NATURAL, TOTAL, USUAL, WORK_DAYS, Capacity, Model, Step
from app.engine.rehearsal.outline import Outline, Profile
from app.engine.rehearsal.shifts import Shifts, Span, day_of
from app.engine.rehearsal.tally import Tally

UNFIT = (LookupError, TypeError, ValueError, AttributeError)  # what a form file full of mistakes leads to
NOBODY = -1  # whose luck is that of the day, not of a case
START = "@start"  # the step whose answers a start form gets


class Cancelled(Exception):
    """Whoever asked for the rehearsal wants no more of it."""


class TookTooLong(Exception):
    """The rehearsal did not end within the time that it may take."""


@dataclass
class Desk:
    """The people of one role and what waits for them: first come, first served."""

    capacity: Capacity
    idle: list[int] = field(default_factory=list)
    queue: deque[Work] = field(default_factory=deque)

    def __post_init__(self) -> None:
        self.idle = list(range(self.capacity.people))


@dataclass(eq=False)
class Job:
    """A task that somebody has taken up."""

    work: Work
    desk: Desk
    person: int
    parts: list[tuple[dt.date, int]]
    freed: bool = False


class Play:
    """One rehearsal under way. `tell(begun, over, now)` hears of it about once a second and may raise Cancelled."""

    def __init__(
        self,
        stage: Core,
        session: Session,
        loaded: Loaded,
        outline: Outline,
        model: Model,
        shifts: Shifts,
        tell: Callable[[int, int, dt.datetime], None] | None = None,
        seconds: float = 600,
    ) -> None:
        self.stage, self.session, self.loaded = stage, session, loaded
        self.outline, self.model, self.shifts = outline, model, shifts
        self.tell, self.seconds = tell, seconds
        self.clock: FixedClock = stage.clock  # type: ignore[assignment]
        self.tally = Tally(outline, model, shifts)
        self.desks: dict[str, Desk] = {}
        self.jobs: defaultdict[int, dict[str, Job]] = defaultdict(dict)  # by case
        self.timers: dict[int, int] = {}  # case → the instant at which its next timer is due
        self.dice: dict[int, Dice] = {}
        self.known: dict[int, set[str]] = {}  # waits of a case that have their event already
        self.events: list[tuple[int, int, Callable[..., None], tuple[Any, ...]]] = []
        self.order = itertools.count()
        self.begun = self.over = 0
        self.first = int(dt.datetime.combine(model.start, dt.time(), tzinfo=SHANGHAI).timestamp())
        self.last = self.first + model.days * 86400
        self.horizon = self.last + max(model.days, 90) * 86400

    def run(self) -> Tally:
        for number, at in enumerate(arrivals(self.model, self.shifts, self.first)):
            self.at(at, self.arrive, number)
        for n in range(self.model.days):
            self.at(self.first + (n + 1) * 86400 - 1, self.close, n)
        began = said = time.monotonic()
        while self.events and self.events[0][0] <= self.horizon:
            at, _order, act, given = heapq.heappop(self.events)
            self.clock.set(dt.datetime.fromtimestamp(at, dt.UTC))
            act(*given)
            now = time.monotonic()
            if now - said > 1 and self.tell is not None:
                said = now
                self.tell(self.begun, self.over, self.clock.now())
            if now - began > self.seconds:
                raise TookTooLong(f"{self.seconds:g} s")
        self.tally.finish(dt.datetime.fromtimestamp(self.horizon, dt.UTC))
        return self.tally

    def at(self, when: int, act: Callable[..., None], *given: Any) -> None:
        heapq.heappush(self.events, (when, next(self.order), act, given))

    @property
    def now(self) -> int:
        return int(self.clock.now().timestamp())

    # -- what happens

    def arrive(self, number: int) -> None:
        dice = self.dice[number] = Dice(self.model.seed, number)
        case = Case(number, self.stage, self.session, self.loaded)
        profile = self._profile(dice)
        by = SYSTEM
        asked = bool(self.loaded.manifest.get("starters"))
        if asked:
            word = profile.starter
            by = Actor(id=word[:32], name=word, org_id=f"org_{word}"[:32], org_name=word)
        self.begun += 1
        self.tally.arrived(case)
        try:
            data = self._start_data(profile, dice)
        except UNFIT as error:
            case.cannot_be_filled_in(None, error)
        else:
            case.start(data, by, as_form=asked)
        self.follow(case)

    def close(self, number: int) -> None:
        """The end of a day: what still waits in front of each role."""
        day = self.model.start + dt.timedelta(number)
        for role, desk in sorted(self.desks.items()):
            self.tally.day_ends(role, day, [work for work in desk.queue if work.state == "queued"])

    def done(self, job: Job) -> None:
        work = job.work
        if work.state != "running":
            return
        case = work.case
        self.tally.done(work, self.clock.now())
        self.jobs[case.number].pop(work.id, None)
        try:
            answers = self._answers(work)
        except UNFIT as error:
            case.cannot_be_filled_in(work.node_id, error)
        else:
            case.complete(work, answers)
        self.follow(case)

    def free(self, job: Job) -> None:
        if not job.freed:
            job.freed = True
            heapq.heappush(job.desk.idle, job.person)
            self.dispatch(job.desk)

    def timer(self, case: Case, at: int) -> None:
        if case.status != RUNNING or self.timers.get(case.number) != at:
            return
        self.timers.pop(case.number)
        case.fire(self.clock.now())
        self.follow(case, fired=at)

    def message(self, pause: Pause) -> None:
        case = pause.case
        if case.status == RUNNING and pause.spiff_id in case.pauses:
            wait = self.outline.waits.get(pause.node_id)
            outcomes = wait.outcomes if wait else ()
            weights = self._step(pause.node_id).outcomes or tuple(1.0 for _one in outcomes)
            chosen = self.dice[case.number].index(weights[: len(outcomes)], pause.node_id, pause.visit, "outcome")
            data = outcomes[chosen or 0].data if outcomes else {}
            case.deliver(pause, self._moved(data, None))
            self.follow(case)

    def children(self, pause: Pause, records: list[dict[str, Any]]) -> None:
        case = pause.case
        if case.status == RUNNING and pause.spiff_id in case.pauses:
            case.go_on(pause, records)
            self.follow(case)

    # -- what follows from it

    def follow(self, case: Case, fired: int | None = None) -> None:
        """After a turn: new tasks go to their desks, new waits get their ends, the next timer its place."""
        known = self.known.setdefault(case.number, set())
        jobs = self.jobs[case.number]
        for key in [key for key, job in jobs.items() if job.work.state == "gone"]:
            self._drop(jobs.pop(key))
        for work in case.open.values():
            if work.id not in known:
                known.add(work.id)
                self.tally.created(work)
                self.enqueue(work)
        for pause in case.pauses.values():
            if pause.spiff_id not in known:
                known.add(pause.spiff_id)
                self.tally.waits(pause)
                self._await(pause)
        if case.status != RUNNING:
            self.over += 1
            self.tally.over(case)
            for gone in (self.known, self.dice, self.timers, self.jobs):
                gone.pop(case.number, None)
            return
        due = case.next_timer()
        at = None if due is None else max(self.now, int(due.timestamp()) + (due.microsecond > 0))
        if at is None:
            self.timers.pop(case.number, None)
        elif self.timers.get(case.number) != at:
            self.timers[case.number] = at if at != fired else at + 1  # one that is paused or failed does not spin
            self.at(self.timers[case.number], self.timer, case, self.timers[case.number])

    def enqueue(self, work: Work) -> None:
        desk = self.desks.get(work.role)
        if desk is None:
            desk = self.desks[work.role] = Desk(self.model.roles.get(work.role, USUAL))
        desk.queue.append(work)
        self.dispatch(desk)

    def dispatch(self, desk: Desk) -> None:
        while desk.queue and desk.idle:
            work = desk.queue.popleft()
            if work.state == "queued":
                self._take_up(work, desk, heapq.heappop(desk.idle))

    def _take_up(self, work: Work, desk: Desk, person: int) -> None:
        step, now = self._step(work.node_id), self.now
        hours = self.hours(work)
        effort = min(hours, step.busy) if step.clock == NATURAL else hours
        begun, ends, parts = self.shifts.work(now, round(effort * 3600), desk.capacity.hours)
        done = max(ends, begun + round(hours * 3600)) if step.clock == NATURAL else ends
        work.state = "running"
        job = self.jobs[work.case.number][work.id] = Job(work, desk, person, parts)
        self.tally.taken_up(work, dt.datetime.fromtimestamp(begun, dt.UTC))
        self.tally.busy(work.role, parts)
        self.at(ends, self.free, job)
        self.at(done, self.done, job)

    def _drop(self, job: Job) -> None:
        """What somebody was at is not to be done any more: he is free for the next."""
        if not job.freed:
            today = day_of(self.now)
            self.tally.busy(job.work.role, [(day, -seconds) for day, seconds in job.parts if day > today])
            self.free(job)

    def hours(self, work: Work) -> float:
        step = self._step(work.node_id)
        dice = self.dice[work.case.number]
        return dice.hours(step.median, step.p90, work.node_id, work.visit, work.actor.id, "hours")

    def _await(self, pause: Pause) -> None:
        step, dice = self._step(pause.node_id), self.dice[pause.case.number]
        names = (pause.node_id, pause.visit)
        if pause.kind == CHILDREN:
            self._await_children(pause, step, dice)
        elif dice.at(*names, "chance") < step.chance:
            self.at(self._later(step, dice, *names, "hours"), self.message, pause)

    def _await_children(self, pause: Pause, step: Step, dice: Dice) -> None:
        """The call goes on as soon as it says, at the end of one of its children."""
        wait = self.outline.waits.get(pause.node_id)
        outcomes = wait.outcomes if wait else ()
        weights = step.outcomes or tuple(1.0 for _one in outcomes)
        ends: list[tuple[int, int]] = []
        chosen = []
        for child in range(pause.called):
            names = (pause.node_id, pause.visit, child)
            ends.append((self._later(step, dice, *names, "hours"), child))
            chosen.append(outcomes[dice.index(weights[: len(outcomes)], *names, "outcome") or 0])
        over: Counter[str] = Counter()
        ended: set[int] = set()
        last = self.now
        for at, child in sorted(ends):
            last = at
            over[chosen[child].status] += 1
            ended.add(child)
            if pause.case.is_enough(pause, over):
                break
        records = [
            pause.case.taken_of(pause, self._moved(one.data, None))
            | {
                "id": f"child-{pause.case.number}-{pause.node_id}-{pause.visit}-{child}",
                "index": child,
                "business_key": None,
                "status": one.status if child in ended else "cancelled",
                "end": "end" if child in ended and one.status == "ended" else None,
            }
            for child, one in enumerate(chosen)
        ]
        self.at(last, self.children, pause, records)

    def _later(self, step: Step, dice: Dice, *names: object) -> int:
        seconds = round(dice.hours(step.median, step.p90, *names) * 3600)
        return self.now + seconds if step.clock == NATURAL else self.shifts.work(self.now, seconds, None)[1]

    # -- what is answered

    def _step(self, node_id: str) -> Step:
        return self.model.steps.get(node_id) or Step()

    def _profile(self, dice: Dice) -> Profile:
        profiles = self.outline.profiles
        weights = self.model.starts[: len(profiles)] or tuple(1.0 for _one in profiles)
        return profiles[dice.index(weights, START) or 0]

    def _start_data(self, profile: Profile, dice: Dice) -> dict[str, Any]:
        given = self._moved(profile.data, profile)
        form = self.loaded.form(self.loaded.manifest.get("start_form"))
        if form is None or self.stage.forms is None or not self.loaded.manifest.get("starters"):
            return given
        choose = self._chooser(dice, START, 1)
        return self.stage.forms.fill(form, data={}, now=self.clock.now(), choose=choose, given=given)

    def _answers(self, work: Work) -> dict[str, Any]:
        form = self.loaded.form(work.row["form"])
        if form is None or self.stage.forms is None:
            return {}
        return self.stage.forms.fill(
            form,
            data=work.case.data_of(work),
            now=self.clock.now(),
            choose=self._chooser(self.dice[work.case.number], work.node_id, work.visit, work.actor.id),
            given=self.outline.samples.get(work.node_id, {}),
        )

    def _chooser(self, dice: Dice, node_id: str, *names: object) -> Callable[[str], str | None]:
        answers = self._step(node_id).answers if node_id in self.model.steps else {}
        return lambda name: dice.one(answers.get(name, {}), node_id, *names, name)

    def _moved(self, data: Mapping[str, Any], profile: Profile | None) -> dict[str, Any]:
        """Days that a scenario names are as far ahead of now as they were of its own clock."""
        own = profile.scenario.clock if profile and profile.scenario else self.outline.clock
        if own is None:
            return dict(data)
        days = (local(self.clock.now()).date() - local(own).date()).days
        found: dict[str, Any] = _shifted(dict(data), dt.timedelta(days))
        return found


def _shifted(value: Any, by: dt.timedelta) -> Any:
    if isinstance(value, dict):
        return {key: _shifted(item, by) for key, item in value.items()}
    if isinstance(value, list):
        return [_shifted(item, by) for item in value]
    if isinstance(value, str) and len(value) in range(10, 33) and value[4:5] == value[7:8] == "-":
        try:
            return (
                (dt.date.fromisoformat(value) + by).isoformat()
                if len(value) == 10
                else (dt.datetime.fromisoformat(value) + by).isoformat()
            )
        except ValueError:
            return value
    return value


def arrivals(model: Model, shifts: Shifts, first: int) -> list[int]:
    """Instants, in order: spread evenly by chance over the office time of the period, or over all of it.

    By day or week each day draws how many come; which day it is counts, not how many came before it: a longer period
    begins as the shorter one does.
    """
    if model.per != TOTAL:
        return _by_day(model, shifts, first)
    slots = [
        span
        for n in range(model.days)
        for day in (model.start + dt.timedelta(n),)
        for span in (
            shifts.spans(day, None) if model.arrivals == WORK_DAYS else ((first + n * 86400, first + (n + 1) * 86400),)
        )
    ]
    if not slots:
        slots = [(first, first + model.days * 86400)]
    total = sum(end - start for start, end in slots)
    wanted = sorted(int(Dice(model.seed, n).at("arrival") * total) for n in range(model.count))
    return _placed(wanted, slots)


def _placed(wanted: list[int], slots: Sequence[Span]) -> list[int]:
    """Seconds of the slots' time, in order, as instants."""
    found, passed, at = [], 0, 0
    for seconds in wanted:
        while at < len(slots) - 1 and seconds - passed >= slots[at][1] - slots[at][0]:
            passed += slots[at][1] - slots[at][0]
            at += 1
        found.append(slots[at][0] + seconds - passed)
    return found


def _by_day(model: Model, shifts: Shifts, first: int) -> list[int]:
    dice, found = Dice(model.seed, NOBODY), list[int]()
    for n in range(model.days):
        day = model.start + dt.timedelta(n)
        whole_day = ((first + n * 86400, first + (n + 1) * 86400),)
        slots = shifts.spans(day, None) if model.arrivals == WORK_DAYS else whole_day
        total = sum(end - start for start, end in slots)
        if total:
            come = dice.count(model.a_day, "come", day)
            found += _placed(sorted(int(dice.at("at", day, k) * total) for k in range(come)), slots)
    return found
