"""撤回: whoever did a step takes it back while nobody has touched what came next."""

from __future__ import annotations

from typing import Any

import pytest

from app import errors
from app.engine import History
from tests.cast import member
from tests.engine import diagrams as d
from tests.engine.conftest import World
from tests.engine.test_send_back import FORK, FORM, INNER, back, line, step


def done(world: World, instance: str, node: str) -> Any:
    return [task for task in world.tasks(instance, "done") if task.node_id == node][-1]


def take_back(world: World, instance: str, node: str, by: str = "zhao") -> Any:
    return world.engine.withdraw(done(world, instance, node).id, "填错了", by=world.person(by))


def may(world: World, instance: str, node: str, by: str = "zhao") -> bool:
    with world.sessions() as session:
        return "withdraw" in world.engine.permitted(session, done(world, instance, node), member(by).id)


def test_what_was_just_done_is_taken_back_and_the_next_step_is_cancelled(world: World) -> None:
    world.deploy(line("ask", "check"))
    instance = world.start("line")
    world.complete(instance, "ask", by="liu", text="wrong")
    assert may(world, instance, "ask", "liu")
    take_back(world, instance, "ask", "liu")
    task = world.task(instance, "ask")
    assert (task.assignee_id, task.draft) == (member("liu").id, {"text": "wrong"})
    assert [row.node_id for row in world.tasks(instance, "withdrawn")] == ["ask"]
    assert [row.node_id for row in world.tasks(instance, "cancelled")] == ["check"]
    (told,) = world.rows(History, instance, event="task.withdrawn")
    assert (told.data["reason"], told.data["undone"]) == ("填错了", ["check"])
    for node in ("ask", "check"):
        world.complete(instance, node, by="liu")
    assert world.instance(instance).status == "ended"


def test_those_who_were_waiting_for_it_are_told(world: World) -> None:
    world.deploy(line("ask", "check"))
    instance = world.start("line")
    world.complete(instance, "ask", by="liu")
    world.engine.deliver_all()
    world.told.clear()
    take_back(world, instance, "ask", "liu")
    world.engine.deliver_all()
    (letter,) = [letter for letter in world.told if letter["event"] == "task.withdrawn"]
    assert member("zhao").id in letter["user_ids"]
    assert letter["reason"] == "填错了"


@pytest.mark.parametrize("touch", ["claim", "draft", "reassign", "complete"])
def test_not_once_somebody_has_touched_the_next_step(world: World, touch: str) -> None:
    world.deploy(line("ask", "check", "sign"))
    instance = world.start("line")
    world.complete(instance, "ask")
    task, liu = world.task(instance, "check"), world.person("liu")
    if touch == "claim":
        world.engine.claim(task.id, by=liu)
    elif touch == "draft":
        world.engine.save_draft(task.id, {"text": "x"}, by=liu)
    elif touch == "reassign":
        world.engine.reassign(task.id, member("zhao").id, reason="轮值", by=liu)
    else:
        world.engine.complete(task.id, {}, by=liu)
    assert not may(world, instance, "ask")
    with pytest.raises(errors.Conflict):
        take_back(world, instance, "ask")
    assert "ask" not in world.open_nodes(instance)


