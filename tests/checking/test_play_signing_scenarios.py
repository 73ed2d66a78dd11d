"""Scenarios of a step that several people sign: who they are, who votes what, and what is said when nobody asked."""

from __future__ import annotations

from typing import Any

import pytest

from app.engine import Engine, package_from_files, run_scenarios
from app.engine.checking import Problem
from tests.checking.engines import engine as make_engine
from tests.checking.packages import FORM, only, package, problems, simple, user

YES_NO = [{"value": value, "label": {"zh": value, "en": value}} for value in ("agree", "refuse")]
SIGN: dict[str, Any] = {
    "title": {"zh": "会签", "en": "Sign"},
    "fields": [
        {
            "name": "decision",
            "kind": "radio",
            "required": True,
            "label": {"zh": "意见", "en": "Opinion"},
            "options": YES_NO,
        }
    ],
}
HEAD = (
    'title = { zh = "签", en = "Signed" }\nclock = "2026-04-09T14:20"\n'
    '[start]\nby = "lu"\ndata = { summary = "x", amount = 7, agreed = true }\n'
)


@pytest.fixture(scope="module")
def engine() -> Engine:
    return make_engine()


def played(engine: Engine, scenario: str, **words: str) -> list[Problem]:
    made = package(simple(user("step", form="sign", **words)), forms={"register": FORM, "sign": SIGN})
    files = {**made.files, "scenarios/s.toml": (HEAD + scenario).encode()}
    whole = package_from_files("sample", files)
    assert problems(whole) == []
    return run_scenarios(engine, whole)


def step(by: str, decision: str, after: str) -> str:
    return f'[[step]]\ncomplete = "step"\n{by}answers = {{ decision = "{decision}" }}\nexpect_open = {after}\n'


PEOPLE = '[people]\ndept_staff = ["a", "b", "c"]\n'


def test_the_people_of_a_role_sign_and_whoever_is_not_named_is_the_first_who_waits(engine: Engine) -> None:
    text = PEOPLE + step('by = "c"\n', "refuse", '["step", "step"]') + step("", "agree", '["step"]')
    text += step('by = "b"\n', "agree", "[]")
    text += '[expect]\ndata = { decision = "agree" }\nend = "finish"\n'
    assert played(engine, text, policy="ratio", ratio="2/3") == []


def test_without_people_one_person_signs_who_is_called_like_the_role(engine: Engine) -> None:
    text = step("", "refuse", "[]") + '[expect]\nend = "finish"\n'
    assert played(engine, text, policy="all") == []


def test_the_signers_that_the_diagram_names_are_asked(engine: Engine) -> None:
    text = step('by = "lu"\n', "agree", '["step"]') + step('by = "mo"\n', "agree", "[]") + '[expect]\nend = "finish"\n'
    assert played(engine, text, policy="in_turn", signers='[starter.id, "mo"]') == []


def test_somebody_who_is_not_asked_is_named_with_those_who_are(engine: Engine) -> None:
    (problem,) = played(engine, PEOPLE + step('by = "z"\n', "agree", "[]") + "[expect]\nopen = []\n", policy="all")
    assert "'z' is not asked to sign; asked are: a, b, c" in problem.en and problem.element_id == "step"


def test_who_has_signed_is_not_asked_any_more(engine: Engine) -> None:
    twice = step('by = "a"\n', "agree", '["step", "step"]') * 2
    (problem,) = played(engine, PEOPLE + twice + "[expect]\nopen = []\n", policy="all")
    assert "asked are: b, c" in problem.en


def test_signers_that_cannot_be_found_fail_the_scenario(engine: Engine) -> None:
    (problem,) = played(engine, "[expect]\nopen = []\n", policy="all", signers="[]")
    assert "nobody is there to sign" in problem.en


def test_a_role_that_does_not_exist_is_a_problem_of_the_scenario(engine: Engine) -> None:
    made = package(simple(user("step")))
    text = HEAD.replace("[start]", '[people]\nmayor = ["a"]\n[start]') + "[expect]\nopen = []\n"
    found = problems(package_from_files("sample", {**made.files, "scenarios/s.toml": text.encode()}))
    assert "mayor" in only(found, "scenario").en
