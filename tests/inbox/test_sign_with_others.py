"""Several people sign one step, as programs see it: the tally, a vote, signers who are added and taken away."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from app.audit import SYSTEM, Actor
from app.config import ROOT
from app.engine import Engine, HumanTask, load_folder
from app.inbox import queries
from tests.cast import member
from tests.engine.signing import process

SignIn = Callable[[str], FlaskClient]
Board = Callable[..., dict[str, str]]


@pytest.fixture(scope="module")
def board(engine: Engine, actor: Callable[[str], Actor]) -> Board:
    """`board("ratio")` → the open task of each signer by the cast's key; 王建国 sends it to three people."""

    def start(policy: str, people: tuple[str, ...] = ("zhao", "deng", "liu")) -> dict[str, str]:
        engine.deploy(process(policy, key=f"board_{policy}"), by=SYSTEM, publish=True)
        data = {"board": [member(key).id for key in people]}
        begun = engine.start(f"board_{policy}", data, by=actor("wang"))
        keys = {member(key).id: key for key in people}
        return {keys[task.assignee_id]: task.id for task in begun.next if task.assignee_id}

    return start


def signing(client: FlaskClient, task: str) -> dict[str, Any]:
    found: dict[str, Any] = client.get(f"/api/v1/tasks/{task}").json["signing"]
    return found


def test_a_task_tells_how_its_step_stands(sign_in: SignIn, board: Board) -> None:
    tasks = board("ratio")
    zhao = sign_in("zhao")
    before = signing(zhao, tasks["zhao"])
    assert {name: before[name] for name in ("policy", "outcome", "agreed", "disagreed", "waiting", "of", "needed", "votes")} == {
        "policy": "ratio", "outcome": None, "agreed": 0, "disagreed": 0, "waiting": 3, "of": 3, "needed": 2, "votes": [],
    }  # fmt: skip
    answers = {"decision": "refuse", "remark": "缺预算"}
    assert zhao.post(f"/api/v1/tasks/{tasks['zhao']}/completion", json={"answers": answers}).status_code == 200
    after = signing(sign_in("deng"), tasks["deng"])
    assert (after["disagreed"], after["waiting"], after["votes"][0]["name"]) == (1, 2, "赵明远")
    assert after["votes"][0]["answers"]["remark"] == "缺预算"
    for who in ("deng", "liu"):
        sent = {"answers": {"decision": "agree"}}
        assert sign_in(who).post(f"/api/v1/tasks/{tasks[who]}/completion", json=sent).status_code == 200
    assert signing(sign_in("liu"), tasks["liu"])["outcome"] == "agree"


def test_a_plain_task_has_no_signing(sign_in: SignIn, request_seal: Callable[..., str]) -> None:
    assert sign_in("zhao").get(f"/api/v1/tasks/{request_seal()}").json["signing"] is None


def test_a_signer_adds_another_and_takes_them_away_again(sign_in: SignIn, board: Board) -> None:
    tasks, zhao, gao = board("all"), sign_in("zhao"), member("gao").id
    assert "sign" in zhao.get(f"/api/v1/tasks/{tasks['zhao']}").json["permitted"]
    where = f"/api/v1/tasks/{tasks['zhao']}/signers"
    added = zhao.post(where, json={"user_id": gao, "reason": "涉及其职责"})
    assert added.status_code == 200 and added.json["signing"]["of"] == 4
    assert [one["removable"] for one in added.json["signing"]["signers"]] == [False, False, False, True]
    assert zhao.post(where, json={"user_id": gao, "reason": "再加"}).status_code == 409
    gone = zhao.delete(f"{where}/{gao}", json={"reason": "与其无关"})
    assert gone.status_code == 200 and gone.json["signing"]["of"] == 3
    assert zhao.delete(f"{where}/{gao}", json={"reason": "与其无关"}).status_code == 404


def test_what_is_wrong_with_an_addition_is_said_by_field(sign_in: SignIn, board: Board) -> None:
    where, zhao = f"/api/v1/tasks/{board('all')['zhao']}/signers", sign_in("zhao")
    assert zhao.post(where, json={"user_id": member("gao").id}).status_code == 422
    for who in ("nobody", member("root").id):  # an administrator sees no business
        refused = zhao.post(where, json={"user_id": who, "reason": "x"})
        assert refused.status_code == 422 and set(refused.json["errors"]) == {"user_id"}


def test_an_outsider_is_told_that_there_is_no_such_task(sign_in: SignIn, board: Board) -> None:
    tasks = board("all")
    where, wu = f"/api/v1/tasks/{tasks['zhao']}/signers", sign_in("wu")
    assert wu.post(where, json={"user_id": member("gao").id, "reason": "x"}).status_code == 404
    assert wu.delete(f"{where}/{member('deng').id}", json={"reason": "x"}).status_code == 404
    assert (
        wu.post(f"/api/v1/tasks/{tasks['zhao']}/completion", json={"answers": {"decision": "agree"}}).status_code == 404
    )


