"""What the tests of accounts share: reading the audit log and people as they stand."""

from __future__ import annotations

import sqlalchemy as sa
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from app.accounts import User
from app.audit import AuditRecord
from tests.cast import member


def last_acts(session: Session, count: int = 1) -> list[tuple[str, str, str | None]]:
    """(who, what, about whom) of the newest records, newest first."""
    rows = session.scalars(sa.select(AuditRecord).order_by(AuditRecord.seq.desc()).limit(count))
    return [(row.actor_name, row.action, row.object_id) for row in rows]


def audit_length(session: Session) -> int:
    return session.scalar(sa.select(sa.func.count()).select_from(AuditRecord)) or 0


def user(session: Session, key: str) -> User:
    """The person as stored now."""
    session.expire_all()
    return session.get_one(User, member(key).id)


def signed_in(browser: FlaskClient) -> bool:
    return browser.get("/account").status_code == 200
