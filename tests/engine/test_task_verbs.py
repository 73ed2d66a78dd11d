"""Claim, complete, reassign, copy, urge, comment, draft: each works, refuses an outsider, refuses a repeat."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from app import errors
from app.engine import History, TaskComment, TaskCopy
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


def test_the_first_to_claim_holds_it_and_the_other_is_told_who(world: World, instance: str) -> None:
    task = world.task(instance, "act").id
    world.engine.claim(task, by=world.person("zhao"))
    world.engine.claim(task, by=world.person("zhao"))
    with pytest.raises(errors.Conflict) as refused:
        world.engine.claim(task, by=world.person("liu"))
    assert refused.value.extra["holder"] == "赵明远"
    assert world.events(instance).count("task.claimed") == 1


def test_of_many_who_claim_at_once_exactly_one_holds_it(world: World, instance: str) -> None:
    task = world.task(instance, "act").id

    def claim(key: str) -> str:
        try:
            world.engine.claim(task, by=world.person(key))
        except errors.Conflict as refused:
            return str(refused.extra["holder"])
        return member(key).name

    with ThreadPoolExecutor(4) as pool:
        told = set(pool.map(claim, ["zhao", "liu", "gao", "zhao", "liu", "gao"]))
    assert told == {world.task(instance, "act").assignee_name}


def test_an_outsider_may_neither_claim_nor_complete(world: World, instance: str) -> None:
    task = world.task(instance, "act").id
    for verb in (lambda who: world.engine.claim(task, by=who), lambda who: world.engine.complete(task, {}, by=who)):
        with pytest.raises(errors.Forbidden):
            verb(world.person("deng"))


def test_giving_back_needs_the_holder_and_keeps_the_draft(world: World, instance: str) -> None:
    task = world.task(instance, "act").id
    world.engine.claim(task, by=world.person("zhao"))
    world.engine.save_draft(task, {"note": "half"}, by=world.person("zhao"))
    with pytest.raises(errors.Conflict):
        world.engine.unclaim(task, by=world.person("liu"))
    world.engine.unclaim(task, by=world.person("zhao"))
    with pytest.raises(errors.Conflict):
        world.engine.unclaim(task, by=world.person("zhao"))
    row = world.task(instance, "act")
    assert (row.assignee_id, row.draft) == (None, {"note": "half"})


def test_a_draft_is_bounded_and_the_one_before_stays(world: World, instance: str) -> None:
    task = world.task(instance, "act").id
    world.engine.save_draft(task, {"note": "half"}, by=world.person("zhao"))
    with pytest.raises(errors.Invalid, match="256"):
        world.engine.save_draft(task, {"a": "督" * 50_000, "b": "办" * 50_000}, by=world.person("zhao"))
    assert world.task(instance, "act").draft == {"note": "half"}


def test_completing_twice_tells_by_whom_and_when_it_was_done(world: World, instance: str) -> None:
    task = world.task(instance, "act").id
    world.engine.complete(task, {"x": 1}, by=world.person("zhao"))
    with pytest.raises(errors.Conflict) as refused:
        world.engine.complete(task, {"x": 2}, by=world.person("zhao"))
    assert refused.value.extra["completed_by"] == "赵明远"
    assert refused.value.extra["completed_at"] == world.clock.now().isoformat()
    assert world.events(instance).count("task.completed") == 1


def test_of_two_who_complete_at_once_one_wins_and_one_conflicts(world: World) -> None:
    world.deploy(d.package("race", d.user("act", org="starter.org_id"), d.user("look"), d.end()))
    for _round in range(10):
        instance = world.start("race")
        task = world.task(instance, "act").id

        def complete(key: str, task: str = task) -> str:
            try:
                world.engine.complete(task, {}, by=world.person(key))
            except errors.Conflict:
                return "conflict"
            return "done"

        with ThreadPoolExecutor(2) as pool:
            assert sorted(pool.map(complete, ["zhao", "liu"])) == ["conflict", "done"]
        assert world.open_nodes(instance) == ["look"]
        assert world.events(instance).count("task.completed") == 1


def test_somebody_else_s_task_cannot_be_completed(world: World, instance: str) -> None:
    task = world.task(instance, "act").id
    world.engine.claim(task, by=world.person("zhao"))
    with pytest.raises(errors.Conflict) as refused:
        world.engine.complete(task, {}, by=world.person("liu"))
    assert refused.value.extra["holder"] == "赵明远"


def test_answers_without_a_form_are_refused(world: World, instance: str) -> None:
    world.complete(instance, "act")
    with pytest.raises(errors.Invalid) as refused:
        world.complete(instance, "look", by="gao", verdict="yes")
    assert set(refused.value.errors) == {"verdict"}


def test_a_check_refuses_a_completion_with_words_for_each_field(world: World) -> None:
    @world.engine.task_check("cases.not_alone")
    def not_alone(check: Any) -> dict[str, list[str]]:
        rectifier = check.data["completed_by"]["act"]["id"]
        return {"_": ["复查人不能是整改人"]} if rectifier == check.actor.id else {}

    world.deploy(d.package("pair", d.user("act"), d.user("look", checks="cases.not_alone"), d.end()))
    instance = world.start("pair")
    world.complete(instance, "act")
    with pytest.raises(errors.Invalid) as refused:
        world.complete(instance, "look")
    assert refused.value.errors == {"_": ["复查人不能是整改人"]}
    assert world.open_nodes(instance) == ["look"]
    world.complete(instance, "look", by="liu")
    assert world.instance(instance).status == "ended"


def test_reassigning_needs_a_reason_and_a_colleague_with_the_same_post(world: World, instance: str) -> None:
    task, zhao = world.task(instance, "act").id, world.person("zhao")
    world.engine.claim(task, by=zhao)
    with pytest.raises(errors.Invalid) as no_reason:
        world.engine.reassign(task, member("liu").id, reason=" ", by=zhao)
    assert set(no_reason.value.errors) == {"reason"}
    with pytest.raises(errors.Invalid) as wrong_post:
        world.engine.reassign(task, member("zhou").id, reason="出差", by=zhao)
    assert set(wrong_post.value.errors) == {"to"}
    with pytest.raises(errors.Conflict):
        world.engine.reassign(task, member("gao").id, reason="抢办", by=world.person("liu"))
    world.engine.reassign(task, member("liu").id, reason="出差", by=zhao)
    with pytest.raises(errors.Conflict):
        world.engine.reassign(task, member("liu").id, reason="出差", by=zhao)
    assert world.task(instance, "act").assignee_name == "刘洋"
    world.engine.deliver_outbox()
    (told,) = [letter for letter in world.told if letter["event"] == "task.reassigned"]
    assert told["user_ids"] == [member("liu").id]


def test_a_copy_is_given_once(world: World, instance: str) -> None:
    task, zhao = world.task(instance, "act").id, world.person("zhao")
    assert world.engine.copy(task, [member("wang").id, member("wang").id], by=zhao) == [member("wang").id]
    assert world.engine.copy(task, [member("wang").id], by=zhao) == []
    with pytest.raises(errors.Invalid):
        world.engine.copy(task, ["nobody"], by=zhao)
    with world.sessions() as session:
        assert session.query(TaskCopy).filter_by(task_id=task).count() == 1


def test_urging_is_counted_and_not_for_the_holder(world: World, instance: str) -> None:
    task = world.task(instance, "act").id
    world.engine.claim(task, by=world.person("zhao"))
    assert world.engine.urge(task, "请今天反馈", by=world.person("wang")) == 1
    assert world.engine.urge(task, "", by=world.person("wang")) == 2
    with pytest.raises(errors.Forbidden):
        world.engine.urge(task, "", by=world.person("zhao"))
    assert world.task(instance, "act").urges == 2


def test_a_remark_stays_beside_the_task_also_after_it_is_done(world: World, instance: str) -> None:
    task = world.task(instance, "act").id
    world.engine.comment(task, "已电话核实", by=world.person("zhao"))
    world.complete(instance, "act")
    world.engine.comment(task, "补充说明", by=world.person("zhao"))
    with pytest.raises(errors.Invalid):
        world.engine.comment(task, "  ", by=world.person("zhao"))
    assert [row.text for row in world.rows(TaskComment, instance)] == ["已电话核实", "补充说明"]


def test_a_step_may_forbid_verbs(world: World) -> None:
    world.deploy(d.package("strict", d.user("act", allow="claim"), d.end()))
    instance = world.start("strict")
    task = world.task(instance, "act")
    for verb in (
        lambda: world.engine.reassign(task.id, member("liu").id, reason="x", by=world.person("zhao")),
        lambda: world.engine.urge(task.id, "", by=world.person("wang")),
        lambda: world.engine.copy(task.id, [member("wang").id], by=world.person("zhao")),
        lambda: world.engine.comment(task.id, "x", by=world.person("zhao")),
    ):
        with pytest.raises(errors.Forbidden):
            verb()
    with world.sessions() as session:
        assert world.engine.permitted(session, task, member("zhao").id) == {"claim", "complete", "draft"}
        assert world.engine.permitted(session, task, member("wu").id) == frozenset()


def test_somebody_who_has_left_may_not_act_any_more(world: World, instance: str) -> None:
    from app.accounts import User
    from app.db import write_transaction

    task = world.task(instance, "act").id
    world.engine.claim(task, by=world.person("zhao"))
    with world.sessions() as session, write_transaction(session):
        session.get(User, member("zhao").id).active = False  # type: ignore[union-attr]
    with pytest.raises(errors.DubanError):
        world.engine.complete(task, {}, by=world.person("zhao"))


def test_every_verb_leaves_a_line_in_the_chain(world: World, instance: str) -> None:
    task, zhao = world.task(instance, "act").id, world.person("zhao")
    world.engine.claim(task, by=zhao)
    world.engine.copy(task, [member("wang").id], by=zhao)
    world.engine.comment(task, "说明", by=zhao)
    world.engine.complete(task, {}, by=zhao)
    assert world.events(instance) == [
        "instance.started", "task.created", "task.claimed", "task.copied", "task.commented", "task.completed", "task.created",
    ]  # fmt: skip
    with world.sessions() as session:
        assert world.engine.verify(session, instance) is None
        lines = session.query(History).filter_by(instance_id=instance).all()
    assert [line.seq for line in lines] == list(range(1, 8))
