"""委派, 交回 and 拿回: a task in other hands comes back; each works, refuses an outsider, refuses a repeat."""

from __future__ import annotations

import pytest

from app import errors
from app.engine import HumanTask
from tests.cast import member
from tests.engine import diagrams as d
from tests.engine.conftest import World


@pytest.fixture
def instance(world: World) -> str:
    world.deploy(
        d.package(
            "case", d.user("act", org="starter.org_id", form="act"), d.user("look", role="dept_admin", org="starter.org_id"), d.end(),
            files={"forms/act.json": '{"fields": []}'},
        )
    )  # fmt: skip
    return world.start("case")


@pytest.fixture
def task(world: World, instance: str) -> str:
    """Held by 赵明远."""
    found = world.task(instance, "act").id
    world.engine.claim(found, by=world.person("zhao"))
    return found


def row(world: World, task: str) -> HumanTask:
    with world.sessions() as session:
        return session.get_one(HumanTask, task)


def may(world: World, task: str, who: str) -> frozenset[str]:
    with world.sessions() as session:
        return world.engine.permitted(session, session.get_one(HumanTask, task), member(who).id)


def test_what_was_passed_on_by_mistake_is_taken_back(world: World, instance: str, task: str) -> None:
    zhao, liu = world.person("zhao"), world.person("liu")
    world.engine.reassign(task, member("liu").id, reason="点错了", by=zhao)
    assert "take_back" in may(world, task, "zhao")
    for other in ("liu", "gao", "deng"):
        assert "take_back" not in may(world, task, other)
        with pytest.raises(errors.Conflict if other != "deng" else errors.Forbidden):
            world.engine.take_back(task, by=world.person(other))
    world.engine.take_back(task, by=zhao)
    assert row(world, task).assignee_id == zhao.id
    assert world.events(instance)[-1] == "task.taken_back"
    with pytest.raises(errors.Conflict):
        world.engine.take_back(task, by=zhao)
    with pytest.raises(errors.Conflict):
        world.engine.complete(task, {}, by=liu)
    world.engine.deliver_outbox()
    (told,) = [letter for letter in world.told if letter["event"] == "task.taken_back"]
    assert told["user_ids"] == [liu.id]
    world.engine.complete(task, {}, by=zhao)


def test_what_nobody_held_is_free_again(world: World, instance: str) -> None:
    task, zhao = world.task(instance, "act").id, world.person("zhao")
    world.engine.reassign(task, member("liu").id, reason="归刘洋管", by=zhao)
    world.engine.take_back(task, by=zhao)
    assert row(world, task).assignee_id is None
    with pytest.raises(errors.Conflict) as refused:
        world.engine.take_back(task, by=zhao)
    assert (str(refused.value.detail), refused.value.extra["status"]) == ("这项工作尚未签收", "unclaimed")
    world.engine.claim(task, by=world.person("gao"))


def test_it_is_not_taken_out_of_hands_that_have_begun(world: World, task: str) -> None:
    zhao = world.person("zhao")
    world.engine.save_draft(task, {"note": "赵"}, by=zhao)
    world.engine.reassign(task, member("liu").id, reason="出差", by=zhao)
    assert "take_back" in may(world, task, "zhao")  # his own draft is no beginning of hers
    world.engine.save_draft(task, {"note": "刘"}, by=world.person("liu"))
    assert "take_back" not in may(world, task, "zhao")
    with pytest.raises(errors.Conflict) as refused:
        world.engine.take_back(task, by=zhao)
    assert refused.value.extra["status"] == "begun"
    assert row(world, task).assignee_name == "刘洋"


@pytest.mark.parametrize("then", ["passed on again", "given back", "done"])
def test_nor_once_it_went_further(world: World, task: str, then: str) -> None:
    zhao, liu = world.person("zhao"), world.person("liu")
    world.engine.reassign(task, liu.id or "", reason="出差", by=zhao)
    if then == "passed on again":
        world.engine.reassign(task, member("gao").id, reason="也出差", by=liu)
    elif then == "given back":
        world.engine.unclaim(task, by=liu)
        world.engine.claim(task, by=liu)
    else:
        world.engine.complete(task, {}, by=liu)
    assert "take_back" not in may(world, task, "zhao")
    with pytest.raises(errors.Conflict):
        world.engine.take_back(task, by=zhao)


