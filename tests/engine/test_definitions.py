"""Deploy, publish, export: idempotent by content, a second person publishes, running instances keep their version."""

from __future__ import annotations

import pytest

from app import errors
from app.audit import SYSTEM
from app.engine import Package, package_from_files
from tests.engine import diagrams as d
from tests.engine.conftest import World

FIRST = d.package("case", d.user("act"), d.end())
SECOND = d.package("case", d.user("act"), d.user("look"), d.end())


def test_deploying_the_same_content_again_changes_nothing(world: World) -> None:
    first = world.engine.deploy(FIRST, by=SYSTEM)
    assert world.engine.deploy(FIRST, by=SYSTEM).id == first.id
    world.engine.deploy(SECOND, by=SYSTEM)
    assert world.engine.deploy(FIRST, by=SYSTEM).status == "retired"
    assert [(row.version, row.status) for row in world.engine.definitions()] == [(2, "published"), (1, "retired")]


def test_a_running_instance_keeps_the_version_it_began_with(world: World) -> None:
    world.engine.deploy(FIRST, by=SYSTEM)
    old = world.start("case")
    world.engine.deploy(SECOND, by=SYSTEM)
    new = world.start("case")
    world.complete(old, "act")
    world.complete(new, "act")
    assert world.instance(old).status == "ended"
    assert world.open_nodes(new) == ["look"]


def test_an_export_is_what_was_deployed_byte_for_byte(world: World) -> None:
    world.engine.deploy(FIRST, by=SYSTEM)
    exported = world.engine.export("case")
    assert isinstance(exported, Package)
    assert dict(exported.files) == dict(FIRST.files)
    assert exported.content_hash == FIRST.content_hash
    with pytest.raises(errors.NotFound):
        world.engine.export("case", 7)


def test_who_made_a_version_may_not_publish_it(world: World) -> None:
    draft = world.engine.deploy(FIRST, by=world.person("root"), publish=False)
    assert draft.status == "draft"
    with pytest.raises(errors.NotFound):
        world.start("case")
    with pytest.raises(errors.Forbidden):
        world.engine.publish("case", 1, by=world.person("root"))
    assert world.engine.publish("case", 1, by=world.person("shen")).status == "published"
    with pytest.raises(errors.Conflict):
        world.engine.publish("case", 1, by=world.person("shen"))
    with pytest.raises(errors.NotFound):
        world.engine.publish("case", 9, by=world.person("shen"))


def test_a_package_with_errors_is_refused_with_all_of_them_and_nothing_is_stored(world: World) -> None:
    broken = d.package("case", d.user("act", role="emperor", form="missing", policy="majority"), d.end())
    with pytest.raises(errors.Invalid) as refused:
        world.engine.deploy(broken, by=SYSTEM)
    assert len(refused.value.problems) >= 3
    assert world.engine.definitions() == []


def test_a_package_that_is_no_xml_is_refused(world: World) -> None:
    with pytest.raises(errors.Invalid):
        world.engine.deploy(
            package_from_files("case", {"process.toml": 'key = "case"', "process.bpmn": "hello"}), by=SYSTEM
        )


def test_only_starters_may_start(world: World) -> None:
    world.engine.deploy(FIRST, by=SYSTEM)
    with pytest.raises(errors.Forbidden):
        world.start("case", by="zhou")
    with pytest.raises(errors.NotFound):
        world.start("unheard_of")


def test_what_was_compiled_is_sealed_and_compiled_anew_when_it_was_changed(world: World) -> None:
    import sqlalchemy as sa

    from app.db import write_transaction
    from app.engine import DefinitionFile

    world.engine.deploy(FIRST, by=SYSTEM)
    with world.sessions() as session, write_transaction(session):
        session.execute(
            sa.update(DefinitionFile).where(DefinitionFile.name == ".compiled").values(content=b"forged\nforged")
        )
    world.engine._loaded.clear()
    assert world.open_nodes(world.start("case")) == ["act"]
