"""Signers who act at the same instant: no vote is lost, none counts twice, and the token moves once."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Barrier

import pytest

from app import errors
from tests.cast import member
from tests.engine.conftest import World
from tests.engine.signing import PEOPLE, process, row_of, signatures, tally, vote, waiting

ROUNDS = 6


def at_once(*acts: Callable[[], object]) -> list[str]:
    """What became of acts that begin together: done, or the error's code."""
    gate = Barrier(len(acts))

    def run(act: Callable[[], object]) -> str:
        gate.wait()
        try:
            act()
        except errors.DubanError as refused:
            return refused.code
        return "done"

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(run, acts))


def signing(world: World, who: str, task_id: str, decision: str = "agree") -> Callable[[], object]:
    return lambda: world.engine.complete(task_id, {"decision": decision}, by=world.person(who))


def adding(world: World, who: str, task_id: str, new: str) -> Callable[[], object]:
    return lambda: world.engine.add_signer(task_id, member(new).id, "相关", by=world.person(who))


def again_and_again(world: World, policy: str, people: tuple[str, ...], **words: str) -> Callable[[], str]:
    world.deploy(process(policy, **words))
    return lambda: world.start("board", {"board": [member(key).id for key in people]}, by="wang")


@pytest.mark.parametrize("policy", ["all", "veto", "ratio"])
def test_of_five_who_sign_at_once_no_vote_is_lost(world: World, policy: str) -> None:
    start = (
        again_and_again(world, policy, PEOPLE, ratio="100%")
        if policy == "ratio"
        else again_and_again(world, policy, PEOPLE)
    )
    for _round in range(ROUNDS):
        instance = start()
        done = at_once(*(signing(world, who, row_of(world, instance, who).id) for who in PEOPLE))
        assert done == ["done"] * 5
        record = signatures(world, instance)
        assert (record["agreed"], record["of"]) == (5, 5)
        assert {given["id"] for given in record["votes"]} == {member(who).id for who in PEOPLE}
        assert world.open_nodes(instance) == ["after"]
        assert world.events(instance).count("task.decided") == 1


def test_of_two_who_answer_at_once_with_any_exactly_one_decides(world: World) -> None:
    start = again_and_again(world, "any", ("zhao", "deng"))
    for _round in range(ROUNDS):
        instance = start()
        done = at_once(
            signing(world, "zhao", row_of(world, instance, "zhao").id),
            signing(world, "deng", row_of(world, instance, "deng").id, "refuse"),
        )
        assert sorted(done) == ["conflict", "done"]
        record = signatures(world, instance)
        assert len(record["votes"]) == 1 and world.open_nodes(instance) == ["after"]
        assert record["votes"][0]["id"] == member(("zhao", "deng")[done.index("done")]).id


def test_one_signature_sent_twice_at_once_counts_once(world: World) -> None:
    start = again_and_again(world, "all", ("zhao", "deng"))
    for _round in range(ROUNDS):
        instance = start()
        row = row_of(world, instance, "zhao")
        act = signing(world, "zhao", row.id)
        assert sorted(at_once(act, act)) == ["conflict", "done"]
        assert tally(world, row).agreed == 1 and waiting(world, instance) == {"deng"}


def test_a_signer_who_signs_while_he_is_taken_away_either_has_signed_or_is_gone(world: World) -> None:
    start = again_and_again(world, "all", ("zhao", "deng"))
    for _round in range(ROUNDS):
        instance = start()
        own, other = row_of(world, instance, "deng"), row_of(world, instance, "zhao")
        signed, gone = at_once(
            signing(world, "deng", own.id, "refuse"),
            partial(world.engine.remove_signer, other.id, member("deng").id, "无关", by=world.person("wang")),
        )
        assert sorted([signed, gone]) == ["conflict", "done"]
        seen = tally(world, other)
        assert (seen.of, seen.disagreed) == ((2, 1) if signed == "done" else (1, 0))
        assert [given["id"] for given in seen.votes] == ([member("deng").id] if signed == "done" else [])
        vote(world, instance, "zhao")
        assert world.open_nodes(instance) == ["after"]


def test_one_person_added_by_two_at_once_signs_once(world: World) -> None:
    start = again_and_again(world, "all", ("zhao", "deng"))
    for _round in range(ROUNDS):
        instance = start()
        done = at_once(*(adding(world, who, row_of(world, instance, who).id, "gao") for who in ("zhao", "deng")))
        assert sorted(done) == ["conflict", "done"]
        assert len(world.tasks(instance)) == 3


def test_a_signature_passed_on_to_one_who_is_added_at_once_is_one_signature(world: World) -> None:
    start = again_and_again(world, "all", ("zhao", "deng"))
    for _round in range(ROUNDS):
        instance = start()
        own = row_of(world, instance, "zhao").id
        done = at_once(
            partial(world.engine.reassign, own, member("liu").id, reason="出差", by=world.person("zhao")),
            adding(world, "deng", row_of(world, instance, "deng").id, "liu"),
        )
        assert done.count("done") == 1
        assert [task.assignee_id for task in world.tasks(instance)].count(member("liu").id) == 1


def test_it_is_decided_by_the_vote_or_the_boundary_timer_and_never_by_both(world: World) -> None:
    from tests.engine import diagrams as d
    from tests.engine.signing import FILES, step

    world.deploy(
        d.package(
            "bound", step("any"), d.boundary("late", "sign", d.timer("timeDuration", "P2D")), d.user("after"), d.end(),
            d.user("rescue"), d.end("end2"),
            flows=[
                d.Flow("sign", "after"), d.Flow("after", "end"), d.Flow("late", "rescue"), d.Flow("rescue", "end2"),
            ],
            files=FILES,
        )
    )  # fmt: skip
    for _round in range(ROUNDS):
        instance = world.start("bound", {"board": [member("zhao").id, member("deng").id]})
        world.clock.set(world.clock.now() + dt.timedelta(days=3))
        at_once(
            signing(world, "zhao", row_of(world, instance, "zhao").id),
            world.engine.run_due_timers,
        )
        world.engine.run_due_timers()
        (node,) = world.open_nodes(instance)
        decided = world.events(instance).count("task.decided")
        assert (node, decided) in {("after", 1), ("rescue", 0)}
