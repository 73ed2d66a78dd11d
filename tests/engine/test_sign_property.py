"""Any votes in any order: the outcome is that of a plain reference, decided exactly when it must be, and never twice."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.engine.packages.words import ratio_of
from app.engine.running.serializing import fingerprint
from app.engine.running.signing import decided, needed_of
from tests.cast import member
from tests.engine.conftest import World
from tests.engine.signing import PEOPLE, process, rows, signatures, tally

POLICIES = ("all", "any", "ratio", "veto", "in_turn")
RATIOS = ("1", "2", "3", "2/3", "1/2", "60%", "100%", "1/3", "33.4%")


def needed(policy: str, ratio: str, of: int) -> int:
    """As one would count by hand, in whole numbers."""
    if policy == "any":
        return 1
    if policy != "ratio":
        return of
    if "/" in ratio:
        above, below = (int(part) for part in ratio.split("/"))
    elif "%" in ratio:
        above, below = round(float(ratio.rstrip("%")) * 10), 1000
    else:
        return int(ratio)
    count = 0
    while count * below < above * of:
        count += 1
    return count


def reference(policy: str, ratio: str, of: int, votes: list[bool]) -> str | None:
    """What can still happen decides: every way the missing votes could go is tried."""
    if policy == "any":
        return None if not votes else "agree" if votes[0] else "disagree"
    if policy in ("veto", "in_turn") and not all(votes):
        return "disagree"
    if policy == "all" and len(votes) < of:
        return None  # everybody is heard
    least = needed(policy, ratio, of)
    ends = {sum(votes) + more >= least for more in range(of - len(votes) + 1)}
    return None if len(ends) == 2 else "agree" if ends.pop() else "disagree"


@given(
    policy=st.sampled_from(POLICIES),
    ratio=st.sampled_from(RATIOS),
    of=st.integers(1, 9),
    votes=st.lists(st.booleans(), max_size=9),
)
def test_the_rule_is_the_reference(policy: str, ratio: str, of: int, votes: list[bool]) -> None:
    votes = votes[:of]
    words = ratio_of(ratio)
    if needed_of(policy, words, of) > of:
        return  # never begun: fewer signers than must agree are an incident
    for given_ in range(len(votes) + 1):
        so_far = votes[:given_]
        expected = reference(policy, ratio, of, so_far)
        assert decided(policy, words, of, sum(so_far), given_ - sum(so_far)) == expected
        if expected is not None:
            return  # nobody votes after that
    assert len(votes) < of, "everybody has signed, and still it is not decided"


@given(ratio=st.sampled_from(RATIOS), of=st.integers(1, 200))
def test_what_is_needed_is_rounded_up(ratio: str, of: int) -> None:
    assert needed_of("ratio", ratio_of(ratio), of) == needed("ratio", ratio, of)


@pytest.fixture
def town(world: World) -> World:
    """One database for all examples: every instance is one of many."""
    for policy in POLICIES:
        for ratio in RATIOS if policy == "ratio" else ("",):
            world.deploy(process(policy, key=_key(policy, ratio), **({"ratio": ratio} if ratio else {})))
    return world


def _key(policy: str, ratio: str) -> str:
    return f"p_{policy}_{RATIOS.index(ratio) if ratio else 0}"


ACTS = st.lists(
    st.tuples(st.sampled_from(["vote", "vote", "vote", "add", "remove"]), st.integers(0, 9), st.booleans()), max_size=14
)


@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(
    policy=st.sampled_from(POLICIES),
    ratio=st.sampled_from(RATIOS),
    size=st.integers(1, 4),
    acts=ACTS,
)
def test_signers_who_come_go_and_vote_in_any_order(
    town: World, policy: str, ratio: str, size: int, acts: list[tuple[str, int, bool]]
) -> None:
    from app import errors

    people = PEOPLE[:size]
    key = _key(policy, ratio if policy == "ratio" else "")
    instance = town.start(key, {"board": [member(who).id for who in people]}, by="wang")
    if town.incidents(instance):
        assert policy == "ratio" and needed(policy, ratio, size) > size
        return
    with town.sessions() as session:
        before = fingerprint(town.engine.definition(session, town.instance(instance).definition_id).specs)
    first = town.tasks(instance)[0]
    signers, votes = list(people), []
    spare = [who for who in ("gao", "sun", "he", "ma", "lin") if who not in people]
    for act, number, agrees in acts:
        opened = rows(town, instance)
        asked = (
            signers[len(votes) :][:1] if policy == "in_turn" else [w for w in signers if w not in {v[0] for v in votes}]
        )
        assert set(opened) == {member(who).id for who in asked}, "exactly the rows of those who are asked"
        row = next(iter(opened.values()))
        if act == "vote":
            who = asked[number % len(asked)]
            answer = {"decision": "agree" if agrees else "refuse"}
            town.engine.complete(opened[member(who).id].id, answer, by=town.person(who))
            votes.append((who, agrees))
        elif act == "add" and spare:
            who = spare.pop()
            town.engine.add_signer(row.id, member(who).id, "x", by=town.person("wang"), next_up=agrees)
            place = signers.index(asked[-1]) + 1 if agrees else len(signers)
            signers.insert(place, who)
        elif act == "remove":
            left = [w for w in signers if w not in {v[0] for v in votes}]
            who = left[number % len(left)]
            too_few = len(signers) < 2 or needed(policy, ratio, len(signers) - 1) > len(signers) - 1
            try:
                town.engine.remove_signer(row.id, member(who).id, "x", by=town.person("wang"))
            except errors.Conflict:
                assert too_few
            else:
                assert not too_few
                signers.remove(who)
        expected = reference(policy, ratio, len(signers), [agreed for _who, agreed in votes])
        seen = tally(town, first)
        assert (seen.outcome, seen.of, seen.agreed) == (expected, len(signers), sum(a for _w, a in votes))
        assert (town.open_nodes(instance) == ["after"]) == (expected is not None)
        if expected is not None:
            break
    _nothing_is_left_over(town, instance, votes)
    with town.sessions() as session:
        assert fingerprint(town.engine.definition(session, town.instance(instance).definition_id).specs) == before


def _nothing_is_left_over(town: World, instance: str, votes: list[tuple[str, bool]]) -> None:
    events = town.events(instance)
    assert events.count("task.decided") <= 1
    assert events.count("task.completed") == len(votes) == len(town.tasks(instance, "done"))
    path: list[Any] = []
    with town.sessions() as session:
        from app.engine import History

        for line in session.query(History).filter_by(instance_id=instance):
            path += [node for node, _before in line.data.get("path", ())]
    decided_once = events.count("task.decided")
    assert path.count("sign") == decided_once, "the step is passed once, with the decision"
    if decided_once:
        record = signatures(town, instance)
        assert [given["id"] for given in record["votes"]] == [member(who).id for who, _agreed in votes]
    with town.sessions() as session:
        assert list(town.engine.verify_everything(session)) == []
