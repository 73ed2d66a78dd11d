"""An operator moves a token or corrects data: with a reason, never past the law, never into a broken join."""

from __future__ import annotations

from typing import Any

import pytest

from app import errors
from app.engine import Package
from tests.engine import diagrams as d
from tests.engine.conftest import World
from tests.engine.migrating.moving import everything, sound

FORM = (
    '{"title": {"zh": "填写", "en": "Fill in"}, "fields": '
    '[{"name": "note", "kind": "text", "label": {"zh": "说明", "en": "Note"}}]}'
)


def line(key: str, *nodes: Any, **more: Any) -> Package:
    return d.package(key, *nodes, d.end(), **more)


def move(world: World, instance: str, here: str, there: str, **more: Any) -> None:
    world.engine.move_token(instance, here, there, "走错了步骤", by=world.person("gao"), **more)


def refusal(world: World, instance: str, here: str, there: str) -> str:
    """It must be refused, and nothing may have changed."""
    before = everything(world, instance)
    with pytest.raises(errors.Invalid) as refused:
        move(world, instance, here, there)
    assert everything(world, instance) == before
    return str(refused.value.errors["to"][0])


def test_the_step_begins_at_the_target_with_a_deadline_of_its_own_and_what_was_there_ends(world: World) -> None:
    world.deploy(line("walk", d.user("a", deadline="P3D"), d.user("b", deadline="P3D"), d.user("c", deadline="P3D")))
    instance = world.start("walk")
    world.complete(instance, "a")
    world.advance(days=2)
    before = world.task(instance, "b")
    rev = world.instance(instance).rev
    move(world, instance, "b", "a", rev=rev)
    (task,) = world.tasks(instance)
    assert task.node_id == "a" and before.due_at and task.due_at and task.due_at > before.due_at
    assert [t.task_id for t in world.timers(instance, state="waiting")] == [task.id]
    assert world.events(instance)[-3:] == ["instance.token_moved", "task.cancelled", "task.created"]
    with pytest.raises(errors.Conflict):
        move(world, instance, "b", "a")  # a second time: nothing stands there any more
    with pytest.raises(errors.Conflict):
        move(world, instance, "a", "c", rev=rev)  # seen before somebody else moved it
    move(world, instance, "a", "c")
    world.complete(instance, "c")
    assert world.instance(instance).status == "ended"
    sound(world, instance)


def test_a_reason_is_asked_for_and_only_nodes_that_a_token_can_come_to_are_taken(world: World) -> None:
    world.deploy(line("why", d.user("a"), d.user("b")))
    instance = world.start("why")
    with pytest.raises(errors.Invalid):
        world.engine.move_token(instance, "a", "b", "  ", by=world.person("gao"))
    for nowhere in ("start", "a", "nothing"):
        assert refusal(world, instance, "a", nowhere)
    with world.sessions() as session:
        (found,) = world.engine.movable(session, instance)
    assert (found.node.id, [place.node.id for place in found.places]) == ("a", ["b", "end"])


def test_a_statutory_step_is_never_passed_over(world: World) -> None:
    world.deploy(line("law", d.user("a"), d.user("check", name="复查", statutory="true"), d.user("b"), d.user("c")))
    instance = world.start("law")
    assert "复查" in refusal(world, instance, "a", "b")
    assert "复查" in refusal(world, instance, "a", "end")
    move(world, instance, "a", "check")
    assert "复查" in refusal(world, instance, "check", "c")
    move(world, instance, "check", "a")  # back is no bypass
    assert world.open_nodes(instance) == ["a"]


def test_signatures_are_not_passed_over(world: World) -> None:
    vote = (
        '{"title": {"zh": "会签", "en": "Sign"}, "fields": [{"name": "decision", "kind": "radio", "label": '
        '{"zh": "意见", "en": "Opinion"}, "options": [{"value": "agree", "label": {"zh": "同意", "en": "Agree"}}]}]}'
    )
    world.deploy(
        line(
            "board",
            d.user("a"),
            d.user("sign", policy="all", form="vote"),
            d.user("b"),
            files={"forms/vote.json": vote},
        )
    )
    instance = world.start("board")
    assert "sign" in refusal(world, instance, "a", "b")
    world.complete(instance, "a")
    assert "sign" in refusal(world, instance, "sign", "a")


def test_a_branch_is_not_led_out_of_what_is_to_be_joined(world: World) -> None:
    flows = [
        d.Flow("fork", "a"), d.Flow("fork", "b"), d.Flow("a", "a2"), d.Flow("a2", "join"), d.Flow("b", "join"),
        d.Flow("join", "last"), d.Flow("last", "end"),
    ]  # fmt: skip
    nodes = (d.parallel("fork"), d.user("a"), d.user("a2"), d.user("b"), d.parallel("join"), d.user("last"), d.end())
    world.deploy(d.package("split", *nodes, flows=flows))
    instance = world.start("split")
    for there in ("last", "b", "join", "end"):
        assert refusal(world, instance, "a", there)
    move(world, instance, "a", "a2")
    world.complete(instance, "a2")
    world.complete(instance, "b")
    assert world.open_nodes(instance) == ["last"]
    sound(world, instance)


