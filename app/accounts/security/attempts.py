"""Signing in: verify, count failures, lock, record. Uses real time, also where the process clock is driven.

An account is locked for 15 minutes after 5 failures within 15 minutes. An address is locked likewise after
failures on 5 different accounts or 20 in all: a whole office may sit behind one address, so one person's
mistakes must not lock out the others, but trying one password on many accounts must not work either.
Unknown names count and lock exactly like known ones, so that nothing tells whether an account exists.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
from dataclasses import dataclass

import sqlalchemy as sa
from flask_security import hash_password, verify_password
from sqlalchemy.orm import Session

from app import audit
from app.accounts.models import FailedSignIn, User
from app.audit import Actor
from app.clock import Clock
from app.db import write_transaction

ACCOUNT_LIMIT = 5
ADDRESS_ACCOUNTS = 5
ADDRESS_LIMIT = 20
LOCKED_FOR = dt.timedelta(minutes=15)
_NOBODY = Actor(id=None, name="（未登录）")


@dataclass(frozen=True)
class Outcome:
    """Exactly one of the three: the person, until when it is locked, or neither (refused)."""

    user: User | None = None
    locked_until: dt.datetime | None = None


class SignIn:
    """One attempt from one address. `secret` keys the digests of account names."""

    def __init__(self, session: Session, address: str, secret: str, clock: Clock) -> None:
        self.session, self.address, self.secret, self.clock = session, address, secret, clock

    def attempt(self, username: str, password: str) -> Outcome:
        """Verify outside the write lock (hashing takes 100 ms), then count and record in one transaction."""
        account = account_key(username, self.secret)
        if until := self.locked_until(account):
            return Outcome(locked_until=until)
        user = find_user(self.session, username)
        right = _verify(user, password)
        with write_transaction(self.session, alone=True):
            # Of many attempts at the same time only the first five are answered.
            if until := self.locked_until(account):
                return Outcome(locked_until=until)
            if user is None or not right:
                return Outcome(locked_until=self._failed(account, user))
            return Outcome(user=self._succeeded(account, user))

    def locked_until(self, account: str) -> dt.datetime | None:
        """Until when the account or the address is locked, or None."""
        since = _now() - LOCKED_FOR
        failures = sa.select(sa.func.count(), sa.func.max(FailedSignIn.at)).where(FailedSignIn.at > since)
        by_account = self.session.execute(failures.where(FailedSignIn.account == account)).one()
        accounts = sa.func.count(sa.distinct(FailedSignIn.account))
        by_address = self.session.execute(
            failures.add_columns(accounts).where(FailedSignIn.address == self.address)
        ).one()
        locks = [by_account[1]] if by_account[0] >= ACCOUNT_LIMIT else []
        if by_address[0] >= ADDRESS_LIMIT or by_address[2] >= ADDRESS_ACCOUNTS:
            locks.append(by_address[1])
        return max(locks) + LOCKED_FOR if locks else None

    def _failed(self, account: str, user: User | None) -> dt.datetime | None:
        now = _now()
        self.session.execute(sa.delete(FailedSignIn).where(FailedSignIn.at < now - LOCKED_FOR))
        self.session.add(FailedSignIn(account=account, address=self.address, at=now))
        self.session.flush()
        self._record(_NOBODY, "users.sign_in_failed", user)
        until = self.locked_until(account)
        if until:
            if user is not None:
                self.session.get_one(User, user.id).locked_until = until
            self._record(_NOBODY, "users.locked", user, until=until.isoformat())
        return until

    def _succeeded(self, account: str, user: User) -> User:
        forget_failures(self.session, account)
        current = self.session.get_one(User, user.id)
        current.locked_until = None
        current.last_login_at, current.current_login_at = current.current_login_at, _now()
        self._record(current.actor(), "users.signed_in", current)
        return current

    def _record(self, actor: Actor, action: str, user: User | None, **detail: str) -> None:
        object_id = user.id if user else None
        audit.record(self.session, self.clock.now(), actor, action, "user", object_id, address=self.address, **detail)


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


def account_key(username: str, secret: str) -> str:
    """The name as a keyed digest: people type passwords into this field by mistake."""
    return hmac.new(secret.encode(), username.strip().lower().encode(), hashlib.sha256).hexdigest()


def find_user(session: Session, username: str) -> User | None:
    """The person of a user name, whatever its case."""
    return session.scalar(sa.select(User).where(sa.func.lower(User.username) == username.strip().lower()))


def _verify(user: User | None, password: str) -> bool:
    """Whether this is the active person's password; takes as long for nobody as for somebody."""
    if user is None or not user.password:
        hash_password(password)
        return False
    return bool(verify_password(password, user.password)) and user.active


def forget_failures(session: Session, account: str) -> None:
    session.execute(sa.delete(FailedSignIn).where(FailedSignIn.account == account))
