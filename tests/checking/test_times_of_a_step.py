"""Deadlines, reminders, ladders and the timers that are drawn."""

from __future__ import annotations

import pytest

from tests.checking.packages import boundary, chain, end, node, only, problems, simple, timer, user

DEADLINES = ["office_3d", "P3D", "PT24H", "P1M", "work_days(5)", "days(10)", "work_days(amount)", "until(summary)",
             "2026-12-01T17:30", "2026-12-01", '"P3D"']  # fmt: skip


@pytest.mark.parametrize("text", DEADLINES)
def test_a_deadline_in_every_form_passes(text: str) -> None:
    assert problems(simple(user("step", deadline=text))) == []


@pytest.mark.parametrize(
    "text",
    ["office_9d", "3 days", "P", "PT", "P3D4", "P101Y", "P0D", "2026-13-01", "work_days()", "work_days(-1)", "R3/P1D"],
)
def test_a_deadline_that_is_none_is_named(text: str) -> None:
    assert text[:4] in only(problems(simple(user("step", deadline=text))), "deadline", "step").en


def test_a_rule_that_was_nearly_meant_is_offered() -> None:
    assert only(problems(simple(user("step", deadline="office_3"))), "deadline").fix == (
        "是否为 office_3d？",
        "Is it office_3d?",
    )


@pytest.mark.parametrize("text", ["until(open('x'))", "work_days(__import__('os'))", "days(().__class__)"])
def test_an_expression_in_a_deadline_is_looked_at(text: str) -> None:
    only(problems(simple(user("step", deadline=text))), "expression", "step")


def test_an_unknown_variable_in_a_deadline_is_named() -> None:
    problem = only(problems(simple(user("step", deadline="until(due_on)"))), "variable_unknown", "step")
    assert "due_on" in problem.en


@pytest.mark.parametrize("text", ["tomorrow", "-3 weeks", "-3 work_days: referral", "3.5 days"])
def test_a_reminder_that_is_none_is_named(text: str) -> None:
    only(problems(simple(user("step", deadline="P3D", remind=text))), "remind", "step")


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("+3 work_days", "ladder"),
        ("soon: referral", "ladder"),
        ("-3 work_days: referral", "ladder"),
        ("+3 work_days: referral; +3 work_days: referral", "ladder"),
        ("+3 work_days: refferal", "ladder_process"),
    ],
)
def test_a_ladder_that_is_none_is_named(text: str, code: str) -> None:
    only(problems(simple(user("step", deadline="P3D", ladder=text))), code, "step")


def test_a_process_of_a_ladder_that_was_nearly_meant_is_offered() -> None:
    problem = only(problems(simple(user("step", deadline="P3D", ladder="+1 days: referal"))), "ladder_process")
    assert problem.fix == ("是否为 referral？", "Is it referral?")


@pytest.mark.parametrize("words", [{"remind": "-1 days"}, {"ladder": "+1 days: referral"}])
def test_reminders_and_rungs_need_a_deadline(words: dict[str, str]) -> None:
    only(problems(simple(user("step", **words))), "deadline_missing", "step")


def drawn(form: str, text: str, interrupting: bool = True) -> str:
    edge = boundary("late", "step", timer(form, text), interrupting=interrupting)
    return simple(user("step"), more=edge + end("other") + chain("late", "other"))


@pytest.mark.parametrize(
    ("form", "text", "interrupting"),
    [
        ("timeDuration", "P3D", True),
        ("timeDuration", "work_days(5)", False),
        ("timeDate", "2026-12-01T17:30", True),
        ("timeDate", "until(summary)", True),
        ("timeCycle", "R3/P7D", False),
        ("timeCycle", "R/PT1H", False),
        ("timeCycle", "R3/2026-12-01T08:30/P1D", False),
    ],
)
def test_a_timer_in_every_form_passes(form: str, text: str, interrupting: bool) -> None:
    assert problems(drawn(form, text, interrupting)) == []


@pytest.mark.parametrize(
    ("form", "text", "interrupting", "code"),
    [
        ("timeDuration", "", True, "timer"),
        ("timeDuration", "three days", True, "timer"),
        ("timeDuration", "timedelta(days=3)", True, "timer"),
        ("timeDate", "yesterday()", True, "timer"),
        ("timeCycle", "P7D", False, "timer_cycle"),
        ("timeCycle", "R3/P7D", True, "timer_cycle"),
        ("timeCycle", "R1001/P1D", False, "timer_cycle"),
        ("timeCycle", "R0/P1D", False, "timer_cycle"),
        ("timeCycle", "R3/PT30S", False, "timer_cycle"),
    ],
)
def test_a_timer_that_is_none_is_named(form: str, text: str, interrupting: bool, code: str) -> None:
    only(problems(drawn(form, text, interrupting)), code, "late")


def test_a_timer_without_any_time_is_named() -> None:
    body = simple(node("intermediateCatchEvent", "step", "<bpmn:timerEventDefinition/>"))
    only(problems(body), "timer", "step")


def test_a_cycle_that_is_no_boundary_event_is_named() -> None:
    only(problems(simple(node("intermediateCatchEvent", "step", timer("timeCycle", "R3/P1D")))), "timer_cycle", "step")