def test_onto_a_split_where_all_branches_begin(world: World) -> None:
    """It has not come along the flow that leads there, and does not wait for anybody who would."""
    flows = [
        d.Flow("ask", "fork"), d.Flow("fork", "a"), d.Flow("fork", "b"), d.Flow("a", "join"), d.Flow("b", "join"),
        d.Flow("join", "last"), d.Flow("last", "end"),
    ]  # fmt: skip
    nodes = (d.user("first"), d.user("ask"), d.parallel("fork"), d.user("a"), d.user("b"), d.parallel("join"))
    world.deploy(d.package("onto", *nodes, d.user("last"), d.end(), flows=[d.Flow("first", "ask"), *flows]))
    instance = world.start("onto")
    move(world, instance, "first", "fork")
    assert world.open_nodes(instance) == ["a", "b"]
    for node in ("a", "b"):
        world.complete(instance, node)
    assert world.open_nodes(instance) == ["last"]
    move(world, instance, "last", "fork")
    assert world.open_nodes(instance) == ["a", "b"]
    sound(world, instance)


def test_no_branch_is_begun_twice(world: World) -> None:
    """Also where each of them has brought branches of its own together before, and where one has come to the join."""
    flows = [
        d.Flow("fork", "s1"), d.Flow("s1", "p"), d.Flow("s1", "q"), d.Flow("p", "j1"), d.Flow("q", "j1"),
        d.Flow("j1", "x"), d.Flow("x", "join"), d.Flow("fork", "s2"), d.Flow("s2", "r"), d.Flow("s2", "t"),
        d.Flow("r", "j2"), d.Flow("t", "j2"), d.Flow("j2", "y"), d.Flow("y", "join"), d.Flow("join", "last"),
        d.Flow("last", "end"),
    ]  # fmt: skip
    gates = [d.parallel(name) for name in ("fork", "s1", "j1", "s2", "j2", "join")]
    world.deploy(
        d.package("twice", *gates, *(d.user(n) for n in ("p", "q", "x", "r", "t", "y", "last")), d.end(), flows=flows)
    )
    instance = world.start("twice")
    for node in ("p", "q", "r", "t"):
        world.complete(instance, node)
    assert refusal(world, instance, "x", "fork")
    assert refusal(world, instance, "x", "y")
    world.complete(instance, "y")
    assert refusal(world, instance, "x", "fork")
    move(world, instance, "x", "s1")  # its own branch may begin anew
    assert world.open_nodes(instance) == ["p", "q"]
    for node in ("p", "q", "x"):
        world.complete(instance, node)
    assert world.open_nodes(instance) == ["last"]
    sound(world, instance)


def test_what_may_happen_once_only_is_not_led_to_again_and_a_token_that_failed_is_led_away(world: World) -> None:
    @world.engine.service_task("office.broken", repeatable=False)
    def broken(call: Any) -> None:
        raise ConnectionError("down")

    world.deploy(line("once", d.user("a"), d.service("serve", "office.broken"), d.user("b")))
    instance = world.start("once")
    world.complete(instance, "a")
    assert "serve" in refusal(world, instance, "serve", "a")
    move(world, instance, "serve", "b")
    assert world.open_nodes(instance) == ["b"] and world.incidents(instance) == []
    assert "serve" in refusal(world, instance, "b", "a")


def test_data_are_set_with_a_reason_and_title_facts_and_open_forms_follow(world: World) -> None:
    manifest = 'inputs = ["level", "amount"]\ninstance_title = "level"\n\n[facts]\nlevel = "level"\n'
    world.deploy(
        line("data", d.user("a", form="fill"), d.user("b"), files={"forms/fill.json": FORM}, manifest=manifest)
    )
    instance = world.start("data", {"level": "一般", "amount": 5})
    rev = world.instance(instance).rev
    world.engine.edit_data(instance, {"level": "重大"}, "核实后更正", by=world.person("gao"), rev=rev)
    assert world.instance(instance).title == "重大" and world.task(instance, "a").data["level"] == "重大"
    assert world.events(instance)[-1] == "instance.data_edited"
    with pytest.raises(errors.Conflict):  # seen before it was changed
        world.engine.edit_data(instance, {"level": "一般"}, "再改", by=world.person("gao"), rev=rev)
    for wrong in ({"nothing": 1}, {"amount": "五"}, {"level": 3}, {"starter": {}}, {"level": "长" * 60_000}, {}):
        with pytest.raises(errors.Invalid):
            world.engine.edit_data(instance, wrong, "改", by=world.person("gao"))
    with pytest.raises(errors.Invalid):
        world.engine.edit_data(instance, {"level": "一般"}, "", by=world.person("gao"))
    with pytest.raises(errors.NotFound):
        world.engine.edit_data("nothing", {"level": "一般"}, "改", by=world.person("gao"))
    world.engine.edit_data(instance, {"note": "先写上"}, "补录", by=world.person("gao"))
    world.complete(instance, "a", note="办结")
    assert world.data(instance)["level"] == "重大"
    sound(world, instance)
