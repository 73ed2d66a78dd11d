"""Which votes decide, in every policy, and what a list of signers never does: counted without a database."""

from __future__ import annotations

import datetime as dt
from fractions import Fraction
from typing import Any

import pytest

from app.audit import Actor
from app.engine import Person
from app.engine.packages.words import Ratio, Words
from app.engine.running.signing import AGREE, DISAGREE, Signing, decided, of_person

AT = dt.datetime(2026, 4, 7, 9, tzinfo=dt.UTC)
TWO_THIRDS, TWO = Ratio(share=Fraction(2, 3)), Ratio(number=2)


@pytest.mark.parametrize(
    ("policy", "ratio", "of", "agreed", "disagreed", "outcome"),
    [
        ("all", None, 3, 2, 0, None), ("all", None, 3, 3, 0, AGREE), ("all", None, 3, 1, 1, None), ("all", None, 3, 2, 1, DISAGREE),
        ("any", None, 3, 0, 0, None), ("any", None, 3, 1, 0, AGREE), ("any", None, 3, 0, 1, DISAGREE),
        ("veto", None, 3, 2, 0, None), ("veto", None, 3, 0, 1, DISAGREE), ("veto", None, 3, 3, 0, AGREE),
        ("in_turn", None, 2, 1, 0, None), ("in_turn", None, 2, 0, 1, DISAGREE), ("in_turn", None, 2, 2, 0, AGREE),
        ("ratio", TWO_THIRDS, 3, 1, 0, None), ("ratio", TWO_THIRDS, 3, 2, 0, AGREE), ("ratio", TWO_THIRDS, 3, 1, 1, None),
        ("ratio", TWO_THIRDS, 3, 0, 2, DISAGREE), ("ratio", TWO_THIRDS, 4, 2, 0, None), ("ratio", TWO_THIRDS, 4, 3, 0, AGREE),
        ("ratio", TWO, 5, 0, 3, None), ("ratio", TWO, 5, 0, 4, DISAGREE),
    ],
)  # fmt: skip
def test_votes_decide_as_soon_as_nothing_can_change_it_and_no_sooner(
    policy: str, ratio: Ratio | None, of: int, agreed: int, disagreed: int, outcome: str | None
) -> None:
    assert decided(policy, ratio, of, agreed, disagreed) == outcome


def signing(policy: str, *people: str) -> Signing:
    """Each is asked by a row that is named like them."""
    signers = [of_person(Person(one, one, "org", "Org"), None, None) | {"task_id": one} for one in people]
    return Signing(Words(policy=policy), {"id": "s", "policy": policy, "signers": signers, "votes": []})


def vote(found: Signing, who: str, said: str | None = "agree", by: str = "", **answers: Any) -> None:
    found.sign(who, Actor(by or who, by or who, "org", "Org"), said, answers, AT)


def test_nobody_signs_twice_or_unasked() -> None:
    found = signing("all", "a", "b")
    vote(found, "a")
    for row, by in (("a", "a"), ("b", "a"), ("c", "c")):
        with pytest.raises(ValueError, match="not asked"):
            vote(found, row, by=by)
    assert found.agreed == 1


def test_in_turn_only_the_next_is_asked() -> None:
    found = signing("in_turn", "a", "b", "c")
    assert [one["id"] for one in found.asked] == ["a"]
    with pytest.raises(ValueError, match="not asked"):
        vote(found, "b")
    vote(found, "a")
    assert [one["id"] for one in found.asked] == ["b"]
    assert [one["id"] for one in signing("all", "a", "b").asked] == ["a", "b"]


def test_whoever_is_added_next_signs_after_those_who_are_asked_now() -> None:
    found, more = signing("in_turn", "a", "b"), of_person(Person("x", "x", "org", "Org"), None, None)
    found.add(more, next_up=True)
    assert [one["id"] for one in found.signers] == ["a", "x", "b"]
    found.add(more | {"id": "y", "key": "y"})
    assert [one["id"] for one in found.signers][-1] == "y"


def test_neither_who_has_signed_nor_the_last_one_is_taken_away() -> None:
    found = signing("all", "a", "b")
    a, b = found.signers
    vote(found, "a")
    with pytest.raises(ValueError, match="taken away"):
        found.remove(a["key"])
    found.remove(b["key"])
    alone = signing("all", "a")
    with pytest.raises(ValueError, match="taken away"):
        alone.remove(alone.signers[0]["key"])


def test_the_vote_that_decides_is_the_last_on_the_side_of_the_outcome() -> None:
    found = signing("all", "a", "b", "c")
    vote(found, "a", "refuse")
    vote(found, "b", "refuse")
    vote(found, "c", "agree")
    assert (found.outcome, found.deciding()["id"]) == (DISAGREE, "b")


def test_what_is_recorded_does_not_change_with_later_votes() -> None:
    found = signing("all", "a", "b")
    vote(found, "a", note=["x"])
    kept = found.record()
    vote(found, "b")
    found.votes[0]["answers"]["note"].append("y")
    assert [one["id"] for one in kept["votes"]] == ["a"]
    assert kept["votes"][0]["answers"] == {"note": ["x"]}
