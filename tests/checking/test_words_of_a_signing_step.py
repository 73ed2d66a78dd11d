"""The words of a step that several people sign: the policy, who signs, the ratio, and the field that holds the vote."""

from __future__ import annotations

from typing import Any

import pytest

from tests.checking.packages import FORM, only, package, problems, script, simple, user
from tests.checking.packages import chain as chained
from tests.checking.packages import end as finish
from tests.checking.packages import start as begin

YES = {"value": "agree", "label": {"zh": "同意", "en": "Agree"}}
NO = {"value": "refuse", "label": {"zh": "不同意", "en": "Refuse"}}
VOTE: dict[str, Any] = {
    "name": "decision", "kind": "radio", "required": True, "label": {"zh": "意见", "en": "Opinion"}, "options": [YES, NO],
}  # fmt: skip
REMARK = {"name": "remark", "kind": "textarea", "label": {"zh": "说明", "en": "Remark"}}


def forms(*fields: dict[str, Any]) -> dict[str, Any]:
    return {"register": FORM, "sign": {"title": {"zh": "会签", "en": "Sign"}, "fields": list(fields)}}


def found(*fields: dict[str, Any], **words: str) -> Any:
    return problems(package(simple(user("step", form="sign", **words)), forms=forms(*(fields or (VOTE, REMARK)))))


@pytest.mark.parametrize("policy", ["all", "any", "veto", "in_turn"])
def test_every_policy_passes_with_a_form_that_asks_for_the_vote(policy: str) -> None:
    assert found(policy=policy, allow="sign, urge, comment", signers="[starter.id]") == []


@pytest.mark.parametrize("ratio", ["2/3", "60%", "66.7 %", "2", "1/1", "100%", " 3 "])
def test_a_ratio_is_a_fraction_a_percentage_or_a_number(ratio: str) -> None:
    assert found(policy="ratio", ratio=ratio) == []


@pytest.mark.parametrize(
    "ratio", ["0", "0/3", "3/0", "4/3", "0%", "101%", "two", "-1", "2/3/4", "1e3", "２/３", "", "9999"]
)
def test_any_other_ratio_is_named_with_examples(ratio: str) -> None:
    problem = only(found(policy="ratio", ratio=ratio), "ratio", "step")
    assert problem.fix is not None and "2/3" in problem.fix[1]


def test_the_policy_ratio_without_a_ratio_is_named() -> None:
    only(found(policy="ratio"), "ratio", "step")


def test_a_ratio_with_another_policy_is_named() -> None:
    only(found(policy="all", ratio="2/3"), "signing_word", "step")


@pytest.mark.parametrize(
    "words", [{"signers": "[starter.id]"}, {"ratio": "2"}, {"vote": "decision"}, {"agree": "agree"}, {"allow": "sign"}]
)
@pytest.mark.parametrize("policy", [{}, {"policy": "single"}, {"policy": "pool"}])
def test_a_word_about_signers_on_a_step_that_one_person_does_is_named(
    words: dict[str, str], policy: dict[str, str]
) -> None:
    problem = only(found(**words, **policy), "signing_word", "step")
    assert problem.fix is not None and "policy" in problem.fix[0]


def test_an_assignee_of_a_step_that_several_sign_is_named() -> None:
    only(found(policy="all", assignee="starter.id"), "signing_assignee", "step")


def test_withdrawing_a_signature_is_named() -> None:
    only(found(policy="veto", allow="withdraw, urge"), "signing_withdraw", "step")


def test_signers_that_are_no_expression_or_name_unknown_variables_are_named() -> None:
    only(found(policy="all", signers="import os"), "expression", "step")
    problem = only(found(policy="all", signers="board"), "variable_unknown", "step")
    assert problem.severity == "error"


@pytest.mark.parametrize(
    "words", [{"policy": "ratio", "ratio": "2"}, {"policy": "veto"}, {"policy": "all", "vote": "decision"}]
)
def test_a_vote_without_a_field_or_a_form_is_named(words: dict[str, str]) -> None:
    only(found(REMARK, **words), "vote_missing", "step")
    only(problems(simple(user("step", **words))), "vote_missing", "step")


@pytest.mark.parametrize("policy", ["all", "any", "in_turn"])
def test_where_every_answer_is_consent_nobody_needs_to_vote(policy: str) -> None:
    assert found(REMARK, policy=policy) == []
    assert problems(simple(user("step", policy=policy))) == []


@pytest.mark.parametrize(
    "field",
    [
        {**VOTE, "kind": "text"}, {**VOTE, "options": "everybody"}, {**VOTE, "required": False},
        {**VOTE, "visible_if": {"field": "remark", "op": "==", "value": "x"}},
    ],
)  # fmt: skip
def test_a_vote_that_is_no_choice_or_may_be_left_out_is_named_in_the_form(field: dict[str, Any]) -> None:
    problem = only(found(REMARK, field, policy="veto"), "vote_field", "decision")
    assert problem.file == "forms/sign.json"


def test_a_value_that_counts_as_consent_must_be_an_option() -> None:
    problem = only(found(policy="veto", agree="agree; abstain"), "agree_unknown", "step")
    assert "abstain" in problem.zh and problem.fix is not None and "refuse" in problem.fix[0]


def test_a_vote_in_which_nobody_can_disagree_is_a_warning() -> None:
    assert only(found(policy="veto", agree="agree, refuse"), "agree_always", "step").severity == "warning"


def after(script_text: str, policy: str) -> Any:
    words = {"policy": policy, "ratio": "2"} if policy == "ratio" else {"policy": policy}
    body = begin() + user("step", form="sign", **words) + script("then", script_text) + finish()
    return problems(package(body + chained("begin", "step", "then", "finish"), forms=forms(VOTE, REMARK)))


@pytest.mark.parametrize("policy", ["all", "any", "ratio", "veto", "in_turn"])
def test_the_signatures_and_the_vote_are_known_afterwards(policy: str) -> None:
    text = 'yes = signatures["step"].agreed\nno = signatures.step["disagreed"]\nlast = decision'
    assert after(text, policy) == []


@pytest.mark.parametrize("policy", ["all", "ratio", "veto", "in_turn"])
def test_one_signer_s_other_answers_are_no_variables(policy: str) -> None:
    only(after("said = remark", policy), "variable_unknown", "then")


def test_the_answers_of_the_first_who_signs_are_variables() -> None:
    assert after("said = remark", "any") == []


def test_signatures_are_unknown_where_nobody_signs_and_can_never_be_assigned() -> None:
    body = (
        begin()
        + user("step")
        + script("then", "x = signatures")
        + finish()
        + chained("begin", "step", "then", "finish")
    )
    only(problems(body), "variable_unknown", "then")
    only(found({**REMARK, "name": "signatures"}, policy="any"), "name_reserved", "signatures")


def test_the_multi_instance_marker_is_refused_with_the_policy_as_the_way_to_go() -> None:
    marked = user("step", inner="<bpmn:multiInstanceLoopCharacteristics/>")
    problem = only(problems(simple(marked)), "multi_instance", "step")
    assert problem.fix is not None and "policy" in problem.fix[0] and "policy" in problem.fix[1]
