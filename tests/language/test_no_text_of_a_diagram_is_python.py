"""Every payload at every one of the 21 places, in SpiffWorkflow as it comes with our engine in Python's place."""

from __future__ import annotations

import datetime as dt
import logging
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path

import pytest
from SpiffWorkflow.bpmn.script_engine import PythonScriptEngine

from app.engine.language import Language, UnsafeExpression
from tests.language.payloads import EXPRESSIONS, SCRIPTS, TOUCH, expression
from tests.language.places import PLACES, Text, decision, run, run_files


def today() -> dt.date:
    return dt.date(2026, 4, 9)


@pytest.fixture
def language() -> Language:
    return Language({"today": today})


def test_these_are_the_places_of_the_version_that_is_installed() -> None:
    assert version("SpiffWorkflow") == "3.2.0"
    assert len(PLACES) == 21


@pytest.mark.parametrize("place", PLACES)
def test_with_the_engine_that_spiffworkflow_ships_the_payload_makes_its_file(place: str, tmp_path: Path) -> None:
    """The control: where this fails, the tests below prove nothing."""
    file = tmp_path / "made"
    text = Text(expression(TOUCH, file), expression(SCRIPTS[0], file))
    with suppress(Exception):  # the value is of no use to most places; by then it has happened
        run(place, text, PythonScriptEngine())
    assert file.exists()


@pytest.mark.parametrize("place", PLACES)
def test_our_language_is_what_evaluates_the_text_there(place: str) -> None:
    seen = []

    def mark() -> int:
        seen.append(place)
        return 1

    with suppress(Exception):
        run(place, Text("mark()", "x = mark()"), Language({"mark": mark}).engine)
    assert seen


@pytest.mark.parametrize("place", PLACES)
def test_no_payload_reaches_anything(
    place: str, language: Language, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.chdir(tmp_path)
    caplog.set_level(logging.INFO, "duban.language")
    for payload in EXPRESSIONS:
        written = expression(payload, tmp_path / "made")
        caplog.clear()
        _run_to_its_end(place, Text(written, f"x = {written}"), language)
        assert list(tmp_path.iterdir()) == [], payload
        assert any("refused" in line for line in caplog.messages), f"{payload} was not refused"


@pytest.mark.parametrize("place", ["script task", "script before a task", "script after a task"])
def test_no_statement_reaches_anything(
    place: str, language: Language, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.chdir(tmp_path)
    for payload in SCRIPTS:
        caplog.clear()
        _run_to_its_end(place, Text("1", expression(payload, tmp_path / "made")), language)
        assert list(tmp_path.iterdir()) == [], payload
        assert any("refused" in line for line in caplog.messages), f"{payload} was not refused"


def _run_to_its_end(place: str, text: Text, language: Language) -> None:
    """A refusal, or at most a place that cannot use the value; never anything that is no Exception."""
    with suppress(Exception):
        run(place, text, language.engine)


@pytest.mark.parametrize("payload", EXPRESSIONS)
def test_the_check_refuses_the_expression_or_it_fails_when_run(payload: str, language: Language) -> None:
    written = expression(payload, "made")
    with pytest.raises(UnsafeExpression):
        language.evaluate(written, {"a": {"b": {"c": {}}}, "b": 1, "x": 2, "y": 3})


@pytest.mark.parametrize("payload", SCRIPTS)
def test_a_refused_script_leaves_the_data_alone(payload: str, language: Language) -> None:
    data = {"a": 1, "x": 2, "file": "f"}
    with pytest.raises(UnsafeExpression):
        language.execute(expression(payload, "made"), data)
    assert data == {"a": 1, "x": 2, "file": "f"}


def test_a_service_task_is_not_called_through_the_script_engine(language: Language) -> None:
    with pytest.raises(LookupError, match="registry"):
        run("parameter of a service task", Text("1", ""), language.engine)


def test_a_failure_keeps_its_cause_and_can_be_told(language: Language) -> None:
    """SpiffWorkflow's own wrapping ends in a TypeError for some names and numbers."""
    for text in ("nothing", "{'a': 1}['b']", "1 / 0", "{1: 2}[3]"):
        with pytest.raises(Exception, match=r".") as caught:
            run("condition of an exclusive gateway", Text(text, ""), language.engine)
        assert caught.value.exception is not None  # type: ignore[attr-defined]
        assert str(caught.value)
    with pytest.raises(Exception, match="nothing"):
        run("script task", Text("", "x = nothing"), language.engine)


def test_decision_cells_with_and_without_an_operator_still_work(language: Language) -> None:
    def decide(question: str, cell: str) -> object:
        workflow = run_files(decision(question, cell, "'yes'"), language.engine)
        return workflow.last_task.data.get("answer")

    assert decide("5", "> 3") == "yes"
    assert decide("5", "5") == "yes"
    assert decide("5", "3 < ? < 7") == "yes"
    assert decide("'重大'", "? in ['重大', '较大']") == "yes"
    assert decide("'重大'", "'重大'") == "yes"
    assert decide("5", "> 7") is None