def test_another_signer_cannot_sign_in_one_s_place_or_take_one_away(sign_in: SignIn, board: Board) -> None:
    tasks, deng = board("all"), sign_in("deng")
    sent = {"answers": {"decision": "agree"}}
    assert deng.post(f"/api/v1/tasks/{tasks['zhao']}/completion", json=sent).status_code in (403, 409)
    where = f"/api/v1/tasks/{tasks['deng']}/signers/{member('zhao').id}"
    assert deng.delete(where, json={"reason": "x"}).status_code == 403


def test_the_sender_sees_the_step_once_and_each_signer_his_own_row(
    sign_in: SignIn, board: Board, session: Session
) -> None:
    tasks = board("veto")
    begun = sign_in("wang").get("/api/v1/tasks?box=started&process=board_veto").json
    assert len({task["instance_id"] for task in begun}) == len(begun)
    for who in ("zhao", "deng"):
        mine = sign_in(who).get("/api/v1/tasks?box=todo&process=board_veto").json
        assert tasks[who] in [task["id"] for task in mine] and all(
            task["assignee_id"] == member(who).id for task in mine
        )


def test_the_votes_of_one_round_are_not_taken_for_rounds(board: Board, sign_in: SignIn, session: Session) -> None:
    tasks = board("all")
    sent = {"answers": {"decision": "agree"}}
    sign_in("zhao").post(f"/api/v1/tasks/{tasks['zhao']}/completion", json=sent)
    session.rollback()
    rows = session.scalars(sa.select(HumanTask).where(HumanTask.id.in_(list(tasks.values())))).all()
    assert queries.rounds(session, rows) == {}


def test_the_history_tells_who_came_and_what_was_decided(sign_in: SignIn, board: Board) -> None:
    tasks, wang = board("veto"), sign_in("wang")
    wang.post(f"/api/v1/tasks/{tasks['zhao']}/signers", json={"user_id": member("gao").id, "reason": "涉及其职责"})
    sign_in("deng").post(f"/api/v1/tasks/{tasks['deng']}/completion", json={"answers": {"decision": "refuse"}})
    page = wang.get(f"/tasks/{tasks['deng']}").text
    assert "加签" in page and "高原" in page and "涉及其职责" in page
    assert "签署结论" in page and "不通过，同意 0，不同意 1" in page


def test_the_example_runs_with_its_forms_and_real_people(sign_in: SignIn, engine: Engine) -> None:
    engine.deploy(load_folder(ROOT / "tests" / "bpmn" / "examples" / "joint_signing"), by=SYSTEM)
    people = ("zhao", "deng", "liu")
    data = {"topic": "烟囱拆除方案", "people": [{"person": member(key).id} for key in people]}
    begun = sign_in("wang").post("/api/v1/instances", json={"definition": "joint_signing", "data": data})
    assert begun.status_code == 201, begun.text

    def sign(node: str, who: str, decision: str) -> None:
        mine = sign_in(who).get("/api/v1/tasks?box=todo&process=joint_signing").json
        (task,) = [task for task in mine if task["node_id"] == node]
        sent = {"answers": {"decision": decision, "remark": ""}}
        answer = sign_in(who).post(f"/api/v1/tasks/{task['id']}/completion", json=sent)
        assert answer.status_code == 200, answer.text

    for node, votes in (("screen", "a--"), ("panel", "ara"), ("chain", "aaa"), ("board", "aaa"), ("everyone", "aaa")):
        for who, vote in zip(people, votes, strict=True):
            if vote != "-":
                sign(node, who, "agree" if vote == "a" else "refuse")
    filed = sign_in("wang").get("/api/v1/tasks?box=claimable&process=joint_signing").json
    assert [task["node_id"] for task in filed] == ["file"]


def test_who_may_be_asked_to_sign_is_narrowed_and_others_are_found_by_name(sign_in: SignIn, board: Board) -> None:
    task, zhao = board("veto")["zhao"], sign_in("zhao")
    partial = {"HX-Request": "true", "HX-Request-Type": "partial"}
    likely = zhao.get(f"/tasks/{task}/signers", headers=partial).text
    assert member("gao").id in likely  # of his own bureau
    assert member("chen").id not in likely
    found = zhao.get(f"/tasks/{task}/signers?who=陈", headers=partial).text
    assert member("chen").id in found
    assert member("gao").id not in found
    assert "没有找到" in zhao.get(f"/tasks/{task}/signers?who=没有此人", headers=partial).text
    plain = zhao.get(f"/tasks/{task}/signers?who=陈")
    assert (plain.status_code, "panel=sign" in plain.headers["Location"]) == (303, True)
    assert sign_in("zhou").get(f"/tasks/{task}/signers", headers=partial).status_code == 404
