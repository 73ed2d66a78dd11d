"""An operator moves a token or corrects data from the console: by reason, in place, by the revision that was seen."""

from __future__ import annotations

from collections.abc import Callable

from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from app.audit import AuditRecord
from app.engine import History, HumanTask, Instance
from tests.console.conftest import Begin

SignIn = Callable[[str], FlaskClient]
ALL, API = "/console/instances", "/api/v1/instances"


def fresh(session: Session, instance_id: str) -> Instance:
    session.rollback()
    session.expire_all()
    return session.get_one(Instance, instance_id)


def opened(session: Session, instance_id: str) -> list[str]:
    fresh(session, instance_id)
    rows = session.query(HumanTask).filter_by(instance_id=instance_id, status="open")
    return [row.node_id for row in rows]


def last(session: Session, instance_id: str, event: str) -> History:
    fresh(session, instance_id)
    return session.query(History).filter_by(instance_id=instance_id, event=event).order_by(History.seq.desc()).first()  # type: ignore[return-value]


def test_the_operator_moves_a_token_with_a_reason_and_a_second_time_is_told_that_it_has_gone(
    sign_in: SignIn, begin: Begin, session: Session
) -> None:
    instance, root = begin(), sign_in("root")
    (here,) = opened(session, instance)
    page = root.get(f"{ALL}/{instance}").text
    assert "移动令牌" in page and "改数据" not in page  # data are business
    with root.application.app_context():
        engine = root.application.extensions["duban.engine"]
        (movable,) = engine.movable(session, instance)
        there = next(place.node.id for place in movable.places if place.node.is_human)
    rev = fresh(session, instance).rev
    given = {"way": f"{here}>{there}", "reason": "走错了步骤", "rev": rev}
    assert "请写明原因" in root.post(f"{ALL}/{instance}/token", data=given | {"reason": ""}).text
    assert root.post(f"{ALL}/{instance}/token", data=given).status_code == 303
    assert opened(session, instance) == [there]
    late = sign_in("wang").post(f"{ALL}/{instance}/token", data=given)
    assert late.status_code == 409 and "走错了步骤" in late.text
    assert last(session, instance, "instance.token_moved").data["reason"] == "走错了步骤"
    assert session.query(AuditRecord).filter_by(action="instances.token_moved", object_id=instance).count() == 1


def test_a_target_that_is_none_is_refused_by_program_and_page(sign_in: SignIn, begin: Begin, session: Session) -> None:
    instance, root = begin(), sign_in("root")
    (here,) = opened(session, instance)
    refused = root.post(f"{API}/{instance}/token", json={"from": here, "to": "nowhere", "reason": "试"})
    assert refused.status_code == 422
    assert root.post(f"{ALL}/{instance}/token", data={"way": here, "reason": "试"}).status_code == 422
    assert opened(session, instance) == [here]


def test_outsiders_neither_move_nor_edit(sign_in: SignIn, begin: Begin, session: Session) -> None:
    instance = begin()
    (here,) = opened(session, instance)
    for who in ("zhao", "he", "cha"):
        client = sign_in(who)
        assert client.post(f"{ALL}/{instance}/token", data={"way": f"{here}>x", "reason": "试"}).status_code in (
            403,
            404,
        )
        assert client.patch(f"{API}/{instance}/data", json={"changes": {"a": 1}, "reason": "试"}).status_code in (
            403,
            404,
        )
    root = sign_in("root")  # sees no data
    assert root.patch(f"{API}/{instance}/data", json={"changes": {"a": 1}, "reason": "试"}).status_code == 403
    assert root.post(f"{ALL}/{instance}/data", data={"reason": "试"}).status_code == 403


def test_the_office_edits_data_having_seen_before_and_after(sign_in: SignIn, begin: Begin, session: Session) -> None:
    instance, wang = begin(), sign_in("wang")
    engine = wang.application.extensions["duban.engine"]
    with wang.application.app_context():
        now = engine.editable(session, instance)
    name = next(name for name, value in now.items() if isinstance(value, str) and value)
    rev = fresh(session, instance).rev
    given = {f"value:{name}": "核实后的内容", "reason": "登记有误", "rev": rev}
    assert wang.post(f"{ALL}/{instance}/data", data={"reason": "登记有误", "rev": rev}).status_code == 422
    compared = wang.post(f"{ALL}/{instance}/data", data=given)
    assert compared.status_code == 200 and "确认更改" in compared.text and "核实后的内容" in compared.text
    assert fresh(session, instance).rev == rev  # nothing has changed yet
    assert wang.post(f"{ALL}/{instance}/data", data=given | {"act": "save"}).status_code == 303
    told = last(session, instance, "instance.data_edited").data
    assert told["before"] == {name: now[name]} and told["after"] == {name: "核实后的内容"}
    again = wang.post(f"{ALL}/{instance}/data", data=given | {f"value:{name}": "又一次", "act": "save"})
    assert again.status_code == 409 and "又一次" in again.text
    wrong = wang.patch(f"{API}/{instance}/data", json={"changes": {"no_such": 1}, "reason": "试"})
    assert wrong.status_code == 422
