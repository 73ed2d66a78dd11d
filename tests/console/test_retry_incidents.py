"""Incidents in the console: causes in words, messages only for who may see data, retry singly and in bulk."""

from __future__ import annotations

from collections.abc import Callable

from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from app.audit import Actor
from app.engine import Engine, History, Incident
from tests.console.conftest import set_up, task_of

SignIn = Callable[[str], FlaskClient]
BeginLost = Callable[..., Incident]
ALL, API = "/console/incidents", "/api/v1/incidents"


def test_the_cause_stands_in_words_and_the_message_only_for_the_office(sign_in: SignIn, begin_lost: BeginLost) -> None:
    incident = begin_lost("程丽借用法人章")
    office, operator = sign_in("wang").get(ALL).text, sign_in("root").get(ALL).text
    for page in (office, operator):
        assert "找不到办理人" in page
        assert "补齐单位、岗位或人员，再重试。" in page
        assert incident.id in page
        assert "NobodyMeant" in page
    assert "gas_office" in office
    assert "gas_office" not in operator
    assert "程丽" in office
    assert "程丽" not in operator
    listed = {row["id"]: row for row in sign_in("root").get(API).json}
    assert listed[incident.id]["message"] is None
    assert "gas_office" in {row["id"]: row for row in sign_in("wang").get(API).json}[incident.id]["message"]
    assert sign_in("root").get(f"{API}/{incident.id}").json["fault"] == "NobodyMeant"


def test_the_operators_instance_page_hides_the_message_as_well(sign_in: SignIn, begin_lost: BeginLost) -> None:
    incident = begin_lost()
    path = f"/console/instances/{incident.instance_id}?node=review"
    assert "gas_office" not in sign_in("root").get(path).text
    assert "gas_office" in sign_in("wang").get(path).text
    history = f"/api/v1/instances/{incident.instance_id}/history"
    assert "gas_office" not in sign_in("root").get(history).text
    shown = sign_in("root").get(f"/api/v1/instances/{incident.instance_id}").json
    assert [(one["kind"], one["message"]) for one in shown["incidents"]] == [("address", None)]


def test_a_retry_that_fails_again_says_so_and_counts(sign_in: SignIn, begin_lost: BeginLost, session: Session) -> None:
    incident = begin_lost()
    answer = sign_in("root").post(f"{ALL}/{incident.id}/retry")
    assert answer.status_code == 200
    assert "仍未解除" in answer.text
    assert "再次失败" in answer.text
    session.rollback()
    session.expire_all()
    again = session.get_one(Incident, incident.id)
    assert (again.attempts, again.resolved_at) == (1, None)
    line = session.query(History).filter_by(instance_id=incident.instance_id, event="incident.retried").one()
    assert line.actor_name == "系统管理员"


def test_a_retry_goes_through_once_the_cause_is_gone(
    sign_in: SignIn, begin_lost: BeginLost, engine: Engine, session: Session, actor: Callable[[str], Actor]
) -> None:
    one, two, three = (begin_lost(each, "harbour_office") for each in ("甲事", "乙事", "丙事"))
    set_up(session, "harbour_office")
    root = sign_in("root")
    answer = root.post(f"{ALL}/{one.id}/retry", data={"instance": one.instance_id})
    assert "1 项异常已解除" in answer.text
    assert f"/console/instances/{one.instance_id}" in answer.text
    assert task_of(session, one.instance_id).org_id is not None  # the step has its office now
    assert one.id in root.get(f"{ALL}?resolved=1").text
    assert one.id not in root.get(ALL).text
    repeated = root.post(f"{ALL}/{one.id}/retry")
    assert "没有重试" in repeated.text
    assert root.post(f"{API}/{one.id}/retry").status_code == 409
    # 乙 as one of a selection beside what is over, 丙 by the filter
    several = root.post(f"{API}/batches", json={"ids": [two.id, one.id, "f" * 32]}).json
    assert [(row["ok"], row["status"]) for row in several] == [(True, 200), (False, 409), (False, 404)]
    everything = root.post(f"{ALL}/batches?kind=address&process=lost_har", data={"all": "1"})
    assert "1 项异常已解除" in everything.text
    session.rollback()
    session.expire_all()
    assert session.get_one(Incident, three.id).resolved_at is not None
    assert session.get_one(Incident, three.id).resolved_by_id == actor("root").id


def test_nothing_chosen_is_said(sign_in: SignIn, engine: Engine) -> None:
    root = sign_in("root")
    assert root.post(f"{ALL}/batches").status_code == 303
    assert "没有选择任何一项" in root.get(ALL).text
    assert root.post(f"{API}/batches", json={"ids": []}).status_code == 422


def test_outsiders_are_refused(sign_in: SignIn, begin_lost: BeginLost, engine: Engine, session: Session) -> None:
    incident = begin_lost()
    for who in ("zhao", "sun", "lin", "shen", "cha"):
        assert sign_in(who).get(ALL).status_code == 403
        assert sign_in(who).post(f"{ALL}/{incident.id}/retry").status_code == 403
        assert sign_in(who).post(f"{ALL}/batches", data={"all": "1"}).status_code == 403
        assert sign_in(who).post(f"{API}/batches", json={"ids": [incident.id]}).status_code == 403
    session.expire_all()
    assert session.get_one(Incident, incident.id).attempts == 0


def test_the_office_retries_only_in_its_scope(
    sign_in: SignIn, engine: Engine, begin_lost: BeginLost, actor: Callable[[str], Actor], session: Session
) -> None:
    begin_lost()  # deploys the process
    engine.start("lost_gas", {"summary": "别家的事", "pages": 1}, by=actor("sun"))
    session.rollback()
    known = {row["id"] for row in sign_in("wang").get(f"{API}?per_page=200").json}
    everything = {row["id"] for row in sign_in("root").get(f"{API}?per_page=200").json}
    for other in everything - known:
        assert sign_in("wang").post(f"{API}/{other}/retry").status_code == 404
        assert sign_in("wang").get(f"{API}/{other}").status_code == 404


def test_whoever_looks_at_the_matter_reads_that_nobody_can_claim_it(sign_in: SignIn, begin_lost: BeginLost) -> None:
    incident = begin_lost()
    page = sign_in("wang").get(f"/instances/{incident.instance_id}").text
    assert "找不到办理人，待管理员处理" in page
    assert "待签收" not in page
