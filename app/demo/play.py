"""Plays the stories: people of the demo city do their work in the order of its instants, between them the clock runs."""

from __future__ import annotations

import datetime as dt
import heapq
import io
import itertools
from collections.abc import Callable
from typing import Any

import sqlalchemy as sa

from app import files
from app.audit import Actor
from app.calendars import office
from app.clock import SHANGHAI, FixedClock, local
from app.db import write_transaction
from app.demo import campaigning, consulting, inspecting, supervising, troubles
from app.demo.hazards import NODES, Hazard
from app.demo.photos import SCENES, draw
from app.demo.population import Population
from app.demo.routine import carry_on
from app.demo.stories import STORIES
from app.engine import Engine, HumanTask

Act = Callable[[], None]
_BETWEEN = dt.timedelta(minutes=50)


class Play:
    """One run. Acts wait in a heap by their instant; each may put further ones there."""

    def __init__(self, engine: Engine, clock: FixedClock, population: Population, until: dt.datetime) -> None:
        self.engine, self.clock, self.population, self.until = engine, clock, population, until
        self._acts: list[tuple[dt.datetime, int, Act]] = []
        self._turn = itertools.count()
        self._photo = itertools.count()
        self._scenes: dict[tuple[int, bool], str] = {}
        self.methods: dict[str, str] = {}  # topic of a consultation → how its experts are chosen
        self._looked = clock.now()  # when people last looked what had waited long enough
        self.put_off: dict[str, dt.datetime] = {}  # task → before when nobody looks at it again
        self._able: dict[tuple[str | None, str | None], list[Actor]] = {}
        with engine.sessions() as session:
            self._office = office(session)

    @property
    def today(self) -> dt.date:
        """The day of installation."""
        return local(self.until).date()

    def run(self, *, size: int, everyday: int | None = None) -> None:
        stories = [story for _copy in range(size) for story in STORIES]
        for number, story in enumerate(stories):
            at = self.instant(local(self.until).date() - dt.timedelta(story.ago), 9 + number % 8, number * 7 % 60)
            Hazard(self, story, number).begin(min(at, self.until - dt.timedelta(minutes=5 + number % 50)))
        campaigning.begin(self)
        inspecting.begin(self, everyday or inspecting.EVERYDAY)
        for part in (consulting, supervising, troubles):
            part.begin(self)
        self.at(self.until - dt.timedelta(minutes=2), self._last_day)
        while self._acts:
            at, _turn, act = heapq.heappop(self._acts)
            self._run_to(at)
            act()
        self._run_to(self.until)

    def later(self, days: float, hour: int, act: Act, *, after: dt.datetime | None = None) -> None:
        """On the first work day at least so many days after now (or after an instant), if that is not in the future."""
        base = local(after or self.clock.now())
        day = (base + dt.timedelta(days=days)).date()
        at = self.instant(day, hour, (hour * 13 + len(self._acts) * 7) % 60)
        self.at(max(at, self.clock.now() + dt.timedelta(minutes=20)), act)

    def later_on(self, day: dt.date, hour: int, act: Act) -> None:
        """On that day, or on the first work day after it."""
        self.at(self.instant(day, hour, len(self._acts) * 7 % 60), act)

    def in_minutes(self, minutes: int, act: Act) -> None:
        self.at(self.clock.now() + dt.timedelta(minutes=minutes), act)

    def office_day(self, day: dt.date) -> dt.date:
        return day if self._office.is_work_day(day) else self._office.next_work_day(day)

    def past_day(self, ago: int) -> dt.date:
        """The last work day that lies at least so many days before the day of installation."""
        day = local(self.until).date() - dt.timedelta(ago)
        while not self._office.is_work_day(day):
            day -= dt.timedelta(1)
        return day

    def on(self, ago: int, hour: int, act: Act, *, minute: int = 0) -> None:
        """So many days before the day of installation, or on the last work day before that."""
        self.at(self.instant(self.past_day(ago), hour, minute), act)

    def at(self, at: dt.datetime, act: Act) -> None:
        if at < self.until:
            heapq.heappush(self._acts, (at, next(self._turn), act))

    def instant(self, day: dt.date, hour: int, minute: int) -> dt.datetime:
        return dt.datetime.combine(self.office_day(day), dt.time(hour, minute), tzinfo=SHANGHAI)

    def _run_to(self, at: dt.datetime) -> None:
        if at > self.clock.now():
            self.engine.advance_to(at, self.clock.set)
        if at - self._looked >= _BETWEEN or at == self.until:
            self._looked = at
            carry_on(self)

    # -- what people do besides

    def _last_day(self) -> None:
        """Two reports are voided with a reason, the office urges what is late, and people claim some of their work."""
        with self.engine.sessions() as session:
            fresh = session.scalars(
                sa.select(HumanTask)
                .where(HumanTask.node_id == "grade", HumanTask.status == "open", HumanTask.org_id.is_not(None))
                .order_by(HumanTask.created_at)
            ).all()
            late = session.scalars(
                sa.select(HumanTask)
                .where(
                    HumanTask.status == "open",
                    HumanTask.due_at < self.clock.now(),
                    HumanTask.node_id.in_(("rectify", "receive")),
                )
                .limit(4)
            ).all()
        for task, reason in zip(
            fresh[:2], ("现场核实，与昨日登记的隐患重复。", "登记时选错企业，已另行登记。"), strict=False
        ):
            self.engine.cancel(task.instance_id, reason, by=self.population.people["wangjianguo"])
        people = self.population.people
        for task in late:
            self.engine.urge(task.id, "已超期，请今日反馈整改进展。", by=people["wangjianguo"])
            self.engine.copy(task.id, [str(people["linhaifeng"].id)], by=people["wangjianguo"])
        self._claims()
        troubles.suspend_one(self)

    def _claims(self) -> None:
        """Two of three open tasks are in somebody's hands already, the rest waits to be claimed."""
        with self.engine.sessions() as session:
            waiting = session.scalars(
                sa.select(HumanTask)
                .where(HumanTask.status == "open", HumanTask.assignee_id.is_(None))
                .order_by(HumanTask.created_at, HumanTask.id)
            ).all()
        for number, task in enumerate(waiting):
            if number % 3 != 2 and (able := self.candidates(task)):
                self.engine.claim(task.id, by=able[0])

    # -- helpers of the stories

    def do(self, task: HumanTask, by: Actor, answers: dict[str, Any]) -> None:
        self.engine.complete(task.id, answers, by=by)

    def open_task(self, instance_id: str, step: str) -> HumanTask | None:
        with self.engine.sessions() as session:
            return session.scalar(
                sa.select(HumanTask).where(
                    HumanTask.instance_id == instance_id,
                    HumanTask.status == "open",
                    HumanTask.node_id.in_(NODES[step]),
                )
            )

    def candidates(self, task: HumanTask) -> list[Actor]:
        """Who may do it: the holder, or the candidates with people of the first line before their heads."""
        if task.assignee_id:
            return [actor for actor in self.population.people.values() if actor.id == task.assignee_id]
        if (task.role, task.org_id) not in self._able:  # nobody comes or goes during the play
            with self.engine.sessions() as session:
                found = {one.id for one in self.engine.directory.candidates(session, task.role, task.org_id)}
            able = [actor for actor in self.population.people.values() if actor.id in found]
            self._able[task.role, task.org_id] = able
        return self._able[task.role, task.org_id]

    def photo(self, by: Actor, *, after: bool) -> str:
        """A photo handed in by this person now, stored like any upload; its id. Every scene is uploaded once."""
        number = next(self._photo)
        scene = (number % SCENES, after)
        known = self._scenes.get(scene)
        prepared = files.prepare(io.BytesIO(draw(*scene)), f"IMG_{number:04d}.jpg", photo=True) if not known else None
        with self.engine.sessions() as session, write_transaction(session):
            if prepared is None:
                return files.duplicate(session, [str(known)], by=by, now=self.clock.now())[0]
            self._scenes[scene] = files.keep(session, prepared, by=by, now=self.clock.now()).id
            return self._scenes[scene]
