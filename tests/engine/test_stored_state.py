"""A state that was damaged, put back or written by another version is never restored; the others go on."""

from __future__ import annotations

from uuid import uuid4

import pytest
import sqlalchemy as sa

from app import errors
from app.db import new_id, write_transaction
from app.engine import History, HumanTask, Instance, Timer
from app.engine.running.acts import complete
from tests.engine import diagrams as d
from tests.engine.conftest import START, World

CASE = d.package("case", d.user("act"), d.user("look"), d.end())


def change(world: World, instance: str, **values: object) -> None:
    with world.sessions() as session, write_transaction(session):
        session.execute(sa.update(Instance).where(Instance.id == instance).values(**values))


def state_of(world: World, instance: str) -> tuple[bytes, str]:
    with world.sessions() as session:
        row = session.execute(sa.select(Instance.state, Instance.state_mac).where(Instance.id == instance)).one()
    return row.state, row.state_mac


def test_one_changed_byte_quarantines_that_instance_and_no_other(world: World) -> None:
    world.deploy(CASE)
    damaged, sound = world.start("case"), world.start("case")
    state, _mac = state_of(world, damaged)
    change(world, damaged, state=state[:40] + bytes([state[40] ^ 1]) + state[41:])
    with pytest.raises(errors.Conflict):
        world.complete(damaged, "act")
    assert world.instance(damaged).status == "quarantined"
    assert [incident.kind for incident in world.incidents(damaged)] == ["state"]
    world.complete(sound, "act")
    assert world.open_nodes(sound) == ["look"]


def test_an_older_state_put_back_is_refused(world: World) -> None:
    world.deploy(CASE)
    instance = world.start("case")
    state, mac = state_of(world, instance)
    world.complete(instance, "act")
    change(world, instance, state=state, state_mac=mac)
    with pytest.raises(errors.Conflict):
        world.complete(instance, "look")
    assert world.instance(instance).status == "quarantined"


def test_the_state_of_another_instance_is_refused(world: World) -> None:
    world.deploy(CASE)
    one, other = world.start("case"), world.start("case")
    state, mac = state_of(world, other)
    change(world, one, state=state, state_mac=mac)
    with pytest.raises(errors.Conflict):
        world.complete(one, "act")


def test_a_state_labelled_with_an_old_serializer_is_never_parsed(world: World) -> None:
    """SpiffWorkflow would run `eval` on a state that says it is of version 1.1."""
    world.deploy(CASE)
    instance = world.start("case")
    change(world, instance, serializer_version="1.1")
    with pytest.raises(errors.Conflict):
        world.complete(instance, "act")
    assert world.instance(instance).status == "quarantined"


def test_a_changed_line_of_history_is_named(world: World) -> None:
    world.deploy(CASE)
    instance = world.start("case")
    world.complete(instance, "act")
    with world.sessions() as session, write_transaction(session):
        session.execute(
            sa.update(History).where(History.instance_id == instance, History.seq == 2).values(actor_name="别人")
        )
    with world.sessions() as session:
        broken = world.engine.verify(session, instance)
        assert broken is not None
        assert broken.seq == 2
        assert [found for found, _break in world.engine.verify_all(session)] == [instance]


def test_a_removed_line_of_history_is_named(world: World) -> None:
    world.deploy(CASE)
    instance = world.start("case")
    world.complete(instance, "act")
    with world.sessions() as session, write_transaction(session):
        session.execute(sa.delete(History).where(History.instance_id == instance, History.seq == 2))
    with world.sessions() as session:
        broken = world.engine.verify(session, instance)
    assert broken is not None
    assert broken.seq == 3


def test_a_stale_revision_is_run_again_on_the_new_state(world: World) -> None:
    """Two branches of one instance completed at the same time: both count, none is overwritten."""
    from concurrent.futures import ThreadPoolExecutor

    world.deploy(
        d.package(
            "branches", d.parallel("split"), d.user("left", form="f"), d.user("right", form="f"), d.parallel("join"), d.user("after"), d.end(),
            flows=[
                d.Flow("split", "left"), d.Flow("split", "right"), d.Flow("left", "join"), d.Flow("right", "join"),
                d.Flow("join", "after"), d.Flow("after", "end"),
            ],
            files={"forms/f.json": '{"fields": []}'},
        )
    )  # fmt: skip
    for _round in range(10):
        instance = world.start("branches")
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(lambda node, i=instance: world.complete(i, node, **{node: True}), ["left", "right"]))  # type: ignore[misc]
        assert world.open_nodes(instance) == ["after"]
        data = world.data(instance)
        assert data["left"] is True
        assert data["right"] is True
        assert set(data["completed_by"]) == {"left", "right"}


