"""Many cases in virtual time: what they show of a process, and that they show the same whenever they are played."""

from __future__ import annotations

import datetime as dt
import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from app.config import ROOT
from app.engine import Engine, Package, load_folder, rehearsal
from app.engine.rehearsal import Capacity, Model, Step
from app.errors import Invalid
from tests.conftest import environment
from tests.engine.rehearsal.drawing import choice, process

HAZARD = load_folder(ROOT / "bpmn" / "hazard_rectification")
DAY = dt.date(2026, 4, 1)
Rehearse = Callable[..., dict[str, Any]]
pytestmark = pytest.mark.one_database

STAFF = "userTask role=dept_staff"
FORKED = process(
    "forked",
    {
        "start": "startEvent",
        "look": f"{STAFF}; form=look",
        "which": "exclusiveGateway default=which_ok",
        "ok": STAFF,
        "split": "parallelGateway",
        "one": STAFF,
        "both": "parallelGateway",
        "end": "endEvent",
        "never": STAFF,
    },
    {
        "start>look": "", "look>which": "", "which>ok": "", "which>split": "verdict == 'bad'",
        "which>never": "verdict == 'none'", "never>end": "", "ok>both": "", "split>one": "", "one>both": "",
        "both>end": "",
    },
    {"look": choice("good", "bad")},
)  # fmt: skip
PLAIN = process(
    "plain",
    {"start": "startEvent", "act": f"{STAFF}; deadline=PT24H; ladder=+P1D: supervision", "end": "endEvent"},
    {"start>act": "", "act>end": ""},
)
LIMITED = process(
    "limited",
    {
        "start": "startEvent", "act": STAFF, "late": "boundaryEvent at=act; timer=P2D", "told": STAFF,
        "end": "endEvent", "given_up": "endEvent",
    },
    {"start>act": "", "act>end": "", "late>told": "", "told>given_up": ""},
)  # fmt: skip


@pytest.fixture
def rehearse(app: Flask, session: Session) -> Rehearse:
    engine: Engine = app.extensions["duban.engine"]

    def played(package: Package, **changes: Any) -> dict[str, Any]:
        outline = rehearsal.outline_of(engine, package)
        model = rehearsal.suggest(engine, session, outline)
        steps = dict(model.steps) | changes.pop("steps", {})
        return rehearsal.rehearse(engine, session, package, replace(model, start=DAY, steps=steps, **changes))

    return played


def problems(figures: dict[str, Any], kind: str) -> list[str]:
    return [one["element"] or one.get("role") for one in figures["problems"] if one["kind"] == kind]


def test_hazards_run_through_with_the_shipped_rules(rehearse: Rehearse) -> None:
    figures = rehearse(HAZARD, count=25, seed=7, roles={"dept_staff": Capacity(8)})
    cases = figures["cases"]
    assert cases["started"] == 25 == cases["ended"]
    assert figures["ends"]["closed"] + figures["ends"]["voided"] == 25
    assert figures["nodes"]["grade"]["done"] == 25 == figures["nodes"]["grade"]["with_due"]
    assert 0 < figures["tasks"]["late_share"] < 1
    assert not problems(figures, "dead_end") + problems(figures, "incident")
    assert "has_order_to_adopt" not in figures["flows"] or not figures["flows"]["has_order_to_adopt"]
    assert "adopt" in problems(figures, "never_node")


def test_the_same_seed_gives_the_same_figures_in_any_process(app: Flask, rehearse: Rehearse) -> None:
    first = rehearse(HAZARD, count=12, seed=3)
    assert rehearse(HAZARD, count=12, seed=4)["cycle"] != first["cycle"]
    script = (
        "import json, sys\nfrom app import create_app\nfrom app.engine import rehearsal, load_folder\n"
        "from app.config import ROOT\napp = create_app()\n"
        "with app.app_context(), app.extensions['duban.sessions']() as session:\n"
        "    model = rehearsal.model_of(json.load(sys.stdin))\n"
        "    package = load_folder(ROOT / 'bpmn' / 'hazard_rectification')\n"
        "    engine = app.extensions['duban.engine']\n"
        "    print(json.dumps(rehearsal.rehearse(engine, session, package, model)))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        input=json.dumps(first["model"]),
        env=environment(app.extensions["duban.settings"], PYTHONHASHSEED="4711"),
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
    )
    assert json.loads(done.stdout.splitlines()[-1]) == json.loads(json.dumps(first))


def test_a_join_that_waits_for_ever_is_named(rehearse: Rehearse) -> None:
    figures = rehearse(FORKED, count=40)
    assert problems(figures, "dead_end") == ["both"]
    assert figures["cases"]["dead"] == 40
    assert problems(figures, "never_node") == ["end", "never"]


