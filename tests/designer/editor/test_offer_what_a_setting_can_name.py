"""What the properties panel offers: everything that a setting can name, in both languages, and only to designers."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.audit import Actor
from app.clock import FixedClock
from app.config import ROOT
from app.db import write_transaction
from app.designer.drafts import operations
from app.designer.editor import words
from app.engine import Engine, load_folder
from tests.cast import member

SignIn = Callable[[str], FlaskClient]
FOLDER = load_folder(ROOT / "bpmn" / "hazard_rectification")
SCRIPTS = ROOT / "static" / "js" / "designer"


@pytest.fixture(scope="module")
def draft_id(app: Flask, clock: FixedClock, actor: Callable[[str], Actor]) -> str:
    with app.extensions["duban.sessions"]() as session, write_transaction(session):
        return operations.create(session, FOLDER.key, "隐患排查治理", FOLDER.files, by=actor("root"), at=clock.now()).id


@pytest.fixture(scope="module")
def offered(draft_id: str, sign_in: SignIn) -> dict[str, Any]:
    found: dict[str, Any] = sign_in("root").get(f"/designer/drafts/{draft_id}/catalogue").json
    return found


def test_everything_that_can_be_named_is_offered(offered: dict[str, Any]) -> None:
    assert {"key": "dept_staff", "name": "部门人员"} in offered["roles"]
    assert next(rule for rule in offered["rules"] if rule["code"] == "office_1d")["basis"] == "市安委办内部办理时限"
    void = next(service for service in offered["services"] if service["name"] == "hazards.void")
    assert [(param["name"], param["type"], param["about"]) for param in void["params"]] == [("reason", "str", "原因")]
    lane = next(lane for lane in offered["lanes"] if "监管部门" in lane["names"])
    assert (lane["names"][1], lane["role"], lane["org"]) == (
        "Supervising department",
        "dept_staff",
        "supervising_org_id",
    )
    assert {"register", "rectify"} <= {form["name"] for form in offered["forms"]}
    assert [decision["id"] for decision in offered["decisions"]] == ["grading"]
    assert {function["name"] for function in offered["functions"]} >= {"default", "add_work_days", "len"}


def test_each_variable_says_what_it_is_and_which_step_sets_it(offered: dict[str, Any]) -> None:
    known = {variable["name"]: variable for variable in offered["variables"]}
    assert known["summary"]["from"] is None and known["summary"]["label"] == "隐患"  # of the start form
    assert known["starter"]["from"] is None
    assert "grade" in known["verdict"]["from"] and known["verdict"]["options"]
    assert "register" in known["hazard_id"]["from"]  # given by a service


def test_only_processes_that_move_a_limit_are_offered_for_more_time(offered: dict[str, Any]) -> None:
    assert {process["key"] for process in offered["processes"] if process["extends"]} == {
        "hazard_request",
        "supervision_extension",
    }


def test_a_page_that_has_outlived_its_session_takes_the_new_token(sign_in: SignIn, anonymous: FlaskClient) -> None:
    client = sign_in("root")
    answer = client.get("/designer/session")
    assert (answer.json["user"], answer.headers["Cache-Control"]) == (member("root").id, "no-store")
    assert answer.json["token"] != sign_in("root").get("/designer/session").json["token"]  # each session its own
    assert anonymous.get("/designer/session", headers={"Accept": "application/json"}).status_code == 401
    assert sign_in("zhao").get("/designer/session").status_code == 404


def test_nobody_else_finds_the_editor(draft_id: str, sign_in: SignIn) -> None:
    for path in (f"/designer/drafts/{draft_id}", f"/designer/drafts/{draft_id}/catalogue"):
        assert sign_in("root").get(path).status_code == 200
        assert sign_in("zhao").get(path).status_code == 404
    assert sign_in("zhao").post("/designer/process-toml", json={"text": ""}).status_code == 404


def test_every_service_check_and_function_has_words(app: Flask) -> None:
    engine: Engine = app.extensions["duban.engine"]
    assert set(words.shipped()["tasks"]) == set(engine.services.tasks)
    assert set(words.shipped()["checks"]) == set(engine.services.checks)
    assert set(words.FUNCTIONS) == {*engine.language.functions, "default"}
    parameters = {
        name for service in engine.services.tasks.values() if service.params for name in service.params().load_fields
    }
    assert set(words.PARAMETERS) == parameters


def test_process_toml_is_changed_field_by_field_and_keeps_its_comments(sign_in: SignIn) -> None:
    text = (
        '# who\nkey = "a"  # the folder\ntitle = { zh = "甲", en = "A" }\nstarters = []\n\n[facts]\ngrade = "grade"\n'
    )
    changes = {
        "title": {"zh": "乙", "en": "A"},
        "start_form": "ask",
        "facts": {"grade": "grade", "n": "n"},
        "starters": ["expert"],
    }
    answer = sign_in("root").post("/designer/process-toml", json={"text": text, "changes": changes}).json
    assert answer["manifest"] == {"key": "a", **changes}
    assert answer["text"].startswith('# who\nkey = "a"  # the folder\ntitle = { zh = "乙", en = "A" }\n')
    assert answer["text"].index("start_form") < answer["text"].index("[facts]")
    again = (
        sign_in("root").post("/designer/process-toml", json={"text": answer["text"], "changes": {"facts": None}}).json
    )
    assert "facts" not in again["text"]


@pytest.mark.parametrize(
    "sent",
    [{"text": "key = "}, {"text": 1}, {"text": "", "changes": {"run": "x"}}, {"text": "", "changes": {"key": 1}}],
)
def test_process_toml_that_cannot_be_is_refused(sent: dict[str, Any], sign_in: SignIn) -> None:
    assert sign_in("root").post("/designer/process-toml", json=sent).status_code == 422


def test_every_shipped_process_toml_stays_as_it_is_where_nothing_is_changed(sign_in: SignIn) -> None:
    for path in sorted((ROOT / "bpmn").glob("*/process.toml")):
        text = path.read_text(encoding="utf-8")
        answer = sign_in("root").post("/designer/process-toml", json={"text": text, "changes": {}}).json
        same = sign_in("root").post("/designer/process-toml", json={"text": text, "changes": answer["manifest"]}).json
        assert (answer["text"], same["text"]) == (text, text), path.parent.name


def test_every_text_of_the_scripts_has_its_english_and_no_english_is_left_over() -> None:
    texts = {
        json.loads(f'"{found}"')
        for path in SCRIPTS.rglob("*.js")
        for found in re.findall(r'\bt\(\s*"((?:[^"\\]|\\.)*)"', path.read_text(encoding="utf-8"))
    }
    english = {
        json.loads(f'"{chinese}"'): json.loads(f'"{text}"')
        for chinese, text in re.findall(
            r'^  "((?:[^"\\]|\\.)*)": "((?:[^"\\]|\\.)*)",$', (SCRIPTS / "english.js").read_text(encoding="utf-8"), re.M
        )
    }
    assert texts == set(english)
    for chinese, text in english.items():
        assert sorted(re.findall(r"\{\w+\}", chinese)) == sorted(re.findall(r"\{\w+\}", text)), chinese
        assert not re.search(r"[\u4e00-\u9fff]", text), text
