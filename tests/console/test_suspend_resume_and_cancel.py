"""Suspending, resuming and cancelling from the console, one by one and many at once, always with a reason."""

from __future__ import annotations

from collections.abc import Callable

from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from app.engine import History, Instance
from tests.console.conftest import Begin

SignIn = Callable[[str], FlaskClient]
ALL = "/console/instances"
BATCH, API_BATCH = f"{ALL}/batches", "/api/v1/instances/batches"


def status(session: Session, instance_id: str) -> str:
    session.rollback()
    session.expire_all()
    return session.get_one(Instance, instance_id).status


def test_the_operator_suspends_and_resumes_with_a_reason(sign_in: SignIn, begin: Begin, session: Session) -> None:
    instance, root = begin(), sign_in("root")
    path = f"{ALL}/{instance}/suspension"
    assert root.post(path, data={"reason": "数据核对"}).status_code == 303
    assert status(session, instance) == "suspended"
    page = root.get(f"{ALL}/{instance}").text
    assert "数据核对" in page  # an operator's own reason is no business
    assert "已中止" in page
    assert root.post(path, data={"_method": "DELETE"}).status_code == 303
    assert status(session, instance) == "running"
    told = session.query(History).filter_by(instance_id=instance).order_by(History.seq).all()[-2:]
    assert [(line.event, line.actor_name) for line in told] == [
        ("instance.suspended", "系统管理员"),
        ("instance.resumed", "系统管理员"),
    ]


def test_without_a_reason_it_is_refused_and_what_was_typed_stays(
    sign_in: SignIn, begin: Begin, session: Session
) -> None:
    instance = begin()
    refused = sign_in("root").post(f"{ALL}/{instance}/suspension", data={"reason": "  "})
    assert refused.status_code == 422
    assert "请写明原因" in refused.text
    assert status(session, instance) == "running"


def test_a_second_time_is_told_that_it_is_done(sign_in: SignIn, begin: Begin) -> None:
    instance, path = begin(), "suspension"
    assert sign_in("root").post(f"{ALL}/{instance}/{path}", data={"reason": "核对"}).status_code == 303
    late = sign_in("wang").post(f"{ALL}/{instance}/{path}", data={"reason": "核对"})
    assert late.status_code == 409
    assert "已有变化" in late.text


def test_cancelling_is_the_offices_alone(sign_in: SignIn, begin: Begin, session: Session) -> None:
    instance = begin()
    path = f"{ALL}/{instance}/cancellation"
    assert "作废" not in sign_in("root").get(f"{ALL}/{instance}").text
    assert sign_in("root").post(path, data={"reason": "重复"}).status_code == 403
    assert sign_in("zhao").post(path, data={"reason": "重复"}).status_code == 403
    assert sign_in("wang").post(path, data={"reason": ""}).status_code == 422
    assert sign_in("wang").post(path, data={"reason": "重复发起"}).status_code == 303
    assert status(session, instance) == "cancelled"
    assert sign_in("wang").post(path, data={"reason": "重复发起"}).status_code == 409
    # The operator learns that and by whom it was cancelled; the office's words may be about the matter.
    page = sign_in("root").get(f"{ALL}/{instance}").text
    assert "王建国" in page
    assert "重复发起" not in page


def test_outsiders_are_refused(sign_in: SignIn, begin: Begin, request_seal: Callable[..., str]) -> None:
    instance = begin()
    for who in ("zhao", "sun", "lin", "shen"):
        assert sign_in(who).post(f"{ALL}/{instance}/suspension", data={"reason": "x"}).status_code == 403
        assert sign_in(who).post(BATCH, data={"verb": "suspend", "ids": [instance]}).status_code == 403
        assert sign_in(who).post(API_BATCH, json={"verb": "suspend", "ids": [instance]}).status_code == 403


def test_many_at_once_with_a_result_for_each(
    sign_in: SignIn, begin: Begin, session: Session, request_seal: Callable[..., str]
) -> None:
    first, second, suspended = begin("甲事"), begin("乙事"), begin("丙事")
    wang = sign_in("wang")
    wang.post(f"{ALL}/{suspended}/suspension", data={"reason": "先停"})
    unknown = "f" * 32
    body = {"verb": "suspend", "ids": [first, second, suspended, unknown], "reason_suspend": "统一核对"}
    answer = wang.post(BATCH, data=body)
    assert answer.status_code == 200
    assert "2 项已办，2 项未办" in answer.text
    for word in ("甲事", "乙事", "丙事", "没有找到"):
        assert word in answer.text
    assert {status(session, each) for each in (first, second)} == {"suspended"}
    reason = session.query(History).filter_by(instance_id=first, event="instance.suspended").one().data["reason"]
    assert reason == "统一核对"


def test_a_program_gets_a_result_for_each(sign_in: SignIn, begin: Begin, session: Session) -> None:
    first, second = begin(), begin()
    root = sign_in("root")
    assert root.post(API_BATCH, json={"verb": "suspend", "ids": [first]}).status_code == 422  # no reason
    assert root.post(API_BATCH, json={"verb": "suspend", "ids": []}).status_code == 422
    assert root.post(API_BATCH, json={"verb": "burn", "ids": [first]}).status_code == 422
    told = root.post(API_BATCH, json={"verb": "suspend", "ids": [first, second], "reason": "核对"}).json
    assert [row["ok"] for row in told] == [True, True]
    again = root.post(API_BATCH, json={"verb": "suspend", "ids": [first], "reason": "核对"}).json
    assert [(row["ok"], row["status"], row["code"]) for row in again] == [(False, 409, "conflict")]
    cancelled = root.post(API_BATCH, json={"verb": "cancel", "ids": [first], "reason": "核对"}).json
    assert [(row["ok"], row["status"]) for row in cancelled] == [(False, 403)]  # the office's alone
    assert [row["ok"] for row in root.post(API_BATCH, json={"verb": "resume", "ids": [first, second]}).json] == [
        True
    ] * 2
    assert status(session, first) == "running"


def test_a_batch_without_reason_or_choice_changes_nothing_and_loses_nothing(
    sign_in: SignIn, begin: Begin, session: Session
) -> None:
    instance, other, wang = begin(), begin(), sign_in("wang")
    page = wang.post(BATCH, data={"verb": "suspend", "ids": [instance]})
    assert (page.status_code, "请写明原因" in page.text) == (422, True)
    assert f'value="{instance}" form="bulk" checked' in page.text
    assert f'value="{other}" form="bulk" checked' not in page.text
    page = wang.post(BATCH, data={"verb": "suspend", "reason_suspend": "核对账目"})
    assert (page.status_code, "没有选择任何一项" in page.text, "核对账目" in page.text) == (422, True, True)
    assert status(session, instance) == "running"
