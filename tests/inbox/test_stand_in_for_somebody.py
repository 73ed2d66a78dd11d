"""出差代理: who is away names a colleague, who does the work meanwhile, as 代…办理; it ends by itself."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from app import audit
from app.accounts import Absence, Grant
from app.audit import SYSTEM, Actor
from app.clock import FixedClock
from app.engine import Engine, HumanTask, TaskCheck
from tests.cast import START, member
from tests.inbox.processes import package

SignIn = Callable[[str], FlaskClient]
Seal = Callable[..., str]
TO_THE_HEAD = "seal_of_the_head"
AGREED = {"result": "pass", "opinion": "同意"}


@pytest.fixture(autouse=True)
def everybody_is_back(session: Session, clock: FixedClock) -> Iterator[None]:
    yield
    clock.set(START)
    session.rollback()
    session.execute(sa.delete(Absence))
    session.commit()


@pytest.fixture(scope="module")
def for_the_head(engine: Engine, actor: Callable[[str], Actor]) -> Callable[[str], str]:
    """`for_the_head("用印")` → the id of a review that only the head of the bureau, 高原, may take."""
    engine.deploy(package(TO_THE_HEAD, role="dept_admin"), by=SYSTEM)
    return lambda summary: engine.start(TO_THE_HEAD, {"summary": summary}, by=actor("sun")).tasks[0]


def be_away(sign_in: SignIn, who: str, proxy: str, first: str = "2026-04-09", last: str = "2026-04-10") -> int:
    sent = {"proxy_id": member(proxy).id, "first": first, "last": last, "reason": "去省里开会"}
    return sign_in(who).post("/account/absences", data=sent).status_code


def test_the_proxy_does_what_the_absent_holds(
    sign_in: SignIn, for_the_head: Callable[[str], str], session: Session
) -> None:
    task, liu = for_the_head("盖合同章"), sign_in("liu")
    sign_in("gao").post(f"/tasks/{task}/claim")
    assert liu.post(f"/tasks/{task}/completion", data=AGREED).status_code == 404
    assert be_away(sign_in, "gao", "liu") == 303
    assert "高原外出到 2026-04-10，由您代为办理" in liu.get("/tasks?box=todo").text
    assert "盖合同章" in liu.get("/tasks?box=proxy").text
    assert "代高原办理" in liu.get(f"/tasks/{task}").text
    assert liu.post(f"/tasks/{task}/completion", data=AGREED).status_code == 303
    done = session.get_one(HumanTask, task)
    assert (done.status, done.completed_by_name) == ("done", "刘洋")
    assert "刘洋（代高原办理）" in sign_in("gao").get(f"/instances/{done.instance_id}").text
    again = liu.post(f"/tasks/{task}/completion", data=AGREED)
    assert again.status_code == 409


def test_what_the_proxy_claims_is_held_by_the_absent(
    sign_in: SignIn, for_the_head: Callable[[str], str], session: Session, clock: FixedClock
) -> None:
    task, liu = for_the_head("借用公章"), sign_in("liu")
    assert be_away(sign_in, "gao", "liu") == 303
    assert liu.post(f"/tasks/{task}/claim").status_code == 303
    assert session.get_one(HumanTask, task).assignee_name == "高原"
    assert liu.post(f"/tasks/{task}/claim").status_code == 303, "claiming twice is harmless"
    liu.put(f"/tasks/{task}/draft", data={"opinion": "先写一半"})
    clock.set(START + dt.timedelta(days=2))
    assert "借用公章" not in liu.get("/tasks?box=proxy").text
    assert liu.post(f"/tasks/{task}/completion", data=AGREED).status_code in (403, 404)
    assert sign_in("gao").post(f"/tasks/{task}/completion", data=AGREED).status_code == 303


def test_only_the_proxy_sees_it_and_nothing_else(sign_in: SignIn, for_the_head: Callable[[str], str]) -> None:
    task, other = for_the_head("只给代理人看"), sign_in("deng")
    assert be_away(sign_in, "gao", "liu") == 303
    assert other.get(f"/tasks/{task}").status_code == 404
    assert other.post(f"/tasks/{task}/claim").status_code == 404
    assert "只给代理人看" not in other.get("/tasks?box=proxy").text
    assert (
        sign_in("liu").post(f"/tasks/{task}/delegation", data={"to": member("zhao").id, "reason": "忙"}).status_code
        == 403
    )


def test_who_stands_in_may_not_do_what_the_absent_may_not(
    sign_in: SignIn, engine: Engine, actor: Callable[[str], Actor]
) -> None:
    @engine.task_check("seals.not_the_head")
    def not_the_head(check: TaskCheck) -> dict[str, list[str]]:
        return {"result": ["不能由高原审核"]} if check.actor.id == member("gao").id else {}

    engine.deploy(package("seal_of_another", role="dept_admin", checks="seals.not_the_head"), by=SYSTEM)
    task = engine.start("seal_of_another", {"summary": "回避"}, by=actor("sun")).tasks[0]
    be_away(sign_in, "gao", "liu")
    refused = sign_in("liu").post(f"/tasks/{task}/completion", data=AGREED)
    assert refused.status_code == 422 and "不能由高原审核" in refused.text


def test_what_was_delegated_to_the_absent_goes_back_to_whoever_is_answerable(
    sign_in: SignIn, for_the_head: Callable[[str], str], engine: Engine, actor: Callable[[str], Actor], session: Session
) -> None:
    task = for_the_head("请先核对")
    engine.claim(task, by=actor("gao"))
    engine.delegate(task, member("zhao").id or "", reason="请先核对", by=actor("gao"))
    assert be_away(sign_in, "zhao", "liu") == 303
    assert sign_in("liu").post(f"/tasks/{task}/completion", data=AGREED).status_code == 403
    engine.hand_back(task, "已核对", by=actor("liu"))
    assert session.get_one(HumanTask, task).assignee_name == "高原"


def test_nobody_stands_in_for_who_became_somebody_that_must_act_in_person(
    sign_in: SignIn, for_the_head: Callable[[str], str], session: Session
) -> None:
    task = for_the_head("成为专家之后")
    assert be_away(sign_in, "gao", "liu") == 303
    session.add(Grant(user_id=member("gao").id, role="expert", org_id=member("gao").org_id))
    session.commit()
    try:
        assert sign_in("liu").post(f"/tasks/{task}/completion", data=AGREED).status_code == 404
        assert "成为专家之后" not in sign_in("liu").get("/tasks?box=proxy").text
    finally:
        session.execute(sa.delete(Grant).where(Grant.user_id == member("gao").id, Grant.role == "expert"))
        session.commit()


def test_a_program_does_the_same(sign_in: SignIn, for_the_head: Callable[[str], str]) -> None:
    task, liu = for_the_head("程序代办"), sign_in("liu")
    be_away(sign_in, "gao", "liu")
    listed = liu.get("/api/v1/tasks?box=proxy").get_json()
    assert task in [row["id"] for row in listed]
    assert liu.post(f"/api/v1/tasks/{task}/completion", json={"answers": AGREED}).status_code == 200


def test_coming_back_early_ends_it(sign_in: SignIn, for_the_head: Callable[[str], str], session: Session) -> None:
    task = for_the_head("提前回来")
    be_away(sign_in, "gao", "liu")
    absence = session.scalars(sa.select(Absence)).one()
    assert sign_in("liu").post(f"/account/absences/{absence.id}/ending").status_code == 404
    assert sign_in("gao").post(f"/account/absences/{absence.id}/ending").status_code == 303
    assert sign_in("liu").post(f"/tasks/{task}/claim").status_code in (403, 404)
    assert sign_in("gao").post(f"/account/absences/{absence.id}/ending").status_code == 409
    session.rollback()
    acts = session.scalars(sa.select(audit.AuditRecord.action).where(audit.AuditRecord.object_id == absence.id))
    assert list(acts) == ["absences.named", "absences.ended"]


@pytest.mark.parametrize(
    ("who", "proxy", "first", "last", "status"),
    [
        ("gao", "deng", "2026-04-09", "2026-04-10", 422),  # of another organisation
        ("gao", "gao", "2026-04-09", "2026-04-10", 422),
        ("gao", "liu", "2026-04-08", "2026-04-10", 422),  # begins yesterday
        ("gao", "liu", "2026-04-10", "2026-04-09", 422),
        ("gao", "liu", "2026-04-09", "2027-04-09", 422),
        ("gao", "liu", "不是日期", "", 422),
        ("root", "wang", "2026-04-09", "2026-04-10", 403),  # 三员 act in person
        ("wang", "root", "2026-04-09", "2026-04-10", 422),
        ("qin", "wang", "2026-04-09", "2026-04-10", 403),  # an expert was chosen in person
    ],
)
def test_whoever_cannot_stand_in_is_refused(
    sign_in: SignIn, who: str, proxy: str, first: str, last: str, status: int
) -> None:
    assert be_away(sign_in, who, proxy, first, last) == status


def test_nobody_has_two_proxies_at_once_nor_one_who_is_away(sign_in: SignIn) -> None:
    assert be_away(sign_in, "gao", "liu") == 303
    assert be_away(sign_in, "gao", "zhao", "2026-04-10", "2026-04-12") == 409
    assert be_away(sign_in, "zhao", "gao") == 422
    assert be_away(sign_in, "gao", "zhao", "2026-04-11", "2026-04-12") == 303
