"""A state that was damaged, put back or written by another version is never restored; the others go on."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from app import errors
from app.db import write_transaction
from app.engine import History, Instance
from tests.engine import diagrams as d
from tests.engine.conftest import World

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
