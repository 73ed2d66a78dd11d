"""Instances by program: start, look, history, cancel, suspend; timers and incidents for the operator."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from app.audit import Actor
from app.db import write_transaction
from app.engine import Engine, History, HumanTask, Instance
from tests.inbox.processes import KEY, package

SignIn = Callable[[str], FlaskClient]
ALL = "/api/v1/instances"
BODY = {"definition": KEY, "data": {"summary": "程序发起", "pages": 1}}


@pytest.fixture
def instance(sign_in: SignIn, engine: Engine) -> str:
    return str(sign_in("sun").post(ALL, json=BODY).json["id"])


def test_a_starter_starts_and_looks(sign_in: SignIn, instance: str) -> None:
    shown = sign_in("sun").get(f"{ALL}/{instance}").json
    assert (shown["status"], shown["tokens"]) == ("running", ["review"])
    assert [task["node_id"] for task in shown["tasks"]] == ["review"]
    assert shown["data"]["summary"] == "程序发起"
    assert shown["title"] == "程序发起"
    listed = sign_in("sun").get(f"{ALL}?definition={KEY}")
    assert instance in [row["id"] for row in listed.json]


def test_who_may_not_start_is_refused(sign_in: SignIn, engine: Engine) -> None:
    assert sign_in("zhao").post(ALL, json=BODY).status_code == 403
    assert sign_in("sun").post(ALL, json=BODY | {"definition": "nothing"}).status_code == 404
    refused = sign_in("sun").post(ALL, json={"definition": KEY, "data": {"pages": 0}})
    assert set(refused.json["errors"]) == {"summary", "pages"}


def test_a_business_key_starts_once(sign_in: SignIn, engine: Engine) -> None:
    body = BODY | {"business_key": "YY-2026-0001"}
    assert sign_in("sun").post(ALL, json=body).status_code == 201
    again = sign_in("sun").post(ALL, json=body)
    assert (again.status_code, again.json["business_key"]) == (409, "YY-2026-0001")


def test_a_request_repeated_with_its_key_starts_once(sign_in: SignIn, engine: Engine) -> None:
    answers = [sign_in("sun").post(ALL, json=BODY, headers={"Idempotency-Key": "once"}).json for _ in range(2)]
    assert answers[0] == answers[1]


def test_outsiders_find_and_count_nothing(sign_in: SignIn, instance: str) -> None:
    for who in ("deng", "he", "zhou"):
        assert sign_in(who).get(f"{ALL}/{instance}").status_code == 404
        assert sign_in(who).get(f"{ALL}/{instance}/history").status_code == 404
        assert sign_in(who).get(ALL).headers["X-Total-Count"] == "0"
        assert sign_in(who).get("/api/v1/timers").headers["X-Total-Count"] == "0"


def test_the_history_is_whole_and_says_so(sign_in: SignIn, instance: str, session: Session) -> None:
    told = sign_in("sun").get(f"{ALL}/{instance}/history").json
    assert [event["event"] for event in told["events"]] == ["instance.started", "task.created"]
    assert told["chain"] == {"ok": True, "broken": None}
    with write_transaction(session):
        session.query(History).filter_by(instance_id=instance, seq=1).update({"actor_name": "别人"})
    assert sign_in("sun").get(f"{ALL}/{instance}/history").json["chain"]["broken"]["seq"] == 1


def test_the_operator_sees_ids_and_state_but_no_business(sign_in: SignIn, instance: str) -> None:
    root = sign_in("root")
    shown = root.get(f"{ALL}/{instance}").json
    assert (shown["id"], shown["status"], shown["tokens"]) == (instance, "running", ["review"])
    assert {shown[name] for name in ("title", "business_key", "subject_id", "starter_name", "data")} == {None}
    history = root.get(f"{ALL}/{instance}/history")
    assert "程序发起" not in history.text
    assert "程序发起" not in root.get(f"{ALL}?per_page=200").text
    assert root.get(f"{ALL}?business_key=YY-2026-0001").json == root.get(ALL).json  # not told by filtering either
    for who in ("shen", "cha"):
        assert sign_in(who).get(f"{ALL}/{instance}").status_code == 404


def test_the_committee_office_cancels_what_it_sees(
    sign_in: SignIn, instance: str, engine: Engine, actor: Callable[[str], Actor], session: Session
) -> None:
    path, body = f"{ALL}/{instance}/cancellation", {"reason": "重复发起"}
    assert sign_in("sun").post(path, json=body).status_code == 403
    assert sign_in("wang").post(path, json=body).status_code == 404  # not in its area, and nobody copied it
    task = session.query(HumanTask).filter_by(instance_id=instance).one()
    sign_in("zhao").post(f"/api/v1/tasks/{task.id}/copies", json={"user_ids": [actor("wang").id]})
    assert sign_in("wang").post(path, json={}).status_code == 422
    assert sign_in("wang").post(path, json=body).status_code == 204
    session.rollback()
    session.expire_all()
    assert session.get_one(Instance, instance).status == "cancelled"
    assert sign_in("wang").post(path, json=body).status_code == 409


def test_the_operator_suspends_and_resumes(sign_in: SignIn, instance: str) -> None:
    path, root = f"{ALL}/{instance}/suspension", sign_in("root")
    assert sign_in("sun").post(path, json={"reason": "x"}).status_code == 403
    assert sign_in("wang").post(path, json={"reason": "x"}).status_code == 404  # may not even know of it
    assert root.post(path, json={}).status_code == 422
    assert root.post(path, json={"reason": "数据核对"}).status_code == 204
    assert root.post(path, json={"reason": "数据核对"}).status_code == 409
    task = root.get(f"{ALL}/{instance}").json["tasks"][0]["id"]
    assert sign_in("zhao").post(f"/api/v1/tasks/{task}/claim").status_code == 409
    assert "此事项已中止" in sign_in("zhao").get(f"/tasks/{task}").text
    assert root.delete(path).status_code == 204
    assert root.delete(path).status_code == 409
    assert sign_in("zhao").post(f"/api/v1/tasks/{task}/claim").status_code == 200


def test_timers_are_listed_by_what_is_due(sign_in: SignIn, instance: str) -> None:
    root = sign_in("root")
    timers = root.get(f"/api/v1/timers?instance_id={instance}").json
    assert [timer["kind"] for timer in timers] == ["overdue"]
    due = timers[0]["due_at"]
    assert due == "2026-04-13T17:30:00+08:00"
    before = {"instance_id": instance, "due_before": "2026-04-13T17:30:00+08:00"}
    assert root.get("/api/v1/timers", query_string=before).json == []
    assert [t["id"] for t in sign_in("sun").get(f"/api/v1/timers?instance_id={instance}").json] == [timers[0]["id"]]


def test_an_incident_is_seen_and_retried_by_the_operator(
    sign_in: SignIn, engine: Engine, actor: Callable[[str], Actor]
) -> None:
    engine.deploy(package("lost_office", org="&quot;no such office&quot;"), by=actor("root"))
    engine.start("lost_office", {"summary": "没有这个单位", "pages": 1}, by=actor("sun"))
    root = sign_in("root")
    (incident,) = root.get("/api/v1/incidents").json
    assert (incident["node_id"], incident["resolved_at"]) == ("review", None)
    assert incident["message"] is None  # it may quote what people wrote
    assert (incident["kind"], incident["fault"]) == ("address", "NobodyMeant")
    assert "找不到" not in incident["cause"] or incident["remedy"]
    assert sign_in("zhao").get("/api/v1/incidents").status_code == 403
    assert sign_in("wang").get("/api/v1/incidents").json == []  # not in its scope
    assert sign_in("sun").post(f"/api/v1/incidents/{incident['id']}/retry").status_code == 403
    assert root.post(f"/api/v1/incidents/{'0' * 32}/retry").status_code == 404
    assert root.post(f"/api/v1/incidents/{incident['id']}/retry").json == {"resolved": False}
    assert [i["id"] for i in root.get("/api/v1/incidents").json] == [incident["id"]]
