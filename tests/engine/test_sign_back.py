"""Work that goes back to a step that several sign, or away from it: everybody signs again, and no old vote counts."""

from __future__ import annotations

import pytest

from app import errors
from app.engine import Signing
from tests.cast import member
from tests.engine import diagrams as d
from tests.engine.conftest import World
from tests.engine.signing import FILES, begin, row_of, signatures, step, tally, vote, waiting


def begin_with_return(world: World, policy: str) -> str:
    world.deploy(
        d.package(
            "back", d.user("draft"), step(policy, allow="return"), d.user("after", allow="return"), d.end(),
            files=FILES, manifest='inputs = ["board"]\n',
        )
    )  # fmt: skip
    instance = world.start("back", {"board": [member(key).id for key in ("zhao", "deng", "liu")]})
    world.complete(instance, "draft", by="zhao")
    return instance


@pytest.mark.parametrize("policy", ["all", "ratio", "veto", "in_turn", "any"])
def test_a_step_that_work_is_returned_to_is_signed_anew_by_everybody(world: World, policy: str) -> None:
    instance = begin_with_return(world, policy)
    votes = {"all": 3, "ratio": 2, "veto": 3, "in_turn": 3, "any": 1}[policy]
    order = ("zhao", "deng", "liu")[:votes]
    for who in order:
        vote(world, instance, who)
    world.engine.send_back(world.task(instance, "after").id, "sign", "附件不全", by=world.person("deng"))
    asked = {"zhao"} if policy == "in_turn" else {"zhao", "deng", "liu"}
    assert waiting(world, instance) == asked
    row = row_of(world, instance, "zhao")
    assert (tally(world, row).votes, tally(world, row).waiting) == ((), 3)
    for who in order:
        vote(world, instance, who)
    assert world.open_nodes(instance) == ["after"]
    assert signatures(world, instance)["agreed"] == votes
    assert [line.outcome for line in world.rows(Signing, instance)] == ["agree", "agree"]


def test_a_signer_who_returns_the_work_ends_the_round_for_all(world: World) -> None:
    instance = begin_with_return(world, "all")
    vote(world, instance, "zhao", "refuse")
    row = row_of(world, instance, "deng")
    world.engine.send_back(row.id, "draft", "议题不清", by=world.person("deng"))
    assert world.open_nodes(instance) == ["draft"]
    with pytest.raises(errors.Conflict):
        world.engine.complete(row.id, {"decision": "agree"}, by=world.person("deng"))
    assert tally(world, row).outcome is None and tally(world, row).signers == ()
    world.complete(instance, "draft", by="zhao")
    assert waiting(world, instance) == {"zhao", "deng", "liu"}
    assert tally(world, row_of(world, instance, "zhao")).disagreed == 0


def test_a_vote_is_not_taken_back(world: World) -> None:
    """It is a signature: others have signed having seen it."""
    instance = begin(world, "all", allow="withdraw")
    own = row_of(world, instance, "zhao")
    for who in ("zhao", "deng", "liu"):
        with pytest.raises(errors.DubanError):
            world.engine.withdraw(own.id, "改主意", by=world.person("zhao"))
        vote(world, instance, who)
    with pytest.raises(errors.DubanError):
        world.engine.withdraw(own.id, "改主意", by=world.person("zhao"))
    assert world.open_nodes(instance) == ["after"] and signatures(world, instance)["agreed"] == 3


def test_the_state_is_verified_with_the_rows_of_every_signer(world: World) -> None:
    import sqlalchemy as sa

    from app.db import write_transaction
    from app.engine import HumanTask

    instance = begin(world, "in_turn")
    vote(world, instance, "zhao")
    with world.sessions() as session:
        assert list(world.engine.verify_everything(session)) == []
    row = row_of(world, instance, "deng")
    with world.sessions() as session, write_transaction(session):
        session.execute(
            sa.update(HumanTask)
            .where(HumanTask.signing_id == row.signing_id, HumanTask.status == "done")
            .values(status="open")
        )
    with world.sessions() as session:
        assert [one.kind for one in world.engine.verify_everything(session)] == ["task.unexpected"]
