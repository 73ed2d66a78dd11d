"""The audit log: for the audit administrator alone, filtered, and checked as a chain."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from app import audit
from app.audit import AuditRecord
from app.db import write_transaction
from tests.accounts.people import audit_length
from tests.cast import member

SignIn = Callable[[str], FlaskClient]


def act(sign_in: SignIn, title: str = "科长") -> None:
    sign_in("zhao").post("/account/profile", data={"title": title, "phone": "", "email": ""})


def test_every_act_is_there_and_can_be_looked_for(sign_in: SignIn) -> None:
    act(sign_in)
    cha = sign_in("cha")
    assert "users.edited" in cha.get("/admin/audit").text
    found = cha.get(f"/admin/audit?action=users.edited&object={member('zhao').id}").text
    assert "赵明远" in found
    assert "没有符合条件的记录" in cha.get("/admin/audit?actor=没有这个人").text
    assert "没有符合条件的记录" in cha.get("/admin/audit?until=2020-01-01").text
    assert cha.get("/admin/audit?since=yesterday").status_code == 200  # what is no day is no filter


@pytest.mark.parametrize("key", ["root", "shen", "lin", "gao", "zhao"])
def test_nobody_else_reads_or_checks_it(sign_in: SignIn, session: Session, key: str) -> None:
    length = audit_length(session)
    assert sign_in(key).get("/admin/audit").status_code == 403
    assert sign_in(key).post("/admin/audit/checks").status_code == 403
    session.rollback()
    assert audit_length(session) == length


def test_a_check_says_that_the_chain_holds_and_is_itself_recorded(sign_in: SignIn, session: Session) -> None:
    act(sign_in, "主任科员")
    length = audit_length(session)
    page = sign_in("cha").post("/admin/audit/checks")
    assert page.status_code == 200 and "哈希链完整" in page.text
    session.rollback()
    assert audit_length(session) == length + 1


def test_a_record_changed_behind_its_back_is_named(sign_in: SignIn, session: Session) -> None:
    act(sign_in, "副科长")
    newest = session.scalar(sa.select(sa.func.max(AuditRecord.seq)))
    kept = session.get_one(AuditRecord, newest).actor_name
    with write_transaction(session):
        session.execute(sa.update(AuditRecord).where(AuditRecord.seq == newest).values(actor_name="别人"))
    page = sign_in("cha").post("/admin/audit/checks").text
    assert "哈希链断裂" in page and f"第 {newest} 条" in page
    with write_transaction(session):
        session.execute(sa.update(AuditRecord).where(AuditRecord.seq == newest).values(actor_name=kept))
    assert audit.verify(session) is None


def test_a_removed_record_is_missed(sign_in: SignIn, session: Session) -> None:
    for title in ("甲", "乙", "丙"):
        act(sign_in, title)
    newest = session.scalar(sa.select(sa.func.max(AuditRecord.seq))) or 0
    with write_transaction(session):
        session.execute(sa.delete(AuditRecord).where(AuditRecord.seq == newest - 1))
    broken = audit.verify(session)
    assert broken is not None and broken.seq == newest


def test_no_page_and_no_address_changes_a_record(app) -> None:  # type: ignore[no-untyped-def]
    rules = [rule for rule in app.url_map.iter_rules() if "audit" in rule.rule]
    assert {(rule.rule, *sorted(rule.methods - {"HEAD", "OPTIONS"})) for rule in rules} == {
        ("/admin/audit", "GET"),
        ("/admin/audit/checks", "POST"),
    }
