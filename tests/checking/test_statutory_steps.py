"""What the published version marks as a step that the law asks for is neither dropped nor gone round by the next one."""

from __future__ import annotations

import pytest

from app.engine.checking import Problem
from tests.checking.packages import (
    boundary,
    chain,
    end,
    flow,
    node,
    only,
    package,
    problems,
    process,
    service,
    start,
    timer,
    user,
)

CODES = ("statutory_removed", "statutory_kind", "statutory_unmarked", "statutory_bypassed")
REVIEW = user("review", "复查", statutory="true")
GRADE = service("grade", "sample.grade", {"number": "1"})
# begin → ask → review (statutory) → grade → finish
BEFORE = start() + user("ask") + REVIEW + GRADE + end() + chain("begin", "ask", "review", "grade", "finish")
CHOICE = node("exclusiveGateway", "choice", default="choice_review")


def found(body: str, before: str = BEFORE) -> list[Problem]:
    assert [p for p in problems(before) if p.severity == "error"] == []
    return [p for p in problems(body, earlier=package(before)) if p.code in CODES]


def test_the_same_again_and_more_around_it_passes() -> None:
    assert found(BEFORE) == []
    more = start() + user("ask") + user("more") + REVIEW + GRADE + user("last") + end()
    assert found(more + chain("begin", "ask", "more", "review", "grade", "last", "finish")) == []


def test_a_loop_back_before_it_is_no_way_round() -> None:
    again = node("exclusiveGateway", "again", default="again_grade")
    body = start() + user("ask") + REVIEW + again + GRADE + end()
    assert (
        found(body + chain("begin", "ask", "review", "again", "grade", "finish") + flow("again", "ask", "agreed")) == []
    )


def test_it_may_not_be_removed() -> None:
    body = start() + user("ask") + GRADE + end() + chain("begin", "ask", "grade", "finish")
    problem = only(found(body), "statutory_removed")
    assert "复查" in problem.zh
    assert problem.about == "review"


def test_its_mark_may_not_be_removed() -> None:
    body = start() + user("ask") + user("review", "复查") + GRADE + end()
    only(found(body + chain("begin", "ask", "review", "grade", "finish")), "statutory_unmarked", "review")


def test_it_stays_work_of_a_person() -> None:
    script = node("scriptTask", "review", "<bpmn:script>agreed = True</bpmn:script>", name="复查")
    body = start() + user("ask") + script + GRADE + end() + chain("begin", "ask", "review", "grade", "finish")
    only(found(body), "statutory_kind", "review")


WAYS_ROUND = {
    "a branch to the next node": CHOICE
    + chain("begin", "ask", "choice", "review", "grade", "finish")
    + flow("choice", "grade", "agreed"),
    "a branch to an end of its own": CHOICE
    + end("early")
    + chain("begin", "ask", "choice", "review", "grade", "finish")
    + flow("choice", "early", "agreed"),
    "the same service under another id": CHOICE
    + service("other", "sample.grade", {"number": "1"})
    + chain("begin", "ask", "choice", "review", "grade", "finish")
    + flow("choice", "other", "agreed")
    + chain("other", "finish"),
    "a timer on the step before": boundary("late", "ask", timer("timeDuration", "P3D"))
    + chain("begin", "ask", "review", "grade", "finish")
    + chain("late", "grade"),
}


@pytest.mark.parametrize("ways", WAYS_ROUND.values(), ids=WAYS_ROUND)
def test_it_may_not_be_gone_round(ways: str) -> None:
    problem = only(found(start() + user("ask") + REVIEW + GRADE + end() + ways), "statutory_bypassed", "review")
    assert problem.severity == "error"


def test_a_way_round_that_was_there_already_may_stay() -> None:
    """A case that is void ends without re-inspection: it did so before."""
    body = start() + user("ask") + CHOICE + REVIEW + GRADE + end() + end("void")
    body += chain("begin", "ask", "choice", "review", "grade", "finish") + flow("choice", "void", "agreed")
    assert found(body, body) == []
    assert found(body + end("void_too") + flow("choice", "void_too", "amount > 5"), body) == []
    only(found(body + flow("choice", "grade", "amount > 5"), body), "statutory_bypassed")


def test_a_way_round_inside_a_sub_process_is_found_where_it_comes_out() -> None:
    inner = node("subProcess", "part", start("in") + REVIEW + end("out") + chain("in", "review", "out"), name="办理")
    before = start() + inner + GRADE + end() + chain("begin", "part", "grade", "finish")
    assert found(before, before) == []
    gate = node("exclusiveGateway", "choice", default="choice_review") + end("early")
    ways = chain("in", "choice", "review", "out") + flow("choice", "early", "agreed")
    around = node("subProcess", "part", start("in") + gate + REVIEW + end("out") + ways, name="办理")
    only(
        found(start() + around + GRADE + end() + chain("begin", "part", "grade", "finish"), before),
        "statutory_bypassed",
    )


def test_a_called_process_is_followed_call_by_call() -> None:
    """What is called before and after the step is not a way round it."""
    called = process(start("c1") + user("inside") + end("c2") + chain("c1", "inside", "c2"), key="inner")
    calls = [node("callActivity", name, calledElement="inner", name="调用") for name in ("first", "second")]
    body = start() + calls[0] + REVIEW + calls[1] + end() + chain("begin", "first", "review", "second", "finish")
    whole = process(body) + called
    assert found(whole, whole) == []


def test_a_first_version_has_nothing_to_keep() -> None:
    assert [p for p in problems(BEFORE) if p.code in CODES] == []