def test_a_claim_between_our_look_and_the_lock_wins(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    from app.engine.running.acts.send_back import Withdraw

    world.deploy(line("ask", "check"))
    instance = world.start("line")
    world.complete(instance, "ask")
    usual = Withdraw.open

    def overtaken(self: Withdraw, engine: Any, session: Any) -> Any:
        turn = usual(self, engine, session)
        session.rollback()
        world.engine.claim(world.task(instance, "check").id, by=world.person("liu"))
        return turn

    monkeypatch.setattr(Withdraw, "open", overtaken)
    with pytest.raises(errors.Conflict):
        take_back(world, instance, "ask")
    assert world.open_nodes(instance) == ["check"]
    assert world.task(instance, "check").assignee_id == member("liu").id


def test_what_was_addressed_to_one_person_and_not_opened_may_still_be_taken_back(world: World) -> None:
    world.deploy(d.package("named", step("ask"), step("check", assignee="starter.id"), d.end(), files=FORM))
    instance = world.start("named")
    world.complete(instance, "ask", by="liu")
    take_back(world, instance, "ask", "liu")
    assert world.open_nodes(instance) == ["ask"]


def test_a_step_before_a_split_is_taken_back_with_all_branches(world: World) -> None:
    world.deploy(FORK)
    instance = world.start("fork")
    world.complete(instance, "plan")
    assert world.open_nodes(instance) == ["a1", "b1"]
    take_back(world, instance, "plan")
    assert world.open_nodes(instance) == ["plan"]
    world.complete(instance, "plan")
    assert world.open_nodes(instance) == ["a1", "b1"]


def test_inside_a_branch_also_while_it_waits_at_the_join_but_not_past_it(world: World) -> None:
    world.deploy(FORK)
    instance = world.start("fork")
    for node in ("plan", "a1", "a2"):
        world.complete(instance, node)
    take_back(world, instance, "a2")
    assert world.open_nodes(instance) == ["a2", "b1"]
    for node in ("b1", "b2", "a2"):
        world.complete(instance, node)
    assert world.open_nodes(instance) == ["sum"]
    assert not may(world, instance, "a2")
    with pytest.raises(errors.Conflict):
        take_back(world, instance, "a2")
    assert world.open_nodes(instance) == ["sum"]


ROUNDS = d.package(
    "rounds", step("plan"), d.exclusive("merge"), d.parallel("split"), step("a"), step("b"), step("b2"),
    d.boundary("seen", "b", d.condition("a_done > 0"), interrupting=False), step("beside"), d.end("end2"),
    d.parallel("join"), step("sum"), d.exclusive("again", "out"), d.end(), files=FORM,
    flows=[
        d.Flow("plan", "merge"), d.Flow("merge", "split"), d.Flow("split", "a"), d.Flow("split", "b"),
        d.Flow("b", "b2"), d.Flow("seen", "beside"), d.Flow("beside", "end2"), d.Flow("a", "join"),
        d.Flow("b2", "join"), d.Flow("join", "sum"), d.Flow("sum", "again"),
        d.Flow("again", "merge", "more == 1"), d.Flow("again", "end", id="out"),
    ],
)  # fmt: skip


def test_what_an_event_of_another_branch_began_stays_but_that_of_a_round_begun_since_goes(world: World) -> None:
    world.deploy(ROUNDS)
    instance = world.start("rounds", {"a_done": 0, "more": 0})
    world.complete(instance, "plan")
    world.complete(instance, "a", a_done=1)
    world.complete(instance, "b")
    assert world.open_nodes(instance) == ["b2", "beside"]
    take_back(world, instance, "a")
    assert world.open_nodes(instance) == ["a", "b2", "beside"]

    for node in ("a", "b2", "beside"):
        world.complete(instance, node)
    world.complete(instance, "sum", more=1)
    assert world.open_nodes(instance) == ["a", "b", "beside"]
    take_back(world, instance, "sum")
    assert world.open_nodes(instance) == ["sum"]


STOPPED = d.package(
    "stopped", step("plan"),
    d.subprocess(
        "inner", d.start("s"), d.parallel("split"), step("a"), step("b"), d.parallel("join"), d.end("e"),
        flows=[
            d.Flow("s", "split"), d.Flow("split", "a"), d.Flow("split", "b"), d.Flow("a", "join"),
            d.Flow("b", "join"), d.Flow("join", "e"),
        ],
    ),
    d.end(), d.event_subprocess("es", d.start("on", d.message("stop"), correlation="order"), step("h"), d.end("he")),
    files=FORM,
)  # fmt: skip


def seeing(key: str, *seer: d.Element, flows: list[d.Flow]) -> Any:
    return d.package(
        key, step("plan"), d.parallel("split"), step("tell"), step("b"), step("b2"), *seer, d.parallel("join"),
        step("sum"), d.end(), files=FORM, manifest='inputs = ["told"]',
        flows=[
            d.Flow("plan", "split"), d.Flow("split", "tell"), d.Flow("tell", "join"), d.Flow("split", "b"),
            d.Flow("b2", "join"), d.Flow("join", "sum"), d.Flow("sum", "end"), *flows,
        ],
    )  # fmt: skip


BESIDE = seeing(
    "beside", d.boundary("seen", "b", d.condition("told > 0"), interrupting=False), step("more"), d.end("end2"),
    flows=[d.Flow("b", "b2"), d.Flow("seen", "more"), d.Flow("more", "end2")],
)  # fmt: skip
ON_THE_WAY = seeing(
    "way", d.catch("until", d.condition("told > 0")), flows=[d.Flow("b", "until"), d.Flow("until", "b2")]
)


@pytest.mark.parametrize("package", [BESIDE, ON_THE_WAY], ids=["beside", "on the way"])
def test_what_another_branch_said_and_a_condition_saw_is_not_taken_back(world: World, package: Any) -> None:
    world.deploy(package)
    instance = world.start(package.key, {"told": 0})
    for node in ("plan", "b", "tell") if package is ON_THE_WAY else ("plan", "tell", "b"):
        world.complete(instance, node, **({"told": 7} if node == "tell" else {}))
    assert "b2" in world.open_nodes(instance)
    take_back(world, instance, "b")
    anew = ["b", "more"] if package is BESIDE else ["b"]  # the condition holds when the step begins, so it happens
    assert (world.open_nodes(instance), world.data(instance)["told"]) == (anew, 7)
    for node in ("b", "b2"):
        world.complete(instance, node)
    assert "sum" in world.open_nodes(instance) and world.task(instance, "sum").data["told"] == 7


def test_not_once_an_event_has_put_an_end_to_what_came_next(world: World) -> None:
    """A branch that waited at a join when that happened is over as well, and no token to be taken back."""
    straight = d.package(
        "straight", d.parallel("split"), step("a"), step("b"), d.parallel("join"), d.end(),
        d.event_subprocess("es", d.start("on", d.message("stop"), correlation="order"), step("h"), d.end("he")),
        flows=[
            d.Flow("split", "a"), d.Flow("split", "b"), d.Flow("a", "join"), d.Flow("b", "join"), d.Flow("join", "end"),
        ], files=FORM,
    )  # fmt: skip
    empty = d.package(
        "empty", step("plan"),
        d.subprocess(
            "inner", d.start("s"), d.parallel("split"), step("b"), d.parallel("join"), d.end("e"),
            flows=[
                d.Flow("s", "split"), d.Flow("split", "join"), d.Flow("split", "b"), d.Flow("b", "join"),
                d.Flow("join", "e"),
            ],
        ),
        d.end(), d.event_subprocess("es", d.start("on", d.message("stop"), correlation="order"), step("h"), d.end("he")),
        files=FORM,
    )  # fmt: skip
    for package, done_before in ((straight, "a"), (STOPPED, "a"), (empty, "plan")):
        world.deploy(package)
        instance = world.start(package.key, {"order": package.key})
        if package is STOPPED:
            world.complete(instance, "plan")
        world.complete(instance, done_before)
        world.engine.send_message("stop", package.key, {}, by=world.person("zhao"))
        assert world.open_nodes(instance) == ["h"]
        assert not may(world, instance, done_before)
        with pytest.raises(errors.Conflict):
            take_back(world, instance, done_before)
        assert world.open_nodes(instance) == ["h"]


def test_into_and_inside_a_sub_process_that_runs_but_not_one_that_is_over(world: World) -> None:
    world.deploy(INNER)
    instance = world.start("nested")
    world.complete(instance, "plan")
    take_back(world, instance, "plan")
    assert world.open_nodes(instance) == ["plan"]
    for node in ("plan", "x"):
        world.complete(instance, node)
    take_back(world, instance, "x")
    assert world.open_nodes(instance) == ["x"]
    for node in ("x", "y"):
        world.complete(instance, node)
    with pytest.raises(errors.Conflict):
        take_back(world, instance, "y")
    assert world.open_nodes(instance) == ["sign"]


def test_not_past_a_service_task_that_may_not_be_repeated(world: World) -> None:
    @world.engine.service_task("money.pay", repeatable=False)
    def pay(_call: Any) -> None:
        """Once."""

    world.deploy(d.package("pay", step("ask"), d.service("put", "money.pay"), step("check"), d.end(), files=FORM))
    instance = world.start("pay")
    world.complete(instance, "ask")
    assert not may(world, instance, "ask")
    with pytest.raises(errors.Conflict):
        take_back(world, instance, "ask")


def test_what_was_returned_and_done_again_can_be_taken_back_once(world: World) -> None:
    world.deploy(line("ask", "check"))
    instance = world.start("line")
    world.complete(instance, "ask")
    first = done(world, instance, "ask")
    back(world, instance, "check", "ask")
    with pytest.raises(errors.Conflict):
        world.engine.withdraw(first.id, "填错了", by=world.person("zhao"))
    world.complete(instance, "ask")
    take_back(world, instance, "ask")
    with pytest.raises(errors.Conflict):
        world.engine.withdraw(first.id, "填错了", by=world.person("zhao"))
    assert world.open_nodes(instance) == ["ask"]


def test_only_by_whoever_did_it_and_only_where_the_step_allows_it(world: World) -> None:
    world.deploy(d.package("words", step("ask"), d.user("plain"), step("check"), d.end(), files=FORM))
    instance = world.start("words")
    world.complete(instance, "ask")
    assert not may(world, instance, "ask", "liu")
    with pytest.raises(errors.Forbidden):
        take_back(world, instance, "ask", "liu")
    world.complete(instance, "plain")
    with pytest.raises(errors.Forbidden):
        take_back(world, instance, "plain")
    assert world.open_nodes(instance) == ["check"]


def test_a_second_withdrawal_and_one_after_the_end_are_refused(world: World) -> None:
    world.deploy(line("ask", "check"))
    instance = world.start("line")
    world.complete(instance, "ask")
    row = done(world, instance, "ask")
    take_back(world, instance, "ask")
    with pytest.raises(errors.Conflict):
        world.engine.withdraw(row.id, "再次", by=world.person("zhao"))
    for node in ("ask", "check"):
        world.complete(instance, node)
    with pytest.raises(errors.Conflict):
        take_back(world, instance, "check")
