"""F11: a damaged state or a missing definition stops that instance and no other. F12: a version published mid-flight."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest
import sqlalchemy as sa

from app import errors
from app.engine import Instance
from app.engine.models import Definition, DefinitionFile
from tests.engine import diagrams as d
from tests.engine.conftest import World

CASE = d.package("case", d.user("act", deadline="P1D"), d.user("look"), d.end())
OTHER = d.package("other", d.user("act", deadline="P1D"), d.user("look"), d.end())
SECOND = d.package("case", d.user("act"), d.user("sign"), d.end())


@contextmanager
def without_foreign_keys(world: World) -> Iterator[sa.Connection]:
    """As somebody damages a database by hand."""
    bind = world.sessions.kw["bind"]
    bind.dispose()
    with bind.connect() as connection:
        if bind.dialect.name == "sqlite":
            connection.connection.execute("PRAGMA foreign_keys=OFF")  # type: ignore[attr-defined]
        else:
            connection.exec_driver_sql("SET session_replication_role = replica")
        yield connection
        connection.commit()
        connection.invalidate()


def lose_definition(world: World, key: str) -> None:
    with without_foreign_keys(world) as connection:
        ids = sa.select(Definition.id).where(Definition.key == key)
        connection.execute(sa.delete(DefinitionFile).where(DefinitionFile.definition_id.in_(ids)))
        connection.execute(sa.delete(Definition).where(Definition.key == key))


def spoil_diagram(world: World, key: str) -> None:
    with world.sessions() as session:
        ids = sa.select(Definition.id).where(Definition.key == key)
        files = DefinitionFile.definition_id.in_(ids)
        session.execute(sa.update(DefinitionFile).where(files).values(content=b"<no process>"))
        session.commit()


def spoil_state(world: World, key: str) -> None:
    with world.sessions() as session:
        session.execute(sa.update(Instance).where(Instance.definition_key == key).values(state=b"x"))
        session.commit()


DAMAGES = {"state": spoil_state, "missing_definition": lose_definition, "unreadable_definition": spoil_diagram}


@pytest.mark.parametrize("damage", DAMAGES)
def test_f11_whose_state_or_definition_is_damaged_is_quarantined_and_the_others_go_on(
    world: World, again: Callable[[], World], damage: str
) -> None:
    world.deploy(CASE)
    world.deploy(OTHER)
    bad, good = world.start("case"), world.start("other")
    DAMAGES[damage](world, "case")
    restarted = again()
    with pytest.raises(errors.Conflict):
        restarted.complete(bad, "act")
    assert world.instance(bad).status == "quarantined"
    assert [incident.kind for incident in world.incidents(bad)] == ["state"]
    with world.sessions() as session:
        assert any(bad in found.as_text() for found in restarted.engine.verify_everything(session))
    restarted.complete(good, "act")
    assert world.open_nodes(good) == ["look"]
    with pytest.raises(errors.Conflict):
        restarted.complete(bad, "act")


@pytest.mark.parametrize("damage", DAMAGES)
def test_f11_timers_of_the_others_fire_although_one_instance_is_damaged(
    world: World, again: Callable[[], World], damage: str
) -> None:
    for key in ("case", "other"):
        world.deploy(
            d.package(key, d.catch("wait", d.timer("timeDuration", "P1D")), d.user("act", deadline="P1D"), d.end())
        )
    bad, good = world.start("case"), world.start("other")
    DAMAGES[damage](world, "case")
    restarted = again()
    restarted.advance(days=3)
    assert world.open_nodes(good) == ["act"]
    assert world.events(good).count("timer.fired") == 1
    assert world.instance(bad).status == "quarantined"
    assert restarted.engine.run_due_timers() == 0


def test_f11_control_an_engine_that_does_not_check_the_seal_goes_on_with_a_damaged_state(
    world: World, again: Callable[[], World], monkeypatch: pytest.MonkeyPatch
) -> None:
    from app.engine.running import checkout, serializing

    world.deploy(CASE)
    instance = world.start("case")
    with world.sessions() as session:
        row = session.scalars(sa.select(Instance).where(Instance.id == instance)).one()
        whole = serializing.unseal(
            row.state, row.state_mac, row.serializer_version, world.engine.secret, row.id, row.rev
        )
        row.state_mac = b"0" * len(row.state_mac) if isinstance(row.state_mac, bytes) else "0" * len(row.state_mac)
        session.commit()
    monkeypatch.setattr(checkout, "unsealed", lambda _engine, _instance: whole)
    again().complete(instance, "act")
    assert world.instance(instance).status == "running"


# -- F12


def test_f12_a_version_published_mid_flight_leaves_the_running_on_theirs_and_new_ones_get_the_new(
    world: World, again: Callable[[], World]
) -> None:
    """Also in a second process, which had the first version in memory."""
    world.deploy(CASE)
    second = again()
    running = [world.start("case"), second.start("case")]
    world.deploy(SECOND)
    fresh = [world.start("case"), second.start("case")]
    for one, instance in zip((world, second, world, second), running + fresh, strict=True):
        one.complete(instance, "act")
    assert [world.open_nodes(one) for one in running] == [["look"], ["look"]]
    assert [world.open_nodes(one) for one in fresh] == [["sign"], ["sign"]]
    assert [world.instance(one).definition_version for one in running + fresh] == [1, 1, 2, 2]
    for instance in running + fresh:
        world.complete(instance, world.open_nodes(instance)[0])
        assert world.instance(instance).status == "ended"


def test_f12_while_a_version_is_published_starts_get_one_or_the_other_whole(
    world: World, again: Callable[[], World]
) -> None:
    world.deploy(CASE)
    second = again()
    with ThreadPoolExecutor(2) as pool:
        starts = pool.submit(lambda: [second.start("case") for _one in range(12)])
        world.deploy(SECOND)
        found = starts.result()
    later = second.start("case")
    for instance in [*found, later]:
        second.complete(instance, "act")
        step = {1: ["look"], 2: ["sign"]}[world.instance(instance).definition_version]
        assert world.open_nodes(instance) == step
    assert world.instance(later).definition_version == 2


def test_f12_control_an_instance_put_on_the_newest_version_does_not_fit_it(
    world: World, again: Callable[[], World]
) -> None:
    """As an engine would that finds the definition by its key: the step that it stands at is no more."""
    world.deploy(CASE)
    instance = world.start("case")
    world.complete(instance, "act")
    world.deploy(SECOND)
    with world.sessions() as session:
        newest = session.scalar(sa.select(Definition.id).where(Definition.key == "case", Definition.version == 2))
        session.execute(sa.update(Instance).where(Instance.id == instance).values(definition_id=newest))
        session.commit()
    with pytest.raises(errors.Conflict):
        again().complete(instance, "look")
    assert world.instance(instance).status == "quarantined"
