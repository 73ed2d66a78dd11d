"""加签 and 减签: by whom, with what reason, and what follows for the tally."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from app import errors
from app.accounts import User
from app.db import write_transaction
from app.engine import History
from app.engine.running.acts.signers import RemoveSigner
from tests.cast import member
from tests.engine.conftest import World
from tests.engine.signing import begin, row_of, rows, signatures, tally, vote, waiting


def add(world: World, instance: str, who: str, new: str, reason: str = "涉及其职责", **more: bool) -> None:
    row = rows(world, instance).get(member(who).id) or next(iter(rows(world, instance).values()))
    world.engine.add_signer(row.id, member(new).id, reason, by=world.person(who), **more)


def remove(world: World, instance: str, who: str, gone: str, reason: str = "与其无关") -> None:
    row = rows(world, instance).get(member(who).id) or next(iter(rows(world, instance).values()))
    world.engine.remove_signer(row.id, member(gone).id, reason, by=world.person(who))


@pytest.mark.parametrize("policy", ["all", "veto", "ratio"])
def test_an_added_signer_is_asked_and_counts(world: World, again: Callable[[], World], policy: str) -> None:
    instance = begin(world, policy, ("zhao", "deng"))
    row = row_of(world, instance, "zhao")
    add(world, instance, "zhao", "gao")
    world = again()
    assert waiting(world, instance) == {"zhao", "deng", "gao"}
    assert (tally(world, row).of, tally(world, row).needed) == (3, 2 if policy == "ratio" else 3)
    for who in ("zhao", "gao", "deng")[: 2 if policy == "ratio" else 3]:
        vote(world, instance, who)
        world = again()
    assert world.open_nodes(instance) == ["after"] and signatures(world, instance)["of"] == 3


def test_with_any_the_added_signer_s_answer_may_be_the_first(world: World) -> None:
    instance = begin(world, "any", ("zhao", "deng"))
    add(world, instance, "wang", "gao")
    vote(world, instance, "gao", "refuse")
    assert signatures(world, instance)["outcome"] == "disagree"


def test_in_turn_the_added_signer_comes_last_or_next(world: World, again: Callable[[], World]) -> None:
    instance = begin(world, "in_turn", ("zhao", "deng"))
    add(world, instance, "zhao", "gao")
    add(world, instance, "zhao", "liu", next_up=True)
    order: list[str] = []
    world.engine.deliver_outbox()
    assert not [letter for letter in world.told if letter["event"] == "task.signer_added"]  # it is not their turn yet
    while world.open_nodes(instance) == ["sign"]:
        world = again()
        (who,) = waiting(world, instance)
        order.append(who)
        vote(world, instance, who)
    assert order == ["zhao", "liu", "deng", "gao"]
    world.engine.deliver_outbox()
    asked = [letter["actor_name"] for letter in world.told if letter["event"] == "task.signer_added"]
    assert asked == ["赵明远", "赵明远"]


def test_the_reason_and_both_people_are_in_the_history_and_the_new_signer_is_told(world: World) -> None:
    instance = begin(world, "all", ("zhao", "deng"))
    with pytest.raises(errors.Invalid) as refused:
        add(world, instance, "zhao", "gao", " ")
    assert set(refused.value.errors) == {"reason"}
    add(world, instance, "zhao", "gao")
    remove(world, instance, "zhao", "gao")
    with world.sessions() as session:
        lines = session.query(History).filter(History.event.like("task.signer_%")).order_by(History.seq).all()
        assert world.engine.verify(session, instance) is None
    assert [(line.event, line.actor_name, line.data["name"], line.data["reason"]) for line in lines] == [
        ("task.signer_added", "赵明远", "高原", "涉及其职责"), ("task.signer_removed", "赵明远", "高原", "与其无关"),
    ]  # fmt: skip
    world.engine.deliver_outbox()
    (asked,) = [letter for letter in world.told if letter["event"] == "task.signer_added"]
    assert (asked["user_ids"], asked["reason"], asked["actor_name"]) == ([member("gao").id], "涉及其职责", "赵明远")
    (told,) = [letter for letter in world.told if letter["event"] == "task.signer_removed"]
    assert told["user_ids"] == [member("gao").id] and told["reason"] == "与其无关"


def test_somebody_who_signs_already_or_has_signed_is_not_added(world: World) -> None:
    instance = begin(world, "all")
    vote(world, instance, "deng")
    for who in ("zhao", "deng", "liu"):
        with pytest.raises(errors.Conflict):
            add(world, instance, "zhao", who)
    second = begin_other(world, "in_turn")
    with pytest.raises(errors.Conflict):
        add(world, second, "zhao", "liu")  # whose turn is still to come


def begin_other(world: World, policy: str) -> str:
    from tests.engine.signing import process

    world.deploy(process(policy, key="other"))
    return world.start("other", {"board": [member(key).id for key in ("zhao", "deng", "liu")]}, by="wang")


def test_only_who_is_to_sign_and_who_sent_the_work_may_say_who_signs(world: World) -> None:
    instance = begin(world, "all")
    vote(world, instance, "deng")
    for who in ("deng", "gao", "sun", "wu"):  # deng has signed: the matter is no longer his
        with pytest.raises(errors.Forbidden):
            add(world, instance, who, "gao")
        with pytest.raises(errors.Forbidden):
            remove(world, instance, who, "liu")
    add(world, instance, "zhao", "gao")
    add(world, instance, "wang", "he")
    assert waiting(world, instance) == {"zhao", "liu", "gao", "he"}


def test_without_the_word_nobody_is_added_or_taken_away(world: World) -> None:
    instance = begin(world, "all", allow="urge")
    for act in (lambda: add(world, instance, "zhao", "gao"), lambda: remove(world, instance, "wang", "liu")):
        with pytest.raises(errors.Forbidden):
            act()


def test_a_step_that_one_person_does_has_no_signers(world: World) -> None:
    from tests.engine import diagrams as d

    world.deploy(d.package("plain", d.user("sign", allow="sign"), d.end()))
    instance = world.start("plain")
    with pytest.raises(errors.Forbidden):
        add(world, instance, "zhao", "gao")


def test_nobody_unknown_or_gone_is_added(world: World) -> None:
    instance = begin(world, "all")
    with world.sessions() as session, write_transaction(session):
        session.get(User, member("gao").id).active = False  # type: ignore[union-attr]
    for user_id in ("nobody", member("gao").id):
        with pytest.raises(errors.Invalid):
            world.engine.add_signer(row_of(world, instance, "zhao").id, user_id, "x", by=world.person("zhao"))


def test_the_sender_takes_a_signer_away_and_the_rest_decides(world: World, again: Callable[[], World]) -> None:
    instance = begin(world, "all")
    for who in ("zhao", "deng"):
        vote(world, instance, who)
    remove(world, instance, "wang", "liu")
    world = again()
    assert world.open_nodes(instance) == ["after"]
    record = signatures(world, instance)
    assert (record["outcome"], record["of"], [given["name"] for given in record["votes"]]) == (
        "agree", 2, ["赵明远", "邓超"],
    )  # fmt: skip
    assert world.data(instance)["completed_by"]["sign"]["name"] == "邓超"
    assert world.events(instance)[-4:] == ["task.signer_removed", "task.decided", "task.cancelled", "task.created"]
    with world.sessions() as session:
        assert world.engine.progress(session, instance).nodes["sign"].state == "done"


def test_a_share_of_fewer_signers_may_be_reached_at_once_or_out_of_reach(world: World) -> None:
    people = ("zhao", "deng", "liu", "gao", "sun")
    instance = begin(world, "ratio", people, ratio="60%")
    vote(world, instance, "zhao")
    vote(world, instance, "deng")
    remove(world, instance, "wang", "sun")
    assert world.open_nodes(instance) == ["sign", "sign"]  # 2 of 4, three are needed
    remove(world, instance, "wang", "gao")
    assert signatures(world, instance)["outcome"] == "agree"  # 2 of 3


def test_in_turn_the_next_is_asked_when_the_present_one_is_taken_away(world: World) -> None:
    instance = begin(world, "in_turn")
    remove(world, instance, "wang", "zhao")
    assert waiting(world, instance) == {"deng"}
    remove(world, instance, "wang", "liu")
    vote(world, instance, "deng")
    assert world.open_nodes(instance) == ["after"] and signatures(world, instance)["of"] == 1


def test_the_last_signer_stays(world: World) -> None:
    instance = begin(world, "all", ("zhao", "deng"))
    remove(world, instance, "wang", "deng")
    with pytest.raises(errors.Conflict) as refused:
        remove(world, instance, "wang", "zhao")
    assert refused.value.extra["status"] == "last"


def test_no_fewer_signers_stay_than_must_agree(world: World) -> None:
    instance = begin(world, "ratio", ("zhao", "deng", "liu"), ratio="2")
    remove(world, instance, "wang", "liu")
    with pytest.raises(errors.Conflict) as refused:
        remove(world, instance, "wang", "deng")
    assert refused.value.extra["status"] == "needed"


def test_who_has_signed_is_not_taken_away_and_the_vote_stays(world: World) -> None:
    instance = begin(world, "all")
    vote(world, instance, "deng", "refuse")
    with pytest.raises(errors.Conflict) as refused:
        remove(world, instance, "wang", "deng")
    assert refused.value.extra["status"] == "signed"
    assert tally(world, row_of(world, instance, "zhao")).disagreed == 1


def test_taking_away_twice_or_a_stranger_finds_nobody(world: World) -> None:
    instance = begin(world, "all")
    remove(world, instance, "wang", "deng")
    for who in ("deng", "sun"):
        with pytest.raises(errors.NotFound):
            remove(world, instance, "wang", who)


def test_who_was_taken_away_cannot_sign_any_more_and_may_be_added_again(world: World) -> None:
    instance = begin(world, "all")
    row = row_of(world, instance, "deng")
    remove(world, instance, "wang", "deng")
    with pytest.raises(errors.Conflict):
        world.engine.complete(row.id, {"decision": "refuse"}, by=world.person("deng"))
    add(world, instance, "wang", "deng")
    vote(world, instance, "deng")
    assert [given["name"] for given in tally(world, row).votes] == ["邓超"]


def test_a_signer_takes_away_only_whom_he_added_or_who_has_left(world: World) -> None:
    instance = begin(world, "veto")
    with pytest.raises(errors.Forbidden):
        remove(world, instance, "zhao", "deng")
    add(world, instance, "zhao", "gao")
    with pytest.raises(errors.Forbidden):
        remove(world, instance, "deng", "gao")
    own = row_of(world, instance, "zhao")
    with world.sessions() as session:
        assert world.engine.removable(session, own, member("zhao").id) == {member("gao").id}
        assert world.engine.removable(session, own, member("wang").id) == {
            member(who).id for who in ("zhao", "deng", "liu", "gao")
        }
        assert world.engine.removable(session, own, member("sun").id) == frozenset()
    remove(world, instance, "zhao", "gao")
    with world.sessions() as session, write_transaction(session):
        session.get(User, member("liu").id).active = False  # type: ignore[union-attr]
    remove(world, instance, "zhao", "liu")
    assert waiting(world, instance) == {"zhao", "deng"}


def test_what_is_passed_on_meanwhile_is_not_taken_from_whoever_got_it(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    instance = begin(world, "all", ("zhao", "deng"))
    row, change = row_of(world, instance, "zhao"), RemoveSigner.begin
    with world.sessions() as session, write_transaction(session):
        session.get(User, member("zhao").id).active = False  # type: ignore[union-attr]

    def passed_on_first(act: RemoveSigner, turn: Any) -> None:
        if "zhao" in waiting(world, instance):
            world.engine.reassign(row.id, member("liu").id, reason="已调离", by=world.person("liu"))
        change(act, turn)

    monkeypatch.setattr(RemoveSigner, "begin", passed_on_first)
    with pytest.raises(errors.NotFound):
        remove(world, instance, "deng", "zhao")
    assert waiting(world, instance) == {"liu", "deng"}


def test_a_signature_that_was_passed_on_is_taken_away_by_its_new_holder_s_name(world: World) -> None:
    instance = begin(world, "all", ("zhao", "deng"))
    world.engine.reassign(row_of(world, instance, "zhao").id, member("liu").id, reason="出差", by=world.person("zhao"))
    with pytest.raises(errors.NotFound):
        remove(world, instance, "wang", "zhao")
    remove(world, instance, "wang", "liu")
    assert waiting(world, instance) == {"deng"}


def test_an_organisation_is_taken_away_by_its_id(world: World) -> None:
    from tests.cast import org_id
    from tests.engine.signing import process

    world.deploy(process("all"))
    instance = world.start("board", {"board": ["housing", member("zhao").id]}, by="wang")
    (signer,) = [one for one in tally(world, row_of(world, instance, "zhao")).signers if one.kind == "organisation"]
    assert signer.id == org_id("housing")
    world.engine.remove_signer(row_of(world, instance, "zhao").id, signer.id, "无关", by=world.person("wang"))
    assert waiting(world, instance) == {"zhao"}


def test_a_suspended_instance_takes_no_new_signers(world: World) -> None:
    instance = begin(world, "all")
    world.engine.suspend(instance, "暂停", by=world.person("wang"))
    with pytest.raises(errors.Conflict):
        add(world, instance, "zhao", "gao")
