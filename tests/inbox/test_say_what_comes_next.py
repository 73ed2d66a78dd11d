"""Which ways are still open, by a diagram whose choices hang on what is known and on what is still asked."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.clock import FixedClock
from app.db import write_transaction
from app.engine import Engine, Flow, Node, NodeState
from app.inbox.closed import closed_flows
from tests.hazards.walk import Walk, people_the_register

FORMS = {"ask": {"fields": [{"name": "result", "kind": "radio"}]}}
FLOWS = {
    "in": Flow("in", "ask", "split"),
    "known": Flow("known", "split", "one", condition="office == 'town'"),
    "asked": Flow("asked", "split", "two", condition="result == 'pass'"),
    "else": Flow("else", "split", "three"),
}
NODES = {
    "ask": Node("ask", "userTask", properties={"form": "ask"}, out_flows=("in",)),
    "split": Node("split", "exclusiveGateway", out_flows=("known", "asked", "else"), default="else"),
    "one": Node("one", "userTask"),
    "two": Node("two", "userTask"),
    "three": Node("three", "userTask"),
}


def closed(engine: Engine, data: dict[str, Any], **changed: Node) -> set[str]:
    loaded: Any = SimpleNamespace(nodes=NODES | changed, flows=FLOWS, form=FORMS.get)
    nodes = {"ask": NodeState("now"), **{node_id: NodeState("ahead") for node_id in ("split", "one", "two", "three")}}
    progress: Any = SimpleNamespace(nodes=nodes, taken=set())
    return set(closed_flows(engine, loaded, progress, data))


def test_what_the_data_rules_out_is_closed(engine: Engine) -> None:
    assert closed(engine, {"office": "department"}) == {"known"}


def test_what_the_data_settles_closes_the_rest(engine: Engine) -> None:
    assert closed(engine, {"office": "town"}) == {"asked", "else"}


def test_what_is_still_asked_stays_open_whatever_an_earlier_round_answered(engine: Engine) -> None:
    assert closed(engine, {"office": "department", "result": "pass"}) == {"known"}


@pytest.mark.parametrize("data", [{}, {"office": None}])
def test_what_is_not_known_stays_open(engine: Engine, data: dict[str, Any]) -> None:
    assert "asked" not in closed(engine, data)
    if not data:
        assert closed(engine, data) == set()


def test_a_decision_table_ahead_leaves_everything_open(engine: Engine) -> None:
    table = Node("split", "businessRuleTask", out_flows=("known", "asked", "else"))
    assert closed(engine, {"office": "department"}, split=table) == set()


def test_a_way_that_one_half_of_its_condition_closes_is_not_told(
    app: Flask, sign_in: Callable[[str], FlaskClient], clock: FixedClock
) -> None:
    """Re-inspected by the department: the town's close-out is not ahead, whatever the conclusion."""
    with app.extensions["duban.sessions"]() as session, write_transaction(session):
        people_the_register(session)
    city = Walk(app, clock)
    hazard = city.to_review(city.register())
    page = sign_in("zhao").get(f"/tasks/{city.task(hazard).id}").text
    told = page.split('class="db-next"')[1].split("</div></div>")[0]
    assert "销号" in told
    assert "镇街销号" not in told
