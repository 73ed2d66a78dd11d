"""Several people sign one step: each policy with each outcome, saved and read again by a new engine after every vote."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from app import errors
from app.engine import Signing
from tests.cast import member
from tests.engine import diagrams as d
from tests.engine.conftest import World
from tests.engine.signing import FILES, begin, row_of, rows, signatures, tally, vote, waiting

Again = Callable[[], World]
Y, N = "agree", "refuse"
CASES: dict[str, tuple[str, dict[str, str], list[str], str]] = {  # policy, words, votes in order, outcome
    "all agree": ("all", {}, [Y, Y, Y], "agree"),
    "one of all refuses, the others still sign": ("all", {}, [N, Y, Y], "disagree"),
    "the last of all refuses": ("all", {}, [Y, Y, N], "disagree"),
    "the first of any agrees": ("any", {}, [Y], "agree"),
    "the first of any refuses": ("any", {}, [N], "disagree"),
    "two of three agree": ("ratio", {}, [Y, Y], "agree"),
    "two of three agree after one refused": ("ratio", {}, [N, Y, Y], "agree"),
    "two of three refuse": ("ratio", {}, [N, N], "disagree"),
    "two of three can no longer be reached": ("ratio", {}, [Y, N, N], "disagree"),
    "60 % of three are two": ("ratio", {"ratio": "60%"}, [Y, Y], "agree"),
    "67 % of three are three": ("ratio", {"ratio": "67%"}, [Y, N], "disagree"),
    "one is enough": ("ratio", {"ratio": "1"}, [N, N, Y], "agree"),
    "nobody vetoes": ("veto", {}, [Y, Y, Y], "agree"),
    "the first veto decides": ("veto", {}, [N], "disagree"),
    "a later veto decides": ("veto", {}, [Y, N], "disagree"),
    "all in turn": ("in_turn", {}, [Y, Y, Y], "agree"),
    "the first in turn refuses": ("in_turn", {}, [N], "disagree"),
    "the second in turn refuses": ("in_turn", {}, [Y, N], "disagree"),
}


@pytest.mark.parametrize("case", CASES)
def test_it_is_decided_with_exactly_this_vote(world: World, again: Again, case: str) -> None:
    policy, words, votes, outcome = CASES[case]
    instance = begin(world, policy, **words)
    for number, (who, decision) in enumerate(zip(("zhao", "deng", "liu"), votes, strict=False), 1):
        assert world.open_nodes(instance) and set(world.open_nodes(instance)) == {"sign"}
        row = row_of(world, instance, who)
        vote(world, instance, who, decision)
        world = again()
        seen = tally(world, row)
        assert (seen.agreed, seen.disagreed, seen.of) == (votes[:number].count(Y), votes[:number].count(N), 3)
        assert seen.outcome == (outcome if number == len(votes) else None)
    assert world.open_nodes(instance) == ["after"]
    data = world.data(instance)
    assert data["decision"] == (Y if outcome == "agree" else N)
    record = signatures(world, instance)
    assert {k: v for k, v in record.items() if k != "votes"} == {
        "policy": policy, "outcome": outcome, "agreed": votes.count(Y), "disagreed": votes.count(N), "of": 3,
    }  # fmt: skip
    assert [given["vote"] for given in record["votes"]] == votes
    assert [given["name"] for given in record["votes"]] == ["赵明远", "邓超", "刘洋"][: len(votes)]
    assert len(world.tasks(instance, "done")) == len(votes)
    assert world.events(instance).count("task.decided") == 1


def test_who_has_not_signed_when_it_is_decided_is_let_go(world: World) -> None:
    instance = begin(world, "veto")
    vote(world, instance, "deng", N)
    assert {task.assignee_name for task in world.tasks(instance, "cancelled")} == {"赵明远", "刘洋"}
    assert world.events(instance).count("task.cancelled") == 2
    late = next(task for task in world.tasks(instance, "cancelled") if task.assignee_id == member("liu").id)
    with pytest.raises(errors.Conflict):
        world.engine.complete(late.id, {"decision": Y}, by=world.person("liu"))
    assert tally(world, late).signers == () and tally(world, late).waiting == 2


def test_in_turn_asks_one_after_the_other_and_tells_who_comes_next(world: World, again: Again) -> None:
    instance = begin(world, "in_turn")
    for who, left in (("zhao", ["邓超", "刘洋"]), ("deng", ["刘洋"]), ("liu", [])):
        world = again()
        assert waiting(world, instance) == {who}
        seen = tally(world, row_of(world, instance, who))
        assert [one.name for one in seen.signers if one.state == "next"] == left
        vote(world, instance, who)
    assert world.open_nodes(instance) == ["after"]


def test_while_it_runs_the_tally_shows_who_said_what_and_who_is_waited_for(world: World) -> None:
    instance = begin(world, "ratio")
    row = row_of(world, instance, "deng")
    vote(world, instance, "zhao", N, remark="缺少预算")
    seen = tally(world, row)
    assert (seen.policy, seen.outcome, seen.agreed, seen.disagreed, seen.waiting, seen.of, seen.needed) == (
        "ratio", None, 0, 1, 2, 3, 2,
    )  # fmt: skip
    (given,) = seen.votes
    assert (given["name"], given["org_name"], given["vote"], given["answers"]["remark"]) == (
        "赵明远",
        "应急局",
        N,
        "缺少预算",
    )
    assert [(one.name, one.state) for one in seen.signers] == [("邓超", "open"), ("刘洋", "open")]


def test_the_answers_of_the_first_of_any_become_variables_and_of_the_others_none(world: World) -> None:
    instance = begin(world, "any")
    vote(world, instance, "deng", remark="照办")
    assert world.data(instance)["remark"] == "照办"
    second = begin_anew(world, "all")
    for who in ("zhao", "deng", "liu"):
        vote(world, second, who, remark=who)
    assert "remark" not in world.data(second)
    assert [given["answers"]["remark"] for given in signatures(world, second)["votes"]] == ["zhao", "deng", "liu"]


def begin_anew(world: World, policy: str) -> str:
    from tests.engine.signing import process

    world.deploy(process(policy, key="other"))
    return world.start("other", {"board": [member(key).id for key in ("zhao", "deng", "liu")]}, by="wang")


def test_another_field_and_other_values_may_be_the_vote(world: World) -> None:
    files = {"forms/sign.json": FILES["forms/sign.json"].replace('"decision"', '"verdict"')}
    made = d.package(
        "custom",
        d.user("sign", policy="veto", signers="board", form="sign", vote="verdict", agree="agree; abstain"),
        d.end(),
        files=files,
        manifest='inputs = ["board"]\n',
    )
    world.deploy(made)
    instance = world.start("custom", {"board": [member("zhao").id, member("deng").id]})
    row = row_of(world, instance, "zhao")
    for who, said in (("zhao", "abstain"), ("deng", "agree")):
        vote(world, instance, who, None, verdict=said)
    assert (tally(world, row).outcome, tally(world, row).agreed) == ("agree", 2)


@pytest.mark.parametrize("policy", ["all", "any", "in_turn"])
def test_without_a_field_for_the_vote_signing_is_agreeing(world: World, policy: str) -> None:
    world.deploy(
        d.package("plain", d.user("sign", policy=policy, signers="board"), d.end(), manifest='inputs = ["board"]\n')
    )
    instance = world.start("plain", {"board": [member("zhao").id, member("deng").id]})
    row = row_of(world, instance, "zhao")
    vote(world, instance, "zhao", None)
    if policy != "any":
        vote(world, instance, "deng", None)
    assert tally(world, row).outcome == "agree" and world.instance(instance).status == "ended"


def test_a_vote_that_is_left_out_is_refused_and_counts_for_nothing(world: World) -> None:
    instance = begin(world, "veto")
    with pytest.raises(errors.Invalid) as refused:
        vote(world, instance, "zhao", None)
    assert set(refused.value.errors) == {"decision"}
    assert waiting(world, instance) == {"zhao", "deng", "liu"}


def test_the_diagram_can_tell_by_the_signatures_where_to_go(world: World) -> None:
    world.deploy(
        d.package(
            "way",
            d.user("sign", policy="ratio", ratio="1", signers="board", form="sign"),
            d.exclusive("split", default="f_split_bad"),
            d.user("good"),
            d.user("bad"),
            d.end(),
            flows=[
                d.Flow("sign", "split"),
                d.Flow("split", "good", 'signatures["sign"].agreed >= 1 and signatures.sign["outcome"] == "agree"'),
                d.Flow("split", "bad"),
                d.Flow("good", "end"),
                d.Flow("bad", "end"),
            ],
            files=FILES,
        )
    )
    for first, node in ((Y, "good"), (N, "bad")):
        instance = world.start("way", {"board": [member("zhao").id]})
        vote(world, instance, "zhao", first)
        assert world.open_nodes(instance) == [node]


def test_completed_by_names_who_decided(world: World) -> None:
    instance = begin(world, "ratio")
    vote(world, instance, "liu")
    vote(world, instance, "zhao")
    assert world.data(instance)["completed_by"]["sign"]["id"] == member("zhao").id


def test_a_second_round_of_a_loop_begins_with_no_votes(world: World) -> None:
    world.deploy(
        d.package(
            "loop", d.user("draft"), d.user("sign", policy="all", signers="board", form="sign"),
            d.exclusive("split", default="f_split_draft"), d.end(),
            flows=[
                d.Flow("draft", "sign"), d.Flow("sign", "split"),
                d.Flow("split", "end", 'decision == "agree"'), d.Flow("split", "draft"),
            ],
            files=FILES,
        )
    )  # fmt: skip
    instance = world.start("loop", {"board": [member("zhao").id, member("deng").id]})
    for said in (N, Y):
        world.complete(instance, "draft")
        assert waiting(world, instance) == {"zhao", "deng"}
        row = row_of(world, instance, "deng")
        assert (tally(world, row).agreed, tally(world, row).disagreed) == (0, 0)
        vote(world, instance, "zhao", Y)
        vote(world, instance, "deng", said)
    assert world.instance(instance).status == "ended"
    rounds = world.rows(Signing, instance)
    assert sorted((row.outcome, row.agreed, row.disagreed) for row in rounds) == [("agree", 2, 0), ("disagree", 1, 1)]


def test_two_steps_that_sign_side_by_side_keep_their_votes_apart(world: World) -> None:
    world.deploy(
        d.package(
            "fork", d.parallel("split"), d.user("left", policy="veto", signers="board", form="sign"),
            d.user("right", policy="veto", signers="board", form="sign"), d.parallel("join"), d.user("after"), d.end(),
            flows=[
                d.Flow("split", "left"), d.Flow("split", "right"), d.Flow("left", "join"), d.Flow("right", "join"),
                d.Flow("join", "after"), d.Flow("after", "end"),
            ],
            files=FILES,
        )
    )  # fmt: skip
    instance = world.start("fork", {"board": [member("zhao").id, member("deng").id]})
    for node, who, said in (("left", "zhao", Y), ("right", "deng", N), ("left", "deng", Y)):
        row = rows(world, instance, node)[member(who).id]
        world.engine.complete(row.id, {"decision": said}, by=world.person(who))
    assert world.open_nodes(instance) == ["after"]
    assert {node: signatures(world, instance, node)["outcome"] for node in ("left", "right")} == {
        "left": "agree", "right": "disagree",
    }  # fmt: skip


def test_a_boundary_event_that_interrupts_takes_all_rows_away_and_nothing_is_signed(world: World) -> None:
    world.deploy(
        d.package(
            "bound", step_with(policy="all"), d.boundary("late", "sign", d.timer("timeDuration", "P2D")), d.end(),
            d.user("rescue"), d.end("end2"),
            flows=[d.Flow("sign", "end"), d.Flow("late", "rescue"), d.Flow("rescue", "end2")], files=FILES,
        )
    )  # fmt: skip
    instance = world.start("bound", {"board": [member("zhao").id, member("deng").id]})
    row = row_of(world, instance, "deng")
    vote(world, instance, "zhao")
    world.advance(days=3)
    assert world.open_nodes(instance) == ["rescue"]
    assert "signatures" not in world.data(instance)
    with pytest.raises(errors.Conflict):
        world.engine.complete(row.id, {"decision": Y}, by=world.person("deng"))
    assert tally(world, row).outcome is None


def step_with(**words: str) -> d.Element:
    return d.user("sign", **({"signers": "board", "form": "sign"} | words))


def test_cancelling_the_instance_cancels_every_row(world: World) -> None:
    instance = begin(world, "all")
    vote(world, instance, "zhao")
    world.engine.cancel(instance, "撤题", by=world.person("wang"))
    assert world.tasks(instance) == [] and len(world.tasks(instance, "cancelled")) == 2


def test_history_holds_every_vote_and_its_chain(world: World) -> None:
    instance = begin(world, "all")
    for who in ("zhao", "deng", "liu"):
        vote(world, instance, who)
    assert world.events(instance) == [
        "instance.started", *["task.created"] * 3, "task.completed", "task.completed", "task.completed", "task.decided",
        "task.created",
    ]  # fmt: skip
    with world.sessions() as session:
        assert world.engine.verify(session, instance) is None
        progress = world.engine.progress(session, instance)
    assert progress.nodes["sign"].state == "done" and progress.nodes["sign"].who == "刘洋"


def test_a_check_sees_each_signer_s_own_answers(world: World) -> None:
    seen: list[Any] = []

    @world.engine.task_check("board.reason")
    def reason(check: Any) -> dict[str, list[str]]:
        seen.append((check.actor.name, check.data["decision"]))
        return {"remark": ["请说明理由"]} if check.answers["decision"] == N and not check.answers.get("remark") else {}

    instance = begin(world, "all", checks="board.reason")
    with pytest.raises(errors.Invalid):
        vote(world, instance, "zhao", N)
    vote(world, instance, "zhao", N, remark="超预算")
    vote(world, instance, "deng", Y)
    assert seen == [("赵明远", N), ("赵明远", N), ("邓超", Y)]
    assert waiting(world, instance) == {"liu"}


def test_a_step_inside_a_sub_process_leaves_its_signatures_outside(world: World) -> None:
    world.deploy(
        d.package(
            "inner", d.subprocess("part", d.start("s2"), step_with(policy="veto"), d.end("e2")), d.user("after"), d.end(),
            files=FILES,
        )
    )  # fmt: skip
    instance = world.start("inner", {"board": [member("zhao").id, member("deng").id]})
    vote(world, instance, "zhao")
    vote(world, instance, "deng")
    assert world.open_nodes(instance) == ["after"]
    assert signatures(world, instance)["agreed"] == 2


def test_what_fails_behind_the_decision_is_an_incident_and_the_votes_stay(world: World) -> None:
    calls: list[str] = []

    @world.engine.service_task("board.enact")
    def enact(call: Any) -> None:
        calls.append(call.data["signatures"]["sign"]["outcome"])
        if len(calls) == 1:
            raise RuntimeError("down")

    world.deploy(
        d.package(
            "enact", step_with(policy="ratio", ratio="2/3"), d.service("act", "board.enact"), d.user("after"), d.end(),
            files=FILES,
        )
    )  # fmt: skip
    instance = world.start("enact", {"board": [member(key).id for key in ("zhao", "deng", "liu")]})
    row = row_of(world, instance, "liu")
    vote(world, instance, "zhao")
    vote(world, instance, "deng")
    (incident,) = world.incidents(instance)
    assert (incident.node_id, tally(world, row).outcome, world.tasks(instance)) == ("act", "agree", [])
    assert [task.assignee_name for task in world.tasks(instance, "done")] == ["赵明远", "邓超"]
    assert world.engine.retry(incident.id, by=world.person("wang"))
    assert (calls, world.open_nodes(instance)) == (["agree", "agree"], ["after"])
    assert world.events(instance).count("task.decided") == 1


def test_a_script_behind_the_decision_that_fails_takes_no_vote_twice(world: World) -> None:
    world.deploy(
        d.package(
            "script", step_with(policy="veto"), d.script("sum", "x = signatures.sign.agreed / 0"), d.end(), files=FILES
        )
    )
    instance = world.start("script", {"board": [member("zhao").id, member("deng").id]})
    row = row_of(world, instance, "zhao")
    vote(world, instance, "zhao")
    vote(world, instance, "deng")
    assert [incident.node_id for incident in world.incidents(instance)] == ["sum"]
    assert (tally(world, row).agreed, tally(world, row).of, tally(world, row).outcome) == (2, 2, "agree")
    with world.sessions() as session:
        assert list(world.engine.verify_everything(session)) == []
