"""Who signs: the candidates or those who are named, people and organisations, each once, and nobody left out silently."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa

from app import errors
from app.accounts import User
from app.db import write_transaction
from app.engine import HumanTask
from tests.cast import member, org_id
from tests.engine import diagrams as d
from tests.engine.conftest import World
from tests.engine.signing import FILES, begin, row_of, rows, signatures, tally, vote, waiting


def leave(world: World, who: str) -> None:
    with world.sessions() as session, write_transaction(session):
        session.get(User, member(who).id).active = False  # type: ignore[union-attr]


def begin_with(world: World, board: Any, **words: str) -> str:
    world.deploy(
        d.package(
            "named", d.user("sign", **({"policy": "all", "signers": "board", "form": "sign"} | words)), d.end(),
            files=FILES, manifest='inputs = ["board"]\n',
        )
    )  # fmt: skip
    return world.start("named", {"board": board})


def test_without_signers_everybody_signs_who_may_do_the_step(world: World) -> None:
    world.deploy(d.package("pool", d.user("sign", policy="all", form="sign"), d.end(), files=FILES))
    instance = world.start("pool")
    with world.sessions() as session:
        candidates = {one.id for one in world.engine.directory.candidates(session, "dept_staff", None)}
    assert set(rows(world, instance)) == candidates and len(candidates) > 2


def test_the_organisation_of_the_step_narrows_who_signs(world: World) -> None:
    world.deploy(
        d.package("own", d.user("sign", policy="all", org="starter.org_id", form="sign"), d.end(), files=FILES)
    )
    instance = world.start("own", by="deng")
    assert waiting(world, instance) == {"deng"}


def test_who_is_named_twice_signs_once(world: World) -> None:
    instance = begin_with(world, [member("zhao").id, member("deng").id, member("zhao").id, {"id": member("deng").id}])
    assert len(world.tasks(instance)) == 2
    vote(world, instance, "zhao")
    vote(world, instance, "deng")
    assert signatures(world, instance)["of"] == 2


def test_an_organisation_signs_by_whoever_of_its_people_comes_first(world: World) -> None:
    instance = begin_with(world, ["housing", member("zhao").id], policy="veto")
    pooled = rows(world, instance)[""]
    assert (pooled.org_id, pooled.role, pooled.assignee_id) == (org_id("housing"), "dept_staff", None)
    with pytest.raises(errors.Forbidden):
        world.engine.complete(pooled.id, {"decision": "agree"}, by=world.person("sun"))
    world.engine.claim(pooled.id, by=world.person("deng"))
    vote(world, instance, "deng")
    vote(world, instance, "zhao")
    assert [given["org_name"] for given in signatures(world, instance)["votes"]] == ["住建局", "应急局"]


def test_one_person_does_not_sign_for_himself_and_for_his_organisation(world: World) -> None:
    instance = begin_with(world, [member("zhao").id, "emergency"])
    pooled = rows(world, instance)[""]
    with pytest.raises(errors.Conflict):
        world.engine.claim(pooled.id, by=world.person("zhao"))
    vote(world, instance, "zhao")
    with pytest.raises(errors.Conflict):
        world.engine.complete(pooled.id, {"decision": "agree"}, by=world.person("zhao"))
    world.engine.complete(pooled.id, {"decision": "agree"}, by=world.person("liu"))
    assert world.instance(instance).status == "ended"


@pytest.mark.parametrize(
    "board", [[], None, ["nobody"], "nobody", [None], [3], [["zhao"]], ["hongda"]], ids=lambda board: repr(board)
)
def test_signers_who_cannot_be_found_are_an_incident_and_nobody_signs_instead(world: World, board: Any) -> None:
    instance = begin_with(world, board)
    (incident,) = world.incidents(instance)
    assert incident.kind == "address" and incident.node_id == "sign"
    (row,) = world.tasks(instance)
    assert (row.role, row.org_id, row.assignee_id) == (None, None, None)
    for who in ("zhao", "deng", "wang"):
        with pytest.raises(errors.DubanError):
            world.engine.complete(row.id, {"decision": "agree"}, by=world.person(who))
    assert world.open_nodes(instance) == ["sign"]


def test_one_of_several_who_cannot_be_found_stops_the_step_too(world: World) -> None:
    instance = begin_with(world, [member("zhao").id, "nobody"])
    (incident,) = world.incidents(instance)
    assert "nobody" in incident.message


def test_the_system_cannot_sign_a_step_without_signers(world: World) -> None:
    from app.audit import SYSTEM

    instance = begin_with(world, [])
    with pytest.raises(errors.Conflict):
        world.engine.complete(world.tasks(instance)[0].id, {"decision": "agree"}, by=SYSTEM)


def test_after_a_correction_the_retry_asks_those_who_are_meant(world: World, again: Callable[[], World]) -> None:
    instance = begin_with(world, ["nobody"])
    (incident,) = world.incidents(instance)
    assert not world.engine.retry(incident.id, by=world.person("wang"))
    world.engine.amend(instance, {"board": [member("zhao").id, member("deng").id]}, "更正名单", by=world.person("wang"))
    world = again()
    assert world.engine.retry(incident.id, by=world.person("wang"))
    assert waiting(world, instance) == {"zhao", "deng"} and world.incidents(instance) == []
    vote(world, instance, "zhao")
    vote(world, instance, "deng")
    assert world.instance(instance).status == "ended"


def test_fewer_signers_than_must_agree_are_an_incident(world: World) -> None:
    instance = begin_with(world, [member("zhao").id], policy="ratio", ratio="2")
    (incident,) = world.incidents(instance)
    assert incident.kind == "address" and "2 must agree" in incident.message


def test_more_signers_than_a_step_may_have_are_an_incident(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.engine.running.signing.MAX_SIGNERS", 2)
    instance = begin_with(world, [member(key).id for key in ("zhao", "deng", "liu")])
    assert [incident.kind for incident in world.incidents(instance)] == ["address"]


def test_an_outsider_may_not_sign_and_a_signer_only_by_his_own_row(world: World) -> None:
    instance = begin(world, "all")
    row = row_of(world, instance, "zhao")
    for who in ("he", "wu", "deng", "liu"):
        with pytest.raises(errors.DubanError):
            world.engine.complete(row.id, {"decision": "agree"}, by=world.person(who))
    assert tally(world, row).votes == ()


def test_nobody_signs_twice(world: World) -> None:
    instance = begin(world, "all")
    row = row_of(world, instance, "zhao")
    vote(world, instance, "zhao")
    with pytest.raises(errors.Conflict) as refused:
        world.engine.complete(row.id, {"decision": "refuse"}, by=world.person("zhao"))
    assert refused.value.extra["completed_by"] == "赵明远"
    assert tally(world, row).agreed == 1


def test_a_signature_cannot_be_given_back_to_others_but_passed_on_to_a_colleague(world: World) -> None:
    instance = begin(world, "all", ("zhao", "deng"))
    row = row_of(world, instance, "zhao")
    with pytest.raises(errors.Conflict):
        world.engine.unclaim(row.id, by=world.person("zhao"))
    with pytest.raises(errors.Invalid):
        world.engine.reassign(row.id, member("sun").id, reason="出差", by=world.person("zhao"))
    world.engine.reassign(row.id, member("liu").id, reason="出差", by=world.person("zhao"))
    assert waiting(world, instance) == {"liu", "deng"}
    assert {one.name for one in tally(world, row).signers} == {"刘洋", "邓超"}
    vote(world, instance, "liu")
    vote(world, instance, "deng")
    assert [given["name"] for given in signatures(world, instance)["votes"]] == ["刘洋", "邓超"]


def test_a_signature_is_not_passed_on_to_somebody_who_signs_already_or_will(world: World) -> None:
    for policy in ("all", "in_turn"):
        instance = begin_as(world, policy, ("zhao", "liu"))
        row = row_of(world, instance, "zhao")
        with pytest.raises(errors.Invalid) as refused:
            world.engine.reassign(row.id, member("liu").id, reason="出差", by=world.person("zhao"))
        assert set(refused.value.errors) == {"to"}


def begin_as(world: World, policy: str, people: tuple[str, ...]) -> str:
    from tests.engine.signing import process

    world.deploy(process(policy, key=policy))
    return world.start(policy, {"board": [member(key).id for key in people]}, by="wang")


def test_where_a_signer_has_left_a_colleague_takes_the_signature_over(world: World) -> None:
    instance = begin(world, "all", ("zhao", "deng"))
    row = row_of(world, instance, "zhao")
    with pytest.raises(errors.DubanError):
        world.engine.reassign(row.id, member("liu").id, reason="离职", by=world.person("liu"))
    leave(world, "zhao")
    with pytest.raises(errors.DubanError):
        world.engine.complete(row.id, {"decision": "agree"}, by=world.person("zhao"))
    with pytest.raises(errors.DubanError):
        world.engine.reassign(row.id, member("liu").id, reason="离职", by=world.person("sun"))
    with world.sessions() as session:
        assert "reassign" in world.engine.permitted(session, row, member("liu").id)
        assert "reassign" not in world.engine.permitted(session, row, member("sun").id)
    world.engine.reassign(row.id, member("liu").id, reason="离职", by=world.person("liu"))
    assert waiting(world, instance) == {"liu", "deng"}


def test_somebody_who_has_left_is_not_asked(world: World) -> None:
    leave(world, "deng")
    instance = begin_with(world, [member("zhao").id, member("deng").id])
    assert [incident.kind for incident in world.incidents(instance)] == ["address"]


def test_every_signer_has_a_draft_of_his_own(world: World) -> None:
    instance = begin(world, "all")
    for who in ("zhao", "deng"):
        world.engine.save_draft(row_of(world, instance, who).id, {"remark": who}, by=world.person(who))
    with pytest.raises(errors.Conflict):
        world.engine.save_draft(row_of(world, instance, "zhao").id, {"remark": "x"}, by=world.person("liu"))
    vote(world, instance, "zhao")
    assert row_of(world, instance, "deng").draft == {"remark": "deng"}


def test_one_signer_is_urged_and_not_the_others(world: World) -> None:
    instance = begin(world, "all")
    world.engine.urge(row_of(world, instance, "deng").id, "请今天签", by=world.person("zhao"))
    assert {task.assignee_name: task.urges for task in world.tasks(instance)} == {"赵明远": 0, "邓超": 1, "刘洋": 0}


def test_signers_take_part_and_everybody_is_told(world: World) -> None:
    instance = begin(world, "in_turn")
    world.engine.deliver_outbox()
    told = [letter for letter in world.told if letter["event"] == "task.created"]
    assert len(told) == 1
    vote(world, instance, "zhao")
    world.engine.deliver_outbox()
    assert len([letter for letter in world.told if letter["event"] == "task.created"]) == 2


def test_a_copy_of_the_step_is_given_once(world: World) -> None:
    instance = begin(world, "all", cc="coordinator")
    assert world.events(instance).count("task.copied") == 1


def test_permitted_offers_complete_only_on_one_s_own_row(world: World) -> None:
    instance = begin(world, "all")
    own, other = row_of(world, instance, "zhao"), row_of(world, instance, "deng")
    with world.sessions() as session:
        assert {"complete", "draft", "reassign", "sign"} <= world.engine.permitted(session, own, member("zhao").id)
        assert "unclaim" not in world.engine.permitted(session, own, member("zhao").id)
        assert {"complete", "claim", "unclaim"} & world.engine.permitted(session, other, member("zhao").id) == set()
        assert "sign" in world.engine.permitted(session, other, member("zhao").id)
        assert "sign" in world.engine.permitted(session, own, member("wang").id)  # who sent it here
        assert "sign" not in world.engine.permitted(session, own, member("gao").id)


def test_a_plain_step_has_no_tally(world: World) -> None:
    world.deploy(d.package("plain", d.user("act"), d.end()))
    instance = world.start("plain")
    assert tally(world, world.task(instance, "act")) is None
    with world.sessions() as session:
        assert session.scalars(sa.select(HumanTask.signing_id)).all() == [None]
