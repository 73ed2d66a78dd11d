"""Short words for taking instances from one version to another."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from app.engine import Instance, MigrationItem, MigrationPlan, Outcome
from tests.engine.conftest import World


def plan(
    world: World, key: str, old: int = 1, new: int = 2, mapping: Mapping[str, str | None] | None = None
) -> MigrationPlan:
    with world.sessions() as session:
        return world.engine.plan_migration(session, key, old, new, mapping)


def tried(world: World, key: str, instance: str, mapping: Mapping[str, str | None] | None = None) -> Outcome:
    """The dry run of one instance."""
    (found,) = world.engine.try_migration(plan(world, key, mapping=mapping), [instance])
    return found


def migrate(world: World, key: str, *instances: str, mapping: Mapping[str, str | None] | None = None) -> str:
    """For real, as the worker does it; the migration's id."""
    chosen = instances or None
    started = world.engine.migrate(
        plan(world, key, mapping=mapping), chosen, reason="流程修订", by=world.person("root")
    )
    while world.engine.run_migrations():
        pass
    return started.id


def items(world: World, migration: str) -> list[MigrationItem]:
    with world.sessions() as session:
        select = sa.select(MigrationItem).where(MigrationItem.migration_id == migration)
        return list(session.scalars(select.order_by(MigrationItem.number)))


def moved(world: World, key: str, instance: str, mapping: Mapping[str, str | None] | None = None) -> MigrationItem:
    """One instance, which must go."""
    (item,) = items(world, migrate(world, key, instance, mapping=mapping))
    assert item.status == "done", item.reason
    return item


def refused(world: World, key: str, instance: str, mapping: Mapping[str, str | None] | None = None) -> str:
    """One instance, which must not go, and nothing of which may have changed. The code of the reason."""
    before = everything(world, instance)
    dry = tried(world, key, instance, mapping)
    assert not dry.ok and dry.reason is not None
    assert everything(world, instance) == before
    (item,) = items(world, migrate(world, key, instance, mapping=mapping))
    assert item.status == "failed" and item.reason
    assert item.reason["code"] == dry.reason.code
    assert everything(world, instance) == before
    return str(dry.reason.code)


def everything(world: World, instance: str) -> dict[str, Any]:
    """All that is stored of an instance, but for the migration's own rows."""
    from app.db import Base

    found: dict[str, Any] = {}
    with world.sessions() as session:
        for table in Base.metadata.sorted_tables:
            if table.name == "migration_item":
                continue
            column = table.c.get("instance_id") if table.name != "instance" else table.c.id
            if column is None:
                continue
            rows = session.execute(sa.select(table).where(column == instance).order_by(*table.primary_key.columns))
            found[table.name] = [dict(row) for row in rows.mappings()]
    return found


def version(world: World, instance: str) -> int:
    with world.sessions() as session:
        return session.execute(sa.select(Instance.definition_version).where(Instance.id == instance)).scalar_one()


def sound(world: World, instance: str) -> None:
    """What is stored agrees with itself."""
    with world.sessions() as session:
        assert [str(one) for one in world.engine._instance(session, instance)] == []
        assert world.engine.verify(session, instance) is None
        session.rollback()