def test_a_role_with_too_few_people_is_overloaded_and_its_tasks_wait(rehearse: Rehearse) -> None:
    slow = {"act": Step("office", 7.0, 9.0)}
    few = rehearse(PLAIN, count=120, days=60, steps=slow, roles={"dept_staff": Capacity(1)})
    assert problems(few, "overloaded") == ["dept_staff"]
    many = rehearse(PLAIN, count=120, days=60, steps=slow, roles={"dept_staff": Capacity(12)})
    assert not problems(many, "overloaded")
    act, relaxed = few["nodes"]["act"], many["nodes"]["act"]
    assert act["waiting"]["median"] > 5 * 8 * 3600 > relaxed["waiting"]["p90"]
    assert act["late_share"] > 0.8 > relaxed["late_share"]
    assert few["tasks"]["rungs"] > many["tasks"]["rungs"]
    assert few["roles"]["dept_staff"]["load_max"] <= 1.0


def test_a_timer_on_the_edge_of_a_step_ends_it_and_frees_who_was_at_it(rehearse: Rehearse) -> None:
    figures = rehearse(LIMITED, count=30, days=30, steps={"act": Step("natural", 30.0, 96.0, busy=0.5)})
    ends = figures["ends"]
    assert ends["end"] + ends["given_up"] == 30 and ends["given_up"] > 3
    assert figures["nodes"]["act"]["left"] == ends["given_up"] == figures["nodes"]["late"]["passes"]


@pytest.mark.parametrize(("policy", "signed"), [("all", 60), ("in_turn", 60), ("any", 20)])
def test_a_step_that_several_sign_is_signed_by_each_of_them(rehearse: Rehearse, policy: str, signed: int) -> None:
    board = f"{STAFF}; policy={policy}; signers=['li', 'wang', 'zhao']; deadline=P3D"
    joint = process(
        "joint", {"start": "startEvent", "act": STAFF, "board": board, "end": "endEvent"},
        {"start>act": "", "act>board": "", "board>end": ""},
    )  # fmt: skip
    figures = rehearse(joint, count=20, days=60)
    assert figures["ends"] == {"end": 20}
    assert figures["nodes"]["board"]["done"] == signed
    assert not problems(figures, "dead_end")


def test_a_case_that_only_goes_round_is_stopped_and_told(rehearse: Rehearse) -> None:
    circle = process(
        "circle",
        {
            "start": "startEvent",
            "look": f"{STAFF}; form=look",
            "which": "exclusiveGateway default=which_look",
            "end": "endEvent",
        },
        {"start>look": "", "look>which": "", "which>look": "", "which>end": "verdict == 'good'"},
        {"look": choice("good", "bad")},
    )
    again = {"look": Step(answers={"verdict": {"good": 0, "bad": 1}}, median=0.1, p90=0.1)}
    figures = rehearse(circle, count=3, days=10, steps=again)
    assert figures["cases"]["looped"] == 3
    assert problems(figures, "loop") == ["look"]


def test_a_form_that_nobody_could_answer_stops_its_case_and_is_told(rehearse: Rehearse) -> None:
    files = dict(FORKED.files) | {"forms/look.json": b'{"fields": [{"name": "x", "kind": "magic"}]}'}
    figures = rehearse(Package(FORKED.key, files), count=2)
    assert figures["cases"]["incident"] == 2 and problems(figures, "incident") == ["look"]


def test_two_drafts_meet_the_same_luck(rehearse: Rehearse) -> None:
    before = rehearse(PLAIN, count=30, days=30, roles={"dept_staff": Capacity(30)})
    after = rehearse(PLAIN, count=30, days=30, roles={"dept_staff": Capacity(30)}, steps={"act": Step("office", 1, 2)})
    compared = rehearsal.compare(before, after)
    assert compared["same_luck"]
    totals = {one["name"]: (one["before"], one["after"]) for one in compared["totals"]}
    assert totals["started"] == (30, 30) and totals["cycle_median"][0] > totals["cycle_median"][1]


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"start": "yesterday"}, "start"),
        ({"start": "2026-04-01", "count": 10_001}, "count"),
        ({"start": "2026-04-01", "steps": {"act": {"median": 5, "p90": 2}}}, "steps.act.p90"),
        ({"start": "2026-04-01", "steps": {"act": {"answers": {"verdict": {"good": 0}}}}}, "steps.act.answers.verdict"),
        ({"start": "2026-04-01", "roles": {"dept_staff": {"people": 0}}}, "roles.dept_staff.people"),
        ({"start": "2026-04-01", "starts": [0, 0]}, "starts"),
        ({"start": "2026-04-01", "magic": 1}, "magic"),
    ],
)
def test_nonsense_is_refused_by_name(given: dict[str, Any], field: str) -> None:
    with pytest.raises(Invalid) as refused:
        rehearsal.model_of(given)
    assert list(refused.value.errors) == [field]


def test_a_model_comes_back_from_its_json(rehearse: Rehearse) -> None:
    model = Model(DAY, steps={"act": Step(outcomes=(1.0, 2.0), answers={"a": {"b": 1.0}})}, roles={"x": Capacity(2)})
    assert rehearsal.model_of(json.loads(json.dumps(model.as_dict()))) == model


def test_cases_that_come_by_the_day_come_on_work_days_and_as_often_as_asked(rehearse: Rehearse) -> None:
    figures = rehearse(PLAIN, per="day", rate=3.0, days=30, seed=11)
    again = rehearse(PLAIN, per="day", rate=3.0, days=30, seed=11)
    assert figures == again
    assert 35 < figures["cases"]["started"] < 95  # some 21 work days
