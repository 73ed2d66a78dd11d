"""Gate conditions: written in rows, kept as expressions, said in words; what rows cannot say stays text."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest
from bs4 import BeautifulSoup, Tag
from flask.testing import FlaskClient

from app.campaigns.conditions import in_words
from app.campaigns.gate_rows import parse
from tests.campaigns.walk import Walk

SignIn = Callable[[str], FlaskClient]
SENT = {
    "name": "有限空间专项", "scale": "monthly", "trigger": "deploy", "start_on": "2026-04-13",
    "end_on": "2026-05-15", "leads": "", "leads-0-sector": "CHEM", "phases": "", "phases-0-name": "集中整治",
    "phases-0-start_on": "2026-04-13", "phases-0-end_on": "2026-05-15", "phases-0-condition": "",
}  # fmt: skip
AT = "phases-0-condition__"


@pytest.mark.parametrize(
    ("expression", "words"),
    [
        ("rectified_rate >= 0.9 and overdue == 0", "整改率不低于 90%，并且超期未整改（项）等于 0"),
        ("overdue == 0 and (tasks_done > 5 or reports_late <= 1)",
         "超期未整改（项）等于 0，并且（已完成任务（项）高于 5，或者迟报、缺报进度（次）不高于 1）"),
        ("rectified_rate >= 0.9333", "整改率不低于 93.33%"),
    ],
)  # fmt: skip
def test_rows_say_what_the_expression_says(expression: str, words: str) -> None:
    rows = parse(expression)
    assert rows is not None and rows.expression == expression
    assert in_words(expression) == words


@pytest.mark.parametrize(
    "expression",
    [
        "tasks_done >= tasks * 0.9",
        "0 < overdue < 3",
        "overdue == 0 and (tasks > 1 or (plans > 1 and tasks < 9))",
        "x =",
    ],
)
def test_what_is_more_than_rows_stays_text(expression: str) -> None:
    assert parse(expression) is None


def _sent(client: FlaskClient, more: Mapping[str, str], status: int = 200) -> Tag:
    """The field as the page shows it again after `more` was sent with the form."""
    answered = client.post("/campaigns", data={**SENT, **more})
    assert answered.status_code == status
    field = BeautifulSoup(answered.data, "html.parser").find(id="f-phases-0-condition")
    assert isinstance(field, Tag)
    return field


def _inputs(field: Tag) -> dict[str, str]:
    """What a browser would send of the field."""
    found: dict[str, str] = {}
    for one in field.select("input[name], select[name]"):
        chosen = one.select_one("option[selected]") if one.name == "select" else one
        found[str(one["name"]).removeprefix(AT)] = str(chosen.get("value", "")) if chosen else ""
    return found


def _press(client: FlaskClient, field: Tag, what: str) -> Tag:
    button = f"condition:phases-0-condition:{what}"
    assert field.select_one(f'button[name=_step][value="{button}"]')
    return _sent(client, _named(_inputs(field)) | {"_step": button})


def _named(inputs: dict[str, str]) -> dict[str, str]:
    return {f"{AT}{name}": value for name, value in inputs.items()}


def test_rows_and_groups_are_put_together_by_buttons_and_kept_as_an_expression(city: Walk, sign_in: SignIn) -> None:
    client = sign_in("wang")
    field = _press(client, _sent(client, {"_step": "refresh"}), "add")
    field = _press(client, field, "group")
    assert {"0_figure", "1_0_figure", "1_1_value", "1_join"} <= _inputs(field).keys()
    field = _press(client, field, "add:1")
    field = _press(client, field, "remove:1_2")
    sent = _inputs(field) | {
        "0_figure": "rectified_rate", "0_value": "95%", "1_0_figure": "overdue", "1_0_comparison": "==", "1_0_value": "0",
        "1_1_figure": "tasks_done", "1_1_value": "12",
    }  # fmt: skip
    answered = client.post("/campaigns", data={**SENT, **_named(sent)})
    assert answered.status_code == 303
    campaign = city.campaign(answered.headers["Location"].rsplit("/", 1)[1])
    (phase,) = city.phases(campaign)
    assert phase.condition == "rectified_rate >= 0.95 and (overdue == 0 or tasks_done >= 12)"


def test_a_bad_value_names_its_row_and_stays_to_be_put_right(sign_in: SignIn) -> None:
    sent = {"join": "and", "0_figure": "overdue", "0_comparison": "==", "0_value": "0",
            "1_figure": "rectified_rate", "1_comparison": ">=", "1_value": "九成"}  # fmt: skip
    field = _sent(sign_in("wang"), _named(sent), 422)
    assert "第 2 行：“九成”不是数值" in field.get_text()
    assert _inputs(field)["1_value"] == "九成"
    assert [one["name"] for one in field.select("[aria-invalid] [aria-invalid]")] == [f"{AT}1_value"]
    assert (
        "第 2 行：百分比应在 0 至 100 之间"
        in _sent(sign_in("wang"), _named({**sent, "1_value": "120"}), 422).get_text()
    )


def test_each_row_says_what_its_figure_is_now_and_the_whole_in_words(city: Walk, sign_in: SignIn) -> None:
    page = BeautifulSoup(sign_in("wang").get("/campaigns/new?scale=monthly").data, "html.parser")
    field = page.find(id="f-phases-0-condition")
    assert isinstance(field, Tag)
    assert _inputs(field)["0_value"] == "90" and "今年至今 0" in field.get_text()
    assert "过关条件：整改率不低于 90%，并且超期未整改（项）等于 0" in field.get_text()


def test_an_expression_beyond_rows_is_shown_as_text_until_it_is_cleared(sign_in: SignIn) -> None:
    client = sign_in("wang")
    field = _sent(client, {f"{AT}text": "tasks_done >= tasks * 0.9", "_step": "refresh"})
    assert field.select_one('input[value="tasks_done >= tasks * 0.9"]')
    cleared = {"phases-0-condition": "tasks_done >= tasks * 0.9", "_step": "condition:phases-0-condition:clear"}
    assert not _sent(client, cleared).select_one('input[value^="tasks_done"]')
