"""Nothing is accepted and then not executed: each runs to BPMN's result, saved and restored after every step, or is
refused by name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from app.engine import History, Instance
from app.engine.running import serializing
from app.engine.running.checkout import load_turn, unsealed
from app.engine.running.serializing import fingerprint
from tests.engine.conformance.table import REFUSED, RUNS, Case, Do
from tests.engine.conftest import World

pytestmark = pytest.mark.one_database  # what a diagram means; storing and restoring on both is tested elsewhere


def errors_of(world: World, case: Case) -> list[Any]:
    return [
        problem
        for problem in world.engine.check(case.package, known={one.key: one for one in case.others})
        if problem.severity == "error"
    ]


@pytest.fixture(autouse=True)
def a_service(world: World) -> None:
    world.engine.service_task("sample.double")(lambda _call, number: {"twice": number * 2})


@pytest.mark.parametrize("case", RUNS, ids=lambda case: case.what)
def test_it_runs_to_the_result_that_bpmn_gives(world: World, again: Callable[[], World], case: Case) -> None:
    assert [problem.as_text() for problem in errors_of(world, case)] == []
    for one in (*case.others, case.package):
        world.deploy(one)
    with world.sessions() as session:
        loaded = world.engine.published(session, case.package.key)
    assert loaded is not None
    before = fingerprint(loaded.specs)
    instance = begin(world, case)
    world.engine.deliver_all()
    assert world.open_nodes(instance) == sorted(case.begin)
    for step in case.steps:
        world = again()  # a new engine: everything comes from what was stored
        come_back_as_stored(world, instance)
        do(world, instance, step)
        world.engine.deliver_all()
        assert world.open_nodes(instance) == sorted(step.open), step
        assert [incident.message for incident in world.incidents(instance)] == []
    row = world.instance(instance)
    assert (row.status, row.end_node) == ("ended", case.end)
    passed = [node for line in world.rows(History, instance) for node, _before in (line.data or {}).get("path", ())]
    left = iter(passed)
    assert all(node in left for node in case.passed), passed
    assert not set(case.never) & set(passed), passed
    with world.sessions() as session:
        data = world.engine.data(session, instance)
    assert {name: data.get(name) for name in case.values} == dict(case.values)
    assert fingerprint(loaded.specs) == before


def begin(world: World, case: Case) -> str:
    if case.started_by == "message":
        return str(world.engine.send_message("start", "A", case.data, by=world.person("zhao")).instance_id)
    if case.started_by == "signal":
        world.engine.send_signal("start", case.data, by=world.person("zhao"))
        world.engine.deliver_all()
        with world.sessions() as session:
            return session.query(Instance).filter_by(definition_key=case.package.key).one().id
    return world.start(case.package.key, case.data)


def do(world: World, instance: str, step: Do) -> None:
    if step.complete:
        world.complete(instance, step.complete)
    elif step.days:
        world.advance(days=step.days)
    elif step.message:
        world.engine.send_message(step.message, "A", step.payload, by=world.person("zhao"))
    elif step.signal:
        world.engine.send_signal(step.signal, step.payload, by=world.person("zhao"))


def come_back_as_stored(world: World, instance: str) -> None:
    with world.sessions() as session:
        turn = load_turn(world.engine, session, instance, world.person("zhao"))
        serializing.require_round_trip(unsealed(world.engine, turn.instance), turn.loaded.specs)


@pytest.mark.parametrize("case", REFUSED, ids=lambda case: case.what)
def test_it_is_refused_by_name(world: World, case: Case) -> None:
    found = errors_of(world, case)
    assert case.code in [problem.code for problem in found], [problem.as_text() for problem in found]
