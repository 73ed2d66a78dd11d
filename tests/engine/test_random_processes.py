"""F4: random processes × random paths, restored after every step: the same state as without restoring, the same open
steps, timers and data as the blocks say, no deadline gone, nothing for `verify` to find. And planted faults are found.

More seeds: `DUBAN_TEST_SEEDS=500`, or `python -m tests.engine.random_paths 0 1000`.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from SpiffWorkflow.bpmn.specs.defaults import ParallelGateway
from SpiffWorkflow.bpmn.specs.mixins.unstructured_join import UnstructuredJoin
from SpiffWorkflow.task import Task
from SpiffWorkflow.util.task import TaskState

from app.clock import FixedClock
from app.engine.running import compacting, going_back, serializing
from app.engine.running.acts import send_back
from app.engine.running.projections import saving
from app.engine.running.workflow import EndJoin, InclusiveJoin, ParallelJoin
from app.engine.verbs import going_back as verbs
from tests.cast import START
from tests.engine import moved_paths
from tests.engine import random_processes as r
from tests.engine.conftest import World, build, fill
from tests.engine.random_paths import Disagreement, Memory, canonical, play

SEEDS = int(os.environ.get("DUBAN_TEST_SEEDS", "10"))


@pytest.fixture
def worlds(database: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[list[World]]:
    """Two of them, for the same path twice."""
    if database == "sqlite":
        urls = []
        for name in ("one", "two"):
            shutil.copy(request.getfixturevalue("template_file"), tmp_path / f"{name}.sqlite")
            urls.append(f"sqlite:///{tmp_path / f'{name}.sqlite'}")
    else:
        urls = [request.getfixturevalue("postgres").database("engine", fill) for _name in ("one", "two")]
    made = [build(url, FixedClock(START)) for url in urls]
    yield made
    for world, url in zip(made, urls, strict=True):
        world.sessions.kw["bind"].dispose()
        if database != "sqlite":
            request.getfixturevalue("postgres").drop(url)


@pytest.mark.one_database
@pytest.mark.parametrize("seed", range(SEEDS))
def test_f4_a_random_path_leads_to_the_same_state_restored_or_not_and_to_what_the_blocks_say(
    worlds: list[World], seed: int
) -> None:
    assert play(seed, worlds)


@pytest.mark.one_database
@pytest.mark.parametrize("seed", range(r.WIDE, r.WIDE + 4))
def test_f4_the_same_with_signals_event_gateways_event_sub_processes_and_downtime(
    worlds: list[World], seed: int
) -> None:
    assert play(seed, worlds)


@pytest.mark.parametrize("seed", [1000, 1001])
def test_f4_the_same_on_either_database(worlds: list[World], seed: int) -> None:
    assert play(seed, worlds, moves=20)


@pytest.mark.one_database
@pytest.mark.parametrize("seed", [8, 18, 23])
def test_f4_an_operator_moves_tokens_and_the_instance_still_comes_to_its_end(worlds: list[World], seed: int) -> None:
    assert moved_paths.play(seed, worlds)


@pytest.mark.one_database
def test_every_process_that_is_made_passes_the_check(worlds: list[World]) -> None:
    engine = worlds[0].engine
    engine.service_task("chance.work")(lambda call, node: None)
    engine.service_task("chance.once", repeatable=False)(lambda call, node: None)
    for seed in (*range(6), *range(r.WIDE, r.WIDE + 6)):
        assert [p.code for p in engine.check(r.package(r.process(seed))) if p.severity == "error"] == []


@pytest.mark.one_database
def test_the_paths_go_through_everything_that_there_is() -> None:
    seeds = (*range(max(SEEDS, 30)), *range(r.WIDE, r.WIDE + 30))
    kinds = {type(one).__name__ for seed in seeds for one in r.inside(r.process(seed))}
    assert {
        "Step", "Script", "Service", "Wait", "Until", "Receive", "Choice", "Some", "Fork", "Loop", "Sub", "Call", "Guard",
        "Hear", "Throw", "Race",
    } <= kinds  # fmt: skip


@pytest.mark.one_database
def test_the_second_side_really_restores_nothing(worlds: list[World], monkeypatch: pytest.MonkeyPatch) -> None:
    restored = []
    honest = serializing.load
    memory = Memory()

    def watched(*args: Any) -> Any:
        restored.append(1)
        return honest(*args)

    monkeypatch.setattr(serializing, "load", watched)
    world = worlds[1]
    world.deploy(r.package(r.Seq((r.Step("a"), r.Step("b"))), "short"))
    with memory.used():
        instance = world.start("short", {"board": []})
        restored.clear()
        world.complete(instance, "a", by="zhao", v_a=1)
        assert restored == []


# -- planted faults


def naive_reset(monkeypatch: pytest.MonkeyPatch) -> None:
    """Offer every step that was done on the way here, and let SpiffWorkflow go back to it."""

    def offered(task: Task, _repeatable: Any) -> list[going_back.Way]:
        done = [one for one in going_back.ancestors(task) if going_back.is_human(one)]
        done = [one for one in done if one.task_spec is not task.task_spec]
        return [going_back.Way(one, one, task.data, {}) for one in done if one.state == TaskState.COMPLETED]

    def reset(way: going_back.Way) -> None:
        way.step.workflow.top_workflow.reset_from_task_id(way.step.id, dict(way.data))

    monkeypatch.setattr(verbs, "ways_back", offered)
    monkeypatch.setattr(send_back, "ways_back", offered)
    monkeypatch.setattr(send_back, "go_back", reset)


def careless_offer(monkeypatch: pytest.MonkeyPatch) -> None:
    """Offer every step that was done on the way here, whatever stands beside it."""

    def offered(task: Task, _repeatable: Any) -> list[going_back.Way]:
        done = [one for one in going_back.ancestors(task) if going_back.is_human(one)]
        done = [one for one in done if one.task_spec is not task.task_spec and one.state == TaskState.COMPLETED]
        return [going_back.Way(one, going_back.root_of(one), task.data, {}) for one in reversed(done)]

    monkeypatch.setattr(verbs, "ways_back", offered)
    monkeypatch.setattr(send_back, "ways_back", offered)


def naive_merge(monkeypatch: pytest.MonkeyPatch) -> None:
    for join in (ParallelJoin, EndJoin):
        monkeypatch.setattr(join, "_run_hook", UnstructuredJoin._run_hook)


def naive_join(monkeypatch: pytest.MonkeyPatch) -> None:
    """In a tree that keeps all rounds."""
    monkeypatch.setattr(saving, "compact", lambda _workflow: False)
    monkeypatch.setattr(ParallelJoin, "_check_threshold_unstructured", ParallelGateway._check_threshold_unstructured)


def impatient_join(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(InclusiveJoin, "_check_threshold_unstructured", lambda _self, _task: True)


def forgetful_load(monkeypatch: pytest.MonkeyPatch) -> None:
    """Events that wait inside a sub-process are no longer watched once it is restored."""
    honest = serializing.load

    def load(text: bytes, specs: Any) -> Any:
        workflow = honest(text, specs)
        for task_id in [key for key, task in workflow.event_manager.tasks.items() if task.workflow is not workflow]:
            del workflow.event_manager.tasks[task_id]
        return workflow

    monkeypatch.setattr(serializing, "load", load)


def greedy_compaction(monkeypatch: pytest.MonkeyPatch) -> None:
    """Dropping whatever is finished, whether somebody needs it or not."""
    honest = compacting._below

    def below(scope: Any) -> Any:
        return dict.fromkeys(honest(scope), (1, 0))

    monkeypatch.setattr(compacting, "_below", below)


def lost_reminder(monkeypatch: pytest.MonkeyPatch) -> None:
    """The deadline of a step that begins anew is not armed."""
    from app.engine.running import step_timers

    honest = step_timers.arm

    def arm(turn: Any, *rest: Any, **more: Any) -> None:
        if not turn.anew:
            honest(turn, *rest, **more)

    monkeypatch.setattr(step_timers, "arm", arm)


FAULTS: dict[Callable[[pytest.MonkeyPatch], None], int] = {
    naive_reset: 0,
    careless_offer: 0,
    naive_merge: 0,
    naive_join: 6,
    impatient_join: 4,
    forgetful_load: 1,
    greedy_compaction: 29,
    lost_reminder: 0,
}


@pytest.mark.one_database
@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
def test_a_planted_fault_is_found(
    worlds: list[World], monkeypatch: pytest.MonkeyPatch, fault: Callable[[pytest.MonkeyPatch], None]
) -> None:
    fault(monkeypatch)
    with pytest.raises(Disagreement):
        play(FAULTS[fault], worlds)


def test_what_differs_by_chance_only_is_no_difference() -> None:
    one = b'{"tasks": {"00000000-0000-0000-0000-000000000001": {"task_spec": "a", "state": 16, "data": {"n": 1}, '
    one += b'"delta": {}, "internal_data": {}, "children": []}}, "root": "00000000-0000-0000-0000-000000000001", '
    one += b'"subprocesses": {}, "completed": false, "last_task": null}'
    other = one.replace(b"0000000001", b"0000000002")
    assert canonical(one) == canonical(other)
    assert canonical(one) != canonical(one.replace(b'"n": 1', b'"n": 2'))
