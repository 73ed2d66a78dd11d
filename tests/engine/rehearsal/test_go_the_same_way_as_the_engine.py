"""What a rehearsal shows is what production does: the shipped scenarios take the same way through both."""

from __future__ import annotations

import datetime as dt
from collections import Counter

import pytest
from flask import Flask

from app.audit import SYSTEM
from app.clock import FixedClock
from app.config import ROOT
from app.engine import Engine, Package, load_folder
from app.engine.checking.scenarios import Scenario, Step, read_scenarios
from app.engine.packages.scenarios import _actor, _Play
from app.engine.packages.staging import Stage, stage_for
from app.engine.rehearsal.cases import RUNNING, Case, Work

pytestmark = pytest.mark.one_database


class Replay:
    """The same steps, acted on a case in memory."""

    def __init__(self, stage: Stage, case: Case, scenario: Scenario) -> None:
        self.stage, self.case, self.scenario = stage, case, scenario
        self.over: dict[str, Counter[str]] = {}
        self.records: dict[str, dict[int, dict[str, object]]] = {}

    def run(self, package: Package) -> list[str]:
        asked = bool(package.manifest.get("starters"))
        by = _actor(self.scenario.starter) if asked else SYSTEM
        self.case.start(self.scenario.data, by, as_form=bool(package.manifest.get("start_form")) and asked)
        for step in self.scenario.steps:
            if self.case.status == RUNNING and not step.refused:
                self._step(step)
        assert self.case.stopped is None, self.case.stopped
        return [node for node, _parent in self.case.path]

    def _step(self, step: Step) -> None:
        case = self.case
        if step.complete:
            case.complete(self._meant(step), step.answers)
        elif step.message or step.signal:
            for pause in list(case.pauses.values()):
                node = case.loaded.nodes[pause.node_id]
                if case.loaded.diagram.names.get(node.event.ref or "" if node.event else "") == (
                    step.message or step.signal
                ):
                    case.deliver(pause, step.payload)
        elif step.child:
            self._children(step)
        else:
            self._move(step)

    def _meant(self, step: Step) -> Work:
        works = [work for work in self.case.open.values() if work.node_id == step.complete]
        own = [work for work in works if step.by in (None, work.actor.id)] or works
        own[0].actor = _actor(step.by or own[0].actor.name)
        return own[0]

    def _children(self, step: Step) -> None:
        for pause in [one for one in self.case.pauses.values() if one.node_id == step.child]:
            over, records = self.over.setdefault(pause.spiff_id, Counter()), self.records.setdefault(pause.spiff_id, {})
            for index in range(pause.called) if step.index is None else [step.index]:
                if index not in records:
                    over[step.status] += 1
                    taken = self.case.taken_of(pause, step.data)
                    records[index] = taken | {"index": index, "status": step.status, "id": f"c{index}", "end": "end"}
            if self.case.is_enough(pause, over):
                given = [
                    records.get(n, {"index": n, "status": "cancelled", "id": None, "end": None})
                    for n in range(pause.called)
                ]
                self.case.go_on(pause, [dict(one) for one in given])

    def _move(self, step: Step) -> None:
        clock: FixedClock = self.stage.clock  # type: ignore[assignment]
        target = step.until
        if step.advance is not None:
            with self.stage.sessions() as session:
                target = self.stage.calendar.offset(session, step.advance, clock.now())
        assert target is not None
        while self.case.status == RUNNING and (at := self.case.next_timer()) is not None and at <= target:
            clock.set(max(at, clock.now()))
            self.case.fire(at)
        clock.set(target.astimezone(dt.UTC))


@pytest.mark.parametrize(
    "key", ["hazard_rectification", "hazard_request", "inspection", "sector_plan", "consultation_visit"]
)
def test_every_scenario_takes_the_same_way(app: Flask, key: str) -> None:
    engine: Engine = app.extensions["duban.engine"]
    package = load_folder(ROOT / "bpmn" / key)
    for scenario in read_scenarios(package):
        with stage_for(engine, package, FixedClock(scenario.clock), scenario.people) as stage:
            play = _Play(stage, scenario, package)
            play.run()
            with stage.sessions() as session:
                expected = play._passed(session)
            clock: FixedClock = stage.clock  # type: ignore[assignment]
            clock.set(scenario.clock)
            with stage.sessions() as session:
                loaded = stage.published(session, package.key)
                assert loaded is not None
                case = Case(1, stage, session, loaded)
                assert Replay(stage, case, scenario).run(package) == expected, scenario.file