def test_a_state_in_which_branches_met_may_be_corrected(world: World) -> None:
    """What a join brings together comes back in another order of names: that is no damage."""
    world.deploy(
        d.package(
            "met", d.parallel("p"), d.user("a", form="f"), d.user("b", form="f"), d.parallel("q"), d.user("c"), d.end(),
            files={"forms/f.json": '{"fields": []}'},
            flows=[d.Flow("p", "a"), d.Flow("p", "b"), d.Flow("a", "q"), d.Flow("b", "q"), d.Flow("q", "c"),
                   d.Flow("c", "end")],
        )
    )  # fmt: skip
    instance = world.start("met")
    world.complete(instance, "a", x=1)
    world.complete(instance, "b", y=2)
    world.engine.amend(instance, {"z": 3}, "补录", by=world.person("zhao"))
    assert {name: world.data(instance)[name] for name in "xyz"} == {"x": 1, "y": 2, "z": 3}


def test_a_turn_writes_of_the_head_only_what_it_changed(world: World) -> None:
    manifest = 'instance_title = "what"\n'
    world.deploy(
        d.package(
            "titled",
            d.user("act"),
            d.user("look"),
            d.script("rename", "what = '乙'"),
            d.user("end_it"),
            d.end(),
            manifest=manifest,
        )
    )
    instance = world.start("titled", {"what": "甲"})
    written: list[str] = []
    bind = world.sessions.kw["bind"]

    def hear(_connection: object, _cursor: object, statement: str, *_more: object) -> None:
        if statement.startswith("UPDATE instance") and "state_mac" in statement:
            written.append(statement)

    sa.event.listen(bind, "before_cursor_execute", hear)
    try:
        world.complete(instance, "act")
        world.complete(instance, "look")
    finally:
        sa.event.remove(bind, "before_cursor_execute", hear)
    assert ["title" in statement for statement in written] == [False, True]
    assert not any("region_code" in statement for statement in written)
    assert world.instance(instance).title == "乙"


def test_a_timer_that_no_diagram_has_ends_at_the_first_sweep(world: World) -> None:
    """A row that a damage left: were it not looked at, it would fire in every sweep for ever."""
    world.deploy(CASE)
    instance = world.start("case")
    row = {
        "id": new_id(), "instance_id": instance, "spiff_task_id": str(uuid4()), "node_id": "gone", "kind": "event",
        "detail": {}, "due_at": START, "original_due_at": START, "state": "waiting", "attempts": 0, "fence": 0,
    }  # fmt: skip
    with world.sessions() as session, write_transaction(session):
        session.execute(sa.insert(Timer).values(row))
        session.execute(sa.update(Instance).where(Instance.id == instance).values(next_due_at=START))
    world.advance(minutes=1)
    lines = len(world.events(instance))
    world.advance(minutes=1)
    assert [timer.state for timer in world.timers(instance)] == ["cancelled"]
    assert len(world.events(instance)) == lines


def test_a_step_s_check_that_came_between_reading_the_task_and_its_instance_counts(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A migration may change the words of an open step; on PostgreSQL between the first statement and the second."""
    world.engine.services.checks["never"] = lambda _check: {"_": ["no"]}
    world.deploy(CASE)
    instance = world.start("case")
    task = world.task(instance, "act")
    read = complete.open_task

    def then_the_words_change(_session: object, task_id: str, **_more: object) -> dict[str, object]:
        monkeypatch.setattr(complete, "open_task", read)
        with world.sessions() as session, write_transaction(session):
            row = read(session, task_id)
            words = dict(row["properties"]) | {"checks": "never"}
            session.execute(sa.update(HumanTask).where(HumanTask.id == task_id).values(properties=words))
        return row

    monkeypatch.setattr(complete, "open_task", then_the_words_change)
    with pytest.raises(errors.Invalid):
        world.engine.complete(task.id, {}, by=world.person("zhao"))
    assert world.open_nodes(instance) == ["act"]