def test_a_colleague_prepares_what_was_delegated_and_hands_it_back(world: World, instance: str, task: str) -> None:
    zhao, liu = world.person("zhao"), world.person("liu")
    world.engine.delegate(task, liu.id or "", reason="请先核对", by=zhao)
    assert may(world, task, "liu") & {"complete", "reassign", "return", "extend", "unclaim", "claim"} == set()
    assert {"draft", "hand_back"} <= may(world, task, "liu")
    for refused in (
        lambda: world.engine.complete(task, {}, by=liu),
        lambda: world.engine.reassign(task, member("gao").id, reason="x", by=liu),
        lambda: world.engine.delegate(task, member("gao").id, reason="x", by=liu),
    ):
        with pytest.raises(errors.Forbidden):
            refused()
    for refused in (
        lambda: world.engine.unclaim(task, by=liu),
        lambda: world.engine.complete(task, {}, by=zhao),
        lambda: world.engine.hand_back(task, "x", by=zhao),
    ):
        with pytest.raises(errors.Conflict):
            refused()
    world.engine.save_draft(task, {"note": "核对过"}, by=liu)
    world.engine.hand_back(task, "已核对", by=liu)
    found = row(world, task)
    assert (found.assignee_id, found.draft, found.draft_by_id) == (zhao.id, {"note": "核对过"}, zhao.id)
    with pytest.raises(errors.Conflict):
        world.engine.hand_back(task, "再交", by=liu)
    world.engine.deliver_outbox()
    (told,) = [letter for letter in world.told if letter["event"] == "task.handed_back"]
    assert (told["user_ids"], told["text"]) == ([zhao.id], "已核对")
    world.engine.complete(task, {}, by=zhao)
    assert [name for name in world.events(instance) if "deleg" in name or "hand" in name] == [
        "task.delegated", "task.handed_back",
    ]  # fmt: skip


def test_who_delegated_takes_it_back_at_any_time_with_what_was_prepared(world: World, task: str) -> None:
    zhao, liu = world.person("zhao"), world.person("liu")
    world.engine.delegate(task, liu.id or "", reason="请先核对", by=zhao)
    world.engine.save_draft(task, {"note": "一半"}, by=liu)
    world.engine.take_back(task, by=zhao)
    found = row(world, task)
    assert (found.assignee_id, found.draft_by_id, found.delegated_by_id) == (zhao.id, zhao.id, None)
    with pytest.raises(errors.Conflict):
        world.engine.save_draft(task, {}, by=liu)


def test_one_delegates_only_what_one_may_do_and_within_the_own_organisation(world: World, task: str) -> None:
    zhao = world.person("zhao")
    for to, by, wrong in (
        (member("deng").id, zhao, errors.Invalid),
        (zhao.id or "", zhao, errors.Invalid),
        ("nobody", zhao, errors.Invalid),
        (member("gao").id, world.person("liu"), errors.Conflict),
        (member("zhou").id, world.person("deng"), errors.Forbidden),
    ):
        with pytest.raises(wrong):
            world.engine.delegate(task, to, reason="x", by=by)
    with pytest.raises(errors.Invalid):
        world.engine.delegate(task, member("liu").id, reason=" ", by=zhao)


def test_a_step_may_forbid_delegating(world: World) -> None:
    world.deploy(d.package("strict", d.user("act", allow="claim, reassign"), d.end()))
    task = world.task(world.start("strict"), "act").id
    assert "delegate" not in may(world, task, "zhao")
    with pytest.raises(errors.Forbidden):
        world.engine.delegate(task, member("liu").id, reason="x", by=world.person("zhao"))
