"""离职转办: an account is closed together with handing over everything its holder still has to do."""

from __future__ import annotations

from collections.abc import Callable

import sqlalchemy as sa
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from app import audit
from app.accounts import User
from app.engine import HumanTask
from tests.cast import member

SignIn = Callable[[str], FlaskClient]
Seal = Callable[..., str]


def held(session: Session, task: str) -> str:
    session.rollback()
    return session.get_one(HumanTask, task).assignee_name


def is_active(session: Session, who: str) -> bool:
    session.rollback()
    return session.get_one(User, member(who).id).active


def test_everything_is_handed_over_in_one_act(sign_in: SignIn, request_seal: Seal, session: Session) -> None:
    tasks = [request_seal("涉密的借章事由"), request_seal("另一件")]
    for task in tasks:
        sign_in("liu").post(f"/tasks/{task}/claim")
    root, where = sign_in("root"), f"/admin/users/{member('liu').id}"
    listed = root.get(f"{where}/leaving").text
    assert "用印申请" in listed and f"to-{tasks[0]}" in listed
    assert "涉密的借章事由" not in listed, "administrators see no business"
    unchosen = root.post(f"{where}/deactivation", data={})
    assert unchosen.status_code == 422 and is_active(session, "liu")
    sent = {"to": member("zhao").id, f"to-{tasks[1]}": member("gao").id}
    assert root.post(f"{where}/deactivation", data=sent).status_code == 303
    assert (held(session, tasks[0]), held(session, tasks[1])) == ("赵明远", "高原")
    assert not is_active(session, "liu")
    record = sa.select(audit.AuditRecord.detail).where(audit.AuditRecord.action == "users.deactivated")
    assert session.scalars(record).one() == {"tasks": [[tasks[0], member("zhao").id], [tasks[1], member("gao").id]]}
    assert "离职转办" in sign_in("zhao").get(f"/tasks/{tasks[0]}").text
    assert root.post(f"{where}/deactivation", data=sent).status_code == 409
    assert root.post(f"{where}/activation").status_code == 303


def test_a_task_goes_only_to_who_fills_its_post(sign_in: SignIn, request_seal: Seal, session: Session) -> None:
    task = request_seal()
    sign_in("zhao").post(f"/tasks/{task}/claim")
    where, sent = f"/admin/users/{member('zhao').id}/deactivation", {"to": member("deng").id}
    assert sign_in("root").post(where, data=sent).status_code == 422
    assert held(session, task) == "赵明远" and is_active(session, "zhao")


def test_the_head_hands_over_in_the_own_organisation_only(sign_in: SignIn, request_seal: Seal) -> None:
    where = f"/admin/users/{member('zhao').id}"
    assert sign_in("gao").get(f"{where}/leaving").status_code == 200
    assert sign_in("ma").get(f"{where}/leaving").status_code == 404
    assert sign_in("ma").post(f"{where}/deactivation", data={}).status_code == 404
    assert sign_in("zhao").get(f"{where}/leaving").status_code == 403
    assert sign_in("shen").post(f"{where}/deactivation", data={}).status_code == 403
